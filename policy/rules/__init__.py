"""The rules of the pack: small pure functions from the graph to findings."""

from rules.catalogue import CATALOGUE, LAWS
from rules.exposure import NO_PUBLIC_RDS
from rules.rule import Finding, Level, Rule, Severity, judge
from rules.segregation import SEGREGATED_SUBNETS
from rules.tls import TLS_ONLY_POSTGRES

__all__ = [
    "CATALOGUE",
    "LAWS",
    "NO_PUBLIC_RDS",
    "SEGREGATED_SUBNETS",
    "TLS_ONLY_POSTGRES",
    "Finding",
    "Level",
    "Rule",
    "Severity",
    "judge",
]
