"""Deployments that fail: the circuit breaker, alarms, and what is returned to."""

import itertools
from typing import Any

import pytest

from perpetual.sandbox.ecs import breaker
from perpetual.sandbox.ecs.errors import EcsError
from perpetual.sandbox.ecs.simulated import Behaviour
from perpetual.sandbox.ecs.timing import Timing
from perpetual.sandbox.ecs.world import AlarmState, StartFailed
from tests.sandbox.ecs.stand import BREAKER, CLUSTER, SERVICE, Stand

WATCHED: dict[str, Any] = {"deploymentCircuitBreaker": BREAKER}
ALARMS: dict[str, Any] = {"alarms": {"alarmNames": ["errors"], "enable": True, "rollback": True}}


@pytest.mark.parametrize(
    ("desired", "threshold"), [(1, 3), (2, 3), (6, 3), (7, 4), (25, 13), (400, 200), (800, 200)]
)
def test_half_of_the_tasks_fail_a_deployment_but_never_less_than_three(
    desired: int, threshold: int
) -> None:
    """AWS's own table, and what lies between.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
    """
    assert breaker.breaker(WATCHED).threshold(desired) == threshold


@pytest.mark.parametrize(
    ("kind", "value", "desired", "threshold"),
    [
        ("COUNT", 1, 800, 1),
        ("BOUNDED_PERCENT", 10, 10, 3),
        ("UNBOUNDED_PERCENT", 10, 10, 1),
        ("UNBOUNDED_PERCENT", 50, 800, 400),
    ],
)
def test_the_threshold_may_be_a_count_or_an_unbounded_share(
    kind: str, value: int, desired: int, threshold: int
) -> None:
    """Settable since July 2026.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ThresholdConfiguration.html
    """
    settings = {**BREAKER, "thresholdConfiguration": {"type": kind, "value": value}}
    found = breaker.breaker({"deploymentCircuitBreaker": settings})
    assert found.threshold(desired) == threshold


@pytest.mark.parametrize(
    ("image", "code", "reason"),
    [
        ("crashing", "EssentialContainerExited", "Essential container in task exited"),
        ("red", "ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group"),
        ("unstartable", "TaskFailedToStart", "CannotPullContainerError: image not found"),
    ],
)
def test_a_broken_release_is_rolled_back(image: str, code: str, reason: str) -> None:
    """Three failures in a row, whatever their kind, and the old release is back.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
    """
    stand = Stand()
    stand.create(2, deploymentConfiguration=WATCHED)
    completed = stand.deployment.id
    stand.deploy(image)
    broken = stand.deployment.id
    stand.until_completed()
    assert stand.deployment.id == completed, "the deployment that completed is the primary again"
    assert {one["containers"][0]["image"] for one in stand.tasks()} == {"good"}
    failed = [one for one in stand.tasks(image, stopped=True) if one["stopCode"] == code]
    assert len(failed) >= 3
    assert all(one["stoppedReason"].startswith(reason) for one in failed)
    assert stand.events()[-1] == "(service web) has reached a steady state."
    for message in (
        f"(service web) (deployment {broken}) deployment failed: tasks failed to start.",
        f"(service web) rolling back to deployment {completed}.",
        f"(service web) (deployment {completed}) deployment completed.",
    ):
        assert message in stand.events()


def test_a_rollback_is_recorded_with_the_deployment_that_failed() -> None:
    """One service deployment, from its start to the end of its rollback.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
    """
    stand = Stand()
    stand.create(2, deploymentConfiguration=WATCHED)
    good = stand.deployment.revision.arn
    stand.deploy("crashing")
    seen = [stand.service_deployments()[0]["status"]]
    while stand.deployment.rollout == "IN_PROGRESS":
        stand.run(1)
        status = stand.service_deployments()[0]["status"]
        if status != seen[-1]:
            seen.append(status)
    assert seen == ["IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]
    record = stand.service_deployments()[0]
    assert record["deploymentCircuitBreaker"] == {
        "status": "TRIGGERED",
        "failureCount": 3,
        "threshold": 3,
    }
    assert record["rollback"]["serviceRevisionArn"] == good
    assert record["statusReason"] == (
        "Service deployment rolled back because the circuit breaker threshold was exceeded."
    )


def test_while_rolling_back_the_failed_deployment_stands_behind() -> None:
    """PRIMARY is the old one, in progress again; the failed one is ACTIVE until its tasks are gone.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
    """
    stand = Stand(behaviours={"red": Behaviour(red=True, drain=100)})
    stand.create(2, deploymentConfiguration=WATCHED)
    completed = stand.deployment.id
    stand.deploy("red")
    stand.until(lambda: stand.deployment.id == completed)
    primary, failed = stand.service()["deployments"]
    assert primary["rolloutState"] == "IN_PROGRESS"
    assert primary["rolloutStateReason"] == (
        f"ECS deployment circuit breaker: rolling back to deploymentId {completed}."
    )
    assert (failed["status"], failed["rolloutState"]) == ("ACTIVE", "FAILED")
    assert failed["rolloutStateReason"] == "ECS deployment circuit breaker: tasks failed to start."
    assert stand.service()["taskDefinition"].endswith("web:1")


def test_without_rollback_a_failed_deployment_starts_no_more_tasks() -> None:
    """The old tasks that are left go on serving, and are replaced by their like.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
    """
    stand = Stand()
    settings = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
    stand.create(2, deploymentConfiguration=settings)
    stand.deploy("crashing")
    stand.until_completed()
    assert stand.primary()["rolloutState"] == "FAILED"
    starts = len(stand.world.log)
    stand.run(600)
    assert len([one for one in stand.world.log[starts:] if one[1] == "start"]) == 0
    assert len(stand.tasks("good")) == 1
    stand.world.crash(stand.tasks("good")[0]["taskArn"])
    stand.run(60)
    assert len(stand.tasks("good")) == 1
    record = stand.service_deployments()[0]
    assert record["status"] == "STOPPED"
    assert record["stoppedAt"] >= record["startedAt"]


def test_a_service_shrinks_even_behind_a_failed_deployment() -> None:
    """It starts nothing, but it stops what is too much of either revision.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html
    """
    stand = Stand()
    settings = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
    stand.create(4, deploymentConfiguration={**settings, "minimumHealthyPercent": 100})
    stand.deploy("crashing")
    stand.until_completed()
    assert len(stand.tasks("good")) == 4
    stand.update(desiredCount=2)
    stand.run(60)
    assert len(stand.tasks("good")) == 2
    stand.call("DeleteService", cluster=CLUSTER, service=SERVICE, force=True)
    stand.run(60)
    assert (stand.service()["status"], stand.tasks()) == ("INACTIVE", [])


def test_a_task_on_its_way_is_stopped_when_its_failed_service_is_deleted() -> None:
    """Nothing that the failed deployment has begun comes up afterwards.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html
    """
    stand = Stand(behaviours={"slow": Behaviour(boot=50)})
    stand.register("slow")
    stand.begin(4, taskDefinition="web:2", deploymentConfiguration=WATCHED)
    stand.run(20)
    for task in stand.alive()[:3]:
        stand.world.tell(StartFailed(task=task.arn, reason="CannotPullContainerError: gone"))
    stand.run(1)
    assert stand.primary()["rolloutState"] == "FAILED"
    stand.call("DeleteService", cluster=CLUSTER, service=SERVICE, force=True)
    stand.run(120)
    assert (stand.service()["status"], stand.tasks()) == ("INACTIVE", [])


def test_a_first_deployment_that_fails_has_nothing_to_return_to() -> None:
    """No deployment has completed: no more tasks are started, and the record says why.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
    """
    stand = Stand()
    stand.register("crashing")
    stand.begin(2, taskDefinition="web:2", deploymentConfiguration=WATCHED)
    stand.until_completed()
    assert stand.primary()["rolloutState"] == "FAILED"
    record = stand.service_deployments()[0]
    assert record["status"] == "ROLLBACK_FAILED"
    assert record["statusReason"] == "No rollback candidate was found to run the rollback."


def test_a_deployment_during_a_rollback_cannot_be_rolled_back_itself() -> None:
    """AWS's own example: deployment 1 is in progress again, so 3 has nothing to return to.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
    """
    stand = Stand(hosts=8, behaviours={"good": Behaviour(boot=60)})
    stand.create(2, deploymentConfiguration=WATCHED)
    first = stand.deployment.id
    stand.deploy("crashing")
    stand.until(lambda: stand.deployment.id == first)
    stand.deploy("unstartable")
    stand.until_completed()
    assert stand.primary()["rolloutState"] == "FAILED"
    assert stand.service_deployments()[0]["status"] == "ROLLBACK_FAILED"


def test_without_a_breaker_a_broken_release_is_tried_for_ever() -> None:
    """It fails and starts anew, and what serves stays.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
    """
    stand = Stand()
    stand.create(2)
    stand.deploy("crashing")
    stand.run(3600)
    assert stand.primary()["rolloutState"] == "IN_PROGRESS"
    assert stand.primary()["failedTasks"] > 100
    assert len(stand.tasks("good")) == 1


def test_tasks_that_never_run_are_tried_more_and_more_rarely() -> None:
    """Up to 27 minutes apart; the service says that it is impaired.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
    """
    stand = Stand(timing=Timing(throttle_first=10))
    stand.create(1, deploymentConfiguration={"minimumHealthyPercent": 0})
    stand.deploy("unstartable")
    begun = stand.now
    stand.run(5 * 3600)
    starts = [at for at, what, _ in stand.world.log if what == "start" and at >= begun]
    gaps = [after - before for before, after in itertools.pairwise(starts)]
    assert gaps[0] < gaps[3] < gaps[6]
    assert 27 * 60 <= max(gaps) < 28 * 60
    assert "(service web) is unable to consistently start tasks successfully." in stand.events()


def test_tasks_that_run_and_then_end_are_not_throttled() -> None:
    """A crash after the start does not lengthen the wait, as AWS points out.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
    """
    stand = Stand(timing=Timing(replacement=5))
    stand.create(1, deploymentConfiguration={"minimumHealthyPercent": 0})
    stand.deploy("crashing")
    begun = stand.now
    stand.run(600)
    starts = [at for at, what, _ in stand.world.log if what == "start" and at >= begun]
    gaps = {round(after - before, 1) for before, after in itertools.pairwise(starts[6:])}
    assert len(gaps) == 1
    assert not [message for message in stand.events() if "consistently" in message]


def test_one_healthy_task_ends_a_row_of_failures() -> None:
    """Unless the breaker is set not to reset.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html
    """
    stand = Stand(hosts=8)
    stand.create(4, deploymentConfiguration=WATCHED)
    stand.deploy("new")
    stand.run(7)
    for task in stand.tasks("new")[:2]:
        stand.world.crash(task["taskArn"])
    stand.run(1)
    assert stand.primary()["failedTasks"] == 2
    stand.run(5)
    assert stand.primary()["failedTasks"] == 0


def test_a_breaker_may_count_all_failures() -> None:
    """Without reset, a flapping release is rolled back although some of its tasks are healthy.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html
    """
    stand = Stand(hosts=8)
    settings = {**BREAKER, "resetOnHealthyTask": False}
    stand.create(4, deploymentConfiguration={"deploymentCircuitBreaker": settings})
    good = stand.deployment.id
    stand.deploy("new")
    for _ in range(3):
        stand.until(lambda: any(not one.ever_healthy and one.at.started for one in stand.alive()))
        young = next(one for one in stand.alive() if not one.ever_healthy and one.at.started)
        stand.world.crash(young.arn)
        stand.run(8)
    assert stand.deployment.id == good


def test_a_task_that_was_healthy_and_ends_does_not_count_as_failed() -> None:
    """The breaker watches starts and health checks.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
    """
    stand = Stand(hosts=8, behaviours={"new": Behaviour(spread=100)})
    stand.create(4, deploymentConfiguration=WATCHED)
    stand.deploy("new")
    stand.until(
        lambda: any(
            one.ever_healthy for one in stand.alive() if one.deployment == stand.deployment.id
        )
    )
    healthy = next(
        one for one in stand.alive() if one.ever_healthy and one.deployment == stand.deployment.id
    )
    stand.world.crash(healthy.arn)
    stand.run(1)
    assert stand.primary()["failedTasks"] == 0


def test_no_room_counts_as_a_failure_to_start() -> None:
    """A deployment that finds no host for its tasks is failed like one that crashes.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
    """
    stand = Stand(hosts=1)
    stand.create(2, deploymentConfiguration={**WATCHED, "minimumHealthyPercent": 100})
    good = stand.deployment.id
    stand.deploy("new")
    assert stand.until(lambda: stand.deployment.id == good) == 10 + 20
    unable = [message for message in stand.events() if "unable to place" in message]
    assert len(unable) == 1, "told of once as long as its cause lasts"
    assert 'encountered error "RESOURCE:ENI"' in unable[0]


# --- alarms


def test_an_alarm_rolls_a_deployment_back() -> None:
    """Whatever its tasks do.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
    """
    stand = Stand(hosts=8)
    stand.sim.report(AlarmState(name="errors", state="OK"))
    stand.create(2, deploymentConfiguration=ALARMS)
    good = stand.deployment.id
    stand.deploy("new")
    broken = stand.deployment.id
    stand.run(12)
    stand.sim.report(AlarmState(name="errors", state="ALARM"))
    assert stand.deployment.id == good
    assert (
        f"(service web) (deployment {broken}) deployment failed: alarm detected." in stand.events()
    )
    stand.until_completed()
    record = stand.service_deployments()[0]
    assert record["status"] == "ROLLBACK_SUCCESSFUL"
    assert record["alarms"] == {
        "status": "TRIGGERED",
        "alarmNames": ["errors"],
        "triggeredAlarmNames": ["errors"],
    }


def test_alarms_are_watched_for_a_while_after_the_last_old_task() -> None:
    """The bake time: the deployment is in progress although nothing is left to do.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
    """
    stand = Stand(hosts=8, timing=Timing(bake=180))
    stand.create(2, deploymentConfiguration=ALARMS)
    stand.deploy("new")
    assert stand.until_completed() == 10 + 180, "old tasks drain meanwhile"
    stand.update(deploymentConfiguration={"bakeTimeInMinutes": 1}, forceNewDeployment=True)
    assert stand.until_completed() == 8 + 60
    stand.update(deploymentConfiguration={"bakeTimeInMinutes": 0}, forceNewDeployment=True)
    assert stand.until_completed() == 8 + 31.5


def test_an_alarm_while_it_bakes_still_rolls_back() -> None:
    """What it is for.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
    """
    stand = Stand(hosts=8, timing=Timing(bake=180))
    stand.create(2, deploymentConfiguration=ALARMS)
    stand.deploy("new")
    stand.run(150)
    assert {one["containers"][0]["image"] for one in stand.tasks()} == {"new"}
    stand.sim.report(AlarmState(name="errors", state="ALARM"))
    stand.until_completed()
    assert {one["containers"][0]["image"] for one in stand.tasks()} == {"good"}


def test_an_alarm_that_is_red_at_the_start_is_not_watched() -> None:
    """So that a deployment can put right what the alarm tells of; nothing bakes either.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
    """
    stand = Stand(hosts=8)
    stand.create(2, deploymentConfiguration=ALARMS)
    stand.sim.report(AlarmState(name="errors", state="ALARM"))
    stand.deploy("new")
    stand.sim.report(AlarmState(name="errors", state="OK"))
    stand.sim.report(AlarmState(name="errors", state="ALARM"))
    assert stand.until_completed() == 10 + 31.5
    record = stand.service_deployments()[0]
    assert (record["status"], record["alarms"]["status"]) == ("SUCCESSFUL", "DISABLED")


def test_an_alarm_after_the_end_changes_nothing() -> None:
    """A completed deployment is no longer watched.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-failure-detection.html
    """
    stand = Stand()
    stand.create(2, deploymentConfiguration=ALARMS)
    before = stand.service()
    stand.sim.report(AlarmState(name="errors", state="ALARM"))
    stand.run(60)
    assert stand.service() == before


# --- stopped by hand


def test_a_deployment_can_be_stopped_and_is_rolled_back() -> None:
    """Whether or not the service is set to roll back.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stop-service-deployment.html
    """
    stand = Stand(hosts=8, behaviours={"slow": Behaviour(health=1000)})
    stand.create(2)
    good = stand.deployment.id
    stand.deploy("slow")
    stand.run(10)
    arn = stand.service_deployments()[0]["serviceDeploymentArn"]
    stand.call("StopServiceDeployment", serviceDeploymentArn=arn, stopType="ROLLBACK")
    assert stand.deployment.id == good
    stand.until_completed()
    assert stand.service_deployments()[0]["status"] == "ROLLBACK_SUCCESSFUL"
    assert {one["containers"][0]["image"] for one in stand.tasks()} == {"good"}
    with pytest.raises(EcsError, match="ROLLBACK_SUCCESSFUL and can no longer be stopped") as found:
        stand.call("StopServiceDeployment", serviceDeploymentArn=arn)
    assert found.value.code == "ConflictException"


def test_stopping_the_first_deployment_fails_its_rollback() -> None:
    """There is nothing before it.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stop-service-deployment.html
    """
    stand = Stand()
    stand.begin(2)
    arn = stand.service_deployments()[0]["serviceDeploymentArn"]
    stand.call("StopServiceDeployment", serviceDeploymentArn=arn)
    assert stand.service_deployments()[0]["status"] == "ROLLBACK_FAILED"


def test_a_deployment_that_is_not_there_cannot_be_stopped() -> None:
    """Nor one of another service.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopServiceDeployment.html
    """
    stand = Stand()
    arn = f"arn:aws:ecs:eu-west-1:123456789012:service-deployment/{CLUSTER}/{SERVICE}/x"
    with pytest.raises(EcsError, match="not found") as found:
        stand.call("StopServiceDeployment", serviceDeploymentArn=arn)
    assert found.value.code == "ServiceDeploymentNotFoundException"


# --- early success


def early(percent: int, cleanup: str) -> dict[str, Any]:
    """Return a deployment configuration with early success."""
    criteria = {
        "enable": True,
        "healthyPercent": percent,
        "sourceServiceRevisionCleanup": cleanup,
    }
    return {"earlySuccessCriteria": criteria}


def test_deferred_cleanup_ends_a_deployment_while_old_tasks_drain() -> None:
    """The new tasks are healthy: success; the old ones go in the background.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/early-success-criteria.html
    """
    stand = Stand(behaviours={"good": Behaviour(drain=300)})
    stand.create(2, deploymentConfiguration=early(100, "DEFERRED"))
    stand.deploy("new")
    assert stand.until_completed() == 10
    assert stand.service_deployments()[0]["status"] == "SUCCESSFUL"
    assert [one["status"] for one in stand.service()["deployments"]] == ["PRIMARY", "ACTIVE"]
    stand.run(310)
    assert [one["status"] for one in stand.service()["deployments"]] == ["PRIMARY"]


@pytest.mark.parametrize(
    ("desired", "percent", "enough"), [(2, 50, 1), (3, 50, 2), (4, 75, 3), (4, 100, 4)]
)
def test_a_share_of_healthy_tasks_is_enough(desired: int, percent: int, enough: int) -> None:
    """Rounded up, as in AWS's table.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/early-success-criteria.html
    """
    stand = Stand(hosts=8, behaviours={"new": Behaviour(spread=60)})
    stand.create(desired, deploymentConfiguration=early(percent, "DEFERRED"))
    stand.deploy("new")
    stand.until_completed()
    healthy = [
        one for one in stand.alive() if one.ever_healthy and one.deployment == stand.deployment.id
    ]
    assert len(healthy) == enough
    stand.run(200)
    assert len(stand.tasks("new")) == desired, "the rest follows in the background"
    assert stand.tasks("good") == []


def test_blocking_cleanup_waits_for_the_old_tasks() -> None:
    """As a deployment without early success does.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/early-success-criteria.html
    """
    stand = Stand(behaviours={"good": Behaviour(drain=100)})
    stand.create(2, deploymentConfiguration=early(100, "BLOCKING"))
    stand.deploy("new")
    assert stand.until_completed() == 10 + 101.5


def test_after_early_success_nothing_is_rolled_back() -> None:
    """Neither breaker nor alarms protect what the deployment left for the background.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/early-success-criteria.html
    """
    stand = Stand(hosts=8, behaviours={"new": Behaviour(spread=60)})
    settings = {**WATCHED, **ALARMS, **early(50, "DEFERRED"), "bakeTimeInMinutes": 0}
    stand.create(2, deploymentConfiguration=settings)
    stand.deploy("new")
    new = stand.deployment.id
    stand.until_completed()
    stand.sim.report(AlarmState(name="errors", state="ALARM"))
    stand.world.behaviours["new"] = Behaviour(crash=1)
    for task in stand.tasks("new"):
        stand.world.crash(task["taskArn"])
    stand.run(300)
    assert stand.deployment.id == new
    counts = stand.service_deployments()[0]["targetServiceRevision"]
    assert counts["runningTaskCount"] == 1, "a snapshot of the moment in which it completed"


def test_early_success_still_bakes_when_alarms_watch() -> None:
    """The share is healthy, and then the bake time passes.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/early-success-criteria.html
    """
    stand = Stand(hosts=8, timing=Timing(bake=120))
    stand.create(2, deploymentConfiguration={**ALARMS, **early(100, "DEFERRED")})
    stand.deploy("new")
    assert stand.until_completed() == 10 + 120
