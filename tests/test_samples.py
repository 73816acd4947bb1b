"""What the model wrote: dumps of every trainer are found, counted, shortened, and no secret of theirs is shown."""

import json

import pytest
from click.testing import CliRunner

import reportgen
from reportgen.cli import cli
from reportgen.errors import SourceError
from reportgen.samples import Sample, goes_in_circles, problem_of, study
from reportgen.sources.beside import rollouts


def sample(step=1, prompt="What is 2+2?", answer="4", reward=1.0, **more):
    return Sample(step, prompt, answer, reward, len(answer), problem_of(prompt), **more)


def lines(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def log(tmp_path):
    """A run of thirty steps in a folder of its own."""
    path = tmp_path / "run" / "metrics.csv"
    path.parent.mkdir()
    path.write_text("step,reward\n" + "".join(f"{step},{step / 60:.3f}\n" for step in range(1, 31)))
    return path


def test_areal_dumps_by_version_and_task(log):
    """`rollout/{version}/{task}.jsonl`: the version is the step, a task is a group."""
    for version in (0, 10):
        rows = [{"task_id": 3, "seqlen": 90, "prompt_len": 60, "reward": r, "prompt": "p", "completion": "c"}
                for r in (0, 1)]  # fmt: skip
        lines(log.parent / "rollout" / str(version) / "3.jsonl", rows)
    found = rollouts.beside(str(log))
    assert [(step.step, step.n, step.all_right, step.all_wrong) for step in found.steps] == [
        (0, 2, 0.0, 0.0), (10, 2, 0.0, 0.0)
    ]  # fmt: skip
    assert found.counted_in == "tokens"
    assert found.written[0].length == 30


def test_areals_older_text_dumps(log):
    """`generated/{version}/*.txt`, colours and all."""
    path = log.parent / "generated" / "4" / "a.txt"
    path.parent.mkdir(parents=True)
    block = "idx: {} / 2, seqlen: 40, reward is {}.\nprompt is \n\x1b[33mAsk\x1b[0m\nsequence is: \nSay\n"
    path.write_text(block.format(1, 0.0) + block.format(2, 1.0))
    (step,) = rollouts.beside(str(log)).steps
    assert (step.step, step.n, step.reward) == (4, 2, 0.5)


def test_verl_dumps_and_its_evals_problem_by_problem(log):
    """`rollout/{step}.jsonl` and `validation/{step}.jsonl`: problems won and lost between two evals."""
    lines(log.parent / "rollout" / "7.jsonl", [{"input": "q", "output": "a", "score": 1.0, "step": 7}])
    for step, scores in ((10, (0, 1, 1)), (20, (1, 0, 1))):
        rows = [{"input": f"q{at}", "output": "a", "score": score, "step": step} for at, score in enumerate(scores)]
        lines(log.parent / "validation" / f"{step}.jsonl", rows)
    turned = rollouts.beside(str(log)).turned
    assert (turned.before, turned.after, turned.n_problems, turned.won, turned.lost) == (10, 20, 3, 1, 1)


def test_trl_parquet_sums_its_reward_functions(log):
    """`completions/completions_00005.parquet`: messages are joined, reward functions summed."""
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    table = pa.table({
        "step": [5, 5], "prompt": [[{"role": "user", "content": "Hi"}]] * 2,
        "completion": [[{"role": "assistant", "content": "Yes"}]] * 2,
        "accuracy_reward": [1.0, 0.0], "format_reward": [0.5, 0.5], "advantage": [1.0, -1.0],
    })  # fmt: skip
    (log.parent / "completions").mkdir()
    pq.write_table(table, log.parent / "completions" / "completions_00005.parquet")
    found = rollouts.beside(str(log))
    assert found.steps[0].reward == 1.0
    assert {(one.prompt, one.answer) for one in found.written} == {("Hi", "Yes")}


def test_tables_that_wandb_keeps(tmp_path):
    """`files/media/table/…table.json` of a run directory."""
    place = tmp_path / "run-20261101_101010-abc" / "files" / "media" / "table"
    place.mkdir(parents=True)
    rows = {"columns": ["step", "prompt", "completion", "reward"], "data": [[3, "p", "c", 0.5]]}
    (place / "completions_3_aa.table.json").write_text(json.dumps(rows))
    (step,) = rollouts.beside(str(tmp_path / "run-20261101_101010-abc")).steps
    assert (step.step, step.reward) == (3, 0.5)


def test_a_secret_in_an_answer_is_taken_out(log, tmp_path):
    """Neither page nor JSON shows it, though it stands where the text is shortened."""
    secret = "hf_" + "Ab3" * 12
    answer = "x " * 525 + secret + " y" * 900
    lines(log.parent / "rollout" / "1.jsonl", [{"prompt": f"key {secret}", "completion": answer, "reward": 1}])
    page, told = tmp_path / "a.html", tmp_path / "a.json"
    ended = CliRunner().invoke(cli, ["report", str(log), "-o", str(page), "--json", str(told)])
    assert ended.exit_code == 0, ended.output
    assert "What the model wrote" in page.read_text()
    for text in (page.read_text(), told.read_text()):
        assert "Ab3Ab3" not in text


def test_a_hostile_answer_stays_text(log, tmp_path):
    """Markup in an answer is shown, not run."""
    hostile = "</pre><script>x()</script>"
    lines(log.parent / "rollout" / "1.jsonl", [{"prompt": "p", "completion": hostile, "reward": 1}])
    page = tmp_path / "a.html"
    CliRunner().invoke(cli, ["report", str(log), "-o", str(page)])
    assert "&lt;/pre&gt;&lt;script&gt;x()" in page.read_text()
    assert "<script>x()" not in page.read_text()


@pytest.mark.parametrize("flag", ["--no-samples", "--anonymous"])
def test_a_page_without_answers(log, tmp_path, flag):
    """Whoever may not show them leaves them out."""
    lines(log.parent / "rollout" / "1.jsonl", [{"prompt": "p", "completion": "told you", "reward": 1}])
    page = tmp_path / "a.html"
    assert CliRunner().invoke(cli, ["report", str(log), "-o", str(page), flag]).exit_code == 0
    assert "told you" not in page.read_text()


def test_rollouts_elsewhere(log, tmp_path):
    """`--samples PATH` names a folder or a file; one without rollouts is refused."""
    lines(tmp_path / "elsewhere" / "step_9" / "train.jsonl", [{"prompt": "p", "completion": "told you", "reward": 1}])
    page = tmp_path / "a.html"
    words = ["report", str(log), "-o", str(page), "--samples"]
    assert CliRunner().invoke(cli, [*words, str(tmp_path / "elsewhere")]).exit_code == 0
    assert "told you" in page.read_text()
    with pytest.raises(SourceError, match="no rollouts in it"):
        rollouts.at(str(log))


def test_many_long_answers_fit_the_page():
    """However much was written, a page shows at most 80 kB of it."""
    words = "long words " * 3_000
    many = [sample(step, f"q{at}", f"{at} {words}", at % 7 / 7) for step in range(20) for at in range(40)]
    found = study(many, source="a test")
    texts = list(found.written) + [one for pair in found.pairs for one in pair]
    assert sum(len(one.prompt) + len(one.answer) for one in texts) <= 80_000
    assert found.n == 800


def test_repeated_answers_and_circles():
    """The same answer twice in a group, and one that repeats itself, are counted."""
    circling = "and so we count the pens again " * 20
    (step,) = study([sample(), sample(), sample(answer=circling), sample(answer="5")], source="a test").steps
    assert (step.duplicates, step.circling) == (0.5, 0.25)
    assert not goes_in_circles(" ".join(map(str, range(200))))


def test_a_torn_dump_gives_its_whole_rows(log):
    """A last line that was cut is left out."""
    lines(log.parent / "rollout" / "1.jsonl", [{"prompt": "p", "completion": "c", "reward": 1}] * 3)
    path = log.parent / "rollout" / "1.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    assert rollouts.beside(str(log)).n == 2


def test_samples_survive_json(log):
    """A stored diagnosis keeps the study."""
    from reportgen import many, saved

    lines(log.parent / "rollout" / "1.jsonl", [{"prompt": "p", "completion": "c", "reward": 1}] * 3)
    (diagnosis,) = many.diagnose_all([str(log)], many.Wanted(samples="")).diagnoses
    assert saved.from_json(saved.to_json(diagnosis)).samples == diagnosis.samples
    assert reportgen.page(reportgen.compose([diagnosis])).count('id="samples"') == 1
