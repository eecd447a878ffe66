"""Following with real threads: a log group that grows, answers late, and breaks."""

import os
import queue
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from botocore import exceptions  # type: ignore[import-untyped]  # botocore ships no types
from urllib3.exceptions import ProtocolError

from perpetual.errors import OperatorError
from perpetual.logs import follower, tail
from perpetual.logs.follower import Reading
from perpetual.logs.ledger import Event
from perpetual.logs.reading import AbsentError
from perpetual.logs.requests import Source
from perpetual.logs.tail import Tail, now

PATIENCE = 120.0
"""Seconds after which a test that hangs is ended, and fails."""

SOURCE = Source(group="/perpetual/prod/release", arn="arn")


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten every time that following waits for."""
    for name, milliseconds in {
        "POLL": 20,
        "SAFETY_POLL": 60,
        "SETTLE": 50,
        "DEEP_EVERY": 200,
    }.items():
        monkeypatch.setattr(follower, name, milliseconds)
    for name, seconds in {
        "FIRST_DELAY": 0.01,
        "LONGEST_DELAY": 0.05,
        "LASTING": 0.2,
        "TICK": 0.02,
    }.items():
        monkeypatch.setattr(tail, name, seconds)


def lost(text: str = "AWS cannot be reached from here") -> OperatorError:
    """Return a fault that may pass."""
    error = OperatorError(text)
    error.__cause__ = exceptions.EndpointConnectionError(endpoint_url="https://logs")
    return error


class Group:
    """A log group: read as `Reader` reads it, and tailed as CloudWatch does it."""

    source = SOURCE

    def __init__(self) -> None:
        """Begin without a line."""
        self.lines: list[Event] = []
        self.guard = threading.Lock()
        self.reads = 0
        self.faults: queue.SimpleQueue[OperatorError] = queue.SimpleQueue()
        self.broken: Callable[[], bool] = lambda: False
        self.sampled: Callable[[], bool] = lambda: False

    def write(self, message: str, stream: str = "web/release/1") -> None:
        """Add a line."""
        with self.guard:
            ident = f"{len(self.lines)}"
            self.lines.append(Event(stream=stream, timestamp=now(), message=message, ident=ident))

    def _found(self, reading: Reading) -> list[Event]:
        self.reads += 1
        if not self.faults.empty():
            raise self.faults.get()
        if self.broken():
            raise lost()
        with self.guard:
            found = [line for line in self.lines if line.timestamp >= reading.start]
        end = reading.end
        return [line for line in found if end is None or line.timestamp <= end]

    def pages(self, reading: Reading) -> Iterator[list[Event]]:
        """Yield pages of three lines."""
        found = self._found(reading)
        for start in range(0, len(found), 3):
            yield found[start : start + 3]

    def whole(self, reading: Reading) -> list[Event]:
        """Return all lines of a read."""
        return self._found(reading)

    def session(self) -> Iterator[Mapping[str, Any]]:
        """Open a session of Live Tail."""
        if self.broken():
            raise exceptions.EndpointConnectionError(endpoint_url="https://stream-logs")
        place = len(self.lines)
        yield {"sessionStart": {}}
        while True:
            time.sleep(0.005)
            if self.broken():
                raise ProtocolError("Connection broken")
            with self.guard:
                fresh, place = self.lines[place:], len(self.lines)
            sampled = bool(fresh) and self.sampled()
            results = [
                {
                    "logStreamName": line.stream,
                    "timestamp": line.timestamp,
                    "message": line.message,
                }
                for line in (fresh[::2] if sampled else fresh)
            ]
            yield {
                "sessionUpdate": {
                    "sessionMetadata": {"sampled": sampled},
                    "sessionResults": results,
                }
            }


class Run:
    """One run of `Tail`, and what it printed and said."""

    def __init__(self, group: Any, session: Any = None, since: int | None = None) -> None:
        """Prepare to follow a group."""
        self.printed: list[Event] = []
        self.said: list[str] = []
        self.over: Callable[[], bool] = lambda: False
        self.until = time.monotonic() + PATIENCE
        self.tail = Tail(
            reader=group,
            session=session or group.session,
            since=now() - 60_000 if since is None else since,
            show=self._show,
            reads=self._reads,
            say=self.said.append,
        )

    def _show(self, events: Sequence[Event]) -> bool:
        self.printed += events
        return self._reads()

    def _reads(self) -> bool:
        return not self.over() and time.monotonic() < self.until

    def until_over(self, over: Callable[[], bool]) -> int:
        """Follow until something is so; return the exit code."""
        self.over = over
        code = self.tail.run()
        assert time.monotonic() < self.until, self.said
        return code


def messages(run: Run) -> list[str]:
    """Return what was printed."""
    return [event.message for event in run.printed]


def test_lines_from_before_and_from_now_on_are_printed() -> None:
    """The reader that goes away ends it, without a word."""
    group = Group()
    for number in range(10):
        group.write(f"{number}")
    run = Run(group)

    def over() -> bool:
        if len(run.printed) == 10 and len(group.lines) == 10:
            group.write("10")
        return len(run.printed) >= 11

    assert run.until_over(over) == 0
    assert messages(run) == [f"{number}" for number in range(11)]
    assert run.said == []


def test_while_live_tail_works_reads_are_few() -> None:
    """The lines come from the session, which the read that fills the gap makes sure of."""
    group = Group()
    run = Run(group)
    end = time.monotonic() + 1.0
    run.until_over(lambda: time.monotonic() > end)
    assert group.reads < 40


@pytest.mark.parametrize("seed", range(6))
def test_whatever_breaks_each_line_is_printed_once_and_in_order(seed: int) -> None:
    """Sessions that break and lose lines, reads that fail, two tasks that write all the time."""
    chance = random.Random(seed)  # noqa: S311 - a test's own dice
    group = Group()
    out_until = [0.0]

    def broken() -> bool:
        if chance.random() < 0.01:
            out_until[0] = time.monotonic() + chance.random() * 0.1
        return time.monotonic() < out_until[0]

    group.broken, group.sampled = broken, lambda: chance.random() < 0.1
    written = threading.Event()

    def write() -> None:
        for number in range(300):
            group.write(f"{number // 2}", f"web/release/{number % 2}")
            time.sleep(0.002)
        written.set()

    threading.Thread(target=write, daemon=True).start()
    run = Run(group)
    complete: list[float] = []

    def over() -> bool:
        if written.is_set() and len(run.printed) >= 300 and not complete:
            complete.append(time.monotonic())
        # A while longer, in which nothing must come again.
        return bool(complete) and time.monotonic() > complete[0] + 0.5

    assert run.until_over(over) == 0
    assert Counter(map(_seen, run.printed)) == Counter(map(_seen, group.lines))
    for stream in ("web/release/0", "web/release/1"):
        found = [event.message for event in run.printed if event.stream == stream]
        assert found == [f"{number}" for number in range(150)]


def _seen(event: Event) -> tuple[str, int, str]:
    return (event.stream, event.timestamp, event.message)


def test_a_network_that_was_lost_is_told_and_found_again() -> None:
    """One line when it goes, one when it is back; and the lines from between are printed."""
    group = Group()
    group.write("before")
    run = Run(group)
    steps: list[float] = []

    def over() -> bool:
        if len(run.printed) == 1 and not steps:
            steps.append(time.monotonic())
            group.broken = lambda: True
        if len(run.said) >= 2 and len(steps) == 1:
            steps.append(time.monotonic())
            group.write("between")
            group.broken = lambda: False
        return len(run.printed) >= 2 and len(run.said) >= 4

    assert run.until_over(over) == 0
    assert messages(run) == ["before", "between"]
    assert min(run.said[:2]) == "AWS cannot be reached from here: trying again"
    assert max(run.said[:2]).startswith("Live Tail ")
    assert sorted(run.said[2:]) == ["Live Tail is back", "reading again"]


def refuse(code: str) -> Callable[[], Iterator[Any]]:
    """Return what opens no session, for AWS refuses it."""

    def session() -> Iterator[Any]:
        opened.append(code)
        raise exceptions.ClientError({"Error": {"Code": code, "Message": "no"}}, "StartLiveTail")
        yield

    opened: list[str] = []
    session.opened = opened  # type: ignore[attr-defined]  # a counter beside the function
    return session


def test_without_the_right_to_tail_lines_are_read() -> None:
    """It is said once, and not tried again."""
    group = Group()
    session = refuse("AccessDeniedException")
    run = Run(group, session)

    def over() -> bool:
        if len(group.lines) < 20:
            group.write(f"{len(group.lines)}")
        return len(run.printed) >= 20

    run.until_over(over)
    assert messages(run) == [f"{number}" for number in range(20)]
    (said,) = run.said
    assert said.startswith("Live Tail does not work (these credentials may not StartLiveTail): ")
    assert session.opened == ["AccessDeniedException"]  # type: ignore[attr-defined]  # as above


def test_too_many_sessions_of_others_are_waited_for() -> None:
    """The account has a limit; said once, tried again."""
    session = refuse("LimitExceededException")
    run = Run(Group(), session)
    run.until_over(lambda: len(session.opened) >= 3)  # type: ignore[attr-defined]  # as above
    assert len(run.said) == 1


def test_sessions_that_end_at_once_are_told_once() -> None:
    """An emulator's: one update, and the end."""
    group = Group()
    begun: list[int] = []

    def session() -> Iterator[Any]:
        begun.append(1)
        yield {"sessionStart": {}}
        yield {"sessionUpdate": {"sessionResults": []}}

    run = Run(group, session)
    run.until_over(lambda: len(begun) >= 5)
    assert run.said == ["Live Tail does not work (it ended): reading every few seconds instead"]


def test_a_session_that_ends_in_its_time_is_not_worth_a_word() -> None:
    """AWS ends each after three hours."""
    group = Group()
    begun: list[int] = []
    timed_out = exceptions.EventStreamError(
        {"Error": {"Code": "SessionTimeoutException", "Message": "3 h"}}, "StartLiveTail"
    )

    def session() -> Iterator[Any]:
        begun.append(1)
        yield {"sessionStart": {}}
        time.sleep(0.3)
        raise timed_out

    run = Run(group, session)
    run.until_over(lambda: len(begun) >= 3)
    assert run.said == []


def test_a_group_that_is_not_there_yet_is_waited_for() -> None:
    """Said once; its first line is printed."""
    group = Group()
    for _ in range(3):
        group.faults.put(AbsentError("log group /perpetual/prod/release is not there"))
    group.write("first")
    run = Run(group)
    run.until_over(lambda: bool(run.printed) and len(run.said) >= 2)
    assert messages(run) == ["first"]
    assert run.said[0].startswith("log group /perpetual/prod/release is not there yet: waiting")
    assert "reading again" in run.said


def test_what_does_not_pass_ends_it_with_its_sentence() -> None:
    """Expired credentials, a pattern that is none."""
    group = Group()
    group.faults.put(OperatorError("the AWS credentials have expired"))
    with pytest.raises(OperatorError, match="have expired"):
        Run(group).until_over(lambda: False)


def test_a_fault_of_this_program_is_not_hidden_in_a_thread() -> None:
    """Neither the reading nor the tailing one."""
    group = Group()

    def broken() -> bool:
        raise KeyError

    group.broken = broken
    with pytest.raises(KeyError):
        Run(group, Group().session).until_over(lambda: False)

    def session() -> Iterator[Any]:
        yield {"sessionUpdate": {"sessionResults": [{"unknown": 1}]}}

    with pytest.raises(KeyError):
        Run(Group(), session).until_over(lambda: False)


def test_a_signal_ends_it_between_two_lines() -> None:
    """With its number in the exit code, and the handlers as they were."""
    before = signal.getsignal(signal.SIGINT)
    group = Group()
    group.write("1")
    run = Run(group)
    sent: list[int] = []

    def over() -> bool:
        if run.printed and not sent:
            sent.append(1)
            os.kill(os.getpid(), signal.SIGINT)
        return False

    assert run.until_over(over) == 130
    assert messages(run) == ["1"]
    assert run.said == []
    assert signal.getsignal(signal.SIGINT) is before


def test_a_slow_reader_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Updates that would pile up are dropped, and read later."""
    monkeypatch.setattr(tail, "UPDATES", 2)
    group = Group()
    run = Run(group)
    paused: list[int] = []
    original = run.tail.show

    def slow(events: Sequence[Event]) -> bool:
        if len(run.printed) >= 50 and not paused:
            paused.append(1)
            time.sleep(0.5)
        return original(events)

    run.tail.show = slow

    def write() -> None:
        for number in range(300):
            group.write(f"{number}")
            time.sleep(0.002)

    threading.Thread(target=write, daemon=True).start()
    run.until_over(lambda: len(run.printed) >= 300)
    assert messages(run) == [f"{number}" for number in range(300)]
    assert paused
