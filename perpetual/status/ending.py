"""Ending what would go on: the first signal is told, and the command ends in its own way."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, NoReturn

INTERRUPTED: Final = 128
"""Added to a signal's number for the exit code, as shells do."""


class Ended(Exception):  # noqa: N818 - no error: the way in which such a command ends
    """A signal came, in the middle of whatever went on."""

    def __init__(self, number: int) -> None:
        """Keep the signal's number."""
        super().__init__(f"signal {number}")
        self.code = INTERRUPTED + number


def end(number: int) -> NoReturn:
    """Leave whatever goes on."""
    raise Ended(number)


@contextmanager
def ending(tell: Callable[[int], object] = end) -> Iterator[None]:
    """Within the block, tell of the first SIGINT or SIGTERM; a second one ends as ever."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def told(number: int, _frame: FrameType | None) -> None:
        restore()
        tell(number)

    for number in numbers:
        signal.signal(number, told)
    try:
        yield
    finally:
        restore()
