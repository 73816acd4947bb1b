"""oat: https://github.com/sail-sg/oat (algorithms/ppo.py, learners/base.py)."""

from reportgen.trainers.trainer import EvalName, Trainer, words

TRAINER = Trainer(
    name="oat",
    title="oat",
    checked="0.2.3, c1a074c (2025-10-31)",
    marks=(
        "actor/(?:response_tok_len|num_data|verify_time|no_eos_count)$", "misc/(?:query_step|prompt_consumed|pi_beta)",
        "train/all_(?:zero|one)_rewards_count$",
    ),
    roles=words(
        train_reward="actor/rewards actor/rewards_mean actor/mean_episode_success actor/avg_reward",
        eval_reward="eval/average/accuracy eval/accuracy eval/*/accuracy eval/average/score eval/score",
        policy_loss="train/pg_loss",
        advantages="train/adv_mean",
        advantages_min="train/adv_min",
        advantages_max="train/adv_max",
        kl="train/kl3",
        behaviour_kl="train/kl_sample_train_v1",
        entropy="train/entropy",
        grad_norm="train/policy_grad_norm",
        clip_fraction="train/pg_clipfrac",
        response_length="actor/response_tok_len",
        learning_rate="train/learning_rate",
        sequences="actor/num_data",
    ),
    evals=(
        EvalName("eval/accuracy", "mean", accuracy=True), EvalName("eval/{set}/accuracy", "mean", accuracy=True),
        EvalName("eval/{set}/score", "reward"), EvalName("eval/score", "reward"),
    ),
    eval_sizes=("eval/{set}/eval_count", "eval/eval_count"),
    samples=(("rollout_batch_size", "num_samples"),),
    config=words(
        epochs="num_prompt_epoch", steps="max_train", lr="learning_rate", samples="num_samples",
        batch="rollout_batch_size", length="generate_max_length", kl="beta", clipping="max_norm", eval="eval_data",
        eval_freq="eval_steps", model="pretrain", train_set="prompt_data",
    ),
)
