"""ROLL: https://github.com/alibaba/ROLL (roll/pipeline)."""

from reportgen.trainers.trainer import EvalName, Trainer, words

TRAINER = Trainer(
    name="roll",
    title="ROLL",
    checked="0.3.0, 8eb27cc (2026-08-19)",
    marks=(
        "tokens/response_length/", "val_correct/", "time/step_total$", "actor/(?:ppo_ratio_clip|policykl)",
        "system/step$",
    ),
    config_marks=("rollout_batch_size", "num_return_sequences_in_group"),
    roles=words(
        train_reward="critic/score/mean rollout/score/mean critic/rewards/mean",
        eval_reward="val_correct/all/mean val_correct/*/mean val/score/mean val/*",
        policy_loss="actor/pg_loss actor/pg_loss@*",
        advantages="critic/advantages/mean",
        advantages_min="critic/advantages/min",
        advantages_max="critic/advantages/max",
        kl="actor/kl_loss actor/kl_loss@* critic/kl",
        behaviour_kl="actor/approxkl actor/approxkl@* actor/policykl actor/policykl@*",
        entropy="actor/entropy actor/entropy@* actor/entropy_loss critic/entropy/mean",
        grad_norm="actor/grad_norm actor/grad_norm@*",
        clip_fraction="actor/ppo_ratio_clipfrac actor/ppo_ratio_clipfrac@*",
        response_length="tokens/response_length/mean",
        prompt_length="tokens/prompt_length/mean",
        learning_rate="actor/lr",
        step_time="time/step_total",
        reward_min="critic/score/min",
        reward_max="critic/score/max",
    ),
    evals=(
        EvalName("val_correct/{set}/mean", "mean", accuracy=True), EvalName("val/score/mean", "reward"),
        EvalName("val/{set}/score/mean", "reward"), EvalName("val/{set}", "reward"),
    ),
    samples=(("rollout_batch_size", "num_return_sequences_in_group"),),
    config=words(
        steps="max_steps", samples="num_return_sequences_in_group", batch="rollout_batch_size",
        length="response_length", kl="init_kl_coef kl_loss_coef", lr="actor_train.training_args.learning_rate",
        eval_freq="eval_steps", model="pretrain", dr_grpo="adv_estimator",
    ),
)
