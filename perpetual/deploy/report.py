"""What a run came to: as data, as JSON and as lines."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from perpetual.deploy import budget
from perpetual.deploy.budget import Verdict
from perpetual.deploy.journal import Kind, Schema
from perpetual.deploy.outcome import Exit, FailedError
from perpetual.errors import OperatorError

if TYPE_CHECKING:
    from perpetual.offline.reports.text import Line

VERSION: Final = 1
_STYLES: Final = {Verdict.GOOD: "green", Verdict.OK: "green", Verdict.SLOW: "yellow"}


@dataclass(frozen=True, kw_only=True)
class Report:
    """A release that serves.

    `seconds` are those until it was released, of which `phases` are parts; `first` those until the
    first new task served, and `after_push` the same from the end of the push. `fresh` is false
    where it served already and nothing was done; `resumed` tells that an interrupted run had begun
    it, whose seconds are not among these.
    """

    kind: Kind
    stack: str
    url: str
    tag: str
    digest: str
    commit: str
    number: int
    seconds: float
    phases: Mapping[str, float] = field(default_factory=dict)
    first: float | None = None
    after_push: float | None = None
    schema: Schema = Schema.SAME
    early: bool = False
    budget: float | None = None
    fresh: bool = True
    resumed: bool = False

    @property
    def exit_code(self) -> Exit:
        """Return the exit code."""
        exceeded = self.fresh and budget.over(self.seconds, self.budget)
        return Exit.OVER_BUDGET if exceeded else Exit.RELEASED


def to_json(report: Report) -> str:
    """Return the report as JSON; `schema.json` beside this file says what it holds."""
    content: dict[str, Any] = {
        "version": VERSION,
        "result": "released" if report.fresh else "unchanged",
        "exit": int(report.exit_code),
        "kind": report.kind,
        "stack": report.stack,
        "url": report.url,
        "release": report.number,
        "tag": report.tag,
        "digest": report.digest,
        "commit": report.commit,
        "schema": report.schema,
        "early": report.early,
        "resumed": report.resumed,
        "seconds": report.seconds,
        "firstServing": report.first,
        "firstServingAfterPush": report.after_push,
        "phases": report.phases,
        "verdict": budget.verdict(report.seconds),
        "budget": report.budget,
    }
    return json.dumps(content, indent=2)


def failure_to_json(error: OperatorError) -> str:
    """Return a run that did not come to a good end as JSON."""
    result = {
        Exit.KEPT: "failed",
        Exit.NEEDS_HUMAN: "unclear",
        Exit.REFUSED: "refused",
    }.get(Exit(error.exit_code) if error.exit_code in set(Exit) else Exit.REFUSED, "refused")
    content = {
        "version": VERSION,
        "result": "interrupted" if error.exit_code not in set(Exit) else result,
        "exit": error.exit_code,
        "phase": error.phase if isinstance(error, FailedError) else None,
        "message": error.message,
        "detail": error.detail,
        "hint": error.hint,
    }
    return json.dumps(content, indent=2)


def lines(report: Report) -> "Iterator[Line]":
    """Yield the report as lines."""
    if not report.fresh:
        yield (("green", f"{report.tag} serves already"), ("", f"   release {report.number}"))
        return
    yield ()
    yield from _phases(report.phases)
    verdict = budget.verdict(report.seconds)
    style = _STYLES.get(verdict, "red")
    yield (
        ("bold", f"released {report.tag} as release {report.number}"),
        ("", f" in {report.seconds:.1f} s: "),
        (style, verdict.value),
    )
    if report.resumed:
        yield (("yellow", "without the seconds of the interrupted run that began it"),)
    elif report.first is not None:
        yield (("dim", f"first served by new code after {report.first:.1f} s"),)
    if budget.over(report.seconds, report.budget):
        yield (("red", f"over the budget of {report.budget:g} s"),)
    yield (("", report.url),)


def _phases(phases: Mapping[str, float]) -> "Sequence[Line]":
    longest = max(phases.values(), default=0.0)
    return [
        (
            ("", f"{phase:10}"),
            ("bold" if seconds == longest else "", f"{seconds:7.1f} s"),
        )
        for phase, seconds in phases.items()
    ]
