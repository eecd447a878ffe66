"""The outcome for a stack: every rule of the pack over one graph, by what a finding does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from graph import Graph
from rules import catalogue, configuration, exceptions
from rules.exceptions import Excepted
from rules.rule import Finding, Level, judge


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What refuses a stack, what is only advice, and what exceptions silence; levels by rule."""

    refused: tuple[Finding, ...]
    advised: tuple[Finding, ...]
    excepted: tuple[Excepted, ...]
    levels: Mapping[str, Level]


def stack_of(graph: Graph) -> str:
    """Return the stack's name, which is in every URN; empty where there is none.

    URNs read `urn:pulumi:<stack>::<project>::<type>::<name>`:
    https://www.pulumi.com/docs/iac/concepts/resources/names/#urns
    """
    for urn in graph.index.by_urn:
        parts = urn.split("::", 1)[0].split(":", 2)
        if parts[:2] == ["urn", "pulumi"]:
            return parts[2]
    return ""


def outcome(
    graph: Graph,
    configured: Mapping[str, object] | None = None,
    *,
    exempt: str | bytes = "",
    today: date | None = None,
) -> Outcome:
    """Return the outcome of all rules.

    `configured` holds the properties of the pack's configuration, `exempt` is the text of the file
    of exceptions, `today` is by default the day in UTC.
    """
    read = configuration.read(configured or {})
    stack = stack_of(graph)
    rules, wrong = catalogue.select(read.rules, stack, read.thresholds)
    levels = {rule.name: level for level, listed in rules.items() for rule in listed}
    found = judge([*rules[Level.MANDATORY], *rules[Level.ADVISORY]], graph, read.thresholds)
    day = today or datetime.now(tz=UTC).date()
    applied = exceptions.apply(
        exempt, found, graph, stack=stack, today=day, thresholds=read.thresholds
    )
    advised = [item for item in applied.kept if levels.get(item.rule) is Level.ADVISORY]
    refused = [item for item in applied.kept if levels.get(item.rule) is not Level.ADVISORY]
    return Outcome(
        refused=(*read.findings, *wrong, *applied.findings, *refused),
        advised=tuple(advised),
        excepted=applied.excepted,
        levels=levels,
    )
