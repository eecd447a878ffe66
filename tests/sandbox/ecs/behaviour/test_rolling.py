"""Rolling updates: in which order tasks start and stop, and when a deployment is over."""

from typing import Any

import pytest

from perpetual.sandbox.ecs.errors import EcsError
from perpetual.sandbox.ecs.simulated import Behaviour
from tests.sandbox.ecs.stand import CLUSTER, SERVICE, Stand, host


def started_and_stopped(stand: Stand, image: str) -> list[tuple[float, str, int]]:
    """Return when how many tasks of an image the world was told to start and to deregister."""
    images = {arn: one.containers[0].definition["image"] for arn, one in tasks(stand)}
    counts: dict[tuple[float, str], int] = {}
    for at, what, task in stand.world.log:
        if images.get(task) == image and what in ("start", "deregister"):
            counts[at, what] = counts.get((at, what), 0) + 1
    return [(at, what, count) for (at, what), count in counts.items()]


def tasks(stand: Stand) -> Any:
    """Return all tasks by their ARNs."""
    return stand.sim.plane.state.tasks.items()


def test_with_half_as_minimum_half_of_the_tasks_stop_at_once() -> None:
    """Six tasks, room for eight, minimum 50: three stop, then the rest of the room fills.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-options.html
    """
    gone_at_once = Behaviour(drain=0, stop=0, release=0)
    stand = Stand(hosts=4, behaviours={"good": gone_at_once, "new": Behaviour(pull=0)})
    stand.create(6, deploymentConfiguration={"maximumPercent": 200})
    begun = stand.now
    stand.deploy("new")
    stand.until_completed()
    assert started_and_stopped(stand, "good")[1:] == [
        (begun, "deregister", 3),
        (begun + 8, "deregister", 3),
    ]
    assert started_and_stopped(stand, "new") == [(begun, "start", 5), (begun + 8, "start", 1)]


def test_with_the_full_minimum_tasks_start_before_any_stops() -> None:
    """Six tasks, room for eight, minimum 100: two start, two stop, and so on.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-options.html
    """
    stand = Stand(hosts=4, behaviours={"good": Behaviour(drain=0, stop=0, release=0)})
    stand.create(6, deploymentConfiguration={"minimumHealthyPercent": 100, "maximumPercent": 200})
    begun = stand.now
    stand.deploy("new")
    stand.until_completed()
    assert started_and_stopped(stand, "new")[0] == (begun, "start", 2)
    assert started_and_stopped(stand, "good")[1] == (begun + 10, "deregister", 2)
    assert [count for _, what, count in started_and_stopped(stand, "new") if what == "start"] == [
        2,
        2,
        2,
    ]


def test_a_maximum_of_100_percent_stops_first() -> None:
    """Old tasks make room before their successors start, and never below the minimum.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
    """
    stand = Stand(hosts=1)
    stand.create(2, deploymentConfiguration={"maximumPercent": 100})
    stand.deploy("new")
    least = len(stand.alive())
    while stand.deployment.rollout == "IN_PROGRESS":
        stand.run(0.5)
        least = min(least, len([one for one in stand.alive() if one.ever_healthy]))
    assert least == 1
    assert [one["containers"][0]["image"] for one in stand.tasks()] == ["new", "new"]


@pytest.mark.parametrize(
    ("desired", "low", "high", "minimum", "maximum"),
    [(4, 100, 200, 4, 8), (2, 75, 150, 2, 3), (3, 50, 125, 2, 3), (1, 0, 150, 0, 1)],
)
def test_the_minimum_is_rounded_up_and_the_maximum_down(
    desired: int, low: int, high: int, minimum: int, maximum: int
) -> None:
    """AWS's own examples, and one task.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
    """
    stand = Stand(hosts=8)
    stand.create(
        desired,
        deploymentConfiguration={"minimumHealthyPercent": low, "maximumPercent": high},
    )
    stand.deploy("new")
    seen = []
    for _ in range(200):
        seen.append((sum(one.ever_healthy for one in stand.alive()), len(stand.alive())))
        stand.run(0.5)
    assert min(healthy for healthy, _ in seen) >= minimum
    assert max(alive for _, alive in seen) == maximum


def test_bounds_that_allow_no_step_are_told_of() -> None:
    """One task, at least all of it, at most one and a half: neither start nor stop is possible.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
    """
    stand = Stand()
    stand.create(1, deploymentConfiguration={"minimumHealthyPercent": 100})
    stand.deploy("new")
    stand.run(100)
    assert stand.events()[-1] == (
        "(service web) was unable to stop or start tasks during a deployment because of the "
        "service deployment configuration. Update the minimumHealthyPercent or maximumPercent "
        "value and try again."
    )
    assert stand.primary()["rolloutState"] == "IN_PROGRESS"
    stand.update(deploymentConfiguration={"maximumPercent": 200})
    stand.until_completed()
    assert len(stand.tasks("new")) == 1


def test_a_deployment_is_over_once_the_old_tasks_are_gone() -> None:
    """New tasks run and are healthy, old ones have drained and stopped: then it completes.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/early-success-criteria.html
    """
    stand = Stand(behaviours={"good": Behaviour(drain=30, stop=1, release=0.5)})
    stand.create(2)
    stand.deploy("new")
    assert stand.until_completed() == 10 + 30 + 1 + 0.5
    assert stand.primary()["rolloutState"] == "COMPLETED"
    assert stand.primary()["rolloutStateReason"] == (
        f"ECS deployment {stand.deployment.id} completed."
    )
    assert stand.events()[-2:] == [
        f"(service web) (deployment {stand.deployment.id}) deployment completed.",
        "(service web) has reached a steady state.",
    ]


def test_while_it_runs_a_deployment_stands_beside_the_one_it_replaces() -> None:
    """PRIMARY is the new one, ACTIVE the old one as long as it has tasks.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
    """
    stand = Stand()
    stand.create(2)
    stand.deploy("new")
    stand.run(6)
    described = [
        (one["status"], one["rolloutState"], one["runningCount"], one["pendingCount"])
        for one in stand.service()["deployments"]
    ]
    assert described == [("PRIMARY", "IN_PROGRESS", 2, 0), ("ACTIVE", "COMPLETED", 1, 0)]
    assert stand.service()["runningCount"] == 3
    stand.until_completed()
    assert len(stand.service()["deployments"]) == 1


def test_a_new_deployment_stops_the_one_under_way() -> None:
    """The first stays behind as stopped, and its tasks are replaced like those before it.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
    """
    stand = Stand(hosts=8)
    stand.create(2)
    stand.deploy("second")
    stand.run(6)
    stand.deploy("third")
    stand.until_completed()
    assert [one["status"] for one in stand.service_deployments()] == [
        "SUCCESSFUL",
        "STOPPED",
        "SUCCESSFUL",
    ]
    newest = stand.service_deployments()[0]
    assert len(newest["sourceServiceRevisions"]) == 2
    assert {one["containers"][0]["image"] for one in stand.tasks()} == {"third"}


def test_a_forced_deployment_replaces_tasks_by_their_like() -> None:
    """The same task definition, new tasks and a new service revision.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
    """
    stand = Stand()
    stand.create(2)
    before = {one["taskArn"] for one in stand.tasks()}
    stand.update(forceNewDeployment=True)
    stand.until_completed()
    after = {one["taskArn"] for one in stand.tasks()}
    assert len(after) == 2
    assert not before & after
    assert stand.service()["taskDefinition"].endswith("web:1")


@pytest.mark.parametrize(
    ("change", "deploys"),
    [
        ({"desiredCount": 3}, False),
        ({"healthCheckGracePeriodSeconds": 9}, False),
        ({"deploymentConfiguration": {"maximumPercent": 200}}, False),
        ({"placementStrategy": [{"type": "random"}]}, False),
        ({"taskDefinition": "web:1"}, False),
        ({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-c"]}}}, True),
        ({"loadBalancers": []}, True),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else str(value),
)
def test_only_some_changes_make_a_deployment(change: dict[str, Any], *, deploys: bool) -> None:
    """What the API says of each parameter of UpdateService.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
    """
    stand = Stand()
    stand.create(2, healthCheckGracePeriodSeconds=None)
    before = stand.deployment.id
    if change == {"loadBalancers": []}:
        stand = without_grace()
        before = stand.deployment.id
    stand.update(**change)
    assert (stand.deployment.id != before) == deploys


def without_grace() -> Stand:
    """Return a stand whose service gives no grace period, which needs a balancer."""
    stand = Stand()
    stand.create(2)
    stand.record.settings.pop("healthCheckGracePeriodSeconds")
    return stand


def test_scaling_out_during_a_deployment_grows_both_revisions() -> None:
    """A broken release must not keep the running one from growing with the load.

    https://docs.aws.amazon.com/about-aws/whats-new/2025/11/amazon-ecs-service-availability-rolling-deployments
    """
    stand = Stand(hosts=8, behaviours={"slow": Behaviour(health=1000)})
    stand.create(2, deploymentConfiguration={"minimumHealthyPercent": 100, "maximumPercent": 200})
    stand.deploy("slow")
    stand.run(20)
    stand.update(desiredCount=4)
    stand.run(60)
    assert len(stand.tasks("good")) == 4
    assert len(stand.tasks("slow")) == 4


def test_a_task_lost_during_a_deployment_is_replaced_by_its_own_revision() -> None:
    """The old revision keeps what the minimum needs of it, whatever becomes of the new one.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
    """
    stand = Stand(hosts=8, behaviours={"slow": Behaviour(health=1000)})
    stand.create(2, deploymentConfiguration={"minimumHealthyPercent": 100, "maximumPercent": 200})
    stand.deploy("slow")
    stand.run(20)
    stand.world.crash(stand.tasks("good")[0]["taskArn"])
    stand.run(60)
    assert len(stand.tasks("good")) == 2
    assert stand.deployment.failures == 0, "the new revision has not failed"


def test_new_tasks_need_room_that_stopping_ones_still_hold() -> None:
    """A task that has a place waits on its host until what it needs is free.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
    """
    stand = Stand(hosts=1, behaviours={"good": Behaviour(drain=10, stop=50)})
    stand.create(2)
    begun = stand.now
    stand.deploy("new")
    stand.until(lambda: len(stand.tasks("new")) == 1)
    task = stand.tasks("new")[0]
    assert task["createdAt"] == begun + 10, "placed once the first old task was told to end"
    assert task["lastStatus"] == "PROVISIONING"
    stand.run(40)
    assert not [
        one for _, what, one in stand.world.log if (what, one) == ("start", task["taskArn"])
    ]
    stand.until_completed()
    assert len(stand.tasks("new")) == 2


def test_deploying_to_no_tasks_is_over_at_once() -> None:
    """Nothing is wanted, and nothing is there.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
    """
    stand = Stand()
    stand.begin(0)
    assert stand.until_completed() == 0
    assert stand.service_deployments()[0]["status"] == "SUCCESSFUL"
    stand.deploy("new")
    assert stand.until_completed() == 0
    stand.update(desiredCount=2)
    stand.run(30)
    assert len(stand.tasks("new")) == 2


@pytest.mark.parametrize("before", [0, 2])
def test_what_an_update_replaces_does_not_grow_with_it(before: int) -> None:
    """More tasks of another revision, in one request: the revision before starts none of them.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
    """
    stand = Stand()
    stand.create(before)
    stand.deploy("new", desiredCount=4)
    stand.until_completed()
    assert len(stand.tasks("new")) == len(stand.tasks()) == 4
    assert len(stand.tasks(stopped=True)) == before


def test_scaling_in_leaves_the_zones_even() -> None:
    """Of five tasks over three zones, those stop whose zones have most.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html
    """
    stand = Stand(hosts=6)
    stand.create(5)
    stand.update(desiredCount=3)
    stand.run(60)
    zones = sorted(one["availabilityZone"] for one in stand.tasks())
    assert zones == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]


def test_an_unknown_or_inactive_task_definition_is_not_deployed() -> None:
    """What runs goes on.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
    """
    stand = Stand()
    stand.create(2)
    with pytest.raises(EcsError, match="TaskDefinition not found"):
        stand.update(taskDefinition="web:9")
    arn = stand.register("new")
    stand.call("DeregisterTaskDefinition", taskDefinition=arn)
    with pytest.raises(EcsError, match="TaskDefinition is inactive"):
        stand.update(taskDefinition=arn)
    assert stand.primary()["rolloutState"] == "COMPLETED"


def test_a_steady_service_says_so_again_after_six_hours() -> None:
    """The scheduler reports the status from time to time.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
    """
    stand = Stand()
    stand.create(2)
    stand.run(13 * 3600)
    said = [message for message in stand.events() if "steady state" in message]
    assert len(said) == 3


def test_a_host_more_takes_what_waited_for_a_place() -> None:
    """Without a capacity provider nothing waits, but the scheduler tries again.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
    """
    stand = Stand(hosts=0)
    stand.begin(
        2,
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": False, "rollback": False}},
    )
    stand.run(30)
    assert stand.tasks() == []
    stand.sim.join(CLUSTER, host(0))
    stand.until_completed()
    assert len(stand.tasks()) == 2
    assert stand.service()["serviceName"] == SERVICE
