"""The catalogue: what each logged metric means to us, whatever its trainer calls it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import translate
from functools import cache, lru_cache
from typing import Literal

from reportgen.errors import SettingsError

Better = Literal["higher", "lower", ""]
FRAMEWORKS = {
    "areal": "AReaL",
    "trl": "TRL",
    "verl": "verl",
    "openrlhf": "OpenRLHF",
    "nemo-rl": "NeMo-RL",
    "prime-rl": "prime-rl",
    "skyrl": "SkyRL",
    "slime": "slime",
    "roll": "ROLL",
    "": "a plain",  # no trainer told
}
TRAIN_PREFIXED = ("trl", "openrlhf")  # log the same names with "train/" in W&B and without it on the console

# Names of another model or another data set; no "*" of the catalogue stands for them.
FOREIGN = re.compile(
    r"(?:^|[/_.-])(?:critic|ref|reference|teacher|value|eval|val|valid|validation|test)(?:[/_.-]|$)"
)
ACCURACY = re.compile(
    r"task_reward|accuracy|pass_rate|success_rate|solve_rate|(?:^|[/_.])acc(?:[/_.@]|$)|pass_?(?:at_|@)?\d"
    r"|^eval[-_./](?:rollout/)?reward|^val/test_score/|^critic/score/mean$|^rollout/reward$"
)


@dataclass(frozen=True)
class Metric:
    """One role: what it is, which way is better, and the names that trainers log for it."""

    role: str  # "train_reward"
    title: str  # "Train reward"
    unit: str  # "nats", "tokens", "s", "share"; "" when it has none or when the run decides
    better: Better
    range: tuple[float, float] | None  # (0, 1) for shares
    aliases: Mapping[str, tuple[str, ...]]  # framework -> names, best first; "*" stands for any scope

    @property
    def names(self) -> tuple[str, ...]:
        """Every alias, best first."""
        return tuple(dict.fromkeys(name for names in self.aliases.values() for name in names))


@dataclass(frozen=True)
class Played:
    """Which logged metric plays a role, and why that one."""

    role: str
    name: str
    why: str  # "AReaL's name for it", "given by --metric", …


def _metric(
    role: str, title: str, unit: str = "", better: Better = "", share: bool = False, /, **aliases: str
) -> Metric:
    """A role from names written with blanks between them, one word a framework."""
    known: dict[str, tuple[str, ...]] = {}
    for key, names in aliases.items():
        trainer = key.replace("_", "-").replace("plain", "")
        both = ("", "train/") if trainer in TRAIN_PREFIXED else ("",)
        known[trainer] = tuple(prefix + name for name in names.split() for prefix in both)
    return Metric(role, title, unit, better, (0.0, 1.0) if share else None, known)


CATALOGUE: tuple[Metric, ...] = (
    _metric("train_reward", "Train reward", "", "higher",
        # rollout/reward comes last: it is task_reward shifted by the off-policy lag
        areal="grpo_actor/task_reward/avg ppo_actor/task_reward/avg actor/task_reward/avg"
        " rollout/task_reward/avg */task_reward/avg rollout/reward",
        trl="reward rewards/*accuracy*/mean rewards/*accuracy* objective/scores env/reward_mean",
        verl="critic/score/mean critic/rewards/mean", openrlhf="reward", nemo_rl="train/reward",
        prime_rl="reward/mean */all/*/reward/mean */effective/*/reward/mean",
        skyrl="reward/avg_raw_reward reward/avg_pass_at_*", slime="rollout/raw_reward rollout/rewards",
        roll="critic/score/mean critic/rewards/mean",
        plain="train_reward train/reward reward train_accuracy train/accuracy accuracy acc task_reward"
        " mean_reward reward_mean reward_avg avg_reward train/mean_reward train/reward_mean train/acc"
        " train_acc reward/avg score train/score pass_rate success_rate solve_rate rewards rewards/mean"
        " episode_reward",
    ),
    _metric("eval_reward", "Eval reward", "", "higher",
        areal="eval-rollout/reward eval-rollout/task_reward/avg eval-rollout/task_reward"
        " eval-rollout/reward/avg grpo-eval/task_reward/avg *-eval/task_reward/avg *eval*/task_reward/avg",
        trl="eval_reward eval/reward eval_rewards/*accuracy* eval/rewards/*accuracy* eval_rewards/*/mean"
        " eval/rewards/*/mean",
        verl="val-core/*/acc/mean@* val-core/*/reward/mean@* val/test_score/* val-core/*mean@*"
        " val-aux/*/reward/mean@*",
        openrlhf="eval/eval_*_pass1 eval/eval_*_pass*", nemo_rl="validation/accuracy validation/reward",
        prime_rl="eval/*/avg@* eval/*/pass@*", skyrl="eval/all/pass_at_* eval/all/avg_score",
        slime="eval/*", roll="val/*",
        plain="eval_reward eval/reward eval_accuracy eval/accuracy eval_acc eval/acc eval_score eval/score"
        " eval/mean_reward eval_reward_mean eval/reward_mean eval/avg_reward eval_mean_reward eval_pass@1"
        " eval/pass@1 val_reward val/reward val_accuracy val/accuracy val_acc val/acc val_score"
        " validation_accuracy validation_reward validation/score test_accuracy test/accuracy test_reward"
        " test/reward test_acc test/acc test_score eval",
    ),
    _metric("policy_loss", "Policy loss",
        areal="grpo_actor/actor_loss/avg grpo_actor/update/actor_loss/avg ppo_actor/update/actor_loss/avg"
        " ppo_actor/actor_loss/avg */actor_loss/avg grpo_actor/ppo_loss/avg */ppo_loss/avg",
        trl="policy_loss loss loss/policy_avg ppo/loss/policy", verl="actor/pg_loss",
        openrlhf="policy_loss", nemo_rl="train/loss", prime_rl="loss/mean",
        skyrl="policy/policy_loss policy/final_loss", slime="train/pg_loss train/loss",
        roll="actor/pg_loss actor/pg_loss@*",
        plain="policy_loss pg_loss actor_loss ppo_loss train/policy_loss train/pg_loss loss/policy loss"
        " train_loss train/loss",
    ),
    _metric("advantages", "Advantages",
        areal="*/advantages/avg", verl="critic/advantages/mean", nemo_rl="train/advantages/mean",
        skyrl="advantages/mean", slime="rollout/advantages", roll="critic/advantages/mean",
        plain="advantages advantages/mean advantage advantage_mean mean_advantage advantages/avg"
        " advantages_mean",
    ),
    _metric("advantages_min", "Lowest advantage",
        areal="*/advantages/min", verl="critic/advantages/min", roll="critic/advantages/min",
        nemo_rl="train/advantages/min", skyrl="advantages/min",
        plain="advantages/min advantages_min advantage_min",
    ),
    _metric("advantages_max", "Highest advantage",
        areal="*/advantages/max", verl="critic/advantages/max", roll="critic/advantages/max",
        nemo_rl="train/advantages/max", skyrl="advantages/max",
        plain="advantages/max advantages_max advantage_max",
    ),
    _metric("advantage_spread", "Advantage spread", "", "higher",
        areal="*/advantages/std", verl="critic/advantages/std", nemo_rl="train/advantages/std",
        skyrl="advantages/std",
        plain="advantage_spread advantages/std advantages_std advantage_std adv_std",
    ),
    _metric("reward_spread", "Reward spread in a group", "", "higher",
        trl="reward_std", openrlhf="group_reward_std",
        plain="reward_std reward/std rewards/std group_reward_std",
    ),
    _metric("zero_variance_groups", "Groups without variance", "share", "lower", True,
        trl="frac_reward_zero_std", nemo_rl="train/frac_reward_zero_std", slime="rollout/zero_std/frac",
        plain="zero_variance_groups frac_reward_zero_std frac_zero_std zero_std_ratio zero_variance_frac"
        " zero_adv_frac zero_variance_share",
    ),
    _metric("kl", "KL to the reference", "nats", "lower",
        areal="*/kl_rewards/avg", trl="kl objective/kl",
        verl="actor/kl_loss actor/reward_kl_penalty critic/kl", openrlhf="kl", nemo_rl="train/kl_penalty",
        skyrl="policy/policy_kl", slime="train/kl_loss", roll="actor/kl_loss actor/kl_loss@* critic/kl",
        plain="kl kl_ref ref_kl kl_to_ref kl_loss kl_div kl_mean mean_kl train/kl train/kl_loss",
    ),
    _metric("behaviour_kl", "KL to the sampling policy", "nats", "lower",
        areal="*/behave_approx_kl/avg */approx_kl/avg", trl="policy/approxkl_avg", verl="actor/ppo_kl",
        openrlhf="ppo_kl", nemo_rl="train/gen_kl_error", prime_rl="mismatch_kl/all/mean",
        slime="train/ppo_kl", roll="actor/approxkl actor/approxkl@* actor/policykl actor/policykl@*",
        plain="behaviour_kl behavior_kl behave_kl approx_kl ppo_kl train/approx_kl",
    ),
    _metric("entropy", "Entropy", "nats",
        areal="*/entropy/avg", trl="entropy objective/entropy policy/entropy_avg",
        verl="actor/entropy actor/entropy_loss", openrlhf="entropy_loss", nemo_rl="train/approx_entropy",
        prime_rl="entropy/all/mean entropy/mean", skyrl="policy/policy_entropy", slime="train/entropy_loss",
        roll="actor/entropy actor/entropy@* actor/entropy_loss",
        plain="entropy policy_entropy entropy_mean mean_entropy train/entropy actor/entropy entropy_loss",
    ),
    _metric("grad_norm", "Gradient norm",
        areal="grpo_actor/grad_norm ppo_actor/update/grad_norm ppo_actor/grad_norm */grad_norm"
        " */grad_norm/avg",
        trl="grad_norm", verl="actor/grad_norm", openrlhf="actor_grad_norm", nemo_rl="train/grad_norm",
        prime_rl="optim/grad_norm", skyrl="policy/grad_norm policy/raw_grad_norm", slime="train/grad_norm",
        roll="actor/grad_norm actor/grad_norm@*",
        plain="grad_norm gradient_norm train/grad_norm actor/grad_norm",
    ),
    _metric("clip_fraction", "Clip fraction", "share", "", True,
        areal="grpo_actor/clip_ratio/avg ppo_actor/update/clip_ratio/avg */clip_ratio/avg",
        trl="clip_ratio/region_mean clip_ratio policy/clipfrac_avg", verl="actor/pg_clipfrac",
        openrlhf="ppo_clip_ratio", nemo_rl="train/probs_ratio_clamped_*",
        skyrl="policy/loss_metrics/clip_ratio policy/ppo_clip_ratio", slime="train/pg_clipfrac",
        roll="actor/ppo_ratio_clipfrac actor/ppo_ratio_clipfrac@*",
        plain="clip_fraction clip_frac clipfrac clip_ratio pg_clipfrac train/clip_fraction"
        " train/clip_ratio",
    ),
    _metric("truncation", "Truncated answers", "share", "lower", True,
        areal="*/no_eos_ratios/avg", trl="completions/clipped_ratio", verl="response_length/clip_ratio",
        openrlhf="truncated", nemo_rl="train/truncation_rate",
        prime_rl="is_truncated/mean */all/*/is_truncated/mean", slime="rollout/truncated_ratio",
        plain="truncation truncated truncated_ratio truncation_rate truncated_frac",
    ),
    _metric("response_length", "Response length", "tokens",
        trl="completions/mean_length completion_length", verl="response_length/mean",
        openrlhf="response_length", nemo_rl="train/mean_gen_tokens_per_sample",
        prime_rl="seq_len/mean */all/*/seq_len/mean", skyrl="generate/avg_num_tokens",
        slime="rollout/response_len/mean rollout/response_lengths", roll="tokens/response_length/mean",
        plain="response_length response_len completion_length mean_response_length response_length_mean"
        " train/response_length",
    ),
    _metric("sequence_length", "Prompt and response", "tokens",
        areal="*/seq_len/avg", openrlhf="total_length",
        plain="seq_len seq_len_mean sequence_length total_length",
    ),
    _metric("prompt_length", "Prompt length", "tokens",
        areal="*/prompt_len/avg", verl="prompt_length/mean", roll="tokens/prompt_length/mean",
        plain="prompt_length prompt_len prompt_length_mean",
    ),
    _metric("learning_rate", "Learning rate",
        areal="grpo_actor/lr ppo_actor/update/lr ppo_actor/lr */lr", trl="learning_rate lr",
        verl="actor/lr", openrlhf="actor_lr", nemo_rl="train/lr", prime_rl="optim/lr",
        skyrl="policy/policy_lr", slime="train/lr-pg_0", roll="actor/lr",
        plain="learning_rate lr train/lr train/learning_rate actor/lr",
    ),
    _metric("step_time", "Step time", "s", "lower",
        trl="step_time", verl="timing_s/step perf/time_per_step timing/step", openrlhf="timing/step_total",
        nemo_rl="timing/train/total_step_time", prime_rl="time/step", skyrl="timing/step",
        slime="perf/step_time", roll="time/step_total",
        plain="step_time step_time_s time_per_step timing/step time/step step_duration",
    ),
    _metric("throughput", "Throughput", "tokens/s", "higher",
        verl="perf/throughput", nemo_rl="performance/tokens_per_sec_per_gpu", prime_rl="perf/throughput",
        skyrl="trainer/tokens_per_second_per_gpu", slime="perf/actor_train_tok_per_s",
        plain="throughput tokens_per_second tokens_per_sec tokens_per_s perf/throughput",
    ),
    _metric("update_successful", "Update applied", "share", "higher", True,
        areal="*/update_successful */update_successful/avg", plain="update_successful",
    ),
    _metric("rollout_reward", "Reward of collected rollouts", "", "higher",
        areal="rollout/reward rollout/reward/avg",
    ),
    _metric("reward_min", "Lowest reward",
        areal="*/task_reward/min", verl="critic/score/min", roll="critic/score/min",
        plain="reward_min reward/min",
    ),
    _metric("reward_max", "Highest reward",
        areal="*/task_reward/max", verl="critic/score/max", roll="critic/score/max",
        plain="reward_max reward/max",
    ),
    _metric("sequences", "Answers a step", areal="*/n_seqs", plain="n_seqs samples_per_step"),
    _metric("tokens", "Tokens trained on", "tokens",
        areal="grpo_actor/n_valid_tokens ppo_actor/n_valid_tokens ppo_actor/update/n_valid_tokens"
        " */n_valid_tokens",
        trl="num_tokens", verl="perf/total_num_tokens",
        plain="n_valid_tokens n_tokens num_tokens total_tokens tokens",
    ),
)
BY_ROLE: Mapping[str, Metric] = {metric.role: metric for metric in CATALOGUE}
PHASES = "timeperf/"  # AReaL times each phase of a step and never the whole; diagnostics.system adds them

# "eval/*" and "val/*" hold losses and clocks too, and other trainers use the scopes differently
GREEDY = {"eval/*", "val/*"}
NO_REWARD = re.compile(r"loss|time|step|epoch|length|len\b|ratio|per_second|entropy|tokens|std|num_|count|kl")

MARKERS: Mapping[str, str] = {  # the first with a match names the framework; the most telling stand first
    "areal": r"(?:grpo|ppo)_actor/|eval-rollout/|grpo-eval/|timeperf/|.*/task_reward/avg$",
    "slime": r"rollout/raw_reward$|train/pg_clipfrac$|train/lr-pg_",
    "skyrl": r"reward/avg_(?:raw_reward$|pass_at_)|policy/policy_(?:loss|entropy|kl|lr)$|generate/avg_",
    "nemo-rl": r"train/token_mult_prob_error$|timing/(?:train|validation)/|performance/tokens_per_sec",
    "prime-rl": r"mismatch_kl/|entropy/all/mean$|optim/(?:lr|grad_norm)$|.*/all/.+/reward/mean$",
    "roll": r"tokens/response_length/|time/step_total$|actor/(?:ppo_ratio_clip|policykl)|system/step$",
    "verl": r"critic/(?:score|rewards|returns)/mean$|actor/(?:pg_clipfrac|ppo_kl)|timing_s/|val-core/",
    "openrlhf": r"(?:train/)?(?:ppo_clip_ratio|actor_grad_norm|actor_lr|group_reward_std)$|eval/eval_.+_pass\d",
    "trl": r"(?:train/)?(?:frac_reward_zero_std|completion_length|completions/|clip_ratio/(?:region|low|high)_"
    r"|objective/(?:rlhf_reward|scores|non_score_reward)|sampling/|rewards/.*(?:func|fn|reward)"
    r"|rewards/[^/]+/(?:mean|std)$)|eval_rewards/|ppo/loss/policy$",
}


def framework(names: Iterable[str]) -> str:
    """The trainer whose names these are: "areal", "trl", …; "" when nothing tells."""
    spelled = [_canonical(name) for name in names]
    for trainer, pattern in MARKERS.items():
        marker = re.compile(pattern)  # cached by re
        if any(marker.match(name) for name in spelled):
            return trainer
    return ""


def roles(names: Iterable[str], overrides: Mapping[str, str] | None = None) -> dict[str, Played]:
    """Role -> the metric that plays it: the trainer's own best alias first, then any other's.

    overrides: role -> metric name, as `--metric` gives them. Raises SettingsError for a role or a
    metric that isn't there.
    """
    there = sorted(set(names))
    given = _given(overrides or {}, there)
    own = framework(there)
    best: dict[str, tuple[tuple[bool, int, int, str], str]] = {}  # role -> (order, name's trainer)
    for name in there:
        for role, rank, trainer in _matches(name):
            if _counts(name, trainer, own):
                key = (trainer != own, rank, len(name), name)
                if role not in best or key < best[role][0]:
                    best[role] = (key, trainer)
    cast = {role: Played(role, key[-1], f"{_owner(trainer)} name for it") for role, (key, trainer) in best.items()}
    cast |= given
    return {metric.role: cast[metric.role] for metric in CATALOGUE if metric.role in cast}


def is_accuracy_name(name: str) -> bool:
    """Whether a reward of this name is a share of problems solved, when its values allow it."""
    return bool(ACCURACY.search(_canonical(name)))


@lru_cache(maxsize=1 << 16)
def wanted(name: str) -> bool:
    """Whether a metric can play a role, or helps to derive one; for reads of roles only."""
    spelled = _canonical(name)
    return spelled in _exact() or spelled.startswith(PHASES) or bool(_any_pattern().match(spelled))


def names_for(role: str, trainer: str = "", beside: Iterable[str] = ()) -> tuple[str, ...]:
    """What a person could log for a role, in the words of their trainer.

    beside: the names that the run logs; those of the same scope come first.
    """
    aliases = BY_ROLE[role].aliases
    names = aliases.get(trainer) or aliases.get("") or BY_ROLE[role].names
    scopes = {name.rpartition("/")[0].removesuffix("/avg") for name in beside}
    scopes |= {scope.split("/")[0] for scope in scopes}
    stand_in = next((scope for scope in ("ppo_actor", "grpo_actor") if scope in scopes), "actor")
    spelled = dict.fromkeys(name.replace("*", stand_in) for name in names)
    return tuple(sorted(spelled, key=lambda name: name.split("/")[0] not in scopes)[:3])


def spoken(role: str) -> str:
    """A role's title inside a sentence: "policy loss", "KL to the reference"."""
    title = BY_ROLE[role].title
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


def _owner(trainer: str) -> str:
    return FRAMEWORKS[trainer] + ("" if not trainer else "'s")


def _given(overrides: Mapping[str, str], there: list[str]) -> dict[str, Played]:
    """Roles that a person cast."""
    for role, name in overrides.items():
        if role not in BY_ROLE:
            close = get_close_matches(role, BY_ROLE, n=3, cutoff=0.4) or list(BY_ROLE)
            raise SettingsError(f"--metric {role}={name}: no such role; one of {', '.join(close)}")
        if name not in there:
            close = get_close_matches(name, there, n=3, cutoff=0.4) or there[:3]
            raise SettingsError(
                f"--metric {role}={name}: the run has no such metric; close to it: {', '.join(close)}"
            )
    return {role: Played(role, name, "given by --metric") for role, name in overrides.items()}


def _canonical(name: str) -> str:
    """A name as the catalogue spells it: parts joined by "/", lower case, MLflow's "_at_" as "@"."""
    plain = name.replace(".", "/").lower()
    return plain.replace("mean_at_", "mean@").replace("best_at_", "best@")


@cache
def _exact() -> dict[str, tuple[tuple[str, int, str], ...]]:
    """Literal alias -> (role, rank, framework) of each role it may play."""
    table: dict[str, tuple[tuple[str, int, str], ...]] = {}
    for role, rank, trainer, alias in _ranked():
        if "*" not in alias:
            table[alias.lower()] = (*table.get(alias.lower(), ()), (role, rank, trainer))
    return table


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], bool, str, int, str], ...]:
    """(pattern, whether its scope may not be another model's, role, rank, framework)."""
    return tuple(
        (re.compile(translate(alias)), alias.startswith("*/") or role != "eval_reward", role, rank, trainer)
        for role, rank, trainer, alias in _ranked()
        if "*" in alias
    )


@cache
def _any_pattern() -> re.Pattern[str]:
    """Matches whatever any alias with a "*" matches, and more: a quick first look."""
    return re.compile("|".join(sorted({translate(alias) for _, _, _, alias in _ranked() if "*" in alias})))


@cache
def _ranked() -> tuple[tuple[str, int, str, str], ...]:
    """(role, rank, framework, alias) of the whole catalogue; a plain name ranks last."""
    return tuple(
        (metric.role, rank, trainer, alias)
        for metric in CATALOGUE
        for rank, (trainer, alias) in enumerate(
            (trainer, alias) for trainer, names in metric.aliases.items() for alias in names
        )
    )


@lru_cache(maxsize=1 << 16)
def _matches(name: str) -> tuple[tuple[str, int, str], ...]:
    """(role, rank, framework) of every alias that a name is."""
    spelled = _canonical(name)
    found = list(_exact().get(spelled, ()))
    if _any_pattern().match(spelled):
        foreign = bool(FOREIGN.search(spelled))
        found += [
            (role, rank, trainer)
            for pattern, own_model, role, rank, trainer in _patterns()
            if pattern.match(spelled)
            and not (foreign and own_model)
            and not (role == "eval_reward" and NO_REWARD.search(spelled))
        ]
    return tuple(found)


def _counts(name: str, trainer: str, own: str) -> bool:
    """Whether an alias counts here: the greedy ones only in a run of their own trainer."""
    return trainer == own or not _only_greedy(_canonical(name), trainer)


def _only_greedy(spelled: str, trainer: str) -> bool:
    """Whether nothing but "eval/*" speaks for this alias."""
    aliases = BY_ROLE["eval_reward"].aliases.get(trainer, ())
    return bool(GREEDY & set(aliases)) and spelled.startswith(("eval/", "val/")) and spelled not in aliases
