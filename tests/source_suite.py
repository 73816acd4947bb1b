"""What every source promises: its tests inherit this suite and say only how a sample of the format is written."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from reportgen.errors import ReportgenError
from reportgen.run import Run
from reportgen.sources import find, read, registry
from reportgen.sources.files import growing
from reportgen.sources.place import Place

SECRET = "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"  # of Hugging Face's shape, which may have no digit
CUTS = 60  # places at which a sample is cut, beside its last bytes: each is one reading
OTHERS = {  # what else lies in a folder
    "notes.md": b"# step,reward\n", "train.py": b"print('step:1 - a:1')\n", "weights.pt": b"PK\x03\x04" + b"\0" * 99,
    "prompts.jsonl": b'{"question": "2+2", "answer": "4"}\n', "picture.png": b"\x89PNG\r\n",
    "serving.log": b"INFO ready\n" * 9, "empty": b"", "settings.yaml": b"a: 1\n", "blob": bytes(range(256)) * 9,
}  # fmt: skip


class SourceSuite:
    """A sample of three steps: `reward` is .25 .5 .75, `odd` is nan at the second step and missing at the third.

    A store that is a folder gives its files by path in `files`, and names its folder in `folder`.
    """

    source: ClassVar[str]  # the name of the source that has to claim it
    name: ClassVar[str]  # of the sample's file: the one with the rewards, which is cut
    folder: ClassVar[str] = ""  # of a store that is a folder: what it is called
    reward: ClassVar[str] = "reward"
    odd: ClassVar[str] = "odd"
    steps: ClassVar[tuple[int, ...]] = (1, 2, 3)
    has_nan: ClassVar[bool] = True  # whether the format can write a nan
    keeps_texts: ClassVar[bool] = True  # whether the format has texts, of which one could be a secret
    packs: ClassVar[bool] = True  # whether people compress it

    def sample(self, secret: str = "") -> bytes:
        """The content of a file; with a secret in one of its texts."""
        raise NotImplementedError

    def files(self, secret: str = "") -> dict[str, bytes]:
        """Content by path below the store's folder, or the one file."""
        return {self.name: self.sample(secret)}

    def lay(self, folder: Path, files: dict[str, bytes] | None = None) -> Path:
        """Lays a sample into a folder; what a person would name to have it read."""
        store = folder / self.folder
        for name, content in (self.files() if files is None else files).items():
            (store / name).parent.mkdir(parents=True, exist_ok=True)
            (store / name).write_bytes(content)
        return store if self.folder else store / self.name

    def with_main(self, content: bytes) -> dict[str, bytes]:
        """The sample's files, its main one with other content."""
        return {**self.files(), self.name: content}

    def same(self, run: Run, other: Run) -> None:
        assert run.history.equals(other.history)
        assert {(one.step, one.metric) for one in run.nonfinite} == {(one.step, one.metric) for one in other.nonfinite}

    def test_it_is_found_in_a_folder_of_everything(self, tmp_path: Path) -> None:
        """The sample alone is a run, and the source that has to claims it."""
        path = self.lay(tmp_path / "deep" / "run")
        for name, content in OTHERS.items():
            (tmp_path / "deep" / name).write_bytes(content)
        assert find(str(tmp_path)) == (str(path),)
        taken = registry.best(Place(str(path)))
        assert taken is not None
        assert taken.source.name == self.source

    def test_its_values_are_read(self, tmp_path: Path) -> None:
        """Every step has its value."""
        run = read(str(self.lay(tmp_path)))
        assert run.history[self.reward].dropna().to_dict() == dict(zip(self.steps, (0.25, 0.5, 0.75), strict=True))

    def test_nan_is_no_gap(self, tmp_path: Path) -> None:
        """What was logged as nan is told; what wasn't logged isn't."""
        if not self.has_nan:
            pytest.skip("the format has no nan")
        run = read(str(self.lay(tmp_path)))
        told = [(one.step, one.metric, one.value) for one in run.nonfinite]
        assert [(step, metric) for step, metric, _ in told] == [(self.steps[1], self.odd)]
        assert np.isnan(told[0][2])
        assert np.isnan(run.history.get(self.odd, np.full(3, np.nan))).all() or self.odd in run.history

    def test_it_is_read_compressed(self, tmp_path: Path) -> None:
        """A packed sample gives the same."""
        if not self.packs:
            pytest.skip("nobody packs it")
        plain = read(str(self.lay(tmp_path)))
        files = {f"{name}.gz" if name == self.name else name: content if name != self.name else gzip.compress(content)
                 for name, content in self.files().items()}  # fmt: skip
        packed = self.lay(tmp_path / "packed", files)
        self.same(read(str(packed if self.folder else f"{packed}.gz")), plain)

    def test_it_is_read_the_same_twice(self, tmp_path: Path) -> None:
        """Reading changes nothing, and nothing is drawn from the clock."""
        path = self.lay(tmp_path)
        before = {one: one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()}
        first, second = read(str(path)), read(str(path))
        self.same(first, second)
        assert (first.notes, first.state, first.started) == (second.notes, second.state, second.started)
        assert {one: one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()} == before

    def test_cut_anywhere_only_what_was_whole_is_read(self, tmp_path: Path) -> None:
        """A sample that ends at any byte gives values that the whole one has, or says where the fault is."""
        whole = self.files()[self.name]
        run = read(str(self.lay(tmp_path / "whole")))
        cuts = {*range(0, len(whole), max(1, len(whole) // CUTS)), *range(max(0, len(whole) - 20), len(whole))}
        for cut in sorted(cuts):
            path = self.lay(tmp_path / "cut", self.with_main(whole[:cut]))
            try:
                some = read(str(path))
            except ReportgenError as error:
                assert path.name in str(error), cut
                assert "\n" not in str(error), cut
                continue
            for metric in some.history:
                for step, value in some.history[metric].dropna().items():
                    assert metric in run.history and run.history[metric].get(step) == value, (cut, metric, step)

    def test_a_file_that_grows_is_read_as_if_anew(self, tmp_path: Path) -> None:
        """Looks that go on from each other give what a fresh reading gives."""
        whole, kept = self.files()[self.name], dict[Any, Any]()
        for size in (len(whole) // 2, 3 * len(whole) // 4, len(whole) - 1, len(whole)):
            path = self.lay(tmp_path, self.with_main(whole[:size]))
            try:
                fresh = read(str(path))
            except ReportgenError:
                continue
            with growing.looks(kept):
                self.same(read(str(path)), fresh)

    def test_secrets_are_taken_out(self, tmp_path: Path) -> None:
        """A key in any of its texts reaches no part of the run."""
        if not self.keeps_texts:
            pytest.skip("the format has no texts")
        run = read(str(self.lay(tmp_path, self.files(SECRET))))
        assert SECRET not in repr((run.config, run.summary, run.provenance, run.notes, run.console_tail, run.name,
                                   run.id, run.source, list(run.history)))  # fmt: skip

    def test_a_fault_says_where(self, tmp_path: Path) -> None:
        """A store whose files are empty is refused in one sentence that names it."""
        path = self.lay(tmp_path, dict.fromkeys(self.files(), b""))
        with pytest.raises(ReportgenError) as told:
            read(str(path))
        assert str(told.value).startswith(str(path))
        assert "\n" not in str(told.value)
