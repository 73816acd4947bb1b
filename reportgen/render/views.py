"""What the templates place: every section's text, numbers and pictures, computed beforehand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup

from reportgen import wording
from reportgen.charts import Chart, Sheet, draw
from reportgen.charts.thumbnail import thumbnail
from reportgen.findings import Diagnosis, Finding, Severity, Skipped
from reportgen.render import card, compared, embedded, glossary, markdown
from reportgen.report import Report, Section, figures, titles

OTHER_POINTS = 250  # of a metric that is drawn only when opened
TOPICS = {"learning": "Learning", "generalisation": "Generalisation", "policy": "Policy", "rollouts": "Rollouts", "system": "System"}


@dataclass(frozen=True)
class Row:
    """One check of the table: its answer and the evidence that it opens to."""

    id: str
    look: str  # "ok", "note", "warn", "crit", "skipd"
    word: str
    title: str
    headline: str
    detail: str
    judged: str
    evidence: tuple[tuple[str, str], ...]
    chart: str | None  # id of its chart


@dataclass(frozen=True)
class Group:
    """Rows or keys that belong together, under one name."""

    name: str
    rows: tuple[Any, ...]
    count: str


@dataclass(frozen=True)
class Metric:
    """A metric that is drawn only when opened."""

    alias: str
    name: str
    last: str
    said: str  # first, lowest, highest


@dataclass(frozen=True)
class Tally:
    """How many checks gave one answer."""

    look: str
    text: str


def of_report(report: Report) -> dict[str, Any]:
    """Everything that report.html places."""
    sheet = Sheet.of(len(report.diagnoses))
    charts = compared.drawn(report, sheet) if report.comparison else drawn(report.sections, sheet, report.diagnoses)
    first = report.diagnoses[0]
    others = other_metrics(first, sheet) if report.comparison is None else ()
    tokens = {at: played.name for at, item in enumerate(report.diagnoses) if (played := item.roles.get("tokens"))}
    return {
        "report": report,
        "language": "en",
        "title": f"{report.title}: {report.headline}",
        "charts": {key: of_chart(chart) for key, chart in charts.items()},
        "card_template": "card.html",
        "card": compared.of_card(report) if report.comparison else of_card(report, charts, sheet),
        "views": {section.id: of_section(section, report, others) for section in report.sections},
        "data": Markup(
            embedded.data(
                sheet, charts.values(), [item.run for item in report.diagnoses], tokens,
                title=wording.drawable(report.title), card=embedded_text(markdown.card(report)),
            )
        ),
    }  # fmt: skip


def embedded_text(text: str) -> str:
    """Several lines of text, each safe to carry."""
    return "\n".join(wording.drawable(line, embedded.LONGEST) for line in text.split("\n"))


def drawn(sections: Iterable[Section], sheet: Sheet, diagnoses: tuple[Diagnosis, ...]) -> dict[str, Chart]:
    """Every chart of the sections by its id."""
    charts: dict[str, Chart] = {}
    for section in sections:
        about = section.diagnosis
        run = diagnoses.index(about) if about is not None else 0
        names = {} if about is None else {"train": played.name for role, played in about.roles.items() if role == "train_reward"}
        names |= {} if about is None else {"eval": played.name for role, played in about.roles.items() if role == "eval_reward"}
        for figure in section.figures:
            charts[figure.id] = draw(figure, sheet, run=run, **({"names": names} if figure.kind == "reward" else {}))
        for panel in section.panels:
            index = about.run.history.index if about is not None else [0, 1]
            charts[panel.figure.id] = draw(panel.figure, sheet, run=run, reach=(float(index[0]), float(index[-1])))
    return charts


def of_chart(chart: Chart) -> dict[str, Any]:
    """A chart as the templates place it: our own SVG is the only markup that isn't a template's."""
    return {
        "id": chart.id,
        "described": chart.described,
        "narrow": chart.narrow is not None,
        "pictures": tuple((size, Markup(picture)) for size, picture in chart.pictures),
    }


def of_card(report: Report, charts: Mapping[str, Chart], sheet: Sheet) -> dict[str, Any]:
    """The decision card of one run."""
    about = report.diagnoses[0]
    anchors = {found.check for found in about.findings} | {item.check for item in about.skipped}
    curve = next((chart for chart in charts.values() if chart.kind == "reward"), None)
    verdict = about.verdict
    return {
        "name": about.run.name or about.run.id,
        "identity": card.identity(about),
        "look": card.LOOKS[verdict.severity],
        "decision": card.DECISIONS[verdict.decision],
        "because": verdict.because,
        "headline": verdict.headline,
        "lead": verdict.lead,
        "stats": card.stats(about, anchors),
        "steps": card.steps(verdict.next_steps, anchors, {check: titles.title(check) for check in anchors}),
        "thumbnail": Markup(thumbnail(curve, sheet)) if curve else None,
    }


def of_section(section: Section, report: Report, others: tuple[Metric, ...]) -> dict[str, Any]:
    """What one section places beside its title."""
    about = section.diagnosis
    if section.kind == "glossary":
        return {"terms": glossary.terms(report)}
    if about is None:
        return compared.of_section(section, report)
    if section.kind == "curve":
        return {"notes": curve_notes(about), "numbers": curve_numbers(about), "source": curve_source(about), "key": key(section, about)}
    if section.kind == "signals":
        return {"others": others, "panels": tuple(of_panel(panel) for panel in section.panels)}
    if section.kind == "checks":
        return {"groups": check_groups(section, chart_ids(section, report)), "tally": tally(section)}
    if section.kind == "config":
        return {"groups": config_groups(about.run.config)}
    if section.kind == "provenance":
        return {"facts": facts(about), "assumed": report.assumptions, "notes": about.run.notes, "unread": report.unread,
                "settings": changed_settings(about), "console": console(about)}  # fmt: skip
    raise ValueError(f"no view of a section of kind {section.kind}")


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
        said = (f"{wording.plural(len(numbers), 'value')}, first {wording.number(numbers[0])}, "
                f"lowest {wording.number(numbers.min())}, highest {wording.number(numbers.max())}")
        made.append(Metric(series.alias, str(name), wording.number(numbers[-1]), said))
    return tuple(made)


def chart_ids(section: Section, report: Report) -> dict[str, str]:
    """Check -> the chart that shows what it judged."""
    beside = next((item for item in report.sections if item.kind == "signals" and item.diagnosis is section.diagnosis), None)
    panels = beside.panels if beside is not None else ()
    pointed = {figure.id.partition("figure-")[2].replace("-", "_"): figure.id for figure in (beside.figures if beside else ())}
    return pointed | {panel.finding.check: panel.figure.id for panel in panels if panel.finding is not None}


def check_groups(section: Section, charts: Mapping[str, str]) -> tuple[Group, ...]:
    """The checks by topic, in reading order; the skipped ones after those of their topic.

    charts: check -> id of the chart that shows it.
    """
    rows: dict[str, list[Row]] = {topic: [] for topic in TOPICS}
    for found in section.findings:
        rows[titles.topic(found.check)].append(_judged(found, charts.get(found.check)))
    for item in section.skipped:
        rows[titles.topic(item.check)].append(_skipped(item))
    return tuple(Group(TOPICS[topic], tuple(group), str(len(group))) for topic, group in rows.items() if group)


def tally(section: Section) -> tuple[Tally, ...]:
    """How many of each answer, worst first."""
    counted = Counter(found.severity for found in section.findings)
    said = [Tally(card.LOOKS[severity], f"{counted[severity]} {severity.word}") for severity in sorted(Severity, reverse=True) if counted[severity]]
    return (*said, *([Tally("skipd", f"{len(section.skipped)} skipped")] if section.skipped else []))


def _judged(found: Finding, chart: str | None) -> Row:
    first = {name: found.evidence[name] for name in ("rule", "threshold") if name in found.evidence}
    judged = str(first.get("rule") or _shown(first.get("threshold", "")))
    evidence = [
        (_spelled(key), _shown(value)) for key, value in _flat({**first, **found.evidence}) if value not in (None, "", [], {})
    ]
    if found.steps is not None:
        evidence.append(("Steps", wording.steps(found.steps)))
    return Row(
        id=f"check-{found.check.replace('_', '-')}",
        look=card.LOOKS[found.severity],
        word=found.severity.word,
        title=titles.title(found.check),
        headline=found.headline,
        detail=found.detail,
        judged=wording.shortened(judged, 120),
        evidence=tuple(evidence),
        chart=chart,
    )


def _skipped(item: Skipped) -> Row:
    missing = (("Would need", ", ".join(item.missing)),) if item.missing else ()
    return Row(
        f"check-{item.check.replace('_', '-')}", "skipd", "skipped", titles.title(item.check), item.reason, "", "", missing, None
    )


def _flat(evidence: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for name, value in evidence.items():
        pairs += _flat(value, f"{prefix}{name} ") if isinstance(value, Mapping) else [(f"{prefix}{name}", value)]
    return pairs


def _spelled(name: str) -> str:
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _shown(value: Any) -> str:
    """A piece of evidence as a person writes it."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "not known"}[value]
    if isinstance(value, int | float):
        return wording.number(float(value), 4)
    if isinstance(value, Mapping):
        return ", ".join(f"{_spelled(str(name)).lower()} {_shown(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        if any(isinstance(item, Mapping) for item in value):
            return "; ".join(_shown(item) for item in value[:12])
        items = [_shown(item) for item in value[:12]]
        more = f" and {len(value) - 12} more" if len(value) > 12 else ""
        return f"[{', '.join(items)}]" if len(value) == 2 and all(isinstance(item, int | float) for item in value) else ", ".join(items) + more
    return str(value)


def config_groups(config: Mapping[str, Any]) -> tuple[Group, ...]:
    """Keys by their first part, single keys first."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, value in config.items():
        head, _, rest = str(name).partition(".")
        groups.setdefault(head if rest else "", []).append((rest or head, _config_text(value)))
    singles = groups.pop("", [])
    ordered = [("single keys", singles)] if singles else []
    ordered += sorted(groups.items(), key=lambda item: -len(item[1]))
    return tuple(Group(name, tuple(rows), wording.plural(len(rows), "key")) for name, rows in ordered)


def _config_text(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower() if value is not None else "null"
    if isinstance(value, float):
        return f"{value:.12g}"
    return wording.shortened(str(value), embedded.LONGEST)


def facts(diagnosis: Diagnosis) -> tuple[tuple[str, str, str | None], ...]:
    """Provenance: label, text, and an address where it is one that may be followed."""
    run = diagnosis.run
    index = run.history.index
    rows: list[tuple[str, Any]] = [
        ("Run", run.name or run.id),
        ("Id", run.id),
        ("Read from", run.source),
        ("Steps", f"{wording.count(len(index))}, from {wording.count(index[0])} to {wording.count(index[-1])}"),
        ("Metrics", f"{wording.count(len(run.history.columns))}; non-finite values: {wording.count(len(run.nonfinite))}"),
        ("State", run.state),
        ("Started", f"{run.started:%Y-%m-%d %H:%M} UTC" if run.started else ""),
        ("Runtime", wording.duration(run.runtime_s) if run.runtime_s else ""),
        ("Trainer", card.FRAMEWORKS.get(run.framework, run.framework) if run.framework else ""),
        *((_spelled(str(name)), ", ".join(map(str, value)) if isinstance(value, list | tuple) else value) for name, value in run.provenance.items()),
        ("Roles", "; ".join(f"{role.replace('_', ' ')}: {played.name} ({played.why})" for role, played in diagnosis.roles.items())),
        ("Scale", diagnosis.scale.why),
    ]
    return tuple((label, str(value), web_address(str(value))) for label, value in rows if value not in (None, "", []))


def web_address(text: str) -> str | None:
    """The text when it is an http(s) address that a link may lead to."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme in ("http", "https") and parts.netloc and not any(c.isspace() for c in text) else None


def changed_settings(diagnosis: Diagnosis) -> tuple[tuple[str, str], ...]:
    """Every setting that isn't the default."""
    given, usual = vars(diagnosis.settings), vars(type(diagnosis.settings)())
    return tuple((name, _shown(value)) for name, value in given.items() if value != usual[name])


def console(diagnosis: Diagnosis) -> str:
    """The end of the console, when it was logged."""
    return "\n".join(diagnosis.run.console_tail.splitlines()[-40:])


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
        settled = f" {plateau.settled_by[:1].upper()}{plateau.settled_by[1:]} would settle it." if plateau.settled_by else ""
        notes.append(("Why no answer yet", f"{noise}, and a plateau has probability {wording.probability(plateau.probability)}: too "
                      f"little to call it, too much to rule it out.{settled}"))  # fmt: skip
    else:
        notes.append(("Why it is no plateau", f"{noise}: the probability that it has stayed within {span} of its end level for "
                      f"{wording.plural(plateau.dwell_steps, 'step')} is {wording.probability(plateau.probability)}."))  # fmt: skip
    if train.next_point_step is not None:
        notes.append(("The next point", f"{wording.difference(train.gain_point, accuracy)} more is expected at step {wording.count(train.next_point_step)}."))
    elif train.forecast:
        notes.append(("The next point", f"{wording.difference(train.gain_point, accuracy)} more has no finite estimate on this curve."))
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
        rows += [(f"Eval, step {wording.count(step)}", wording.level(value, accuracy and diagnosis.scale.comparable)) for step, value in list(values.items())[-3:]]
    if train is not None:
        rows.append(("End of the trend", wording.level(train.end_level[1], accuracy)))
    if gained is not None:
        rows.append(("Gain", wording.difference(gained.absolute, accuracy)))
        if gained.relative is not None:
            rows.append(("Relative gain", f"{wording.fixed(100 * gained.relative, 1, signed=True)}{wording.THIN}%"))
        if gained.smallest_visible is not None:
            rows.append(("Smallest visible gain", wording.difference(gained.smallest_visible, accuracy).lstrip("+")))
    return tuple(rows)
