"""Runs without their owner."""

import pytest

from reportgen import from_rows
from reportgen.anonymous import anonymous


@pytest.fixture
def run():
    """A run that says in many places whose it is."""
    return from_rows(
        [{"step": 1, "reward": 0.5}],
        id="r1", name="ada-lr3", source="AReaL log /home/ada/runs/exp/trainer.log", framework="areal",
        config={"fileroot": "/home/ada/experiments", "model": "Qwen/Qwen2", "launcher": {"args": ["--dir=/data/ada"]}},
        provenance={"host": "node7", "user": "ada", "url": "https://wandb.ai/team/p/runs/r1", "git_commit": "4aef98d8",
                    "git_remote": "git@github.com:ada/x.git", "command": "python /home/ada/t.py", "tags": ["node7"]},
        console_tail="node7: saved to /home/ada/ckpt/step126 see https://wandb.ai/team/p/runs/r1\n",
        notes=["/home/ada/runs/exp/trainer.log: 1 line was not read"],
    )  # fmt: skip


def test_no_trace_of_the_owner_is_left(run):
    """Host, user, paths, remote and link are nowhere in the run."""
    texts = repr([getattr(anonymous(run), name) for name in run.__dataclass_fields__ if name != "history"])
    for trace in ("ada", "node7", "/home", "wandb.ai", "github.com"):
        assert trace not in texts


def test_what_is_not_the_owners_stays(run):
    """Model, commit and the last part of a path are still there."""
    kept = anonymous(run)
    assert kept.config["model"] == "Qwen/Qwen2"
    assert kept.provenance["git_commit"] == "4aef98d8"
    assert kept.source == "AReaL log trainer.log"
    assert "step126" in kept.console_tail
