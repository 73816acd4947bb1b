"""prime-rl: https://github.com/PrimeIntellect-ai/prime-rl (orchestrator/metrics.py, trainer/rl/train.py)."""

from reportgen.trainers.trainer import EvalName, Sum, Trainer, words

TRAINER = Trainer(
    name="prime-rl",
    title="prime-rl",
    checked="0.8.1.dev67, 559b447 (2026-08-21)",
    marks=(
        "mismatch_kl/", "entropy/all/mean$", ".*/(?:all|effective)/.+/reward/mean$", "event_loop_lag/", "off_policy/",
        "eval/.+/avg@[0-9]",
    ),
    config_marks=("orchestrator.rollouts_per_example", "rollouts_per_example"),
    roles=words(
        train_reward="reward/mean reward/all/mean train/agg/all/*/reward/mean */all/*/reward/mean"
        " train/agg/effective/*/reward/mean */effective/*/reward/mean",
        eval_reward="eval/*/all/*/avg@* eval/*/avg@* eval/*/pass@*",
        policy_loss="loss/mean",
        behaviour_kl="mismatch_kl/all/mean",
        entropy="entropy/all/mean entropy/mean",
        grad_norm="optim/grad_norm",
        truncation="is_truncated/mean train/agg/all/*/is_truncated/mean */all/*/is_truncated/mean",
        response_length="train/agg/all/*num_output_tokens/mean */all/*num_output_tokens/mean seq_len/mean"
        " */all/*/seq_len/mean",
        learning_rate="optim/lr",
        step_time="time/step",
        throughput="perf/throughput",
    ),
    sums={"zero_variance_groups": Sum(("solved_none", "solved_all"))},
    evals=(
        EvalName("eval/{set}/all/*/avg@{k}", "mean", accuracy=True),
        EvalName("eval/{set}/effective/*/avg@{k}", "mean", accuracy=True),
        EvalName("eval/{set}/effective/*/pass@{k}", "pass", accuracy=True),
        EvalName("eval/{set}/avg@{k}", "mean", accuracy=True), EvalName("eval/{set}/pass@{k}", "pass", accuracy=True),
    ),
    samples=(("orchestrator.batch_size",),),
    config=words(
        steps="max_steps", lr="optim.lr trainer.optim.lr",
        samples="rollouts_per_example orchestrator.rollouts_per_example",
        batch="batch_size orchestrator.batch_size", model="model.name",
        lag="max_async_level", clipping="optim.max_norm", eval_freq="eval.interval",
    ),
)
