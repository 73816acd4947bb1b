"""Nested names made flat, logged values read as numbers."""

from __future__ import annotations

import math

import pytest

from reportgen import naming


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, 1.0), (True, 1.0), ("0.25", None), ("NaN", math.nan), (" -Infinity ", -math.inf), (None, None), ([1], None),
     (10**400, None)],
)  # fmt: skip
def test_values_become_numbers_or_nothing(value, expected):
    """Numbers and spelled-out nan or inf count; everything else is no number."""
    assert repr(naming.number(value)) == repr(expected)


def test_leaves_of_a_nested_row():
    """A nested value is named by its path; media has no leaves."""
    row = {"a": 1, "b": {"c": {"d": 2}}, "image": {"_type": "image-file", "size": 3}}
    assert list(naming.leaves(row)) == [("a", 1), (("b", "c", "d"), 2)]


def test_parts_are_joined_by_dots():
    """As W&B joins them, without a note."""
    assert naming.join([("a", "b"), "c"]) == ({("a", "b"): "a.b", "c": "c"}, [])


def test_a_literal_name_keeps_its_spelling():
    """Where both are logged the nested one gets a slash, and it is noted."""
    names, notes = naming.join([("a", "b"), "a.b"])
    assert names == {("a", "b"): "a/b", "a.b": "a.b"}
    assert "a/b" in notes[0]


def test_no_two_names_become_one():
    """Even when the slash is taken as well."""
    names, _ = naming.join([("a", "b"), "a.b", "a/b"])
    assert len(set(names.values())) == 3


def test_flat_config():
    """Nested keys are dotted, lists stay values, empty parts are left out."""
    assert naming.flatten({"a": {"b": 1, "c": {}}, 2: [3]}) == {"a.b": 1, "2": [3]}


def test_the_most_specific_pattern_wins():
    """define_metric: an exact name before a pattern, a longer pattern before a shorter."""
    patterns = {"*": "_step", "train/*": "train/step", "train/loss": "loss_step"}
    assert naming.most_specific("train/loss", patterns) == "loss_step"
    assert naming.most_specific("train/kl", patterns) == "train/step"
    assert naming.most_specific("eval", {"train/*": "x"}) is None
