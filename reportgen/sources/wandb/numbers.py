"""JSON texts of numbers, thousands at a time, as floats."""

from __future__ import annotations

import numpy as np

from reportgen.sources.wandb.messages import Bytes

IS_NUMBER = np.zeros(256, bool)  # by the first byte of a JSON text: whether it is a number, nan or inf
IS_NUMBER[np.frombuffer(b"-0123456789NI", np.uint8)] = True
FEW = 20_000  # numbers; for fewer, loading pyarrow costs more than it saves


def are(buffer: Bytes, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Whether from each start to its end (n,) there is a number, nan and inf included, by the first byte."""
    return IS_NUMBER[np.frombuffer(buffer, np.uint8)[start]] & (start < end)


def floats(buffer: Bytes, start: np.ndarray, end: np.ndarray, n_before: int = 0) -> np.ndarray:
    """The number that stands from each start to its end, (n,) float64; NaN where there is none.

    n_before: how many numbers this log has given so far.
    """
    if n_before + len(start) >= FEW:
        try:
            return _cast(buffer, start, end)
        except (ImportError, ValueError):  # no pyarrow; or its own error: a text that starts like a number is none
            pass
    places = zip(start.tolist(), end.tolist(), strict=True)
    return np.array([_float(buffer[begin:stop]) for begin, stop in places], float)


def _cast(buffer: Bytes, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The numbers by pyarrow, over the very bytes.

    Its array of texts is every number and what stands between two of them, the latter marked as missing.
    """
    import pyarrow as pa

    offsets = np.zeros(2 * len(start) + 1, np.int32)
    offsets[1::2] = start
    offsets[2::2] = end
    is_number = np.full(len(start) // 4 + 1, 0xAA, np.uint8)  # every other one, from the second on
    texts = pa.StringArray.from_buffers(
        2 * len(start), pa.py_buffer(offsets), pa.py_buffer(buffer), pa.py_buffer(is_number)
    )
    values = texts.cast(pa.float64())
    return np.frombuffer(values.buffers()[1], np.float64)[: 2 * len(start)][1::2]


def _float(text: Bytes) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
