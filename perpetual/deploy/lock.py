"""One release at a time: a lock in SSM, with its owner, that no dead process can keep.

Each lock is a parameter of its own, `deploy/lock/<number>`, and the highest number is the one that
counts. To take it, a run makes the next number, without overwriting: of several only one succeeds,
also where the last lock is being taken over from somebody who died. The owner writes to its lock
every few seconds; one that was not written to for `STALE` seconds belongs to nobody, and one of
this very machine belongs to nobody as soon as its process is gone. What is left after a release
says who made it, and is removed by the next one.
"""

import json
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from perpetual import contract
from perpetual.deploy.clock import Clock, stamp
from perpetual.deploy.outcome import Exit, FailedError, Phase
from perpetual.deploy.store import Entry
from perpetual.errors import OperatorError

BEAT: Final = 10.0
"""Seconds between two signs of life."""

STALE: Final = 90.0
"""Seconds without a sign of life after which a lock belongs to nobody: longer than a call that
fails and is tried again."""

_TRIES: Final = 3


class Shelf(Protocol):
    """What a lock needs of the store."""

    def read(self, name: str) -> Entry | None:
        """Return a parameter."""

    def below(self, path: str) -> Sequence[str]:
        """Return the names of the parameters right below a path."""

    def create(self, name: str, value: str) -> bool:
        """Make a parameter, unless it is there."""

    def write(self, name: str, value: str) -> int:
        """Give a parameter another value."""

    def delete(self, name: str) -> None:
        """Remove a parameter."""


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Who holds a lock: person, machine and process, what for, and since when.

    `place` tells apart where process numbers mean something: machine, boot and, in containers, the
    namespace. It is empty where that cannot be told.
    """

    who: str
    host: str
    pid: int
    place: str
    what: str
    since: str
    held: bool = True

    @property
    def says(self) -> str:
        """Return the owner in words."""
        return f"{self.who}, on {self.host} as process {self.pid}, for {self.what}"


def here(who: str, what: str, clock: Clock) -> Owner:
    """Return this process as an owner."""
    return Owner(
        who=who,
        host=socket.gethostname(),
        pid=os.getpid(),
        place=_place(),
        what=what,
        since=stamp(clock),
    )


def _place() -> str:
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    return ""


@dataclass
class Lock:
    """The lock of one stack, for one run."""

    store: Shelf
    stack: contract.Stack
    clock: Clock
    owner: Owner
    _name: str = field(default="", init=False)
    _beaten: float = field(default=0.0, init=False)

    def take(self) -> Owner | None:
        """Take the lock, and return whom it was taken over from, if from anybody.

        Raises:
            OperatorError: Somebody else holds it.
        """
        for _ in range(_TRIES):
            number, found = self._newest()
            if found is not None:
                _refuse_if_held(*found, self.owner)
            if self._made(number + 1):
                previous = found[0] if found else None
                return previous if previous and previous.held else None
        raise OperatorError(
            "somebody else began a release at the very same moment",
            hint="Run the command again: it says who.",
        )

    def beat(self) -> None:
        """Give a sign of life, if the last one is long enough ago.

        Raises:
            FailedError: Somebody else has taken the lock over.
        """
        if self.clock.seconds() - self._beaten < BEAT:
            return
        self.check()
        self._write(self.owner)

    def check(self) -> None:
        """See that the lock is still this run's.

        Raises:
            FailedError: Somebody else has taken it over.
        """
        number, found = self._newest()
        if self._path(number) == self._name:
            return
        taker = found[0].says if found else "somebody"
        raise FailedError(
            f"the lock of this release was taken over by {taker}: it gave no sign of life for "
            f"{STALE:g} s",
            phase=Phase.PREFLIGHT,
            hint="`perpetual status` says what serves; run the command again once they are done.",
            exit_code=Exit.NEEDS_HUMAN,
            final=False,
        )

    def release(self) -> None:
        """Give the lock back; what is left of it says who had it."""
        if self._name:
            self._write(Owner(**{**asdict(self.owner), "held": False}))
            self._name = ""

    def _newest(self) -> tuple[int, tuple[Owner, float] | None]:
        """Return the highest number, and that lock's owner with its age in seconds."""
        numbers = sorted(map(_number, self.store.below(self._path())))
        for number in reversed(numbers):
            entry = self.store.read(self._path(number))
            if entry is not None:
                return number, (_read(entry.value), entry.age)
        return (numbers[-1] if numbers else 0), None

    def _made(self, number: int) -> bool:
        name = self._path(number)
        if not self.store.create(name, json.dumps(asdict(self.owner))):
            return False
        # The listing before may be older than others' locks, which would have been removed since.
        newest, _ = self._newest()
        if newest != number:
            self.store.delete(name)
            return False
        self._name, self._beaten = name, self.clock.seconds()
        for old in self.store.below(self._path()):
            if _number(old) < number:
                self.store.delete(old)
        return True

    def _write(self, owner: Owner) -> None:
        self.store.write(self._name, json.dumps(asdict(owner)))
        self._beaten = self.clock.seconds()

    def _path(self, number: int | None = None) -> str:
        return path(self.stack) if number is None else f"{path(self.stack)}/{number}"


def path(stack: contract.Stack) -> str:
    """Return the path below which a stack's locks are."""
    return stack.parameter("deploy", "lock")


def _number(name: str) -> int:
    tail = name.rpartition("/")[2]
    return int(tail) if tail.isdigit() else 0


def _read(text: str) -> Owner:
    try:
        content: dict[str, Any] = json.loads(text)
        return Owner(**content)
    except (ValueError, TypeError):
        # Somebody wrote it by hand, or a newer command did: only its age counts then.
        return Owner(who="somebody", host="unknown", pid=0, place="", what="unknown", since="")


def _refuse_if_held(owner: Owner, age: float, me: Owner) -> None:
    if not owner.held or age > STALE or _dead(owner, me):
        return
    raise OperatorError(
        f"{owner.says} has been releasing since {owner.since}; the last sign of life is "
        f"{age:.0f} s old",
        hint="Wait until it is done. A process that was killed elsewhere loses its lock "
        f"{STALE:g} s after its last sign of life.",
    )


def _dead(owner: Owner, me: Owner) -> bool:
    """Tell whether the owner was a process of this machine that is gone."""
    if not owner.place or owner.place != me.place:
        return False
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
