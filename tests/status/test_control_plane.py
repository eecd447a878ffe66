"""Status and platform log on the sandbox's control plane, which answers as ECS is documented to.

What the other tests make up, happens here: a rollout, tasks that crash, the way back.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from perpetual.aws.published import Published
from perpetual.logs.entries import Entry, Level, Source, merged
from perpetual.logs.sources import sources
from perpetual.status import read
from perpetual.status.health import health
from perpetual.status.model import Health, Section, Verdict, Weight
from perpetual.status.screen import to_lines
from tests.sandbox.ecs.stand import BREAKER, CLUSTER, SERVICE, Stand
from tests.status.given import Answers, Recorded, healthy, stack

OPERATIONS = (
    "DescribeContainerInstances",
    "DescribeServiceDeployments",
    "DescribeServices",
    "DescribeTasks",
    "ListContainerInstances",
    "ListServiceDeployments",
    "ListTasks",
)
SILENT: Answers = {
    ("application-autoscaling", "DescribeScalingActivities"): {"ScalingActivities": []},
    ("autoscaling", "DescribeScalingActivities"): {"Activities": []},
    ("cloudwatch", "DescribeAlarmHistory"): {"AlarmHistoryItems": []},
    ("rds", "DescribeEvents"): {"Events": []},
}


def moments(value: Any, key: str = "") -> Any:
    """Return an answer with its numbers of seconds as moments, as boto3 returns them."""
    match value:
        case dict():
            return {name: moments(item, name) for name, item in value.items()}
        case list():
            return [moments(item) for item in value]
        case int() | float() if key.endswith("At"):
            return datetime.fromtimestamp(value, UTC)
    return value


def numbers(value: Any) -> Any:
    """Return a request with its moments as numbers of seconds, as they are sent."""
    match value:
        case dict():
            return {name: numbers(item) for name, item in value.items()}
        case datetime():
            return value.timestamp()
    return value


def clients(stand: Stand) -> Recorded:
    """Return clients whose ECS is the stand's, while all else is healthy."""
    answers = healthy() | SILENT

    def ask(operation: str) -> Any:
        def answer(asked: Mapping[str, Any]) -> Mapping[str, Any]:
            found: Mapping[str, Any] = moments(stand.sim.call(operation, **numbers(dict(asked))))
            return found

        return answer

    answers |= {("ecs", operation): ask(operation) for operation in OPERATIONS}
    return Recorded(answers)


def published() -> Published:
    """Return the contract, about the stand's cluster and service."""
    given = stack()
    return replace(given, service=replace(given.service, cluster=CLUSTER, name=SERVICE))


def seen(stand: Stand) -> Health:
    """Return how the stack is now; the balancer finds every task well that runs a good image."""
    snapshot = read.snapshot(clients(stand), published(), time(stand))
    targets = [
        {"Target": {"Id": address}, "TargetHealth": {"State": "healthy"}}
        for address in addresses(stand)
    ]
    found = health(replace(snapshot, answers={**snapshot.answers, Section.TARGETS: targets}))
    assert not [reason for reason in found.reasons if reason.weight is Weight.UNREAD]
    assert list(to_lines(found))
    return found


def time(stand: Stand) -> datetime:
    """Return the stand's time."""
    return datetime.fromtimestamp(stand.now, UTC)


def addresses(stand: Stand) -> list[str]:
    """Return the addresses of the running tasks of good images."""
    return [
        detail["value"]
        for task in stand.tasks()
        if task["lastStatus"] == "RUNNING" and task["containers"][0]["image"] != "crashing"
        for attachment in task["attachments"]
        for detail in attachment["details"]
        if detail["name"] == "privateIPv4Address"
    ]


def said(found: Health, weight: Weight) -> str:
    """Return what reasons of a weight say."""
    return "\n".join(reason.says for reason in found.reasons if reason.weight is weight)


def logged(stand: Stand) -> list[Entry]:
    """Return the platform's log of the last hour."""
    looks = sources(clients(stand), published())
    since = time(stand) - timedelta(hours=1)
    return merged((entry for look in looks.values() for entry in look(since, time(stand))), since)


def test_a_service_at_rest_is_healthy() -> None:
    """Each task is known with its host, zone and the balancer's word."""
    stand = Stand()
    stand.create()
    found = seen(stand)
    assert found.verdict is Verdict.HEALTHY, found.reasons
    assert found.service is not None
    assert found.service.stable
    assert found.tasks is not None
    assert [task.health for task in found.tasks] == ["healthy", "healthy"]
    assert all(task.host.startswith("i-") and task.zone for task in found.tasks)
    assert found.hosts is not None
    assert sum(host.tasks for host in found.hosts.hosts) == 2
    assert found.rollout is not None
    assert found.rollout.status == "SUCCESSFUL"


def test_a_rollout_is_healthy_and_not_stable_until_it_ends() -> None:
    """At every moment of it."""
    stand = Stand()
    stand.create()
    stand.deploy("good")
    moving = 0
    while stand.deployment.rollout == "IN_PROGRESS":
        found = seen(stand)
        assert found.verdict is Verdict.HEALTHY, found.reasons
        assert found.service is not None
        assert not found.service.stable
        assert "the deployment of web:2 goes on" in said(found, Weight.NOTE)
        moving += 1
        stand.run(3)
    assert moving > 3
    stand.until(lambda: len(stand.service()["deployments"]) == 1)
    stand.run(120)
    assert seen(stand).service == replace(seen(stand).service, stable=True)  # type: ignore[type-var]  # it is there


def test_a_release_that_crashes_is_told_while_it_fails_and_afterwards() -> None:
    """First as a fault with the reason of its tasks; once it was rolled back, as a note."""
    stand = Stand()
    stand.create(deploymentConfiguration={"deploymentCircuitBreaker": BREAKER})
    stand.deploy("crashing")
    stand.until(lambda: stand.primary()["failedTasks"] >= 1)
    found = seen(stand)
    assert found.verdict is Verdict.UNHEALTHY
    assert "of web:2 failed" in said(found, Weight.FAULT)
    assert found.stops is not None
    assert "exit code" in found.stops[0].why
    stand.until(lambda: stand.service_deployments()[0]["status"] == "ROLLBACK_SUCCESSFUL")
    stand.run(900)
    found = seen(stand)
    assert found.verdict is Verdict.HEALTHY, found.reasons
    assert "was rolled back" in said(found, Weight.NOTE)


def test_the_platform_s_log_tells_the_story_in_its_order() -> None:
    """Begun, tasks that fail, the way back, the end; each once."""
    stand = Stand()
    stand.create(deploymentConfiguration={"deploymentCircuitBreaker": BREAKER})
    stand.run(60)
    stand.deploy("crashing")
    stand.until(lambda: stand.service_deployments()[0]["status"] == "ROLLBACK_SUCCESSFUL")
    found = logged(stand)
    assert [entry.at for entry in found] == sorted(entry.at for entry in found)
    assert len({entry.ident for entry in found}) == len(found)
    texts = [f"{entry.source} {entry.text}" for entry in found]

    def place(words: str) -> int:
        return next(number for number, text in enumerate(texts) if words in text)

    failed = [entry for entry in found if entry.text.startswith("task of web:2")]
    assert len(failed) >= 3
    assert {entry.level for entry in failed} == {Level.ERROR}
    story = (
        "hosts joined",
        "ended as successful",
        "tasks task of web:2",
        "rolled back",
        "ended as rollback",
    )
    places = [place(words) for words in story]
    assert places == sorted(places), texts
    assert {Source.SERVICE, Source.TASKS} <= {entry.source for entry in found}


def test_a_host_that_drains_is_told_by_both() -> None:
    """As a note, for its tasks move; and in the log, for as long as it does."""
    stand = Stand()
    stand.create()
    busy = next(one for one in stand.instances() if one["runningTasksCount"])
    stand.drain(busy["ec2InstanceId"])
    found = seen(stand)
    assert f"{busy['ec2InstanceId']} drains" in said(found, Weight.NOTE)
    assert "serve while a host drains" in said(found, Weight.NOTE)
    assert found.verdict is Verdict.HEALTHY, found.reasons
    (entry,) = [one for one in logged(stand) if one.text.startswith("drains")]
    assert entry.subject == busy["ec2InstanceId"]
    assert entry.at == time(stand)
