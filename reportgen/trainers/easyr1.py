"""EasyR1: https://github.com/hiyouga/EasyR1 (verl/trainer), a fork of verl with names of its own."""

from reportgen.trainers.trainer import EvalName, Trainer, words

TRAINER = Trainer(
    name="easyr1",
    title="EasyR1",
    checked="0.3.3.dev, b44b311 (2026-07-30)",
    marks=("reward/overall$", "val/reward_score$", "val/[a-z_]+_reward$", "actor/pg_clipfrac_higher$"),
    config_marks=("worker.actor.*", "worker.rollout.*"),
    like=("verl",),
    roles=words(
        train_reward="critic/score/mean critic/rewards/mean reward/accuracy reward/overall",
        eval_reward="val/accuracy_reward val/reward_score val/overall_reward",
        clip_fraction="actor/pg_clipfrac_higher",
        entropy="actor/entropy_loss",
    ),
    evals=(
        EvalName("val/accuracy_reward", "mean", accuracy=True), EvalName("val/reward_score", "reward"),
        EvalName("val/overall_reward", "reward"),
    ),
    components=("reward/{part}", "val/{part}_reward"),
    filtered=("algorithm.online_filtering",),
    samples=(("data.rollout_batch_size", "worker.rollout.n"),),
    config=words(
        epochs="trainer.total_epochs", steps="trainer.max_steps", data="data.train_files",
        lr="worker.actor.optim.lr", dr_grpo="algorithm.adv_estimator", dapo="algorithm.online_filtering",
        samples="worker.rollout.n", batch="data.rollout_batch_size", length="data.max_response_length",
        kl="algorithm.kl_coef", clipping="worker.actor.max_grad_norm", eval="data.val_files",
        eval_freq="trainer.val_freq", model="worker.actor.model.model_path", train_set="data.train_files",
        gpus="trainer.nnodes trainer.n_gpus_per_node",
    ),
)
