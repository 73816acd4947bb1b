"""The report as JSON, Markdown, text and CSV, and the rules of the templates."""

import json
import re
from pathlib import Path

import jinja2
import numpy as np
import pytest
from reports import learning_run, report_of

import reportgen
from reportgen.render import JsonText, embedded, html, markdown, metrics_text, to_csv, to_json, to_markdown, to_text
from reportgen.render.about_view import web_address
from reportgen.render.document import document
from reportgen.render.sparkline import sparkline
from reportgen.settings import Settings

TEMPLATES = Path(reportgen.__file__).parent.parent / "templates"
RUN_KEYS = {
    "id", "name", "source", "framework", "state", "steps", "roles", "plateau", "trend", "collapse", "forecast",
    "next_point_step", "back_test", "eval", "gap", "improvement", "checkpoints", "config", "findings", "skipped",
    "verdict",
}  # fmt: skip


@pytest.fixture(scope="module")
def report():
    """One run's report."""
    return report_of(learning_run())


def test_the_json_comes_in_pieces_that_are_one_document(report, monkeypatch):
    """However it is cut, the text is the same, and a character that a terminal obeys is never in it."""
    whole = to_json(report)
    monkeypatch.setattr("reportgen.render.document.CHUNKS", 7)
    pieces = list(JsonText(report))
    assert len(pieces) > 100
    assert "".join(pieces) == whole
    assert [run["id"] for run in json.loads(whole)["runs"]] == [one.run.id for one in report.diagnoses]
    assert list(document(report)) == [key for key in json.loads(whole) if key != "saved"]


def test_the_json_has_every_field_of_its_schema(report):
    """Nothing is left out, and the reference numbers are there."""
    document = json.loads(to_json(report))
    (run,) = document["runs"]
    assert document["schema"] == 1 and set(document) >= {"tool", "assumptions", "runs", "comparison", "unread"}
    assert set(run) >= RUN_KEYS
    assert run["steps"] == {"first": 1, "last": 126, "count": 126, "logged": 126}
    assert run["improvement"]["absolute"] == pytest.approx(0.137)
    assert [point["step"] for point in run["forecast"]] == [189, 252]


def test_what_does_not_apply_is_null(make_run):
    """A run without a reward has the same fields, null."""
    (run,) = json.loads(to_json(report_of(make_run(loss=[0.5, 0.4, 0.3]))))["runs"]
    assert set(run) >= RUN_KEYS
    assert run["plateau"] is None and run["eval"] is None and run["gap"] is None


def test_the_json_has_no_nan(make_run):
    """A non-finite value is null or text, so that any parser reads it."""
    run = make_run(reward=[0.1, float("inf"), 0.3] * 10, config={"x": float("nan")})
    json.loads(to_json(report_of(run)), parse_constant=lambda text: pytest.fail(text))


def test_the_markdown_has_verdict_table_and_curves(report):
    """Heading, decision, numbers, a sparkline for each role."""
    text = to_markdown(report)
    assert text.startswith(f"## {report.headline}")
    assert "| Final eval | 32.05" in text
    assert re.search("`[▁▂▃▄▅▆▇█]{20,}`", text)


def test_the_markdown_stays_under_its_limit():
    """Five hundred long names are cut, and that is said."""
    run = learning_run(metrics={f"{'m' * 150}{number}": np.ones(126) for number in range(500)}, notes=["n" * 4000] * 40)
    assert len(to_markdown(report_of(run))) <= markdown.MOST


@pytest.mark.parametrize(
    "name", ["<img src=x>", "a|b", "[x](javascript:y)", "@everyone", "**b**", "a\nb", "`c`", "https://evil.example"]
)
def test_markdown_shows_names_as_they_are_written(name):
    """No link, mention, cell, heading or HTML comes out of a name."""
    text = markdown.escaped(name)
    assert "\n" not in text and "<" not in text.replace("\\<", "") and "://" not in text
    assert not re.search(r"(?<!\\)[|*`\[]", text) and not re.search(r"@\w", text)


def test_code_in_markdown_survives_backticks():
    """The fence is longer than any run of backticks inside."""
    assert markdown.code("a``b") == "```a``b```"


def test_the_text_is_aligned_and_plain(report):
    """No escape codes unless asked for; the checks stand in columns."""
    text = to_text(report)
    assert "\x1b" not in text and "\x1b[" in to_text(report, colour=True)
    checks = [line for line in text.splitlines() if re.match(r"  [●■▲⬣] (ok|note|warning|critical)", line)]
    assert len({line.index(re.split(" {2,}", line.strip())[-1]) for line in checks}) == 1


def test_no_name_reaches_the_terminal_as_a_command():
    """Escape sequences in names and notes are gone."""
    assert "\x1b" not in to_text(report_of(learning_run(name="\x1b]0;owned\x07", notes=["\x1b[2J"])))


def test_the_text_says_what_the_reader_did(make_run):
    """Notes of a run stand under it once, whether it could be judged or not."""
    for run in (learning_run(notes=["4 rows were averaged"]), make_run(kl=[0.1] * 20, notes=["4 rows were averaged"])):
        assert to_text(report_of(run)).count("note: 4 rows were averaged") == 1


def test_every_metric_says_its_role():
    """The table of metrics names roles and why."""
    text = metrics_text(learning_run(), Settings())
    assert re.search(r"grpo_actor/entropy/avg .* entropy +step +AReaL's name for it", text)


def test_csv_holds_everything_logged():
    """A row a step, a column a metric, nothing thinned, formulas quoted."""
    tables = to_csv(learning_run(steps=900, metrics={"=1+1": np.ones(900)}))
    (text,) = tables.values()
    assert len(text.splitlines()) == 901
    assert "'=1+1" in text.splitlines()[0]


@pytest.mark.parametrize(("name", "stem"), [("../../etc/passwd", "etc-passwd"), ("a b", "a-b"), ("…", "run")])
def test_a_run_s_file_name_is_safe(name, stem):
    """No name leads out of the folder."""
    (file,) = to_csv(learning_run(name=name))
    assert file == f"{stem}.csv"


@pytest.mark.parametrize(
    ("values", "line"), [([0, 1, 2, 3], "▁▃▆█"), ([1, 1], "▁▁"), ([], ""), ([float("nan"), 2.0], "▁")]
)
def test_a_sparkline_runs_from_lowest_to_highest(values, line):
    """A constant is flat, gaps are left out, nothing is nothing."""
    assert sparkline(np.array(values, dtype=float)) == line


@pytest.mark.parametrize("value", ["</script><img src=x>", "<!--<script>", "\u2028\u2029", "&amp;"])
def test_embedded_json_can_not_end_its_script(value):
    """The text comes back as it was, and no markup of it stands in the page."""
    text = embedded.script_json({"a": value})
    assert not re.search("[<>&\u2028\u2029]", text)
    assert json.loads(text) == {"a": value}


def test_embedded_columns_are_short_and_have_no_nan():
    """Six digits, null for gaps, regular steps as three numbers."""
    assert embedded.numbers([0.1234567, float("nan"), 3.0], 6) == "[0.123457,null,3]"
    assert embedded.positions(np.arange(1.0, 127.0)) == '{"from":1,"by":1,"n":126}'
    assert embedded.positions(np.array([5.0, 7.0, 10.0])) == "[5,2,3]"
    assert embedded.positions(np.array([1e-6, 1.5e-6, 3e-6])) == "[1e-06,5e-07,1.5e-06]"  # rates


@pytest.mark.parametrize(("text", "follows"), [
    ("https://wandb.ai/a/b/runs/c", True), ("javascript:alert(1)", False), ("//evil.example", False),
    ("http://[", False), ("a b", False),
])  # fmt: skip
def test_only_web_addresses_become_links(text, follows):
    """Any other scheme stays text."""
    assert (web_address(text) == text) is follows


def test_templates_escape_everything_and_refuse_what_is_missing():
    """Files ending in .html, strings, and any name that isn't given."""
    environment = html.environment()
    assert environment.from_string("{{ a }}").render(a="<b>\x00\ud800") == "&lt;b&gt;"
    with pytest.raises(jinja2.UndefinedError):
        environment.from_string("{{ missing }}").render()


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_templates_place_and_do_not_compute(path):
    """No arithmetic, no `safe`, no style or event attribute, no address of a foreign host."""
    text = path.read_text(encoding="utf-8")
    expressions = re.findall(r"\{\{(.*?)\}\}|\{%(.*?)%\}", text, re.DOTALL)
    for expression in (one or other for one, other in expressions):
        bare = re.sub(r"\"[^\"]*\"|^-|-$", "", expression.strip())
        assert not re.search(r"[+*/]| - |\bsafe\b", bare), expression
    assert not re.search(r"\son\w+=|\sstyle=|https?:", text)


def test_the_vendored_runtime_is_what_its_hash_says():
    """The policy's hash is that of the unpacked text, which can stand in a script element."""
    import gzip

    code = gzip.decompress((TEMPLATES / "vega/runtime.js.gz").read_bytes()).decode("ascii")
    assert html.digest(code) == "sha256-" + (TEMPLATES / "vega/runtime.sha256").read_text().strip()
    assert "</script" not in code.lower() and "<!--" not in code
