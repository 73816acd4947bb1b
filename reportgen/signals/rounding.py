"""Numbers with so many significant digits: what a machine's last bits can't change."""

import numpy as np


def significant(values: np.ndarray, digits: int) -> np.ndarray:
    """The values rounded to so many significant digits; nan, inf and 0 as they are."""
    with np.errstate(all="ignore"):
        size = np.floor(np.log10(np.abs(values)))
        scale = 10.0 ** np.clip(digits - 1 - size, -300, 300)
        rounded = np.round(values * scale) / scale
    return np.where(np.isfinite(rounded) & (values != 0), rounded, values)
