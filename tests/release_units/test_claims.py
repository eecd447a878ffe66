"""Claims: tried in order, told at once, and not where what they need does not hold."""

import pytest

from perpetual.errors import OperatorError
from perpetual.release.claims import CheckError, Claim, NothingToCheckError, judge, telling


def claim(name: str, outcome: str | Exception, *needs: str) -> Claim:
    """Return a claim that sees or raises something."""

    def holds() -> str:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return Claim(name=name, holds=holds, needs=needs)


@pytest.mark.parametrize(
    ("outcome", "passed", "said"),
    [
        ("as it should be", True, "as it should be"),
        (CheckError("no"), False, "no"),
        (NothingToCheckError("nothing"), None, "nothing"),
        (OperatorError("Docker is gone", hint="Start it."), False, "Docker is gone\nStart it."),
        (ConnectionRefusedError("refused"), False, "refused"),
    ],
)
def test_a_claim_holds_or_does_not(
    outcome: str | Exception, said: str, *, passed: bool | None
) -> None:
    """What it saw, or why not, goes with it."""
    (result,) = judge([claim("one", outcome)])
    assert (result.passed, result.said) == (passed, said)


def test_a_mistake_of_ones_own_is_no_result() -> None:
    """It would read as a fault of the release."""
    with pytest.raises(ZeroDivisionError):
        judge([claim("one", ZeroDivisionError())])


def test_what_needs_a_claim_that_does_not_hold_is_not_tried() -> None:
    """Nor does it count as a failure of its own; what needs that, in turn, is tried."""
    told: list[object] = []
    results = judge(
        [
            claim("start", CheckError("no")),
            claim("health", AssertionError("tried"), "start"),
            claim("nothing", NothingToCheckError("nothing")),
            claim("last", "well", "health", "nothing"),
        ],
        told.append,
    )
    assert [result.passed for result in results] == [False, None, None, True]
    assert results[1].said == "not tried, for this does not hold: start"
    assert told == results


@pytest.mark.parametrize(
    ("detail", "tells"),
    [
        ("one\ntwo\n\n", "two"),
        ("** (Postgrex.Error) no\n    (ecto) lib/ecto.ex:1: run/1\n", "** (Postgrex.Error) no"),
        ("", "message"),
    ],
)
def test_the_line_that_tells(detail: str, tells: str) -> None:
    """A sentence stands last; before the trace of an exception it stands first."""
    assert telling(OperatorError("message", detail=detail)) == tells
