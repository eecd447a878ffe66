"""The life of a task: states, health, traffic, signals, reasons."""

from typing import Any

import pytest

from perpetual.sandbox.ecs import world
from perpetual.sandbox.ecs.simulated import Behaviour
from perpetual.sandbox.ecs.timing import Timing
from perpetual.sandbox.ecs.world import Health
from tests.sandbox.ecs.stand import (
    BALANCER,
    CLUSTER,
    GROUP,
    NETWORK,
    REGISTRY,
    Stand,
    container,
    host,
)


def states(stand: Stand, arn: str, seconds: float, step: float = 0.25) -> list[str]:
    """Return the states that a task comes into while time passes, each once."""
    seen: list[str] = []
    for _ in range(int(seconds / step)):
        (task,) = stand.call("DescribeTasks", cluster=CLUSTER, tasks=[arn])["tasks"]
        if task["lastStatus"] not in seen:
            seen.append(task["lastStatus"])
        stand.run(step)
    return seen


def describe(stand: Stand, arn: str) -> dict[str, Any]:
    """Return one task as AWS describes it."""
    (task,) = stand.call("DescribeTasks", cluster=CLUSTER, tasks=[arn])["tasks"]
    return dict(task)


def test_a_task_comes_up_through_its_states() -> None:
    """Interface, agent, images and containers, traffic.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
    """
    stand = Stand(behaviours={"good": Behaviour(attach=1, pull=1, boot=1, health=1)})
    stand.begin(1)
    arn = stand.tasks()[0]["taskArn"]
    assert states(stand, arn, 5) == ["PROVISIONING", "ACTIVATING", "RUNNING"]
    task = describe(stand, arn)
    times = [task[key] for key in ("createdAt", "pullStartedAt", "pullStoppedAt", "startedAt")]
    assert times == [0, 1, 2, 3]
    assert task["connectivity"] == "CONNECTED"
    assert task["attachments"][0]["status"] == "ATTACHED"
    details = {one["name"]: one["value"] for one in task["attachments"][0]["details"]}
    assert details["privateIPv4Address"] == "10.0.0.1"
    assert task["containers"][0]["runtimeId"]


def test_a_task_that_stops_drains_before_its_containers_are_told() -> None:
    """DEACTIVATING until the balancer is done with it, then SIGTERM.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/load-balancer-connection-draining.html
    """
    stand = Stand(behaviours={"good": Behaviour(drain=20, stop=5, release=1)})
    stand.create(1)
    arn = stand.tasks()[0]["taskArn"]
    stand.update(desiredCount=0)
    begun = stand.now
    assert states(stand, arn, 30) == ["DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"]
    signals = [(at - begun, what) for at, what, task in stand.world.log if task == arn][2:]
    assert signals == [(0, "deregister"), (20, "stop"), (26, "released")]
    task = describe(stand, arn)
    assert task["stoppingAt"] == begun
    assert task["executionStoppedAt"] == begun + 25
    assert task["stoppedAt"] == begun + 26
    assert (task["stopCode"], task["desiredStatus"]) == ("ServiceSchedulerInitiated", "STOPPED")
    assert task["stoppedReason"] == (
        f"Scaling activity initiated by (deployment {stand.deployment.id})"
    )
    assert task["containers"][0]["exitCode"] == 0


def test_the_events_of_a_stop_come_in_aws_order() -> None:
    """Stopped, deregistered, draining.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
    """
    stand = Stand()
    stand.create(1)
    task = stand.tasks()[0]["taskArn"].rpartition("/")[2]
    known = len(stand.events())
    stand.update(desiredCount=0)
    assert stand.events()[known:][:3] == [
        f"(service web) has stopped 1 running tasks: (task {task}).",
        f"(service web) deregistered 1 targets in (target-group {GROUP})",
        f"(service web, taskSet {stand.deployment.id}) has begun draining connections on 1 tasks.",
    ]


def test_a_container_that_ignores_sigterm_is_killed_after_its_stop_timeout() -> None:
    """Exit code 137 tells of SIGKILL.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """
    stand = Stand(behaviours={"good": Behaviour(drain=0, stop=1000, release=0)})
    stand.create(1)
    arn = stand.tasks()[0]["taskArn"]
    stand.update(desiredCount=0)
    begun = stand.now
    stand.run(100)
    task = describe(stand, arn)
    assert task["stoppedAt"] == begun + 60
    assert task["containers"][0]["exitCode"] == 137


def test_without_a_stop_timeout_the_agents_own_applies() -> None:
    """Thirty seconds.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html
    """
    stand = Stand(behaviours={"good": Behaviour(drain=0, stop=1000, release=0)})
    stand.call(
        "RegisterTaskDefinition",
        family="web",
        networkMode="awsvpc",
        containerDefinitions=[{"name": "release", "image": "good", "memory": 512}],
    )
    answer = stand.call(
        "RunTask", cluster=CLUSTER, taskDefinition="web", networkConfiguration=NETWORK
    )
    arn = answer["tasks"][0]["taskArn"]
    stand.run(10)
    stand.call("StopTask", cluster=CLUSTER, task=arn)
    begun = stand.now
    stand.run(100)
    assert describe(stand, arn)["stoppedAt"] == begun + 30


def test_a_task_ends_with_its_essential_container() -> None:
    """The others are stopped, traffic at once, and the service starts another.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """
    stand = Stand()
    stand.call(
        "RegisterTaskDefinition",
        family="web",
        networkMode="awsvpc",
        containerDefinitions=[
            container(),
            {"name": "helper", "image": "good", "memory": 64, "essential": False},
        ],
    )
    stand.create(1, taskDefinition="web:2")
    arn = stand.tasks()[0]["taskArn"]
    stand.world.crash(arn, 3)
    stand.run(20)
    task = describe(stand, arn)
    assert task["stopCode"] == "EssentialContainerExited"
    assert task["stoppedReason"] == "Essential container in task exited"
    codes = {one["name"]: one["exitCode"] for one in task["containers"]}
    assert codes == {"release": 3, "helper": 0}
    assert task["stoppedAt"] - task["stoppingAt"] < 5, "a dead task has no connections to drain"
    assert len(stand.tasks()) == 1


def test_a_task_goes_on_without_a_container_that_is_not_essential() -> None:
    """Only its own end is noted.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """
    stand = Stand()
    stand.call(
        "RegisterTaskDefinition",
        family="web",
        networkMode="awsvpc",
        containerDefinitions=[
            container(),
            {"name": "helper", "image": "good", "memory": 64, "essential": False},
        ],
    )
    stand.create(1, taskDefinition="web:2")
    arn = stand.tasks()[0]["taskArn"]
    stand.sim.report(world.Exited(task=arn, container="helper", exit_code=0))
    task = describe(stand, arn)
    assert task["lastStatus"] == "RUNNING"
    assert [one["lastStatus"] for one in task["containers"]] == ["RUNNING", "STOPPED"]


def test_what_the_kernel_killed_for_memory_says_so() -> None:
    """Exit code 137, and the agent's remark with the container.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
    """
    stand = Stand()
    stand.create(1)
    arn = stand.tasks()[0]["taskArn"]
    reason = "OutOfMemoryError: Container killed due to memory usage"
    stand.world.crash(arn, 137, reason)
    stand.run(5)
    (only,) = describe(stand, arn)["containers"]
    assert (only["exitCode"], only["reason"]) == (137, reason)


def test_an_image_that_cannot_be_pulled_fails_the_start() -> None:
    """The agent's words are the task's stopped reason and the container's.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html
    """
    stand = Stand()
    stand.register("unstartable")
    stand.begin(1, taskDefinition="web:2")
    arn = stand.tasks()[0]["taskArn"]
    stand.run(5)
    task = describe(stand, arn)
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"] == "CannotPullContainerError: image not found"
    assert task["containers"][0]["reason"] == task["stoppedReason"]
    assert "startedAt" not in task
    assert "exitCode" not in task["containers"][0]


# --- health


def test_a_task_counts_once_its_target_is_healthy() -> None:
    """Running is not enough behind a balancer.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
    """
    stand = Stand(behaviours={"good": Behaviour(attach=0, pull=0, boot=1, health=50)})
    stand.begin(2)
    stand.run(40)
    assert stand.service()["runningCount"] == 2
    assert stand.primary()["rolloutState"] == "IN_PROGRESS"
    assert stand.until_completed() == 11


def test_without_any_check_a_task_counts_after_forty_seconds() -> None:
    """The scheduler waits before it counts a task towards the minimum.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
    """
    stand = Stand()
    stand.begin(1, loadBalancers=None)
    assert stand.until_completed() == 5 + 40


def test_a_containers_own_check_counts_beside_the_balancers() -> None:
    """Both have to pass.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
    """
    stand = Stand()
    stand.register("good", container={"healthCheck": {"command": ["CMD", "true"]}})
    stand.begin(1, taskDefinition="web:2")
    stand.run(60)
    assert stand.primary()["rolloutState"] == "IN_PROGRESS"
    arn = stand.tasks()[0]["taskArn"]
    stand.sim.report(world.ContainerHealth(task=arn, container="release", status="HEALTHY"))
    assert stand.primary()["rolloutState"] == "COMPLETED"
    assert describe(stand, arn)["healthStatus"] == "HEALTHY"


def test_a_task_that_fails_its_own_check_is_replaced_first() -> None:
    """Its successor is healthy before it is stopped.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html
    """
    stand = Stand()
    stand.register("good", container={"healthCheck": {"command": ["CMD", "true"]}})
    stand.begin(1, taskDefinition="web:2", deploymentConfiguration={"maximumPercent": 200})
    stand.run(10)
    arn = stand.tasks()[0]["taskArn"]
    stand.sim.report(world.ContainerHealth(task=arn, container="release", status="HEALTHY"))
    stand.sim.report(world.ContainerHealth(task=arn, container="release", status="UNHEALTHY"))
    stand.run(20)
    assert len(stand.tasks()) == 2, "the successor has not passed its check"
    successor = next(one["taskArn"] for one in stand.tasks() if one["taskArn"] != arn)
    stand.sim.report(world.ContainerHealth(task=successor, container="release", status="HEALTHY"))
    assert describe(stand, arn)["stoppedReason"] == "Task failed container health checks"
    short = arn.rpartition("/")[2]
    assert f"(service web) (task {short}) failed container health checks." in stand.events()


def test_an_unhealthy_target_is_replaced_before_it_is_stopped() -> None:
    """Since October 2023, where the maximum leaves room for its successor.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html
    """
    stand = Stand()
    stand.create(2)
    arn = stand.tasks()[0]["taskArn"]
    stand.judge(arn, Health.UNHEALTHY)
    assert len(stand.tasks()) == 3
    assert stand.events()[-1].endswith(" Amazon ECS replaced 1 tasks due to an unhealthy status.")
    stand.run(9.5)
    assert len(stand.tasks()) == 3
    stand.run(0.5)
    assert len(stand.tasks()) == 2
    task = describe(stand, arn)
    assert task["stoppedReason"] == f"Task failed ELB health checks in (target-group {GROUP})"
    assert task["stopCode"] == "ServiceSchedulerInitiated"
    unhealthy = next(message for message in stand.events() if "is unhealthy" in message)
    assert unhealthy.endswith("due to (reason Health checks failed with these codes: [500])")


def test_where_the_maximum_leaves_no_room_one_unhealthy_task_makes_it() -> None:
    """One at a time.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
    """
    stand = Stand()
    stand.create(2, deploymentConfiguration={"maximumPercent": 100})
    for task in stand.tasks():
        stand.world.judge(stand.target(task["taskArn"]), Health.UNHEALTHY)
    stand.run(0)
    states_now = sorted(one["lastStatus"] for one in stand.tasks())
    assert states_now == ["PROVISIONING", "RUNNING"]


def test_a_target_that_recovers_in_time_stays() -> None:
    """Its successor, which nobody needs any more, goes instead.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html
    """
    stand = Stand()
    stand.create(2)
    before = {one["taskArn"] for one in stand.tasks()}
    arn = stand.tasks()[0]["taskArn"]
    stand.judge(arn, Health.UNHEALTHY)
    stand.run(3)
    stand.judge(arn, Health.HEALTHY)
    stand.run(60)
    assert {one["taskArn"] for one in stand.tasks()} == before


def test_within_its_grace_period_a_task_may_be_unhealthy() -> None:
    """The scheduler ignores health checks for so long after the start.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
    """
    stand = Stand(behaviours={"red": Behaviour(attach=0, pull=0, boot=1, unhealthy=5, red=True)})
    stand.register("red")
    stand.begin(1, taskDefinition="web:2", healthCheckGracePeriodSeconds=30)
    arn = stand.tasks()[0]["taskArn"]
    stand.run(30.5)
    assert describe(stand, arn)["desiredStatus"] == "RUNNING"
    stand.run(1)
    assert describe(stand, arn)["desiredStatus"] == "STOPPED"
    assert describe(stand, arn)["stoppingAt"] == 31


def test_a_task_behind_several_target_groups_needs_all_of_them() -> None:
    """Registered in each, healthy in each, drained from each.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/register-multiple-targetgroups.html
    """
    stand = Stand()
    second = {**BALANCER, "targetGroupArn": f"{GROUP}2"}
    stand.begin(1, loadBalancers=[BALANCER, second])
    stand.run(6)
    arn = stand.tasks()[0]["taskArn"]
    stand.judge(arn, Health.HEALTHY)
    assert stand.primary()["rolloutState"] == "IN_PROGRESS"
    stand.until_completed()
    assert len([one for one in stand.world.registered if one.task == arn]) == 2
    stand.update(desiredCount=0)
    drains = world.TargetHealth(target=stand.target(arn), state=Health.UNUSED)
    stand.sim.report(drains)
    assert describe(stand, arn)["lastStatus"] == "DEACTIVATING"


# --- discovery, images


def test_running_tasks_are_in_cloud_map_and_stopping_ones_are_not() -> None:
    """Announced when they run, withdrawn as soon as they are to stop.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-discovery.html
    """
    stand = Stand()
    stand.create(2, serviceRegistries=[{"registryArn": REGISTRY}])
    assert {one.task for one in stand.world.announced} == {one["taskArn"] for one in stand.tasks()}
    stand.sim.lose(host(0).instance)
    lost = next(one for one in stand.tasks(stopped=True))["taskArn"]
    assert lost not in {one.task for one in stand.world.announced}
    stand.update(desiredCount=0)
    assert stand.world.announced == set()


def test_the_digest_that_was_pulled_is_told_with_task_and_revision() -> None:
    """A tag is resolved once, and the service revision shows to what.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
    """
    stand = Stand()
    stand.create(1)
    arn = stand.tasks()[0]["taskArn"]
    digest = "sha256:" + "0" * 64
    stand.sim.report(world.Pulled(task=arn, digests={"release": digest}))
    assert describe(stand, arn)["containers"][0]["imageDigest"] == digest
    revision = stand.service()["currentServiceRevisions"][0]["arn"]
    (found,) = stand.call("DescribeServiceRevisions", serviceRevisionArns=[revision])[
        "serviceRevisions"
    ]
    assert found["containerImages"] == [
        {"containerName": "release", "image": "good", "imageDigest": digest}
    ]


def test_stopped_tasks_are_described_for_an_hour() -> None:
    """Then they are as if they had never been.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
    """
    stand = Stand(timing=Timing(remembered=3600))
    stand.create(1)
    arn = stand.tasks()[0]["taskArn"]
    stand.world.crash(arn)
    stand.run(3500)
    assert describe(stand, arn)["lastStatus"] == "STOPPED"
    stand.run(200)
    answer = stand.call("DescribeTasks", cluster=CLUSTER, tasks=[arn])
    assert answer == {"tasks": [], "failures": [{"arn": arn, "reason": "MISSING"}]}


@pytest.mark.parametrize(
    "report",
    [
        world.Started(task="gone"),
        world.Exited(task="gone", container="release", exit_code=0),
        world.Released(task="gone"),
        world.HostLost(instance="i-gone"),
        world.AgentConnection(instance="i-gone", connected=False),
        world.TargetHealth(
            target=world.Target(group="g", task="gone", container="c", port=1),
            state=Health.HEALTHY,
        ),
    ],
    ids=lambda report: type(report).__name__,
)
def test_late_reports_about_what_is_gone_are_ignored(report: world.Report) -> None:
    """As AWS ignores what an agent says about a task that was forgotten.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_SubmitTaskStateChange.html
    """
    stand = Stand()
    stand.create(1)
    before = stand.service()
    stand.sim.report(report)
    assert stand.service() == before
