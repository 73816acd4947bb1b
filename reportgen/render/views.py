"""What the templates place: every section's text, numbers and pictures, computed beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from markupsafe import Markup

from reportgen import wording
from reportgen.charts import Chart, Sheet, draw
from reportgen.charts.thumbnail import thumbnail
from reportgen.findings import Diagnosis
from reportgen.render import (
    about_view,
    card,
    checks_view,
    compared,
    curve_view,
    embedded,
    evals_view,
    glossary,
    markdown,
    plugged_view,
    samples_view,
    times_view,
)
from reportgen.render.curve_view import Metric
from reportgen.report import Report, Section, titles
from reportgen.report.since import review
from reportgen.settings import LARGEST_PAGE

MOST_CHANGES = 300  # rows on a page; the JSON has them all
LOGGED = {"train": "train_reward", "eval": "eval_reward"}  # series of the reward figure -> role


def of_report(report: Report, room: int = LARGEST_PAGE) -> dict[str, Any]:
    """Everything that report.html places; metrics that no chart shows only as far as there is room for them."""
    sheet = Sheet.of(len(report.diagnoses))
    charts = compared.drawn(report, sheet) if report.comparison else drawn(report.sections, sheet, report.diagnoses)
    first = report.diagnoses[0]
    others = curve_view.other_metrics(first, sheet, room) if report.comparison is None else ((), 0)
    tokens = {at: played.name for at, item in enumerate(report.diagnoses) if (played := item.roles.get("tokens"))}
    return {
        "report": report,
        "language": "en",
        "title": wording.printable(f"{report.title}: {report.headline}", 200),
        "charts": {key: of_chart(chart) for key, chart in charts.items()},
        "card_template": "card.html",
        "card": compared.of_card(report, charts, sheet) if report.comparison else of_card(report, charts, sheet),
        "views": {section.id: of_section(section, report, others) for section in report.sections},
        "review": Markup(embedded.script_json([asdict(one) for one in review(report.diagnoses)])),
        "data": Markup(
            embedded.data(
                sheet, charts.values(), [item.run for item in report.diagnoses], tokens,
                title=wording.printable(report.title), card=embedded_text(markdown.card(report)),
            )
        ),
    }  # fmt: skip


def embedded_text(text: str) -> str:
    """Several lines of text, each safe to carry."""
    return "\n".join(wording.printable(line, embedded.LONGEST) for line in text.split("\n"))


def drawn(sections: Iterable[Section], sheet: Sheet, diagnoses: tuple[Diagnosis, ...]) -> dict[str, Chart]:
    """Every chart of the sections by its id."""
    charts: dict[str, Chart] = {}
    for section in sections:
        about = section.diagnosis
        run = diagnoses.index(about) if about is not None else 0
        roles = about.roles if about is not None else {}
        names = {name: roles[role].name for name, role in LOGGED.items() if role in roles}
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
        "name": wording.printable(about.run.name or about.run.id),
        "identity": card.identity(about),
        "look": card.LOOKS[verdict.severity],
        "decision": card.DECISIONS[verdict.decision],
        "because": verdict.because,
        "headline": verdict.headline,
        "lead": verdict.lead,
        "cause": card.cause(about, anchors),
        "keep": card.keep(about),
        "stats": card.stats(about, anchors),
        "steps": card.steps(verdict.next_steps, anchors, {check: titles.title(check) for check in anchors}),
        "thumbnail": Markup(thumbnail(curve, sheet)) if curve else None,
    }


def of_section(section: Section, report: Report, others: tuple[tuple[Metric, ...], int]) -> dict[str, Any]:
    """What one section places beside its title."""
    about = section.diagnosis
    if section.kind == "glossary":
        return {"terms": glossary.terms(report)}
    if section.kind == "since":
        return {"changes": report.since.changes[:MOST_CHANGES] if report.since else ()}
    if section.kind == "gates":
        return {"gates": report.gates[:MOST_CHANGES], "many": len(report.diagnoses) > 1}
    if section.body is not None:
        return {"body": plugged_view.body(section.body)}
    if about is None:
        return compared.of_section(section, report)
    if section.kind == "curve":
        return {
            "notes": curve_view.curve_notes(about),
            "numbers": curve_view.curve_numbers(about),
            "source": curve_view.curve_source(about),
            "key": curve_view.key(section, about),
            "thinned": curve_view.thinned(section),
        }
    if section.kind == "signals":
        return {
            "others": others[0],
            "more": wording.plural(len(others[0]), "more metric"),
            "left_out": wording.plural(others[1], "further metric") if others[1] else "",
            "panels": tuple(curve_view.of_panel(panel) for panel in section.panels),
        }
    if section.kind == "checks":
        return {
            "groups": checks_view.check_groups(section, checks_view.chart_ids(section, report)),
            "tally": checks_view.tally(section),
        }
    if section.kind == "evals":
        return evals_view.of_evals(section, about)
    if section.kind == "components":
        return evals_view.of_components(section, about)
    if section.kind == "samples" and about.samples is not None:
        return samples_view.of_samples(about.samples)
    if section.kind == "times":
        return times_view.of_times(about)
    if section.kind == "config":
        return {"groups": about_view.config_groups(about.run.config)}
    if section.kind == "provenance":
        return {
            "facts": about_view.facts(about),
            "roles": about_view.roles(about),
            "assumed": tuple(item.text for item in report.assumptions),
            "notes": about.run.notes,
            "unread": report.unread,
            "settings": about_view.changed_settings(about),
            "console": about_view.console(about),
        }
    raise ValueError(f"no view of a section of kind {section.kind}")
