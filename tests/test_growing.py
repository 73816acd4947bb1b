"""A file that grows gives at each look what it gives when it is read anew, and only its new bytes are read."""

import random
import shutil

import pytest
from areal_writer import log as areal_log
from tracked import unpacked
from wandb_runs import directories, log, wandb_runs  # noqa: F401

from reportgen.errors import ReportgenError
from reportgen.sources import read
from reportgen.sources.files import growing
from reportgen.sources.wandb import framing

LOOKS = 9


def told(run):
    """All that a look gives, comparable."""
    history = run.history.sort_index(axis=1)
    return (history.to_csv(), run.notes, repr(run.config), repr(run.summary), run.console_tail, run.state, run.restarts,
            run.runtime_s, run.started, sorted(map(repr, run.nonfinite)))  # fmt: skip


def assert_looks_agree(path, spec, content, draw):
    """At every size the resumed reading is the fresh one; gives how many looks could be read."""
    kept, n_read = {}, 0
    for size in [*sorted(draw.sample(range(1, len(content)), LOOKS)), len(content), len(content)]:
        path.write_bytes(b"") if not path.exists() else None
        with path.open("r+b") as file:
            file.seek(0, 2)
            file.write(content[file.tell() : size])
        try:
            fresh = told(read(spec))
        except ReportgenError as error:
            with growing.looks(kept), pytest.raises(type(error)):
                read(spec)
            continue
        with growing.looks(kept):
            assert told(read(spec)) == fresh, size
        n_read += 1
    assert kept
    return n_read


@pytest.mark.parametrize("kind", ["plain", "odd", "nested", "media", "define", "failed", "killed"])
def test_a_wandb_log_goes_on_where_the_look_before_ended(kind, wandb_runs, tmp_path):  # noqa: F811
    """Whatever the SDK wrote and wherever a look caught it."""
    whole = log(wandb_runs / kind)
    folder = tmp_path / whole.parent.name
    folder.mkdir()
    assert assert_looks_agree(folder / whole.name, str(folder), whole.read_bytes(), random.Random(kind)) > 1


@pytest.mark.parametrize("version", ["old", "new", "main"])
def test_an_areal_log_goes_on_where_the_look_before_ended(version, tmp_path):
    """Also in the middle of a table."""
    content = areal_log([0.1 + 0.02 * step for step in range(12)], version=version).encode()
    path = tmp_path / "trainer.log"
    assert assert_looks_agree(path, str(path), content, random.Random(version)) > 1


@pytest.mark.parametrize("layout", ["torch", "tensors", "purge", "restart", "two_writers"])
def test_event_files_go_on_where_the_look_before_ended(layout, tmp_path, tmp_path_factory):
    """The last file grows, also one whose start makes points of an earlier file void."""
    written = unpacked("tensorboard", tmp_path_factory) / layout
    folder = next(path for path in sorted(written.rglob("trial0")) if path.is_dir())
    copied = shutil.copytree(folder, tmp_path / "trial0")
    last = max((path for path in copied.rglob("*tfevents*")), key=lambda path: (path.parent == copied, path.name))
    content = last.read_bytes()
    last.write_bytes(b"")
    assert assert_looks_agree(last, str(copied), content, random.Random(layout)) > 1


def text_of(trainer):
    """Twelve steps as a trainer prints them."""
    steps = range(1, 13)
    if trainer == "nemo_rl":
        block = (
            "{b} Step {k}/12 {b}\nTraining Results:\n • Loss: 0.1\n • Avg Reward: 0.{k:02}\n"
            "Timing:\n • Total step time: 6s\n"
        )
        return "".join(block.format(b="=" * 20, k=k) for k in steps)
    form = {
        "verl": "step:{k} - critic/rewards/mean:0.{k:02} - actor/kl:1e-3 - actor/entropy:0.5",
        "trl": (
            "  8%|8 | {k}/12 [00:01<00:02]\r{{'loss': 0.1, 'reward': 0.{k:02}, 'epoch': 0.1}}\n"
            "{{'eval_reward': 0.{k:02}, 'epoch': 1}}"
        ),
        "openrlhf": "Global step {k}: {{'reward': 0.{k:02}, 'kl': nan}}",
        "slime": (
            "a - rollout {k}: {{'rollout/raw_reward': 0.{k:02}}}\n"
            "a - step {k}: {{'train/kl_loss': {k}, 'train/step': {k}}}"
        ),
        "pairs": "step {k} reward=0.{k:02} acc={k}.5% loss=1",
    }[trainer]
    return "".join(form.format(k=k) + "\n" for k in steps)


@pytest.mark.parametrize("trainer", ["verl", "trl", "openrlhf", "slime", "nemo_rl", "pairs"])
def test_a_console_goes_on_where_the_look_before_ended(trainer, tmp_path):
    """Also in the middle of a line, a block or a row that an eval belongs to; nan and per cent are kept."""
    path = tmp_path / "trial_3.log"
    assert assert_looks_agree(path, str(path), text_of(trainer).encode(), random.Random(trainer)) > 1


def test_only_new_records_are_read(wandb_runs, tmp_path, monkeypatch):  # noqa: F811
    """A second look at an unchanged log takes no record; one at a grown log takes those behind the first look."""
    whole = log(wandb_runs / "plain")
    content, path, kept, taken = whole.read_bytes(), tmp_path / whole.name, {}, []
    records = framing.records

    def counted(*given):
        for record in records(*given):
            taken.append(record)
            yield record

    monkeypatch.setattr(framing, "records", counted)
    path.write_bytes(content[: 2 * len(content) // 3])
    counts = []
    for _ in range(2):
        with growing.looks(kept):
            read(str(path))
        counts.append(len(taken))
    with path.open("ab") as file:
        file.write(content[2 * len(content) // 3 :])
    with growing.looks(kept):
        read(str(path))
    counts.append(len(taken))
    taken.clear()
    read(str(path))
    assert counts[0] == counts[1] > 0
    assert counts[2] == len(taken)


@pytest.mark.parametrize("change", ["replaced", "shrunk", "rewritten"])
def test_another_file_under_the_name_is_read_from_its_beginning(change, tmp_path):
    """Rotated, cut or written anew: nothing of the old file is left."""
    path, kept = tmp_path / "trainer.log", {}
    path.write_text(areal_log([0.1, 0.2, 0.3, 0.4]))
    with growing.looks(kept):
        read(str(path))
    other = areal_log([0.9, 0.8]) if change == "shrunk" else areal_log([0.9, 0.8, 0.7, 0.6, 0.5])
    if change == "replaced":
        path.rename(tmp_path / "trainer.log.1")
    path.write_text(other)
    with growing.looks(kept):
        run = read(str(path))
    assert told(run) == told(read(str(path)))
    assert run.history["grpo_actor/task_reward/avg"].iloc[0] == pytest.approx(0.9)
