"""prime-rl: what it calls things."""

from reportgen.trainers.trainer import EvalName, Trainer, words

TRAINER = Trainer(
    name="prime-rl",
    title="prime-rl",
    marks=("mismatch_kl/", "entropy/all/mean$", "optim/(?:lr|grad_norm)$", ".*/all/.+/reward/mean$"),
    config_marks=("orchestrator.rollouts_per_example", "rollouts_per_example"),
    roles=words(
        train_reward="reward/mean */all/*/reward/mean */effective/*/reward/mean",
        eval_reward="eval/*/avg@* eval/*/pass@*",
        policy_loss="loss/mean",
        behaviour_kl="mismatch_kl/all/mean",
        entropy="entropy/all/mean entropy/mean",
        grad_norm="optim/grad_norm",
        truncation="is_truncated/mean */all/*/is_truncated/mean",
        response_length="seq_len/mean */all/*/seq_len/mean",
        learning_rate="optim/lr",
        step_time="time/step",
        throughput="perf/throughput",
    ),
    evals=(
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
