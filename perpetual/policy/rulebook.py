"""The rules as people look them up: which there are, what one demands, how far they reach."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from perpetual.errors import OperatorError
from perpetual.offline.reports.text import Line
from rules import CATALOGUE, LAWS, Level, Rule, Severity

RULES = (*LAWS, *CATALOGUE)
_COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which rules to list: of a severity, about a type, mapped to a control; `None` for all.

    `type` is part of a type token, `control` the start of a control's name, in any case.
    """

    severity: str | None = None
    type: str | None = None
    control: str | None = None

    def __call__(self, rule: Rule) -> bool:
        """Tell whether a rule is wanted."""
        return (
            (self.severity is None or rule.severity == self.severity)
            and (self.type is None or any(self.type.lower() in item.lower() for item in rule.types))
            and (self.control is None or any(_named(self.control, item) for item in rule.controls))
        )


def _named(wanted: str, control: str) -> bool:
    """Tell whether `RDS.2` or `FSBP RDS.2` or `FSBP` names a control, and not `RDS.23`."""
    name, given = control.lower().split(), wanted.lower().split()
    return given in (name, name[:1], name[1:])


def chosen(wanted: Filter) -> list[Rule]:
    """Return the rules that a filter lets through; raise `OperatorError` where it is misspelt."""
    if wanted.severity is not None and wanted.severity not in list(Severity):
        accepted = ", ".join(Severity)
        message = f"there is no severity {wanted.severity!r}"
        raise OperatorError(message, hint=f"Give one of {accepted}.")
    return [rule for rule in RULES if wanted(rule)]


def find(name: str) -> Rule:
    """Return the rule of this id; raise `OperatorError` with the nearest one otherwise."""
    by_name = {rule.name: rule for rule in RULES}
    if name in by_name:
        return by_name[name]
    near = difflib.get_close_matches(name, by_name, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else "`perpetual policy list` names all."
    raise OperatorError(f"there is no rule {name!r}", hint=hint)


def listed(rules: Sequence[Rule]) -> Iterator[Line]:
    """Yield the rules as a table, area by area."""
    width = max((len(rule.name) for rule in rules), default=0)
    for area in dict.fromkeys(map(area_of, rules)):
        yield (("bold cyan", area),)
        for rule in rules:
            if area_of(rule) == area:
                yield (
                    ("", "  "),
                    ("bold", f"{rule.name:<{width}}"),
                    (_COLOURS[rule.severity], f"  {rule.severity:<8}"),
                    ("", f"  {levels(rule):<24}"),
                    ("", f"  {rule.title}"),
                )
        yield ()
    yield (("bold", f"{len(rules)} of {len(RULES)} rules"),)


def explained(rule: Rule) -> Iterator[Line]:
    """Yield everything that is to be said about one rule."""
    yield (("bold", rule.name), ("", f": {rule.title}"))
    for label, text in _facts(rule):
        yield (("bold", f"{label:<10}"), ("", text))


def _facts(rule: Rule) -> Iterator[tuple[str, str]]:
    yield "what", rule.description
    yield "why", f"{rule.why.rstrip('.')}."
    yield "severity", rule.severity
    yield "level", levels(rule)
    yield "types", ", ".join(rule.types) or "the whole stack"
    yield "controls", ", ".join(rule.controls) or "none"
    yield "fix", rule.remediation
    yield "see", rule.url


def levels(rule: Rule) -> str:
    """Return what a rule does, and in production stacks where that differs."""
    if rule.production in (None, rule.level):
        return rule.level
    return f"{rule.level}, {rule.production} in production"


def area_of(rule: Rule) -> str:
    """Return the area of a rule: `laws`, or what its id begins with."""
    return "laws" if rule in LAWS else rule.name.partition("-")[0]


def entry(rule: Rule) -> dict[str, Any]:
    """Return a rule as JSON shows it."""
    return {
        "rule": rule.name,
        "area": area_of(rule),
        "title": rule.title,
        "what": rule.description,
        "why": rule.why,
        "severity": rule.severity.value,
        "level": rule.level.value,
        "production": (rule.production or rule.level).value,
        "types": list(rule.types),
        "controls": list(rule.controls),
        "fix": rule.remediation,
        "url": rule.url,
    }


def summary(rules: Sequence[Rule]) -> dict[str, int]:
    """Return how many rules there are of each level."""
    return {level.value: sum(rule.level is level for rule in rules) for level in Level}
