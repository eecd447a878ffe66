"""From AWS's answers to the verdict: one healthy stack, and one change at a time."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from perpetual.deploy import history, journal
from perpetual.deploy.history import Record, Result
from perpetual.deploy.journal import Journal, Kind, Schema
from perpetual.deploy.outcome import Phase
from perpetual.status import asks, read
from perpetual.status.health import health
from perpetual.status.model import Health, Section, Verdict, Weight
from tests.status.given import (
    DIGEST,
    HERE,
    NOW,
    OLD_DIGEST,
    Answers,
    Recorded,
    alarm,
    deployment,
    event,
    group,
    healthy,
    host,
    instance,
    launched,
    listed,
    minutes,
    parameters,
    refusal,
    rollout,
    service,
    stack,
    stopped,
    target,
    task,
)
from tests.support.stacks import captured


def seen(answers: Answers) -> Health:
    """Return how the stack is with these answers."""
    return health(read.snapshot(Recorded(answers), stack(), NOW))


def said(found: Health, weight: Weight) -> list[str]:
    """Return what reasons of a weight say."""
    return [reason.says for reason in found.reasons if reason.weight is weight]


def test_a_healthy_stack_has_no_reason() -> None:
    """Every section is read, and nothing is to be said."""
    found = seen(healthy())
    assert found.reasons == ()
    assert found.verdict is Verdict.HEALTHY
    assert found.service is not None
    assert found.service.stable
    assert found.release is not None
    assert found.release.digest == DIGEST
    assert found.tasks is not None
    assert {item.health for item in found.tasks} == {"healthy"}
    assert {item.host for item in found.tasks} == {
        host(number)["ec2InstanceId"] for number in range(3)
    }
    assert found.hosts is not None
    assert [(item.cpu.free, item.memory.total) for item in found.hosts.hosts] == [(1536, 3684)] * 3
    assert found.database is not None
    assert [item.role for item in found.database] == ["primary", "replica"]
    assert found.database[0].free == 61 * 1024**3
    assert found.certificate is not None
    assert found.alarms is not None
    assert [item.name for item in found.alarms] == ["service-cpu", "target-errors"]


Change = Callable[[Answers], None]


def services(*deployments: Mapping[str, Any], **changes: Any) -> Change:
    """Answer with another service."""
    said = {"services": [service(*deployments, **changes)]}
    return lambda answers: answers.update({("ecs", "DescribeServices"): said})


def ended(*found: Mapping[str, Any]) -> Change:
    """Answer with stopped tasks."""
    arns = [item["taskArn"] for item in found]
    running = [task(number) for number in (1, 2, 3)]
    known = {item["taskArn"]: item for item in (*found, *running)}

    def change(answers: Answers) -> None:
        answers["ecs", "ListTasks"] = lambda asked: {
            "taskArns": arns
            if asked["desiredStatus"] == "STOPPED"
            else [item["taskArn"] for item in running]
        }
        answers["ecs", "DescribeTasks"] = lambda asked: {
            "tasks": [known[arn] for arn in asked["tasks"]]
        }

    return change


def answered(service_name: str, operation: str, key: str, *items: Mapping[str, Any]) -> Change:
    """Answer one operation with other items."""
    return lambda answers: answers.update({(service_name, operation): {key: list(items)}})


def targets(*items: Mapping[str, Any]) -> Change:
    """Answer with other targets."""
    return answered("elbv2", "DescribeTargetHealth", "TargetHealthDescriptions", *items)


def hosts(*items: Mapping[str, Any]) -> Change:
    """Answer with other hosts in the cluster."""
    return answered("ecs", "DescribeContainerInstances", "containerInstances", *items)


def grouped(*items: Mapping[str, Any], **changes: Any) -> Change:
    """Answer with another group."""
    found = group(*items, **changes)
    return answered("autoscaling", "DescribeAutoScalingGroups", "AutoScalingGroups", found)


def alarms(*items: Mapping[str, Any]) -> Change:
    """Answer with other alarms."""
    return answered("cloudwatch", "DescribeAlarms", "MetricAlarms", *items)


def primary(**changes: Any) -> Change:
    """Answer with another primary of the database."""

    def answer(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        identifier = asked["DBInstanceIdentifier"]
        given = {} if "replica" in identifier else changes
        return {"DBInstances": [instance(identifier, **given)]}

    return lambda answers: answers.update({("rds", "DescribeDBInstances"): answer})


def certificate(**changes: Any) -> Change:
    """Answer with another certificate."""
    found = {"DomainName": "app.example.com", "Status": "ISSUED", **changes}
    return lambda answers: answers.update({("acm", "DescribeCertificate"): {"Certificate": found}})


def rolled(status: str, **changes: Any) -> Change:
    """Answer with another last deployment."""
    found = rollout(status, 30, **changes)

    def change(answers: Answers) -> None:
        answers["ecs", "ListServiceDeployments"] = {"serviceDeployments": [listed(found)]}
        answers["ecs", "DescribeServiceDeployments"] = {"serviceDeployments": [found]}

    return change


def both(*changes: Change) -> Change:
    """Make several changes."""

    def change(answers: Answers) -> None:
        for one in changes:
            one(answers)

    return change


ROLLING = deployment(43, rolloutState="IN_PROGRESS", runningCount=1, createdAt=minutes(1))
BEFORE = deployment(42, status="ACTIVE", runningCount=1, desiredCount=2)
UNPLACEABLE = event("was unable to place a task because no container instance met all of ...", 1)

FAULTS = {
    "no task wanted": (services(desiredCount=0), "wants no task"),
    "deleted": (services(status="INACTIVE"), "it was deleted"),
    "too few": (services(runningCount=2), "2 of 3 tasks serve"),
    "too few healthy": (
        targets(target(1), target(2, "unhealthy", Description="Health checks failed")),
        "1 of 3 tasks serve",
    ),
    "too few while deploying": (
        both(services(ROLLING, BEFORE, runningCount=2), targets(target(1))),
        "at least 2 have to while tasks are moved",
    ),
    "failed tasks": (
        services(deployment(43, rolloutState="IN_PROGRESS", failedTasks=2), runningCount=3),
        "2 tasks of perpetual-prod-web:43 failed",
    ),
    "failed deployment": (
        services(deployment(43, rolloutState="FAILED", rolloutStateReason="circuit breaker")),
        "failed: circuit breaker",
    ),
    "no place": (
        services(runningCount=2, events=[UNPLACEABLE, event("has reached a steady state.", 9)]),
        "unable to place a task",
    ),
    "not rolled back": (
        rolled("ROLLBACK_FAILED", statusReason="why"),
        "could not be rolled back: why",
    ),
    "failing again and again": (
        ended(*(stopped(10 + ago, ago, "Essential container in task exited") for ago in (1, 2, 3))),
        "3 tasks failed in the last hour, the last one 60 s ago",
    ),
    "no hosts": (hosts(host(1, status="DRAINING")), "no host takes tasks"),
    "all agents lost": (
        hosts(host(1, agentConnected=False), host(2, agentConnected=False)),
        "the agent of i-00000000000000001, i-00000000000000002 is not connected",
    ),
    "database down": (primary(DBInstanceStatus="storage-full"), "is storage-full"),
    "authority ends": (
        primary(CertificateDetails={"ValidTill": NOW + timedelta(days=29)}),
        "ends in 29 d",
    ),
    "certificate ends": (certificate(NotAfter=NOW + timedelta(days=13)), "ends in 13 d"),
    "certificate not renewed": (
        certificate(
            NotAfter=NOW + timedelta(days=40),
            RenewalSummary={
                "RenewalStatus": "FAILED",
                "DomainValidationOptions": [{"DomainName": "app.example.com"}],
                "UpdatedAt": NOW,
            },
        ),
        "could not be renewed",
    ),
    "certificate pending": (certificate(Status="PENDING_VALIDATION"), "is PENDING_VALIDATION"),
    "alarm": (alarms(alarm("target-errors", "ALARM")), "alarm target-errors fires for 3 min: What"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_makes_the_stack_unhealthy_and_says_why(name: str) -> None:
    """One thing wrong in each stack."""
    change, words = FAULTS[name]
    answers = healthy()
    change(answers)
    found = seen(answers)
    assert found.verdict is Verdict.UNHEALTHY
    assert any(words in text for text in said(found, Weight.FAULT)), found.reasons
    assert said(found, Weight.UNREAD) == []


NOTES = {
    "deploying": (
        services(ROLLING, BEFORE),
        "goes on for 60 s: 1 of 3 tasks run; 1 task of perpetual-prod-web:42 left",
    ),
    "deploying for long": (
        services({**ROLLING, "createdAt": minutes(9)}, BEFORE),
        "That is long",
    ),
    "draining the old": (
        services(deployment(43, createdAt=minutes(1)), BEFORE),
        "1 task of perpetual-prod-web:42 left",
    ),
    "rolled back": (
        rolled("ROLLBACK_SUCCESSFUL", rollback={"reason": "alarm fired"}),
        "30 min ago, was rolled back: alarm fired",
    ),
    "stopped": (rolled("STOPPED"), "was stopped"),
    "one failed task": (
        ended(stopped(9, 12, "Essential container in task exited")),
        "12 min ago (perpetual-prod-web:42): Essential container in task exited; release: exit",
    ),
    "ill and replaced": (
        ended(
            stopped(
                9,
                12,
                "Task failed ELB health checks in (target-group arn)",
                stopCode="ServiceSchedulerInitiated",
            )
        ),
        "failed ELB health checks",
    ),
    "failed migration": (
        ended(stopped(9, 2, "Essential container in task exited", group="family:migrate")),
        "1 one-off task failed",
    ),
    "agent lost": (
        hosts(host(0), host(1), host(2, agentConnected=False)),
        "i-00000000000000002 is not",
    ),
    "draining": (
        hosts(*map(host, range(3)), host(3, status="DRAINING")),
        "i-00000000000000003 drains",
    ),
    "full disk": (
        grouped(launched(0, HealthStatus="Unhealthy"), launched(1), launched(2)),
        "i-00000000000000000 was reported unhealthy, because its disk is full",
    ),
    "fewer hosts than wanted": (
        grouped(*map(launched, range(3)), DesiredCapacity=5),
        "3 of 5 hosts take tasks",
    ),
    "little storage": (
        lambda answers: answers.update(
            {
                ("cloudwatch", "GetMetricData"): {
                    "MetricDataResults": [
                        {"Id": "free0", "Values": [9.0 * 1024**3], "Timestamps": [NOW]}
                    ]
                }
            }
        ),
        "has 9 GiB of 100 GiB left",
    ),
    "modifying": (primary(DBInstanceStatus="modifying"), "is modifying"),
    "pending changes": (
        primary(
            PendingModifiedValues={"DBInstanceClass": "db.m8g.large", "MasterUserPassword": "****"}
        ),
        "DBInstanceClass db.m8g.large",
    ),
    "pending parameters": (
        primary(
            DBParameterGroups=[
                {"DBParameterGroupName": "own", "ParameterApplyStatus": "pending-reboot"}
            ]
        ),
        "parameters of own",
    ),
    "authority ends some day": (
        primary(CertificateDetails={"ValidTill": NOW + timedelta(days=80)}),
        "ends in 80 d",
    ),
    "certificate ends some day": (certificate(NotAfter=NOW + timedelta(days=20)), "ends in 20 d"),
    "no data": (
        alarms(alarm("a"), alarm("b", "INSUFFICIENT_DATA"), alarm("c", "INSUFFICIENT_DATA")),
        "no data for alarms b, c",
    ),
    "no alarms": (alarms(), "no alarm watches this stack"),
}


@pytest.mark.parametrize("name", NOTES)
def test_a_note_leaves_the_verdict_alone(name: str) -> None:
    """Worth a word, but the stack serves."""
    change, words = NOTES[name]
    answers = healthy()
    change(answers)
    found = seen(answers)
    assert found.verdict is Verdict.HEALTHY, found.reasons
    assert any(words in text for text in said(found, Weight.NOTE)), found.reasons
    assert len(found.reasons) == 1


SILENT = {
    "scaled in": ended(
        stopped(9, 2, "Scaling activity initiated by (x)", stopCode="ServiceSchedulerInitiated")
    ),
    "stopped by hand": ended(stopped(9, 2, "Task stopped by user", stopCode="UserInitiated")),
    "migrated": ended(
        stopped(
            9,
            2,
            "Essential container in task exited",
            group="family:migrate",
            containers=[{"name": "release", "exitCode": 0}],
        )
    ),
    "had no place, and has": services(
        events=[event("has reached a steady state.", 1), {**UNPLACEABLE, "createdAt": minutes(5)}]
    ),
    "neighbour's alarm": alarms(
        alarm("target-errors"),
        alarm(
            "blue-target-errors",
            "ALARM",
            Metrics=[],
            Dimensions=[{"Name": "LoadBalancer", "Value": "app/perpetual-prod-blue/1"}],
        ),
    ),
}


@pytest.mark.parametrize("name", SILENT)
def test_what_is_as_it_should_be_needs_no_word(name: str) -> None:
    """Nor does what is somebody else's."""
    answers = healthy()
    SILENT[name](answers)
    found = seen(answers)
    assert found.reasons == ()


def test_each_alarm_that_the_program_makes_is_looked_at() -> None:
    """By its name and by what it watches, which are how a neighbour's are told apart."""

    def pairs(found: Mapping[str, str] | None) -> list[dict[str, str]]:
        return [{"Name": name, "Value": value} for name, value in (found or {}).items()]

    made = captured("prod", f"account={HERE.account}", known=True)
    alarms_made = made.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    assert alarms_made
    start = asks.alarms(stack()).request["AlarmNamePrefix"]
    for item in alarms_made:
        queries = item.inputs.get("metricQueries") or ()
        metrics = [query["metric"] for query in queries if query.get("metric")]
        raw = {
            "Dimensions": pairs(item.inputs.get("dimensions")),
            "Metrics": [
                {"MetricStat": {"Metric": {"Dimensions": pairs(metric["dimensions"])}}}
                for metric in metrics
            ],
        }
        assert item.inputs["name"].startswith(start)
        assert read.watches(raw, stack()), item.name


def test_what_is_wanted_of_a_deployment_is_not_stable_though_healthy() -> None:
    """One that goes on, and one whose old tasks still drain."""
    for current in (ROLLING, deployment(43)):
        answers = healthy()
        services(current, BEFORE)(answers)
        found = seen(answers)
        assert found.service is not None
        assert not found.service.stable


def test_a_host_that_has_not_joined_yet_is_shown_as_such() -> None:
    """And one that leaves."""
    answers = healthy()
    grouped(
        *map(launched, range(3)),
        launched(7, LifecycleState="Pending:Wait"),
        launched(8, LifecycleState="Terminating:Wait"),
    )(answers)
    found = seen(answers)
    assert found.hosts is not None
    states = {host.instance[-1]: host.state for host in found.hosts.hosts}
    assert states == {"0": "active", "1": "active", "2": "active", "7": "joining", "8": "leaving"}


# --- releases


def record(**changes: Any) -> str:
    """Return a release as the history holds it."""
    given = Record(
        kind=Kind.DEPLOY,
        result=Result.RELEASED,
        digest=DIGEST,
        tag="v1.4.2",
        image="sha256:1",
        commit="3f9c2ab5" * 5,
        who="ada",
        at="2026-11-29T08:00:00+00:00",
        previous=OLD_DIGEST,
        schema=Schema.SAME,
        tried="",
        backward_compatible=None,
        seconds=24.3,
    )
    return history.text(Record(**{**vars(given), **changes}))


def recorded(*records: str, running: str = "") -> Answers:
    """Return answers with this history, and perhaps a run under way."""
    answers = healthy()
    held = {history.name(HERE): records[-1]} if records else {}
    if running:
        held[journal.name(HERE)] = running
    answers["ssm", "GetParameter"] = parameters(held)
    answers["ssm", "GetParameterHistory"] = {
        "Parameters": [
            {"Name": history.name(HERE), "Value": text, "Version": number}
            for number, text in enumerate(records, start=1)
        ]
    }
    return answers


def test_a_release_is_known_by_its_record() -> None:
    """Number, tag, commit, who, when, and how long it took."""
    found = seen(recorded(record(digest=OLD_DIGEST, tag="v1"), record()))
    assert found.release is not None
    assert found.release.number == 2
    assert (found.release.tag, found.release.by) == ("v1.4.2", "ada")
    assert found.release.at == datetime(2026, 11, 29, 8, tzinfo=UTC)
    assert found.release.seconds == 24.3
    assert found.reasons == ()


def test_a_failed_run_is_told_though_the_stack_is_healthy() -> None:
    """What served before serves; the last run did not succeed."""
    found = seen(recorded(record(), record(result=Result.FAILED, tag="v2", said="it crashed")))
    (text,) = said(found, Weight.NOTE)
    assert "v2 by ada" in text
    assert text.endswith("ended as failed: it crashed")
    assert found.verdict is Verdict.HEALTHY
    assert found.release is not None
    assert found.release.tag == "v1.4.2"


def test_a_run_that_somebody_has_to_look_at_is_a_fault() -> None:
    """Until a later one ends well."""
    unclear = record(result=Result.UNCLEAR)
    assert seen(recorded(unclear)).verdict is Verdict.UNHEALTHY
    assert seen(recorded(unclear, record())).verdict is Verdict.HEALTHY


def test_a_run_under_way_is_told() -> None:
    """With its owner and how far it got."""
    running = Journal(
        run="r", kind=Kind.DEPLOY, image="i", tag="v3", commit="c", who="bob", began="10:01",
        phase=Phase.SERVE,
    )  # fmt: skip
    found = seen(recorded(record(), running=journal.text(running)))
    (text,) = said(found, Weight.NOTE)
    assert (
        text == "the deploy of v3 that bob began at 10:01 has not ended; it got to its phase serve"
    )
    assert found.under_way is not None


def test_an_image_that_is_not_the_released_one_is_told() -> None:
    """Once nothing moves any more; while a deployment goes on there are two."""
    answers = recorded(record())
    answers["ssm", "GetParameter"] = parameters(
        {HERE.release_parameter: f"{HERE.repository_url}@{OLD_DIGEST}"}
    )
    found = seen(answers)
    (text,) = said(found, Weight.NOTE)
    assert DIGEST in text
    assert OLD_DIGEST in text
    services(ROLLING, BEFORE)(answers)
    assert not any(DIGEST in text for text in said(seen(answers), Weight.NOTE))


def test_a_stack_without_a_release_says_so() -> None:
    """The parameter of a new one names no digest."""
    answers = healthy()
    unreleased = f"{HERE.repository_url}:unreleased"
    answers["ssm", "GetParameter"] = parameters({HERE.release_parameter: unreleased})
    assert any("nothing was released" in text for text in said(seen(answers), Weight.NOTE))


# --- what cannot be read

OPERATIONS = sorted(
    {operation for operation in healthy() if operation != ("ssm", "GetParameterHistory")}
)


@pytest.mark.parametrize(("service_name", "operation"), OPERATIONS)
def test_what_cannot_be_read_is_told_and_hides_nothing_else(
    service_name: str, operation: str
) -> None:
    """The verdict is unknown then, not healthy."""
    answers = healthy()
    answers[service_name, operation] = refusal(operation)
    found = seen(answers)
    assert found.verdict is Verdict.UNKNOWN
    reasons = [reason for reason in found.reasons if reason.weight is Weight.UNREAD]
    assert len(reasons) == 1
    assert operation in reasons[0].says
    assert len(found.reasons) == 1
    parts = (found.service, found.hosts, found.database, found.certificate, found.alarms)
    assert sum(part is not None for part in parts) >= 4


def test_a_fault_outweighs_what_cannot_be_read() -> None:
    """That much is certain."""
    answers = healthy()
    answers["acm", "DescribeCertificate"] = refusal("DescribeCertificate")
    services(desiredCount=0)(answers)
    assert seen(answers).verdict is Verdict.UNHEALTHY


def test_an_answer_that_nobody_expects_is_told_as_such() -> None:
    """A new form of AWS's must not take the other sections with it."""
    answers = healthy()
    answers["ecs", "DescribeServices"] = {"services": [{"serviceName": "x"}]}
    found = seen(answers)
    assert found.verdict is Verdict.UNKNOWN


def test_what_is_gone_is_a_sentence() -> None:
    """A deleted service, group, certificate or database."""
    answers = healthy()
    answers["ecs", "DescribeServices"] = {"services": [], "failures": [{"reason": "MISSING"}]}
    answers["autoscaling", "DescribeAutoScalingGroups"] = {"AutoScalingGroups": []}
    answers["elbv2", "DescribeListeners"] = {"Listeners": [{"Port": 80}]}
    answers["rds", "DescribeDBInstances"] = refusal("DescribeDBInstances", "DBInstanceNotFound")
    found = seen(answers)
    unread = said(found, Weight.UNREAD)
    assert any("service perpetual-prod-web is not there" in text for text in unread)
    assert any("group perpetual-prod-hosts is not there" in text for text in unread)
    assert any("no listener of the balancer has a certificate" in text for text in unread)
    assert "primary perpetual-prod-postgres is not there" in said(found, Weight.FAULT)


def test_expired_credentials_are_one_reason_for_all_sections() -> None:
    """Not one each."""
    answers: Answers = {
        operation: refusal(operation[1], "ExpiredTokenException") for operation in healthy()
    }
    found = seen(answers)
    assert len(found.reasons) == 1
    assert "credentials have expired" in found.reasons[0].says
    assert all(section in found.reasons[0].says for section in Section)


def test_long_lists_are_read_to_their_end() -> None:
    """Tasks by the hundred, deployments by the page."""
    many = {item["taskArn"]: item for item in (task(number) for number in range(250))}
    arns = list(many)
    answers = healthy()
    asked_for: list[int] = []

    def pages(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        if asked["desiredStatus"] == "STOPPED":
            return {"taskArns": []}
        start = int(asked.get("nextToken", 0))
        page = {"taskArns": arns[start : start + 70]}
        return page if start + 70 >= len(arns) else {**page, "nextToken": str(start + 70)}

    def describe(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        asked_for.append(len(asked["tasks"]))
        return {"tasks": [many[arn] for arn in asked["tasks"]]}

    answers["ecs", "ListTasks"] = pages
    answers["ecs", "DescribeTasks"] = describe
    found = seen(answers)
    assert found.tasks is not None
    assert len(found.tasks) == 250
    assert sorted(asked_for) == [50, 100, 100]
