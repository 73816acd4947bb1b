"""Where secrets stand in a text: behind a name, in an address, a header, a command."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reportgen.redact import names

PEEK = 400  # characters of a value that tell whether it is one

URL_LOGIN = re.compile(r"(?<=://)(?!\[removed\]@)[^\s/?#\"'<>\\]{1,512}(?=@)")
URL_PASSWORD = re.compile(  # one with "/", "?" or "#" in it; digits behind the colon are a port
    r"(?<=://)(?!\[removed\])[^\s:/@\"'<>\\]{0,128}:(?!\d{1,5}(?:[/?#]|$))[^\s@\"'<>\\]{1,256}(?=@)"
)
CODED_LOGIN = re.compile(r"(?i)(?<=%3a%2f%2f)(?!\[removed\])(?:(?!%2f|%3f)[^\s\"'<>&@]){1,512}?(?=%40)")
ORACLE = re.compile(r"(?i)(?<=oracle:thin:)[^\s@\"'<>]{1,200}(?=@)")
NO_SECRET_LOGINS = frozenset(["git", "hg", "svn", "root", "ubuntu", "ec2-user", "admin", "user"])
HOOK = re.compile(
    r"(?i)(?<=://)(?:[\w.-]{1,100}/)(?:(?=[\w/.-]{0,100}hooks?/)|(?<=hooks\.slack\.com/)|(?<=webhook\.office\.com/))"
    r"[\w./%~:+@-]{6,}|(?<=://)hooks?\.[\w.-]{1,100}/[\w./%~:+@-]{6,}|(?<=api\.telegram\.org/bot)[\w:-]{10,}"
    r"|(?<=/with/key/)[\w-]{8,}|(?<=hc-ping\.com/)[\w-]{8,}"
    r"|(?<=/api/v\d/triggers/)[\w-]{8,}|(?<=sctapi\.ftqq\.com/)[\w-]{8,}(?=\.send)|(?<=api\.day\.app/)[\w-]{16,}"
)
CONDA = re.compile(r"(?P<name>://[\w.-]{1,100}/(?:conda/)?t/)(?P<value>[\w-]{12,})(?=/)")
ASKED = re.compile(  # parts of an address that sign it, or let one in
    r"(?i)(?<=[?&;])(?P<name>x-(?:amz|goog|ms)-(?:signature|credential|security-token)|awsaccesskeyid|googleaccessid"
    r"|signature|sig|hmac|key-pair-id|policy|se?cret|pass(?:word|wd)?|pwd|jwt|sas|sign|auth|code|state|session|sid"
    r"|token"
    r"|key|[\w.-]{0,40}(?:token|key|secret|password|signature))=(?P<value>[^\s&;\"'<>\\]+)"
)
ALWAYS_ASKED = re.compile(
    r"(?i)x-(?:amz|goog|ms)-.*|awsaccesskeyid|googleaccessid|signature|sig|hmac|sas|policy|key-pair-id"
)
HEADER = re.compile(
    r"(?i)(?P<name>(?:proxy-)?authorization\\*[\"']?[ \t]{0,4}[:=][ \t]{0,4}\\*[\"']?)(?!\[removed)"
    r"(?:(?P<scheme>bearer|basic|token|digest|negotiate|apikey|key|ntlm)(?:[ \t]{1,4}|%20"
    r"|\+))?(?P<value>[^\s\"',;\\<>]+)"
    r"(?P<rest>[^\"'\n\\]{0,2000})"
)
COOKIE = re.compile(
    r"(?i)(?P<name>\b(?:set-)?cookie\\*[\"']?[ \t]{0,4}[:=][ \t]{0,4}\\*[\"']?)(?!\[removed)(?P<value>[^\"'\n\\]+)"
)
COOKIE_FILE = re.compile(  # of Netscape's form, which curl and wget write
    r"(?m)(?P<name>^[\w.#-]{1,200}\t(?:TRUE|FALSE)\t[^\t\n]{1,200}\t(?:TRUE|FALSE)\t\d{1,20}\t[^\t\n]{1,200}\t)"
    r"(?!\[removed)(?P<value>\S+)"
)
COOKIES = re.compile(  # handed over by a command or a call
    r"(?i)(?P<name>\bcurl(?:[ \t]{1,4}(?!-b)\S{1,100}){0,10}[ \t]{1,4}-b[ \t]{0,4}[\"']?"
    r"|\bcookies\s{0,2}=\s{0,2}\{)"
    r"(?!\[removed)(?P<value>[^\"'\n]{1,2000}=[^\"'\n]+|[^}\n]{1,4000}(?=\}))"
)
BEARER = re.compile(r"(?P<name>\b[Bb]earer(?:[ \t]{1,4}|%20))(?P<value>[A-Za-z0-9._~+/=-]{12,})")
BASIC = re.compile(r"(?P<name>\b[Bb]asic(?:[ \t]{1,4}|%20))(?P<value>[A-Za-z0-9+/_-]{8,}={0,2})")
NETRC = re.compile(
    r"(?P<name>\blogin\s{1,4}\S{1,200}\s{1,40}(?:account\s{1,4}\S{1,200}\s{1,40})?password\s{1,4})(?!\[removed)"
    r"(?P<value>\S+)"
)
PGPASS = re.compile(
    r"(?m)(?P<name>^[A-Za-z*][\w.*-]{0,100}:(?:\d{2,5}"
    r"|\*):[^\s:]{1,60}:[^\s:]{1,60}:)(?!\[removed)(?P<value>[^\s:]+)$"
)
AUTH_PAIR = re.compile(
    r"(?i)(?P<name>(?:\bauth\s{0,2}=\s{0,2}\(|basicauth\w{0,20}\()\s{0,4}[\"'][^\"'\n]{1,100}[\"']\s{0,2},\s{0,2}[\"'])"
    r"(?P<value>[^\"'\n]+)"
)
WANDB_LOGIN = re.compile(
    r"(?P<name>\bwandb[ \t]{1,4}login(?:[ \t]{1,4}--\S{1,60}){0,4}[ \t]{1,4}[\"']?)(?P<value>[\w-]{20,})"
)
USER = re.compile(
    r"(?P<name>(?<!\S)(?:-u|-U|--user|--proxy-user|--basic|--creds|(?<=http )-a|(?<=https )-a)(?:[ \t]{1,4}"
    r"|=)[\"']?[^\s:\"'/]{1,100}[:%])(?!\[removed)(?P<value>[^\s\"']+)"
)
CURL_USER = re.compile(
    r"(?P<name>\bcurl(?:[ \t]{1,4}(?!-[a-zA-Z]{0,6}u)\S{1,100}){0,10}[ \t]{1,4}-[a-zA-Z]{0,6}u[ \t]{0,4}[\"']?"
    r"[^\s:\"'/-][^\s:\"'/]{0,100}:)(?!\[removed)(?P<value>[^\s\"']+)"
)
CURL_KEY = re.compile(  # a key as the user, without a password
    r"(?P<name>\bcurl(?:[ \t]{1,4}(?!-[a-zA-Z]{0,6}u)\S{1,100}){0,10}[ \t]{1,4}-[a-zA-Z]{0,6}u[ \t]{0,4}[\"']?)"
    r"(?P<value>[^\s:\"'/-][^\s:\"'/]{11,100})(?=:[\s\"'])"
)
PIPED = re.compile(  # a password into the standard input of what asks for one
    r"(?P<name>\b(?:echo|printf)[ \t]{1,4}(?:-n[ \t]{1,4}|[\"']?%s(?:\\n)?[\"']?[ \t]{1,4})?[\"']?)(?!\[removed)"
    r"(?P<value>[^\s\"'|]{4,400})(?=[\"']?[ \t]{0,4}\|[ \t]{0,4}"
    r"(?:sudo[ \t]{1,4}-S|kinit|cryptsetup|passwd|chpasswd|pass insert|[^|\n]{1,200}(?:-stdin|--with-token)\b))"
)
LITERAL = re.compile(
    r"(?P<name>\bcreate[ \t]{1,4}secret[ \t][^\n]{0,400}?--from-literal[= ][\"']?[\w.-]{1,100}=)(?!\[removed)"
    r"(?P<value>[^\s\"']+)"
)
POETRY = re.compile(
    r"(?P<name>\bconfig[ \t]{1,4}(?:pypi-token\.\S{1,60}|http-basic\.\S{1,60}[ \t]{1,4}\S{1,100})[ \t]{1,4})"
    r"(?!\[removed)(?P<value>\S+)"
)
CLIENT = re.compile(  # the first argument of a service's client
    r"(?P<name>\b(?:\w{1,40}\.)?\w{0,40}(?:Client(?:V2)?|Api|login|init|OpenAI|Anthropic|Mistral|Groq|Together|Experiment)\([\"'])"
    r"(?P<value>[A-Za-z0-9_-]{20,200})(?=[\"'])"
)
SECRET_KIND = re.compile(r"(?m)^\s{0,40}[\"']?kind[\"']?: {0,4}[\"']?Secret\b")
SECRET_DATA = re.compile(  # a Kubernetes secret's own lines
    r"(?m)^(?P<indent>[ \t]{0,40})(?:data|stringData):[ \t]{0,4}\n"
    r"(?P<body>(?:(?P=indent)[ \t]{1,8}[^\n]{1,20000}(?:\n|\Z)){1,200})"
)
JWK = re.compile(r"\\*\"(?:d|k|p|q|dp|dq|qi)\\*\"[ \t]{0,4}:[ \t]{0,4}\\*\"(?P<value>[\w-]{20,})")
ENTRY = re.compile(  # a name and its value as two elements, or as an attribute and the element's text
    r"(?i)(?:<(?P<tag>key|name)>[ \t]{0,4}(?P<name>[\w.:-]{1,100})[ \t]{0,4}</(?P=tag)>\s{0,40}<(?:string|value|data)>"
    r"|<\w{1,40}[ \t](?:[^<>\n]{0,200}[ \t])?(?:key|name|id)=[\"'](?P<attribute>[\w.:-]{1,100})[\"'][^<>\n]{0,200}>)"
    r"\s{0,4}(?P<value>[^<>\s][^<>]{0,4000})(?=</)"
)
CODE = re.compile(
    r"(?i)(?P<name>\b(?:verification|one[ -]?time|login|2fa|mfa|security|auth)[ -](?:code|pin|passcode)[ \t]{0,4}"
    r"(?:is|:|=)[ \t]{0,4})(?P<value>\d{3}[ -]?\d{1,5})(?![\w.])"
)
TOOL = re.compile(  # commands whose short option is a password
    r"(?P<name>\b(?:sshpass[ \t]{1,4}-p|redis-cli(?:[ \t]{1,4}(?!-a\b)\S{1,60}){0,6}[ \t]{1,4}-a"
    r"|(?:mysql\w{0,12}|mariadb\w{0,12})(?:[ \t]{1,4}(?!-p)\S{1,60}){0,8}[ \t]{1,4}-p(?=\S)"
    r"|(?:docker|podman|helm registry|az|oc|nerdctl|crane auth"
    r"|oras)[ \t]{1,4}login(?:[ \t]{1,4}(?!-p\b)\S{1,100}){0,8}[ \t]{1,4}-p"
    r"|(?:sqlcmd|bcp)(?:[ \t]{1,4}(?!-P\b)\S{1,60}){0,8}[ \t]{1,4}-P"
    r"|(?:swanlab|comet|clearml|mlflow|modelscope|wandb)[ \t]{1,4}login(?:[ \t]{1,4}(?!-k\b)\S{1,100}){0,4}[ \t]{1,4}-k"
    r"|lftp(?:[ \t]{1,4}(?!-u\b)\S{1,100}){0,4}[ \t]{1,4}-u[ \t]{1,4}[^\s,]{1,60},(?=\S)"
    r"|lep[ \t]{1,4}login(?:[ \t]{1,4}(?!-c\b)\S{1,100}){0,4}[ \t]{1,4}-c[ \t]{1,4}[\w-]{1,60}:(?=\w)"
    r"|ldap\w{1,12}(?:[ \t]{1,4}(?!-w\b)\S{1,60}){0,8}[ \t]{1,4}-w|(?:un)?zip[ \t]{1,4}-P|(?:7z|7za"
    r"|unrar)[ \t]{1,4}\w[ \t]{1,4}-p(?=\S)"
    r"|openssl(?:[ \t]{1,4}(?!-pass)\S{1,60}){0,10}[ \t]{1,4}-pass(?:in|out)?[ \t]{1,4}pass:"
    r"|mongo\w{0,10}(?:[ \t]{1,4}(?!-p\b)\S{1,100}){0,8}[ \t]{1,4}-p"
    r"|ssh-keygen(?:[ \t]{1,4}(?!-N\b)\S{1,60}){0,8}[ \t]{1,4}-N))"
    r"(?:[ \t]{1,4}|(?<=-p)|(?<=[:,]))[\"']?(?!\[removed|--)(?P<value>[^\s\"']+)"
)
PHRASE = re.compile(
    r"(?i)(?P<name>(?:mnemonic|(?:seed|recovery|backup|secret)[ _-]?phrase)\\*[\"']?[ \t]{0,4}(?:[:=]"
    r"|is)[ \t]{0,4}\\*[\"']?)"
    r"(?!\[removed)(?P<value>(?:[a-z]{3,8}[ ,]{1,2}){5,30}[a-z]{3,8})"
)

_STEM = (
    r"pass(?:word|wd|phrase|code|wort)?s?|pwd|pswd|pw|secrets?|tokens?|keys?|credentials?|creds?|webhooks?|dsn"
    r"|cookies?|jwt|psk|auth"
    r"|authorization|pat|sign|sig|signature|sas|otp|mnemonic|kennwort|senha|contrase[nñ]a|密码|密碼|密钥|口令|令牌|пароль|パスワード"
    r"|비밀번호|mot de passe|mdp|wachtwoord|has[lł]o|parola|sess(?:ion)?[_-]?id|pwhash"
    r"|webhookurl"
)
_TAIL = rf"(?:[_-](?:{'|'.join(sorted(names.TAILS, key=len, reverse=True))}))?(?:[_-]?\d{{1,3}})?"
NAMED = re.compile(  # over lower case: the last word of a name, and what parts it from its value
    rf"(?P<word>(?:{_STEM}){_TAIL})"
    r"(?P<gap>"
    r"\\*[\"']?[ \t]{0,4}:[ \t]{0,4}\r?\n[ \t]{1,40}(?:-[ \t]{1,4})?"
    r"|\\*(?:[\"']|&(?:quot|apos|#3[49]);)?\]?(?:[ \t]\((?:str|string|secret)\))?[ \t]{0,60}"
    r"(?::?={1,3}>?|[:：](?!//)|=>|->|[|│┃][ \t]|\.{4,200}[ \t])[ \t]{0,4}(?:&(?:quot|apos|#3[49]);)?"
    r"(?:[|>][+-]?\d?(?:[ \t]{0,4}\r?\n[ \t]{1,40}|[ \t]{1,4}))?"
    r"|\\*[\"']?,?\s{1,20}\\*[\"']?value\\*[\"']?[ \t]{0,4}[:=][ \t]{0,4}"
    r"|\\*[\"'][ \t]{0,4},[ \t]{0,4}(?=\\*[\"'])"
    r"|(?:%22|%27)?(?:%(?:25){0,3}3d|%(?:25){0,3}3a)(?:%20|\+)?(?:%22|%27)?"
    r"|(?:[ \t][^<>\n]{0,200})?>(?=(?:<!\[cdata\[)?[^<\n]{1,4000}</)|\((?=\\*[\"'`])"
    r"|[ \t]{1,4}(?:for[ \t]\S{1,40}[ \t])?(?:is|was):?[ \t]{1,4}"
    r"|&gt;(?=[^&\n]{1,400}&lt;/)|,(?=[a-z\d]{6,200}(?![\w,]))|[ \t]{1,4}(?![-=:]))"
)
QUOTED = re.compile(
    r"(?P<open>(?:[A-Za-z_.]{0,40}\()?[bBrRuUfF]?(?P<quote>\\*[\"'`]))"
    r"(?P<bare>(?:(?!(?<!\\)(?P=quote))[^\n])*)"
)
SIMPLE_QUOTED = re.compile(
    r"(?P<open>(?:[A-Za-z_.]{0,40}\((?:[\"']\w{1,60}[\"'],[ \t]{0,4})?)?[bBrRuUfF]?(?P<quote>\"{3}|'{3}|[\"'`]))"
    r"(?P<bare>(?:(?!(?P=quote))[^\\\n]|\\.|(?P=quote){2}(?=[^\s,;)}\]]))*)"
)
TRIPLE_QUOTED = re.compile(
    r"(?P<open>(?:[A-Za-z_.]{0,40}\()?[bBrRuUfF]?(?P<quote>\"{3}|'{3}))(?P<bare>(?:(?!(?P=quote))[\s\S]){1,4000})"
)
FURTHER = re.compile(r"[\"'][ \t]{0,4}\+?[ \t]{0,4}(?:\\?\n[ \t]{0,40})?[\"'](?P<more>[^\"'\n]+)")  # "a" "b"
UNQUOTED = re.compile(r"(?P<open>)(?P<bare>(?:(?:[Bb]earer|[Bb]asic|[Tt]oken)[ \t]{1,4})?[^\s\"',;&\\<>`]+)")
TO_SPACE = re.compile(r"(?P<open>)(?P<bare>\S+)")
TO_LINE_END = re.compile(r"(?P<open>)(?P<bare>[^\r\n]+)")
CODED = re.compile(r"(?P<open>)(?P<bare>(?:(?!%(?:25){0,3}(?:26|22|27|7d|2c))[^\s\"'&<>])+)", re.IGNORECASE)
ELEMENT = re.compile(r"(?P<open>(?i:<!\[CDATA\[)?)(?P<bare>[^<\]]+)")
BARS = ("|", "│", "┃")
SPOKEN_PASSWORD = re.compile(r"(?:pgp?|db|my|root)?(?:passwords?|passwd|passphrase|passcode|pwd)")
SETTING = re.compile(r"(?:^|\s)(?:set|setx|setenv|export|ENV)[ \t]+(?:-\w+[ \t]+)*\Z")
BETWEEN = re.compile(r"[ \t]*(?:export[ \t]+|-[ \t]+|set[ \t]+|ENV[ \t]+)?[\"']?")


def kept_secrets(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of each value in the data of a Kubernetes secret."""
    for found in SECRET_DATA.finditer(text):
        at = found.start("body")
        for line in found["body"].splitlines(keepends=True):
            name, colon, value = line.rstrip().partition(": ")
            if colon and value and not names.is_harmless("password", value):
                yield at + len(name) + 2, at + len(name) + 2 + len(value)
            at += len(line)


def assigned(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of each value that stands behind a secret's name, in order."""
    lower = text.replace("\u0130", "I").lower()  # the one letter whose lower case is longer
    at = 0
    for named in NAMED.finditer(lower):
        if named.start() < at:
            continue  # inside a value that is gone already
        before = text[max(0, named.start() - 80) : named.start()]
        begin = _name_start(before)
        name = before[begin:] + text[slice(*named.span("word"))]
        certain, doubtful = names.is_secret(name), names.is_doubtful(name)
        if not certain and not doubtful:
            continue
        gap = named["gap"]
        rest = before[:begin]
        shape = _value_shape(gap, rest, text, named.end())
        first = shape.match(text, named.end(), named.end() + PEEK)  # keeps this linear
        if first is None or not first["bare"]:
            continue
        peeked = first["bare"]
        if not _is_assignment(name, rest[-40:], gap, peeked[:80], quoted=bool(first["open"]), certain=certain):
            continue
        whole = shape.match(text, named.end()) or first
        if "env" in whole["open"].lower() and "," not in whole["open"]:
            continue  # the name of a variable
        start, end = whole.span("bare")
        if not whole["open"] and shape is UNQUOTED:
            end = start + len(text[start:end].rstrip(")]}."))
        if "\n" in gap and gap.strip() in (":", ": -") and re.search(r":(?:\s|$)", peeked):
            continue  # a mapping of its own
        while shape is SIMPLE_QUOTED and (further := FURTHER.match(text, end)):
            end = further.end()
        if shape is TO_LINE_END:
            end = start + len(text[start:end].split(" #")[0].rstrip())
        if "\n" in gap:
            end = _block_end(text, start, end)
        if not names.is_harmless(name, text[start:end]) and end > start:
            yield start, end
            at = end


def _value_shape(gap: str, before: str, text: str, at: int) -> re.Pattern[str]:
    """The pattern of the value behind a gap."""
    if "%" in gap:
        return CODED
    if gap.endswith(">") and "=" not in gap and "-" not in gap[-2:]:
        return ELEMENT
    if TRIPLE_QUOTED.match(text, at, at + 60):
        return TRIPLE_QUOTED
    if opened := QUOTED.match(text, at, at + 60):
        return QUOTED if "\\" in opened["quote"] else SIMPLE_QUOTED
    line = before.rpartition("\n")[2]
    if (BETWEEN.fullmatch(line) and len(before) < 80) or ("\n" in before and BETWEEN.fullmatch(line)):
        if ":" in gap and "=" not in gap:
            return TO_LINE_END
        if "=" in gap:
            return TO_SPACE
    return TO_LINE_END if "\n" in gap else UNQUOTED


def _block_end(text: str, start: int, end: int) -> int:
    """Where a YAML block ends that begins at a place: before the first line indented less than it."""
    line = text.rfind("\n", 0, start) + 1
    indent = len(text[line:start]) - len(text[line:start].lstrip(" \t"))
    while True:
        following = text.find("\n", end)
        if following < 0:
            return end
        stop = text.find("\n", following + 1)
        stop = len(text) if stop < 0 else stop
        own = text[following + 1 : stop]
        if not own.strip() or len(own) - len(own.lstrip(" \t")) < max(indent, 1):
            return end
        end = stop


def _name_start(before: str) -> int:
    """Where the name that ends a text begins."""
    at = len(before)
    while at and (before[at - 1].isalnum() or before[at - 1] in "_-./"):
        at -= 1
    return at


def _is_assignment(name: str, before: str, gap: str, value: str, *, quoted: bool, certain: bool) -> bool:
    """Whether this is a name with its value, rather than prose that mentions a key."""
    is_option = name.startswith("-")
    words = names.words_of(name) or [name.lower()]  # one of another script has no words of ours
    if not gap.strip():
        if words == ["key"] and (names.words_of(before) or [""])[-1] in names.KEEPERS:
            return names.looks_random(value, least=16)
        return certain and _is_beside(name, words, before, gap, value)
    if gap.split()[-1].rstrip(":") in ("is", "was"):
        said = value.rstrip(".,;!")
        if quoted and words[-1] in names.LOUD:
            return certain
        return certain and words[-1] != "auth" and (names.looks_secret(said) or names.looks_coined(said))
    if gap == "(":
        return certain and (len(words) > 1 or words[-1] in names.LOUD)
    if "(" in gap or ("," in gap and "value" not in gap) or gap.strip() in BARS:  # ("API_KEY", "…"), | API_KEY | … |
        return certain and (names.looks_secret(value) or names.looks_coined(value))
    if not certain:
        return _is_doubtful_value(name, words, before, gap, value)
    if words == ["token"] and (names.words_of(before) or [""])[-1] in names.HARMLESS_TOKEN:  # next token: 'a'
        return names.looks_random(value, least=12)
    loud = words[-1] in names.LOUD or words[-1].endswith(names.LOUD_ENDS)
    if words == ["pw"] and names.looks_coined(value):
        return True
    if is_option or len(words) > 1 or gap.lstrip("\\")[:1] in "\"'" or loud or "%" in gap or "<" in before[-1:]:
        return True
    asked = before.endswith(("?", "&", "$", "--", "+")) or "=" in gap
    spoken = before.endswith(" ") and (names.words_of(before) or [""])[-1] in names.KEEPERS
    begins = not before.rpartition("\n")[2].strip(" \t-")
    return asked or spoken or quoted or begins or names.looks_random(value, least=12)


def _is_beside(name: str, words: list[str], before: str, gap: str, value: str) -> bool:
    """Whether a value stands behind a name with nothing but a space between them."""
    coined = names.looks_coined(value)
    if name.startswith("-"):
        return len(name) > 2 and not value.startswith("-")
    if SPOKEN_PASSWORD.fullmatch(words[-1]) and coined:
        return True
    if SETTING.search(before) and name.isupper() and (coined or names.looks_secret(value)):
        return True
    if len(words) > 1:
        return (name.isupper() and names.looks_secret(value)) or names.looks_random(value, least=16)
    return gap == "\t" and not before.rpartition("\n")[2] and (coined or names.looks_secret(value))


def _is_doubtful_value(name: str, words: list[str], before: str, gap: str, value: str) -> bool:
    """Whether a value under a name that may be a secret's looks like one."""
    spoken = (names.words_of(before[-24:]) or [""])[-1]
    if words == ["key"] and before.endswith(" ") and spoken in names.KEEPERS:
        return True
    if words == ["key"] and ":" in gap and before.endswith(" ") and not names.looks_random(value, least=16):
        return False
    if words[-1] == "pass":
        return names.looks_mixed(value)
    if words[-1] == "auth":
        ends = value.endswith("=") and len(value) >= 8
        return ends or names.looks_secret(value) or names.looks_coined(value)
    return names.looks_secret(value)
