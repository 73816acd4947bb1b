"""Charts: specs that hold no run's text, static pictures that are small and safe, thinning that keeps spikes."""

import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from reportgen import wording
from reportgen.charts import Sheet, axis, draw, kinds, specs, svg, thumbnail
from reportgen.charts.kinds import Frame
from reportgen.charts.sheet import clean, cloud, smoothed, thinned
from reportgen.charts.theme import LIGHT, colour
from reportgen.findings import Figure, Mark

TRAPS = (
    "\x1b[31mred\x00",
    "a\nb\rc\u2028d",
    'quote" and \\ slash\\"',
    "\ud800",
    "\ufffe\uffff",
    "</script><b>",
    "a.b[0]",
    "__proto__",
    "{'expr': 'window'}",
    "datum['x']",
)


@pytest.fixture(scope="module")
def sheet():
    """One sheet for the module: its kinds are compiled once."""
    return Sheet()


def figure(kind="small", name="loss", values=(1.0, 2.0, 3.0), marks=(), unit="", title="Loss"):
    frame = pd.DataFrame(
        {"step": np.arange(1.0, len(values) + 1), "value": values, "low": np.nan, "high": np.nan, "series": name}
    )
    return Figure("one", title, unit, frame, tuple(marks), kind)


@pytest.mark.parametrize("name", sorted(specs.KINDS))
def test_every_kind_compiles_with_what_is_vendored(name):
    """No transform, mark or channel that the page's runtime lacks or refuses."""
    kind = kinds.compiled(name)
    assert kind.vega["autosize"] == "none"
    assert '"href"' not in json.dumps(kind.vega) and '"url"' not in json.dumps(kind.vega)


def test_an_unknown_transform_is_refused():
    """A spec that the vendored runtime could not run is a mistake of ours, found at once."""
    vega = {"marks": [], "axes": [], "data": [{"name": "a", "transform": [{"type": "voronoi"}]}]}
    with pytest.raises(AssertionError, match="voronoi"):
        kinds._trimmed(vega, "a")


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("kind", ["small", "lines", "reward"])
def test_no_text_can_break_a_drawing(sheet, kind, trap):
    """As title, unit, series and label: the picture is whole, and the text is only text."""
    marks = [Mark("threshold", trap, value=2.0), Mark("baseline", trap, value=1.5), Mark("restart", trap, first=2)]
    name = trap.replace("\ud800", "") if kind != "reward" else "train"  # pandas itself refuses lone surrogates
    chart = draw(figure(kind, name, marks=marks, unit=trap, title=trap), sheet)
    for _, picture in chart.pictures:
        assert picture.startswith("<svg") and picture.endswith("</svg>")
        assert "<script" not in picture and "<b>" not in picture
        assert not re.search("[\x00-\x1f\ud800-\udfff\ufffe\uffff]", picture)


@pytest.mark.parametrize("name", ["a.b", "a[0]", "a:b", "it's", "constructor", "__proto__", 'a"b'])
def test_every_metric_is_drawn_whatever_its_name(sheet, name):
    """Names never become field names, so none loses its points."""
    chart = draw(figure(name=name), sheet)
    assert 'stroke="var(--train,' in chart.pictures[0][1]


def test_a_control_character_never_reaches_the_converter():
    """A name with ESC or NUL is drawn in a process that lives on."""
    program = (
        "import pandas as pd; from reportgen.charts import Sheet, draw; from reportgen.findings import Figure, Mark;"
        "columns = {'step': [1.0, 2.0], 'value': [1.0, 2.0], 'low': 0.0, 'high': 3.0, 'series': 'a\\x1b\\x00'};"
        "marks = (Mark('threshold', '\\x1b', value=1.0),);"
        "draw(Figure('a', 'b\\x1b', 'c\\x00', pd.DataFrame(columns), marks, 'lines'), Sheet()); print('alive')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "alive\n"


def test_pictures_have_no_ids_classes_or_fonts(sheet):
    """Several inline pictures can't collide, and text inherits the page's font."""
    picture = draw(figure(marks=[Mark("threshold", "limit", value=2.0)]), sheet).pictures[0][1]
    assert not re.search(r"\b(id|class|style|font-family|clip-path|href)=", picture)


def test_colours_follow_the_page(sheet):
    """Every colour is a variable with a fallback."""
    picture = draw(figure("reward", "train"), sheet).pictures[0][1]
    assert set(re.findall(r'(?:fill|stroke)="([^"]+)"', picture)) - {"none"} <= {colour(name) for name in LIGHT}


def test_the_wide_and_the_narrow_picture_are_drawn_anew(sheet):
    """A phone's chart is 358 px wide with text of the same size."""
    chart = draw(figure("reward", "train", values=np.linspace(0, 1, 50)), sheet)
    sizes = {size: re.match(r'<svg width="(\d+)"', picture)[1] for size, picture in chart.pictures}
    assert sizes == {"wide": "808", "narrow": "358"}


def test_thinning_keeps_a_spike():
    """One value in ten thousand survives, and so do both ends."""
    values = np.zeros(10_000)
    values[4321] = 9.0
    kept = thinned(values, 500)
    assert 4321 in kept and kept[0] == 0 and kept[-1] == 9_999 and len(kept) <= 502
    assert (np.diff(kept) > 0).all()


def test_short_series_are_not_thinned():
    """Every value of a short run is drawn."""
    assert len(thinned(np.zeros(126), 500)) == 126


def test_many_runs_share_the_points_of_a_chart():
    """20 runs have 250 points each, 500 runs at least 100."""
    assert (Sheet.of(1).points, Sheet.of(20).points, Sheet.of(500).points) == (500, 250, 100)


def test_smoothing_by_nothing_changes_nothing():
    """0 is raw; more is the mean of a constant still."""
    steps = np.arange(10.0)
    assert np.array_equal(smoothed(steps, steps, 0), steps)
    assert np.allclose(smoothed(steps, np.full(10, 3.0), 5), 3.0)


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0, 0.56, [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), (-3, 5, [-4, -2, 0, 2, 4, 6])]
)
def test_ticks_are_round_and_hold_the_values(low, high, expected):
    """1, 2 or 5 times a power of ten, from below to above."""
    assert axis.ticks(low, high) == pytest.approx(expected)


def test_ticks_of_a_constant_are_round_it():
    """A flat series still has an axis."""
    positions = axis.ticks(2.0, 2.0)
    assert positions[0] < 2.0 < positions[-1]


def test_labels_are_pushed_apart():
    """No two stand closer than asked, and the order stays."""
    placed = axis.spaced([100, 101, 102, 200], 16)
    assert min(np.diff(placed)) >= 16 - 1e-9
    assert placed == sorted(placed)


def test_labels_stay_inside_the_plot():
    """One at the bottom moves up and pushes the one above it."""
    assert axis.kept_inside([380, 396], 16, 6, 390) == [374, 390]


def test_a_path_is_relative_and_short():
    """Coordinates have one decimal and no needless zeros."""
    assert svg.relative("M0,10.04L1.26,10.04L2.5,9.5") == "M0 10l1.3 0 1.2-.5"


def test_equal_circles_become_one_path():
    """Points of one look are one path of round caps."""
    circle = '<path transform="translate(5,6)" d="M2,0A2,2,0,1,1,-2,0A2,2,0,1,1,2,0" fill="red"/>'
    text = svg.slim(
        f'<svg xmlns="http://www.w3.org/2000/svg"><g>{circle}{circle.replace("5,6", "7,8")}</g></svg>', Frame(10, 10)
    )
    assert text.count("<path") == 1 and 'd="M5 6h0M7 8h0"' in text


@pytest.mark.parametrize("trap", TRAPS)
def test_every_text_is_cleaned_in_one_place(trap):
    """Parameters, rows and looks, however deep, keep their shape and lose what breaks a chart."""
    cleaned = clean({"rows": [{"text": trap, "step": 1.5}], "labels": {trap: None}})
    texts = [cleaned["rows"][0]["text"], *cleaned["labels"]]
    assert cleaned["rows"][0]["step"] == 1.5
    assert not any(re.search("[\x00-\x1f\u2028\ud800-\udfff\ufffe\uffff\\\\]", text) for text in texts)


def test_a_thinned_series_is_smoothed_from_its_means(sheet):
    """Rare spikes are drawn but don't lift the strong line."""
    values = np.ones(5_000)
    values[::50] = 100.0
    chart = draw(figure(name="spiky", values=values), sheet)
    mean = sheet.series[chart.series["mean"][0]]
    assert mean.values.max() < 10
    assert sheet.series[chart.series["raw"][0]].values.max() == 100.0


def test_thinned_dots_are_as_dense_as_all(sheet):
    """The scatter of the drawn dots is that of all; a lone far value is among them; the same dots each time."""
    rng = np.random.default_rng(5)
    values = rng.normal(0, 1, 20_000)
    values[777] = 9.0
    kept = cloud(values, 500)
    assert 450 <= len(kept) <= 500 and 777 in kept
    middle = np.abs(values[kept]) < 0.6745  # half of a normal cloud
    assert 0.4 < middle.mean() < 0.6
    assert np.array_equal(kept, cloud(values, 500))


def test_the_thumbnail_has_room_for_its_numbers(sheet):
    """A long value moves the plot's right edge, and ends inside the picture."""
    values = (-1.2345e-5, -1.2345e-5)
    frame = pd.DataFrame({"step": [1.0, 2.0], "value": values, "low": values, "high": values, "series": "trend"})
    drawn = draw(Figure("thumb", "Reward", "", frame, (Mark("baseline", "", value=-1.5e-5),), "reward"), sheet)
    picture = thumbnail.thumbnail(drawn, sheet)
    for x, text in re.findall(r'<text x="([\d.]+)"[^>]*>([^<]*)<', picture):
        assert float(x) + len(text) * 7 <= thumbnail.WIDTH


def test_a_tiny_cost_is_written_as_little():
    """Never as 9.9e−5 hours."""
    assert wording.gpu_hours(9.94e-5) == "under 0.01 GPU-hours"
    assert wording.gpu_hours(0.97) == "0.97 GPU-hours"
