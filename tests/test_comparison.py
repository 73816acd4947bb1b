"""Several runs side by side: differences, tiers, the reference, costs."""

import json
from dataclasses import replace

import numpy as np
import pytest

import reportgen
from reportgen.choice import choose
from reportgen.errors import SettingsError
from reportgen.settings import Settings
from tests.situations import SITUATIONS

N = 1319
EVALS = (0.19, 0.27, 0.30)


@pytest.fixture
def trial(make_run):
    """A diagnosed trial that ends at a given eval, with a config of its own."""

    def build(name, final, *, config=None, settings=None, **about):
        steps = np.arange(1, 13)
        evals = np.full(12, np.nan)
        evals[[3, 7, 11]] = [0.19, (0.19 + final) / 2, final]
        columns = {
            "task_reward": np.linspace(0.18, final, 12),
            "eval_accuracy": evals,
            "_timestamp": 1e9 + 600.0 * steps,
        }
        run = make_run(columns, id=name, name=name, source=f"runs/{name}", config=config or {}, **about)
        return reportgen.diagnose(run, settings or Settings(eval_size=N, baseline=0.1835, gpus=2))

    return build


def test_a_real_difference_makes_a_tier(trial):
    """A trial ten points behind is beaten and stands in the second tier."""
    compared = reportgen.compare([trial("low", 0.25), trial("high", 0.35)])
    assert compared.tiers == (("high",), ("low",))
    assert compared.pair("low", "high").winner == "high"


def test_noise_is_a_tie(trial):
    """One point on 1,319 problems tells nothing: one tier, and how many problems would."""
    compared = reportgen.compare([trial("a", 0.30), trial("b", 0.315)])
    assert compared.tiers == (("b", "a"),)
    assert compared.pair("a", "b").winner is None
    assert "eval problems a run would tell them apart" in compared.pair("a", "b").settled_by


def test_p_values_are_corrected_for_their_number(trial):
    """Holm's correction never makes a p smaller, and makes the smallest larger."""
    compared = reportgen.compare([trial("a", 0.30), trial("b", 0.335), trial("c", 0.36)])
    pairs = [pair for pair in compared.pairs if pair.metric == "eval"]
    assert all(pair.p_holm >= pair.p for pair in pairs)
    assert min(pair.p_holm for pair in pairs) == pytest.approx(3 * min(pair.p for pair in pairs))


def test_without_an_eval_size_nobody_wins(trial):
    """Evals whose size is unknown have no interval, so no pair is judged on them."""
    unknown = Settings(baseline=0.1835)
    compared = reportgen.compare([trial("a", 0.2, settings=unknown), trial("b", 0.5, settings=unknown)])
    assert compared.pair("a", "b", "eval").interval is None
    assert compared.pair("a", "b", "eval").winner is None


def test_the_reference_is_the_first_run_or_the_one_asked_for(trial):
    """--reference takes a name; without it the first run given is the reference."""
    given = [trial("a", 0.30), trial("b", 0.40)]
    assert reportgen.compare(given).reference == "a"
    assert reportgen.compare(given, Settings(reference="b")).reference == "b"
    with pytest.raises(SettingsError, match="--reference c: none of the runs"):
        reportgen.compare(given, Settings(reference="c"))


def test_only_keys_that_differ_are_differences(trial):
    """Equal keys are left out; names and places don't count as a change of recipe."""
    one = {"lr": 1e-5, "seed": 1, "trial_name": "a", "kl": 0}
    two = {"lr": 3e-5, "seed": 1, "trial_name": "b", "kl": 0}
    compared = reportgen.compare([trial("a", 0.3, config=one), trial("b", 0.3, config=two)])
    assert set(compared.differences) == {"lr", "trial_name"}
    assert compared.changes["b"] == ("lr",)


def test_seeds_of_one_recipe_are_taken_together(trial):
    """Runs that differ in their seed alone have a mean with an interval over seeds."""
    runs = [
        trial(f"s{seed}", level, config={"lr": 1e-5, "seed": seed}) for seed, level in ((1, 0.30), (2, 0.32), (3, 0.31))
    ]
    (recipe,) = reportgen.compare(runs).recipes.recipes
    assert recipe.mean == pytest.approx(0.31)
    assert recipe.interval[0] < 0.30 < 0.32 < recipe.interval[1]


def test_equal_names_are_told_apart(trial):
    """Two runs of one name get labels of their own."""
    first, second = trial("same", 0.30), trial("same", 0.31)
    assert len(set(reportgen.compare([first, second]).labels)) == 2


def test_costs_are_gpu_hours_to_a_level(trial):
    """Twelve steps of ten minutes on two GPUs; a level is reached between evals by a straight line."""
    (cost, _) = reportgen.compare([trial("a", 0.31), trial("b", 0.25)]).costs
    assert cost.gpu_hours == pytest.approx(2 * 11 / 6, rel=0.01)
    assert cost.to_reach(0.9) is None
    assert 0 < cost.to_reach(0.25) < cost.hours


def test_the_choice_is_the_cheapest_of_the_best_tier(trial):
    """Between two that tie, the one that cost less is taken."""
    dear = trial("dear", 0.315, settings=Settings(eval_size=N, baseline=0.1835, gpus=2))
    chosen = choose(reportgen.compare([dear, trial("cheap", 0.31)]))
    assert chosen.label in ("dear", "cheap")
    assert "tie" in chosen.headline


def test_a_sole_winner_is_named(trial):
    """A trial ahead of all others is the choice, with its lead as first number."""
    chosen = choose(reportgen.compare([trial("a", 0.20), trial("b", 0.35), trial("c", 0.25)]))
    assert (chosen.label, chosen.headline) == ("b", "b is ahead of all others")
    assert chosen.numbers[0].value == pytest.approx(0.10)


def test_many_runs_are_compared_with_the_best_and_the_reference_alone(trial):
    """Beyond forty runs not every pair is tested, and that is said."""
    compared = reportgen.compare([trial(f"t{at:02d}", 0.2 + 0.003 * at) for at in range(45)])
    assert len([pair for pair in compared.pairs if pair.metric == "eval"]) == 44 + 43
    assert compared.notes[0] == "only pairs with t44 and with t00 were tested: 45 runs are too many for all"
    alone = reportgen.compare([trial(f"t{at:02d}", 0.4 - 0.003 * at) for at in range(45)])
    assert alone.notes[0] == "only pairs with t00 were tested: 45 runs are too many for all"


def write_answers(folder, solved, n=400):
    place = folder / "eval-rollout" / "7"
    place.mkdir(parents=True)
    for problem in range(n):
        record = {
            "task_id": problem,
            "sample_idx": 0,
            "reward": float(problem < solved),
            "prompt": f"problem {problem}",
        }
        (place / f"{problem}.jsonl").write_text(json.dumps(record) + "\n")


def test_answers_beside_the_runs_pair_the_comparison(tmp_path):
    """Per-problem evals make the test one by problem (McNemar), which sees a small lead."""
    for name, solved in (("a", 120), ("b", 136)):
        write_answers(tmp_path / name, solved)
        rows = [f"{step},{0.2 + 0.01 * step},{solved / 400 if step == 12 else ''}" for step in range(1, 13)]
        (tmp_path / name / "metrics.csv").write_text("\n".join(["step,task_reward,eval_accuracy", *rows]) + "\n")
    runs = [reportgen.read(str(tmp_path / name / "metrics.csv")) for name in ("a", "b")]
    pair = reportgen.compare([reportgen.diagnose(run, Settings(eval_size=400)) for run in runs]).pair("a", "b")
    assert pair.paired
    assert abs(pair.difference) == pytest.approx(0.04)
    assert pair.p < 0.001


@pytest.mark.parametrize("count", [2, 9, 14, 45])
@pytest.mark.parametrize("size", [N, None])
def test_every_number_of_runs_has_a_page(trial, count, size):
    """Matrix or list, coloured or faint, tested or not: the page is whole, and names each run."""
    settings = Settings(eval_size=size, baseline=0.1835)
    config = [{"lr": 1e-5 * (at % 3 + 1), "trial_name": f"t{at}"} for at in range(count)]
    runs = [trial(f"t{at:02d}", 0.2 + 0.002 * at, config=config[at], settings=settings) for at in range(count)]
    page = reportgen.page(reportgen.compose(runs))
    assert page.rstrip().endswith("</html>")
    assert all(f"t{at:02d}" in page for at in range(count))


def test_a_run_given_twice_counts_once(trial):
    """A CSV of a run beside its store is no second seed: no noise of seeds is read off it, and it has no tier."""
    once, other = trial("a", 0.3), trial("c", 0.31)
    history = once.run.history.astype(np.float32).astype(float)  # as a store of 32-bit numbers gives it back
    again = reportgen.diagnose(replace(once.run, name="b", history=history), once.settings)
    compared = reportgen.compare([once, again, other])
    assert compared.twins == {"b"} and compared.tier_of["b"] is None
    assert compared.unranked["b"] == "it holds the rewards of a again, step by step"
    assert reportgen.compose([once, again]).choice.headline == "One run, given twice"
    assert "given twice: it holds the rewards of a again" in reportgen.page(reportgen.compose([once, again, other]))


def test_evals_of_other_problems_leave_the_train_levels(make_run):
    """Two runs on one reward, evaluated on two sets, are ranked by train, and that is said."""
    runs = SITUATIONS["other_sets"]()
    compared = reportgen.compare([reportgen.diagnose(run) for run in runs])
    assert compared.measure == "train" and all(level is not None for level in compared.levels)
    assert compared.notes[0].startswith("evals are not compared: gsm8k (mean@1) and math500 (mean@1) are diff")


def test_a_probability_of_improvement_is_told_of_three_seeds_each(make_run):
    """The share of pairs in which the leader's run is the better one (Agarwal et al. 2021)."""
    compared = reportgen.compare([reportgen.diagnose(run) for run in SITUATIONS["seeds"]()])
    assert [one.improvement for one in compared.recipes.recipes] == [None, 1.0, 1.0]
    tied = reportgen.compare([reportgen.diagnose(run) for run in SITUATIONS["recipes_tie"]()]).recipes.recipes
    wins = [(a > b) + 0.5 * (a == b) for a in tied[0].values for b in tied[1].values]
    assert tied[1].improvement == pytest.approx(sum(wins) / 9) and 0.5 < tied[1].improvement < 1
