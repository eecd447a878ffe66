"""Rules on log groups, and on who may write to them."""

from collections.abc import Iterator
from typing import Final

from graph import UNKNOWN
from rules.policies import public
from rules.rule import Level, Rule, Severity
from rules.subject import (
    Fault,
    Subject,
    names,
    number,
    per_document,
    rule,
    unknown,
)

LOG_GROUP: Final = "aws:cloudwatch/logGroup:LogGroup"
RESOURCE_POLICY: Final = "aws:cloudwatch/logResourcePolicy:LogResourcePolicy"
DESTINATION_POLICY: Final = "aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy"
SUBSCRIPTION: Final = "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter"
METRIC_FILTER: Final = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
_LOGS: Final = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/"
_STANDARD: Final = (None, "", "STANDARD")


def _kept(subject: Subject) -> Iterator[Fault]:
    value, least = subject.at("retentionInDays"), subject.thresholds.log_days
    if value is UNKNOWN:
        yield unknown("retentionInDays")
    elif not (number(value) or 0) > 0:
        yield Fault("keeps its events for ever", "retentionInDays")
    elif (number(value) or 0) < least:
        yield Fault(f"keeps its events for less than {least} days", "retentionInDays")


def _class(subject: Subject) -> Iterator[Fault]:
    kind = subject.at("logGroupClass")
    if kind in _STANDARD:
        return
    users = [
        *subject.peers("logGroup", SUBSCRIPTION),
        *subject.peers("logGroupName", METRIC_FILTER),
    ]
    for other in users:
        if kind is UNKNOWN:
            yield unknown("logGroupClass")
        else:
            label = subject.graph.label(other.urn)
            yield Fault(f"is of class {kind}, which cannot have {label}", "logGroupClass")


def _open(subject: Subject) -> Iterator[Fault]:
    path = "policyDocument" if subject.type == RESOURCE_POLICY else "accessPolicy"
    yield from per_document(path, test=public)(subject)


RETAINED: Final = rule(
    _kept,
    LOG_GROUP,
    name="logs-retention",
    title="Log groups say how long they keep events",
    severity=Severity.LOW,
    why="For ever is the default: the bill grows, and so does what a leak holds",
    fix="set retention_in_days",
    url=f"{_LOGS}Working-with-log-groups-and-streams.html",
    controls=("FSBP CloudWatch.16",),
)
ENCRYPTED: Final = rule(
    names("kmsKeyId", "is not encrypted with a key of the stack"),
    LOG_GROUP,
    name="logs-encrypted",
    title="Log groups are encrypted with a key of the stack",
    severity=Severity.LOW,
    why="Who reads the log can then be told, and stopped, by the key",
    fix="set kms_key_id",
    url=f"{_LOGS}encrypt-log-data-kms.html",
    level=Level.ADVISORY,
)
CLASS: Final = rule(
    _class,
    LOG_GROUP,
    name="logs-class-fits",
    title="Log groups are of a class that can do what is asked of them",
    severity=Severity.MEDIUM,
    why="Only the standard class has subscriptions and metric filters; AWS refuses them",
    fix="set log_group_class to STANDARD, at creation",
    url=f"{_LOGS}CloudWatch_Logs_Log_Classes.html",
)
CLOSED: Final = rule(
    _open,
    RESOURCE_POLICY,
    DESTINATION_POLICY,
    name="logs-not-public",
    title="Policies of logs name whom they let in",
    severity=Severity.HIGH,
    why="Everybody may write to the logs, and so hide in them, or fill them",
    fix="name services with aws:SourceAccount, or accounts",
    url=f"{_LOGS}iam-access-control-overview-cwl.html",
)

RULES: Final[tuple[Rule, ...]] = (RETAINED, ENCRYPTED, CLASS, CLOSED)
