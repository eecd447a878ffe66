"""Judges changed stacks as the pack does, and says which changes it notices."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Final

from graph import Graph
from perpetual.offline import graphs
from rules import Finding, Level, Rule, catalogue, judge
from tests.mutants.operators import Change, Operator
from tests.mutants.stack import Stack
from tests.support.stacks import captured

STACKS: Final = ("prod", "dev")
FORMS: Final = ("preview", "update")


@dataclass(frozen=True)
class Outcome:
    """What came of one change; `rule` found something new, and refuses if one that refuses did."""

    operator: str
    area: str
    target: str
    why: str
    rule: str
    mandatory: bool
    message: str

    @property
    def label(self) -> str:
        """Return what reports and the table of survivors call the change."""
        return f"{self.operator}: {self.target}"


@cache
def base(name: str, form: str) -> Stack:
    """Return one of the project's own stacks, unchanged."""
    known = form == "update"
    return Stack.holding(name, graphs.resources(captured(name, known=known)), known=known)


@cache
def rules(stack: str) -> dict[Level, list[Rule]]:
    """Return the rules of each level in a stack, nothing configured."""
    return catalogue.select({}, stack)[0]


def findings(stack: Stack) -> list[Finding]:
    """Return what the pack finds in a stack, at any level but disabled."""
    held = rules(stack.name)
    active = [*held[Level.MANDATORY], *held[Level.ADVISORY]]
    return judge(active, Graph.of(stack.resources.values()))


@dataclass(frozen=True)
class Sample:
    """Which changes of each operator to judge: every so many, from one on. At least one is."""

    every: int = 1
    start: int = 0


ALL: Final = Sample()


def changes(stack: Stack, operators: Iterable[Operator], sample: Sample = ALL) -> Iterator[Change]:
    """Yield the changes that the operators make to a stack: a sample of each one's."""
    for item in operators:
        made = list(item.make(stack))
        start = sample.start % max(len(made), 1)
        for target, changed in islice(made, start, None, sample.every):
            yield Change(item, target, changed)


def outcomes(
    name: str, form: str, operators: Iterable[Operator], sample: Sample = ALL
) -> list[Outcome]:
    """Return what comes of the changes to one stack in one form."""
    stack = base(name, form)
    before = {(item.rule, item.message) for item in findings(stack)}
    refusing = {rule.name for rule in rules(name)[Level.MANDATORY]}
    result = []
    for change in changes(stack, operators, sample):
        found = _first(stack, change.stack, before)
        result.append(
            Outcome(
                change.operator.name,
                change.operator.area,
                change.target,
                change.operator.why,
                found.rule if found else "",
                bool(found and found.rule in refusing),
                found.message if found else "",
            )
        )
    return result


def _first(stack: Stack, changed: Stack, before: set[tuple[str, str]]) -> Finding | None:
    """Return the first new finding, of a rule that refuses if there is one.

    One is enough, and the rules about what has changed are asked first: it saves half the time.
    """
    graph = Graph.of(changed.resources.values())
    touched = {
        item.type
        for one, other in ((stack, changed), (changed, stack))
        for urn, item in one.resources.items()
        if item is not other.resources.get(urn)
    }
    for level in (Level.MANDATORY, Level.ADVISORY):
        ordered = sorted(
            rules(changed.name)[level], key=lambda rule: touched.isdisjoint(rule.types)
        )
        for rule in ordered:
            for finding in judge([rule], graph):
                if (finding.rule, finding.message) not in before:
                    return finding
    return None
