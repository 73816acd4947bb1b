"""ART: https://github.com/OpenPipe/ART (local/backend.py, local/train.py)."""

from reportgen.trainers.trainer import EvalName, Trainer, words

TRAINER = Trainer(
    name="art",
    title="ART",
    checked="0.3.13, 779559f (2025-06-14)",
    marks=("(?:train|val)/(?:exception_rate|reward_std_dev)$",),
    roles=words(
        train_reward="train/reward",
        eval_reward="val/reward",
        policy_loss="train/policy_loss train/loss",
        reward_spread="train/reward_std_dev",
        kl="train/kl_div",
        entropy="train/entropy",
        grad_norm="train/grad_norm",
        learning_rate="train/learning_rate",
    ),
    evals=(EvalName("val/reward", "reward"),),
    components=("train/{part}",),
)
