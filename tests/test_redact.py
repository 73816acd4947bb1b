"""What is secret goes; what is not stays readable. Every secret here is made up."""

from __future__ import annotations

import pytest

from reportgen import redact
from reportgen.redact import REMOVED

HEX = "0123456789abcdef0123456789abcdef01234567"
SECRET_TEXTS = {
    "env": ("WANDB_API_KEY=hunter2hunter2", "hunter2"),
    "env in list": ("A=1,HF_TOKEN=abcdefgh,LR=2", "abcdefgh"),
    "exported": ("export OPENAI_API_KEY='a b c'", "a b c"),
    "camel case": ("accessToken=abcdefgh", "abcdefgh"),
    "numbered": ("API_KEY_2=abcdefgh", "abcdefgh"),
    "option": ("train.py --x-token=abcdefgh --lr 1", "abcdefgh"),
    "option apart": ("train.py --api-key abcdefgh --lr 1", "abcdefgh"),
    "header": ("curl -H 'Authorization: Bearer abcdefgh' host", "abcdefgh"),
    "basic": ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    "bearer": ("sent Bearer abcdefgh12345678", "abcdefgh12345678"),
    "url login": ("git clone https://bob:hunter2@host.org/r.git", "hunter2"),
    "url user": ("git clone https://bob@host.org/r.git", "bob"),
    "url token": ("GET https://host.org/x?token=abcdefgh&page=2", "abcdefgh"),
    "printed": ("WandB API key: 0123456789...", "0123456789"),
    "json": ('{"token": "abcdefgh"}', "abcdefgh"),
    "json in json": (r"{\"api_key\": \"abcdefgh\"}", "abcdefgh"),
    "yaml": ("wandb_api_key: abcdefgh", "abcdefgh"),
    "password": ("password: hunter2", "hunter2"),
    "quoted quote": (r"DB_PASSWORD='it\'s hidden'", "hidden"),
    "dsn": ("SENTRY_DSN=https://abc@sentry.io/1", "sentry.io"),
    "wandb": (f"wandb login {HEX}", HEX),
    "wandb local": (f"wandb login local-{HEX}", HEX),
    "wandb new": ("wandb login wandb_v1_" + "Ab1" * 26, "Ab1Ab1"),
    "hugging face": ("login hf_" + "Ab1" * 11, "Ab1Ab1"),
    "openai": ("use sk-proj-abcd1234efgh5678", "abcd1234"),
    "anthropic": ("use sk-ant-api03-abcd1234efgh", "abcd1234"),
    "github": ("ghp_" + "a1B2" * 9, "a1B2a1B2"),
    "github app": ("gho_" + "a1B2" * 9, "a1B2a1B2"),
    "github fine": ("github_pat_" + "a1B2" * 9, "a1B2a1B2"),
    "aws": ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN"),
    "slack": ("xoxb-123456-abcdef", "abcdef"),
    "slack hook": ("post https://hooks.slack.com/services/T0/B0/xyz", "xyz"),
    "gitlab": ("glpat-abcdefghij1234567890", "abcdefghij"),
    "google": ("AIza" + "b" * 35, "bbbb"),
    "jwt": ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdef", "eyJzdWIi"),
    "pem": ("-----BEGIN RSA PRIVATE KEY-----\nabcd\n-----END RSA PRIVATE KEY-----", "abcd"),
    "torn pem": ("-----BEGIN PRIVATE KEY-----\nabcd", "abcd"),
}
PLAIN_TEXTS = (
    "tokenizer_path: /models/qwen", "max_new_tokens=512", "n_tokens: 5", "key_metric: reward", "num_tokens=12",
    f"commit {HEX}", f"revision={HEX}", f"pip install git+https://host.org/a/b@{HEX}#egg=b", "sha256:" + "ab" * 32,
    f"~/.cache/hub/models--x/snapshots/{HEX}/config.json", "uuid 123e4567-e89b-12d3-a456-426614174000",
    "/home/me/monkey=banana", "Missing key: actor.lr", "hotkey pressed", "turkey=1", "sorted(xs, key=len)",
    "eos_token: '</s>'", "pad_token='<|endoftext|>'", "api_key: None", "token=''", "key: 3", "token budget exceeded",
    "https://wandb.ai/a/b/runs/c", "http://localhost:8000/v1", "git@github.com:org/repo.git", "--max-tokens 5",
    "hf_transformers_cache", "sk-learn", "API key in your browser: https://wandb.ai/authorize", "--key-metric reward",
)  # fmt: skip
SECRET_KEYS = (
    "api_key", "wandb.key", "stats_logger.wandb.wandb_api_key", "hf_token", "client-secret", "DB_PASSWORD", "passwd",
    "aws.credentials", "aws.credentials.user", "slack_webhook", "sentry_dsn", "apiKey", "apikey", "API_KEY_2",
)  # fmt: skip
PLAIN_KEYS = (
    "key_metric", "tokenizer_path", "max_new_tokens", "n_tokens", "keyboard", "monkey", "tokens", "secretary", "path",
)  # fmt: skip


@pytest.mark.parametrize("name", SECRET_TEXTS)
def test_secrets_leave_a_text(name):
    """No trace of the secret stays, the count says so, and nothing is taken out twice."""
    given, secret = SECRET_TEXTS[name]
    safe, count = redact.text(given)
    assert secret not in safe
    assert REMOVED in safe
    assert count >= 1
    assert redact.text(safe) == (safe, 0)


@pytest.mark.parametrize("given", PLAIN_TEXTS)
def test_what_is_not_secret_stays(given):
    """Readable texts pass unchanged."""
    assert redact.text(given) == (given, 0)


def test_the_rest_of_a_line_stays():
    """Only the value goes."""
    assert redact.text("run --api-key=abcd --lr 1e-5")[0] == f"run --api-key={REMOVED} --lr 1e-5"


@pytest.mark.parametrize("key", SECRET_KEYS)
def test_values_under_secret_keys_go(key):
    """Whatever the value looks like, it goes."""
    assert redact.mapping({key: "plain"}) == ({key: REMOVED}, [key])


@pytest.mark.parametrize("key", PLAIN_KEYS)
def test_values_under_other_keys_stay(key):
    """A word inside another, and the plural, are no secret's name."""
    assert redact.mapping({key: "plain"}) == ({key: "plain"}, [])


@pytest.mark.parametrize("value", [None, "", True, 5, 1.5])
def test_harmless_values_stay_under_secret_keys(value):
    """Nothing, a flag or a number gives nothing away."""
    assert redact.mapping({"api_key": value}) == ({"api_key": value}, [])


def test_a_tokenizers_marks_stay():
    """A special token is no secret, a word under the same key would be."""
    assert redact.mapping({"eos_token": "<|im_end|>"})[1] == []
    assert redact.mapping({"eos_token": "hunter2"})[1] == ["eos_token"]


def test_lists_and_nested_mappings_are_looked_into():
    """Env vars in a scheduling spec, and the word after an option, are found."""
    given = {"specs": [{"env_vars": {"HF_TOKEN": "abcd", "LR": "1"}}], "argv": ["--api-key", "abcd", "--lr", "1"]}
    safe, removed = redact.mapping(given)
    assert safe["specs"] == [{"env_vars": {"HF_TOKEN": REMOVED, "LR": "1"}}]
    assert safe["argv"] == ["--api-key", REMOVED, "--lr", "1"]
    assert removed == ["specs", "argv"]


def test_every_value_of_a_list_counts():
    """The page says how many values were taken out."""
    assert redact.mapping({"tokens_file": "a", "api_token": ["a", "b"]})[1] == ["api_token", "api_token"]


def test_forty_digits_stay_under_a_commit():
    """A hash's key keeps it; any other doesn't."""
    safe, removed = redact.mapping({"git.commit": HEX, "version_info.commit_id": HEX, "note": HEX})
    assert safe == {"git.commit": HEX, "version_info.commit_id": HEX, "note": REMOVED}
    assert removed == ["note"]


@pytest.mark.parametrize("word", ["key=", "://a@", "sk-", "eyJ", "-----BEGIN PRIVATE KEY-----", '\\"', "a.a-", HEX])
def test_hostile_repetition_ends(word):
    """No pattern takes more than linear time (a test that hangs fails)."""
    redact.text(word * 20_000)
