"""What a person types for an option."""

import click
import pytest
from click.testing import CliRunner

from reportgen import options
from reportgen.errors import SettingsError


@pytest.mark.parametrize(
    ("typed", "value"), [("18.35%", 0.1835), ("0.1835", 0.1835), ("18.35 %", 0.1835), ("-1.5", -1.5)]
)
def test_a_share_is_a_percentage_or_a_number(typed, value):
    """18.35% and 0.1835 mean the same."""
    assert options.SHARE.convert(typed, None, None) == pytest.approx(value)


@pytest.mark.parametrize(("typed", "value"), [("5pp", 0.05), ("5 pp", 0.05), ("0.05", 0.05)])
def test_points_are_pp_or_a_number(typed, value):
    """5pp and 0.05 mean the same."""
    assert options.POINTS.convert(typed, None, None) == pytest.approx(value)


@pytest.mark.parametrize("typed", ["", "x", "5%pp", "pp"])
def test_points_refuse_the_rest(typed):
    """What is no number of points is refused with an example."""
    with pytest.raises(click.BadParameter, match="5pp"):
        options.POINTS.convert(typed, None, None)


@pytest.mark.parametrize(("typed", "value"), [("100:200", (100, 200)), ("100:", (100, None)), (":200", (None, 200))])
def test_steps_may_be_open_at_an_end(typed, value):
    """A:B, A: and :B are spans of steps."""
    assert options.STEPS.convert(typed, None, None) == value


@pytest.mark.parametrize("typed", ["1", "1:0", "0:", "a:b", "1:1"])
def test_a_range_needs_two_rising_numbers(typed):
    """A reward range has both ends."""
    with pytest.raises(click.BadParameter, match="0:1"):
        options.RANGE.convert(typed, None, None)


def test_pairs_need_an_equals_sign():
    """ROLE=NAME without = is refused by name."""
    with pytest.raises(SettingsError, match="--metric reward: expected NAME=VALUE"):
        options.pairs("--metric", ["reward"])


@pytest.fixture
def command():
    """A tiny command that reads a settings file."""

    @click.command()
    @click.option("--config", callback=options.read_config, is_eager=True, expose_value=False)
    @click.option("--eval-size", type=int)
    @click.option("--set", "thresholds", multiple=True)
    def tiny(eval_size, thresholds):
        click.echo(f"{eval_size} {thresholds}")

    return tiny


def test_a_settings_file_gives_defaults(command, tmp_path, monkeypatch):
    """reportgen.toml in the working folder fills options; flags win."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reportgen.toml").write_text('eval-size = 500\n[set]\ngap = "0.05"\n')
    assert CliRunner().invoke(command).output == "500 ('gap=0.05',)\n"
    assert CliRunner().invoke(command, ["--eval-size", "7"]).output.startswith("7 ")


@pytest.mark.parametrize(("text", "said"), [("basline = 1", "no such setting 'basline'"), ("a = ", "reportgen.toml: ")])
def test_a_wrong_settings_file_is_refused(command, tmp_path, monkeypatch, text, said):
    """A misspelt key or broken TOML is one sentence and exit code 2."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reportgen.toml").write_text(text)
    ended = CliRunner().invoke(command)
    assert ended.exit_code == 2
    assert said in ended.output
