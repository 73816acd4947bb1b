"""Names that anybody might log, whatever the trainer: the last that are looked at."""

from reportgen.trainers.trainer import Trainer, words

TRAINER = Trainer(
    name="",
    title="a plain",
    roles=words(
        train_reward="train_reward train/reward reward train_accuracy train/accuracy accuracy acc task_reward"
        " mean_reward reward_mean reward_avg avg_reward train/mean_reward train/reward_mean train/acc"
        " train_acc reward/avg score train/score pass_rate success_rate solve_rate rewards rewards/mean"
        " episode_reward",
        eval_reward="eval_reward eval/reward eval_accuracy eval/accuracy eval_acc eval/acc eval_score"
        " eval/score eval/mean_reward eval_reward_mean eval/reward_mean eval/avg_reward eval_mean_reward"
        " eval_pass@1 eval/pass@1 val_reward val/reward val_accuracy val/accuracy val_acc val/acc val_score"
        " validation_accuracy validation_reward validation/score test_accuracy test/accuracy test_reward"
        " test/reward test_acc test/acc test_score eval",
        policy_loss="policy_loss pg_loss actor_loss ppo_loss train/policy_loss train/pg_loss loss/policy loss"
        " train_loss train/loss",
        advantages="advantages advantages/mean advantage advantage_mean mean_advantage advantages/avg"
        " advantages_mean",
        advantages_min="advantages/min advantages_min advantage_min",
        advantages_max="advantages/max advantages_max advantage_max",
        advantage_spread="advantage_spread advantages/std advantages_std advantage_std adv_std",
        reward_spread="reward_std reward/std rewards/std group_reward_std",
        zero_variance_groups="zero_variance_groups frac_reward_zero_std frac_zero_std zero_std_ratio"
        " zero_variance_frac zero_adv_frac zero_variance_share",
        kl="kl kl_ref kl_divergence ref_kl kl_to_ref kl_loss kl_div kl_mean mean_kl train/kl train/kl_loss",
        behaviour_kl="behaviour_kl behavior_kl behave_kl approx_kl ppo_kl train/approx_kl",
        entropy="entropy policy_entropy entropy_mean mean_entropy train/entropy actor/entropy entropy_loss",
        grad_norm="grad_norm gradient_norm train/grad_norm actor/grad_norm",
        clip_fraction="clip_fraction clip_frac clipfrac clip_ratio pg_clipfrac train/clip_fraction"
        " train/clip_ratio",
        truncation="truncation truncated truncated_ratio truncation_rate truncated_frac",
        response_length="response_length response_len completion_length mean_response_length"
        " response_length_mean train/response_length",
        sequence_length="seq_len seq_len_mean sequence_length total_length",
        prompt_length="prompt_length prompt_len prompt_length_mean",
        learning_rate="learning_rate lr train/lr train/learning_rate actor/lr",
        step_time="step_time step_time_s step_time_seconds time_per_step timing/step time/step step_duration",
        throughput="throughput tokens_per_second tokens_per_sec tokens_per_s perf/throughput",
        update_successful="update_successful",
        reward_min="reward_min reward/min",
        reward_max="reward_max reward/max",
        sequences="n_seqs samples_per_step",
        tokens="n_valid_tokens n_tokens num_tokens total_tokens tokens",
    ),
    eval_sizes=("eval/n_seqs", "eval/n", "eval_n"),
    config=words(eval_size="eval_size eval.size eval_num_samples", lr="learning_rate lr", steps="max_steps"),
)
