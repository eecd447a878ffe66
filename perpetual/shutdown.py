"""How a task ends, in seconds: the one place that puts the steps in order.

    deregister     the balancer sends nothing new and waits for what is under way
    SIGTERM        after `deregistration`; the release says that it is not ready
    linger         it still takes connections, for the balancer may be late
    drain          it finishes what is under way; `linger` is the first part of it
    SIGKILL        `stop` after SIGTERM, for a release that did not end by itself

Program, command and the release's own drainer go by it; like `contract`, it imports nothing.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/load-balancer-connection-draining.html
"""

from dataclasses import dataclass
from typing import Final

LINGER: Final = 2
"""Longest time that a draining release still takes connections."""

SPARE: Final = 15
"""What a release has after its drainers, for connections to the database and the VM itself."""

MOST_STOP: Final = 120
"""Largest `stopTimeout` that every launch type of ECS takes:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html"""

MOST_DRAIN: Final = MOST_STOP - SPARE


@dataclass(frozen=True, kw_only=True)
class Shutdown:
    """The two choices there are, and what follows from them; all in seconds.

    `deregistration` bounds what the balancer waits for a leaving target, `drain` what the release
    itself takes after SIGTERM, 0 to `MOST_DRAIN`.
    """

    deregistration: int = 30
    drain: int = 45

    @property
    def linger(self) -> float:
        """Return how long a draining release still takes connections: never most of its time."""
        return min(LINGER, self.drain / 2)

    @property
    def stop(self) -> int:
        """Return the time between SIGTERM and SIGKILL, ECS's `stopTimeout`."""
        return self.drain + SPARE

    @property
    def longest(self) -> int:
        """Return the longest time between a task's replacement and its end."""
        return self.deregistration + self.stop


DEFAULT: Final = Shutdown()
"""What a stack has that sets nothing else."""
