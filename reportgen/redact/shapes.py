"""What secrets look like by themselves: the tokens of services, keys in PEM, hashes of passwords."""

from __future__ import annotations

import base64
import binascii
import re
from itertools import pairwise

from reportgen.redact import names

SHAPE = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:hf|api_org|api_hf)_[A-Za-z0-9]{16,}"
    r"|(?<![_-])sk-(?=[A-Za-z_-]{0,80}\d)[A-Za-z0-9_-]{12,}|(?:sk|rk|pk)_(?:live|test)_\w{8,}|sk_[0-9a-f]{40,}"
    r"|(?:sk|pk)-lf-[\w-]{16,}|whsec_[\w+/=]{16,}|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}"
    r"|(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{12,}|xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}"
    r"|gl(?:pat|dt|rt|soat|cbt|ptt|ft|agent|imt|oas|ffct|wt)-[\w.=-]{12,}|GR1348941[\w-]{12,}"
    r"|AIza[\w-]{30,}|GOCSPX-[\w-]{16,}|1//0[\w-]{20,}|ya29\.[\w-]{20,}"
    r"|eyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*(?:\.[\w-]+)*|wandb_v\d{1,3}_\w{16,}|npm_[A-Za-z0-9]{30,}|pypi-[\w-]{30,}"
    r"|dckr_(?:pat|oat)_[\w-]{16,}|do[opr]_v1_\w{32,}|SG\.[\w-]{16,}\.[\w-]{16,}|r8_[A-Za-z0-9]{30,}|nvapi-[\w-]{30,}"
    r"|gsk_[A-Za-z0-9]{30,}|tgp_v1_[\w-]{30,}|d(?:api|kea)[0-9a-f]{32}(?:-\d)?|rpa_[A-Za-z0-9]{30,}"
    r"|pplx-[A-Za-z0-9]{30,}"
    r"|fw_(?=[A-Za-z]*\d)[A-Za-z0-9]{20,}|esecret_[A-Za-z0-9]{16,}|xai-[A-Za-z0-9]{30,}|csk-[A-Za-z0-9]{24,}"
    r"|a[ks]-(?=[A-Za-z]*\d)[A-Za-z0-9]{20,}|lsv2_(?:pt|sk)_[0-9a-f]{24,}\w*|pcsk_\w{20,}|sbp_[0-9a-f]{30,}"
    r"|nfp_[A-Za-z0-9]{30,}|lin_(?:api|oauth)_[A-Za-z0-9]{30,}|ntn_[A-Za-z0-9]{30,}"
    r"|secret_(?=[A-Za-z]*\d)[A-Za-z0-9]{32,}"
    r"|pat[A-Za-z0-9]{14}\.[0-9a-f]{40,}|figd_[\w-]{30,}|sntry[su]_[\w=+/.-]{30,}|gl(?:c|sa)_[\w=+/-]{24,}"
    r"|NRAK-[A-Z0-9]{20,}|NRIQ[\w-]{20,}|ph[cx]_[A-Za-z0-9]{30,}|dp\.(?:pt|st|ct|scim|audit)\.[\w.-]{20,}"
    r"|hv[sbr]\.[\w-]{20,}"
    r"|[A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,}|pul-[0-9a-f]{30,}|AGE-SECRET-KEY-1[A-Z0-9]{20,}|shp(?:at|ss|ca|pa"
    r"|tka)_[0-9a-fA-F]{24,}"
    r"|sq0[a-z]{3}-[\w-]{20,}|EAA[ACB][\w-]{30,}|sl\.(?:u\.)?[\w-]{60,}|rubygems_[0-9a-f]{30,}"
    r"|cio(?=[A-Za-z]*\d)[A-Za-z0-9]{32}"
    r"|oy2[a-z0-9]{40,}|CLOJARS_[a-z0-9]{40,}|AKC(?=[A-Za-z]*\d)[A-Za-z0-9]{10,}|AT(?:ATT3|CTT3|BB)[\w=-]{20,}"
    r"|pnu_[A-Za-z0-9]{30,}"
    r"|rdme_[a-z0-9]{30,}|bkua_[a-z0-9]{30,}|CCIPAT_[\w]{20,}|sgp_\w{30,}|fo1_[\w-]{30,}|fm[12][ar]?_[\w+/=,-]{40,}"
    r"|FlyV1 [\w+/=,-]{40,}"
    r"|tskey-[a-z]{1,12}-[\w-]{16,}|PMAK-[0-9a-f-]{40,}|pscale_(?:tkn|pw|oauth)_[\w.=-]{20,}|opk_\w{30,}"
    r"|jina_[A-Za-z0-9]{30,}"
    r"|pa-(?=[A-Za-z_-]*\d)[\w-]{30,}|tvly-(?:[a-z]{1,8}-)?[A-Za-z0-9]{16,}|fc-[0-9a-f]{32}|e2b_[0-9a-f]{30,}"
    r"|bb_live_[\w-]{16,}"
    r"|HRKU-[\w-]{30,}|key-[0-9a-f]{32}|[0-9a-f]{32}-us\d{1,2}|(?:SK|AC)[0-9a-f]{32}|\d{8,10}:AA[\w-]{30,}"
    r"|[MNO][A-Za-z\d_-]{23,27}\.[\w-]{6}\.[\w-]{27,40}|[\w~.-]{3}\dQ~[\w~.-]{30,}|LTAI[A-Za-z0-9]{12,}"
    r"|AKID[A-Za-z0-9]{28,}"
    r"|ABSK[A-Za-z0-9+/]{60,}={0,2}|AKLT[A-Za-z0-9]{20,}|A{7,}[A-Za-z0-9%]{40,}|v1\.0-[0-9a-f]{24}-[0-9a-f]{100,}"
    r"|(?:ops|waka|duffel|ubhp|lip|rnd|vck|vcp|cfut|cfat|lightning|bedrock-api-key)[_-](?=[A-Za-z_-]*\d)[\w=-]{30,}"
    r"|sha256~[\w-]{40,}|KGAT_[0-9a-f]{20,}|pit_[0-9a-f]{30,}|dtn_[0-9a-f]{30,}|tml-[A-Za-z0-9]{40,}|pb_(?=[A-Za-z]*\d)[A-Za-z0-9]{20,}"
    r"|sk_[\w-]{40,}|secret_[a-z0-9-]{1,30}_(?=[A-Za-z]*\d)[A-Za-z0-9]{20,}(?:\.[A-Za-z0-9]{20,})?|CW-SECRET-[A-Za-z0-9]{20,}"
    r"|sb_secret_[\w-]{20,}|napi_[a-z0-9]{30,}|re_[A-Za-z0-9]{6,10}_[A-Za-z0-9]{16,}|llx-[A-Za-z0-9]{30,}|apify_api_[A-Za-z0-9]{20,}"
    r"|xa[ap]t-[0-9a-f-]{30,}|sq[apu]_[0-9a-f]{40}|hcai?k_\w{30,}|polar_[a-z]{2,4}_[A-Za-z0-9]{30,}|ydc-sk-[\w-]{20,}|cpk_[\w.-]{40,}"
    r"|sn4_\w{20,}|glhf_[0-9a-f]{30,}|m0-[A-Za-z0-9]{36,}|tpuf_[A-Za-z0-9]{30,}|hl_sk_[0-9a-f]{30,}|CFPAT-[\w-]{36,}"
    r"|pat-(?:na|eu)\d-[0-9a-f-]{36}|signkey-[a-z]{2,8}-[0-9a-f]{32,}|SCW[A-Z0-9]{17}|AQVN[\w-]{35,}|y0_[\w-]{50,}"
    r"|key_[0-9a-f]{64,}|luma-[0-9a-f-]{36,}|cmVmdGtuOj[A-Za-z0-9]{40,}|hf_oauth_[\w.-]{20,}|tk_[a-z0-9]{29}|SEC[0-9a-f]{64}"
    r"|ms-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|v1\.Cm[\w-]{60,}"
    r")|\$(?:apr1|2[abxy]?|5|6|y|argon2\w{0,2})\$[\w./$,=+-]{20,}"
)
PEM = re.compile(
    r"-{4,5} ?BEGIN (?:(?=[A-Z0-9 ]{0,40}PRIVATE KEY)[A-Z0-9 ]{0,60}|OpenVPN Static key V\d)-{4,5}"
    r"[\s\S]*?(?:-{4,5} ?END [A-Za-z0-9 ]{0,60}-{4,5}|\Z)"
)
PEM_END = re.compile(r"-{4,5} ?END [A-Z0-9 ]{0,40}PRIVATE KEY")
PUTTY = re.compile(
    r"Private-Lines: \d{1,4}(?:\s{1,4}|\\r|\\n){1,4}(?P<body>(?:[A-Za-z0-9+/=]{8,80}(?:\s{1,4}|\\r|\\n"
    r"|\Z){1,2}){1,400})"
)
HEX40 = re.compile(r"(?<![A-Za-z0-9])[0-9a-fA-F]{40}(?![A-Za-z0-9])")
SAID = names.words(  # before forty hex digits in a text: they are those of a commit or a checkpoint
    "commit commits hash hashes sha sha1 revision rev head tree blob blobs snapshot snapshots object objects digest"
    " etag checksum fingerprint checkout parent merge checkpoint ckpt weights dataset tokenizer artifact ref refs oid"
)
FINGERPRINT = SAID | names.words(  # in a key
    "git version cache file id uuid base branch tag build image model diff cherry pick"
)
LONG_RUN = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{24,}={0,2}(?![A-Za-z0-9+/_-])")
BARE = re.compile(  # a token of whatever service: letters of both cases and digits, long and in no order
    r"(?<![A-Za-z0-9+/=@#.\\-])(?:[A-Za-z]{1,8}[_-])?(?P<run>[A-Za-z0-9]{32,128})(?![A-Za-z0-9+/=_.\\-])"
    r"|(?<==)(?P<value>[A-Za-z0-9]{32,128})(?![A-Za-z0-9+/=_.\\-])"
)
AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
HEX_RUN = re.compile(r"(?:[0-9a-fA-F]{2})+")
LONGEST_CODED = 20_000  # characters of base64 that are looked into; a longer run is a picture or a file


def names_fingerprint(key: str) -> bool:
    """Whether forty hex digits under a key are those of a commit, a file or a checkpoint."""
    words = set(names.words_of(key))
    return bool(FINGERPRINT & words) and not words & {"key", "token", "secret"}


def is_fingerprint(text: str, start: int, end: int, *, paths: bool = False) -> bool:
    """Whether the words around forty hex digits say that they name a commit, a file or a checkpoint.

    paths: what stands behind a slash is a part of a path, not of a metric's name.
    """
    before = text[max(0, start - 60) : start]
    words = names.words_of(before[-24:])
    in_address = before.endswith("@") and "git" in before.rsplit(None, 1)[-1]
    path = before.split()[-1:] if before[-1:] in ("/", "\\") else []
    starts = ("/", "~", ".", "\\")
    in_path = bool(path) and (paths or path[0].lstrip("'\"(=").startswith(starts) or "://" in path[0])
    is_file = text[end : end + 1] == "." and text[end + 1 : end + 2].isalpha()
    return in_address or in_path or is_file or (bool(SAID & set(words[-2:])) and "key" not in words[-3:])


def beheaded_key(text: str) -> list[tuple[int, int]]:
    """Where the body of a PEM key stands whose first line was cut away."""
    spans = []
    for found in PEM_END.finditer(text):
        start = found.start()
        while start and (text[start - 1].isalnum() or text[start - 1] in "+/=\r\n\\ \t\"',|"):
            start -= 1
        if found.start() - start >= 20:
            spans.append((start, found.start()))
    return spans


def bare_tokens(text: str) -> list[tuple[int, int]]:
    """Where a token stands that no rule knows, but that chance alone made: 32 letters or more, of three kinds."""
    return [
        found.span(found.lastgroup or 0)
        for found in BARE.finditer(text)
        if _is_by_chance(found[0].rpartition("_")[2]) and not decoded(found[0])
        and not text.endswith(("base64,", "sha256-"), 0, found.start())
    ]  # fmt: skip


def _is_by_chance(run: str) -> bool:
    """Whether capitals, small letters and digits follow each other as often as in a token: words keep to one."""
    kinds = ["0" if char.isdigit() else "A" if char.isupper() else "a" for char in run]
    changes = sum(before != after for before, after in pairwise(kinds))
    return len(set(kinds)) == 3 and kinds.count("0") >= 3 and changes >= 0.4 * len(kinds)


def unhexed(run: str) -> str:
    """What a run of hex digits says when that is plain text, else ""."""
    if not 32 <= len(run) <= LONGEST_CODED or not HEX_RUN.fullmatch(run):
        return ""
    found = bytes.fromhex(run).decode("latin-1")
    return found if found.isascii() and (found.isprintable() or "\n" in found) else ""


def parts_of(run: str) -> list[str]:
    """A run that may be base64, and the parts of it that may be: a slash is one of its signs, and one of paths."""
    return [run, *(part for part in run.split("/") if 24 <= len(part) < len(run))] if "/" in run else [run]


def decoded(run: str) -> str:
    """What a run of base64 says when that is plain text, else ""."""
    if len(run) > LONGEST_CODED:
        return ""
    try:
        raw = base64.b64decode(run.rstrip("=").translate({45: 43, 95: 47}) + "=" * (-len(run.rstrip("=")) % 4))
        found = raw.decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
    return found if found.isprintable() or "\n" in found else ""
