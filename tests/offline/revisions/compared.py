"""Two small programs compared, without git, pack or process."""

from collections.abc import Callable
from pathlib import Path

from perpetual.offline.capture import Capture, capture
from perpetual.offline.findings import Finding, Judgement
from perpetual.offline.revisions.comparison import Side, compare
from perpetual.offline.revisions.kinds import Kind
from perpetual.offline.revisions.resources import Entry

Program = Callable[[], object]


def captured(program: Program) -> Capture:
    """Return what a program registers."""
    return capture(program, project="shop", stack="dev", config={}, invokes={})


def judgement(*findings: Finding) -> Judgement:
    """Return a verdict with these findings."""
    return Judgement(pack="tiny", policies=(), findings=findings)


def entries(
    base: Program,
    head: Program,
    *,
    before: Judgement | None = None,
    after: Judgement | None = None,
) -> list[Entry]:
    """Return what is different between two programs."""
    root = Path(__file__).parent
    return compare(
        Side(capture=captured(base), root=root / "base", judgement=before or judgement()),
        Side(capture=captured(head), root=root, judgement=after or judgement()),
    )


def said(found: list[Entry], kind: Kind) -> list[str]:
    """Return the sentences of one kind."""
    return [entry.message for entry in found if entry.kind is kind]
