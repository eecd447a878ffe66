"""Exceptions applied: which findings they silence, and which of them are findings themselves.

An exception silences one rule on the resources it names, in the stacks it names, until a day. One
that is at fault (it has expired, it is too broad) silences nothing, so that no fault in it hides
another one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from graph import Graph
from rules.catalogue import CATALOGUE, LAWS, text
from rules.exemption import FILE, Exemption, Problem, has_literal, has_wildcard, parse
from rules.rule import Finding, Rule, Severity
from rules.thresholds import DEFAULTS, Thresholds

NAME: Final = "exceptions"
"""The id under which faults of exceptions are found. It can itself not be excepted."""
_LAWS: Final = frozenset(law.name for law in LAWS)


@dataclass(frozen=True)
class Excepted:
    """A finding, and the exception that silences it."""

    finding: Finding
    exemption: Exemption

    @property
    def text(self) -> str:
        """Return both as the pack reports them."""
        return f"{text(self.finding)}\n{self.exemption.text}"


@dataclass(frozen=True, kw_only=True)
class Applied:
    """Findings after exceptions: those that stand, those that do not, and those about them."""

    kept: tuple[Finding, ...]
    excepted: tuple[Excepted, ...]
    findings: tuple[Finding, ...]


def known() -> dict[str, Rule]:
    """Return the rules that an exception can be for, by id."""
    return {rule.name: rule for rule in (*LAWS, *CATALOGUE)}


def apply(  # noqa: PLR0913 - what exceptions depend on is all there is to say about them
    source: str | bytes,
    findings: Iterable[Finding],
    graph: Graph,
    *,
    stack: str,
    today: date,
    thresholds: Thresholds = DEFAULTS,
) -> Applied:
    """Return the findings on a stack after the exceptions of a file's text are applied.

    Findings about no resource, such as that a rule failed, stand whatever is excepted.
    """
    given = list(findings)
    exemptions, problems = parse(source, known())
    sound = []
    for item in exemptions:
        problem = _shape(item, today, thresholds) or (
            _state(item, given, graph, today, thresholds) if item.names(stack) else None
        )
        if problem:
            problems.append(problem)
        elif item.names(stack):
            sound.append(item)
    by_rule: dict[str, list[Exemption]] = {}
    for item in sound:
        by_rule.setdefault(item.rule, []).append(item)
    kept, excepted = [], []
    for finding in given:
        exemption = _for(finding, by_rule.get(finding.rule, ()), graph)
        if exemption:
            excepted.append(Excepted(finding, exemption))
        else:
            kept.append(finding)
    return Applied(
        kept=tuple(kept),
        excepted=tuple(excepted),
        findings=tuple(_finding(problem) for problem in problems),
    )


def _shape(item: Exemption, today: date, thresholds: Thresholds) -> Problem | None:
    """Return what is wrong with an exception whatever the stack: it says too little, too long."""
    for key, pattern in (("stack", item.stack), ("resource", item.resource)):
        if not has_literal(pattern):
            says = f"covers every {key}, by {pattern!r}"
            return _problem(item, says, f"name the {key}, or a part of it that tells it apart")
        if item.rule in _LAWS and has_wildcard(pattern):
            says = f"has the pattern {pattern!r} as {key}, and {item.rule} is a law"
            return _problem(item, says, f"name the one {key}: a law has no exception by pattern")
    days = (item.expires - today).days
    if days > thresholds.exception_days:
        says = f"expires on {item.expires}, in {days} days"
        fix = f"let it end within {thresholds.exception_days} days, and renew it then"
        return _problem(item, says, fix)
    return None


def _state(
    item: Exemption, findings: Sequence[Finding], graph: Graph, today: date, thresholds: Thresholds
) -> Problem | None:
    """Return what is wrong with an exception in a stack that it names."""
    if item.expires < today:
        says = f"expired on {item.expires}, and no longer holds"
        return _problem(item, says, "do what its rule demands, or have its owner renew it")
    silenced = {finding.resource for finding in findings if _for(finding, [item], graph)}
    if not silenced:
        says = "is not used: there is no such finding"
        return _problem(item, says, "remove it")
    types = known()[item.rule].types
    covered = silenced | {
        resource.urn for resource in graph.index.of(*types) if item.covers(resource.name)
    }
    if len(covered) > thresholds.exception_resources:
        says = f"covers {len(covered)} resources, and may cover {thresholds.exception_resources}"
        return _problem(item, says, "name fewer resources, or change the rule's level")
    return None


def _for(finding: Finding, exemptions: Iterable[Exemption], graph: Graph) -> Exemption | None:
    """Return the first of these exceptions that silences a finding."""
    if not finding.resource:
        return None
    resource = graph.index.by_urn.get(finding.resource)
    name = resource.name if resource else finding.resource.split("::", 3)[-1]
    return next(
        (item for item in exemptions if item.rule == finding.rule and item.covers(name)), None
    )


def _problem(item: Exemption, says: str, fix: str) -> Problem:
    about = f"{item.rule} on {item.resource} in {item.stack}"
    return Problem(f"exception {item.number} ({about}) {says}", f"{FILE}, line {item.line}", fix)


def _finding(problem: Problem) -> Finding:
    return Finding(NAME, Severity.HIGH, "", problem.says, (problem.where,), problem.fix)
