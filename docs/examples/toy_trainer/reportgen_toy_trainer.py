"""A trainer of one's own: how its runs are told, and what it calls things."""

from reportgen.trainers.trainer import Trainer, words

TRAINER = Trainer(
    name="toy-rl",
    title="ToyRL",
    marks=("toyrl/",),
    roles=words(train_reward="toyrl/solved", kl="toyrl/drift"),
    accuracies=("toyrl/solved",),
)
