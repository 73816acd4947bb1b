"""A section: what the run's electricity came to."""

from collections.abc import Mapping
from typing import Any

from reportgen.findings import Diagnosis
from reportgen.report.plugged import Extra

WATTS = 400  # of one GPU under load, as our cluster measured it


def values(diagnosis: Diagnosis) -> Mapping[str, Any] | None:
    """The run's name and energy; None where its duration isn't known."""
    seconds = diagnosis.run.runtime_s
    if seconds is None:
        return None
    kwh = WATTS * seconds / 3.6e6
    return {"title": f"{kwh:.2f} kWh a GPU", "name": diagnosis.run.name, "kwh": kwh, "watts": WATTS}


EXTRA = Extra(
    kicker="Energy",
    template="<p>{{ name }} took {{ '%.2f' % kwh }} kWh a GPU, at {{ watts }} W.</p>",
    values=values,
)
