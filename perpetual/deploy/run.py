"""One run: what it was told, what it works with, and what every phase needs of it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # botocore ships no types

from perpetual.aws.calls import Call, perform
from perpetual.aws.published import Published
from perpetual.aws.session import Clients
from perpetual.deploy.clock import Clock, Stopwatch
from perpetual.deploy.follow import Row
from perpetual.deploy.found import Found
from perpetual.deploy.image import Image
from perpetual.deploy.journal import Book, Journal
from perpetual.deploy.lock import Lock
from perpetual.deploy.outcome import Check, Exit, FailedError, Phase
from perpetual.deploy.store import Store
from perpetual.errors import OperatorError

TICK: Final = 1.0
"""Seconds between two looks at AWS: a rollout is timed by them."""

LEISURE: Final = 5.0
"""The same once the release serves, and nothing is timed any more."""

PATIENCE: Final = 600.0
"""Longest a migration, and after it the rollout, may take before it is taken back, seconds."""

_SERVER_FAULT: Final = 500

GUARD: Final = 180.0
"""Seconds for which alarms are watched after an early release: the time that they need to ring."""


class Show(Protocol):
    """What people see of a run while it goes on."""

    def phase(self, phase: Phase) -> None:
        """Begin a phase."""

    def line(self, text: str) -> None:
        """Say one thing that happened."""

    def rows(self, rows: Sequence[Row]) -> None:
        """Show the tasks as they are now."""

    def close(self) -> None:
        """Show nothing more."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a run was told.

    `early` counts it as released before the old tasks have left; `without` are checks left out;
    `patience` and `guard` are seconds.
    """

    stack: str
    image: str | None = None
    migrate: bool = True
    early: bool = False
    without: frozenset[Check] = frozenset()
    budget: float | None = None
    patience: float = PATIENCE
    guard: float = GUARD
    to: int | None = None
    anyway: bool = False


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What a run works with: clients, clock, display, the folder with receipts, and consent.

    `push` and `build` are Docker's part; `agree` asks a person about a protected stack.
    """

    clients: Clients
    clock: Clock
    show: Show
    root: Path
    push: Callable[[Any, Image, str, Callable[[], None]], str]
    build: Callable[[str], str]
    agree: Callable[[Published], None]


@dataclass
class Run:
    """A run under its lock."""

    desk: Desk
    options: Options
    published: Published
    found: Found
    lock: Lock
    book: Book
    watch: Stopwatch
    image: Image | None = None
    said: list[str] = field(default_factory=list)

    @property
    def journal(self) -> Journal:
        """Return the run as written down."""
        return self.book.journal

    @property
    def store(self) -> Store:
        """Return the parameters of the stack."""
        return self.book.store

    def perform(self, call: Call) -> dict[str, Any]:
        """Make a call, and give a sign of life if one is due.

        Raises:
            OperatorError: AWS refuses it or cannot be reached.
        """
        self.lock.beat()
        return perform(self.desk.clients, call)

    def tick(self, seconds: float = TICK) -> None:
        """Wait until it is time for another look."""
        self.desk.clock.sleep(seconds)
        self.lock.beat()

    def say(self, text: str) -> None:
        """Say one thing that happened, once."""
        if text not in self.said:
            self.said.append(text)
            self.desk.show.line(text)

    def enter(self, phase: Phase, **written: Any) -> None:
        """Begin a phase: in the journal first, then on the display.

        The journal never goes back: what an interrupted run has done stays done.
        """
        order = list(Phase)
        furthest = max(phase, self.journal.phase, key=order.index)
        self.book.write(phase=furthest, **written)
        self.desk.show.phase(phase)

    @contextmanager
    def phase(self, phase: Phase, **written: Any) -> Iterator[None]:
        """Go through a phase from beginning to end, timed however it ends.

        Raises:
            FailedError: In place of what AWS, Docker or the network raise.
        """
        with self.watch.phase(phase), failing(phase):
            self.enter(phase, **written)
            yield


@contextmanager
def failing(phase: Phase, *, told: bool | None = None) -> Iterator[None]:
    """Let faults leave the block as failures of a phase, with what they mean for the service.

    `told` says whether the service was told to change by then; without it, phase and fault do.

    Raises:
        FailedError: In place of any other fault.
    """
    try:
        yield
    except FailedError:
        raise
    except OperatorError as error:
        stands, code = _meaning(phase, error, told=told)
        raise FailedError(
            f"{phase}: {error.message}",
            phase=phase,
            detail="\n".join(part for part in (error.detail, stands) if part),
            hint=error.hint or "Run the command again: it goes on from here.",
            exit_code=code,
            final=False,
        ) from error


def _meaning(phase: Phase, error: OperatorError, *, told: bool | None) -> tuple[str, Exit]:
    order = list(Phase)
    if order.index(phase) < order.index(Phase.REGISTER):
        return "Nothing was changed.", Exit.REFUSED
    if told is None:
        after = order.index(phase) - order.index(Phase.UPDATE)
        told = after > 0 or (after == 0 and not _refused(error.__cause__))
    if not told:
        goes_on = " A migration that was begun goes on in its task."
        return "The service was not touched." + goes_on * (phase is Phase.MIGRATE), Exit.KEPT
    return (
        "The service was told to change. Run the command again: it reads what became of it.",
        Exit.NEEDS_HUMAN,
    )


def _refused(cause: BaseException | None) -> bool:
    """Tell whether AWS said no: what failed on its side may have had its effect."""
    if not isinstance(cause, ClientError):
        return False
    status: int = cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status < _SERVER_FAULT
