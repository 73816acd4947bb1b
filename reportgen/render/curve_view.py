"""What stands round a run's charts: legend, argument and numbers of the curve, words of the signals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reportgen import wording
from reportgen.charts import Sheet
from reportgen.charts.sheet import MOST_POINTS
from reportgen.findings import Diagnosis, Improvement
from reportgen.render import card
from reportgen.report import Section, figures
from reportgen.run import Logged
from reportgen.settings import LARGEST_PAGE
from reportgen.signals import Learning

OTHER_POINTS = 250  # of a metric that is drawn only when opened
METRIC_BYTES, POINT_BYTES = 350, 13  # of a metric on a page, and of each point of it


@dataclass(frozen=True)
class Metric:
    """A metric that is drawn only when opened."""

    alias: str
    name: str
    last: str
    said: str  # first, lowest, highest


def curve_source(diagnosis: Diagnosis) -> tuple[tuple[str, str], ...]:
    """Which metrics are drawn: ("Train", name), ("eval", name)."""
    roles = (("train", "train_reward"), ("eval", "eval_reward"))
    return tuple((word, diagnosis.roles[role].name) for word, role in roles if role in diagnosis.roles)


def key(section: Section, diagnosis: Diagnosis) -> tuple[tuple[str, str], ...]:
    """The chart's legend: layer and words, those that are there."""
    there = set(section.figures[0].frame["series"])
    evals = diagnosis.seen.get("eval_reward")
    n = _sizes(evals.sizes) if evals is not None else ""
    samples = diagnosis.settings.samples_per_step
    words = {
        "train": ("raw", f"one train batch, {wording.plural(samples, 'sample')}" if samples else "one train batch"),
        "trend": ("trend", "train trend, 90\u202f% band"),
        "eval": ("eval", f"eval, n = {n}, 95\u202f% interval" if n else "eval, size unknown"),
        "forecast": ("forecast", "forecast, 90\u202f%"),
    }
    return tuple(words[name] for name in words if name in there)


def _sizes(sizes: tuple[int | None, ...]) -> str:
    """Problems behind the evals: "1,319", "50 to 1,319"; "" when none is known."""
    known = sorted({size for size in sizes if size})
    return " to ".join(wording.count(size) for size in dict.fromkeys((known[0], known[-1]))) if known else ""


def thinned(section: Section) -> str:
    """How many of the logged points are drawn, when not all; empty otherwise."""
    logged = sum(int((figure.frame["series"] == "train").sum()) for figure in section.figures)
    if logged <= MOST_POINTS:
        return ""
    drawn = f"About {MOST_POINTS} of {wording.count(logged)} points are drawn, as dense as all, the farthest among them"
    return f"{drawn}; the checks used all."


def curve_notes(diagnosis: Diagnosis) -> tuple[tuple[str, str], ...]:
    """The argument beside the curve: heading and text."""
    if diagnosis.train is None:
        return ()
    made = (note(diagnosis.train, diagnosis.scale.accuracy) for note in (_plateau_note, _point_note, _back_test_note))
    return tuple(note for note in made if note is not None)


def _plateau_note(train: Learning, accuracy: bool) -> tuple[str, str]:
    """Why it is a plateau, why it isn't, or what would settle it."""
    plateau = train.plateau
    scatter, span = (wording.difference(size, accuracy).lstrip("+") for size in (train.noise_sd, plateau.tolerance))
    noise = f"One logged value scatters by {scatter}, so no single step proves anything. "
    noise += f"The trend pools all {wording.count(train.n_points)}"
    if not train.is_modelled:
        few = f"{wording.plural(train.n_points, 'point')} are too few to weigh noise"
        return "How it was judged", f"{few}: the values themselves were taken for the trend."
    chance = wording.probability(plateau.probability)
    if plateau.plateaued and plateau.onset_step is not None:
        since = f"from step {wording.count(plateau.onset_step)} on it stays within {span} of its end level"
        return "Why a plateau, and not noise", f"{noise}: {since}, with probability {chance}."
    if plateau.plateaued is None:
        by = plateau.settled_by
        settled = f" {by[:1].upper()}{by[1:]} would settle it." if by else ""
        doubt = f"a plateau has probability {chance}: too little to call it, too much to rule it out."
        return "Why no answer yet", f"{noise}, and {doubt}{settled}"
    long = f"within {span} of its end level for {wording.plural(plateau.dwell_steps, 'step')}"
    return "Why it is no plateau", f"{noise}: the probability that it has stayed {long} is {chance}."


def _point_note(train: Learning, accuracy: bool) -> tuple[str, str] | None:
    """When the next point would be gained."""
    more = wording.difference(train.gain_point, accuracy)
    if train.next_point_step is not None:
        return "The next point", f"{more} more is expected at step {wording.count(train.next_point_step)}."
    return ("The next point", f"{more} more has no finite estimate on this curve.") if train.forecast else None


def _back_test_note(train: Learning, accuracy: bool) -> tuple[str, str] | None:
    """What the same forecast said at two thirds of the run, and what came."""
    test = train.back_test
    if test is None:
        return None
    expected = f"{wording.level(test.mid, accuracy)} {wording.interval((test.low, test.high), accuracy)}"
    came = f"what came was {wording.level(test.seen, accuracy)}: {'inside' if test.hit else 'outside'}"
    cut = wording.count(test.cut_step)
    return "Would the forecast have been right?", f"Made at step {cut}, it said {expected}; {came}."


def _origin(gained: Improvement) -> str:
    """Where the level at the start is from, where its name doesn't say."""
    return f", {gained.baseline_from}" if gained.over == "the base model" else ""


def curve_numbers(diagnosis: Diagnosis) -> tuple[tuple[str, str], ...]:
    """The few numbers beside the curve."""
    accuracy, gained, train = diagnosis.scale.accuracy, diagnosis.improvement, diagnosis.train
    rows: list[tuple[str, str]] = []
    if gained is not None:
        rows.append((f"{gained.level_name}{_origin(gained)}", wording.level(gained.baseline, accuracy)))
    played = diagnosis.roles.get("eval_reward")
    if played is not None and played.name in diagnosis.run.history:
        values = diagnosis.run.history[played.name].dropna()
        rows += [
            (f"Eval, step {wording.count(step)}", wording.level(value, accuracy and diagnosis.scale.comparable))
            for step, value in list(zip(values.index.tolist(), values.tolist(), strict=True))[-3:]
        ]
    if train is not None:
        rows.append(("End of the trend", wording.level(train.end_level[1], accuracy)))
    if gained is not None:
        rows.append(("Gain", wording.difference(gained.absolute, accuracy)))
        if gained.relative is not None:
            rows.append(("Relative gain", f"{wording.fixed(100 * gained.relative, 1, signed=True)}{wording.THIN}%"))
        if gained.smallest_visible is not None:
            rows.append(("Smallest visible gain", wording.difference(gained.smallest_visible, accuracy).lstrip("+")))
    return tuple(rows)


def of_panel(panel: figures.Panel) -> dict[str, Any]:
    """One small multiple's words."""
    share = panel.figure.unit == "share"
    found = panel.finding
    return {
        "id": panel.figure.id,
        "title": panel.figure.title,
        "unit": "share, in percent" if share else panel.figure.unit or "no unit",
        "metric": panel.metric,
        "level": wording.percent(panel.level, 1) if share else wording.number(panel.level),
        "look": card.LOOKS[found.severity] if found else "skipd",
        "word": found.severity.word if found else "skipped" if panel.skipped else "not judged",
        "said": found.headline if found else panel.skipped.reason if panel.skipped else "no check looks at it",
        "href": card.href(found.check, {found.check}) if found else "",
    }


def other_metrics(diagnosis: Diagnosis, sheet: Sheet, room: int = LARGEST_PAGE) -> tuple[tuple[Metric, ...], int]:
    """Every metric that no chart shows, its series in the page for when it is opened; and how many had no room.

    room: bytes of the page that they may take.
    """
    shown, known = {item.name for item in sheet.series.values()}, diagnosis.run.extent.logged
    sources = [(name, diagnosis.run.history[name]) for name in diagnosis.run.history.columns]
    hardware = figures.hardware_steps(diagnosis.run)
    if hardware is not None:
        sources += [(f"system/{name}", hardware[name]) for name in hardware.columns]
    sheet.points = min(sheet.points, OTHER_POINTS)
    made: list[Metric] = []
    left_out = 0
    for name, column in sources:
        values = column.dropna()
        if str(name) in shown or values.empty:
            continue
        room -= METRIC_BYTES + 3 * len(str(name)) + POINT_BYTES * min(len(values), sheet.points)
        if room < 0:
            left_out += 1
            continue
        numbers = values.to_numpy(float)
        series = sheet.add(str(name), values.index.to_numpy(float), numbers)
        logged = known.get(str(name)) or Logged.of(numbers)
        said = (
            f"{wording.plural(logged.count, 'value')}, first {wording.number(logged.first)}, "
            f"lowest {wording.number(logged.lowest)}, highest {wording.number(logged.highest)}"
        )
        sheet.kind("small")  # what the script draws it with
        made.append(Metric(series.alias, str(name), wording.number(numbers[-1]), said))
    return tuple(made), left_out
