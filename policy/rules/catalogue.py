"""Every rule of the pack: the three laws and the catalogue, and which of them are on.

A rule's own level applies unless the pack's configuration gives it another one. Rules that are
right for what must last and wrong for a stack made to be thrown away, such as protection from
deletion, are mandatory in production and off elsewhere: advice that everybody learns to overlook
hides the advice that matters.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

from rules import (
    balancer,
    balancer_limits,
    certificates,
    cidr_limits,
    deployments,
    dns,
    document_sizes,
    documents,
    ecr,
    ecs,
    ecs_capacity,
    ecs_fargate,
    ecs_fit,
    ecs_limits,
    ecs_service,
    edge,
    escalation,
    fleet,
    hosts,
    iam,
    identities,
    kms,
    logs,
    names,
    network,
    parameters,
    plain_secrets,
    protection,
    queues,
    rds,
    rds_cluster,
    rds_fit,
    rds_names,
    rds_storage,
    rds_windows,
    reachable,
    rollout_time,
    s3,
    secrets_manager,
    security_groups,
    separation,
    signals,
    strangers,
    tags,
)
from rules.exposure import NO_PUBLIC_RDS
from rules.rule import Finding, Level, Rule, Severity
from rules.segregation import SEGREGATED_SUBNETS
from rules.thresholds import DEFAULTS, Thresholds
from rules.tls import TLS_ONLY_POSTGRES

LAWS: Final = (SEGREGATED_SUBNETS, NO_PUBLIC_RDS, TLS_ONLY_POSTGRES)
"""The three laws; a stack that breaks one must not be deployed, whatever is configured."""
CATALOGUE: Final[tuple[Rule, ...]] = (
    *rds.RULES,
    *security_groups.RULES,
    *balancer.RULES,
    *ecs.RULES,
    *ecs_service.RULES,
    *deployments.RULES,
    *s3.RULES,
    *ecr.RULES,
    *kms.RULES,
    *logs.RULES,
    *parameters.RULES,
    *queues.RULES,
    *plain_secrets.RULES,
    *secrets_manager.RULES,
    *iam.RULES,
    *separation.RULES,
    *identities.RULES,
    *escalation.RULES,
    *document_sizes.RULES,
    *documents.RULES,
    *strangers.RULES,
    *hosts.RULES,
    *fleet.RULES,
    *network.RULES,
    *reachable.RULES,
    *signals.RULES,
    *rds_cluster.RULES,
    *rds_names.RULES,
    *rds_windows.RULES,
    *rds_storage.RULES,
    *rds_fit.RULES,
    *ecs_limits.RULES,
    *ecs_fargate.RULES,
    *ecs_fit.RULES,
    *ecs_capacity.RULES,
    *rollout_time.RULES,
    *balancer_limits.RULES,
    *edge.RULES,
    *certificates.RULES,
    *dns.RULES,
    *names.RULES,
    *cidr_limits.RULES,
    *tags.RULES,
    *protection.RULES,
)
CONFIGURATION: Final = "configuration"
"""The id under which mistakes in the pack's configuration are found."""
_LEVELS: Final = {level.value: level for level in Level}
_LAWS: Final = frozenset(rule.name for rule in LAWS)
_RULES: Final = {rule.name: rule for rule in (*LAWS, *CATALOGUE)}


def select(
    configured: object, stack: str = "", thresholds: Thresholds = DEFAULTS
) -> tuple[dict[Level, list[Rule]], list[Finding]]:
    """Return the rules of each level in a stack, and what is wrong with the configuration.

    `configured` maps rule ids to levels. What it says wrongly is a finding, and the rule keeps its
    level: a typing error switches nothing off. A law stays mandatory everywhere, and so does in
    production whatever is mandatory there: only exceptions silence that.
    """
    lasting = is_production(stack, thresholds)
    levels = {rule.name: own_level(rule, lasting=lasting) for rule in (*LAWS, *CATALOGUE)}
    findings = []
    if not isinstance(configured, Mapping):
        findings.append(wrong(f"rules is no object of rule ids and levels: {configured!r}"))
        configured = {}
    for name, level in configured.items():
        fault = _fault(name, level, levels, stack if lasting else "")
        if fault:
            findings.append(wrong(fault))
        else:
            levels[name] = _LEVELS[level]
    rules: dict[Level, list[Rule]] = {level: [] for level in Level}
    for rule in (*LAWS, *CATALOGUE):
        rules[levels[rule.name]].append(rule)
    return rules, findings


def own_level(rule: Rule, *, lasting: bool) -> Level:
    """Return a rule's level where nothing is configured; `lasting` tells of a production stack."""
    return rule.production if lasting and rule.production else rule.level


def is_production(stack: str, thresholds: Thresholds = DEFAULTS) -> bool:
    """Return whether a stack of this name must last."""
    return any(fnmatchcase(stack, pattern) for pattern in thresholds.production)


def _fault(name: object, level: object, levels: Mapping[str, Level], lasting: str) -> str:
    """Return what is wrong with one entry, or nothing."""
    if not isinstance(name, str) or name not in levels:
        return f"there is no rule {name!r} to set to {level!r}"
    if not isinstance(level, str) or level not in _LEVELS:
        return f"rule {name} cannot be {level!r}, only {', '.join(_LEVELS)}"
    lowers = levels[name] is Level.MANDATORY and level != Level.MANDATORY
    if lowers and name in _LAWS:
        return f"law {name} cannot be {level}: it is mandatory everywhere"
    if lowers and lasting:
        return f"rule {name} cannot be {level} in {lasting}: it is mandatory in production"
    return ""


def text(finding: Finding) -> str:
    """Return a finding as the pack reports it: the rule and its severity, then the finding."""
    rule = _RULES.get(finding.rule)
    controls = f"\ncontrols: {', '.join(rule.controls)}" if rule and rule.controls else ""
    see = f"\nsee: {rule.url}" if rule else ""
    return f"{finding.rule} ({finding.severity}): {finding.text}{controls}{see}"


def wrong(message: str) -> Finding:
    """Return the finding that says what is wrong with the pack's configuration."""
    return Finding(
        CONFIGURATION,
        Severity.HIGH,
        "",
        message,
        ("configuration of the policy pack", "policy stack"),
        "correct the configuration of the policy pack (docs/policy.md lists rules and figures); "
        "where a rule has to be silent, make an exception",
    )
