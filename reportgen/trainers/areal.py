"""AReaL: https://github.com/inclusionAI/AReaL (areal/trainer, areal/utils/stats_logger.py)."""

from reportgen.trainers.trainer import EvalName, Trainer, words

TRAINER = Trainer(
    name="areal",
    title="AReaL",
    checked="1.0.4 and on, 4aef98d (2026-05-21)",
    marks=("(?:grpo|ppo)_actor/", "eval-rollout/", "grpo-eval/", "timeperf/", ".*/task_reward/avg$"),
    config_marks=("actor.ppo_n_minibatches", "rollout.max_head_offpolicyness", "allocation_mode"),
    roles=words(
        train_reward="grpo_actor/task_reward/avg ppo_actor/task_reward/avg actor/task_reward/avg"
        " rollout/task_reward/avg */task_reward/avg rollout/reward",
        eval_reward="eval-rollout/reward eval-rollout/task_reward/avg eval-rollout/task_reward"
        " eval-rollout/reward/avg grpo-eval/task_reward/avg *-eval/task_reward/avg *eval*/task_reward/avg",
        policy_loss="grpo_actor/actor_loss/avg grpo_actor/update/actor_loss/avg"
        " ppo_actor/update/actor_loss/avg ppo_actor/actor_loss/avg */actor_loss/avg grpo_actor/ppo_loss/avg"
        " */ppo_loss/avg",
        advantages="*/advantages/avg",
        advantages_min="*/advantages/min",
        advantages_max="*/advantages/max",
        advantage_spread="*/advantages/std",
        kl="*/kl_rewards/avg",
        behaviour_kl="*/behave_approx_kl/avg */approx_kl/avg",
        entropy="*/entropy/avg",
        grad_norm="grpo_actor/grad_norm ppo_actor/update/grad_norm ppo_actor/grad_norm */grad_norm"
        " */grad_norm/avg",
        clip_fraction="grpo_actor/clip_ratio/avg ppo_actor/update/clip_ratio/avg */clip_ratio/avg",
        truncation="*/no_eos_ratios/avg",
        sequence_length="*/seq_len/avg",
        prompt_length="*/prompt_len/avg",
        learning_rate="grpo_actor/lr ppo_actor/update/lr ppo_actor/lr */lr",
        update_successful="*/update_successful */update_successful/avg",
        rollout_reward="rollout/reward rollout/reward/avg",
        reward_min="*/task_reward/min",
        reward_max="*/task_reward/max",
        sequences="*/n_seqs",
        tokens="grpo_actor/n_valid_tokens ppo_actor/n_valid_tokens ppo_actor/update/n_valid_tokens"
        " */n_valid_tokens",
    ),
    step_rule="from_one",
    evals=(
        EvalName("eval-rollout/reward", "mean", accuracy=True),
        EvalName("eval-rollout/task_reward/avg", "mean", accuracy=True),
        EvalName("eval-rollout/task_reward", "mean", accuracy=True),
        EvalName("eval-rollout/reward/avg", "mean", accuracy=True),
        EvalName("grpo-eval/task_reward/avg", "mean", accuracy=True),
        EvalName("{set}-eval/task_reward/avg", "mean", accuracy=True),
        EvalName("*eval*/task_reward/avg", "mean", accuracy=True),
    ),
    eval_sizes=("eval-rollout/n_seqs", "grpo-eval/n_seqs"),
    filtered=("actor.dynamic_sampling",),
    samples=(("train_dataset.batch_size", "gconfig.n_samples"),),
    config=words(
        epochs="total_train_epochs", steps="total_train_steps",
        data="train_dataset.max_samples train_dataset.path",
        lr="actor.optimizer.lr", scaling="actor.reward_scaling",
        dr_grpo="actor.adv_norm.std_level actor.reward_norm.std_level", dapo="actor.dynamic_sampling",
        samples="gconfig.n_samples actor.group_size", batch="train_dataset.batch_size",
        length="gconfig.max_new_tokens", kl="actor.kl_ctl", clipping="actor.optimizer.gradient_clipping",
        lag="rollout.max_head_offpolicyness", eval="valid_dataset.path evaluator.freq_steps",
        eval_freq="evaluator.freq_steps evaluator.freq_epochs",
        eval_size="valid_dataset.max_samples valid_dataset.size", model="actor.path tokenizer_path",
        train_set="train_dataset.path", gpus="cluster.n_nodes cluster.n_gpus_per_node",
    ),
)
