"""Rules on what tells people: topics, and the metrics of web firewalls."""

from collections.abc import Iterator
from typing import Final

from graph import UNKNOWN
from rules.policies import public
from rules.rule import Level, Rule, Severity
from rules.subject import (
    Fault,
    Subject,
    elements,
    names,
    on,
    per_document,
    rule,
    unknown,
    within,
)

TOPIC: Final = "aws:sns/topic:Topic"
TOPIC_POLICY: Final = "aws:sns/topicPolicy:TopicPolicy"
WEB_ACL: Final = "aws:wafv2/webAcl:WebAcl"
RULE_GROUP: Final = "aws:wafv2/ruleGroup:RuleGroup"


def _metrics(subject: Subject) -> Iterator[Fault]:
    found, faults = elements(subject.at("rules"), "rules")
    yield from faults
    for path, item in [("", subject.resource.properties), *found]:
        where = f"{path}.visibilityConfig.cloudwatchMetricsEnabled".lstrip(".")
        value = within(item, "visibilityConfig.cloudwatchMetricsEnabled")
        if value is UNKNOWN:
            yield unknown(where)
        elif not on(value):
            yield Fault("has a rule without metrics" if path else "has no metrics", where)


NOT_PUBLIC: Final = rule(
    per_document("policy", test=public),
    TOPIC,
    TOPIC_POLICY,
    name="sns-not-public",
    title="Topics are not public",
    severity=Severity.HIGH,
    why="Anybody can raise alarms until nobody looks, or read what they say",
    fix="name accounts or services as principals, or narrow them by aws:SourceAccount",
    url="https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html",
    controls=("FSBP SNS.4", "CIS 2.21"),
)
METRICS: Final = rule(
    _metrics,
    WEB_ACL,
    RULE_GROUP,
    name="waf-metrics",
    title="Rules of web firewalls have metrics",
    severity=Severity.LOW,
    why="A rule that locks customers out, or one that never fires, looks like the others",
    fix="set cloudwatch_metrics_enabled in each visibility_config",
    url="https://docs.aws.amazon.com/waf/latest/developerguide/monitoring-cloudwatch.html",
    controls=("FSBP WAF.12",),
    level=Level.ADVISORY,
)

ENCRYPTED: Final = rule(
    names("kmsMasterKeyId", "stores its messages in plain text"),
    TOPIC,
    name="sns-encrypted",
    title="Topics are encrypted",
    severity=Severity.LOW,
    why="What alarms say of a stack can be read where SNS stores it",
    fix="set kms_master_key_id to a key that the publishers may use",
    url="https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html",
    level=Level.ADVISORY,
)

RULES: Final[tuple[Rule, ...]] = (NOT_PUBLIC, METRICS, ENCRYPTED)
