"""The one thread in which the control plane decides: requests, reports and time in one line.

The control plane knows no threads and no clock. Here are both: whatever concerns it is put into one
queue, and between two entries it is told the time whenever it asked to be.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from typing import Any, Final, Protocol, TypeVar

from perpetual.sandbox.ecs.world import Report

_LOG = logging.getLogger(__name__)

_PAUSE: Final = 0.5
"""Seconds after which somebody who waits looks whether the engine still runs."""

T = TypeVar("T")


class ControlPlane(Protocol):
    """What the engine drives; `ecs.control.ControlPlane`, or a stand-in."""

    def call(self, operation: str, request: Mapping[str, Any], at: float, /) -> Mapping[str, Any]:
        """Answer a request as boto3 sends it."""

    def report(self, report: Report, at: float, /) -> None:
        """Take note of what happened."""

    def advance(self, at: float, /) -> float | None:
        """Do what is due, and return when there is something to do again."""


class Clock:
    """Seconds since the epoch that never jump, whatever happens to the machine's own time."""

    def __init__(self) -> None:
        """Start from the machine's time."""
        self._start = time.time() - time.monotonic()

    def now(self) -> float:
        """Return the time."""
        return self._start + time.monotonic()


class Engine:
    """Serialises everything that concerns one control plane, and tells it the time."""

    def __init__(self, plane: ControlPlane, clock: Clock | None = None) -> None:
        """Prepare; `start` begins."""
        self.clock = clock or Clock()
        self._plane = plane
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End, after what is in the queue."""
        self._queue.put(None)
        self._thread.join()

    def call(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Put a request to the control plane and return its answer; raise what it raises."""
        return self.run(lambda: self._plane.call(operation, request, self.clock.now()))

    def report(self, report: Report) -> None:
        """Tell the control plane what happened, without waiting."""
        self._queue.put(lambda: self._plane.report(report, self.clock.now()))

    def run(self, work: Callable[[], T]) -> T:
        """Do something in the engine's thread and return what it returns; raise what it raises.

        Raises:
            RuntimeError: The engine has ended.
        """
        future: Future[T] = Future()
        self._queue.put(lambda: _fulfil(future, work))
        while not wait([future], _PAUSE).done:
            if not self._thread.is_alive():
                raise RuntimeError("the sandbox has ended")
        return future.result()

    def _run(self) -> None:
        due = self._advance()
        while True:
            left = None if due is None else max(0.0, due - self.clock.now())
            try:
                work = self._queue.get(timeout=left)
            except queue.Empty:
                due = self._advance()
                continue
            if work is None:
                return
            try:
                work()
            except Exception:  # noqa: BLE001 - one bad report must not end the sandbox
                _LOG.exception("the control plane did not take a report")
            due = self._advance()

    def _advance(self) -> float | None:
        try:
            return self._plane.advance(self.clock.now())
        except Exception:  # noqa: BLE001 - likewise
            _LOG.exception("the control plane did not advance")
            return self.clock.now() + 1


def _fulfil(future: "Future[T]", work: Callable[[], T]) -> None:
    try:
        future.set_result(work())
    except Exception as error:  # noqa: BLE001 - it is raised where the answer is awaited
        future.set_exception(error)
