"""Runs without their owner."""

import re

import pytest

from reportgen import compose, diagnose, from_rows, page, to_json, to_markdown
from reportgen.anonymous import anonymous, told
from reportgen.render import to_csv, to_text

TRACES = {  # text -> what of it must go
    "saved to /home/ada/ckpt/step126": ("ada", "/home"),
    "other: /home/b/bob/x/y.pt and /scratch/carol/z": ("bob", "carol", "scratch"),
    "cd /lustre/fsw/users/dave/exp && ls": ("dave", "lustre"),
    "/fsx/erin/ckpt/model.pt": ("erin", "/fsx"),
    "see /Users/frank/Library/x.log": ("frank", "Library"),
    "at ~gina/runs/x and ~/my/run": ("gina", "~/my"),
    r"C:\Users\Hank Moody\My Runs\x.log": ("Hank", "Moody", "My Runs", "C:"),
    r'{"p": "C:\\Users\\ivy\\x.log"}': ("ivy", "Users"),
    r"\\fileserver7\share\jack\x.csv": ("fileserver7", "share", "jack"),
    "file:///home/kate/x.log": ("kate", "home"),
    "s3://team-bucket/runs/x.pt": ("team-bucket",),
    "gs://only-bucket": ("only-bucket",),
    "abfs://box@account7.dfs.core.windows.net/x/y": ("account7", "box"),
    "https://bucket9.s3.amazonaws.com/a/b.pt?x=1": ("bucket9",),
    "https://storage.googleapis.com/bucket8/b.pt": ("bucket8",),
    "https://grafana.corp.example.io/d/abc": ("grafana.corp",),
    "pull registry.acme-corp.com:5000/team9/image:v1": ("acme-corp", "team9"),
    "FROM 123456789012.dkr.ecr.us-east-1.amazonaws.com/img9:1": ("123456789012", "ecr"),
    "ghcr.io/lena/img:2": ("ghcr.io", "lena"),
    "arn:aws:iam::123456789012:role/x9": ("123456789012", "x9"),
    "mail mia.k@uni.example.edu today": ("mia", "uni"),
    "ssh nina@gpu01:/data/x": ("nina@", "gpu01:"),
    "connect 10.20.30.40:29500": ("10.20.30.40",),
    "bind [2001:db8:85a3::8a2e:370:7334]:22": ("2001:db8", "7334"),
    "fe80:0:0:0:a1:b2:c3:d4 up": ("fe80",),
    "mac 0a:1b:2c:3d:4e:5f": ("0a:1b",),
    "tcp://headnode7:29500": ("headnode7",),
    "SLURM_JOB_ACCOUNT=acc9 SLURM_NODELIST=gpu[001-004]": ("acc9", "gpu[001"),
    "srun --account=acc8 --partition=big8 --nodelist n7 x": ("acc8", "big8", "n7"),
    "#SBATCH --mail-user=olga@x.org": ("olga",),
    "running on node[001-004], dgx-17 and nid001234": ("node[001", "dgx-17", "nid001234"),
    "host ip-10-0-1-5.ec2.internal is up": ("ip-10", "internal"),
    "on login3.hpc.uni-x.edu": ("uni-x",),
    "USER=pat HOSTNAME=box42 LOGNAME=pat": ("=pat", "box42"),
    "wandb: Currently logged in as: quinn (team7). Use": ("quinn", "team7"),
    "git clone git@github.com:rita/repo.git": ("rita",),
    "https://wandb.ai/sam-team/p/runs/r1": ("sam-team",),
}
PLAIN = (
    "Qwen/Qwen2.5-0.5B",
    "openai/gsm8k",
    "actor/grad_norm",
    "val-core/openai/gsm8k/acc/mean@4",
    "pass@1: 0.45, pass@8: 0.7",
    "loss 0.123 at 10:20:30,123",
    "2025-11-09 10:00:00",
    "torch 2.5.1.post1",
    "CUDA 12.4",
    "1.2.3",
    "http://localhost:8000/v1",
    "127.0.0.1:29500",
    "https://huggingface.co/Qwen/Qwen2.5-0.5B",
    "https://arxiv.org/abs/2402.03300",
    "nvcr.io/nvidia/pytorch:24.05",
    "step:5 - actor/pg_loss:0.01",
    "3/4 done",
    "and/or",
    "a -> b",
    "lr=1e-5 kl=0.01",
    "acc/mean@4:0.45",
    "GPU 0 of 8",
    "rank0: ok",
    "speed 12.5 tok/s/GPU",
    "eval-rollout/reward",
    "ratio 1:2:3",
    "model.layers.0.weight",
    "[rank0]: loss 0.1",
    "cosine/linear",
)


@pytest.fixture
def run():
    """A run that says in many places whose it is."""
    rows = [{"step": n, "reward": n / 40, "node/ada/util": n, "disk//home/ada/x": n} for n in range(1, 21)]
    return from_rows(
        rows,
        id="r1",
        name="ada-lr3",
        source="AReaL log /home/ada/runs/exp/trainer.log",
        framework="areal",
        config={
            "fileroot": "/home/ada/experiments",
            "model": "Qwen/Qwen2",
            "launcher": {"args": ["--dir=/data/ada"]},
            "wandb.entity": "lab9",
            "slurm.partition": "p9",
            "env": [{"HOSTNAME": "h9"}],
            "/home/ada/k": 1,
        },
        provenance={
            "host": "node7",
            "user": "ada",
            "url": "https://wandb.ai/team/p/runs/r1",
            "git_commit": "4aef98d8",
            "git_remote": "git@github.com:lovelace/x.git",
            "command": "python /home/ada/t.py",
            "tags": ["node7", "lovelace"],
        },
        console_tail="node7: saved to /home/ada/ckpt/step126 see https://wandb.ai/team/p/runs/r1\nAda says hi\n",
        notes=["/home/ada/runs/exp/trainer.log: 1 line was not read"],
    )


def test_no_trace_of_the_owner_is_left(run):
    """Host, user, paths, remote, link, entity and scheduler are in no output, metric names included."""
    kept = anonymous(run)
    report = compose([diagnose(kept)])
    texts = [page(report), to_json(report), to_markdown(report), to_text(report), *to_csv(kept).values(), repr(kept)]
    for trace in ("ada", "Ada", "node7", "/home", "wandb.ai", "github.com", "lovelace", "lab9", "p9", "h9"):
        assert [n for n, text in enumerate(texts) if re.search(rf"(?<!\w){re.escape(trace)}(?!\w)", text)] == [], trace


def test_what_is_not_the_owners_stays(run):
    """Model, commit, roles and the last part of a path are still there."""
    kept = anonymous(run)
    assert kept.config["model"] == "Qwen/Qwen2"
    assert kept.provenance["git_commit"] == "4aef98d8"
    assert kept.source == "AReaL log trainer.log"
    assert "step126" in kept.console_tail
    assert "reward" in kept.history
    assert kept.history["reward"].equals(run.history["reward"])


@pytest.mark.parametrize("text", TRACES)
@pytest.mark.parametrize("where", ["note", "config", "key", "tail", "tag", "metric"])
def test_a_trace_is_found_in_every_place(text, where):
    """In a note, a config's value and key, the console, a tag, a metric's name."""
    about = {
        "note": {"notes": [text]},
        "config": {"config": {"a": {"b": [text]}}},
        "key": {"config": {text: 1}},
        "tail": {"console_tail": text},
        "tag": {"provenance": {"tags": [text]}},
    }.get(where, {})
    row = {"step": 1, "reward": 0.5} | ({text: 1.0} if where == "metric" else {})
    kept = repr(anonymous(from_rows([row], id="r", source="s", **about)))
    assert [trace for trace in TRACES[text] if trace in kept] == []


@pytest.mark.parametrize("text", PLAIN)
def test_what_names_nobody_stays(text):
    """Models, data sets, metrics, versions, times and public addresses."""
    kept = anonymous(from_rows([{"step": 1, "reward": 0.5}], id="r", source="s", notes=[text], config={"a": text}))
    assert kept.notes == (text,)
    assert kept.config == {"a": text}


def test_a_message_names_no_place():
    """What could not be read is told by its last part."""
    assert told("/home/ada/x/run.log: no step; see /scratch/bob/y", ["/home/ada/x"]) == "run.log: no step; see y"


@pytest.mark.parametrize(
    "word", ["/a", "a.", "\\a", "a@", "1.", "a:", "://a", "~a/", "a-", "node1", "=a", "C:\\a ", "SLURM_A", "0:"]
)
def test_hostile_repetition_ends(word):
    """No pattern takes more than linear time (a test that hangs fails)."""
    told(word * (40_000 // len(word)), [])
