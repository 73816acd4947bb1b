"""Which names stand for a secret, and which values under such a name give nothing away."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise


def words(text: str) -> frozenset[str]:
    """The words of a text, each once."""
    return frozenset(text.split())


# secret whatever stands before them
LOUD = words(
    "secret secrets password passwords passwd passphrase passphrases passcode pwd pswd passwort kennwort senha"
    " contrasena credential credentials creds cred webhook webhooks dsn cookie cookies jwt psk mnemonic authorization"
    " pwhash mdp wachtwoord haslo parola"
)
LOUD_ENDS = (  # of words that people write as one: clientsecret, pgpassword
    "password", "passwords", "passwd", "passphrase", "passcode", "pwd", "secret", "secrets", "credential",
    "credentials", "apikey", "apikeys", "secretkey", "accesskey", "accesskeys", "privatekey", "authkey", "apitoken",
    "apitokens", "authtoken", "accesstoken", "accesstokens", "refreshtoken", "sessiontoken", "bearertoken", "webhook",
    "webhookurl", "privkey", "sessionid", "sessid",
)  # fmt: skip
FOREIGN_WORDS = (
    "密码", "密碼", "密钥", "口令", "令牌", "пароль", "ключ доступа", "contraseña", "パスワード", "비밀번호",
    "mot de passe", "hasło",
)  # fmt: skip
SERVICES = words(
    "wandb hf huggingface hub openai anthropic claude gemini google gcp gcs aws amazon s3 azure cohere mistral together"
    " togetherai groq fireworks replicate perplexity deepseek qwen dashscope zhipu moonshot minimax siliconflow nvidia"
    " ngc runpod lambda modal vast vastai anyscale databricks deepinfra openrouter xai cerebras sambanova voyage jina"
    " pinecone qdrant weaviate supabase langsmith langchain langfuse comet neptune clearml swanlab trackio mlflow"
    " kaggle github gh gitlab bitbucket docker dockerhub npm pypi slack discord telegram teams twilio sendgrid mailgun"
    " mailchimp stripe paypal sentry datadog dd newrelic grafana posthog segment mixpanel algolia elastic redis mongo"
    " mongodb postgres postgresql pg mysql db database smtp imap mail ldap ftp sftp tavily serper serpapi exa firecrawl"
    " brave bing e2b browserbase labelbox argilla roboflow elevenlabs assemblyai deepgram firebase heroku vercel"
    " netlify cloudflare digitalocean linode hetzner alibaba aliyun tencent baidu huawei volcengine modelscope vllm"
    " litellm jupyter notebook ray rabbitmq kafka minio vault consul nomad atlassian jira notion linear airtable figma"
)
KEEPERS = SERVICES | words(  # before "key": whose key it is
    "api app access secret auth private account admin master root client consumer customer deploy deployment encryption"
    " encrypt decryption signing sign signature session service shared server ssh ssl tls rsa dsa ecdsa ed25519 pgp gpg"
    " license licence storage subscription webhook integration kms hmac aes fernet jwt cookie unseal recovery bot"
    " bearer"
    " refresh security provider gateway proxy ingest telemetry identity registry robot ci cd oauth backup application"
    " csrf xsrf"
)
PASS = SERVICES | words(  # before "pass"
    "user admin root http https proxy registry ssh sudo become ansible my wifi email login basic auth"
)
ONE_WORD = PASS | words("key store trust user root admin su sa")  # before "pass" or "pw" written as one word with it
HARMLESS_TOKEN = words(  # before "token": what a tokenizer and a language model call theirs
    "eos bos pad sep unk cls mask special image video audio think thinking start end stop box tool begin eot eom eod"
    " eor eoa sos im fim prefix suffix middle vision object assistant system response prompt answer first last next"
    " prev previous per max min num n avg mean total loss reward value advantage logit position text newline space"
    " blank placeholder dummy added extra reasoning decoder language lang speaker char word sub new unknown control"
    " query trigger delimiter separator action observation turn null empty filler pause memory register soft virtual"
    " padding pre post ref score judge verifier final output input target source label gold chosen rejected sampled"
    " generated unexpected invalid mono bi tri uni multi single byte by each every"
)
HARMLESS_KEY = words(  # before "key": what a table, a data set and a sort call theirs
    "prompt reward label input output answer response text question solution target metric best sort sorted group"
    " primary foreign public partition cache dict map hash lookup index row column field data dataset sample image"
    " video audio chat message messages content completion chosen rejected score value query attention kv step epoch"
    " batch item id name config state model param parameter module layer weight weights optimizer rank node task split"
    " dedup join merge group order feature hot short turn tool mon don jo hockey tur any each every missing unknown"
    " unexpected new old same first last main default custom extra other duplicate monitor"
)
TAILS = words(  # behind a name, and nothing of its own: password_value, API_KEY_2
    "value b64 base64 encoded plain plaintext string str hex raw data pem content contents hash hashed new old current"
    " base prod production dev test staging stage primary secondary live main backup default md5"
)
SPOKEN = (  # one of these stands in every name that is secret, in lower case
    "key", "token", "secret", "passw", "passphrase", "passcode", "pwd", "pswd", "pass", "credential", "cred", "webhook",
    "dsn", "cookie", "jwt", "psk", "mnemonic", "auth", "pat", "kennwort", "senha", "contrase", "sign", "pw", "sess",
    "mdp", "wachtwoord", "haslo", "parola", *FOREIGN_WORDS,
)  # fmt: skip

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
PLACEHOLDER = re.compile(
    r"(?i)(?:none|null|nil|undefined|true|false|yes|no|on|off|~|n/?a|nan|\.{2,}|…|[*•#x\-_?]+|(?:not[ _-]?)?set|unset"
    r"|missing|empty|disabled|enabled|required|optional|default|auto|env|prompt|stdin|hidden|masked"
    r"|<?\[?(?:redacted|removed|hidden|masked|secret|filtered)\]?>?|\[removed\]?|<[^<>]{1,60}>|\(.{0,40}\)"
    r"|(?:<|\[|\{)?(?:your|my|insert|enter|add|paste|put)[ _-].{0,60}|[a-z0-9]{1,20}[ _-](?:goes[ _-])?here"
    r"|dummy|fake|change[ _-]?me|inherit|sk-(?:x{2,40}|\.{2,}|…)|token-abc123|\w{1,40}=(?:\.{3}|…)"
    r"|(?:str|string|bytes|int|float|bool|secretstr|any|optional\[\w+\]|typing\.\w+)(?: ?\| ?none)?"
    r"(?: ?= ?(?:none|\"\"|''))?"
    r")?[,;.]?"
)
REFERENCE = re.compile(  # where a secret is kept, not the secret
    r"\$\{[^{}]{0,200}\}|\$\(?[A-Za-z_]\w{0,100}\)?|%\(?[A-Za-z_]\w{0,100}\)?[%s]|\{\{.{0,200}\}\}|\$\(.{0,200}\)"
    r"|(?:os\.)?(?:environ|getenv|env)\b.{0,100}|process\.env\.\w{1,100}|(?:env|file|ssm|vault|op|arn|gcp|sm|awssm"
    r"|kv):.{1,300}"
    r"|projects/[\w-]{1,60}/secrets/.{1,100}|@Microsoft\.KeyVault.{0,200}|secret(?:_?key)?_?ref\b.{0,100}"
    r"|!\w{1,40}.{0,100}"
)
DEFAULTED = re.compile(
    r"\$\{\w{1,100}:?[-=?+](?P<own>[^{}]{1,200})\}|\$\{oc\.env:\w{1,100},\s{0,4}(?P<other>[^{}]{1,200})\}"
)
VARIABLE = re.compile(r"[A-Z][A-Z0-9]{0,40}(?:_[A-Z0-9]{1,40}){1,8}")
PATH = re.compile(
    r"(?:~|\.{1,2}|[A-Za-z]:)?[/\\][\w .@()-]{1,100}(?:[/\\][\w .@()-]{1,100}){0,20}[/\\]?|[\w.-]{1,60}(?:/"
    r"[\w.-]{1,60}){0,8}\.(?:pem|key|json|ya?ml|txt|env|toml|ini|cfg|crt|pub|jsonl?|p12|pfx|jks)"
)
SPECIAL_TOKEN = re.compile(
    r"<[^<>\s]{1,40}>|</?s>|\[[A-Z_0-9]{1,20}\]|[^A-Za-z0-9]{1,12}|[A-Z][a-z]{1,20}:|\\n(?:\\n)*|#{1,6}.{0,40}"
)
NUMBER = re.compile(r"[-+]?\d{1,9}(?:\.\d{0,12})?(?:[eE][-+]?\d{1,3})?")
_RUN = re.compile(r"[A-Za-z0-9+/=]+")


@lru_cache(maxsize=1 << 14)
def is_secret(name: str) -> bool:
    """Whether what stands under a name is secret, whatever it looks like."""
    return _judged(name) is True


@lru_cache(maxsize=1 << 14)
def is_doubtful(name: str) -> bool:
    """Whether what stands under a name is secret when it looks like one."""
    return _judged(name) is None


def is_number_of(name: str) -> bool:
    """Whether a number under a name is secret: it may be under a password, not under a token."""
    words = [word for word in words_of(name) if not word.isdigit() and word not in TAILS]
    return bool(words) and (words[-1] in LOUD or words[-1].endswith(("password", "passwd", "passcode", "pwd")))


def words_of(name: str) -> list[str]:
    """The words of a name, in lower case: of "apiKey_2" api, key and 2."""
    return [word.lower() for word in WORD.findall(name)]


def is_harmless(name: str, value: str) -> bool:
    """Whether a value under a secret's name gives nothing away: empty, a placeholder, a reference, a path."""
    value = value.strip().strip("\"'`").strip()
    if len(value) > 400:
        return False
    if defaulted := DEFAULTED.fullmatch(value):
        return is_harmless(name, defaulted["own"] or defaulted["other"] or "")
    if PLACEHOLDER.fullmatch(value) or REFERENCE.fullmatch(value):
        return True
    if NUMBER.fullmatch(value):
        return not (is_number_of(name) and sum(map(str.isdigit, value)) >= 4)
    if VARIABLE.fullmatch(value) and not any(map(str.isdigit, value)):
        return True
    if PATH.fullmatch(value) and not any(looks_random(part, least=16) for part in re.split(r"[/\\.]", value)):
        return True
    last = words_of(name)[-1:]
    return last == ["token"] and SPECIAL_TOKEN.fullmatch(value) is not None


def looks_random(value: str, *, least: int = 8) -> bool:
    """Whether a text looks made by chance: letters and digits in no order, or every kind of character."""
    for run in _RUN.findall(value):
        if len(run) < least:
            continue
        kinds = [0 if char.isdigit() else 1 if char.isupper() else 2 for char in run if char.isalnum()]
        changes = sum(before != after for before, after in pairwise(kinds))
        if len({*kinds} - {1, 2}) and len({*kinds} & {1, 2}) and changes >= max(3, len(kinds) // 6):
            return True
        if len(run) >= 20 and len({*kinds}) == 3 and changes >= 5:
            return True
        if len(run) >= 24 and len({*kinds}) == 2 and changes >= 8 and len(set(run)) >= 10:
            return True
    return False


def looks_secret(value: str) -> bool:
    """Whether a short text may be a password: letters with digits in them, or with signs."""
    if not 6 <= len(value) <= 400 or any(char.isspace() for char in value):
        return False
    if looks_random(value):
        return True
    return any(char in "!$%^&*#@?" for char in value) and any(map(str.isalpha, value)) and value[:1] != "@"


def looks_coined(value: str) -> bool:
    """Whether a word holds digits between letters, or letters between digits, and nothing else."""
    kinds = "".join("0" if char.isdigit() else "a" for char in value)
    return len(value) >= 8 and value.isalnum() and ("a0a" in _once(kinds) or "0a0" in _once(kinds))


def _once(kinds: str) -> str:
    """Each run of one letter as that letter."""
    return re.sub(r"(.)\1+", r"\1", kinds)


def looks_mixed(value: str) -> bool:
    """Whether a word holds letters and digits, or letters and signs."""
    signs = any(not char.isalnum() and char not in "_-./:" for char in value)
    return len(value) >= 8 and any(map(str.isalpha, value)) and (signs or any(map(str.isdigit, value)))


def _judged(name: str) -> bool | None:
    """True: a secret's name. None: it may be. False: it is none."""
    lower = name.lower()
    if not any(word in lower for word in SPOKEN):
        return False
    if any(word in lower for word in FOREIGN_WORDS):
        return True
    parts = [part for part in re.split(r"[./\[\]:]", name) if part and not part.isdigit()]
    found: bool | None = False
    before: list[str] = []
    for number, part in enumerate(parts, start=1):
        words = words_of(part)
        judged = _part(words, before)
        if judged is True or (judged is None and number == len(parts)):
            found = judged
        if found is True and judged is True:
            return True
        before = words or before
    return found


def _part(words: list[str], before: list[str]) -> bool | None:
    """The same of one part of a dotted name; `before`: the words of the part before it."""
    words = [word for word in words if not word.isdigit()]
    stripped = list(words)
    while len(stripped) > 1 and stripped[-1] in TAILS:
        stripped.pop()
    judged = _last(stripped, before)
    if judged is False and any(_last(words[:n], before) is True for n in range(1, len(words))):
        return None  # secret_key_base, password_salt: the value tells
    return judged


def _last(words: list[str], before: list[str]) -> bool | None:
    if not words:
        return False
    last, behind = words[-1], words[-2] if len(words) > 1 else (before[-1] if before else "")
    if last in LOUD or last.endswith(LOUD_ENDS):
        return True
    for stem in ("key", "token"):
        many = f"{stem}s"
        if last in (stem, many):
            return _of_stem(stem, many == last, words, behind, alone=len(words) == 1)
        if last.endswith((stem, many)) and _keeps(last.removesuffix("s").removesuffix(stem)):
            return True
    if last.removesuffix("pass").removesuffix("pw") in ONE_WORD and last.endswith(("pass", "pw")):
        return True
    if last == "pw" or (last == "pass" and behind in PASS) or (last == "pat" and behind in SERVICES):
        return True
    if last in ("pat", "pass") or last in ("auth", "signature", "sign", "sig", "sas", "otp", "authenticity"):
        return None
    return False


def _keeps(owner: str) -> bool:
    """Whether a word before "key" or "token" says whose it is: wandb, serviceaccount."""
    return owner in KEEPERS or any(owner.endswith(word) for word in KEEPERS if len(word) > 5)


def _of_stem(stem: str, many: bool, words: list[str], behind: str, *, alone: bool) -> bool | None:
    if many:  # tokens are counted more often than they are kept secret
        return behind in ("api", "access", "secret", "auth", "private", "hf", "refresh", "bearer")
    if stem == "token":
        if behind in HARMLESS_TOKEN and not alone:
            return None if len(words) < 2 else False if behind not in ("user", "system") else None
        return True
    if behind in KEEPERS:
        return True
    if not alone and behind in HARMLESS_KEY:
        return False
    return None
