"""The engine: one thread, every caller answered, time told when it was asked for."""

import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

from perpetual.sandbox.ecs.world import AlarmState, Report
from perpetual.sandbox.runtime.engine import Clock, Engine


class Plane:
    """A control plane that notes who calls it, and when it was told the time."""

    def __init__(self) -> None:
        """Begin with nothing due."""
        self.threads: set[int] = set()
        self.reports: list[Report] = []
        self.due: float | None = None
        self.advanced: list[float] = []
        self.told = threading.Event()

    def call(self, operation: str, request: Mapping[str, Any], at: float, /) -> Mapping[str, Any]:
        """Answer with the question."""
        self.threads.add(threading.get_ident())
        if operation == "Fail":
            raise ValueError(request["words"])
        return {"operation": operation, "at": at, **request}

    def report(self, report: Report, at: float, /) -> None:
        """Take note; the first report of an alarm named `bad` is too much."""
        assert at
        self.threads.add(threading.get_ident())
        self.reports.append(report)
        if isinstance(report, AlarmState) and report.name == "bad":
            raise ValueError("too much")

    def advance(self, at: float, /) -> float | None:
        """Note the time."""
        self.advanced.append(at)
        if self.due is not None and at >= self.due:
            self.due = None
            self.told.set()
        return self.due


@pytest.fixture
def plane() -> Plane:
    """Return a control plane."""
    return Plane()


@pytest.fixture
def engine(plane: Plane) -> Any:
    """Return a running engine."""
    made = Engine(plane)
    made.start()
    yield made
    made.close()


def test_callers_are_answered_and_errors_are_theirs(engine: Engine) -> None:
    """What the control plane raises is raised where it was called; the engine goes on."""
    with pytest.raises(ValueError, match="no such thing"):
        engine.call("Fail", {"words": "no such thing"})
    assert engine.call("Describe", {"a": 1})["a"] == 1


def test_everything_happens_in_one_thread(engine: Engine, plane: Plane) -> None:
    """However many call at once."""
    threads = [
        threading.Thread(target=lambda: [engine.call("Describe", {}) for _ in range(20)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(plane.threads) == 1


def test_reports_keep_their_order_and_a_bad_one_is_only_its_own(
    engine: Engine, plane: Plane
) -> None:
    """Nobody waits for a report; the next request comes after it."""
    names = ["a", "bad", "b"]
    for name in names:
        engine.report(AlarmState(name=name, state="OK"))
    engine.call("Describe", {})
    assert [one.name for one in plane.reports if isinstance(one, AlarmState)] == names


def test_time_is_told_when_it_was_asked_for(engine: Engine, plane: Plane) -> None:
    """And not before: without anything due the engine sleeps."""
    plane.due = time.time() + 0.3
    engine.call("Describe", {})
    due = plane.due
    assert plane.told.wait(30)
    assert due is not None
    assert plane.advanced[-1] >= due
    calls = len(plane.advanced)
    assert not engine.run(lambda: None)
    assert len(plane.advanced) <= calls + 2


def test_an_engine_that_has_ended_says_so(plane: Plane) -> None:
    """Whoever asks it is not left waiting."""
    engine = Engine(plane)
    engine.start()
    engine.close()
    with pytest.raises(RuntimeError, match="ended"):
        engine.call("Describe", {})


def test_the_clock_does_not_jump() -> None:
    """It is the machine's time, and only ever goes on."""
    clock = Clock()
    times = [clock.now() for _ in range(100)]
    assert times == sorted(times)
    assert abs(times[0] - time.time()) < 5
