"""What a deploy may take: 30 seconds are good, 60 will do, over 300 nobody can bear."""

from enum import StrEnum
from typing import Final

GOOD: Final = 30
OK: Final = 60
INSUFFERABLE: Final = 300


class Verdict(StrEnum):
    """What the seconds of a deploy are."""

    GOOD = "good"
    OK = "ok"
    SLOW = "slow"
    INSUFFERABLE = "insufferable"


def verdict(seconds: float) -> Verdict:
    """Return what that many seconds are."""
    if seconds <= GOOD:
        return Verdict.GOOD
    if seconds <= OK:
        return Verdict.OK
    return Verdict.SLOW if seconds <= INSUFFERABLE else Verdict.INSUFFERABLE


def over(seconds: float, budget: float | None) -> bool:
    """Tell whether a budget was given, and is exceeded."""
    return budget is not None and seconds > budget
