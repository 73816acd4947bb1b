"""A run without what says whose it is: people, machines, places, addresses, and W&B and git links."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pandas as pd

from reportgen.redact.names import words
from reportgen.run import Run

REMOVED = "[removed]"
Clean = Callable[[str], str]
OWNER = ("host", "user", "username", "email", "entity", "path", "program", "executable", "git_remote", "url", "command")
OWNED = words(  # last words of a config's keys whose value goes
    "host hostname hostnames nodename nodelist nodelists user username email mail account partition qos reservation o"
    "wner"
    " author authors maintainer contact entity organization organisation org team tenant ip addr address bucket regis"
    "try"
    " server domain submitter creator namespace entities cluster"
)
TALKED = words(  # of these, the ones that a chat's or a sentence's line may begin with
    "user owner author account contact group team server node address host organization email domain creator cluster"
)
NO_NAMES = words(  # that everybody has: of users, in paths, in settings
    "user users assistant system localhost default none null auto root admin ubuntu debian centos ec2-user ec2 jovyan"
    " runner nobody vscode coder app dev test train data home guest public shared share tmp temp local work workspace"
    " project projects scratch runs run logs log models model checkpoints datasets true false yes no all any main"
    " node0 host 0.0.0.0 127.0.0.1 ::1 cpu gpu cuda tpu default_user batch normal debug high low"
)
ROOTS = r"home|homes|Users|users|user|scratch|u|people|staff|students|faculty|home\d{1,2}|scratch\d{1,2}|fsx|netscratch"
HOME = re.compile(
    rf"(?:[/\\]{{1,2}}(?:{ROOTS})[/\\]{{1,2}})(?:(?:[a-z]|[a-z]{{2}}|\d{{1,2}})[/\\]{{1,2}})?([\w][\w.-]{{0,60}})"
)
WINDOWS_HOME = re.compile(r"(?i)\\{1,4}Users\\{1,4}([^\\/:*?\"<>|\r\n]{1,60})\\")

OWN_DRIVE = re.compile(r"(?<!\w)[A-Za-z]:/(?!/)(?:[^\s/:*?\"<>|]{1,80}/){1,20}[^\s/:*?\"<>|,;)]*")
LINK = re.compile(
    r"https?://(?:[\w.-]+\.)?(?:wandb\.ai|coreweave\.com|github\.com|gitlab\.com|bitbucket\.org)/\S+|git@\S+"
)
KNOWN_HOSTS = re.compile(
    r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0|(?:[\w-]+\.)*(?:huggingface\.co|arxiv\.org|pypi\.org|pytorch\.org"
    r"|python\.org"
    r"|nvidia\.com|readthedocs\.io|example\.(?:com|org|net)|tensorflow\.org|openai\.com|wikipedia\.org"
    r"|doi\.org))(?=[:/?#]|$)"
)
PLACE = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s\"'<>`]+")  # file:///home/…, s3://bucket/…, tcp://node7:29500
WINDOWS = re.compile(
    r"(?<![\w])[A-Za-z]:\\{1,2}(?:[^\\/:*?\"<>|\r\n\s]+(?: [^\\/:*?\"<>|\r\n\s]+){0,4}\\{1,2}){0,20}[^\\/:*?\"<>"
    r"|\r\n\s]*"
    r"|(?<![\w\\])\\{2,4}[\w.$-]+(?:\\{1,2}[\w.$@+=-]+)+\\?"
)
PATH = re.compile(
    r"(?<![\w:.])(?<!:/)(?:~[\w.-]*|\$\{?\w{1,40}\}?|%\w{1,40}%)?(?:[/\\][\w.@+=,%-]+){2,}[/\\]?|(?<![\w])~[\w.-]*/[\w.@+=,%-]+"
    r"|(?<!\w)~[a-z][\w.-]+"
)
TLD = (
    r"com|org|net|io|ai|dev|cloud|edu|gov|co|cn|de|uk|fr|jp|kr|in|eu|us|ch|se|nl|au|ca|sg|hk|tw|il|internal|local|lan"
    r"|corp|intra|cluster|aws|app|tech|xyz|me"
)
IMAGE = re.compile(
    rf"(?<![\w/@.-])(?!nvcr\.io/nvidia/|docker\.io/library/)(?:[a-z0-9-]+\.)+(?:{TLD})(?::\d{{2,5}})?(?:/[\w.-]+)+(?:"
    rf":[\w.-]+)?(?:@sha256:\w+)?"
    r"|(?<![\w/@.-])(?:localhost|[a-z][a-z0-9-]*):\d{4,5}(?:/[\w.-]+)+(?::[\w.-]+)?"
)
ARN = re.compile(r"\barn:aws[\w-]*:[^\s\"'<>]+")
MAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z][\w-]{0,63}(?:\.[\w-]{1,63}){0,6}\.[A-Za-z]{2,24}"
    r"|[a-z][\w.-]{0,100}(?=:[~/])|(?=\d{0,30}[a-z])[\w.-]{2,100}"
    r"(?=:[~/]| ~[/ ]?| [\w.~/-]{1,100}\][#$%] ))"
)
IPV4 = re.compile(
    r"(?<![\w.])(?!127\.|0\.0\.0\.0)(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d"
    r"|1?\d?\d)(?:/\d{1,2})?(?![\w.]*\d)"
)
IPV6 = re.compile(
    r"(?<![\w:.])(?!::1\b)(?=[0-9a-fA-F:]*[0-9a-fA-F]{2})(?:(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}"
    r"|(?:[0-9a-fA-F]{1,4}:){1,6}:(?:[0-9a-fA-F]{1,4}:){0,5}[0-9a-fA-F]{1,4})(?![\w:])"
)
MAC = re.compile(r"(?<![\w:])(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}(?![\w:])")
MACHINE = re.compile(
    r"(?<!\w)(?:ip|ec2)-\d{1,3}(?:-\d{1,3}){3}[\w.-]*|(?<![\w.-])\d{1,3}(?:-\d{1,3}){3}\.[a-z][\w.-]*"
    r"|(?<![\w.-])[\w-]{1,63}(?:\.[\w-]{1,63}){0,6}\.(?:cloudapp\.azure\.com|ts\.net|amazonaws\.com)\b"
    r"|(?<!\w)(?:GPU|MIG)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(?m:^)[\w.-]{1,100}(?=:\d{1,9}:\d{1,9} \[\d+\] NCCL)"
    r"|(?<![\w./@-])(?=[a-z-]{0,30}\d)[a-z][\w-]{2,62}"
    r"(?=:(?:22|2222|6379|8265|10001|29\d{3}|[58]000|8080|8888)\b)|(?<![\w.-])[\w-]{1,63}(?:\.[\w-]{1,63}){0,6}\.(?:internal|local|lan"
    r"|corp|intra|localdomain|cluster|hpc)(?:\.[a-z]{2,12}){0,2}\b"
    r"|(?<![\w.-])[\w-]{1,63}(?:\.[\w-]{1,63}){0,6}\.(?:edu|ac\.[a-z]{2}|gov)\b"
    r"|(?<![\w-])(?:[a-z]{1,12}-)?(?:node|nid|dgx|hgx|compute|gpunode|cnode|gn|worker-node"
    r"|login)s?-?(?:\d{1,6}(?:-\d{1,6})*|\[[\d,-]{1,60}\])(?![\w.]*/)"
)
SCHEDULER = re.compile(
    r"(?P<name>\b(?:SLURM\w*|SBATCH_\w+|SRUN_\w+|PBS_\w+|LSB_\w+|SGE_\w+|PJM_\w+|FLUX_\w+|K8S_\w+|POD_\w+"
    r"|\w*_NAMESPACE|USER"
    r"|USERNAME|LOGNAME|SUDO_USER|HOSTNAME|HOST|NODE_NAME|NodeList|UserId|Account|Partition|BatchHost"
    r"|MASTER_ADDR|NODE_IP|HOME|MAIL)[\"']?(?:=|: ?)[\"']?)"
    r"(?P<value>(?!\d{1,6}\b)(?:(?<=HOSTS=)[^\n\"',;]+|[^\s\"',;]+))"
)
OWNED_TEXT = re.compile(  # one of OWNED with its value, in a text
    r"(?P<name>(?P<key>(?<![\w.-])[\w.-]{2,80})(?:[\"']?(?P<gap> ?[:=] ?)[\"']?))(?P<value>[\w.@+-]{2,100})"
    r"(?P<end>$|[\s\"',;})\]:])",
    re.MULTILINE,
)
COMMAND = re.compile(  # whose option, or word, names an owner
    r"(?P<name>\b(?:(?:sbatch|srun|salloc|qsub)\b[^\n]{0,200}? -[Apwqx]|bsub\b[^\n]{0,200}? -[PqGm]"
    r"|(?:sudo|squeue|sacct|qstat) -u"
    r"|su -l?|kubectl\b[^\n]{0,100}? (?:-n|--namespace|--context)|config (?:--global )?user\.(?:name|email)"
    r"|on (?:cluster|host|node)"
    r"|(?<=--)(?:wandb[_-])?(?:entity|user|username|owner|team|namespace|address))[ =]{1,4}[\"']?)"
    r"(?P<value>[^\s\"',;-][^\s\"',;]*)"
)
PERSON = re.compile(
    r"(?P<name>\b(?i:author|committer|co-authored-by|signed-off-by|reviewed-by|from|to): )"
    r"(?P<value>[^<>\n]{1,80})(?= <)"
)
IDENTITY = re.compile(r"(?P<name>\b(?:uid|gid|groups|UserId|GroupId)=(?:\d+\()?)(?P<value>[A-Za-z_][\w.-]*)")
CONTAINER = re.compile(  # docker run org/image:1
    r"(?P<name>\b(?:docker|podman|nerdctl|apptainer|singularity|enroot)\b[^\n]{0,300}?[ /])"
    r"(?P<value>[a-z0-9][\w.-]{0,60}/)(?=[\w.-]{1,60}(?::[\w.-]{1,60})?(?:\s|$))",
    re.MULTILINE,
)
SUBMITTED = re.compile(
    r"(?P<name>(?<!\S)--?(?:account|partition|nodelist|nodefile|qos|reservation|mail-user|job-name|comment|wckey"
    r"|exclude|constraint|host"
    r"|master[-_]addr|rdzv[-_]endpoint)(?:=|[ \t]{1,4}))(?P<value>[^\s\"',;-][^\s\"',;]*)"
)
LOGGED_IN = re.compile(r"(?P<name>(?i:logged in as:?) )(?P<value>[\w.-]+(?: \([\w.-]+\))?)")


NAME = re.compile(r"(?=[\w.@+-]*[A-Za-z])[\w.@+-]{3,100}")  # of somebody or something, as one word


def anonymous(run: Run) -> Run:
    """The run with its owner's traces out of every text; paths keep their last part."""
    clean = _cleaner(run)
    given: dict[str, Any] = {item.name: getattr(run, item.name) for item in fields(run)}
    given["source"] = _last_part(run.source)
    given["provenance"] = {key: value for key, value in run.provenance.items() if key not in OWNER}
    tables = {"history": run.history, "system": run.system}
    names = _names((str(name) for table in tables.values() if table is not None for name in table.columns), clean)
    safe = {name: _cleaned(value, clean, names) for name, value in given.items() if name not in tables}
    for name, table in tables.items():
        safe[name] = None if table is None else table.rename(columns=names)
    return replace(run, **safe)


def told(text: str, typed: Iterable[str]) -> str:
    """A message without the folders of what was typed, and of any other place in it."""
    for spec in sorted(filter(None, typed), key=len, reverse=True):
        text = re.sub(rf"{re.escape(spec)}(?:/[^\s:]*)?", lambda found: _last_part(found[0]), text)
    return _without_places(text)


def _cleaner(run: Run) -> Clean:
    """A function that takes places, addresses and the owner's names out of a text."""
    known = ("host", "user", "username", "email", "entity")
    names = {str(run.provenance[key]) for key in known if run.provenance.get(key)}
    names |= {value for key, value in run.config.items() if _is_owned(key) and isinstance(value, str)}
    names |= {part for name in names if "/" not in name for part in (re.split(r"[.@]", name)[0],)}
    if remote := re.search(r"[:/]([\w.-]+)/[\w.-]+?(?:\.git)?$", str(run.provenance.get("git_remote") or "")):
        names.add(remote[1])
    every = [getattr(run, item.name) for item in fields(run) if item.name not in ("history", "system")]
    for text in _texts(every):
        names |= {*HOME.findall(text), *WINDOWS_HOME.findall(text), *_owners(text)}
    ordered = sorted((name for name in names if len(name) > 1 and name.lower() not in NO_NAMES), key=len, reverse=True)
    bounded = "|".join(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])" for name in ordered[:500])
    own = re.compile(bounded or r"(?!)", re.IGNORECASE)
    return lambda text: own.sub(REMOVED, _without_places(text))


def _without_places(text: str) -> str:
    """The text without links, machines and people; paths and addresses of storage keep their last part."""
    if not any(sign in text for sign in "/\\@:.=-~") and not any(map(str.isdigit, text)):
        return text
    text = ARN.sub(REMOVED, LINK.sub(REMOVED, text))
    for pattern in (SCHEDULER, SUBMITTED, LOGGED_IN, COMMAND, PERSON, IDENTITY):
        text = pattern.sub(rf"\g<name>{REMOVED}", text)
    text = OWNED_TEXT.sub(_owned, text)
    text = CONTAINER.sub(r"\g<name>", text)
    for pattern in (PLACE, WINDOWS, OWN_DRIVE, IMAGE, PATH):
        text = pattern.sub(_place, text)
    for pattern in (MAIL, MAC, IPV4, IPV6, MACHINE):
        text = pattern.sub(REMOVED, text)
    return text


def _owners(text: str) -> Iterator[str]:
    """The names that a text gives of users, machines and accounts."""
    if "=" in text or ":" in text:
        for pattern in (SCHEDULER, IDENTITY):
            yield from (found["value"] for found in pattern.finditer(text) if NAME.fullmatch(found["value"]))
        yield from (found["value"] for found in OWNED_TEXT.finditer(text) if _names_owner(found))


def _owned(found: re.Match[str]) -> str:
    return f"{found['name']}{REMOVED}{found['end']}" if _names_owner(found) else found[0]


def _names_owner(found: re.Match[str]) -> bool:
    """Whether a key with its value in a text names a person, a machine or a place, rather than what a chat says."""
    key, value = found["key"], found["value"]
    if not _is_owned(key) or value.lower() in NO_NAMES or not NAME.fullmatch(value):
        return False
    return "=" in found["gap"] or key.lower() not in TALKED or found["end"] in ("", "\n", '"', "'", "}")


def _place(found: re.Match[str]) -> str:
    """What is left of a place: its last part; nothing of an address that is only a host."""
    place = found[0]
    scheme, colon, rest = place.partition("://")
    if colon:
        if scheme in ("http", "https") and KNOWN_HOSTS.match(rest):
            return place
        rest = re.split(r"[?#]", rest)[0].rstrip("/.,;)")
        return _last_part(rest) if "/" in rest.strip("/") else REMOVED
    tail = re.search(r"[.,;:)]*$", place)
    end = tail[0] if tail else ""
    return (_last_part(place[: len(place) - len(end)] if end else place) or REMOVED) + end


def _names(columns: Iterable[str], clean: Clean) -> dict[str, str]:
    """Metric -> its name without traces, still one each."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for name in columns:
        safe = clean(name)
        while safe in taken and safe != name:
            safe += "'"
        names[name] = safe
        taken.add(safe)
    return names


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif is_dataclass(value):
        yield from _texts([getattr(value, item.name) for item in fields(value)])


def _cleaned(value: Any, clean: Clean, names: Mapping[str, str]) -> Any:
    """The same value, every text in it without traces; a metric's name as it is now."""
    if isinstance(value, str):
        return names[value] if value in names else clean(value)
    if isinstance(value, list):
        return [_cleaned(item, clean, names) for item in value]
    if isinstance(value, tuple):
        items = [_cleaned(item, clean, names) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, Mapping):
        return {_cleaned(key, clean, names): REMOVED if _is_owned(str(key)) and isinstance(item, str) and item
                else _cleaned(item, clean, names) for key, item in value.items()}  # fmt: skip
    if is_dataclass(value) and not isinstance(value, type):
        inner = {item.name: _cleaned(getattr(value, item.name), clean, names) for item in fields(value) if item.init}
        return replace(value, **inner)
    if isinstance(value, pd.Series) and value.name is not None:
        return value.rename(_cleaned(value.name, clean, names)) if isinstance(value.name, str) else value
    return value


def _is_owned(key: str) -> bool:
    """Whether what stands under a key of a config is its owner's."""
    parts = re.split(r"[./]", key.lower())
    return "slurm" in parts[:-1] or re.split(r"[^a-z]", parts[-1])[-1] in OWNED


def _last_part(path: str) -> str:
    """What a source or a path is called, without the folders above it."""
    head, space, tail = path.rpartition(" ")
    if ":\\" in path or path.startswith("\\\\"):
        head, space, tail = "", "", path
    return head + space + tail.replace("\\", "/").rstrip("/").rpartition("/")[2]
