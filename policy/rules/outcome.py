"""The outcome for a stack: every rule of the pack over one graph, by what a finding does."""

from collections.abc import Mapping
from dataclasses import dataclass

from graph import Graph
from rules import catalogue, configuration
from rules.rule import Finding, Level, judge


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What refuses a stack, and what is only advice."""

    refused: tuple[Finding, ...]
    advised: tuple[Finding, ...]


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


def outcome(graph: Graph, configured: Mapping[str, object] | None = None) -> Outcome:
    """Return the outcome of all rules; `configured` holds the properties of the configuration."""
    read = configuration.read(configured or {})
    rules, wrong = catalogue.select(read.rules, stack_of(graph), read.thresholds)
    return Outcome(
        refused=(
            *read.findings,
            *wrong,
            *judge(rules[Level.MANDATORY], graph, read.thresholds),
        ),
        advised=tuple(judge(rules[Level.ADVISORY], graph, read.thresholds)),
    )
