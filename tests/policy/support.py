"""From a captured program to the graph, in preview form or update form, and to its findings."""

from collections.abc import Callable, Iterable

from graph import Graph
from perpetual.offline import capture as offline
from perpetual.offline import graphs
from perpetual.offline.capture import Capture
from rules import LAWS, Finding, Rule, judge

Program = Callable[[], object]

PREVIEW, UPDATE = "preview", "update"
FORMS = (PREVIEW, UPDATE)
"""Whether ids are unknown, as before a first `up`, or known, as after it."""


def captured(program: Program, *, known: bool = False) -> Capture:
    """Return what `program` registers in preview form, or update form if `known`."""
    return offline.capture(
        program, project="laws", stack="test", config={}, invokes={}, known=known
    )


def graph_of(capture: Capture) -> Graph:
    """Return the graph of a captured program; ids are known if the capture invented them."""
    return graphs.of(capture)


def findings(program: Program, form: str, rules: Iterable[Rule] = LAWS) -> list[Finding]:
    """Return what the laws find in `program`."""
    return judge(rules, graph_of(captured(program, known=form == UPDATE)))
