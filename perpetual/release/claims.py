"""Claims about a release, tried one after the other, and what was found out about each."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from perpetual.errors import OperatorError
from perpetual.release.receipt import Result

Say = Callable[[Result], None]


class CheckError(Exception):
    """A claim that does not hold, as a sentence."""


class NothingToCheckError(Exception):
    """There is nothing to check, for the reason given."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Something that has to hold; `holds` returns what it saw, or raises one of the errors here.

    It is not tried where one of those that it `needs` does not hold.
    """

    name: str
    holds: Callable[[], str]
    needs: tuple[str, ...] = ()


def judge(claims: Iterable[Claim], say: Say = lambda _: None) -> list[Result]:
    """Try each claim, tell `say` of each at once, and return the results."""
    results: list[Result] = []
    for claim in claims:
        failed = {result.name for result in results if result.passed is False}
        missing = [name for name in claim.needs if name in failed]
        result = _untried(claim, missing) if missing else _tried(claim)
        results.append(result)
        say(result)
    return results


def telling(error: OperatorError) -> str:
    """Return the line of another program's last words that tells the most.

    Elixir's exceptions begin with two stars, and a trace follows; a sentence stands last.
    """
    said = error.detail or error.message
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    raised = [line for line in lines if line.startswith("** (")]
    return (raised or lines or ["it said nothing"])[-1]


def _tried(claim: Claim) -> Result:
    start = time.monotonic()
    passed: bool | None = True
    try:
        said = claim.holds()
    except NothingToCheckError as error:
        passed, said = None, str(error)
    except (CheckError, OperatorError, OSError) as error:
        passed, said = False, str(error)
    seconds = round(time.monotonic() - start, 2)
    return Result(name=claim.name, passed=passed, said=said, seconds=seconds)


def _untried(claim: Claim, missing: Iterable[str]) -> Result:
    said = f"not tried, for this does not hold: {', '.join(missing)}"
    return Result(name=claim.name, passed=None, said=said, seconds=0.0)
