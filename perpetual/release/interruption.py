"""Ctrl-C and SIGTERM, answered by removing what was started before this process ends."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, NoReturn

from perpetual.errors import OperatorError

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

_Handler = Callable[[int, FrameType | None], object] | int | signal.Handlers | None


class _InterruptedError(BaseException):
    """A signal has come; no `except Exception` on the way out has a say in that."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def interruptible() -> Iterator[None]:
    """Let the first signal end what is done in here by way of its `finally`; later ones are late.

    Raises:
        OperatorError: A signal has come; its exit code is the one that shells give.
    """

    def stop(number: int, _frame: FrameType | None) -> NoReturn:
        _handle(lambda *_: None)
        sys.stderr.write("perpetual: interrupted; removing what was started\n")
        raise _InterruptedError(number)

    before = _handle(stop)
    try:
        yield
    except _InterruptedError as error:
        raise OperatorError("interrupted", exit_code=128 + error.number) from None
    finally:
        _restore(before)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Do what is done in here to its end; a signal that comes meanwhile is answered afterwards."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = _handle(lambda number, _: came.append(number))
    try:
        yield
    finally:
        _restore(before)
    if came:
        signal.raise_signal(came[0])


def _handle(handler: Callable[[int, FrameType | None], object]) -> dict[int, _Handler]:
    """Answer both signals by `handler`; return what answered before."""
    return {number: signal.signal(number, handler) for number in _SIGNALS}


def _restore(before: dict[int, _Handler]) -> None:
    for number, handler in before.items():
        # None is a handler that Python has not set, and cannot.
        if handler is not None:
            signal.signal(number, handler)
