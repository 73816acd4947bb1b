"""What can go wrong, each in one sentence: where, what, what to do."""


class ReportgenError(Exception):
    """Anything reportgen refuses, in words for the person who typed it."""


class SpecError(ReportgenError):
    """What was typed for a run names none."""


class SourceError(ReportgenError):
    """A run that was found can't be read."""


class NoSteps(SourceError):
    """A run that is sound but has logged no step yet."""


class SettingsError(ReportgenError):
    """A threshold or an option has an impossible value."""


class PublishError(ReportgenError):
    """A page could not be stored where it was meant to go."""
