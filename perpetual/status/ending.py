"""Ending what would go on: a signal is told to the loop, which then ends between two lines."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

INTERRUPTED: Final = 128
"""Added to a signal's number for the exit code, as shells do."""


@contextmanager
def ending(tell: Callable[[int], object]) -> Iterator[None]:
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
