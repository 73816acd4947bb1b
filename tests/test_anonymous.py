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
MORE = {  # as TRACES
    'ckpt /mnt/beegfs/home/wchen/exp/a.pt': ('wchen', 'beegfs'),
    '/gpfs/scratch/projects/lab42/wchen/run': ('lab42', 'wchen', 'gpfs'),
    '/cluster/work/grp7/users/ada/run': ('grp7', 'ada'),
    '/nfs/turbo/umms-smith/ada/run': ('umms-smith', 'turbo'),
    '/p/lustre1/smith23/ckpt': ('smith23',),
    '/pscratch/sd/k/kim/run': ('kim', 'pscratch'),
    '/ibex/user/khan/run7': ('khan', 'ibex'),
    '/data/hdd1/by/zhangwei/run': ('zhangwei',),
    '/apdcephfs/share_733425/user_x/run': ('733425', 'apdcephfs'),
    '/mnt/bn/zhang-data/run': ('zhang-data',),
    '/cpfs01/user/liwei/run': ('liwei', 'cpfs01'),
    '/root/autodl-tmp/liwei/run': ('autodl',),
    '/home/jovyan/work/kim/run': ('kim',),
    '/content/drive/MyDrive/smith/run': ('smith', 'MyDrive'),
    '/Volumes/KimDisk/run': ('KimDisk',),
    '/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T/x': ('zyxvpxvq6csfxvn',),
    '/tmp/ray/session_2025-11-09_10-00-00_123/logs': ('/tmp/ray',),
    '/run/user/1000/x y': ('/run/user/1000',),
    'D:\\exp\\wang\\run.log': ('wang', 'D:\\exp'),
    'D:/exp/wang/run.log': ('wang', 'D:/exp'),
    'C:/Users/wang/run.log': ('wang', 'C:/Users'),
    '/mnt/c/Users/Wang/run': ('Wang',),
    '/c/Users/Wang/run': ('Wang',),
    '\\\\nas12\\home\\wang': ('nas12',),
    '%USERPROFILE%\\wang\\run': ('wang',),
    '$HOME/exp/secretproj/run.log': ('secretproj', '$HOME'),
    '${SCRATCH}/kim/run': ('kim',),
    'smb://nas12/share/wang/x': ('nas12', 'wang'),
    'sftp://kim@login7.hpc/x/y': ('kim', 'login7'),
    's3a://bkt77/x/y': ('bkt77',),
    'oss://bkt77/x/y': ('bkt77',),
    'cos://bkt77-125/x': ('bkt77',),
    'tos://bkt77/x': ('bkt77',),
    'obs://bkt77/x': ('bkt77',),
    'r2://bkt77/x': ('bkt77',),
    'wasbs://box@acc77.blob.core.windows.net/x': ('acc77', 'box'),
    'az://acc77/box/x': ('acc77',),
    'adl://acc77.azuredatalakestore.net/x': ('acc77',),
    'hdfs://nn77:8020/user/kim/x': ('nn77', 'kim'),
    'minio://bkt77/x': ('bkt77',),
    'b2://bkt77/x': ('bkt77',),
    'https://acc77.blob.core.windows.net/box/x': ('acc77',),
    'https://s3.us-west-2.amazonaws.com/bkt77/x': ('bkt77',),
    'https://bkt77.oss-cn-hangzhou.aliyuncs.com/x': ('bkt77',),
    'https://bkt77.nyc3.digitaloceanspaces.com/x': ('bkt77',),
    'gs://bkt77/': ('bkt77',),
    'bucket: bkt77': ('bkt77',),
    'bucket=bkt77': ('bkt77',),
    'S3_BUCKET=bkt77': ('bkt77',),
    'aws s3 cp x s3://bkt77': ('bkt77',),
    'gsutil ls gs://bkt77': ('bkt77',),
    'image: eu.gcr.io/proj77/img:1': ('proj77',),
    'us-docker.pkg.dev/proj77/repo/img': ('proj77',),
    'quay.io/org77/img': ('org77',),
    'docker.io/org77/img:2': ('org77',),
    'registry.gitlab.com/org77/x/img': ('org77',),
    'harbor.corp77.cn/team/img:1': ('corp77',),
    'cr.ai77.internal/x': ('ai77',),
    'nvcr.io/org77/team/img:1': ('org77',),
    'acr77.azurecr.io/img:1': ('acr77',),
    'public.ecr.aws/org77/img': ('org77',),
    'registry.cn-hangzhou.aliyuncs.com/ns77/img': ('ns77',),
    'docker pull org77/img77:latest': ('org77',),
    'docker run --rm org77/img77:1.2': ('org77',),
    'ip 192.168.1.7': ('192.168.1.7',),
    'addr=10.0.0.5:8265': ('10.0.0.5',),
    '(pid=1, ip=172.16.3.4)': ('172.16.3.4',),
    '::ffff:10.1.2.3': ('10.1.2.3',),
    'fe80::1%eth0': ('fe80::1',),
    '2001:db8::1': ('2001:db8::1',),
    '[2001:db8:0:1::5]:29500': ('2001:db8',),
    'inet 10.1.2.3/24': ('10.1.2.3',),
    '10-1-2-3.pod': ('10-1-2-3',),
    'http://10.1.2.3:8000/v1': ('10.1.2.3',),
    'tcp://10.1.2.3:29500': ('10.1.2.3',),
    "master_addr='10.1.2.3'": ('10.1.2.3',),
    'mail: Kim Lee <kim.lee@uni77.ac.uk>': ('kim.lee', 'uni77'),
    'kim+x@corp77.io': ('corp77',),
    'kim(at)uni77.edu': ('uni77',),
    'mailto:kim@uni77.de': ('uni77', 'kim@'),
    'Author: Kim Lee <kim@x77.org>': ('x77', 'Kim Lee'),
    'Co-authored-by: Kim Lee <k@x77.org>': ('Kim Lee',),
    'SLURM_JOB_USER=kim77': ('kim77',),
    'SLURM_JOB_NAME=projx77': ('projx77',),
    'SLURM_SUBMIT_HOST=login77': ('login77',),
    'SLURM_SUBMIT_DIR=/p/kim77/x': ('kim77',),
    'SLURM_CLUSTER_NAME=clu77': ('clu77',),
    'SLURM_JOB_PARTITION: big77': ('big77',),
    "'SLURM_JOB_ACCOUNT': 'acc77'": ('acc77',),
    '"SLURM_NODELIST": "g[01-04]"': ('g[01',),
    'export SLURM_JOB_QOS=q77': ('q77',),
    'srun -w n77a,n77b x': ('n77a',),
    'salloc --account acc77': ('acc77',),
    'squeue -u kim77': ('kim77',),
    'scontrol show job -> UserId=kim77(1001) Account=acc77 NodeList=n77': ('kim77', 'acc77', 'n77'),
    'Submitted batch job 123 on cluster clu77': ('clu77',),
    'PBS_O_HOST=login77': ('login77',),
    'PBS_O_LOGNAME=kim77': ('kim77',),
    'PBS_JOBNAME=projx77': ('projx77',),
    'LSB_HOSTS=h77 h77': ('h77',),
    'qsub -A acc77': ('acc77',),
    'K8S_NODE_NAME=kn77': ('kn77',),
    'POD_NAME=kim77-train-0': ('kim77',),
    'MY_POD_NAMESPACE=team77': ('team77',),
    'NODE_NAME: gke-a3-77': ('gke-a3-77',),
    'kubectl -n team77 logs x': ('team77',),
    'namespace: team77': ('team77',),
    'hostname: gpu-h100-77': ('gpu-h100-77',),
    'Host: n77.uni77.edu': ('uni77',),
    'hostname=trainbox77': ('trainbox77',),
    'on host trainbox77': ('trainbox77',),
    'gke-pool-77-abcd.c.proj77.internal': ('proj77',),
    'ip-10-0-0-77.us-west-2.compute.internal': ('ip-10-0-0-77',),
    'ec2-3-4-5-6.compute-1.amazonaws.com': ('ec2-3-4',),
    'vm77.westeurope.cloudapp.azure.com': ('vm77',),
    'hgx77-003 ready': ('hgx77-003',),
    'kim@trainbox77:~$ python x': ('kim@', 'trainbox77'),
    '(base) kim@trainbox77 ~/x % python': ('kim@', 'trainbox77'),
    '[kim@trainbox77 x]$ ls': ('kim@', 'trainbox77'),
    'root@5f77abcd77ef:/workspace# ls': ('5f77abcd77ef',),
    'trainbox77:1234:1234 [0] NCCL INFO cudaDriverVersion': ('trainbox77',),
    'nid005577:77:88 [3] NCCL INFO x': ('nid005577',),
    'git@git.corp77.cn:team77/r.git': ('corp77', 'team77'),
    'ssh://git@git.corp77.cn:2222/team77/r.git': ('corp77', 'team77'),
    'https://git.corp77.cn/team77/r.git': ('corp77', 'team77'),
    'https://github.com/kim77/verl': ('kim77',),
    'git+https://github.com/kim77/verl@main': ('kim77',),
    'github.com/kim77/verl': ('kim77',),
    'origin\tgit@hf.co:kim77/x': ('kim77',),
    'https://codeberg.org/kim77/x': ('kim77',),
    'https://dev.azure.com/org77/p/_git/r': ('org77',),
    'https://gitee.com/kim77/r': ('kim77',),
    'git config user.name kim77': ('kim77',),
    'https://wandb.corp77.io/team77/p/runs/x': ('corp77', 'team77'),
    'wandb: View project at https://wandb.ai/team77/p': ('team77',),
    'https://app.neptune.ai/team77/p': ('team77',),
    'https://www.comet.com/team77/p/x': ('team77',),
    'https://swanlab.cn/@kim77/p/runs': ('kim77',),
    'wandb: logged in as kim77.': ('kim77',),
    'user: kim77': ('kim77',),
    'User=kim77': ('kim77',),
    "username: 'kim77'": ('kim77',),
    'uid=1001(kim77) gid=1001(grp77)': ('kim77', 'grp77'),
    'owner: kim77': ('kim77',),
    'sudo -u kim77 x': ('kim77',),
    'su - kim77': ('kim77',),
    '--wandb_entity=team77': ('team77',),
    '--wandb-entity team77': ('team77',),
    'wandb_entity: team77': ('team77',),
    'WANDB_ENTITY=team77': ('team77',),
    'trainer.entity=team77': ('team77',),
    'WANDB_USERNAME=kim77': ('kim77',),
    'HF_USERNAME=kim77': ('kim77',),
    'serial: GPU-550e8400-e29b-41d4-a716-446655440000': ('550e8400',),
    'MAC 0A-1B-2C-3D-4E-5F': ('0A-1B',),
    'tailscale 100.101.102.103': ('100.101.102.103',),
    'node77.tail1234.ts.net': ('tail1234',),
    'https://abc77.ngrok-free.app/x': ('abc77',),
    'http://trainbox77:8265': ('trainbox77',),
    'ws://trainbox77:8080/x': ('trainbox77',),
    'redis://trainbox77:6379': ('trainbox77',),
    'trainbox77:6379': ('trainbox77',),
    '--master_addr trainbox77': ('trainbox77',),
    'MASTER_ADDR=trainbox77': ('trainbox77',),
    '--rdzv_endpoint=trainbox77:29500': ('trainbox77',),
    '--hostfile /x/kim77/h': ('kim77',),
    'address: trainbox77': ('trainbox77',),
    'ray start --address=trainbox77:6379': ('trainbox77',),
}  # fmt: skip
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
    "user: What is 2+2?",
    "node 3 of 4",
    "host memory: 12 GB",
    "account for length bias",
    "step:22 reward:5000",
    "n_nodes=2 node=all",
    "server: default",
    "mean@4:0.45",
    "acc@8 ~ 0.5",
    "docker build finished",
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


@pytest.mark.parametrize("text", {**TRACES, **MORE})
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
    assert [trace for trace in {**TRACES, **MORE}[text] if trace in kept] == []


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
