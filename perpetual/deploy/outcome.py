"""How a release can end, and the phases it goes through."""

from enum import IntEnum, StrEnum
from typing import Final

from perpetual.errors import OperatorError


class Exit(IntEnum):
    """Exit codes of `deploy` and `rollback`; what was rolled back is never a success."""

    RELEASED = 0
    """The release serves, and AWS has confirmed it."""
    OVER_BUDGET = 1
    """The release serves, but took longer than `--budget` said."""
    REFUSED = 2
    """Nothing was changed: a check, an option, AWS or the network stood in the way."""
    KEPT = 3
    """It failed, and what served before serves: nothing was touched, or it was rolled back."""
    NEEDS_HUMAN = 4
    """It failed, and somebody has to look: what serves is not known, or not what it should be."""


INTERRUPTED: Final = 128
"""Added to a signal's number where one ended the run; the next run goes on from there."""


class Phase(StrEnum):
    """The phases in their order; pulling and migrating go on side by side."""

    PREFLIGHT = "preflight"
    BUILD = "build"
    PUSH = "push"
    REGISTER = "register"
    PULL = "pull"
    MIGRATE = "migrate"
    UPDATE = "update"
    SERVE = "serve"
    DRAIN = "drain"
    CONFIRM = "confirm"
    RECORD = "record"


class Check(StrEnum):
    """Checks before a release that `--without` can leave out, each by its name."""

    ALARMS = "alarms"
    CAPACITY = "capacity"
    RECEIPT = "receipt"
    TREE = "tree"


class FailedError(OperatorError):
    """A release that did not come to a good end: in which phase, and what serves now.

    `final` tells that this is how it ended; otherwise the next run goes on where this one stopped.
    """

    def __init__(  # noqa: PLR0913 - what every error has, and two things more
        self,
        message: str,
        *,
        phase: Phase,
        hint: str = "",
        detail: str = "",
        exit_code: int,
        final: bool = True,
    ) -> None:
        """Keep the phase beside what every error has."""
        super().__init__(message, hint=hint, detail=detail, exit_code=exit_code)
        self.phase = phase
        self.final = final


class Interrupted(KeyboardInterrupt):
    """SIGINT or SIGTERM arrived; `number` is the signal's."""

    def __init__(self, number: int) -> None:
        """Keep the signal's number."""
        super().__init__(f"signal {number}")
        self.number = number
