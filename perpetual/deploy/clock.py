"""Time as a release sees it; a test has a clock of its own."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from perpetual.deploy.outcome import Phase


class Clock(Protocol):
    """Seconds that only grow, the time of day in UTC, and waiting."""

    def seconds(self) -> float:
        """Return seconds since some moment."""

    def today(self) -> datetime:
        """Return the time of day, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class RealClock:
    """The machine's own."""

    def seconds(self) -> float:
        """Return seconds since some moment."""
        return time.monotonic()

    def today(self) -> datetime:
        """Return the time of day, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def stamp(clock: Clock) -> str:
    """Return the time of day as history, journal and lock hold it: ISO 8601, to a second."""
    return clock.today().isoformat(timespec="seconds")


@dataclass
class Stopwatch:
    """Seconds since the start, and of each phase."""

    clock: Clock
    phases: dict[Phase, float] = field(default_factory=dict)
    start: float = 0.0

    def __post_init__(self) -> None:
        """Start counting."""
        self.start = self.clock.seconds()

    @property
    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return self.clock.seconds() - self.start

    @contextmanager
    def phase(self, phase: Phase) -> Iterator[None]:
        """Count the block's seconds as a phase's, however it ends."""
        began = self.clock.seconds()
        try:
            yield
        finally:
            self.took(phase, self.clock.seconds() - began)

    def took(self, phase: Phase, seconds: float) -> None:
        """Add to a phase's seconds."""
        self.phases[phase] = self.phases.get(phase, 0.0) + seconds

    @property
    def rounded(self) -> Mapping[str, float]:
        """Return the phases' seconds in their order, to a tenth."""
        return {
            phase.value: round(self.phases[phase], 1) for phase in Phase if phase in self.phases
        }
