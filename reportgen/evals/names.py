"""What an eval's logged name says: its set, the kind of its number, which part of a reward it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from reportgen import trainers
from reportgen.evals import sets
from reportgen.trainers.trainer import EvalName

STATS = {"mean": "mean", "avg": "mean", "acc": "mean", "pass": "pass", "best": "best", "maj": "maj", "cons": "maj"}
ACCURATE = r"accuracy|acc|correct(?:ness)?|pass_rate|success(?:_rate)?|solve_rate|exact_match|em"
REWARD = r"reward|rewards?_mean|mean_rewards?|avg_reward|score|avg_score|mean_score|return|task_reward|reward_score"
SCOPE = r"(?:eval(?:uation)?s?|val(?:id(?:ation)?)?|test|benchmarks?|lm_?eval|lighteval)"
AT_K = r"(?P<stat>mean|avg|acc|pass|best|maj|cons)_?(?:@|_at_|at_)?_?(?P<k>\d+)"

# best first; groups: set, stat and k (kind), acc (a share of right answers), part (of a reward), any: a reward
PATTERNS = tuple(re.compile(pattern, re.IGNORECASE) for pattern in (
    # verl: the variable stands between the set and the number; its std is none
    rf"val-(?:core|aux)/(?P<set>.+)/(?:(?P<acc>acc|accuracy)|(?P<reward>reward|score)|(?P<part>[^/@]+))/{AT_K}(?:/mean)?",
    r"(?:val/)?test_score/(?P<set>.+)(?P<acc>)",
    # OpenRLHF; SkyRL; prime-rl and all who write set/number@k
    rf"(?:eval/)?eval_(?P<set>.+)_{AT_K}",
    r"eval/(?P<set>.+)/avg_score",
    rf"{SCOPE}[/_-](?:(?P<set>.+)[/_-])?{AT_K}(?:/mean)?",
    # Tinker: an environment's metrics, those of the test set under test/
    rf"test/env/(?P<set>[^/]+)/(?:(?P<acc>{ACCURATE})|reward/total|(?P<part>[^/]+))",
    # the parts of a reward: TRL, EasyR1
    r"eval[_/](?:(?P<set>[^/]+)_)?rewards/(?:(?P<acc>[^/]*(?:accuracy|acc)[^/]*)|(?P<part>[^/]+?))(?:/mean)?",
    rf"{SCOPE}[/_](?:(?P<acc>{ACCURATE})|(?!mean|avg|task|episode|total)(?P<part>[a-z]+))_reward",
    # ROLL
    r"val/(?P<acc>correct)/(?P<set>.+)/mean",
    # AReaL and its kin: a scope of its own
    rf"(?:[\w.]+-)?eval(?:-[\w.]+)?/(?:(?P<set>[^/]+)/)?(?:(?P<acc>{ACCURATE})|{REWARD})(?:/(?:avg|mean))?",
    # anybody: scope, perhaps a set, then a word for the number
    rf"{SCOPE}[/_-](?:(?P<set>.+?)[/_-])?(?:(?P<acc>{ACCURATE})|{REWARD})(?:[/_](?:avg|mean|all/mean))?",
    rf"{SCOPE}[/_-](?P<set>.+)",
    r"(?P<acc>)(?P<stat>pass|maj|best|mean|avg)@(?P<k>\d+)",
    rf"(?P<set>[^/]+)[/_-](?:(?P<acc>{ACCURATE})|{AT_K})",
))  # fmt: skip
ANY_SET, BARE_K, SET_FIRST = PATTERNS[-3:]
# words of what is no level of skill: lengths, clocks, counts, spreads
OTHERS = re.compile(
    r"(?:^|[/_.@-])(?:loss|times?|timing|runtime|steps?|epoch|lengths?|len|ratio|per_second|second|entropy|tokens?|std|"
    r"var|num|n|count|counts|kl|lr|min|max|turns?|samples|size|total_episodes|episodes?|truncat\w*|clip\w*|response|prompt|"
    r"version|lag|throughput|memory|perf|worst|stderr|se|idx|id|seqs|no_eos\w*|frac\w*)(?:$|[/_.@-]|(?=\d))"
)
PLAIN = frozenset((
    "rollout", "all", "env", "mean", "avg", "test", "eval", "val", "task", "total", "final", "core", "aux", "reward",
))  # fmt: skip


@dataclass(frozen=True)
class Named:
    """What a name says of its eval."""

    set: str  # as logged; "" when the name doesn't tell
    kind: str  # "mean@1", "pass@8", "maj@4", "best@4", "reward"
    part: str = ""  # the part of a reward that it is: "format"
    accuracy: bool = False  # a share of right answers, by its name


def named(name: str, trainer: str = "") -> Named | None:
    """What an eval's name says; None when it is no eval of rewards.

    trainer: whose names come first; `eval/<set>` is slime's, and of others only where the set is known.
    """
    general = _general(name, trainer)
    if general is not None and general.part:
        return general
    for own in (each for one in trainers.kin(trainers.by_name(trainer)) for each in one.evals):
        found = own.match(name.replace(".", "/"))
        if found is not None and not _is_other(name.replace(".", "/"), found[0]):
            return _of_trainer(own, *found)
    return general


def _of_trainer(own: EvalName, said: str, k: int | None) -> Named:
    kind = "reward" if own.kind == "reward" else f"{own.kind}@{k or 1}"
    plain = "" if said.lower() in PLAIN and said.lower() != "all" else said
    return Named(plain, kind, "", own.accuracy or (own.kind == "reward" and bool(sets.known(said))))


@lru_cache(maxsize=1 << 16)
def _general(name: str, trainer: str) -> Named | None:
    """The same by the words that most trainers use."""
    spelled = name.replace(".", "/").replace("_at_", "@")
    for pattern in PATTERNS:
        match = pattern.fullmatch(spelled)
        if match is None:
            continue
        found = match.groupdict()
        said = (found.get("set") or "").strip("/")
        if _is_other(spelled, said):
            return None
        if pattern is ANY_SET and not sets.known(said):
            return None
        if pattern is SET_FIRST and not sets.known(said):
            return None
        if pattern is BARE_K and trainer not in ("nanochat", ""):
            return None
        return _named(found, said, is_set_alone=pattern is ANY_SET)
    return None


def _named(found: dict[str, str | None], said: str, *, is_set_alone: bool) -> Named:
    part = found.get("part") or ""
    accuracy = found.get("acc") is not None
    if part in ("overall", "total", "reward"):
        part = ""
    kind = "mean@1" if accuracy else "reward"
    if stat := found.get("stat"):
        kind = f"{STATS[stat.lower()]}@{int(found['k'] or 1)}"
        accuracy = accuracy or not (part or found.get("reward"))
    plain = "" if said.lower() in PLAIN and said.lower() != "all" else said
    if is_set_alone:
        accuracy = bool(sets.known(said))
    return Named(plain, kind, part, accuracy)


def _is_other(spelled: str, said: str) -> bool:
    """Whether a name speaks of something else than skill; words inside a known set's name don't count."""
    rest = spelled.replace(said, "", 1) if said and sets.known(said) else spelled
    return bool(OTHERS.search(rest.lower()))


def family(kind: str) -> str:
    """Kinds of one family estimate the same thing: mean@k and pass@1 do; mean and pass@k never."""
    stat, _, k = kind.partition("@")
    if stat == "mean" or kind in ("pass@1", "best@1", "maj@1"):
        return "mean"
    return kind.replace("best@", "pass@") if k else kind
