"""What people and programs see: one screen, one line, one JSON document."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from perpetual.status import document, read, screen
from perpetual.status.health import health
from perpetual.status.model import Health, Verdict, Weight
from tests.status.given import (
    NOW,
    Answers,
    Recorded,
    alarm,
    deployment,
    group,
    healthy,
    host,
    launched,
    minutes,
    refusal,
    service,
    stack,
    stopped,
    task,
)

SCHEMA = json.loads(Path(document.__file__).with_name("schema.json").read_text())


def seen(answers: Answers) -> Health:
    """Return how the stack is with these answers."""
    return health(read.snapshot(Recorded(answers), stack(), NOW))


def lines(found: Health) -> list[str]:
    """Return the screen as plain lines."""
    return ["".join(piece for _, piece in line).rstrip() for line in screen.to_lines(found)]


def troubled() -> Answers:
    """Return answers about a stack in which everything is in motion."""
    answers = healthy()
    rolling = deployment(43, rolloutState="IN_PROGRESS", runningCount=1, createdAt=minutes(1))
    before = deployment(42, status="ACTIVE", runningCount=2)
    answers["ecs", "DescribeServices"] = {"services": [service(rolling, before, pendingCount=1)]}
    gone = stopped(9, 2, "Essential container in task exited")
    answers["ecs", "ListTasks"] = {"taskArns": [gone["taskArn"]]}
    answers["ecs", "DescribeTasks"] = {
        "tasks": [task(1), task(2, group="family:migrate", lastStatus="PENDING"), gone]
    }
    answers["ecs", "DescribeContainerInstances"] = {
        "containerInstances": [host(0), host(1, agentConnected=False), host(2, status="DRAINING")]
    }
    answers["autoscaling", "DescribeAutoScalingGroups"] = {
        "AutoScalingGroups": [
            group(launched(0, HealthStatus="Unhealthy"), launched(7, LifecycleState="Pending"))
        ]
    }
    answers["cloudwatch", "DescribeAlarms"] = {
        "MetricAlarms": [
            alarm("service-cpu"),
            alarm("target-errors", "ALARM"),
            alarm("database-cpu", "INSUFFICIENT_DATA"),
        ]
    }
    answers["acm", "DescribeCertificate"] = refusal("DescribeCertificate")
    return answers


def test_the_screen_of_a_healthy_stack() -> None:
    """The verdict first, then all parts."""
    shown = lines(seen(healthy()))
    assert shown[0] == "prod  is healthy   123456789012 eu-west-1   2026-11-29 10:00:00 UTC"
    assert shown[1] == "  https://app.example.com"
    heads = [line.split("  ")[0].strip() for line in shown[3:] if not line.startswith("   ")]
    assert [head for head in heads if head] == [
        "release",
        "service",
        "deployment",
        "tasks",
        "hosts",
        "database",
        "certificate",
        "alarms",
    ]
    text = "\n".join(shown)
    for words in (
        "3 wanted, 3 running, 3 healthy; stable",
        "perpetual-prod-web:42  completed, 3 of 3 running, begun 2 h 1 min ago",
        "3 in eu-west-1a, eu-west-1b, eu-west-1c",
        "3, 3 wanted (3 to 6); none reports a full disk",
        "agent 1.108.2",
        "CPU 1536/2048",
        "RAM 2788/3684 MiB free",
        "available  db.m7g.large  postgres 17.6  Multi-AZ  100 GiB, 61 GiB free",
        "rds-ca-rsa2048-g1 until 2061-05-25",
        "app.example.com  issued until 2027-03-01 (92 d)",
        "2 ok, 0 firing, 0 without data",
    ):
        assert words in text
    assert len(shown) < 40


def test_the_screen_of_a_stack_in_motion() -> None:
    """Reasons stand before what they are about, and each part shows its own."""
    shown = lines(seen(troubled()))
    assert shown[0].startswith("prod  is unhealthy")
    weights = [
        line.split()[0] for line in shown[2 : shown.index("")] if not line.startswith("    ")
    ]
    assert weights == sorted(weights, key=["fault", "unread", "note"].index)
    assert set(weights) == {"fault", "unread", "note"}
    text = "\n".join(shown)
    for words in (
        "  before     perpetual-prod-web:42  completed, 2 of 3 running",
        "1 starting",
        "pending, one-off",
        "agent lost",
        "draining",
        "active, unhealthy",
        "joining",
        "certificate  could not be read",
        "1 ok, 1 firing, 1 without data",
    ):
        assert words in text, text
    assert "none reports a full disk" not in text


def test_days_are_utc() -> None:
    """As the moment in the first line is, whatever zone boto3 found this machine in."""
    answers = healthy()
    there = timezone(timedelta(hours=5))
    until = datetime(2027, 2, 28, 22, tzinfo=UTC).astimezone(there)
    described = answers["acm", "DescribeCertificate"]
    assert isinstance(described, dict)
    described["Certificate"] |= {"NotAfter": until}
    shown = "\n".join(lines(seen(answers)))
    assert "issued until 2027-02-28" in shown


def test_the_screen_of_a_stack_without_anything_yet() -> None:
    """No deployment, task, host or alarm; the database is being made, and says little."""
    answers = healthy()
    nothing = {"desiredCount": 0, "runningCount": 0, "deployments": [], "events": []}
    made = {"DBInstanceIdentifier": "perpetual-prod-postgres", "DBInstanceStatus": "creating"}
    answers |= {
        ("ecs", "DescribeServices"): {"services": [service() | nothing]},
        ("ecs", "ListServiceDeployments"): {"serviceDeployments": []},
        ("ecs", "ListTasks"): {"taskArns": []},
        ("ecs", "ListContainerInstances"): {"containerInstanceArns": []},
        ("autoscaling", "DescribeAutoScalingGroups"): {"AutoScalingGroups": [group()]},
        ("elbv2", "DescribeTargetHealth"): {"TargetHealthDescriptions": []},
        ("rds", "DescribeDBInstances"): {"DBInstances": [made]},
        ("cloudwatch", "GetMetricData"): {"MetricDataResults": []},
        ("cloudwatch", "DescribeAlarms"): {"MetricAlarms": []},
    }
    found = seen(answers)
    assert found.verdict is Verdict.UNHEALTHY
    assert not [reason for reason in found.reasons if reason.weight is Weight.UNREAD]
    text = "\n".join(lines(found))
    for words in (
        "the service wants no task, so nothing serves",
        "no host takes tasks",
        "primary perpetual-prod-postgres is creating",
        "no alarm watches this stack",
        "0 wanted, 0 running, 0 healthy; not stable",
    ):
        assert words in text
    jsonschema.validate(document.document(found), SCHEMA)


def test_what_steers_a_terminal_is_shown_and_does_not() -> None:
    """Reasons of tasks come from what ran in them."""
    text = _told_of_a_task_stopped_for("\x1b[2Jowned")
    assert "\x1b" not in text
    assert "\\x1b[2Jowned" in text


def test_a_reason_of_several_lines_keeps_to_its_place() -> None:
    """What a release wrote as it failed must not look like a line of the screen's own."""
    text = _told_of_a_task_stopped_for("failed\nalarms       all ok")
    assert "\n          alarms       all ok" in text
    assert "\nalarms       all ok" not in text


def _told_of_a_task_stopped_for(reason: str) -> str:
    answers = healthy()
    found = stopped(9, 2, reason)
    answers["ecs", "ListTasks"] = {"taskArns": [found["taskArn"]]}
    answers["ecs", "DescribeTasks"] = {"tasks": [found]}
    return "\n".join(lines(seen(answers)))


def test_one_line_says_what_matters_and_no_time() -> None:
    """So that two looks differ only where something changed."""
    found = screen.summary(seen(healthy()))
    assert found == (
        "prod is healthy; 3 wanted, 3 running, 3 healthy; stable; perpetual-prod-web:42 completed"
    )
    assert screen.summary(seen(troubled())).endswith("in progress; 1 fault; 1 unread")


@pytest.mark.parametrize("answers", [healthy, troubled])
def test_the_document_is_as_its_schema_says(answers: Any) -> None:
    """In either state; and it is all plain JSON."""
    found = seen(answers())
    written = json.loads(document.render(found))
    jsonschema.validate(
        written, SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    assert written["verdict"] == found.verdict
    assert written["at"] == "2026-11-29T10:00:00Z"
    assert "\n" not in document.render(found, indent=None)


def test_a_document_without_any_answer_is_as_its_schema_says() -> None:
    """Every part is null, and a reason says why."""
    found = seen({operation: refusal(operation[1]) for operation in healthy()})
    written = json.loads(document.render(found))
    jsonschema.validate(written, SCHEMA)
    assert written["service"] is None
    assert written["stable"] is None
    assert written["verdict"] == "unknown"
