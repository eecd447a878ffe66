"""Clusters, capacity providers, task definitions and tags: what is kept, and what is refused."""

from typing import Any

import pytest

from perpetual.sandbox.ecs.errors import EcsError
from tests.sandbox.ecs.stand import (
    CLUSTER,
    NETWORK,
    ROLE,
    SERVICE,
    Stand,
    conforms,
    container,
    model,
)

GROUP = "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:0:autoScalingGroupName/hosts"


def provider(stand: Stand, **changes: Any) -> dict[str, Any]:
    """Create a capacity provider like the program's."""
    group = {
        "autoScalingGroupArn": GROUP,
        "managedScaling": {"status": "ENABLED", "targetCapacity": 100},
        "managedTerminationProtection": "ENABLED",
        **changes.pop("group", {}),
    }
    fields = {"name": "hosts", "autoScalingGroupProvider": group, **changes}
    return dict(stand.call("CreateCapacityProvider", **fields)["capacityProvider"])


# --- clusters


def test_a_cluster_reads_back_as_it_was_created() -> None:
    """Settings and configuration when asked for; again the same when created again.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html
    """
    stand = Stand(hosts=0)
    settings = [{"name": "containerInsights", "value": "enhanced"}]
    configuration = {"executeCommandConfiguration": {"logging": "OVERRIDE"}}
    for _ in range(2):
        stand.call("CreateCluster", clusterName="c", settings=settings, configuration=configuration)
    answer = stand.call(
        "DescribeClusters", clusters=["c", "none"], include=["SETTINGS", "CONFIGURATIONS"]
    )
    (found,) = answer["clusters"]
    assert (found["settings"], found["configuration"]) == (settings, configuration)
    assert found["status"] == "ACTIVE"
    assert [one["reason"] for one in answer["failures"]] == ["MISSING"]
    plain = stand.call("DescribeClusters", clusters=["c"])["clusters"][0]
    assert "configuration" not in plain
    assert len(stand.call("ListClusters")["clusterArns"]) == 2
    change = [{"name": "containerInsights", "value": "disabled"}]
    stand.call("UpdateClusterSettings", cluster="c", settings=change)
    answer = stand.call("DescribeClusters", clusters=["c"], include=["SETTINGS"])
    assert answer["clusters"][0]["settings"] == change


def test_a_cluster_counts_what_it_has() -> None:
    """Hosts, services, tasks.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Cluster.html
    """
    stand = Stand(hosts=3)
    stand.create(2)
    (found,) = stand.call("DescribeClusters", clusters=[CLUSTER])["clusters"]
    counted = {key: value for key, value in found.items() if key.endswith("Count")}
    assert counted == {
        "registeredContainerInstancesCount": 3,
        "runningTasksCount": 2,
        "pendingTasksCount": 0,
        "activeServicesCount": 1,
    }


def test_a_cluster_is_deleted_when_nothing_is_left_of_it() -> None:
    """First hosts, then services; afterwards it is not found.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html
    """
    stand = Stand(hosts=1)
    stand.create(1)
    for code in (
        "ClusterContainsContainerInstancesException",
        "ClusterContainsServicesException",
    ):
        with pytest.raises(EcsError) as found:
            stand.call("DeleteCluster", cluster=CLUSTER)
        assert found.value.code == code
        for instance in stand.instances():
            stand.sim.lose(instance["ec2InstanceId"])
    stand.call("DeleteService", cluster=CLUSTER, service=SERVICE, force=True)
    assert stand.call("DeleteCluster", cluster=CLUSTER)["cluster"]["status"] == "INACTIVE"
    with pytest.raises(EcsError, match="Cluster not found"):
        stand.call("ListServices", cluster=CLUSTER)


def test_a_cluster_with_tasks_is_not_deleted() -> None:
    """Here: one that waits for a host of its capacity provider.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html
    """
    stand = Stand(hosts=0)
    provider(stand)
    attached: dict[str, Any] = {"cluster": CLUSTER, "capacityProviders": ["hosts"]}
    strategy = [{"capacityProvider": "hosts"}]
    stand.call("PutClusterCapacityProviders", **attached, defaultCapacityProviderStrategy=strategy)
    stand.call("RunTask", cluster=CLUSTER, taskDefinition="web:1", networkConfiguration=NETWORK)
    with pytest.raises(EcsError) as found:
        stand.call("DeleteCluster", cluster=CLUSTER)
    assert found.value.code == "ClusterContainsTasksException"


# --- capacity providers


def test_a_capacity_provider_has_aws_defaults() -> None:
    """Managed draining is on, the warm-up 300 s.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AutoScalingGroupProvider.html
    """
    stand = Stand(hosts=0)
    made = provider(stand)["autoScalingGroupProvider"]
    assert made["managedDraining"] == "ENABLED"
    assert made["managedScaling"] == {
        "status": "ENABLED",
        "targetCapacity": 100,
        "minimumScalingStepSize": 1,
        "maximumScalingStepSize": 10_000,
        "instanceWarmupPeriod": 300,
    }
    stand.call(
        "UpdateCapacityProvider",
        name="hosts",
        autoScalingGroupProvider={"managedScaling": {"instanceWarmupPeriod": 60}},
    )
    answer = stand.call("DescribeCapacityProviders", capacityProviders=["hosts", "none"])
    scaling = answer["capacityProviders"][0]["autoScalingGroupProvider"]["managedScaling"]
    assert (scaling["instanceWarmupPeriod"], scaling["targetCapacity"]) == (60, 100)
    assert [one["reason"] for one in answer["failures"]] == ["MISSING"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "ecs-hosts"}, "cannot start with aws, ecs or fargate"),
        ({"name": "hosts"}, "already exists"),
        ({"name": "other"}, "already being used by another capacity provider"),
        (
            {"name": "x", "group": {"autoScalingGroupArn": "y", "managedScaling": {}}},
            "enable managed scaling",
        ),
    ],
)
def test_a_capacity_provider_that_does_not_fit_is_refused(
    changes: dict[str, Any], message: str
) -> None:
    """Reserved and taken names, a group twice, protection without scaling.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCapacityProvider.html
    """
    stand = Stand(hosts=0)
    provider(stand)
    with pytest.raises(EcsError, match=message):
        provider(stand, **changes)


def test_a_capacity_provider_in_use_stays() -> None:
    """With its cluster, and in it with its tasks.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCapacityProvider.html
    """
    stand = Stand(hosts=0)
    provider(stand)
    with pytest.raises(EcsError, match="does not exist"):
        stand.call(
            "PutClusterCapacityProviders",
            cluster=CLUSTER,
            capacityProviders=["none"],
            defaultCapacityProviderStrategy=[],
        )

    def put(*names: str) -> None:
        stand.call(
            "PutClusterCapacityProviders",
            cluster=CLUSTER,
            capacityProviders=list(names),
            defaultCapacityProviderStrategy=[{"capacityProvider": one} for one in names],
        )

    put("hosts")
    with pytest.raises(EcsError, match="in use"):
        stand.call("DeleteCapacityProvider", capacityProvider="hosts")
    stand.begin(1)
    with pytest.raises(EcsError, match="in use by tasks") as found:
        put()
    assert found.value.code == "ResourceInUseException"
    stand.call("DeleteService", cluster=CLUSTER, service=SERVICE, force=True)
    put()
    answer = stand.call("DeleteCapacityProvider", capacityProvider="hosts")
    assert answer["capacityProvider"]["status"] == "INACTIVE"


# --- task definitions


def test_a_task_definition_reads_back_with_aws_defaults() -> None:
    """Fields that were sent, and those that AWS adds.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
    """
    stand = Stand(hosts=0)
    sent = container(
        secrets=[{"name": "S", "valueFrom": "/x"}],
        ulimits=[{"name": "nofile", "softLimit": 1, "hardLimit": 2}],
        linuxParameters={"initProcessEnabled": True},
        logConfiguration={"logDriver": "awslogs", "options": {"mode": "blocking"}},
    )
    answer = stand.call(
        "RegisterTaskDefinition",
        family="web",
        networkMode="awsvpc",
        requiresCompatibilities=["EC2"],
        taskRoleArn=ROLE,
        executionRoleArn=ROLE,
        runtimePlatform={"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        containerDefinitions=[sent],
        tags=[{"key": "k", "value": "v"}],
    )
    made = answer["taskDefinition"]
    assert made["taskDefinitionArn"].endswith("task-definition/web:2")
    assert (made["revision"], made["status"], made["compatibilities"]) == (2, "ACTIVE", ["EC2"])
    (only,) = made["containerDefinitions"]
    assert {key: only[key] for key in sent if key != "portMappings"} == {
        key: value for key, value in sent.items() if key != "portMappings"
    }
    assert only["portMappings"] == [{"containerPort": 5000, "hostPort": 5000, "protocol": "tcp"}]
    assert (only["cpu"], only["essential"], only["environment"]) == (0, True, [])
    needed = {one["name"] for one in made["requiresAttributes"]}
    assert "ecs.capability.task-eni" in needed
    described = stand.call("DescribeTaskDefinition", taskDefinition="web", include=["TAGS"])
    assert described["taskDefinition"] == made
    assert described["tags"] == [{"key": "k", "value": "v"}]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"containerDefinitions": []}, "Container list cannot be empty."),
        ({"containerDefinitions": [container(), container()]}, "must be unique"),
        ({"containerDefinitions": [container(essential=False)]}, "must be essential"),
        ({"containerDefinitions": [{"name": "x", "memory": 9}]}, "Container.image should not be"),
        (
            {"containerDefinitions": [{"name": "x", "image": "y"}]},
            "Invalid setting for container 'x'. At least one of 'memory' or 'memoryReservation'",
        ),
        (
            {"containerDefinitions": [container(memory=1)]},
            "'memoryReservation' must not be greater",
        ),
        (
            {
                "containerDefinitions": [
                    container(portMappings=[{"containerPort": 80, "hostPort": 81}])
                ]
            },
            "When networkMode=awsvpc, the host ports and container ports in port mappings must",
        ),
        (
            {"containerDefinitions": [container(secrets=[{"name": "S", "valueFrom": "x"}])]},
            "When you are specifying container secrets, you must also specify a value for",
        ),
        (
            {
                "executionRoleArn": ROLE,
                "containerDefinitions": [
                    container(
                        secrets=[{"name": "S", "valueFrom": "x"}],
                        environment=[{"name": "S", "value": "y"}],
                    )
                ],
            },
            "such as 'S'",
        ),
        (
            {"containerDefinitions": [container(mountPoints=[{"sourceVolume": "v"}])]},
            "Unknown volume 'v'",
        ),
        (
            {
                "containerDefinitions": [
                    container(dependsOn=[{"containerName": "x", "condition": "START"}])
                ]
            },
            "depends on container 'x'",
        ),
    ],
)
def test_a_task_definition_that_does_not_fit_is_refused(
    changes: dict[str, Any], message: str
) -> None:
    """As a ClientException; no revision is used up.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
    """
    stand = Stand(hosts=0)
    request = {
        "family": "web",
        "networkMode": "awsvpc",
        "containerDefinitions": [container()],
        **changes,
    }
    conforms(request, model().operation_model("RegisterTaskDefinition").input_shape)
    with pytest.raises(EcsError, match=message) as found:
        stand.sim.call("RegisterTaskDefinition", **request)
    assert found.value.code == "ClientException"
    assert stand.register("good").endswith("web:2")


def test_revisions_are_listed_and_deregistered() -> None:
    """A deregistered one can be described, and what runs of it goes on.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterTaskDefinition.html
    """
    stand = Stand()
    stand.create(1)
    stand.register("new")

    def listed(**request: Any) -> list[str]:
        arns = stand.call("ListTaskDefinitions", **request)["taskDefinitionArns"]
        return [arn.rpartition("/")[2] for arn in arns]

    assert listed(familyPrefix="web") == ["web:1", "web:2"]
    assert listed(sort="DESC") == ["web:2", "web:1"]
    with pytest.raises(EcsError, match="Missing version number"):
        stand.call("DeregisterTaskDefinition", taskDefinition="web")
    answer = stand.call("DeregisterTaskDefinition", taskDefinition="web:1")
    assert answer["taskDefinition"]["status"] == "INACTIVE"
    assert listed() == ["web:2"]
    assert listed(status="INACTIVE") == ["web:1"]
    assert stand.call("ListTaskDefinitionFamilies", status="ACTIVE")["families"] == ["web"]
    stand.update(desiredCount=2)
    stand.run(30)
    assert len(stand.tasks("good")) == 2
    with pytest.raises(EcsError, match="Unable to describe task definition"):
        stand.call("DescribeTaskDefinition", taskDefinition="web:9")


def test_revisions_are_deleted_once_they_are_inactive() -> None:
    """One that is in use can still be described.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteTaskDefinitions.html
    """
    stand = Stand()
    stand.register("new")
    answer = stand.call("DeleteTaskDefinitions", taskDefinitions=["web:2", "web:9"])
    assert answer["taskDefinitions"] == []
    assert len(answer["failures"]) == 2
    stand.call("DeregisterTaskDefinition", taskDefinition="web:2")
    answer = stand.call("DeleteTaskDefinitions", taskDefinitions=["web:2"])
    assert answer["taskDefinitions"][0]["status"] == "DELETE_IN_PROGRESS"
    with pytest.raises(EcsError, match="Unable to describe task definition"):
        stand.call("DescribeTaskDefinition", taskDefinition="web:2")
    assert stand.register("newest").endswith("web:3"), "numbers are not used again"
    stand.create(1)
    stand.call("DeregisterTaskDefinition", taskDefinition="web:1")
    stand.call("DeleteTaskDefinitions", taskDefinitions=["web:1"])
    used = stand.call("DescribeTaskDefinition", taskDefinition="web:1")["taskDefinition"]
    assert used["status"] == "DELETE_IN_PROGRESS"


# --- tags


def test_whatever_has_an_arn_can_be_tagged() -> None:
    """Tags are added, changed, removed and listed.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TagResource.html
    """
    stand = Stand(hosts=1)
    stand.create(1)
    made = provider(stand)
    service = stand.service()
    arns = [
        service["clusterArn"],
        service["serviceArn"],
        service["taskDefinition"],
        made["capacityProviderArn"],
        stand.instances()[0]["containerInstanceArn"],
        stand.tasks()[0]["taskArn"],
    ]
    for arn in arns:
        for value in ("1", "2"):
            tags = [{"key": "a", "value": value}, {"key": "b", "value": value}]
            stand.call("TagResource", resourceArn=arn, tags=tags)
        stand.call("UntagResource", resourceArn=arn, tagKeys=["b"])
        found = stand.call("ListTagsForResource", resourceArn=arn)["tags"]
        assert found == [{"key": "a", "value": "2"}], arn
    with pytest.raises(EcsError, match="was not found"):
        stand.call("ListTagsForResource", resourceArn=arns[0] + "x")


def test_a_resource_has_fifty_tags_at_most() -> None:
    """AWS's own limit.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TagResource.html
    """
    stand = Stand(hosts=0)
    arn = stand.call("ListClusters")["clusterArns"][0]
    tags = [{"key": str(number), "value": ""} for number in range(51)]
    with pytest.raises(EcsError, match="at most 50 tags"):
        stand.call("TagResource", resourceArn=arn, tags=tags)
