"""Addresses at Weights & Biases, in every form that people have at hand."""

import pytest

from reportgen.errors import SpecError
from reportgen.sources.wandb import address as wandb_address
from reportgen.sources.wandb.address import Address, parse

RUN = Address("my-team", "gsm8k-grpo", "abc123")


@pytest.mark.parametrize(
    "spec",
    [
        "my-team/gsm8k-grpo/abc123",
        "my-team/gsm8k-grpo/runs/abc123",
        "/my-team/gsm8k-grpo/runs/abc123",
        "my-team/gsm8k-grpo:abc123",
        "wandb:my-team/gsm8k-grpo/abc123",
        "wandb:my-team/gsm8k-grpo/runs/abc123",
    ],
)
def test_a_run_is_found_in_each_short_form(spec):
    """Every way that W&B's own tools write a run means the same run."""
    assert parse(spec) == RUN


@pytest.mark.parametrize("page", ["", "/", "/overview", "/workspace?nw=nwuserann", "/logs", "/files/a/b", "?nw=x#y"])
@pytest.mark.parametrize("site", ["https://wandb.ai", "http://localhost:8080", "https://forge.coreweave.com/wandb"])
def test_a_pasted_address_names_its_run(site, page):
    """Whatever page of the run the browser shows, the address is that of the run."""
    host = site.removesuffix("/wandb")
    assert parse(f"{site}/my-team/gsm8k-grpo/runs/abc123{page}") == Address("my-team", "gsm8k-grpo", "abc123", host)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("", ()),
        ("/workspace?nw=x", ()),
        ("/table", ()),
        ("/runs", ()),
        ("/sweeps/s1", (("sweep", "s1"),)),
        ("/groups/my%20group/workspace", (("group", "my group"),)),
    ],
)
def test_a_pasted_page_of_a_project_names_its_runs(path, query):
    """A project's page stands for its runs, that of a sweep or a group for those in it."""
    assert parse(f"https://wandb.ai/my-team/gsm8k{path}") == Address("my-team", "gsm8k", "", "https://wandb.ai", query)


def test_percent_signs_in_a_pasted_address_are_undone():
    """A name with a space is pasted with %20 and read with the space."""
    assert parse("https://wandb.ai/my-team/a%20b/runs/c%20d") == Address("my-team", "a b", "c d", "https://wandb.ai")


def test_a_query_asks_for_several_things():
    """Filters are joined by &, alternatives by a comma."""
    address = parse("wandb:my-team/gsm8k?group=lr,kl&state=finished&limit=20")
    assert (address.asked("group"), address.asked("state"), address.asked("limit")) == (
        ("lr", "kl"),
        ("finished",),
        ("20",),
    )


def test_a_project_alone_may_be_named():
    """wandb:project leaves the entity to the login."""
    assert parse("wandb:gsm8k") == Address("", "gsm8k")


@pytest.mark.parametrize(
    "spec",
    ["a/b/trainer.log", "./my-team/gsm8k/abc", "/data/runs/abc", "../a/b", "a/b/c/d/e", "a//b", "word", "*/b/c"],
)
def test_a_path_is_no_address(spec):
    """What looks like a path, a file or a pattern is never asked for at W&B."""
    assert parse(spec) is None


@pytest.mark.parametrize("there", ["my-team", "my-team/gsm8k", "my-team/gsm8k/abc"])
def test_what_is_on_disk_is_no_address(there, tmp_path, monkeypatch):
    """A folder wins over a project of the same name."""
    (tmp_path / there).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert parse("my-team/gsm8k/abc") is None


def test_a_word_is_a_run_only_where_the_project_is_known():
    """A word alone is a run's name when WANDB_PROJECT says of which project."""
    assert parse("trial1109_1", one_word=True) == Address("", "", "trial1109_1")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("wandb:", "names no project"),
        ("wandb:a/b/c/d", "names no project"),
        ("wandb:a//c", "names no project"),
        ("wandb:a/b?colour=red", "no such filter 'colour'"),
        ("wandb:a/b?limit=many", "no number of runs"),
        ("wandb:a/b?group=", "has no value"),
        ("https://wandb.ai/my-team", "names no project"),
        ("https://wandb.ai/my-team/p/reports/x", "a page of reports"),
        ("https://[::1/a/b", "no web address"),
    ],
)
def test_a_broken_address_is_refused_in_one_sentence(spec, said):
    """What is meant for W&B but names nothing is an error that says what would."""
    with pytest.raises(SpecError, match=said):
        parse(spec)
    assert wandb_address.is_address(spec)


def test_a_login_in_an_address_is_not_repeated():
    """The message of a miss leaves out the user and the password of an address."""
    with pytest.raises(SpecError) as refused:
        parse("https://ann:secret@wandb.ai/my-team")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        RUN,
        Address("a", "b c?#%/d", "e/f+g"),
        Address("a", "b", query=(("group", "x&y=z"), ("limit", "3"))),
        Address("a", "b", "c", "https://w.example:8080"),
        Address("a", "b", "c", query=(("named", "x y"), ("of", "3"))),
    ],
)
def test_an_address_survives_being_written(address):
    """The spec of an address reads back as the same address."""
    assert parse(address.spec) == address


def test_what_find_knew_is_told_once():
    """Of many runs of one name, or of a limit that bit, one sentence is said."""
    specs = [f"wandb:a/b/{run}?named=x&of=3" for run in "123"] + ["wandb:a/b/4?newest=50&of=214", "wandb:a/b/5"]
    assert wandb_address.remarks(specs) == (
        "3 runs of a/b are named 'x'; all are used",
        "a/b: the 50 newest of 214 runs that match are used; add limit=214 to the query for all",
    )
