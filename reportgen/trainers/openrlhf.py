"""OpenRLHF: https://github.com/OpenRLHF/OpenRLHF (openrlhf/trainer/ppo_trainer.py)."""

from reportgen.trainers.trainer import Axis, EvalName, Trainer, words

TRAINER = Trainer(
    name="openrlhf",
    title="OpenRLHF",
    checked="0.11.0, 3c3be62 (2026-08-13)",
    marks=(
        "(?:train/)?(?:ppo_clip_ratio|actor_grad_norm|actor_lr|group_reward_std)$", r"eval/eval_.+_pass\d",
    ),
    config_marks=("actor_learning_rate", "actor.lr", "n_samples_per_prompt"),
    roles=words(
        train_reward="reward",
        eval_reward="eval/eval_*_pass1 eval/eval_*_pass*",
        policy_loss="policy_loss",
        reward_spread="group_reward_std",
        kl="kl",
        behaviour_kl="ppo_kl",
        entropy="entropy_loss",
        grad_norm="actor_grad_norm",
        clip_fraction="ppo_clip_ratio",
        truncation="truncated",
        response_length="response_length",
        sequence_length="total_length",
        learning_rate="actor_lr",
        step_time="timing/step_total",
    ),
    prefixes=("", "train/"),
    axes=(Axis("eval/*", "eval/global_step"), Axis("train/*", "train/global_step")),
    evals=(
        EvalName("eval/eval_{set}_pass1", "mean", accuracy=True),
        EvalName("eval/eval_{set}_pass{k}", "pass", accuracy=True),
    ),
    eval_sizes=("eval/eval_num_samples",),
    filtered=("dynamic_filtering_pass_rate", "dynamic_filtering", "algo.dynamic_filtering_enable"),
    samples=(
        ("rollout.batch_size", "rollout.n_samples_per_prompt"), ("rollout_batch_size", "n_samples_per_prompt"),
    ),
    config=words(
        epochs="train.num_episodes num_episodes", data="data.max_samples max_samples prompt_data",
        lr="actor.learning_rate actor.optim.lr actor_learning_rate",
        dr_grpo="advantage_estimator", dapo="dynamic_filtering",
        samples="rollout.n_samples_per_prompt n_samples_per_prompt",
        batch="rollout.batch_size rollout_batch_size", length="generate_max_len",
        kl="algo.kl.init_coef init_kl_coef", clipping="max_norm",
        eval="eval.dataset eval_dataset",
        eval_freq="eval.steps eval_steps", model="actor.model_name_or_path pretrain",
        train_set="data.prompt_dataset prompt_data",
        gpus="actor.num_nodes actor.num_gpus_per_node actor_num_nodes actor_num_gpus_per_node",
    ),
)
