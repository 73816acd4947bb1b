"""What hostile input was found to break, and must not again."""

from __future__ import annotations

import json
import os
import re
import stat
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from reportgen import Settings, diagnose, from_rows, read
from reportgen.anonymous import told
from reportgen.atomic import write_all, write_whole
from reportgen.charts import axis
from reportgen.cli import cli
from reportgen.errors import ReportgenError, SettingsError, SourceError
from reportgen.wording import count, fixed

TOKEN = "ghp_" + "Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv1Wx2"


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sound run of 20 steps in the working folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.csv"
    path.write_text("step,reward\n" + "".join(f"{step},{0.2 + step / 100}\n" for step in range(1, 21)))
    return path


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def _reward(values: Any) -> Any:
    steps = np.arange(1.0, len(values) + 1)
    return from_rows({"step": steps, "reward": np.array(values, dtype=float)}, id="r", source="a test")


def test_a_pipe_is_refused_without_waiting_for_its_writer(tmp_path: Path) -> None:
    """A named pipe is no file: one sentence, no hang."""
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(SourceError, match="neither a file nor a folder"):
        read(str(tmp_path / "a.csv"))


def test_an_alias_without_end_is_one_sentence(tmp_path: Path) -> None:
    """A YAML value that holds itself leaves its file out, and says why."""
    from reportgen.sources.beside import yaml_text

    (tmp_path / "config.yaml").write_text("a: &a\n  b: *a\n")
    notes: list[str] = []
    assert yaml_text.beside(tmp_path / "config.yaml", notes) == {}
    assert "without end" in notes[0]


def test_an_epoch_next_to_nothing_is_no_epoch(tmp_path: Path) -> None:
    """Steps an epoch are unknown when the first row's epoch is 1e-320."""
    rows = [{"step": 1, "reward": 0.1, "epoch": 1e-320}, {"step": 2, "reward": 0.2, "epoch": 0}]
    (tmp_path / "trainer_state.json").write_text(json.dumps({"log_history": rows}))
    assert read(str(tmp_path / "trainer_state.json")).steps_per_epoch is None


@pytest.mark.parametrize("value", [1e300, -1e300, 1.7976931348623157e308])
def test_a_value_whose_square_overflows_is_told_with_the_non_finite(value: float) -> None:
    """It is kept with its value, and no check meets it."""
    run = _reward([0.1, value, *[0.3] * 20])
    assert [(item.step, item.value) for item in run.nonfinite] == [(2, value)]
    assert diagnose(run).scale is not None


@pytest.mark.parametrize(("low", "high"), [(1e16, 1e16 + 2), (-1e308 / 2, 1e308 / 2), (5.0, 5.0), (0.0, 5e-324)])
def test_an_axis_has_room_for_any_two_ends(low: float, high: float) -> None:
    """Ticks rise, however close or far the ends are."""
    positions = axis.ticks(low, high)
    assert len(positions) > 1
    assert all(first < second for first, second in pairwise(positions))


def test_huge_numbers_are_not_written_out() -> None:
    """A table stays as wide as the page."""
    assert len(fixed(5.75e91, 2)) < 10
    assert len(count(5.75e91)) < 10


@pytest.mark.parametrize(
    "given",
    [
        {"baseline": float("nan")}, {"baseline": 1e300}, {"eval_size": 0}, {"eval_size": {10: 0}}, {"gpus": 0},
        {"reward_range": (1.0, 0.0)}, {"reward_range": (0.0, float("inf"))}, {"samples_per_step": -1},
        {"steps": (5, 1)},
        {"gap": float("nan")}, {"plateau_probability": 7.0}, {"significance": 0.0}, {"undecided_probability": 0.9},
        {"zero_streak_steps": 0},
    ],
)  # fmt: skip
def test_what_can_be_true_of_no_run_is_refused(given: dict[str, Any]) -> None:
    """Impossible settings are one sentence, in the library too."""
    with pytest.raises(SettingsError, match=";"):
        Settings(**given)


def test_a_baseline_outside_an_accuracy_is_refused() -> None:
    """20 for 20 % is a slip, not a baseline."""
    run = from_rows([{"step": n, "grpo_actor/task_reward/avg": 0.3} for n in range(30)], id="r", source="t")
    with pytest.raises(SettingsError, match="an accuracy"):
        diagnose(run, Settings(baseline=20.0))


@pytest.mark.parametrize("option", ["--baseline", "--min-gain", "--max-gap"])
def test_nan_is_no_level_and_no_gate(table: Path, option: str) -> None:
    """A gate of nan would let every run pass."""
    assert _run("diagnose", "a.csv", f"{option}=nan").exit_code == 2


@pytest.mark.parametrize(
    "places",
    [["-o", "a.csv"], ["-o", "x", "--json", "./x"], ["-o", "x", "--csv", "-"], ["-o", "x", "--json", "/proc/x.json"]],
)
def test_nothing_is_written_when_one_place_will_not_do(table: Path, places: list[str]) -> None:
    """No run is overwritten, and no page stays without the JSON asked for with it."""
    before = table.read_bytes()
    assert _run("report", "a.csv", *places).exit_code == 2
    assert [path.name for path in table.parent.iterdir()] == ["a.csv"]
    assert table.read_bytes() == before


def test_a_device_is_written_into(tmp_path: Path) -> None:
    """/dev/null stays what it is."""
    write_whole(Path("/dev/null"), "text")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_link_is_followed(tmp_path: Path) -> None:
    """The file that a link names is written, the link stays."""
    (tmp_path / "link.html").symlink_to("real.html")
    write_whole(tmp_path / "link.html", "text")
    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "real.html").read_text() == "text"


def test_of_several_files_none_is_written_when_one_cannot_be(tmp_path: Path) -> None:
    """All or nothing, and no scratch file stays."""
    (tmp_path / "b").mkdir()
    with pytest.raises(ReportgenError, match="can't be written"):
        write_all([(tmp_path / "a", "1"), (tmp_path / "b", "2")])
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_secret_in_a_metrics_name_is_taken_out() -> None:
    """Names that become alike without it stay two metrics."""
    row = {"step": 1, f"m/{TOKEN}": 1.0, f"m/{TOKEN[:-1]}Z": 2.0, f"g-{TOKEN}": 3.0}
    run = from_rows([row], id="r", source="t", config={"api_keys": ["Tr0ub4dor"], "sort_keys": ["a"]})
    assert list(run.history.columns) == ["m/[removed]", "m/[removed]'", "g-[removed]"]
    assert run.config == {"api_keys": ["[removed]"], "sort_keys": ["a"]}
    assert len(run.removed) == 4


def test_a_lone_surrogate_is_no_crash() -> None:
    """Names that no file could hold are shown with the replacement sign."""
    run = from_rows([{"step": 1, "a\ud800": 1.0}], id="\udcff", name="n\udcff", source="t\udcff")
    assert list(run.history.columns) == ["a\ufffd"]
    assert run.name == "n\ufffd"


def test_messages_of_an_anonymous_report_name_no_folder(table: Path) -> None:
    """What can't be read is named by its last part, on stderr and in the JSON."""
    (table.parent / "adalovelace").mkdir()
    (table.parent / "adalovelace" / "b.csv").write_text("step,x\n1,a\n")
    done = _run("diagnose", "a.csv", "adalovelace", "--anonymous", "--format", "json")
    assert "b.csv" in done.output
    assert "adalovelace" not in done.output
    assert "ada" not in told("/home/ada/x.csv: no such file", ["/home/ada/x.csv"])


@pytest.mark.parametrize("text", ["baseline = ", "a=" + "[" * 5000, 'baseline="nan"', b"\xff\xfea\x00"])
def test_a_broken_settings_file_is_exit_code_2(table: Path, text: str | bytes) -> None:
    """Not 1, which says that a gate failed."""
    Path("reportgen.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    done = _run("diagnose", "a.csv")
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_the_same_label_twice_is_refused(table: Path) -> None:
    """The first run would be dropped without a word."""
    done = _run("diagnose", "--label", "x=a.csv", "--label", "x=a.csv")
    assert done.exit_code == 2
    assert "given twice" in done.output


def test_a_run_without_a_step_in_the_span_does_not_take_the_others_down(table: Path) -> None:
    """It is named as not read; the rest is reported, and with --strict the exit code is 2."""
    Path("b.csv").write_text("step,reward\n" + "".join(f"{step},0.5\n" for step in range(30, 60)))
    done = _run("diagnose", "a.csv", "b.csv", "--steps", "30:")
    assert done.exit_code == 0
    assert "no step within 30:" in done.output
    assert _run("diagnose", "a.csv", "b.csv", "--steps", "30:", "--strict").exit_code == 2


def test_a_reference_that_is_not_the_only_run_is_refused(table: Path) -> None:
    """A slip in its name is said, with one run too."""
    assert _run("diagnose", "a.csv", "--reference", "nonsense").exit_code == 2
    assert _run("diagnose", "a.csv", "--reference", "a.csv").exit_code == 0


def test_a_page_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond it metrics that no chart shows are left out, and it is said."""
    from reportgen import compose, page
    from reportgen.render import html

    def report(n_more: int) -> Any:
        more = {f"more_{n}": np.random.default_rng(n).normal(size=60) for n in range(n_more)}
        run = from_rows(
            {"step": np.arange(1.0, 61), "reward": np.linspace(0, 0.5, 60), **more}, id="r", source="a test"
        )
        return compose([diagnose(run)])

    limit = len(page(report(0)).encode()) + 40_000
    assert len(page(report(200)).encode()) > limit
    monkeypatch.setattr(html, "LARGEST_PAGE", limit)
    text = page(report(200))
    assert len(text.encode()) <= limit
    assert "further metrics would make this page too large" in text
    assert "more_0" in text


@pytest.mark.parametrize(
    "name", ["%", "%E0%A4%A", "a'b\"c<d>", "</script><script>alert(1)</script>", "\u2028", "${x}", "{{x}}"]
)
def test_a_hostile_name_stays_a_name(name: str) -> None:
    """In the page's text, its data and its addresses."""
    from reportgen import compose, page

    rows = [{"step": n, "reward": n / 30, f"m{name}": n} for n in range(1, 21)]
    text = page(
        compose([diagnose(from_rows(rows, id=name, name=name, source=name, config={name: name}, notes=[name]))])
    )
    assert "<script>alert" not in text
    assert not re.search(r'href="#[^"]*[%<>\s][^"]*"', text)


def test_points_exactly_on_a_line_are_judged() -> None:
    """Seven exact points, a straight line without noise, a single jump to a huge number."""
    for values in (
        [0.21, 0.22, 0.23, 0.24, 0.24, 0.24, 0.24],
        np.linspace(0, 1, 40),
        [0.0] * 30,
        [*[0.3] * 11, 9.2e18],
    ):
        assert diagnose(_reward(values)).verdict.headline


def test_seven_exact_points_in_a_file_are_judged(tmp_path: Path) -> None:
    """No width of a kernel is rounded to nothing."""
    (tmp_path / "a.csv").write_text("step,reward\n1,0.21\n2,0.22\n3,0.23\n4,0.24\n5,0.24\n6,0.24\n7,0.24\n")
    assert diagnose(read(str(tmp_path / "a.csv"))).verdict.headline


def test_one_step_beside_a_long_run_is_compared() -> None:
    """Steps that don't overlap, and a run of a single step."""
    from reportgen import compose, page

    one = from_rows({"step": np.array([500.0]), "reward": np.array([0.3])}, id="a", name="a", source="t")
    assert "a" in page(compose([diagnose(one), diagnose(_reward(np.linspace(0.1, 0.4, 60)))]))


def test_a_step_time_that_begins_at_zero_is_judged() -> None:
    """No division by it."""
    rows = [{"step": n, "reward": n / 30, "step_time": max(0, n - 3)} for n in range(1, 21)]
    assert diagnose(from_rows(rows, id="r", source="t")).findings


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 3000])
def test_a_settings_file_that_hurts_is_one_sentence(tmp_path: Path, value: str) -> None:
    """A number of 5,000 digits and nesting without end are no fault of reportgen's own."""
    (tmp_path / "own.toml").write_text(f"eval-size = {value}\n")
    ended = CliRunner().invoke(cli, ["report", str(tmp_path), "--config", str(tmp_path / "own.toml")])
    assert ended.exit_code == 2
    assert "own.toml: not TOML" in ended.output
