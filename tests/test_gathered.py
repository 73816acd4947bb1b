"""Rows kept as columns while they come in."""

import math
from copy import deepcopy

import pytest

from reportgen.gathered import Gathered


def test_rows_become_columns_with_gaps():
    """Nested names are paths, what is no number is left out, a missing cell is NaN."""
    rows = Gathered([{"a": 1, "b": {"c": 2}}, {}, {"a": True, "d": "text", "b": {"_type": "histogram", "c": 1}}])
    columns, bad = rows.columns()
    assert (rows.n_rows, rows.names, bad) == (3, ["a", ("b", "c")], [])
    assert columns["a"].tolist() == pytest.approx([1, math.nan, 1], nan_ok=True)
    assert columns["b", "c"].tolist() == pytest.approx([2, math.nan, math.nan], nan_ok=True)


def test_a_logged_nan_is_no_gap():
    """nan, inf and overflows are told with their row."""
    _, bad = Gathered([{"a": 1.0}, {"a": "NaN"}, {"a": -math.inf}, {"a": 1e200}]).columns()
    assert [(row, str(value)) for row, _, value in bad] == [(1, "nan"), (2, "-inf"), (3, "1e+200")]


def test_the_later_number_of_a_row_stands():
    """As from a line that adds to the one before."""
    rows = Gathered([{"a": 1}, {"a": 2}])
    rows.more({"a": 3, "b": 4})
    assert {name: values.tolist()[1] for name, values in rows.columns()[0].items()} == {"a": 3, "b": 4}


def test_only_what_is_wanted_is_left():
    """Its nan too."""
    rows = Gathered([{"a": 1, "b": math.nan}, {"a": 2}])
    assert rows.only(lambda name: name == "a").columns()[1] == []
    assert rows.only(lambda name: name == "b").columns()[1][0][:2] == (0, "b")
    assert rows.only(lambda name: False).n_rows == 2


def test_a_copy_grows_alone():
    """What a look left is as it was, whatever the next one adds."""
    rows = Gathered([{"a": 1}])
    copied = deepcopy(rows)
    copied.add({"a": math.inf})
    assert (rows.n_rows, rows.columns()[1]) == (1, [])
