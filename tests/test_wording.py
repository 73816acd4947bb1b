"""Numbers fit to read, text safe to draw."""

from __future__ import annotations

import pytest

from reportgen import wording

NARROW = "\u202f"


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.32051, "32.05"), (0.0, "0.00"), (1.0, "100.00"),
        (0.00001, f"under{NARROW}0.01"), (0.999999, f"over{NARROW}99.99"),
    ],
)  # fmt: skip
def test_percent_never_rounds_into_a_lie(share, shown):
    """Nearly nothing is not 0 %, nearly all is not 100 %."""
    assert wording.percent(share) == f"{shown}{NARROW}%"


@pytest.mark.parametrize(("value", "shown"), [(0.13701, "+13.70 pp"), (-0.0025, "−0.25 pp"), (0.0, "0.00 pp")])
def test_points_are_signed(value, shown):
    """Differences carry their sign, with a real minus."""
    assert wording.points(value) == shown


@pytest.mark.parametrize(
    ("bounds", "accuracy", "signed", "shown"),
    [
        ((0.296, 0.346), True, False, "[29.6, 34.6]"),
        ((0.104, 0.169), True, True, "[+10.4, +16.9]"),
        ((-0.00004, 0.03), True, True, "[−0.004, +3.0]"),
        ((70, 104), False, False, "[70, 104]"),
        ((-2.41, -1.52), False, False, "[−2.41, −1.52]"),
    ],
)
def test_intervals(bounds, accuracy, signed, shown):
    """The unit isn't repeated, and an end that isn't 0 doesn't read 0."""
    assert wording.interval(bounds, accuracy, signed=signed) == shown


@pytest.mark.parametrize(
    ("p", "shown"),
    [
        (0.0596, "p = 0.06"), (0.0499, "p = 0.0499"), (0.05, "p = 0.050"), (0.9999, "p = 1.00"), (0.001, "p = 0.001"),
        (0.0004, "p < 0.001"), (6.6e-16, "p < 10⁻¹⁵"), (0.0, "p < 10⁻³⁰⁰"),
    ],
)  # fmt: skip
def test_p_values(p, shown):
    """Small ones as powers; none crosses 0.05 by rounding."""
    assert wording.p_value(p) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.018, "0.018"), (27.5, "27.5"), (1319, "1,319"), (1.7e-5, "1.7e−5"), (-0.00213, "−0.00213"), (0, "0"),
        (1e-12, "1e−12"),
    ],
)  # fmt: skip
def test_numbers_have_three_digits(value, shown):
    """Three digits that count, thousands apart, tiny ones as powers."""
    assert wording.number(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(27.4, "27.4 s"), (3500, "58 min"), (12_000, "3 h 20 min"), (187_200, "2 d 4 h")]
)
def test_durations(seconds, shown):
    """The unit fits the size."""
    assert wording.duration(seconds) == shown


@pytest.mark.parametrize(
    ("p", "shown"), [(0.93, "0.93"), (0.9999, "over 0.99"), (0.0001, "under 0.01"), (1.0, "over 0.99")]
)
def test_probabilities(p, shown):
    """Nearly sure isn't sure."""
    assert wording.probability(p) == shown


def test_lists_are_read_aloud():
    """Few are named, many are counted."""
    assert wording.listed([47]) == "47"
    assert wording.listed([47, 88]) == "47 and 88"
    assert wording.listed(range(9)) == "0, 1, 2 and 6 more"
    assert wording.plural(1, "step") + ", " + wording.plural(1200, "step") == "1 step, 1,200 steps"


@pytest.mark.parametrize("code", [0x00, 0x08, 0x1B, 0x7F, 0x9B, 0x202E, 0x2066, 0xD800, 0xFFFE, 0xFFFF, 0xFEFF])
def test_what_breaks_a_drawing_is_dropped(code):
    """Control characters, direction marks, lone surrogates and non-characters."""
    assert wording.drawable(f"a{chr(code)}b") == "ab"


@pytest.mark.parametrize("blank", ["\n", "\r\n", "\t", "\u2028", "\u2029", "\x85"])
def test_line_ends_become_blanks(blank):
    """A drawn text is one line."""
    assert wording.drawable(f"a{blank}b") == "a b"


def test_drawn_text_is_cut_and_has_no_backslash():
    """Backslashes start escapes; long names have no room."""
    assert wording.drawable("a\\b") == "a∖b"
    assert wording.drawable("x" * 3000, 20) == "x" * 19 + "…"
    assert wording.drawable("é世界🙂") == "é世界🙂"


@pytest.mark.parametrize(
    ("names", "room", "cut"),
    [
        (["lr-1", "lr-2"], 8, ["lr-1", "lr-2"]),
        (["gsm8k-grpo-lr1e-6", "gsm8k-grpo-lr2e-6"], 10, ["…lr1e-6", "…lr2e-6"]),
        (["a/one-long-name/seed", "a/two-long-name/seed"], 8, ["…one…", "…two…"]),
        (["x" * 40 + "1", "x" * 40 + "2", "abc"], 8, ["…xxxx1", "…xxxx2", "abc"]),
        (["x" * 40], 8, ["xxxxxxx…"]),
    ],
)
def test_names_are_cut_by_what_they_share(names, room, cut):
    """Whole words at the beginning, then at the end; never two alike."""
    assert list(wording.told_apart(names, room).values()) == cut
