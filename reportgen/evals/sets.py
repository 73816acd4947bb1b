"""Eval sets by name: which spellings are one set, and how many problems it has."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

KNOWN: tuple[tuple[str, str, int | None], ...] = (  # set, spellings (fullmatch), problems; None: they vary
    ("gsm8k", r"gsm_?8k(_main|_socratic)?", 1319),
    ("gsm8k-platinum", r"gsm_?8k_platinum", 1209),
    ("math500", r"(hendrycks_)?math_?500", 500),
    ("math", r"(hendrycks_|competition_)?math(_lighteval)?|lighteval_math", 5000),
    ("aime", r"aime", 30),
    ("aime24", r"aime_?(20)?24", 30),
    ("aime25", r"aime_?(20)?25", 30),
    ("aime26", r"aime_?(20)?26", 30),
    ("amc", r"amc|amc_?(20)?2[2-5]", None),  # 40 or 83, by who cut it
    ("minerva", r"minerva(_?math)?", 272),
    ("olympiadbench", r"olympiad(_?bench)?(_en|_math)?", 674),  # 674 or 675: the smaller is the cautious one
    ("gpqa-diamond", r"gpqa_?diamond", 198),
    ("gpqa-main", r"gpqa_?main", 448),
    ("gpqa", r"gpqa", None),
    ("humaneval", r"(openai_)?human_?eval(_plus|\+)?", 164),
    ("mbpp", r"mbpp", 500),
    ("mbpp-sanitized", r"mbpp_sanitized|sanitized_mbpp", 427),
    ("mbpp-plus", r"mbpp(_plus|\+)", 378),
    ("mmlu", r"mmlu", 14042),
    ("mmlu-pro", r"mmlu_?pro", 12032),
    ("bbh", r"bbh|big_?bench_?hard", 6511),
    ("ifeval", r"if_?eval", 541),
    ("arc-challenge", r"(ai2_)?arc_?(challenge|c)", 1172),
    ("hmmt", r"hmmt(_?(feb|nov))?(_?(20)?2[3-6])?", 30),
    ("brumo", r"brumo(_?(20)?2[3-6])?", 30),
    ("livecodebench", r"live_?code_?bench(_?v\d)?|lcb", None),
    ("countdown", r"countdown.*", None),
)
# papers and exams that nobody trains on: an eval of one is transfer where nothing says otherwise
EXAMS = frozenset((
    "aime", "aime24", "aime25", "aime26", "amc", "minerva", "olympiadbench", "gpqa", "gpqa-diamond", "gpqa-main",
    "humaneval", "mmlu", "mmlu-pro", "bbh", "ifeval", "arc-challenge", "hmmt", "brumo", "livecodebench",
))  # fmt: skip
# what runs train on and no eval is of: spellings in a longer text
CORPORA: tuple[tuple[str, str], ...] = (
    ("dapo-math-17k", r"dapo_?(?:math)?_?17k"),
    ("deepscaler", r"deep_?scaler(?:_preview)?"),
    ("openr1-math", r"open_?r1_math(?:_\d+k)?"),
    ("numina-math", r"numina_?math(?:_\w+)?"),
    ("open-math-instruct", r"open_?math_?(?:instruct|reasoning)(?:_\d)?"),
    ("skywork-or1", r"skywork_or1(?:_\w+)?"),
    ("big-math", r"big_?math(?:_rl\w*)?"),
    ("deepmath", r"deepmath(?:_103k)?"),
    ("orz-math", r"orz_(?:math_)?\d+k(?:_\w+)?"),
    ("simplerl", r"simple_?rl(?:_zoo)?(?:_\w+)?"),
    ("eurus-2", r"eurus_2_rl\w*"),
    ("geometry3k", r"(?:geometry|geo)_?3k"),
)
TRAINED_ON = tuple((name, re.compile(rf"(?:^|[^a-z0-9]){spelling}(?=[^a-z0-9]|$)")) for name, spelling in CORPORA)
SPELLINGS = tuple((name, re.compile(spelling), size) for name, spelling, size in KNOWN)
NOISE = re.compile(r"(?:^|_)(?:tests?|test_?set|eval|\d+_?shot|cot|zero_?shot|hf|default|openai|all)(?=_|$)")
FAMILIES = {"math500": "math", "aime24": "aime", "aime25": "aime", "aime26": "aime"}  # cut from the same problems
# a set's name inside a longer text: "verl_example_gsm8k", "~/data/gsm8k/train.parquet", "MATH-lighteval"
MATH = r"(?:hendrycks|competition)_math|math_lighteval|lighteval_math|(?<![^/])math(?=/|$)"  # "math" alone is any maths
MENTIONS = tuple(
    (name, re.compile(rf"(?:^|[^a-z0-9])(?:{MATH if name == 'math' else spelling})(?=[^a-z0-9]|$)"))
    for name, spelling, _ in KNOWN
)


def spelled(text: str) -> str:
    """A set's name as the table spells it: lower case, without its owner, parts joined by "_"."""
    last = text.strip("/").rsplit("/", 1)[-1]
    if re.fullmatch(r"main|default|test|all|en|train", last.lower()) and "/" in text.strip("/"):
        last = text.strip("/").rsplit("/", 2)[-2]  # a subset of a data set: openai/gsm8k/main
    return re.sub(r"[^a-z0-9+]+", "_", last.lower()).strip("_")


@lru_cache(maxsize=4096)
def known(text: str) -> str:
    """The set that a name is, in one spelling; "" when the table has none such."""
    plain = spelled(text)
    for form in dict.fromkeys((plain, re.sub("_+", "_", NOISE.sub("_", plain)).strip("_"))):
        for name, pattern, _ in SPELLINGS:
            if pattern.fullmatch(form):
                return name
    return ""


def problems(text: str) -> int | None:
    """How many problems a set of this name has; None when that varies or isn't known.

    A part of a set ("gsm8k_val", "gsm8k_200") has its own number, which its name doesn't tell.
    """
    name = known(text)
    if not name:
        return None
    return next(size for other, _, size in KNOWN if other == name)


def mentioned(texts: Iterable[str]) -> tuple[str, ...]:
    """Every known set that some texts name, in their order."""
    found: dict[str, None] = {}
    for text in texts:
        plain = re.sub(r"[^a-z0-9+/]+", "_", text.lower())
        here = [(match.start(), name) for name, pattern in MENTIONS if (match := pattern.search(plain))]
        names = {name for _, name in here}
        found |= {name: None for _, name in sorted(here) if not any(_inside(name, other) for other in names - {name})}
    return tuple(found)


def corpora(texts: Iterable[str]) -> tuple[str, ...]:
    """Every data set that some texts name of those that runs train on and that no eval is of."""
    plain = [re.sub(r"[^a-z0-9+/]+", "_", text.lower()) for text in texts]
    return tuple(name for name, pattern in TRAINED_ON if any(pattern.search(text) for text in plain))


def family(text: str) -> str:
    """What a set was cut from: MATH for MATH-500; its own spelling when the table has none such."""
    name = known(text) or spelled(text)
    return FAMILIES.get(name, name)


def _inside(name: str, other: str) -> bool:
    """Whether another set's name says more: "gsm8k-platinum" than "gsm8k"."""
    return other.startswith(name) and len(other) > len(name)
