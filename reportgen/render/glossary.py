"""The terms of a page, for the reviewer who is not an RL person."""

from __future__ import annotations

from reportgen.report import Report

TERMS = (  # term, what it means, the roles or checks that bring it onto a page ("": always)
    ("Accuracy", "Share of problems solved. The train reward of a 0/1 environment is one.", ""),
    ("Advantage",
     "How much better an answer scored than the others to the same problem. Its mean is zero by "
     "construction, so only its spread carries signal.", "advantages advantage_spread"),
    ("Baseline",
     "Score of the base model, before any training. It is rarely in the log, so it is given, or assumed "
     "and said.", ""),
    ("Checkpoint",
     "The model as saved after a step. Two that an eval can't tell apart are equally good.", "eval_reward"),
    ("Clip fraction",
     "Share of tokens whose update was cut because the policy had moved too far from the one that sampled.",
     "clip_fraction"),
    ("Collapse", "A fall of the reward that is larger than noise and isn't made good again.", ""),
    ("Entropy",
     "How undecided the model is at each token. Near zero it repeats itself and finds nothing new.", "entropy"),
    ("Epoch", "Once through all training problems.", ""),
    ("Eval", "A test on problems that training never saw.", ""),
    ("Forecast", "Where the curve is heading if nothing new happens; 90 of 100 such intervals hold what comes.", ""),
    ("Gap",
     "Train minus eval. Clearly positive: overfitting, the model knows its training problems better than "
     "new ones.", "eval_reward"),
    ("Gradient norm", "Size of an update before it is clipped. Spikes point at unstable training.", "grad_norm"),
    ("GRPO", "Group relative policy optimisation: several answers a problem, each judged against its group.", ""),
    ("Interval",
     "The range that the data leaves open; the number in square brackets. 95\u202f% unless said otherwise.", ""),
    ("KL",
     "Distance in nats between two policies: the one being trained, and the reference or the one that "
     "sampled.", "kl behaviour_kl"),
    ("p-value", "How often chance alone would show at least this difference.", ""),
    ("Percentage point, pp", "Difference of two percentages: from 18\u202f% to 32\u202f% is 14 pp.", ""),
    ("Plateau",
     "The trend stays within a tolerance τ of its end level until the end, and another half run at its "
     "slope would not leave it.", ""),
    ("Policy loss",
     "What the optimiser lowers. In GRPO it hovers near zero by construction; its drift matters, not its "
     "level.", "policy_loss"),
    ("Reward", "The score an answer gets. What the run is trained to raise.", ""),
    ("Step", "One update of the model, as the trainer counts it.", ""),
    ("Tier", "Trials that the evidence can't tell apart. Only a lead beyond noise makes a new one.", "comparison"),
    ("Trend", "The curve behind the noise of single batches, fitted to all of them.", ""),
    ("Truncation",
     "Share of answers cut off at the length limit. They score nothing whatever they were about to say.", "truncation"),
    ("Wilson interval", "Range that holds the true accuracy in 95 of 100 such evals.", "eval_reward"),
    ("Zero-variance group",
     "All answers to one problem scored the same, so the problem teaches nothing.", "zero_variance_groups"),
)  # fmt: skip


def terms(report: Report) -> tuple[tuple[str, str], ...]:
    """The terms that this report uses, in order of the alphabet."""
    there = {"comparison"} if report.comparison is not None else set()
    for diagnosis in report.diagnoses:
        there |= set(diagnosis.roles) | {found.check for found in diagnosis.findings}
    return tuple((term, text) for term, text, needs in TERMS if not needs or there.intersection(needs.split()))
