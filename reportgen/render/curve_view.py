"""What stands round a run's charts: legend, argument and numbers of the curve, words of the signals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reportgen import wording
from reportgen.charts import Sheet
from reportgen.findings import Diagnosis
from reportgen.render import card
from reportgen.report import Section, figures

OTHER_POINTS = 250  # of a metric that is drawn only when opened


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
    n = diagnosis.improvement.n if diagnosis.improvement else None
    samples = diagnosis.settings.samples_per_step
    sized = n and diagnosis.scale.accuracy
    words = {
        "train": ("raw", f"one train batch, {wording.plural(samples, 'sample')}" if samples else "one train batch"),
        "trend": ("trend", "train trend, 90 % band"),
        "eval": ("eval", f"eval, n = {wording.count(n)}, 95 % interval" if n and sized else "eval, size unknown"),
        "forecast": ("forecast", "forecast, 90 %"),
    }
    return tuple(words[name] for name in words if name in there)


def curve_notes(diagnosis: Diagnosis) -> tuple[tuple[str, str], ...]:
    """The argument beside the curve: heading and text."""
    train, accuracy = diagnosis.train, diagnosis.scale.accuracy
    if train is None:
        return ()
    plateau, scatter = train.plateau, wording.difference(train.noise_sd, accuracy).lstrip("+")
    span = wording.difference(plateau.tolerance, accuracy).lstrip("+")
    noise = f"One logged value scatters by {scatter}, so no single step proves anything. The trend pools all {wording.count(train.n_points)}"
    notes = []
    if plateau.plateaued and plateau.onset_step is not None:
        notes.append(("Why a plateau, and not noise", f"{noise}: from step {wording.count(plateau.onset_step)} on it stays within "
                      f"{span} of its end level, with probability {wording.probability(plateau.probability)}."))  # fmt: skip
    elif plateau.plateaued is None:
        settled = (
            f" {plateau.settled_by[:1].upper()}{plateau.settled_by[1:]} would settle it." if plateau.settled_by else ""
        )
        notes.append(("Why no answer yet", f"{noise}, and a plateau has probability {wording.probability(plateau.probability)}: too "
                      f"little to call it, too much to rule it out.{settled}"))  # fmt: skip
    else:
        notes.append(("Why it is no plateau", f"{noise}: the probability that it has stayed within {span} of its end level for "
                      f"{wording.plural(plateau.dwell_steps, 'step')} is {wording.probability(plateau.probability)}."))  # fmt: skip
    if train.next_point_step is not None:
        notes.append(
            (
                "The next point",
                f"{wording.difference(train.gain_point, accuracy)} more is expected at step {wording.count(train.next_point_step)}.",
            )
        )
    elif train.forecast:
        notes.append(
            (
                "The next point",
                f"{wording.difference(train.gain_point, accuracy)} more has no finite estimate on this curve.",
            )
        )
    if train.back_test is not None:
        test = train.back_test
        bounds = wording.interval((test.low, test.high), accuracy)
        notes.append(("Would the forecast have been right?", f"Made at step {wording.count(test.cut_step)}, it said {wording.level(test.mid, accuracy)} {bounds}; "
                      f"what came was {wording.level(test.seen, accuracy)}: {'inside' if test.hit else 'outside'}."))  # fmt: skip
    return tuple(notes)


def curve_numbers(diagnosis: Diagnosis) -> tuple[tuple[str, str], ...]:
    """The few numbers beside the curve."""
    accuracy, gained, train = diagnosis.scale.accuracy, diagnosis.improvement, diagnosis.train
    rows: list[tuple[str, str]] = []
    if gained is not None:
        rows.append((f"Base model, {gained.baseline_from}", wording.level(gained.baseline, accuracy)))
    played = diagnosis.roles.get("eval_reward")
    if played is not None and played.name in diagnosis.run.history:
        values = diagnosis.run.history[played.name].dropna()
        rows += [
            (f"Eval, step {wording.count(step)}", wording.level(value, accuracy and diagnosis.scale.comparable))
            for step, value in list(values.items())[-3:]
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


def other_metrics(diagnosis: Diagnosis, sheet: Sheet) -> tuple[Metric, ...]:
    """Every metric that no chart shows, its series in the page for when it is opened."""
    shown = {item.name for item in sheet.series.values()}
    sources = [(name, diagnosis.run.history[name]) for name in diagnosis.run.history.columns]
    hardware = figures.hardware_steps(diagnosis.run)
    if hardware is not None:
        sources += [(f"system/{name}", hardware[name]) for name in hardware.columns]
    sheet.points = min(sheet.points, OTHER_POINTS)
    made = []
    for name, column in sources:
        values = column.dropna()
        if str(name) in shown or values.empty:
            continue
        numbers = values.to_numpy(float)
        series = sheet.add(str(name), values.index.to_numpy(float), numbers)
        said = (
            f"{wording.plural(len(numbers), 'value')}, first {wording.number(numbers[0])}, "
            f"lowest {wording.number(numbers.min())}, highest {wording.number(numbers.max())}"
        )
        made.append(Metric(series.alias, str(name), wording.number(numbers[-1]), said))
    return tuple(made)
