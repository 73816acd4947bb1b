"""What can go wrong, each in one sentence: where, what, what to do."""

from __future__ import annotations

DISTRIBUTION = "reportgen-rl"  # on PyPI; the name reportgen is another project's there
LONGEST = 600  # characters of a sentence


class ReportgenError(Exception):
    """Anything reportgen refuses, in words for the person who typed it: one line."""

    def __init__(self, sentence: str) -> None:
        line = " ".join(sentence.split("\n"))
        # where it was and what to do stand at its ends; names of any length stand between
        super().__init__(line if len(line) <= LONGEST else f"{line[:400]} … {line[-150:]}")


class SpecError(ReportgenError):
    """What was typed for a run names none."""


class SourceError(ReportgenError):
    """A run that was found can't be read."""


class NoSteps(SourceError):
    """A run that is sound but has logged no step yet."""


class NotInstalled(SourceError):
    """A file needs a package that a plain install leaves out."""

    @classmethod
    def of(cls, where: str, needs: str, package: str, extra: str) -> NotInstalled:
        """Where it is needed, by what ("Parquet needs"), and how it is had."""
        return cls(f"{where}: {needs} {package}; {how_to_get(package, extra)}")


def how_to_get(package: str, extra: str) -> str:
    """How a package that a plain install leaves out is had."""
    return f"pip install {package}, or install {DISTRIBUTION}[{extra}]"


class SettingsError(ReportgenError):
    """A threshold or an option has an impossible value."""


class PublishError(ReportgenError):
    """A page could not be stored where it was meant to go."""
