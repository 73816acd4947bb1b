"""What a plain install leaves out is named with the way to get it, and logs are read without it."""

import sys

import numpy as np
import pytest
import zstandard

from reportgen import store
from reportgen.errors import NotInstalled, ReportgenError
from reportgen.sources import read
from reportgen.sources.wandb import numbers

LOG = "".join(f'{{"step": {at}, "reward": {at / 50}}}\n' for at in range(1, 41)).encode()


@pytest.fixture
def plain(monkeypatch):
    """Python as a plain install has it: the packages of the extras can't be imported."""
    for name in [*sys.modules]:
        if name.split(".")[0] in ("pyarrow", "zstandard", "python_calamine"):
            monkeypatch.delitem(sys.modules, name)
    for name in ("pyarrow", "zstandard", "python_calamine"):
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.parametrize(
    ("name", "start", "package", "extra"),
    [
        ("a.parquet", b"PAR1", "pyarrow", "parquet"),
        ("a.jsonl.zst", zstandard.compress(LOG), "zstandard", "zstd"),
        ("a.xlsx", b"PK\3\4", "python-calamine", "sheets"),
    ],
)
def test_a_file_that_needs_an_extra_says_how_to_get_it(plain, tmp_path, name, start, package, extra):
    path = tmp_path / name
    path.write_bytes(start)
    with pytest.raises(ReportgenError, match=rf"pip install {package}, or install reportgen-rl\[{extra}\]"):
        read(str(path))


def test_a_local_copy_without_pyarrow_is_refused_before_anything_is_fetched(monkeypatch, tmp_path):
    monkeypatch.setattr(store, "find_spec", lambda name: None)
    with pytest.raises(NotInstalled, match=r"needs pyarrow; .*reportgen-rl\[parquet\]"):
        store.fetch(["entity/project/run"], tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_plain_log_is_read_without_any_extra(plain, tmp_path):
    (tmp_path / "a.jsonl").write_bytes(LOG)
    assert len(read(str(tmp_path / "a.jsonl")).history) == 40


def test_numbers_are_the_same_without_pyarrow(plain):
    text = b"1.5 -2e-3 x"
    start, end = np.array([0, 4, 10]), np.array([3, 9, 11])
    assert numbers.floats(text, start, end, n_before=numbers.FEW)[:2].tolist() == [1.5, -0.002]
