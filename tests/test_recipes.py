"""Recipes: seeds taken together, the noise between them, who leads, and what each key does."""

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner

from reportgen.by_recipe import called
from reportgen.cli import cli
from reportgen.recipes import Trial, recipes_of


def trial(label, value, size=1319, **recipe):
    return Trial(label, value, math.sqrt(value * (1 - value) / size), recipe)


def test_a_lucky_seed_of_the_second_best_rate_does_not_lead():
    good = [trial(f"b{seed}", value, lr=3e-6) for seed, value in enumerate((0.48, 0.485, 0.475, 0.48))]
    lucky = [trial(f"a{seed}", value, lr=1e-6) for seed, value in enumerate((0.50, 0.44, 0.45, 0.445))]
    found = recipes_of([*lucky, *good])
    assert found.recipes[0].keep == "b1"
    assert found.recipes[0].labels == ("b1", "b0", "b3", "b2")
    assert found.of("a0") is found.recipes[1]


def test_two_seeds_of_one_recipe_have_no_winner():
    found = recipes_of([trial("a", 0.55), trial("b", 0.35)])
    assert len(found.recipes) == 1 and found.tiers == ((0,),)
    assert found.seed_sd == pytest.approx(np.std([0.55, 0.35], ddof=1))


def test_interval_and_corrected_p_say_the_same():
    rng = np.random.default_rng(5)
    for _ in range(40):
        trials = [
            trial(f"{rate}{seed}", float(rng.uniform(0.3, 0.5)), lr=rate) for rate in (1, 2, 3) for seed in (0, 1)
        ]
        for one in recipes_of(trials).recipes[1:]:
            low, high = one.behind_interval
            assert (one.p < 0.05) == (low > 0 or high < 0)


def test_one_seed_each_says_that_the_noise_of_seeds_cannot_be_known():
    found = recipes_of([trial("a", 0.5, lr=1), trial("b", 0.4, lr=2)])
    assert not found.has_seeds and found.seed_sd is None
    assert "can't be known" in found.notes[0]


def test_without_any_error_nothing_is_tested():
    found = recipes_of([Trial("a", 5.0, None, {"lr": 1}), Trial("b", 4.0, None, {"lr": 2})])
    assert [one.state for one in found.recipes] == ["not tested", "not tested"]
    assert found.recipes[1].p is None and found.tiers == ((0, 1),)


def test_effects_of_a_full_design_and_an_interaction():
    rng = np.random.default_rng(1)
    trials = [
        trial(f"{rate}{beta}{seed}", 0.3 + 0.1 * (rate == 2) * (beta == 0) + rng.normal(0, 0.004), lr=rate, beta=beta)
        for rate in (1, 2)
        for beta in (0, 0.1)
        for seed in range(4)
    ]
    found = recipes_of(trials)
    by_key = {effect.key: effect for effect in found.effects}
    assert by_key["lr"].p < 0.01 and not by_key["lr"].confounded_with
    assert found.interactions[0][:2] == ("lr", "beta")


def test_keys_that_vary_together_are_confounded_and_rates_lie_on_a_log_axis():
    trials = [trial(f"{rate}{seed}", 0.4, lr=rate, batch=rate * 1e8) for rate in (1e-7, 1e-6, 1e-5) for seed in (0, 1)]
    effect = recipes_of(trials).effects[0]
    assert effect.confounded_with == ("batch",) and effect.p is None and effect.is_log


def test_more_recipes_than_can_be_related_are_drawn_to_the_mean_of_all():
    """A recipe of ten seeds keeps its place before one lucky run that is a hair better."""
    rng = np.random.default_rng(4)
    trials = [trial(f"{lr}:{seed}", 0.3 + 0.02 * rng.standard_normal(), lr=lr) for lr in range(400) for seed in (0, 1)]
    trials += [trial(f"ten:{seed}", 0.450 + 0.01 * (-1) ** seed, lr=500) for seed in range(10)]
    found = recipes_of([*trials, trial("lucky", 0.452, lr=600)])
    assert [one.name for one in found.recipes[:2]] == ["lr=500", "lr=600"]


def test_a_recipe_of_many_keys_is_called_by_its_run():
    """No sentence carries a list of settings; one of few is what a reader wants to see."""
    few, many_keys = {"lr": 1e-6}, {f"actor.key_{at}": at for at in range(9)}
    alone, *_ = recipes_of([trial("trial1110_1", 0.4, **few)]).recipes
    assert called(alone) == "lr=1e-06"
    alone, *_ = recipes_of([trial("trial1110_1", 0.4, **many_keys)]).recipes
    assert called(alone) == "trial1110_1"
    both, *_ = recipes_of([trial("a", 0.4, **many_keys), trial("b", 0.5, **many_keys)]).recipes
    assert called(both) == "b's recipe"


def test_no_trials_no_recipes():
    assert recipes_of([]) is None


def test_a_sweep_with_seeds_is_told_by_recipe(tmp_path):
    rng = np.random.default_rng(3)
    for rate, top in (("1e-6", 0.40), ("3e-6", 0.52)):
        for seed in range(3):
            rows = []
            for step in range(1, 61):
                share = 0.2 + (top - 0.2) * (1 - math.exp(-step / 20))
                row = {"step": step, "task_reward": rng.binomial(256, share) / 256}
                rows.append(row | ({"eval/gsm8k/accuracy": rng.binomial(1319, share) / 1319} if step % 20 == 0 else {}))
            folder = tmp_path / f"lr{rate}_seed{seed}"
            folder.mkdir()
            (folder / "metrics.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    out, page = tmp_path / "out.json", tmp_path / "page.html"
    result = CliRunner().invoke(cli, ["report", str(tmp_path), "-o", str(page), "--json", str(out)])
    assert result.exit_code == 0, result.output
    found = json.loads(out.read_text())
    recipes = found["comparison"]["recipes"]
    assert [one["name"] for one in recipes["recipes"]] == ["lr3e-6", "lr1e-6"]
    assert recipes["recipes"][0]["keep"] == found["choice"]["label"]
    assert found["choice"]["headline"] == "lr3e-6 is ahead of the other recipe"
    same = [pair for pair in found["comparison"]["pairs"] if pair["a"].split("_")[0] == pair["b"].split("_")[0]]
    assert same and all(pair["winner"] is None for pair in same)
    assert 'id="recipes"' in page.read_text()


def test_a_random_search_tells_ranges_of_a_rate():
    """Each run has a rate of its own: what it does is told over sixths of the values, and tested; noise is none."""
    rng = np.random.default_rng(5)
    rates, other = 10 ** rng.uniform(-7, -4, 300), rng.uniform(0, 1, 300)
    levels = 0.4 - 0.03 * np.log10(rates / 3e-6) ** 2 + rng.normal(0, 0.01, 300)
    trials = [
        Trial(f"run{at}", float(levels[at]), 0.01, {"lr": float(rates[at]), "beta": float(other[at])})
        for at in range(300)
    ]
    effects = {one.key: one for one in recipes_of(trials, margin=0.01).effects}
    means = [mean for _, mean, _, _ in effects["lr"].levels]
    assert [n for *_, n in effects["lr"].levels] == [50] * 6
    assert effects["lr"].levels[0][0].startswith(f"{min(rates):.2g}".replace("e-0", "e\u2212"))
    assert max(means[2:4]) > max(means[0], means[-1]) + 0.02
    assert effects["lr"].p < 1e-6
    assert effects["beta"].p > 0.01
