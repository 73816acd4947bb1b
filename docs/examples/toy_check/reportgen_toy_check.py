"""A check: was the run long enough to say anything?"""

from reportgen.findings import Check, Evidence, Finding, Severity
from reportgen.settings import Settings

LEAST = 50  # steps; below, curves of this team's runs were never settled


def look(evidence: Evidence, settings: Settings) -> Finding:
    """Whether the run has enough steps."""
    steps = evidence.values("train_reward").index
    numbers = {"steps": len(steps), "rule": "fewer steps than the threshold are too few", "threshold": LEAST}
    if len(steps) < LEAST:
        return Finding("team_length", Severity.WARNING, f"{len(steps)} steps, fewer than {LEAST}", "", numbers)
    return Finding("team_length", Severity.OK, f"{len(steps)} steps", "", numbers)


CHECK = Check("team_length", "learning", "Length", "Is the run long enough to be judged?", ("train_reward",), look)
