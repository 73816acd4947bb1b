"""The published JSON Schema is what the program writes: nothing missing, nothing besides."""

import json
import math
from functools import cache
from pathlib import Path

import pytest

import reportgen
from reportgen import gates, render
from reportgen.errors import ReportgenError
from reportgen.render import schema

jsonschema = pytest.importorskip("jsonschema")
ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "sample_runs"
SHARED = ROOT.parent / "shared"


@cache
def validator():
    """Refuses fields that the schema doesn't list, too."""
    closed = schema.json_schema(closed=True)
    jsonschema.Draft202012Validator.check_schema(closed)
    return jsonschema.Draft202012Validator(closed)


def check(report, *, whole=True):
    document = json.loads(render.to_json(report, whole=whole))
    faults = [f"{fault.json_path}: {fault.message[:200]}" for fault in validator().iter_errors(document)]
    assert not faults, faults[:3]
    return document


@cache
def samples():
    return tuple(reportgen.diagnose(run) for run in reportgen.read_all(reportgen.find(str(SAMPLES))).runs)


def test_each_sample_run():
    for diagnosis in samples():
        assert check(reportgen.compose([diagnosis]))["comparison"] is None


def test_a_comparison_with_all_that_may_be_asked_of_it():
    """Gates, an earlier report, runs that can't be read, files that were passed over."""
    asked = gates.Gates("warning", 0.05, 0.03, True, True)
    before = render.to_json(reportgen.compose(samples()[:1]))
    report = reportgen.compose(
        samples(), [("a.log", "is empty")], earlier=(before, "r.json"), passed_over=[("b.txt", "no run")],
        gates=gates.results(samples(), asked),
    )  # fmt: skip
    said = check(report)
    assert said["comparison"] and said["choice"] and said["since"] and said["gates"] and said["passed_over"]["count"]
    assert "saved" not in check(report, whole=False)


def test_numbers_that_are_none(make_run):
    """A run of nan and inf alone, and one of a single step."""
    for values in ([math.nan, math.inf, 0.5, 0.5], [0.5]):
        check(reportgen.compose([reportgen.diagnose(make_run(reward=values))]))


def test_a_field_that_is_not_listed_is_seen():
    """The closed schema used above refuses a new field, a missing one and one of another type."""
    document = json.loads(render.to_json(reportgen.compose(samples()[:1]), whole=False))
    for spoilt in ({"more": 1}, {"title": 3}, {"runs": [{}]}):
        assert list(validator().iter_errors(document | spoilt))
    assert not list(jsonschema.Draft202012Validator(schema.json_schema()).iter_errors(document | {"more": 1}))


def test_every_field_that_is_no_plain_word_has_its_meaning():
    """Meanings come from the code's comments; an object without a sentence says nothing."""
    for kind in schema.kinds_of(schema.Document):
        assert schema._summary(kind).endswith("."), kind


@pytest.mark.parametrize("folder", ["runs", "cases"])
@pytest.mark.filterwarnings("ignore")
def test_every_shared_run(folder):
    """Runs of other people, and the cases of every kind of fault."""
    if not (SHARED / folder).is_dir():
        pytest.skip("the shared runs are not here")
    found = reportgen.read_all(reportgen.find(str(SHARED / folder)))
    assert len(found.runs) > 4
    for run in found.runs:
        try:
            diagnosis = reportgen.diagnose(run)
        except ReportgenError:
            continue
        check(reportgen.compose([diagnosis]), whole=False)
