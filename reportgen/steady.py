"""Computed numbers rounded to what is known, so that the same run gives the same bytes on any machine of a kind.

The last bits of a sum hang on the BLAS kernel and the number of its threads; nine digits don't.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from reportgen.run import Run
from reportgen.settings import Settings
from reportgen.signals.rounding import significant

DIGITS = 9


def steady(value: Any) -> Any:
    """The same value, every computed number in it with so many digits; what was logged and what was set stays."""
    if isinstance(value, float):
        return type(value)(f"{value:.{DIGITS}g}") if math.isfinite(value) else value
    if isinstance(value, str | int | Run | Settings) or value is None:
        return value
    if isinstance(value, np.ndarray):
        return significant(value, DIGITS) if value.dtype.kind == "f" else value
    if isinstance(value, pd.DataFrame):
        floats = value.select_dtypes("float").columns
        rounded = {name: significant(value[name].to_numpy(), DIGITS) for name in floats}
        return value.assign(**rounded) if rounded else value
    if isinstance(value, pd.Series):
        return pd.Series(steady(value.to_numpy()), index=value.index, name=value.name)
    if isinstance(value, tuple):
        items = [steady(item) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, list):
        return [steady(item) for item in value]
    if isinstance(value, Mapping):
        return {key: steady(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        given = {item.name: getattr(value, item.name) for item in fields(value) if item.init}
        made = {name: steady(item) for name, item in given.items()}
        return replace(value, **{name: item for name, item in made.items() if item is not given[name]})
    return value
