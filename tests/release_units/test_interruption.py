"""Signals: the first ends what is done by way of its `finally`, and removal is not disturbed."""

import signal

import pytest

from perpetual.errors import OperatorError
from perpetual.release.interruption import interruptible, uninterrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_a_sentence_after_the_removal(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    """No `except Exception` on the way holds it up; its exit code is that of shells."""
    before = [signal.getsignal(one) for one in SIGNALS]
    removed = []

    def work() -> None:
        try:
            signal.raise_signal(number)
        except Exception:  # noqa: BLE001 - what must not catch it
            removed.append("caught")
        finally:
            removed.append("removed")

    with pytest.raises(OperatorError, match="interrupted") as caught, interruptible():
        work()
    assert removed == ["removed"]
    assert caught.value.exit_code == 128 + number
    assert "removing what was started" in capsys.readouterr().err
    assert [signal.getsignal(one) for one in SIGNALS] == before


def test_a_second_signal_is_late(capsys: pytest.CaptureFixture[str]) -> None:
    """What is being removed is removed."""
    removed = []

    def work() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)
            removed.append("removed")

    with pytest.raises(OperatorError) as caught, interruptible():
        work()
    assert removed == ["removed"]
    assert caught.value.exit_code == 128 + signal.SIGINT
    assert capsys.readouterr().err.count("interrupted") == 1


def test_a_signal_during_the_removal_is_answered_after_it() -> None:
    """When all is well, and the end is near."""
    removed = []

    def work() -> None:
        with uninterrupted():
            signal.raise_signal(signal.SIGTERM)
            removed.append("removed")
        removed.append("went on")

    with pytest.raises(OperatorError, match="interrupted"), interruptible():
        work()
    assert removed == ["removed"]


def test_without_a_signal_nothing_is_different() -> None:
    """Handlers are as they were."""
    before = [signal.getsignal(one) for one in SIGNALS]
    with interruptible(), uninterrupted():
        pass
    assert [signal.getsignal(one) for one in SIGNALS] == before
