"""Where tasks go, what hosts hold, and what becomes of their tasks when hosts drain or vanish."""

from collections import Counter
from typing import Any

import pytest

from perpetual.sandbox.ecs.errors import EcsError
from perpetual.sandbox.ecs.simulated import Behaviour
from perpetual.sandbox.ecs.timing import Timing
from perpetual.sandbox.ecs.world import AgentConnection
from tests.sandbox.ecs.stand import CLUSTER, NETWORK, SERVICE, Stand, host

ZONE = "attribute:ecs.availability-zone"
ZONES = {"type": "spread", "field": ZONE}
PROVIDER: dict[str, Any] = {
    "name": "hosts",
    "autoScalingGroupProvider": {
        "autoScalingGroupArn": "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:x",
        "managedScaling": {"status": "ENABLED"},
    },
}
STRATEGY = [{"capacityProvider": "hosts", "weight": 1}]


def zones(stand: Stand) -> Counter[str]:
    """Return how many tasks of the service each zone has."""
    return Counter(one["availabilityZone"][-1] for one in stand.tasks())


def hosts(stand: Stand) -> Counter[str]:
    """Return how many tasks of the service each host has."""
    return Counter(one["containerInstanceArn"] for one in stand.tasks())


def managed(stand: Stand) -> None:
    """Give the cluster a capacity provider with managed scaling, as the only one."""
    stand.call("CreateCapacityProvider", **PROVIDER)
    stand.call(
        "PutClusterCapacityProviders",
        cluster=CLUSTER,
        capacityProviders=["hosts"],
        defaultCapacityProviderStrategy=STRATEGY,
    )


def test_tasks_spread_over_zones_and_then_over_hosts() -> None:
    """Six hosts in three zones: each takes one of six tasks.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-strategies.html
    """
    stand = Stand(hosts=6)
    stand.create(6, placementStrategy=[ZONES, {"type": "spread", "field": "instanceId"}])
    assert zones(stand) == {"a": 2, "b": 2, "c": 2}
    assert set(hosts(stand).values()) == {1}


def test_without_a_strategy_tasks_spread_over_zones_too() -> None:
    """The scheduler's own preference.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html
    """
    stand = Stand(hosts=6)
    stand.create(3)
    assert zones(stand) == {"a": 1, "b": 1, "c": 1}


def test_a_full_zone_does_not_keep_tasks_from_the_others() -> None:
    """Strategies are best effort.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-strategies.html
    """
    stand = Stand(hosts=0)
    stand.sim.join(CLUSTER, host(0, interfaces=1))
    stand.sim.join(CLUSTER, host(1, interfaces=5))
    stand.create(5, placementStrategy=[ZONES])
    assert zones(stand) == {"a": 1, "b": 4}


def test_binpack_fills_the_fullest_host_first() -> None:
    """By what is left of the resource.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-strategies.html
    """
    stand = Stand(hosts=0)
    for number in range(3):
        stand.sim.join(CLUSTER, host(number, interfaces=10))
    stand.create(4, placementStrategy=[{"type": "binpack", "field": "memory"}])
    assert list(hosts(stand).values()) == [4]


@pytest.mark.parametrize(
    ("expression", "count"),
    [
        (f"{ZONE} == eu-west-1a", 2),
        (f"{ZONE} in [eu-west-1a, eu-west-1b]", 4),
        (f"attribute:ecs.instance-type =~ t4g.* and {ZONE} != eu-west-1c", 4),
    ],
)
def test_constraints_bind(expression: str, count: int) -> None:
    """Tasks for which no host is left are not placed.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
    """
    stand = Stand(hosts=3)
    stand.begin(6, placementConstraints=[{"type": "memberOf", "expression": expression}])
    assert len(stand.tasks()) == count


def test_distinct_instances_take_one_task_each() -> None:
    """However much room they have.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html
    """
    stand = Stand(hosts=3)
    stand.begin(5, placementConstraints=[{"type": "distinctInstance"}])
    assert set(hosts(stand).values()) == {1}
    assert len(stand.tasks()) == 3


@pytest.mark.parametrize(
    ("own", "container", "reason"),
    [
        ({"interfaces": 0}, {}, 'encountered error "RESOURCE:ENI".'),
        ({"memory": 800}, {}, "has insufficient memory available."),
        ({"cpu": 100}, {"cpu": 128}, "has insufficient CPU units available."),
    ],
)
def test_what_the_closest_host_lacks_is_told(
    own: dict[str, int], container: dict[str, int], reason: str
) -> None:
    """CPU, memory by reservation, network interfaces.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
    """
    stand = Stand(hosts=0)
    stand.sim.join(CLUSTER, host(0, **own))
    stand.register("good", container=container)
    stand.begin(1, taskDefinition="web:2")
    (message,) = stand.events()
    short = stand.instances()[0]["containerInstanceArn"].rpartition("/")[2]
    assert message == (
        "(service web) was unable to place a task because no container instance met all of its "
        f"requirements. The closest matching (container-instance {short}) {reason} For more "
        "information, see the Troubleshooting section of the Amazon ECS Developer Guide."
    )


def test_memory_is_counted_by_reservation_not_by_limit() -> None:
    """Four tasks of 896 MiB, limit 1792, fit into 3800 MiB.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """
    stand = Stand(hosts=0)
    stand.sim.join(CLUSTER, host(0, interfaces=10))
    stand.begin(5)
    assert len(stand.tasks()) == 4
    (instance,) = stand.instances()
    left = {one["name"]: one.get("integerValue") for one in instance["remainingResources"]}
    assert left["MEMORY"] == 3800 - 4 * 896


def test_outside_awsvpc_host_ports_are_taken_once() -> None:
    """Two tasks with the same port of the host need two hosts.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
    """
    stand = Stand(hosts=2)
    ports = {"portMappings": [{"containerPort": 5000, "hostPort": 80}]}
    stand.register("good", networkMode="bridge", container=ports)
    stand.begin(3, taskDefinition="web:2", networkConfiguration=None)
    assert len(stand.tasks()) == 2
    assert "is already using a port required by your task." in stand.events()[0]
    assert stand.tasks()[0]["attachments"] == []


def test_a_host_without_its_agent_gets_no_tasks() -> None:
    """And says AGENT.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
    """
    stand = Stand(hosts=1)
    stand.sim.report(AgentConnection(instance=host(0).instance, connected=False))
    stand.begin(1)
    assert stand.tasks() == []
    assert 'encountered error "AGENT".' in stand.events()[0]
    stand.sim.report(AgentConnection(instance=host(0).instance, connected=True))
    stand.run(60)
    assert len(stand.tasks()) == 1


# --- capacity providers


def test_with_managed_scaling_a_task_waits_for_a_host() -> None:
    """PROVISIONING, without a container instance, until one comes.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-scaling-behavior.html
    """
    stand = Stand(hosts=0)
    managed(stand)
    stand.begin(2, capacityProviderStrategy=STRATEGY)
    assert [one["lastStatus"] for one in stand.tasks()] == ["PROVISIONING", "PROVISIONING"]
    assert "containerInstanceArn" not in stand.tasks()[0]
    assert stand.events()[0].startswith(
        "(service web) was unable to place a task because no container instance met all of its "
        "requirements. Reason: No Container Instances were found in your capacity provider."
    )
    stand.run(120)
    stand.sim.join(CLUSTER, host(0, capacity_provider="hosts"))
    stand.until_completed()
    assert {one["capacityProviderName"] for one in stand.tasks()} == {"hosts"}
    assert "launchType" not in stand.service()


def test_a_wait_for_a_host_ends_some_time() -> None:
    """With what the hosts there are lack.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
    """
    stand = Stand(hosts=0, timing=Timing(provisioning=600))
    managed(stand)
    answer = stand.call(
        "RunTask", cluster=CLUSTER, taskDefinition="web", networkConfiguration=NETWORK
    )
    arn = answer["tasks"][0]["taskArn"]
    stand.run(601)
    (task,) = stand.call("DescribeTasks", cluster=CLUSTER, tasks=[arn])["tasks"]
    assert task["stoppedReason"] == "TaskFailedToStart: EMPTY CAPACITY PROVIDER"
    assert task["stopCode"] == "TaskFailedToStart"


def test_tasks_run_on_the_hosts_of_their_capacity_provider_only() -> None:
    """Others may have all the room in the world.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/asg-capacity-providers.html
    """
    stand = Stand(hosts=4)
    managed(stand)
    stand.sim.join(CLUSTER, host(9, capacity_provider="hosts"))
    stand.create(2)
    assert {one["capacityProviderName"] for one in stand.tasks()} == {"hosts"}
    assert len(hosts(stand)) == 1


def test_base_and_weight_divide_tasks_among_capacity_providers() -> None:
    """First the base, then by weight.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
    """
    stand = Stand(hosts=0)
    for name in ("one", "two"):
        group = {"autoScalingGroupArn": f"arn:aws:autoscaling:eu-west-1:123456789012:{name}"}
        stand.call("CreateCapacityProvider", name=name, autoScalingGroupProvider=group)
        for number in range(4):
            joined = host(number, instance=f"i-{name}{number}", capacity_provider=name)
            stand.sim.join(CLUSTER, joined)
    stand.call(
        "PutClusterCapacityProviders",
        cluster=CLUSTER,
        capacityProviders=["one", "two"],
        defaultCapacityProviderStrategy=[
            {"capacityProvider": "one", "base": 2, "weight": 1},
            {"capacityProvider": "two", "weight": 3},
        ],
    )
    stand.create(8)
    assert Counter(one["capacityProviderName"] for one in stand.tasks()) == {"one": 2, "two": 6}


# --- draining and loss


def test_tasks_on_a_draining_host_are_replaced_within_the_bounds() -> None:
    """With the full minimum a successor is healthy before its task stops.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html
    """
    stand = Stand(hosts=3)
    stand.create(2, deploymentConfiguration={"minimumHealthyPercent": 100, "maximumPercent": 200})
    drained = stand.tasks()[0]
    ec2 = {one["containerInstanceArn"]: one["ec2InstanceId"] for one in stand.instances()}
    stand.drain(ec2[drained["containerInstanceArn"]])
    stand.run(9)
    assert len(stand.tasks()) == 3, "the successor is not healthy yet"
    stand.run(60)
    assert len(stand.tasks()) == 2
    assert drained["containerInstanceArn"] not in hosts(stand)
    (instance,) = [one for one in stand.instances() if one["status"] == "DRAINING"]
    assert (instance["runningTasksCount"], instance["pendingTasksCount"]) == (0, 0)


def test_below_the_full_minimum_tasks_on_a_draining_host_stop_at_once() -> None:
    """As many as the minimum spares.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateContainerInstancesState.html
    """
    stand = Stand(hosts=2)
    stand.create(4)
    stand.drain(host(0).instance)
    states = sorted(one["lastStatus"] for one in stand.tasks())
    assert states.count("RUNNING") == 2


def test_pending_tasks_on_a_draining_host_stop_at_once() -> None:
    """They serve nobody.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html
    """
    stand = Stand(hosts=2, behaviours={"good": Behaviour(boot=100)})
    stand.begin(2, deploymentConfiguration={"minimumHealthyPercent": 100, "maximumPercent": 200})
    stand.drain(host(0).instance)
    assert len(stand.tasks()) == 2
    assert len(hosts(stand)) == 1
    assert stand.deployment.failures == 0, "nothing failed"


def test_a_host_that_is_active_again_takes_tasks_again() -> None:
    """Draining can be taken back.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html
    """
    stand = Stand(hosts=1)
    stand.drain(host(0).instance)
    stand.begin(1)
    assert stand.tasks() == []
    stand.drain(host(0).instance, "ACTIVE")
    stand.run(60)
    assert len(stand.tasks()) == 1


def test_standalone_tasks_outlive_the_draining_of_their_host() -> None:
    """They are waited for.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html
    """
    stand = Stand(hosts=1)
    stand.call("RunTask", cluster=CLUSTER, taskDefinition="web", networkConfiguration=NETWORK)
    stand.drain(host(0).instance)
    stand.run(3600)
    (instance,) = stand.instances()
    assert (instance["status"], instance["runningTasksCount"]) == ("DRAINING", 1)


def test_the_tasks_of_a_lost_host_are_replaced() -> None:
    """They say which host it was; the breaker does not hold it against the release.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
    """
    stand = Stand(hosts=3)
    stand.create(3)
    lost = [one for one in stand.tasks() if one["availabilityZone"] == "eu-west-1a"]
    stand.sim.lose(host(0).instance)
    (task,) = stand.call("DescribeTasks", cluster=CLUSTER, tasks=[lost[0]["taskArn"]])["tasks"]
    assert task["lastStatus"] == "STOPPED"
    assert task["stoppedReason"] == f"Host EC2 (instance {host(0).instance}) terminated."
    assert len(stand.instances()) == 2
    stand.run(30)
    assert len(stand.tasks()) == 3
    assert stand.deployment.failures == 0


def test_an_instance_that_is_not_there_is_a_failure_or_an_error() -> None:
    """By operation; and there are two states to set.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateContainerInstancesState.html
    """
    stand = Stand(hosts=1)
    asked: dict[str, Any] = {"cluster": CLUSTER, "containerInstances": ["none"]}
    answer = stand.call("UpdateContainerInstancesState", **asked, status="DRAINING")
    assert [one["reason"] for one in answer["failures"]] == ["MISSING"]
    with pytest.raises(EcsError, match="ACTIVE and DRAINING"):
        stand.call("UpdateContainerInstancesState", **asked, status="INACTIVE")
    with pytest.raises(EcsError, match="was not found"):
        stand.call("DeregisterContainerInstance", cluster=CLUSTER, containerInstance="none")


def test_a_host_that_joins_again_has_its_agent_back() -> None:
    """The agent registers anew after a restart; the container instance stays the same.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterContainerInstance.html
    """
    stand = Stand(hosts=1)
    (before,) = stand.instances()
    stand.sim.report(AgentConnection(instance=host(0).instance, connected=False))
    assert stand.instances()[0]["agentConnected"] is False
    stand.sim.join(CLUSTER, host(0))
    (after,) = stand.instances()
    assert after["agentConnected"] is True
    assert after["containerInstanceArn"] == before["containerInstanceArn"]


def test_an_instance_with_tasks_is_deregistered_by_force_only() -> None:
    """Then its tasks end as with a lost host.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterContainerInstance.html
    """
    stand = Stand(hosts=2)
    stand.create(2)
    arn = stand.instances()[0]["containerInstanceArn"]
    with pytest.raises(EcsError, match="Found running tasks on the instance"):
        stand.call("DeregisterContainerInstance", cluster=CLUSTER, containerInstance=arn)
    stand.call("DeregisterContainerInstance", cluster=CLUSTER, containerInstance=arn, force=True)
    stand.run(30)
    assert len(stand.tasks()) == 2
    assert arn not in hosts(stand)


# --- zones


def test_zones_are_evened_out_once_the_service_is_steady() -> None:
    """One starts where there are fewest, then one stops where there are most.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
    """
    stand = Stand(hosts=0)
    stand.sim.join(CLUSTER, host(0, interfaces=4))
    stand.create(4, availabilityZoneRebalancing="ENABLED")
    assert zones(stand) == {"a": 4}
    stand.sim.join(CLUSTER, host(1, interfaces=4))
    stand.run(120)
    assert zones(stand) == {"a": 2, "b": 2}
    said = [message for message in stand.events() if "Availability Zone" in message]
    assert said[0] == (
        "(service web) is not AZ balanced with 4 tasks in Availability Zone eu-west-1a, 0 tasks "
        "in Availability Zone eu-west-1b. AZ Rebalancing in progress."
    )
    assert said[1].startswith(
        "(service web) has started 1 tasks in Availability Zone eu-west-1b to AZ Rebalance: (task"
    )
    assert said[2].startswith(
        "(service web) has stopped 1 running tasks in Availability Zone eu-west-1a due to AZ "
        "rebalancing: (task"
    )
    assert said[-1].startswith("(service web) is AZ balanced with 2 tasks in Availability Zone")


@pytest.mark.parametrize(
    "settings",
    [
        {"availabilityZoneRebalancing": "DISABLED"},
        {"placementStrategy": [{"type": "binpack", "field": "memory"}]},
        {"deploymentConfiguration": {"maximumPercent": 100}},
    ],
    ids=["disabled", "another strategy", "no room above 100 percent"],
)
def test_some_services_are_not_evened_out(settings: dict[str, Any]) -> None:
    """Where it is switched off, or impossible.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
    """
    stand = Stand(hosts=0)
    stand.sim.join(CLUSTER, host(0, interfaces=4))
    stand.create(4, **{"availabilityZoneRebalancing": None, **settings})
    stand.sim.join(CLUSTER, host(1, interfaces=4))
    stand.run(120)
    assert zones(stand) == {"a": 4}
    assert stand.service()["availabilityZoneRebalancing"] == "DISABLED"
    assert stand.service()["serviceName"] == SERVICE
