"""Runs over W&B's own client and a real socket: found, read whole, and refused in words."""

import os
import pty
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from wandb_server import KEY, Fault, Stored, environment, rows, serving

from reportgen.errors import NoSteps, SourceError, SpecError
from reportgen.sources.wandb import address, api, fetch
from reportgen.sources.wandb.login import Limits

SOON = Limits(total_s=60, answer_s=5, attempts=3, pause_s=0.05, client_attempts=1, client_pause_s=1)


@pytest.fixture
def project(wandb_server):
    """A project of four runs, two of one name."""
    for number, name in enumerate(["base", "twice", "twice", "last"]):
        wandb_server.add(
            Stored(
                f"run{number}",
                name=name,
                history=rows(20),
                created_at=f"2026-03-0{number + 1}T10:00:00Z",
                group="lr" if number < 2 else "kl",
                tags=["good"] if number % 2 else [],
                sweep="s1" if number == 3 else None,
                state="crashed" if number == 2 else "finished",
            )
        )
    return wandb_server


def read_soon(spec, **given):
    """The run at an address, without long waits."""
    return fetch.record(api.addressed(spec), limits=SOON, **given).run()


@pytest.mark.parametrize(
    ("spec", "ids"),
    [
        ("my-team/gsm8k/run0", "0"),
        ("gsm8k/run0", "0"),
        ("my-team/gsm8k/base", "0"),
        ("wandb:gsm8k", "3210"),
        ("wandb:my-team/gsm8k", "3210"),
        ("wandb:my-team/gsm8k?group=lr", "10"),
        ("wandb:my-team/gsm8k?group=lr,kl&tag=good", "31"),
        ("wandb:my-team/gsm8k?name=tw*", "21"),
        ("wandb:my-team/gsm8k?name=base,la?t", "30"),
        ("wandb:my-team/gsm8k?state=crashed", "2"),
        ("wandb:my-team/gsm8k?sweep=s1", "3"),
        ("wandb:my-team/gsm8k?limit=2", "32"),
    ],
)
def test_an_address_finds_its_runs_newest_first(project, spec, ids):
    """Ids, names, projects and queries all end as runs by id."""
    assert api.find(spec) == tuple(f"wandb:my-team/gsm8k/run{id}" for id in ids)


def test_a_pasted_address_of_the_configured_server_is_an_ordinary_run(project):
    """The browser's address of a run on WANDB_BASE_URL is the run that the short form names."""
    assert api.find(f"{project.url}/my-team/gsm8k/runs/run1/workspace?nw=x") == ("wandb:my-team/gsm8k/run1",)


def test_a_name_that_several_runs_have_means_all_of_them(project):
    """Runs of one name are all found, and both stderr and the page can say so."""
    found = api.find("my-team/gsm8k/twice")
    said = "2 runs of my-team/gsm8k are named 'twice'; all are used"
    assert len(found) == 2
    assert address.remarks(found) == (said,)
    assert said in api.read(found[0]).notes


@pytest.mark.parametrize("spec", ["my-team/gsm8k/base", "gsm8k/run0", "wandb:gsm8k?group=lr&name=base"])
def test_whatever_means_one_run_can_be_read(project, spec):
    """read() takes a name or a query too, when it means one run."""
    assert api.read(spec).id == "run0"


def test_whatever_means_several_runs_is_not_one(project):
    """read() of several runs is refused with their number."""
    with pytest.raises(SpecError, match="2 runs, where one is read"):
        api.read("my-team/gsm8k/twice")


def test_the_usual_limit_is_said_when_it_bites(project, monkeypatch):
    """A query that matches more runs than are taken says how many there are."""
    monkeypatch.setattr(api, "NEWEST", 3)
    assert address.remarks(api.find("wandb:gsm8k")) == (
        "my-team/gsm8k: the 3 newest of 4 runs that match are used; add limit=4 to the query for all",
    )


def test_wandb_entity_and_project_fill_what_is_missing(project, monkeypatch):
    """WANDB_ENTITY completes project/run, WANDB_PROJECT a word alone."""
    project.add(Stored("other", entity="lab", project="p"))
    monkeypatch.setenv("WANDB_ENTITY", "lab")
    assert api.find("p/other") == ("wandb:lab/p/other",)
    monkeypatch.setenv("WANDB_PROJECT", "p")
    assert api.claims("other")
    assert api.find("other") == ("wandb:lab/p/other",)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("gsm8k/nope", "in my-team/gsm8k, by id or by name; check it, or write a whole project as wandb:gsm8k/nope"),
        ("wandb:my-team/gsm8k/nope", "W&B has no run 'nope' in my-team/gsm8k"),
        ("wandb:my-team/nope", "W&B shows no run there"),
        ("wandb:my-team/gsm8k?group=nope", "W&B shows no run there"),
    ],
)
def test_a_miss_is_one_sentence(project, spec, said):
    """What W&B doesn't have is named with what to check."""
    with pytest.raises(SpecError, match=said):
        api.find(spec)


def test_all_of_the_history_is_read(wandb_server):
    """Each of 2,500 rows comes, in pages, and sparse evals keep their own steps."""
    wandb_server.add(Stored("long", history=rows(2500)))
    run = api.read("my-team/gsm8k/long")
    assert len(run.history) == 2500
    assert run.history["val/acc"].dropna().index.tolist() == list(range(0, 2500, 10))
    assert wandb_server.count("HistoryPage") == 3


def test_a_million_sparse_steps_are_few_requests(wandb_server):
    """Rows a thousand steps apart don't cost an empty page each."""
    wandb_server.add(Stored("sparse", history=rows(1000, every=1000)))
    run = api.read("my-team/gsm8k/sparse")
    assert run.history.index[[0, -1]].tolist() == [0, 999_000]
    assert len(run.history) == 1000
    assert wandb_server.count("HistoryPage") <= 2


def test_a_server_that_thins_wide_pages_is_asked_again_in_narrow_ones(wandb_server):
    """When fewer rows come than W&B counts, the history is read again a thousand steps at a time."""
    wandb_server.add(Stored("thin", history=rows(40, every=100)))
    wandb_server.most_rows = 12
    assert len(api.read("my-team/gsm8k/thin").history) == 40


def test_rows_that_never_come_are_noted(wandb_server):
    """When W&B counts more rows than it gives, the page says how many are missing."""
    wandb_server.add(Stored("lost", history=rows(30), line_count=60))
    assert "W&B counts 60 rows but gave 30; the rest is missing here" in api.read("my-team/gsm8k/lost").notes


def test_a_million_steps_are_read(wandb_server):
    """A run whose last step is a million has all its rows, wherever they crowd."""
    crowded = rows(3000) + rows(1, first=1_000_000)
    wandb_server.add(Stored("million", history=crowded))
    run = api.read("my-team/gsm8k/million")
    assert len(run.history) == 3001
    assert wandb_server.count("HistoryPage") < 10


def test_exported_and_live_rows_are_one_history(wandb_server):
    """Rows that W&B has exported to Parquet and rows that are still live make one history, each step once."""
    wandb_server.add(Stored("half", history=rows(126), exported=100))
    run = api.read("my-team/gsm8k/half")
    assert (len(run.history), run.history["val/acc"].count(), run.nonfinite) == (126, 13, ())


def test_rows_that_come_twice_are_one(wandb_server):
    """Of a step that W&B gives twice, as export and as live rows, one row remains."""
    wandb_server.add(Stored("twice", history=sorted(rows(30) + rows(30), key=lambda row: row["_step"])))
    assert len(api.read("my-team/gsm8k/twice").history) == 30


def test_nan_and_infinity_are_no_gaps(wandb_server):
    """NaN and Infinity, bare or as the strings that W&B's servers keep, are told apart from what wasn't logged."""
    odd = [{"_step": step, "a": value} for step, value in enumerate(["NaN", float("inf"), "-Infinity"])]
    odd.append({"_step": 3, "b": 1.0})
    wandb_server.add(Stored("odd", history=odd))
    run = api.read("my-team/gsm8k/odd")
    assert [(item.step, str(item.value)) for item in run.nonfinite] == [(0, "nan"), (1, "inf"), (2, "-inf")]
    assert run.history.index.tolist() == [0, 1, 2, 3]


def test_define_metric_gives_the_axis(wandb_server):
    """A step metric for the train reward, as the SDK leaves it in the config, counts the steps."""
    defined = [{"1": "global_step", "6": [3]}, {"2": "train/*", "5": 1, "6": [1]}]
    history = [{"_step": n, "global_step": n * 8, "train/reward": n / 10} for n in range(5)]
    wandb_server.add(Stored("axis", history=history, config={"_wandb": {"value": {"m": defined}}}))
    run = api.read("my-team/gsm8k/axis")
    assert run.history.index.tolist() == [0, 8, 16, 24, 32]
    assert "define_metric" in " ".join(run.notes)


def test_everything_about_a_run_comes_along(wandb_server):
    """Config, summary, tags, notes, group, machine and hardware metrics are those of the run at W&B."""
    metadata = b'{"host": "node7", "python": "3.11", "gpu": "H100", "gpu_count": 8, "git": {"commit": "c0ffee"},'
    wandb_server.add(
        Stored(
            "rich",
            name="Rich",
            history=rows(5),
            config={"actor": {"value": {"lr": 1e-6}}},
            summary={"best": 0.5},
            tags=["a", "b"],
            notes="why",
            group="lr",
            state="crashed",
            events=[{"system.gpu.0.gpu": 90.0 + n, "_timestamp": 1.77e9 + n, "_runtime": n} for n in range(3)],
            files={"wandb-metadata.json": metadata + b' "startedAt": "2026-02-02T02:40:00Z"}'},
        )
    )
    run = api.read("my-team/gsm8k/rich")
    told = {key: run.provenance[key] for key in ("host", "gpu", "gpu_count", "git_commit", "tags", "notes", "group")}
    assert (run.id, run.name, run.state) == ("rich", "Rich", "crashed")
    assert (run.config, run.summary) == ({"actor.lr": 1e-6}, {"best": 0.5})
    assert told == {
        "host": "node7", "gpu": "H100", "gpu_count": 8, "git_commit": "c0ffee", "tags": ["a", "b"], "notes": "why",
        "group": "lr",
    }  # fmt: skip
    assert run.system["gpu.0.gpu"].tolist() == [90.0, 91.0, 92.0]


def test_only_wanted_metrics_are_kept(wandb_server):
    """A read of some metrics holds those alone, on the same steps."""
    wandb_server.add(Stored("some", history=[row | {"other": 1.0} for row in rows(20)]))
    run = api.read("my-team/gsm8k/some", keep={"reward"})
    assert (list(run.history), len(run.history)) == (["reward"], 20)


def test_a_run_without_history_has_no_step_yet(wandb_server):
    """A run that has logged nothing is sound and named so."""
    wandb_server.add(Stored("young", state="running"))
    with pytest.raises(NoSteps, match="no step yet"):
        api.read("my-team/gsm8k/young")


def test_hostile_names_stay_text(wandb_server):
    """Whatever a run, a metric or a config is called, it is read and leaves no folder behind."""
    history = [{"_step": n, "</script><b>": 1.0, "a\u202eb\n": 2.0, "../../x": 3.0} for n in range(3)]
    wandb_server.add(Stored("..evil", name="</script><b>\u202e\x1b[31m", history=history))
    run = api.read("wandb:my-team/gsm8k/..evil")
    assert set(run.history) == {"</script><b>", "a\u202eb\n", "../../x"}
    assert not os.path.exists(os.path.join(os.environ["WANDB_DIR"], "my-team"))  # noqa: PTH110, PTH118


@pytest.mark.parametrize("operation", ["Run", "HistoryPage", "RunFullHistory"])
@pytest.mark.parametrize(
    "fault", [{"status": 502}, {"status": 429, "retry_after_s": 0}, {"cut": True}], ids=["502", "429", "cut"]
)
def test_a_passing_fault_is_waited_out(wandb_server, operation, fault):
    """After a 429, a 502 or a connection lost in mid-page the same is asked again, and no row is lost."""
    wandb_server.add(Stored("shaky", history=rows(2500)))
    wandb_server.faults.append(Fault(operation, after=int(operation == "HistoryPage"), **fault))
    assert len(read_soon("my-team/gsm8k/shaky").history) == 2500


@pytest.mark.parametrize("operation", ["Run", "HistoryPage"])
def test_a_fault_that_stays_is_an_error_that_names_the_run(wandb_server, operation):
    """A server that only answers 503 ends in one sentence within seconds, not in endless repetition."""
    wandb_server.add(Stored("down", history=rows(10)))
    wandb_server.faults.append(Fault(operation, status=503, times=10_000))
    began = time.monotonic()
    with pytest.raises(SourceError, match="my-team/gsm8k/down: W&B could not be read"):
        once = replace(SOON, attempts=1)
        fetch.record(api.addressed("my-team/gsm8k/down"), limits=once)
    assert time.monotonic() - began < 150  # unbounded it is a quarter of an hour


def test_the_total_limit_ends_a_fetch(wandb_server):
    """A history that takes longer than the total limit is given up, in words."""
    wandb_server.add(Stored("slow", history=rows(5000)))
    wandb_server.faults.append(Fault("HistoryPage", hang_s=0.3, times=100))
    with pytest.raises(SourceError, match=r"my-team/gsm8k/slow: not all read after 0 s; try again"):
        fetch.record(api.addressed("my-team/gsm8k/slow"), limits=Limits(total_s=0.2))


def test_a_denied_run_is_not_asked_for_again(wandb_server):
    """GraphQL's own refusal is final."""
    wandb_server.add(Stored("secret"))
    wandb_server.faults.append(Fault("Run", errors="permission denied", times=100))
    with pytest.raises(SourceError, match="permission denied"):
        read_soon("my-team/gsm8k/secret")
    assert wandb_server.count("Run") == 1


def test_a_wrong_key_is_one_sentence(wandb_server, monkeypatch):
    """A key that the server refuses is named as the cause, and isn't repeated."""
    wrong = "wr0ng" + KEY[5:]
    monkeypatch.setenv("WANDB_API_KEY", wrong)
    with pytest.raises(SourceError, match=f"{wandb_server.url} could not be used") as refused:
        api.find("my-team/gsm8k/x")
    assert wrong not in str(refused.value)


@pytest.mark.parametrize(
    "site", ["https://evil.example", "http://127.0.0.1:1", "https://wandb.ai@evil.example", "https://wandb.ai.evil.example"]
)
def test_a_foreign_host_never_gets_the_key(wandb_server, site):
    """A pasted address of an unknown host is refused in one sentence, and nothing is sent."""
    with pytest.raises(SourceError, match="not a host that your W&B key is for"):
        api.find(f"{site}/my-team/gsm8k/runs/x")
    assert not wandb_server.asked


def test_a_host_of_netrc_gets_its_own_key(wandb_server, tmp_path):
    """A host that netrc names is followed with netrc's key, never with that of WANDB_API_KEY."""
    with serving() as other:
        other.key = "0ther" + KEY[5:]
        other.add(Stored("there", history=rows(5)))
        host = other.url.removeprefix("http://")
        (tmp_path / "home" / ".netrc").write_text(f"machine {host}\n login user\n password {other.key}\n")
        (spec,) = api.find(f"{other.url}/my-team/gsm8k/runs/there")
        assert len(api.read(spec).history) == 5
        assert other.keys_seen == {other.key}


def test_without_a_login_nothing_waits_for_a_person(wandb_server, tmp_path):
    """No key at all is one sentence with the remedy, also at a terminal."""
    given = {**os.environ, **environment(wandb_server, tmp_path / "home")}
    del given["WANDB_API_KEY"]
    code = "from reportgen.sources.wandb import api\ntry: api.find('a/b/c')\nexcept Exception as e: print(e)"
    master, terminal = pty.openpty()
    ended = subprocess.run(
        [sys.executable, "-c", code], env=given, timeout=60, stdin=terminal, stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    assert ended.returncode == 0
    said = os.read(master, 10_000).decode()
    os.close(master)
    assert said.strip() == f"a/b/c: no login for {wandb_server.url}; run `wandb login` or set WANDB_API_KEY"
    assert not wandb_server.asked
