"""The alarms: what fires when, who hears of it, and what undoes a deployment."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi
import pytest

from components.ecs.alarms import Alarms, AlarmsArgs, topic_policy
from components.ecs.balancer import Balancer, BalancerArgs
from perpetual import contract
from perpetual.offline.capture import UNKNOWN, Capture, Registration, capture
from settings import models

STACK = contract.Stack(name="prod", account="111122223333", region="eu-central-1")
LONG = contract.Stack(name="s" * 30, account="111122223333", region="ap-southeast-2")
KEY = "arn:aws:kms:eu-central-1:111122223333:key/k"
ALARM: Final = "aws:cloudwatch/metricAlarm:MetricAlarm"
TOPIC: Final = "aws:sns/topic:Topic"


@dataclass(frozen=True)
class Database:
    """A database, as far as alarms look at it."""

    identifier: str = "perpetual-prod-postgres"
    replica_identifiers: list[str] = field(
        default_factory=lambda: [
            "perpetual-prod-postgres-replica-1",
            "perpetual-prod-postgres-replica-2",
        ]
    )


def create(
    stack: contract.Stack = STACK,
    database: Database | None = None,
    service: models.Service | None = None,
    *,
    known: bool = False,
    **settings: Any,
) -> Capture:
    """Capture the alarms of a stack, and what they are about; `known` as in an update."""

    def program() -> None:
        balancer = Balancer(
            "balancer",
            BalancerArgs(
                stack=stack,
                settings=models.Balancer(domain="app.example.com", zone_id="Z0123456789ABC"),
                port=5000,
                protect=True,
                vpc_id="vpc-1",
                subnet_ids=["subnet-a", "subnet-b"],
                security_group_id="sg-balancer",
            ),
        )
        alarms = Alarms(
            "alarms",
            AlarmsArgs(
                stack=stack,
                settings=models.Alarms(**settings),
                service=service or models.Service(),
                key_arn=KEY,
                balancer=balancer,
                database=database or Database(),
            ),
        )
        pulumi.export("topicArn", alarms.topic_arn)
        pulumi.export("rollbackNames", alarms.rollback_names)

    return capture(
        program, project="perpetual", stack=stack.name, config={}, invokes={}, known=known
    )


@pytest.fixture(scope="module")
def alarms() -> Capture:
    """Return the alarms of a stack with two replicas and two people."""
    return create(emails=("ops@example.com", "lead@example.com"))


def own(found: Capture) -> list[Registration]:
    """Return the component and its children."""
    return [item for item in found.registrations if item.name.startswith("alarms")]


def test_the_alarms_are_made_of_these_resources_and_no_others(alarms: Capture) -> None:
    """An undeclared resource fails here."""
    component, *children = own(alarms)
    assert Counter(item.type for item in (component, *children)) == {
        "perpetual:ecs:Alarms": 1,
        TOPIC: 1,
        "aws:sns/topicPolicy:TopicPolicy": 1,
        "aws:sns/topicSubscription:TopicSubscription": 2,
        ALARM: 10,
        "aws:cloudwatch/dashboard:Dashboard": 1,
    }
    assert {child.parent for child in children} == {component.urn}
    assert component.urn in alarms.registered_outputs


TABLE: Final = {
    # name: (metric, statistic, comparison, threshold, minutes, missing data)
    "unhealthy-targets": ("UnHealthyHostCount", "Maximum", ">=", 1, 3, "notBreaching"),
    "service-cpu": ("CPUUtilization", "Average", ">", 85, 5, "notBreaching"),
    "service-memory": ("MemoryUtilization", "Average", ">", 170, 5, "notBreaching"),
    "database-cpu": ("CPUUtilization", "Average", ">", 85, 10, "missing"),
    "database-storage": ("FreeStorageSpace", "Minimum", "<", 5 * 2**30, 5, "missing"),
    "database-connections": ("DatabaseConnections", "Maximum", ">", 150, 5, "missing"),
    "replica-1-lag": ("ReplicaLag", "Maximum", ">", 60, 5, "missing"),
    "replica-2-lag": ("ReplicaLag", "Maximum", ">", 60, 5, "missing"),
}
COMPARISONS: Final = {
    ">": "GreaterThanThreshold",
    ">=": "GreaterThanOrEqualToThreshold",
    "<": "LessThanThreshold",
}


@pytest.mark.parametrize(("name", "row"), TABLE.items(), ids=list(TABLE))
def test_an_alarm_on_one_metric_is_as_the_table_says(
    alarms: Capture, name: str, row: tuple[str, str, str, float, int, str]
) -> None:
    """Metric, threshold, time and missing data, one by one."""
    metric, statistic, comparison, threshold, minutes, missing = row
    inputs = alarms.named(f"alarms-{name}").inputs
    assert inputs["name"] == f"perpetual-prod-{name}"
    assert (inputs["metricName"], inputs["statistic"]) == (metric, statistic)
    assert inputs["comparisonOperator"] == COMPARISONS[comparison]
    assert inputs["threshold"] == threshold
    assert (inputs["period"], inputs["evaluationPeriods"], inputs["datapointsToAlarm"]) == (
        60,
        minutes,
        minutes,
    )
    assert inputs["treatMissingData"] == missing
    assert "metricQueries" not in inputs


@pytest.mark.parametrize(
    ("name", "dimensions"),
    [
        ("unhealthy-targets", {"LoadBalancer": UNKNOWN, "TargetGroup": UNKNOWN}),
        (
            "service-memory",
            {"ClusterName": "perpetual-prod", "ServiceName": "perpetual-prod-web"},
        ),
        ("database-storage", {"DBInstanceIdentifier": "perpetual-prod-postgres"}),
        ("replica-2-lag", {"DBInstanceIdentifier": "perpetual-prod-postgres-replica-2"}),
    ],
)
def test_an_alarm_names_what_it_watches(
    alarms: Capture, name: str, dimensions: dict[str, str]
) -> None:
    """A wrong dimension is an alarm that never fires."""
    assert alarms.named(f"alarms-{name}").inputs["dimensions"] == dimensions


@pytest.mark.parametrize(
    ("name", "metric", "total"),
    [
        ("target-errors", "HTTPCode_Target_5XX_Count", "FILL(requests, 0)"),
        (
            "balancer-errors",
            "HTTPCode_ELB_5XX_Count",
            "(FILL(requests, 0) + FILL(errors, 0))",
        ),
    ],
)
def test_an_alarm_on_errors_measures_their_share(
    alarms: Capture, name: str, metric: str, total: str
) -> None:
    """Few requests do not alarm, and minutes without errors count as such."""
    inputs = alarms.named(f"alarms-{name}").inputs
    errors, requests, value = inputs["metricQueries"]
    for query, expected in ((errors, metric), (requests, "RequestCount")):
        assert query["returnData"] is False
        assert query["metric"] == {
            "namespace": "AWS/ApplicationELB",
            "metricName": expected,
            "stat": "Sum",
            "period": 60,
            "dimensions": {"LoadBalancer": UNKNOWN},
        }
    assert (errors["id"], requests["id"]) == ("errors", "requests")
    assert value["returnData"] is True
    assert value["expression"] == f"IF({total} >= 20, 100 * FILL(errors, 0) / {total}, 0)"
    assert (inputs["comparisonOperator"], inputs["threshold"]) == ("GreaterThanThreshold", 5)
    assert (inputs["evaluationPeriods"], inputs["treatMissingData"]) == (3, "notBreaching")
    assert "metricName" not in inputs


def test_thresholds_follow_the_settings() -> None:
    """Each of them, in its own unit."""
    found = create(
        service=models.Service(memory_mib=2000, memory_reservation_mib=1000),
        errors_percent=1,
        cpu_percent=70,
        memory_percent=60,
        storage_free_gib=8,
        connections=40,
        replica_lag_seconds=5,
    )
    thresholds = {item.name: item.inputs["threshold"] for item in found.of_type(ALARM)}
    assert thresholds == {
        "alarms-target-errors": 1,
        "alarms-balancer-errors": 1,
        "alarms-unhealthy-targets": 1,
        "alarms-service-cpu": 70,
        "alarms-service-memory": 120,
        "alarms-database-cpu": 70,
        "alarms-database-storage": 8 * 2**30,
        "alarms-database-connections": 40,
        "alarms-replica-1-lag": 5,
        "alarms-replica-2-lag": 5,
    }


def test_every_alarm_tells_the_topic_when_it_fires_and_when_it_is_over(alarms: Capture) -> None:
    """And says what it is about."""
    (topic_policy_,) = alarms.of_type("aws:sns/topicPolicy:TopicPolicy")
    for alarm in alarms.of_type(ALARM):
        assert alarm.inputs["alarmActions"] == alarm.inputs["okActions"] == [UNKNOWN]
        assert topic_policy_.urn in alarm.property_dependencies["alarmActions"]
        assert alarm.inputs["alarmDescription"].endswith(".")


def test_a_bad_release_is_rolled_back_by_what_users_notice(alarms: Capture) -> None:
    """Names are known at preview, and each is an alarm of this stack."""
    names = alarms.outputs["rollbackNames"]
    assert names == [
        "perpetual-prod-target-errors",
        "perpetual-prod-balancer-errors",
        "perpetual-prod-unhealthy-targets",
    ]
    assert set(names) <= {alarm.inputs["name"] for alarm in alarms.of_type(ALARM)}


def test_the_topic_is_encrypted_and_mails_everybody(alarms: Capture) -> None:
    """With the stack's key, since alarms cannot use the default one."""
    (topic,) = alarms.of_type(TOPIC)
    assert topic.inputs == {
        "name": "perpetual-prod-alarms",
        "kmsMasterKeyId": KEY,
        "signatureVersion": 2,
    }
    subscriptions = alarms.of_type("aws:sns/topicSubscription:TopicSubscription")
    assert [(item.inputs["protocol"], item.inputs["endpoint"]) for item in subscriptions] == [
        ("email", "ops@example.com"),
        ("email", "lead@example.com"),
    ]


def test_only_this_accounts_alarms_may_publish_and_nobody_without_tls(alarms: Capture) -> None:
    """The document is readable at preview."""
    (policy,) = alarms.of_type("aws:sns/topicPolicy:TopicPolicy")
    assert policy.inputs["policy"] == topic_policy(STACK)
    topic = "arn:aws:sns:eu-central-1:111122223333:perpetual-prod-alarms"
    alarm = "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:*"
    assert json.loads(topic_policy(STACK))["Statement"] == [
        {
            "Sid": "Alarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": "111122223333"},
                "ArnLike": {"aws:SourceArn": alarm},
            },
        },
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": topic,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ]


def test_a_database_of_another_stack_is_not_watched_here() -> None:
    """Its own stack has these alarms; two would ring at once."""
    found = create(database=Database("perpetual-shared-postgres", []))
    assert {item.name for item in found.of_type(ALARM)} == {
        "alarms-target-errors",
        "alarms-balancer-errors",
        "alarms-unhealthy-targets",
        "alarms-service-cpu",
        "alarms-service-memory",
    }


def test_names_fit_for_the_longest_stack_name() -> None:
    """Alarm and topic names end at 255 and 256 characters, and none is used twice."""
    names = [item.inputs["name"] for item in create(stack=LONG).of_type(ALARM)]
    assert max(map(len, names)) <= 255
    assert len(set(names)) == len(names)


def test_in_an_update_alarms_and_dashboard_name_this_balancer() -> None:
    """What is unknown at preview is exact once the balancer exists."""
    found = create(known=True)
    (balancer,) = found.of_type("aws:lb/loadBalancer:LoadBalancer")
    suffix = balancer.state["arnSuffix"]
    unhealthy = found.named("alarms-unhealthy-targets").inputs["dimensions"]
    assert unhealthy["LoadBalancer"] == suffix
    dashboard = found.named("alarms-dashboard").inputs
    assert dashboard["dashboardName"] == "perpetual-prod"
    first, *_ = json.loads(dashboard["dashboardBody"])["widgets"]
    assert first["properties"]["metrics"][0] == [
        "AWS/ApplicationELB",
        "RequestCount",
        "LoadBalancer",
        suffix,
    ]
