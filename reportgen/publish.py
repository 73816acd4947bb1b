"""A page back into its W&B run, where the review happens: as an HTML panel and as a versioned artifact."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportgen.errors import PublishError, ReportgenError
from reportgen.sources.logged import OVER, STATES
from reportgen.sources.wandb import address as wandb_address
from reportgen.sources.wandb.address import Address
from reportgen.sources.wandb.common import INTERNAL
from reportgen.sources.wandb.login import USUAL, bounded, connect, said, tidy

if TYPE_CHECKING:
    from reportgen.render.look import Look
    from reportgen.report import Report
    from reportgen.run import Run

PANEL = "reportgen"  # the panel's key in the run
SUMMARIES = {1: "min", 2: "max", 3: "mean", 4: "best", 5: "last", 6: "none", 7: "copy", 8: "first"}
ANSWER_S = 120  # seconds for W&B to take the artifact


def attach_all(report: Report, look: Look | None = None) -> Iterator[str]:
    """Puts the report's page into each of its W&B runs; a line for each that says what was done.

    Raises PublishError when the report has no run that W&B holds, and for the first that W&B doesn't take.
    """
    from reportgen.render import page

    runs = [(diagnosis.run, address) for diagnosis in report.diagnoses if (address := address_of(diagnosis.run))]
    if not runs:
        raise PublishError(
            "--attach: none of these runs came from W&B, so there is nowhere to put the page; "
            "name the run as entity/project/run_id (and leave --anonymous out)"
        )
    text = page(report, look=look)
    for run, address in runs:
        yield attach(text, run, address)


def address_of(run: Run) -> Address | None:
    """Where W&B holds a run; None for one that was read from elsewhere."""
    link = run.provenance.get("url")
    if not isinstance(link, str) or not wandb_address.is_address(link):
        return None
    try:
        address = wandb_address.parse(link)
    except ReportgenError:
        return None
    return address if address is not None and address.run == run.id else None


def attach(page: str, run: Run, address: Address) -> str:
    """Puts one page into one run; what was done, in one line."""
    try:
        api: Any = connect(address, USUAL)
        found = api.run(address.where)
        tidy(found)
        state, defined = found.state, (found.rawconfig.get(INTERNAL) or {}).get("m") or []
        logged = [key for key in found.summary_metrics if not key.startswith("_")]
    except ReportgenError as error:
        raise PublishError(str(error)) from error
    except Exception as error:  # the client lets out errors of several kinds
        raise PublishError(f"{address.where}: W&B could not be reached ({said(error)}); try again") from None
    if state not in OVER and STATES.get(state) != "crashed":
        raise PublishError(f"{address.where}: still {state}, and W&B takes one writer a run; attach it afterwards")
    try:
        with tempfile.TemporaryDirectory(prefix="reportgen-") as scratch:
            exit_code = 0 if state == "finished" else 1
            with _taken_up(address, api, exit_code, scratch) as run_again:
                define_again(run_again, defined, logged)
                name = _log(page, run_again, address, Path(scratch))
    except Exception as error:  # whatever it is, the page is written already and the reason is what helps
        raise PublishError(
            f"{address.where}: W&B did not take the page ({said(error, api.api_key)}); check that you may write there"
        ) from None
    was = "" if state in ("finished", "failed") else f"; W&B now shows the run as failed, it was {state}"
    return f"{address.where}: the page is in the run as panel {PANEL!r} and as artifact {name}{was}"


@contextmanager
def _taken_up(address: Address, api: Any, exit_code: int, scratch: str) -> Iterator[Any]:
    """The run, taken up again for a page alone: nothing of this machine is logged to it."""
    import wandb

    key = {"api_key": api.api_key} if address.site and _is_from_netrc(api.api_key) else {}
    settings = wandb.Settings(
        base_url=api.settings["base_url"], root_dir=scratch, silent=True, console="off", reinit="create_new",
        disable_git=True, save_code=False, x_disable_meta=True, x_disable_stats=True, x_disable_machine_info=True,
        x_save_requirements=False, **key,
    )  # fmt: skip
    with bounded(USUAL):  # `must`, since a run that is gone would else be made anew
        run = wandb.init(
            entity=address.entity, project=address.project, id=address.run, resume="must", settings=settings
        )
    try:
        yield run
    finally:
        run.finish(exit_code=exit_code)  # the state that W&B shows follows from it


def _log(page: str, run: Any, address: Address, scratch: Path) -> str:
    """Logs the page, as panel and as artifact; the artifact's name and version."""
    import wandb

    (scratch / "report.html").write_text(page, encoding="utf-8")
    run.log({PANEL: wandb.Html(page, inject=False)})
    artifact = wandb.Artifact(f"{PANEL}-{_plain(address.run)}", type="report")
    artifact.add_file(str(scratch / "report.html"), name="report.html", skip_cache=True)
    run.log_artifact(artifact).wait(timeout=ANSWER_S)
    return str(artifact.name)


def define_again(taken_up: Any, defined: list[Any], logged: Iterable[str]) -> None:
    """Tells a run what define_metric had said of its metrics: the client forgets that when it takes up a run.

    defined: entries keyed by the field numbers of W&B's MetricRecord (sources.wandb_fetch.step_metrics), of which
    6 lists options (1 step_sync, 2 hidden) and 7 what the summary keeps. A pattern is told for each metric logged
    that it matches, too: client 0.22 keeps no patterns.
    """
    names = [str(entry.get("1") or entry.get("2") or "") for entry in defined]
    for name, entry in zip(names, defined, strict=True):
        place, options = entry.get("5"), entry.get("6") or []
        axis = entry.get("4") or (names[place - 1] if isinstance(place, int) and 0 < place <= len(names) else None)
        kept = [SUMMARIES[flag] for flag in entry.get("7") or [] if flag in SUMMARIES]
        matched = [one for one in logged if one not in names and fnmatchcase(one, name)] if "2" in entry else []
        for metric in (name, *matched) if name else ():
            taken_up.define_metric(
                metric, step_metric=axis, step_sync=1 in options if axis else None, hidden=2 in options or None,
                summary=",".join(kept) or None,
            )  # fmt: skip


def _is_from_netrc(key: str | None) -> bool:
    return key is not None and os.environ.get("WANDB_API_KEY") not in (None, "", key)


def _plain(name: str) -> str:
    """A run's id as part of an artifact's name."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", name)[:100]
