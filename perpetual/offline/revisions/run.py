"""One comparison, from a git revision to entries.

The base's program runs in a process of its own while this one runs the head's. Both are judged by
the head's pack, each by a fresh process of it: so the findings differ only where the stack does.
Settings given on the command line are the head's, as the base is what the repository holds.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from perpetual.offline import config, preview, project
from perpetual.offline.pack import Identity, Pack
from perpetual.offline.preview import Clock, Options
from perpetual.offline.revisions.base import Base

if TYPE_CHECKING:
    from perpetual.offline.report import Report
    from perpetual.offline.revisions.comparison import Comparison


def compare(options: Options, name: str) -> "tuple[Report, Comparison]":
    """Return the head's report, and how it differs from revision `name`.

    Raise `OperatorError` if either side cannot be run: there is never half a comparison.
    """
    clock = Clock()
    with clock.phase("configuration"):
        planned = preview.plan(options)
    with (
        Base(planned.project.root, name, planned.stack, options.answers) as base,
        Pack(planned.policy, planned.identity) as pack,
        Pack(planned.policy, _identity(base, planned.identity)) as other,
    ):
        with clock.phase("program"):
            captured = preview.run_program(planned)
        report = preview.judge_capture(planned, pack, captured, clock)
        with clock.phase("base"):
            before = base.capture()
        with clock.phase("comparison"):
            from perpetual.offline import analysis  # noqa: PLC0415 - loads gRPC after the forks
            from perpetual.offline.revisions import comparison  # noqa: PLC0415 - loads the graph

            judged = analysis.judge(other, before, options.seconds)
            entries = comparison.compare(
                comparison.Side(capture=before, root=base.revision.root, judgement=judged),
                comparison.Side(
                    capture=captured, root=planned.project.root, judgement=report.judgement
                ),
            )
    return replace(report, seconds=clock.total()), comparison.Comparison(
        base=base.revision.label, commit=base.revision.commit, entries=tuple(entries)
    )


def _identity(base: Base, head: Identity) -> Identity:
    """Return what the pack is told about the base: its own name and settings, the head's rules."""
    found = project.read_project(base.revision.root)
    return replace(head, project=found.name, config=config.load(found, head.stack, ()))
