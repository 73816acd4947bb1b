# ruff: noqa: E501 (a kind a line)
"""Kinds of secrets and of harmless look-alikes; every secret is fake, and put together only when tests run."""

from __future__ import annotations

import base64
import json
import random
import string
from typing import NamedTuple

HEX, LOW, ALNUM = "0123456789abcdef", string.ascii_lowercase + string.digits, string.ascii_letters + string.digits
URLSAFE, UPPER, B64 = ALNUM + "-_", string.ascii_uppercase + string.digits, ALNUM + "+/"


class Kind(NamedTuple):
    """A text with a secret in it."""

    name: str
    text: str
    secret: str  # what must not be there afterwards


def made(n: int, letters: str, seed: str) -> str:
    """So many letters by chance, the same each time; the first two are a letter and a digit."""
    chance = random.Random(seed)
    start = next(char for char in letters if char.isalpha()) + next(char for char in letters if char.isdigit())
    return (start + "".join(chance.choice(letters) for _ in range(n)))[:n]


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


_H40, _WORD = made(40, HEX, "wandb"), "Tr0ub4dor" + "&3x"
_AWS = made(36, ALNUM, "aws") + "/b+Q"
_SHAPES = {  # token of a service -> (what it begins with, in pieces), letters behind it
    "hugging face": ("h", "f_", 34, ALNUM), "hugging face organisation": ("api", "_org_", 34, ALNUM),
    "openai": ("s", "k-", 48, ALNUM), "openai project": ("sk", "-proj-", 74, URLSAFE),
    "openai service account": ("sk", "-svcacct-", 60, URLSAFE), "anthropic": ("sk", "-ant-api03-", 93, URLSAFE),
    "openrouter": ("sk", "-or-v1-", 64, HEX), "deepseek": ("s", "k-", 32, HEX), "langfuse secret": ("sk", "-lf-", 36, HEX),
    "github personal": ("gh", "p_", 36, ALNUM), "github oauth": ("gh", "o_", 36, ALNUM), "github app": ("gh", "s_", 36, ALNUM),
    "github refresh": ("gh", "r_", 76, ALNUM), "github fine-grained": ("github", "_pat_", 82, ALNUM + "_"),
    "gitlab": ("gl", "pat-", 20, URLSAFE), "gitlab deploy": ("gl", "dt-", 20, URLSAFE), "gitlab runner": ("gl", "rt-", 20, URLSAFE),
    "gitlab ci": ("glcbt", "-64_", 20, URLSAFE), "gitlab trigger": ("gl", "ptt-", 40, HEX), "gitlab old runner": ("GR13", "48941", 20, URLSAFE),
    "aws key id": ("AK", "IA", 16, UPPER), "aws temporary id": ("AS", "IA", 16, UPPER), "aws bedrock": ("AB", "SK", 120, B64),
    "google api": ("AI", "za", 35, URLSAFE), "google oauth secret": ("GOC", "SPX-", 28, URLSAFE), "google oauth token": ("ya", "29.", 60, URLSAFE),
    "google refresh": ("1/", "/0", 40, URLSAFE), "slack bot": ("xo", "xb-", 40, LOW), "slack user": ("xo", "xp-", 60, LOW),
    "slack app": ("xa", "pp-1-", 50, UPPER), "stripe": ("sk_", "live_", 24, ALNUM), "stripe restricted": ("rk_", "live_", 24, ALNUM),
    "stripe webhook": ("wh", "sec_", 32, ALNUM), "npm": ("np", "m_", 36, ALNUM), "pypi": ("py", "pi-AgEIcHlwaS5vcmc", 80, URLSAFE),
    "docker hub": ("dckr", "_pat_", 27, URLSAFE), "digitalocean": ("dop", "_v1_", 64, HEX), "databricks": ("da", "pi", 32, HEX),
    "replicate": ("r", "8_", 37, ALNUM), "nvidia": ("nv", "api-", 64, URLSAFE), "groq": ("gs", "k_", 52, ALNUM),
    "together": ("tgp", "_v1_", 43, URLSAFE), "runpod": ("rp", "a_", 42, ALNUM), "perplexity": ("ppl", "x-", 48, ALNUM),
    "fireworks": ("f", "w_", 24, ALNUM), "anyscale": ("es", "ecret_", 26, LOW), "xai": ("xa", "i-", 80, ALNUM),
    "cerebras": ("cs", "k-", 48, LOW), "modal": ("a", "k-", 22, ALNUM), "modal secret": ("a", "s-", 22, ALNUM),
    "langsmith": ("lsv2", "_pt_", 32, HEX), "pinecone": ("pc", "sk_", 60, ALNUM), "supabase": ("sb", "p_", 40, HEX),
    "netlify": ("nf", "p_", 36, ALNUM), "linear": ("lin", "_api_", 40, ALNUM), "notion": ("nt", "n_", 46, ALNUM),
    "notion old": ("sec", "ret_", 43, ALNUM), "figma": ("fi", "gd_", 40, URLSAFE), "sentry": ("snt", "rys_", 80, ALNUM),
    "grafana": ("gl", "sa_", 41, ALNUM), "grafana cloud": ("gl", "c_", 80, ALNUM), "new relic": ("NR", "AK-", 27, UPPER),
    "posthog": ("ph", "x_", 43, ALNUM), "doppler": ("dp", ".pt.", 43, ALNUM), "vault": ("hv", "s.", 90, URLSAFE),
    "pulumi": ("pu", "l-", 40, HEX), "age": ("AGE-SEC", "RET-KEY-1", 58, UPPER), "shopify": ("shp", "at_", 32, HEX),
    "square": ("sq0", "csp-", 43, URLSAFE), "facebook": ("EA", "AC", 120, ALNUM), "rubygems": ("ruby", "gems_", 48, HEX),
    "artifactory": ("AK", "C", 64, ALNUM), "atlassian": ("ATA", "TT3", 180, URLSAFE), "bitbucket": ("AT", "BB", 32, ALNUM),
    "prefect": ("pn", "u_", 36, ALNUM), "buildkite": ("bk", "ua_", 40, HEX), "sourcegraph": ("sg", "p_", 40, HEX),
    "tailscale": ("ts", "key-auth-", 40, ALNUM), "postman": ("PM", "AK-", 59, HEX), "planetscale": ("psc", "ale_tkn_", 43, URLSAFE),
    "jina": ("ji", "na_", 60, ALNUM), "tavily": ("tv", "ly-", 32, ALNUM), "firecrawl": ("f", "c-", 32, HEX), "e2b": ("e2", "b_", 40, HEX),
    "mailgun": ("ke", "y-", 32, HEX), "twilio": ("S", "K", 32, HEX), "alibaba": ("LT", "AI5t", 20, ALNUM), "voyage": ("p", "a-", 43, URLSAFE),
    "w&b, newest": ("wandb", "_v1_", 77, ALNUM), "w&b, own server": ("lo", "cal-", 40, HEX), "modelscope": ("ms", "-1a2b3c4d-1234-4abc-89ab-", 12, HEX),
}  # fmt: skip
SHAPES = {name: first + second + made(n, letters, name) for name, (first, second, n, letters) in _SHAPES.items()}
SHAPES |= {
    "w&b": _H40,
    "sendgrid": "S" + "G." + made(22, URLSAFE, "sg") + "." + made(43, URLSAFE, "sh"),
    "jwt": "ey" + "J" + made(30, ALNUM, "j1") + "." + made(40, ALNUM, "j2") + "." + made(43, URLSAFE, "j3"),
    "mailchimp": made(32, HEX, "mc") + "-us" + "12",
    "telegram bot": "123456789" + ":A" + "A" + made(33, URLSAFE, "tg"),
    "discord bot": "M" + made(25, ALNUM, "d1") + "." + made(6, ALNUM, "d2") + "." + made(38, ALNUM, "d3"),
    "azure ad": made(3, ALNUM, "a1") + "8" + "Q~" + made(34, ALNUM, "a2"),
    "airtable": "pa" + "t" + made(14, ALNUM, "p1") + "." + made(64, HEX, "p2"),
    "terraform": made(14, ALNUM, "t1") + ".atla" + "sv1." + made(60, ALNUM, "t2"),
    "password hash": "$6$" + made(16, ALNUM, "s1") + "$" + made(86, ALNUM, "s2"),
    "neptune": _b64(json.dumps({"api_address": "https://app.neptune.ai", "api_key": made(32, HEX, "np")})),
    "base64 of a key": _b64("sk" + "-" + made(48, ALNUM, "b6")),
    "base64 of an assignment": _b64("WANDB_API_KEY=" + _H40),
}
KEYS = (  # under each of these a plain word goes too
    "api_key", "wandb.key", "logger.wandb.key", "stats_logger.wandb.wandb_api_key", "OPENAI_API_KEY", "hf_token", "token",
    "HUGGING_FACE_HUB_TOKEN", "client-secret", "clientsecret", "clientSecret", "appsecret", "DB_PASSWORD", "pgpassword",
    "PGPASSWORD", "MYSQL_PWD", "passwd", "passphrase", "smtp.pass", "db_pass", "aws.credentials", "aws.secret_access_key",
    "awsSecretAccessKey", "secretaccesskey", "slack_webhook", "sentry_dsn", "apiKey", "apikey", "API_KEY_2", "x-api-key",
    "private_key", "privateKeyPem", "ssh_private_key_contents", "encryption_key", "fernet_key", "signing_key", "account_key",
    "AZURE_STORAGE_ACCOUNT_KEY", "SharedAccessKey", "refresh_token", "accesstoken", "bearer_token", "session_token", "bottoken",
    "github_token", "kaggle.key", "comet_api_key", "NEPTUNE_API_TOKEN", "secret", "app.secret_key", "jwt_secret", "webhook_url_secret",
    "set_cookie", "session_cookie", "client-key-data", "password_hash", "password_value", "identitytoken", "registry_password",
    "master_key", "deploy_token", "proxy_password", "kms_key", "service_account_key", "redis_password", "mnemonic", "creds",
    "rollout.admin_api_key", "rollout.provider_api_key", "vllm.api_key", "litellm_master_key", "jupyter_token", "ngc_api_key",
    "openaikey", "githubtoken", "hftoken", "storagekey", "db.pwd", "user_password", "admin.password", "口令", "пароль",
)  # fmt: skip
_PEM = "\n".join(made(64, B64, f"pem{n}") for n in range(6))
_U, _P = "ada", "p" + "w/" + "x@9#z"
_PLACES = {
    "a database's login": f"postgresql://{_U}:{_WORD}@db.host.org:5432/runs",
    "a login with every sign": f"mongodb+srv://{_U}:{_P}@cluster.host.org/db",
    "redis without a user": f"redis://:{_WORD}@cache:6379/0",
    "a token as login": f"git clone https://{made(20, ALNUM, 'gt')}@git.host.org/a/b.git",
    "a login, URL-encoded": f"next=https%3A%2F%2F{_U}%3A{made(12, ALNUM, 'ue')}%40host.org%2Fa",
    "an assignment, URL-encoded": f"body=api_key%3D{made(20, ALNUM, 'uf')}%26lr%3D1",
    "jdbc": f"jdbc:mysql://host/db?user={_U}&password={made(12, ALNUM, 'jd')}&useSSL=true",
    "oracle": f"jdbc:oracle:thin:{_U}/{made(12, ALNUM, 'or')}@host:1521:x",
    "sql server": f"Server=h;Database=d;Uid={_U};Pwd={made(12, ALNUM, 'ms')};Encrypt=yes",
    "azure connection": f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={made(86, B64, 'az')}==;EndpointSuffix=x",
    "service bus": f"Endpoint=sb://n.host.net/;SharedAccessKeyName=Root;SharedAccessKey={made(43, B64, 'sb')}=",
    "a signed S3 address": f"https://b.s3.amazonaws.com/k?X-Amz-Expires=60&X-Amz-Signature={made(64, HEX, 's3')}",
    "an S3 session": f"https://b.s3.amazonaws.com/k?X-Amz-Security-Token={made(80, ALNUM, 'st')}&X-Amz-Date=2",
    "a signed GCS address": f"https://storage.googleapis.com/b/k?X-Goog-Signature={made(128, HEX, 'gc')}",
    "an old signed S3 address": f"https://b.s3.amazonaws.com/k?Expires=17&Signature={made(26, ALNUM, 'os')}%3D",
    "an Azure SAS": f"https://a.blob.core.windows.net/c/b?sv=2022&sp=r&sig={made(40, ALNUM, 'sa')}%3D",
    "CloudFront": f"https://d.cloudfront.net/x?Policy={made(60, ALNUM, 'cp')}&Key-Pair-Id=K2",
    "a token in an address": f"http://host:8888/lab?token={made(48, HEX, 'jt')}",
    "a key in an address": f"https://maps.host.com/api?v=3&key={made(30, ALNUM, 'mk')}",
    "a Slack hook": f"https://hooks.slack.com/services/T0{made(8, UPPER, 'h1')}/B0{made(8, UPPER, 'h2')}/{made(24, ALNUM, 'h3')}",
    "a Discord hook": f"https://discord.com/api/webhooks/123456789012345678/{made(68, URLSAFE, 'dh')}",
    "a Teams hook": f"https://org.webhook.office.com/webhookb2/{made(36, HEX, 'th')}@x/IncomingWebhook/{made(32, HEX, 'ti')}/y",
    "a Feishu hook": f"https://open.feishu.cn/open-apis/bot/v2/hook/{made(36, HEX, 'fh')}",
    "a DingTalk robot": f"https://oapi.dingtalk.com/robot/send?access_token={made(64, HEX, 'dt')}",
    "a WeCom robot": f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={made(36, HEX, 'wx')}",
    "a Zapier hook": f"https://hooks.zapier.com/hooks/catch/123456/{made(7, LOW, 'zp')}",
    "a Telegram address": f"https://api.telegram.org/bot123456:{made(35, URLSAFE, 'ta')}/sendMessage",
    "a header": f"Authorization: Bearer {made(32, ALNUM, 'h4')}",
    "a bare bearer": f"sent with Bearer {made(24, ALNUM, 'h5')}",
    "basic": f"Authorization: Basic {_b64(f'{_U}:{_WORD}')}",
    "a header of one's own": f"curl -H 'X-Api-Key: {made(20, ALNUM, 'h6')}' host",
    "vault's header": f"X-Vault-Token: {made(26, ALNUM, 'h7')}",
    "gitlab's header": f"PRIVATE-TOKEN: {made(20, ALNUM, 'h8')}",
    "azure's header": f"Ocp-Apim-Subscription-Key: {made(32, HEX, 'h9')}",
    "aws's header": f"Authorization: AWS4-HMAC-SHA256 Credential=x/20250101, SignedHeaders=host, Signature={made(64, HEX, 'ah')}",
    "a cookie": f"Cookie: session={made(32, ALNUM, 'ck')}; theme=dark",
    "a cookie that is set": f"Set-Cookie: sid={made(24, ALNUM, 'cs')}; Path=/; HttpOnly",
    "curl -u": f"curl -u {_U}:{_WORD} https://host/x",
    "curl --user": f"curl --user {_U}:{made(10, ALNUM, 'cu')} https://host/x",
    "wget": f"wget --http-password={made(10, ALNUM, 'wg')} https://host/x",
    "sshpass": f"sshpass -p {made(10, ALNUM, 'sp')} ssh host",
    "mysql -p": f"mysql -u root -p{made(10, ALNUM, 'my')} runs",
    "redis-cli -a": f"redis-cli -h cache -a {made(10, ALNUM, 'rc')} ping",
    "docker login": f"docker login ghcr.io -u {_U} -p {made(16, ALNUM, 'dl')}",
    "wandb login": f"wandb login {made(40, HEX, 'wl')}",
    "wandb login --relogin": f"wandb login --relogin {made(40, HEX, 'wr')}",
    "hf login": f"huggingface-cli login --token {made(20, ALNUM, 'hl')}",
    "an option": f"train.py --api-key {made(10, LOW, 'op')} --lr 1e-5",
    "an option with =": f"train.py --wandb.api_key={made(10, LOW, 'oq')} --lr 1e-5",
    "hydra": f"python main.py ++trainer.wandb_api_key={made(16, ALNUM, 'hy')} lr=1",
    "openssl": f"openssl rsa -in k.pem -passin pass:{made(10, ALNUM, 'os')}",
    "an environment": f"WANDB_API_KEY={made(12, LOW, 'en')} python train.py",
    "export": f"export HF_TOKEN={made(12, LOW, 'ex')}",
    "PGPASSWORD": f"PGPASSWORD={made(9, LOW, 'pg')} psql -h db",
    "a .env line with signs": "DB_PASSWORD=" + 'a,b;c&d"e9',
    "a Dockerfile": f"ENV API_KEY {made(16, ALNUM, 'df')}",
    "PowerShell": f'$env:OPENAI_API_KEY = "{made(16, LOW, "ps")}"',
    "Windows": f"set API_KEY={made(16, LOW, 'wi')}",
    "setx": f"setx OPENAI_API_KEY {made(16, ALNUM, 'sx')}",
    "Python": f'os.environ["WANDB_API_KEY"] = "{made(16, LOW, "py")}"',
    "a Python call": f"wandb.login(key='{made(40, HEX, 'pk')}')",
    "a namespace": f"Namespace(lr=1, api_key='{made(12, LOW, 'ns')}', seed=3)",
    "a dataclass": f"Config(hf_token={made(14, LOW, 'dc')}, lr=1)",
    "SecretStr": f"api_key=SecretStr('{made(12, LOW, 'sr')}')",
    "a tuple": f"('API_KEY', '{made(16, ALNUM, 'tu')}')",
    "JSON": json.dumps({"wandb_api_key": made(12, LOW, "js")}),
    "JSON of W&B's key": json.dumps({"wandb": {"key": made(40, HEX, "jw"), "mode": "online"}}),
    "JSON in JSON": json.dumps({"env": json.dumps({"api_key": made(12, LOW, "jj")})}),
    "JSON twice escaped": json.dumps({"a": json.dumps({"env": json.dumps({"password": made(12, LOW, "jk")})})}),
    "a long quoted value": json.dumps({"password": made(6000, ALNUM, "lq") + " tail" + made(9, LOW, "lr")}),
    "docker's auth": json.dumps({"auths": {"ghcr.io": {"auth": _b64(f"{_U}:{made(12, ALNUM, 'da')}")}}}),
    "an env list": json.dumps([{"name": "HF_TOKEN", "value": made(12, LOW, "el")}]),
    "YAML": f"stats:\n  wandb_api_key: {made(12, LOW, 'ya')}\n  mode: online",
    "YAML, quoted": f"hf_token: '{made(12, LOW, 'yb')}'",
    "YAML with a sentence": "password: correct horse battery " + made(8, LOW, "yc"),
    "a YAML block": f"api_key: |\n  {made(12, LOW, 'yd')}\nlr: 1",
    "a folded YAML block": f"secret: >-\n    {made(12, LOW, 'ye')}\n    more\nlr: 1",
    "a YAML list": f"api_keys:\n  - {made(12, LOW, 'yf')}\nlr: 1",
    "a YAML env": f"- name: WANDB_API_KEY\n  value: {made(12, LOW, 'yg')}",
    "kubeconfig": f"users:\n- name: x\n  user:\n    client-key-data: {made(80, B64, 'kc')}\n",
    "kubeconfig's token": f"    token: {made(60, ALNUM, 'kt')}",
    "TOML": f'api_key = "{made(12, LOW, "to")}"',
    "INI": f"[db]\npassword = {made(12, LOW, 'in')}",
    "XML": f"<password>{made(12, LOW, 'xm')}</password>",
    "XML with attributes": f'<Password type="plain">{made(12, LOW, "xn")}</Password>',
    "an XML setting": f'<add key="ApiKey" value="{made(12, LOW, "xo")}"/>',
    "netrc": f"machine api.wandb.ai\n  login user\n  password {made(40, HEX, 'nr')}",
    "netrc on a line": f"machine host login {_U} password {made(12, LOW, 'ns')}",
    "npmrc": f"//registry.npmjs.org/:_authToken={made(36, HEX, 'nm')}",
    ".pgpass": f"db.host.org:5432:runs:{_U}:{made(12, ALNUM, 'pp')}",
    "otpauth": f"otpauth://totp/x?secret={made(32, UPPER, 'ot')}&issuer=y",
    "a phrase of words": "mnemonic: " + "abandon ability able about above absent absorb abstract absurd abuse access zone",
    "prose": f"the password is {made(8, LOW, 'pr')}",
    "prose with a colon": f"wandb API key: {made(12, LOW, 'pc')}",
    "a URL's secret": f"https://host/cb?client_secret={made(12, ALNUM, 'cs')}&x=1",
    "AWS's secret beside its id": f"{SHAPES['aws key id']} {_AWS}",
    "AWS's config": f"aws_secret_access_key = {_AWS}",
    "a PEM key": f"-----BEGIN RSA PRI" f"VATE KEY-----\n{_PEM}\n-----END RSA PRI" f"VATE KEY-----",
    "an encrypted PEM key": f"-----BEGIN ENCRYPTED PRI" f"VATE KEY-----\n{_PEM}\n-----END ENCRYPTED PRI" f"VATE KEY-----",
    "an OpenSSH key": f"-----BEGIN OPENSSH PRI" f"VATE KEY-----\n{_PEM}\n-----END OPENSSH PRI" f"VATE KEY-----",
    "a PGP key": f"-----BEGIN PGP PRI" f"VATE KEY BLOCK-----\n\n{_PEM}\n-----END PGP PRI" f"VATE KEY BLOCK-----",
    "an SSH2 key": f"---- BEGIN SSH2 ENCRYPTED PRI" f"VATE KEY ----\n{_PEM}\n---- END SSH2 ENCRYPTED PRI" f"VATE KEY ----",
    "a PEM key on one line": "-----BEGIN PRI" f"VATE KEY-----\\n{_PEM}\\n-----END PRI".replace("\n", "\\n") + "VATE KEY-----",
    "a PEM key without its end": f"-----BEGIN EC PRI" f"VATE KEY-----\n{_PEM}",
    "a PEM key without its head": f"{_PEM}\n-----END EC PRI" f"VATE KEY-----",
    "a PuTTY key": f"PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 6\n{_PEM}\nPrivate-MAC: 00",
    "Google's account": json.dumps({"type": "service_account", "private_key_id": made(40, HEX, "gi"), "client_id": "1"}),
}  # fmt: skip


def _secret_of(name: str, text: str) -> str:
    """The part of a text that must go: by hand where it isn't the one made for it."""
    by_hand = {
        "a database's login": _WORD, "a login with every sign": _P, "redis without a user": _WORD, "curl -u": _WORD,
        "basic": _b64(f"{_U}:{_WORD}"), "a .env line with signs": 'b;c&d"e9', "AWS's secret beside its id": _AWS,
        "AWS's config": _AWS, "a phrase of words": "absorb abstract", "a long quoted value": " tail" + made(9, LOW, "lr"),
        "a folded YAML block": made(12, LOW, "ye"), "docker's auth": _b64(f"{_U}:{made(12, ALNUM, 'da')}"),
        "a Teams hook": made(32, HEX, "ti"), "a Slack hook": made(24, ALNUM, "h3"),
    }  # fmt: skip
    if name in by_hand:
        return by_hand[name]
    if _PEM[:64] in text:
        return made(64, B64, "pem2")
    found = [word for word in _CANDIDATES if word in text]
    return max(found, key=len)


_SEEDS = {
    "gt": (20, ALNUM), "ue": (12, ALNUM), "uf": (20, ALNUM), "jd": (12, ALNUM), "or": (12, ALNUM), "ms": (12, ALNUM), "az": (86, B64),
    "sb": (43, B64), "s3": (64, HEX), "st": (80, ALNUM), "gc": (128, HEX), "os": (26, ALNUM), "sa": (40, ALNUM), "cp": (60, ALNUM),
    "jt": (48, HEX), "mk": (30, ALNUM), "dh": (68, URLSAFE), "fh": (36, HEX), "dt": (64, HEX), "wx": (36, HEX), "zp": (7, LOW),
    "ta": (35, URLSAFE), "h4": (32, ALNUM), "h5": (24, ALNUM), "h6": (20, ALNUM), "h7": (26, ALNUM), "h8": (20, ALNUM), "h9": (32, HEX),
    "ah": (64, HEX), "ck": (32, ALNUM), "cs": (12, ALNUM), "cu": (10, ALNUM), "wg": (10, ALNUM), "sp": (10, ALNUM), "my": (10, ALNUM),
    "rc": (10, ALNUM), "dl": (16, ALNUM), "wl": (40, HEX), "wr": (40, HEX), "hl": (20, ALNUM), "op": (10, LOW), "oq": (10, LOW),
    "hy": (16, ALNUM), "en": (12, LOW), "ex": (12, LOW), "pg": (9, LOW), "df": (16, ALNUM), "ps": (16, LOW), "wi": (16, LOW),
    "sx": (16, ALNUM), "py": (16, LOW), "pk": (40, HEX), "ns": (12, LOW), "dc": (14, LOW), "sr": (12, LOW), "tu": (16, ALNUM),
    "js": (12, LOW), "jw": (40, HEX), "jj": (12, LOW), "jk": (12, LOW), "el": (12, LOW), "ya": (12, LOW), "yb": (12, LOW), "yc": (8, LOW),
    "yd": (12, LOW), "yf": (12, LOW), "yg": (12, LOW), "kc": (80, B64), "kt": (60, ALNUM), "to": (12, LOW), "in": (12, LOW),
    "xm": (12, LOW), "xn": (12, LOW), "xo": (12, LOW), "nr": (40, HEX), "nm": (36, HEX), "pp": (12, ALNUM), "ot": (32, UPPER),
    "pr": (8, LOW), "pc": (12, LOW), "gi": (40, HEX),
}  # fmt: skip
_CANDIDATES = [made(n, letters, seed) for seed, (n, letters) in _SEEDS.items()] + [
    made(10, ALNUM, "os"), made(24, ALNUM, "cs"), made(12, LOW, "ns"),
]  # fmt: skip
PLACES = tuple(Kind(name, text, _secret_of(name, text)) for name, text in _PLACES.items())
BY_SHAPE = tuple(Kind(name, f"tried {token} and it worked", token) for name, token in SHAPES.items())

HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"  # of a commit
PLAIN_VALUES = (  # key, value: look-alikes in a config
    ("prompt_key", "prompt"), ("reward_key", "reward_v2"), ("label_key", "label2"), ("answer_key", "final_answer"),
    ("input_key", "question"), ("output_key", "completion"), ("response_key", "response"), ("dataset.image_key", "image_0"),
    ("metric_for_best_key", "eval/reward"), ("best_key", "val-core/openai/gsm8k/acc/mean@4"), ("sort_key", "score"),
    ("primary_key", "uid"), ("group_key", "problem_id"), ("cache_key", "gsm8k-train-v2"), ("key", "reward"), ("public_key", "ssh-ed25519"),
    ("data.key", "prompt"), ("key_metric", "reward"), ("keys", ["a", "b"]), ("kv_key", "k_proj"), ("num_key_value_heads", "8"),
    ("pad_token", "<|endoftext|>"), ("stop_token", "</s>"), ("eos_token", "<|im_end|>"), ("bos_token", "<s>"), ("unk_token", "[UNK]"),
    ("stop_token", "Observation:"), ("stop_token", "\\n\\n"), ("image_token", "<image>"), ("think_end_token", "</think>"),
    ("special_tokens", ["<a>", "<b>"]), ("stop_tokens", ["User:", "Q1:"]), ("pad_token_id", 151643), ("max_tokens", 4096),
    ("n_tokens", "5"), ("max_new_tokens", "512"), ("num_tokens", 12), ("tokens_per_second", 1234.5), ("token_level_loss", True),
    ("tokenizer", "Qwen/Qwen2.5-0.5B"), ("tokenizer_path", "/models/qwen"), ("tokenizer.pad_token", "<pad>"), ("loss_agg_mode", "token-mean"),
    ("use_token_level_rewards", "true"), ("token_type", "bearer"), ("token_reward", "0.5"), ("api_key", None), ("api_key", ""),
    ("api_key", "None"), ("api_key", "${oc.env:WANDB_API_KEY}"), ("api_key", "$WANDB_API_KEY"), ("api_key", "WANDB_API_KEY"),
    ("api_key", "<your-key>"), ("api_key", "YOUR_API_KEY_HERE"), ("api_key", "***"), ("api_key", "{{ secrets.WANDB }}"),
    ("api_key", "os.environ['KEY']"), ("api_key_env", "MY_KEY"), ("api_key_file", "/run/secrets/key"), ("ssh_key", "~/.ssh/id_rsa"),
    ("private_key_path", "/home/me/key.pem"), ("credentials", "/etc/gcp/sa.json"), ("password", None), ("use_password", True),
    ("password_policy", "strict"), ("passwordless", "yes"), ("secret_name", "my-k8s-secret"), ("auth", "basic"), ("auth_type", "token"),
    ("auth", True), ("webhook", False), ("author", "ada lovelace"), ("authors", ["ada"]), ("pass@1", 0.5), ("forward_pass", "fused"),
    ("pass_rate", "0.75"), ("n_pass", 3), ("passes", "two"), ("compass", "north"), ("bypass", "yes please"), ("monkey", "banana"),
    ("turkey", "bird"), ("keyboard", "qwerty"), ("hotkey", "ctrl-c"), ("donkey", "kong"), ("hockey", "ice"), ("secretary", "bob"),
    ("path", "/data/a1b2c3d4e5f6"), ("pattern", "a.*b"), ("patience", "5"), ("patch", "v2"), ("dispatch", "ep8"), ("signature", "def f(x)"),
    ("checkpoint_hash", HASH), ("git.commit", HASH), ("model_revision", HASH), ("dataset_sha", HASH), ("ckpt", f"ckpt-{HASH}"),
    ("run_id", "8a7sd9f8"), ("uuid", "123e4567-e89b-12d3-a456-426614174000"), ("image", "sha256:" + "ab" * 32), ("seed", 12345678),
    ("experiment_name", "grpo-qwen2.5-0.5b-lr1e-5-kl0.01-20251109"), ("credit", "none"), ("accreditation", "x9"), ("tokenize", "lower2"),
)  # fmt: skip
PLAIN_TEXTS = (
    "prompt_key=prompt1 label_key=label2", "reward_key: score_v2", "metric_for_best_key=eval_reward", "pad_token='<|endoftext|>'",
    "stop_token: </s>", "eos_token: '</s>'", "tokenizer_path: /models/qwen", "max_new_tokens=512", "n_tokens: 5", "num_tokens=12",
    "key_metric: reward", f"commit {HASH}", f"revision={HASH}", f"saved ckpt-{HASH}.safetensors", f"models/blobs/{HASH}",
    f"https://github.com/org/repo/commit/{HASH}", f"pip install git+https://host.org/a/b@{HASH}#egg=b", "sha256:" + "ab" * 32,
    "Missing key: actor.lr", "KeyError: 'prompt_key'", "missing keys: ['lm_head.weight']", "unexpected key: model.layers.0",
    "sorted(xs, key=len)", "key: 3", "hotkey pressed", "turkey=1", "/home/me/monkey=banana", "key takeaways: it works",
    "token budget exceeded", "token: <|im_end|>", "tokens/s: 1234", "1.2M tokens: 35 s", "invalid token: }", "per-token KL: 0.02",
    "api_key: None", "token=''", "WANDB_API_KEY is not set", "api_key=${WANDB_API_KEY}", "export HF_TOKEN=$HF_TOKEN",
    "API key in your browser: https://wandb.ai/authorize", "please set your API key", "the secret of good rewards is patience",
    "forgot password?", "basic authentication failed", "Bearer token required", "Basic training of recruits", "cookie cutter code",
    "https://wandb.ai/a/b/runs/c", "http://localhost:8000/v1", "http://host:8080/path/@user", "git@github.com:org/repo.git",
    "ssh://git@github.com/org/repo.git", "s3://bucket/a/b.pt", "--max-tokens 5", "--key-metric reward", "--stop-token END1",
    "docker run -u 1000:1000 img", "python -u train.py", "mkdir -p runs/a1", "ssh -p 2222 host", "cp -a a1 b2", "hf_transformers_cache",
    "sk-learn", "sk-learn-1.5.2", "task-2024-grpo-run-17-lr-1e-5", "risk-adjusted-return-2024", "desk-1234567890123456",
    "uuid 123e4567-e89b-12d3-a456-426614174000", "AAAAAAA", "glpat", "npm_config_registry", "shape [16, 512, 151936]",
    "step:5 - actor/pg_loss:0.01 - critic/score/mean:0.5", "[rank0]: 2025-11-09 10:00:00,123 - INFO - loss 0.1",
    "Qwen2.5-7B-Instruct-GRPO-v1-20251109", "eyJ is how JSON begins in base64", "ROUGE key facts: 3", "pass@1: 0.45, pass@8: 0.7",
    "auth: basic", "pattern=a.*b9", "sig. difference p = 0.03", "signature: def f(x: int) -> str", "state=running&sort=name",
    "https://host.org/page?key=reward&sort=name", "https://host.org/?code=200", "10:30:15 db: user: ok", "a:22:b:c:d",
    "-----BEGIN CERTIFICATE-----", "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
)  # fmt: skip
