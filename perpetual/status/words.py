"""Times and sizes in few words."""

from datetime import datetime
from typing import Final

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_GIB: Final = 1024**3


def span(seconds: float) -> str:
    """Return a duration by its two largest units: `40 s`, `3 min`, `2 h 5 min`, `4 d 1 h`."""
    whole = max(0, round(seconds))
    if whole < 2 * _MINUTE:
        return f"{whole} s"
    if whole < 2 * _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < 2 * _DAY:
        return _two(whole // _HOUR, "h", whole % _HOUR // _MINUTE, "min")
    return _two(whole // _DAY, "d", whole % _DAY // _HOUR, "h")


def _two(first: int, unit: str, second: int, smaller: str) -> str:
    return f"{first} {unit} {second} {smaller}" if second else f"{first} {unit}"


def since(moment: datetime, now: datetime) -> str:
    """Return how long ago a moment was."""
    return span((now - moment).total_seconds())


def gib(size: float) -> str:
    """Return a size in GiB."""
    return f"{size / _GIB:.0f} GiB"


def last(arn: str) -> str:
    """Return the last part of an ARN: a task's or an instance's own id."""
    return arn.rpartition("/")[2]
