"""Tunix: https://github.com/google/tunix (rl/grpo/grpo_learner.py, sft/metrics_logger.py)."""

from reportgen.trainers.trainer import EvalName, Trainer, words

TRAINER = Trainer(
    name="tunix",
    title="Tunix",
    checked="c7d8950 (2026-08-21)",
    marks=("(?:global|actor|rollout)/(?:train|eval)/",),
    roles=words(
        train_reward="global/train/rewards/score/mean actor/train/rewards/score/mean global/train/rewards/sum"
        " actor/train/rewards/sum",
        eval_reward="global/eval/rewards/score/mean actor/eval/rewards/score/mean global/eval/rewards/sum"
        " actor/eval/rewards/sum",
        policy_loss="actor/train/loss",
        advantages="global/train/rewards/advantage/mean",
        advantages_min="global/train/rewards/advantage/min",
        advantages_max="global/train/rewards/advantage/max",
        advantage_spread="global/train/rewards/advantage/std",
        kl="actor/train/kl",
        entropy="actor/train/entropy actor/train/loss/entropy",
        grad_norm="actor/train/grad_norm",
        clip_fraction="actor/train/pg_clipfrac",
        truncation="global/train/generation/completions/clip_ratio",
        response_length="global/train/completions/mean_length global/train/generation/completions/mean_length",
        prompt_length="global/train/generation/prompts/mean_length",
        learning_rate="actor/train/learning_rate",
        step_time="global/train/perf/global_step_time",
        reward_min="global/train/rewards/score/min",
        reward_max="global/train/rewards/score/max",
    ),
    evals=(
        EvalName("global/eval/rewards/score/mean", "reward"), EvalName("actor/eval/rewards/score/mean", "reward"),
        EvalName("global/eval/rewards/sum", "reward"),
    ),
    components=("global/train/rewards/{part}", "global/eval/rewards/{part}"),
)
