"""Every number that page, spoken texts, Markdown, terminal or agent say is in the JSON, and every verdict is the same.

The reports are those of each sample, of the six samples together, and of every real run of a folder of them
(shared/runs beside the repository; left out where there is none). What a person reads is read back out of
the finished texts; nothing asks the code that wrote them.
"""

from __future__ import annotations

import bisect
import json
import re
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import reportgen
from reportgen import render

SAMPLES = Path(__file__).parent.parent / "sample_runs" / "gsm8k-grpo-1hour"
REAL = Path(__file__).parents[2] / "shared" / "runs"
TRIALS = sorted(str(path) for path in SAMPLES.iterdir() if path.is_dir())
ALL = [*TRIALS, str(SAMPLES), *(reportgen.find(str(REAL)) if REAL.is_dir() else ())]

FOREIGN = {"config", "samples", "glossary"}  # sections of the run's own words, or of the same for all
VOID = frozenset(("br", "hr", "img", "input", "link", "meta", "wbr"))
NUMBER = re.compile(r"(?<![\w.^@/])[−+]?(\d[\d,]*\d|\d)(\.\d+)?(?:e([−+]?\d+))?(?![\w]*\d)(\u202f?[%×])?")
SPAN = re.compile(r"\b(?:(\d+) d)?(?: ?(\d+) h)?(?: ?(\d+) min)?(?![\w.])")
DATE = re.compile(r"\b\d{1,2} [A-Z][a-z]{2} \d{4}\b|\b\d{4}-\d\d-\d\d[ T]?(?:\d\d:\d\d)?(?: UTC)?")
CONSTANTS = re.compile(  # what every report of every run says
    r"\b9[05]\s?% (?:interval|band)|(?<=forecast, )90\s%|\b95\s%(?=\s*\n)|80\s% power|two-sided 5\s%|5\s%(?= level)"
    r"|(?:over 0\.99|under 0\.01)\b|Change, 95 %|\d+ more metrics|p\s<\s0\.0+1\b|p\s<\s10\S+"
    r"|Hsu 1984|Wilson 1927|running median of 21|[\d.]+×"
)


class Told(NamedTuple):
    """One report in every form."""

    document: dict[str, Any]
    texts: dict[str, str]  # form -> all that it says
    tables: dict[str, list[list[str]]]  # form -> its tables, a row a list of cells


class Reader(HTMLParser):
    """What a page says: texts a line each, spoken texts, rows of tables; without ticks of axes and foreign sections."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.spoken: list[str] = []
        self.rows: list[list[str]] = []
        self.facts: dict[str, list[str]] = {}  # class or tag -> its texts
        self._open: list[tuple[str, dict[str, str]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = {name: value or "" for name, value in attrs}
        if "aria-label" in about and not self._is_foreign():
            self.spoken.append(about["aria-label"])
        if tag not in VOID:
            self._open.append((tag, about))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self._open]
        text = " ".join(data.split(" ")).strip()
        if not text or self._is_foreign() or {"script", "style", "select"} & set(tags):
            return
        if "svg" in tags and not re.search("[a-z]{3}", text):
            return  # a tick
        for tag, about in self._open:
            for key in {tag, *about.get("class", "").split()}:
                self.facts.setdefault(key, []).append(text)
        if tags[-1:] != ["option"]:
            self.lines.append(text)
        if {"td", "th"} & set(tags) and self.rows and not {"dl", "p"} & set(tags[tags.index("tr"):]):
            self.rows[-1][-1] = f"{self.rows[-1][-1]} {text}".strip()

    def _is_foreign(self) -> bool:
        return any(about.get("id") in FOREIGN or tag in ("pre", "code", "nav") for tag, about in self._open)


@cache
def told(spec: str) -> Told:
    """The report of one run, or of the runs of a folder, in every form."""
    try:
        runs = reportgen.read_all(reportgen.find(spec)).runs
    except reportgen.SourceError as problem:
        pytest.skip(str(problem))
    report = reportgen.compose([reportgen.diagnose(run) for run in runs])
    page = Reader(render.page(report))
    texts = {
        "page": "\n".join(page.lines),
        "spoken": "\n".join(page.spoken),
        "markdown": unescaped(render.to_markdown(report)),
        "terminal": render.to_text(report),
        "agent": render.to_agent(report),
    }
    tables = {
        "page": page.rows,
        "markdown": [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in texts["markdown"].splitlines()
                     if line.startswith("|")],
        "terminal": [re.split(r"\s{2,}", line.strip()) for line in texts["terminal"].splitlines()],
    }  # fmt: skip
    return Told(json.loads(render.to_json(report, whole=False)), texts, tables)


def unescaped(markdown: str) -> str:
    """Markdown as it is read."""
    return re.sub(r"\\([!-/:-@[-`{-~])", r"\1", markdown).replace("\u200b", "").replace("&amp;", "&")


def numbers_in(value: Any) -> list[float]:
    """Every number of a JSON value, in the words of its rules too."""
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, int | float):
        return [float(value)]
    if isinstance(value, dict):
        rules = [inner for key, inner in value.items() if key in ("rule", "settled_by") and isinstance(inner, str)]
        said = [float(found) for rule in rules for found in re.findall(r"\d+(?:\.\d+)?", rule.replace(",", ""))]
        return said + [number for inner in value.values() for number in numbers_in(inner)]
    return [number for inner in value for number in numbers_in(inner)] if isinstance(value, list) else []


def names_in(run: dict[str, Any]) -> set[str]:
    """What the run calls itself, its metrics, keys and places."""

    def strings(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [*value, *(inner for one in value.values() for inner in strings(one))]
        if isinstance(value, list):
            return [inner for one in value for inner in strings(one)]
        return [value] if isinstance(value, str) else []

    own = strings([run["config"], run["provenance"], run["roles"], run["source"], run["name"], run["id"], run["notes"]])
    evals = [part for one in run["evals"] for part in (one["name"], one["set"], one["kind"])]
    parts = [part for one in run["components"] for part in (one["name"], one["part"])]
    return {name for name in (*own, *run["metrics"], *evals, *parts) if name and re.search(r"\d", name)}


def held(document: dict[str, Any]) -> list[float]:
    """Sizes of all numbers of a JSON report in every unit that a person reads, ascending."""
    plain = numbers_in({key: value for key, value in document.items() if key != "passed_over"})
    counts = [len(document["runs"])]
    for run in document["runs"]:
        words = Counter(found["severity"] for found in run["findings"])
        counts += [*words.values(), words["warning"] + words["critical"], len(run["findings"]), len(run["skipped"])]
        counts += [len(run["metrics"]), len(run["roles"]), len(run["metrics"]) - len(run["roles"]), len(run["evals"])]
    return sorted({abs(number) * unit for number in (*plain, *counts) for unit in (1, 100)})


def unfound(text: str, document: dict[str, Any]) -> list[str]:
    """Numbers of a text, with what stands round them, that no number of the JSON rounds to."""
    text = " ".join(line.strip() for line in text.split("\n")) if "\n " in text else text  # wrapped
    for name in sorted({name for run in document["runs"] for name in names_in(run)}, key=len, reverse=True):
        text = text.replace(name, "@")
    text = SPAN.sub(lambda span: span[0] if not any(span.groups()) else spelled(span, document), text)
    text = CONSTANTS.sub("@", DATE.sub("@", text))
    known, missing = held(document), []
    for found in NUMBER.finditer(text):
        whole, fraction, exponent = found[1].replace(",", ""), found[2] or "", (found[3] or "0").replace("−", "-")
        value = float(f"{whole}{fraction}e{exponent}")
        half = 0.5 * 10.0 ** (int(exponent) - max(0, len(fraction) - 1)) * (1 + 1e-6)
        if not fraction and len(whole) > 2:  # "about 520": its zeros were rounded to
            half *= 10 ** (len(whole) - len(whole.rstrip("0")))
        at = bisect.bisect_left(known, value - half - 1e-12)
        if at >= len(known) or known[at] > value + half:
            missing.append(f"{found[0]} in {text[max(0, found.start() - 60) : found.end() + 30]!r}")
    return missing


def spelled(span: re.Match[str], document: dict[str, Any]) -> str:
    """A stretch of time: gone when some number of the JSON is as many seconds or hours, to the minute or hour."""
    days, hours, minutes = (int(part or 0) for part in span.groups())
    seconds, coarse = 60 * (60 * (24 * days + hours) + minutes), 1800 if span[1] and not span[3] else 30
    numbers = (abs(number) * unit for number in numbers_in(document["runs"]) for unit in (1, 3600))
    return "@" if any(abs(number - seconds) <= coarse for number in numbers) else span[0]


@pytest.mark.parametrize("spec", ALL, ids=lambda spec: Path(spec).name[-40:])
def test_every_number_said_is_in_the_json(spec):
    """Page, spoken texts, Markdown, terminal and agent: each number is one of the JSON's, rounded."""
    report = told(spec)
    missing = {form: unfound(text, report.document) for form, text in report.texts.items()}
    assert not any(missing.values()), "\n".join(f"{form}: {one}" for form, all_ in missing.items() for one in all_)


@pytest.mark.parametrize("spec", ALL, ids=lambda spec: Path(spec).name[-40:])
def test_verdicts_and_states_are_the_same_everywhere(spec):
    """Decision, headline, what moved, each number with what it rests on, each check's word and answer: one wording."""
    report = told(spec)
    spread = disagreements(report)
    assert not spread, "\n".join(spread)


def test_what_drifts_is_found():
    """A digit, a state, a severity and a decision that one form alone tells otherwise are all found."""
    report = told(TRIALS[0])
    for old, new in (("28.72", "28.27"), ("not tested", "significant"), ("can't be told apart", "are the same"),
                     ("inconclusive", "stop")):  # fmt: skip
        for form in ("page", "markdown", "terminal"):
            text = report.texts[form].replace(old, new)
            assert text != report.texts[form], (form, old)
            rows = [[cell.replace(old, new) for cell in row] for row in report.tables[form]]
            drifted = report._replace(texts={**report.texts, form: text}, tables={**report.tables, form: rows})
            assert unfound(text, report.document) or disagreements(drifted), (form, old)


def disagreements(report: Told) -> list[str]:
    """What the JSON's verdicts say that a form doesn't, or says otherwise."""
    document, found = report.document, []
    if document["choice"] is not None:
        choice = document["choice"]
        said = [choice["headline"], choice["lead"], *(step["action"] for step in choice["next_steps"])]
        said += [number["context"] for number in choice["numbers"]]
        forms = ("page", "markdown", "terminal") if len(document["runs"]) <= 6 else ("page", "markdown")
        lacking = {"terminal": set(said[2:]), "markdown": set()}
        found += [f"{form}: {text}" for form in forms for text in said
                  if text not in lacking.get(form, ()) and not holds(report.texts[form], text)]  # fmt: skip
        return found
    (run,) = document["runs"]
    verdict = run["verdict"]
    decision = f"ecision: {verdict['decision'].replace('_', ' ').replace('change recipe', 'change the recipe')}"
    said = [decision, verdict["headline"], verdict["because"], verdict["lead"]]
    said += [step["action"] for step in verdict["next_steps_in_full"]]
    said += [step["why"] for step in verdict["next_steps_in_full"]]
    said += [item["text"] for item in document["assumed"]]
    for form in ("page", "markdown", "terminal"):
        found += [f"{form} lacks: {text}" for text in said if not holds(report.texts[form], text)]
    found += [f"agent lacks: {text}" for text in said[:3] if not holds(report.texts["agent"], text)]
    for number in verdict["numbers"]:
        written = [loose(part) for part in (number["label"], *shown(number), number["context"])]
        pattern = re.compile(".{0,60}?".join(map(re.escape, written)))
        found += [f"{form} lacks: {written}" for form in ("markdown", "terminal", "page", "agent")
                  if not pattern.search(loose(report.texts[form]))]  # fmt: skip
    return found + checks_told_otherwise(run, report.tables)


def shown(number: dict[str, Any]) -> tuple[str, ...]:
    """A number of the JSON as a person would write it: value, unit and interval."""
    if number["unit"] == "points":
        value, unit, ends = f"{100 * number['value']:+.2f}", "pp", "{:+.1f}"
    elif number["unit"] == "accuracy":
        value, unit, ends = f"{100 * number['value']:.2f}", "%", "{:.1f}"
    elif number["unit"] == "step":
        return (f"step {number['value']:,.0f}",)
    else:
        return ()  # of the run's own unit: its digits are held against the JSON above
    bounds = [ends.format(100 * end) for end in number["interval"] or ()]
    return (value, unit, *([f"[{', '.join(bounds)}]"] if bounds else []))


def loose(text: str) -> str:
    """A text without what only lays it out, and with one sign for minus."""
    text = text.replace("−", "-").replace("\u202f", " ").replace("\xa0", " ").replace("|", " ")
    return " ".join(re.sub(r"[():\n]", " ", text).split())


def holds(text: str, wanted: str) -> bool:
    """Whether a text says something, wherever its lines break."""
    return loose(wanted) in loose(text)


def checks_told_otherwise(run: dict[str, Any], tables: dict[str, list[list[str]]]) -> list[str]:
    """Checks whose word and answer a table gives otherwise than the JSON."""
    wanted = [(item["severity"], item["headline"]) for item in run["findings"]]
    wanted += [("skipped", item["reason"]) for item in run["skipped"]]
    found = []
    for form, rows in tables.items():
        flat = {(re.sub(r"[^a-z]", "", row[0]), loose(row[2]).lower()) for row in rows if len(row) >= 3}
        found += [f"{form} has no row for {word}: {text}" for word, text in wanted
                  if (word, loose(text).lower()) not in flat]  # fmt: skip
    return found
