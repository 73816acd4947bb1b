"""Secrets leave every text, key and list; what only looks like one stays."""

import json
from pathlib import Path

import pytest

from reportgen import compose, diagnose, from_rows, page, redact, to_json, to_markdown
from reportgen.render import to_csv, to_text
from tests import secrets_list as listed
from tests.secrets_list import HASH, KEYS, PLACES, PLAIN_TEXTS, PLAIN_VALUES, SHAPES
from tests.secrets_more import MORE, MORE_TEXTS, MORE_VALUES

REMOVED = redact.REMOVED
TEXTS = (*listed.BY_SHAPE, *PLACES, *MORE)


def test_the_list_is_long():
    """As long as docs/security.md says."""
    said = (Path(__file__).parents[1] / "docs" / "security.md").read_text()
    assert f"{len(SHAPES) + len(PLACES) + len(MORE) + len(KEYS)} kinds of secrets" in said
    assert f"{len(PLAIN_VALUES) + len(PLAIN_TEXTS) + len(MORE_VALUES) + len(MORE_TEXTS)} look-alikes" in said


@pytest.mark.parametrize("kind", TEXTS, ids=lambda kind: kind.name)
def test_a_secret_leaves_a_text(kind):
    """No trace of it stays, the count says so, and nothing is taken out twice."""
    safe, count = redact.text(kind.text)
    assert kind.secret not in safe
    assert REMOVED in safe
    assert count >= 1
    assert redact.text(safe) == (safe, 0)


@pytest.mark.parametrize("kind", TEXTS, ids=lambda kind: kind.name)
def test_a_secret_leaves_a_config(kind):
    """As a value, in a list, in a mapping in a list, and as a key."""
    given = {"note": kind.text, "tags": ["a", kind.text], "specs": [{"cmd": kind.text}], kind.text: 1}
    safe, removed = redact.mapping(given)
    assert kind.secret not in repr(safe) + repr(removed)
    assert len(removed) >= 4


@pytest.mark.parametrize("key", KEYS)
def test_values_under_a_secrets_key_go(key):
    """Whatever the value looks like, at any depth."""
    assert redact.mapping({key: "plain"}) == ({key: REMOVED}, [key])
    assert redact.mapping({"a": [{key: "plain"}]})[0] == {"a": [{key: REMOVED}]}


@pytest.mark.parametrize(("key", "value"), (*PLAIN_VALUES, *MORE_VALUES))
def test_a_look_alike_in_a_config_stays(key, value):
    """What a table, a tokenizer, a trainer call their keys and tokens."""
    assert redact.mapping({key: value}) == ({key: value}, [])


@pytest.mark.parametrize("text", (*PLAIN_TEXTS, *MORE_TEXTS))
def test_a_look_alike_in_a_text_stays(text):
    """Readable texts pass unchanged."""
    assert redact.text(text) == (text, 0)


@pytest.fixture(scope="module")
def oracle():
    """A well-kept detector of secrets, without its guesses by entropy and by word."""
    from detect_secrets.core.scan import scan_line
    from detect_secrets.settings import transient_settings

    guesses = {"Base64HighEntropyString", "HexHighEntropyString", "KeywordDetector", "IPPublicDetector"}
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

    plugins = [{"name": one.__name__} for one in get_mapping_from_secret_type_to_class().values()]
    with transient_settings({"plugins_used": [one for one in plugins if one["name"] not in guesses]}):
        yield lambda text: {found.secret_value for line in text.split("\n") for found in scan_line(line)}


def test_a_detector_finds_nothing_afterwards(oracle):
    """It finds dozens of these secrets before, and none after."""
    before = sum(bool(oracle(kind.text)) for kind in TEXTS)
    assert before > 30
    after = {kind.name: found for kind in TEXTS if (found := oracle(redact.text(kind.text)[0]))}
    assert {name: found - {REMOVED} for name, found in after.items() if found - {REMOVED}} == {}


@pytest.fixture(scope="module")
def report():
    """A report of a run that has every secret in every place."""
    rows = [
        {"step": step, "reward": 0.3 + step / 100, **{f"m/{name}/{token}": step for name, token in SHAPES.items()}}
        for step in range(1, 21)
    ]
    texts = [kind.text for kind in TEXTS]
    run = from_rows(
        rows, id="a", name=f"run {SHAPES['openai']}", source=f"log /a/{SHAPES['npm']}/t.log",
        config={f"c{n}": text for n, text in enumerate(texts)} | {"args": texts} | dict.fromkeys(texts, 1),
        summary={"notes": texts}, console_tail="\n".join(texts), notes=texts,
        provenance={"tags": texts, "notes": texts[5], "command": texts[-5], "group": SHAPES["groq"]},
    )  # fmt: skip
    return compose([diagnose(run)], [(f"x/{SHAPES['stripe']}", "no such file")])


@pytest.mark.parametrize("render", [page, to_json, to_markdown, to_text])
def test_no_secret_reaches_an_output(report, render):
    """Page, JSON, Markdown and terminal hold none of the secrets, plain or as JSON writes them."""
    text = render(report)
    assert [kind.name for kind in TEXTS if kind.secret in text or json.dumps(kind.secret)[1:-1] in text] == []


def test_no_secret_reaches_a_csv(report):
    """Nor the names of its columns."""
    text = "".join(to_csv(report.diagnoses[0].run).values())
    assert [name for name, token in SHAPES.items() if token in text] == []


def test_the_rest_of_a_line_stays():
    """Only the value goes."""
    assert redact.text("run --api-key=abcd --lr 1e-5")[0] == f"run --api-key={REMOVED} --lr 1e-5"
    assert redact.text("A_KEY=x HF_TOKEN=abcd LR=1")[0] == f"A_KEY=x HF_TOKEN={REMOVED} LR=1"
    assert redact.text("https://u:pw@host/x")[0] == f"https://{REMOVED}@host/x"


@pytest.mark.parametrize("value", [None, "", True, 5, 1.5])
def test_harmless_values_stay_under_secret_keys(value):
    """Nothing, a flag or a small number gives nothing away."""
    assert redact.mapping({"api_key": value}) == ({"api_key": value}, [])


def test_a_password_of_digits_goes():
    """A number is a password too, as text or as number."""
    assert redact.mapping({"db_password": 12345678})[0] == {"db_password": REMOVED}
    assert redact.text("password=12345678")[0] == f"password={REMOVED}"


def test_the_word_after_an_option_goes():
    """In a list of arguments, also behind a short option of a tool that takes a password there."""
    assert redact.mapping({"argv": ["--api-key", "abcd", "--lr"]})[0] == {"argv": ["--api-key", REMOVED, "--lr"]}
    assert redact.mapping({"a": ["sshpass", "-p", "abcd", "ssh"]})[0] == {"a": ["sshpass", "-p", REMOVED, "ssh"]}
    assert redact.mapping({"a": ["curl", "-u", "ada:abcd"]})[0] == {"a": ["curl", "-u", REMOVED]}


def test_a_key_over_several_items_goes():
    """A PEM key as a list of lines."""
    pem = next(kind for kind in PLACES if kind.name == "a PEM key")
    safe, removed = redact.mapping({"lines": pem.text.split("\n")})
    assert pem.secret not in repr(safe)
    assert removed == ["lines"]


def test_every_value_counts():
    """The page says how many values were taken out."""
    assert redact.mapping({"tokens_file": "a", "api_token": ["a1", "b2"]})[1] == ["api_token", "api_token"]


def test_forty_digits_stay_under_a_commit():
    """A hash's key keeps it; any other doesn't."""
    safe, removed = redact.mapping({"git.commit": HASH, "version_info.commit_id": HASH, "note": HASH})
    assert safe == {"git.commit": HASH, "version_info.commit_id": HASH, "note": REMOVED}
    assert removed == ["note"]


@pytest.mark.parametrize("name", ["pad_token", "stop_token", "user_token"])
def test_a_random_value_goes_under_a_harmless_name(name):
    """A key that somebody put under the wrong name."""
    token = SHAPES["hugging face"]
    assert redact.mapping({name: token})[0] == {name: REMOVED}


HOSTILE = (
    "password: " + " " * 60_000, "oracle:thin:",
    "key=", "://a@", "sk-", "eyJ", "-----BEGIN PRIVATE KEY-----", '\\"', "a.a-", HASH, "api_key: ", "password='",
    'token=\\"', "-----END X PRIVATE KEY-----", "://a:b/", "?key=a&", "cookie: a=", "bearer ", "basic ", "curl -u",
    "<password>", "value=", "api_key:\n  - ", "name: key\n value: ", "%3a%2f%2f", "login a password ", "mysql -",
    "wandb login --", "key is ", "hook/", "Private-Lines: 1\n", "a1B2c3D4/", "'", '("', "authorization: x ",
    "mnemonic: abandon ", "a:22:b:c:", "$6$a", '{"a":', "\n ",
    "curl -b ", "curl -su", "echo a|", "echo ab ", "kind: Secret\ndata:\n a: b\n", "<key>a</key><string>",
    "<a key=", "cookies={", "Client('", "config http-basic.a b ", "create secret --from-literal=a=", "password....",
    "h\tTRUE\t/\tTRUE\t1\ta\t", '"kty" "d":"', "\\u0070", "a0Bc1D", "password │ ", '"""', "password='a' 'b' ",
    "6768",
)  # fmt: skip


@pytest.mark.parametrize("word", HOSTILE)
def test_hostile_repetition_ends(word):
    """No pattern takes more than linear time (a test that hangs fails)."""
    redact.text(word * max(1, 60_000 // len(word)))
