"""Several questions at once, of which some are never answered."""

import threading
from collections.abc import Iterator

import pytest

from perpetual.errors import OperatorError
from perpetual.status.together import Unread, together

LONG = 600.0
"""Seconds that a test never has to wait."""


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """Return what nobody sets before the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_questions_are_asked_side_by_side() -> None:
    """Each of these waits for all others to have begun."""
    barrier = threading.Barrier(5)
    found = together({number: lambda: barrier.wait(LONG) >= 0 for number in range(5)}, LONG)
    assert found == dict.fromkeys(range(5), True)


def test_what_does_not_answer_in_time_is_left(never: threading.Event) -> None:
    """It holds nobody up, and says so."""
    found = together({"a": lambda: never.wait(LONG)}, 0.01)
    assert found["a"] == Unread(why="no answer within 0.01 s", hint="Run the command again.")


def test_a_fault_is_an_answer_too() -> None:
    """A sentence where there is one; and an answer in an unknown form is no end of all others."""

    def refused() -> None:
        raise OperatorError("you may not", hint="ask")

    def unknown() -> None:
        raise OperatorError("AWS refused", detail="its words")

    empty: dict[str, int] = {}
    found = together({"a": refused, "b": lambda: empty["x"], "c": lambda: 1, "d": unknown}, LONG)
    assert found["a"] == Unread(why="you may not", hint="ask")
    assert found["d"] == Unread(why="AWS refused (its words)")
    assert isinstance(found["b"], Unread)
    assert "KeyError: 'x'" in found["b"].why
    assert found["c"] == 1
