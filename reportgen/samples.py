"""What the model wrote: rollouts as values, and what a reader wants to know of many of them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from reportgen import naming, redact

LONGEST_SHOWN = 1_600  # characters of one answer on a page; its start and its end are kept
LONGEST_PROMPT = 500
LONGEST_READ = 100_000  # characters of a text that are looked at
MOST_SHOWN_BYTES = 64_000  # of all texts of a page together
A_BAND = 2  # answers shown of each reward band of a step
BINS = 10  # of the reward histogram
MOST_LEVELS = 4  # rewards with no more values than these are bands of their own
WORDS = 4  # in a row that make a repeated phrase …
REPEATED = 0.5  # … of which more than this share occurred before: the answer goes in circles
LEAST_WORDS = 40  # of an answer that can go in circles
MOST_CHANGED = 3  # problems shown that were won or lost between two evals
SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Sample:
    """One rollout as it was written."""

    step: int
    prompt: str
    answer: str
    reward: float
    length: int  # tokens where they were counted, else characters
    problem: str  # by it samples of one problem find each other
    is_cut: bool | None = None  # at the length limit; None: not logged


@dataclass(frozen=True)
class Written:
    """One answer as a page shows it: secrets out, shortened."""

    step: int
    band: str  # "reward 1"
    prompt: str
    answer: str
    reward: float
    length: int
    is_cut: bool | None
    n_left_out: int = 0  # characters between the answer's start and end


@dataclass(frozen=True)
class StepShares:
    """What the answers of one step were like."""

    step: int
    n: int
    reward: float  # mean
    all_right: float | None  # share of groups whose rewards are all the highest; None: no groups
    all_wrong: float | None
    duplicates: float  # share of answers that another answer to the same problem repeats to the letter
    circling: float  # share of long answers that repeat themselves
    cut: float | None  # share of answers cut at the length limit


@dataclass(frozen=True)
class Histogram:
    """Rewards of one step in equal bins."""

    step: int
    low: float
    high: float
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Turned:
    """Problems of the eval that were solved at one step and not at the other."""

    before: int  # step
    after: int
    n_problems: int
    won: int
    lost: int
    examples: tuple[tuple[Literal["won", "lost"], Written, Written], ...]


@dataclass(frozen=True)
class Samples:
    """A study of a run's rollouts, small enough for a page."""

    source: str  # where they lie
    n: int
    counted_in: str  # "tokens" or "characters"
    steps: tuple[StepShares, ...]
    histograms: tuple[Histogram, ...]  # of the first, the middle and the last step
    written: tuple[Written, ...]
    pairs: tuple[tuple[Written, Written], ...]  # one problem at two steps
    turned: Turned | None  # None: fewer than two evals with the same problems
    notes: tuple[str, ...] = ()


def problem_of(prompt: str) -> str:
    """A short digest by which samples of one prompt find each other."""
    return hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def study(
    train: Sequence[Sample], evals: Sequence[Sample] = (), *, source: str, counted_in: str = "tokens",
    notes: Iterable[str] = (),
) -> Samples | None:  # fmt: skip
    """What a page says of a run's rollouts; None without any.

    train: rollouts of the policy that learned. evals: of the evals, whose problems come again.
    """
    every = [*train, *evals]
    if not every:
        return None
    by_step = _by_step(train or evals)
    chosen = _first_middle_last(sorted(by_step))
    low, high = min(one.reward for one in every), max(one.reward for one in every)
    room = _Room()
    pairs = tuple(_pairs(by_step, chosen, room))
    turned = _turned(_by_step(evals), high, room)
    bands = _bands([one.reward for one in train or evals])
    written = tuple(one for step in chosen for one in _of_bands(by_step[step], bands, room))
    return Samples(
        source=redact.text(naming.writable(source), keeps_hex=True)[0],
        n=len(every),
        counted_in=counted_in,
        steps=tuple(_shares(step, by_step[step], high) for step in sorted(by_step)),
        histograms=tuple(_histogram(step, by_step[step], low, high) for step in chosen),
        written=written,
        pairs=pairs,
        turned=turned,
        notes=tuple(notes),
    )


class _Room:
    """How much text a page still takes."""

    def __init__(self) -> None:
        self._left = MOST_SHOWN_BYTES

    def written(self, one: Sample, band: str) -> Written | None:
        """The sample as it is shown; None when the page is full."""
        # secrets first: half of one, where a text is shortened, would not look like one
        asked, said = (redact.text(naming.writable(text[:LONGEST_READ]))[0] for text in (one.prompt, one.answer))
        prompt, _ = _shortened(asked, LONGEST_PROMPT)
        answer, n_left_out = _shortened(said, LONGEST_SHOWN)
        size = len(prompt.encode()) + len(answer.encode())
        if size > self._left:
            return None
        self._left -= size
        return Written(one.step, band, prompt, answer, one.reward, one.length, one.is_cut, n_left_out)


def _by_step(samples: Iterable[Sample]) -> dict[int, list[Sample]]:
    found: dict[int, list[Sample]] = defaultdict(list)
    for one in samples:
        found[one.step].append(one)
    return found


def _first_middle_last(steps: Sequence[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys((steps[0], steps[len(steps) // 2], steps[-1])))


def _shares(step: int, samples: Sequence[Sample], best: float) -> StepShares:
    """What the answers of one step were like."""
    groups: dict[str, list[Sample]] = defaultdict(list)
    for one in samples:
        groups[one.problem].append(one)
    several = [group for group in groups.values() if len(group) > 1]
    right = [all(one.reward >= best for one in group) for group in several]
    wrong = [all(one.reward == group[0].reward < best for one in group) for group in several]
    repeated = sum(
        count for group in several for count in Counter(_plain(one.answer) for one in group).values() if count > 1
    )
    cuts = [one.is_cut for one in samples if one.is_cut is not None]
    return StepShares(
        step=step,
        n=len(samples),
        reward=sum(one.reward for one in samples) / len(samples),
        all_right=sum(right) / len(several) if several else None,
        all_wrong=sum(wrong) / len(several) if several else None,
        duplicates=repeated / len(samples),
        circling=sum(goes_in_circles(one.answer) for one in samples) / len(samples),
        cut=sum(cuts) / len(cuts) if cuts else None,
    )


def goes_in_circles(answer: str) -> bool:
    """Whether most phrases of a long answer stood in it before."""
    words = answer[:20_000].split()
    if len(words) < LEAST_WORDS:
        return False
    phrases = [tuple(words[at : at + WORDS]) for at in range(len(words) - WORDS + 1)]
    return 1 - len(set(phrases)) / len(phrases) > REPEATED


def _histogram(step: int, samples: Sequence[Sample], low: float, high: float) -> Histogram:
    width = (high - low) / BINS or 1.0
    counts = Counter(min(BINS - 1, int((one.reward - low) / width)) for one in samples)
    return Histogram(step, low, high, tuple(counts[bin] for bin in range(BINS)))


def _bands(rewards: Sequence[float]) -> tuple[tuple[float, str], ...]:
    """(lower edge, name) of each reward band, highest first."""
    levels = sorted(set(rewards))
    if len(levels) <= MOST_LEVELS:
        return tuple((level, f"reward {level:g}") for level in reversed(levels))
    ordered = sorted(rewards)
    third, two = ordered[len(ordered) // 3], ordered[2 * len(ordered) // 3]
    edges = ((two, "high reward"), (third, "middling reward"), (ordered[0], "low reward"))
    return tuple(dict(reversed(edges)).items())[::-1]  # equal edges: the lower band's


def _of_bands(samples: Sequence[Sample], bands: Sequence[tuple[float, str]], room: _Room) -> Iterable[Written]:
    """A few answers of each band of one step, of different problems where there are such."""
    left = list(samples)
    for edge, name in bands:
        inside = [one for one in left if one.reward >= edge]
        left = [one for one in left if one.reward < edge]
        firsts = {one.problem: one for one in reversed(inside)}
        for one in list(reversed(firsts.values()))[:A_BAND]:
            if (shown := room.written(one, name)) is not None:
                yield shown


def _pairs(
    by_step: dict[int, list[Sample]], chosen: Sequence[int], room: _Room
) -> Iterable[tuple[Written, Written]]:
    """Problems that were answered at the first and again at the last step, those that changed most first."""
    if len(chosen) < 2:
        return
    before = {one.problem: one for one in reversed(by_step[chosen[0]])}
    both = [(before[one.problem], one) for one in by_step[chosen[-1]] if one.problem in before]
    once = {later.problem: (earlier, later) for earlier, later in both}
    for earlier, later in sorted(once.values(), key=lambda pair: pair[0].reward - pair[1].reward)[:A_BAND]:
        shown = [room.written(one, f"step {one.step}") for one in (earlier, later)]
        if shown[0] is not None and shown[1] is not None:
            yield shown[0], shown[1]


def _turned(by_step: dict[int, list[Sample]], best: float, room: _Room) -> Turned | None:
    """Problems won and lost between the first and the last eval."""
    if len(by_step) < 2:
        return None
    steps = (min(by_step), max(by_step))
    first, last = (_solved(by_step[step], best) for step in steps)
    shared = sorted(first.keys() & last.keys())
    if not shared:
        return None
    won = [problem for problem in shared if last[problem][0] and not first[problem][0]]
    lost = [problem for problem in shared if first[problem][0] and not last[problem][0]]
    examples = []
    for word, problems in (("won", won), ("lost", lost)):
        for problem in problems[:MOST_CHANGED]:
            shown = [room.written(one[problem][1], word) for one in (first, last)]
            if shown[0] is not None and shown[1] is not None:
                examples.append((word, shown[0], shown[1]))
    return Turned(*steps, len(shared), len(won), len(lost), tuple(examples))  # type: ignore[arg-type]


def _solved(samples: Sequence[Sample], best: float) -> dict[str, tuple[bool, Sample]]:
    """Problem -> whether most of its answers were right, and one answer."""
    groups: dict[str, list[Sample]] = defaultdict(list)
    for one in samples:
        groups[one.problem].append(one)
    return {
        problem: (sum(one.reward >= best for one in group) * 2 >= len(group), group[0])
        for problem, group in groups.items()
    }


def _shortened(text: str, longest: int) -> tuple[str, int]:
    """A text's start and end, and how many characters between them are left out."""
    if len(text) <= longest:
        return text, 0
    head = longest * 2 // 3
    return f"{text[:head]}\n…\n{text[-(longest - head):]}", len(text) - longest


def _plain(text: str) -> str:
    return SPACE.sub(" ", text).strip()
