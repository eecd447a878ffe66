"""The catalogue: every rule beside the laws, and which of them are on.

A rule's own level applies unless the pack's configuration gives it another one. Rules that are
right for what must last and wrong for a stack made to be thrown away, such as protection from
deletion, are off until a stack's configuration switches them on: advice that everybody learns to
overlook hides the advice that matters.
"""

from collections.abc import Mapping
from typing import Final

from rules import balancer, ecs, ecs_service, hosts, iam, rds, security_groups, storage
from rules.rule import Finding, Level, Rule, Severity

NAME: Final = "catalogue"
ADVICE: Final = "catalogue-advice"

CATALOGUE: Final[tuple[Rule, ...]] = (
    *rds.RULES,
    *security_groups.RULES,
    *balancer.RULES,
    *ecs.RULES,
    *ecs_service.RULES,
    *storage.RULES,
    *iam.RULES,
    *hosts.RULES,
)
_LEVELS: Final = {level.value: level for level in Level}
_BY_NAME: Final = {rule.name: rule for rule in CATALOGUE}


def select(configured: object) -> tuple[dict[Level, list[Rule]], list[Finding]]:
    """Return the rules of each level, and what is wrong with the configuration.

    `configured` maps rule ids to levels. What it says wrongly is a finding, and the rule keeps its
    own level: a typing error switches nothing off.
    """
    levels = {rule.name: rule.level for rule in CATALOGUE}
    findings = []
    if not isinstance(configured, Mapping):
        findings.append(_wrong(f"rules is no object of rule ids and levels: {configured!r}"))
        configured = {}
    for name, level in configured.items():
        if name not in _BY_NAME:
            findings.append(_wrong(f"there is no rule {name!r} to set to {level!r}"))
        elif level not in _LEVELS:
            findings.append(_wrong(f"rule {name} cannot be {level!r}, only {', '.join(_LEVELS)}"))
        else:
            levels[name] = _LEVELS[level]
    rules: dict[Level, list[Rule]] = {level: [] for level in Level}
    for rule in CATALOGUE:
        rules[levels[rule.name]].append(rule)
    return rules, findings


def text(finding: Finding) -> str:
    """Return a finding as the pack reports it: the rule and its severity, then the finding."""
    rule = _BY_NAME.get(finding.rule)
    controls = f"\ncontrols: {', '.join(rule.controls)}" if rule and rule.controls else ""
    see = f"\nsee: {rule.url}" if rule else ""
    return f"{finding.rule} ({finding.severity}): {finding.text}{controls}{see}"


def _wrong(message: str) -> Finding:
    return Finding(
        NAME,
        Severity.HIGH,
        "",
        message,
        (f"policy {NAME}", "rules"),
        "correct the configuration of the policy pack; docs/policy.md lists the rules",
    )
