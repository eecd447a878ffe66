"""The lock: one at a time, and none that a dead process keeps."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict, replace
from datetime import UTC, datetime

import pytest

from perpetual.contract import Stack
from perpetual.deploy import lock
from perpetual.deploy.lock import BEAT, STALE, Lock, Owner
from perpetual.deploy.outcome import Exit, FailedError
from perpetual.deploy.store import Entry
from perpetual.errors import OperatorError

HERE = Stack(name="prod", account="111122223333", region="eu-west-1")
PATH = "/perpetual/prod/deploy/lock"


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.now = 0.0

    def seconds(self) -> float:
        """Return the seconds since the beginning."""
        return self.now

    def today(self) -> datetime:
        """Return some day."""
        return datetime(2026, 11, 29, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.now += seconds


class Shelf:
    """Parameters in memory, as atomic as AWS's."""

    def __init__(self, clock: Time) -> None:
        """Begin empty."""
        self.clock = clock
        self.held: dict[str, tuple[str, float]] = {}
        self.guard = threading.Lock()
        self.writes: list[float] = []

    def read(self, name: str) -> Entry | None:
        """Return a parameter."""
        with self.guard:
            if name not in self.held:
                return None
            value, at = self.held[name]
            return Entry(value=value, version=1, age=self.clock.now - at)

    def below(self, path: str) -> list[str]:
        """Return names."""
        with self.guard:
            return [name for name in self.held if name.startswith(f"{path}/")]

    def create(self, name: str, value: str) -> bool:
        """Make a parameter."""
        with self.guard:
            if name in self.held:
                return False
            self.held[name] = (value, self.clock.now)
            return True

    def write(self, name: str, value: str) -> int:
        """Write a parameter."""
        with self.guard:
            self.writes.append(self.clock.now)
            self.held[name] = (value, self.clock.now)
            return 1

    def delete(self, name: str) -> None:
        """Remove a parameter."""
        with self.guard:
            self.held.pop(name, None)


def owner(who: str = "ada", **changes: object) -> Owner:
    """Return an owner on another machine."""
    found = Owner(
        who=who, host="laptop", pid=1, place="there", what="the deploy of a", since="2026-11-29"
    )
    return replace(found, **changes)  # type: ignore[arg-type]  # as given by the test


@pytest.fixture
def clock() -> Time:
    """Return a clock at zero."""
    return Time()


@pytest.fixture
def shelf(clock: Time) -> Shelf:
    """Return an empty shelf."""
    return Shelf(clock)


def new(shelf: Shelf, who: str = "ada", **changes: object) -> Lock:
    """Return somebody's lock, not yet taken."""
    return Lock(shelf, HERE, shelf.clock, owner(who, **changes))


def test_taken_once_given_back_and_taken_again(shelf: Shelf) -> None:
    """Each is a parameter of its own; only the last one is left."""
    first = new(shelf)
    assert first.take() is None
    first.release()
    second = new(shelf, "bob")
    assert second.take() is None
    assert list(shelf.held) == [f"{PATH}/2"]
    assert json.loads(shelf.held[f"{PATH}/2"][0]) == asdict(owner("bob"))


def test_somebody_who_lives_keeps_it(shelf: Shelf, clock: Time) -> None:
    """Person, machine, process, purpose, beginning, and the age of the last sign of life."""
    new(shelf).take()
    clock.now = 42
    with pytest.raises(OperatorError) as raised:
        new(shelf, "bob").take()
    assert raised.value.message == (
        "ada, on laptop as process 1, for the deploy of a has been releasing since 2026-11-29; "
        "the last sign of life is 42 s old"
    )
    assert "90 s" in raised.value.hint


def test_without_a_sign_of_life_it_is_anybodys(shelf: Shelf, clock: Time) -> None:
    """The owner before is named; and finds out when it looks."""
    first = new(shelf)
    first.take()
    clock.now = STALE + 1
    second = new(shelf, "bob")
    taken = second.take()
    assert taken == owner()
    with pytest.raises(FailedError, match="taken over by bob") as raised:
        first.check()
    assert raised.value.exit_code == Exit.NEEDS_HUMAN
    assert not raised.value.final
    second.check()


def test_signs_of_life_keep_it_young(shelf: Shelf, clock: Time) -> None:
    """Written at most every ten seconds."""
    first = new(shelf)
    first.take()
    for _ in range(30):
        clock.now += 1
        first.beat()
    assert shelf.writes == [BEAT, 2 * BEAT, 3 * BEAT]


def test_a_dead_process_of_this_machine_keeps_nothing(shelf: Shelf) -> None:
    """Not even for a second; a live one does."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    new(shelf, pid=child.pid, place="here").take()
    assert new(shelf, "bob", pid=os.getpid(), place="here").take() is not None
    with pytest.raises(OperatorError, match="bob, on laptop"):
        new(shelf, "eve", place="here").take()


def test_a_process_of_another_machine_is_not_looked_for_here(shelf: Shelf) -> None:
    """Its number means nothing here, nor does any where the place is not known."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    for place in ("there", ""):
        shelf.held.clear()
        new(shelf, pid=child.pid, place=place).take()
        with pytest.raises(OperatorError, match="has been releasing"):
            new(shelf, "bob", place="" if place else "here").take()


def test_what_nobody_can_read_counts_by_its_age(shelf: Shelf, clock: Time) -> None:
    """A newer command may have written it."""
    shelf.create(f"{PATH}/7", "nonsense")
    with pytest.raises(OperatorError, match="somebody, on unknown"):
        new(shelf).take()
    clock.now = STALE + 1
    assert new(shelf).take() is not None
    assert f"{PATH}/8" in shelf.held


def test_of_many_at_once_one_gets_it(shelf: Shelf, clock: Time) -> None:
    """Also where all of them find the same dead owner's lock."""
    new(shelf).take()
    clock.now = STALE + 1
    got: list[str] = []
    start = threading.Barrier(12)

    def try_it(who: str) -> None:
        start.wait()
        try:
            new(shelf, who).take()
        except OperatorError:
            return
        got.append(who)

    threads = [threading.Thread(target=try_it, args=(f"p{number}",)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
    (left,) = shelf.held.values()
    assert json.loads(left[0])["who"] == got[0]


def test_a_listing_older_than_the_lock_is_noticed(shelf: Shelf) -> None:
    """Between the look and the attempt, others took it, gave it back, and took it again."""
    late = new(shelf, "late")
    below, calls = shelf.below, 0

    def old(path: str) -> list[str]:
        nonlocal calls
        calls += 1
        if calls > 1:
            return below(path)
        found = below(path)
        for who in ("ada", "bob"):
            other = Lock(shelf, HERE, shelf.clock, owner(who))
            shelf.below = below  # type: ignore[method-assign]  # the others look for themselves
            other.take()
            if who == "ada":
                other.release()
        shelf.below = old  # type: ignore[method-assign]  # and late goes on with what it saw
        return found

    shelf.below = old  # type: ignore[method-assign]  # see above
    with pytest.raises(OperatorError, match="bob, on laptop"):
        late.take()
    assert list(shelf.held) == [f"{PATH}/2"]


def test_this_process_says_who_and_where_it_is(clock: Time) -> None:
    """The place tells machines, boots and containers apart."""
    found = lock.here("ada", "a rollback", clock)
    assert (found.pid, found.who, found.what) == (os.getpid(), "ada", "a rollback")
    assert found.host
    assert found.place
    assert found == lock.here("ada", "a rollback", clock)
