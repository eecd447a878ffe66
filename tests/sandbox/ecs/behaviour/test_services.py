"""Services: created, refused, changed, deleted, described."""

from datetime import UTC, datetime
from typing import Any

import pytest

from perpetual.sandbox.ecs.errors import EcsError
from perpetual.sandbox.ecs.simulated import Behaviour
from tests.sandbox.ecs.stand import BALANCER, CLUSTER, NETWORK, REGISTRY, SERVICE, Stand


def test_what_a_service_is_created_with_reads_back() -> None:
    """All of it, with AWS's defaults for what was left out.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
    """
    stand = Stand()
    given: dict[str, Any] = {
        "healthCheckGracePeriodSeconds": 7,
        "placementStrategy": [
            {"type": "spread", "field": "attribute:ecs.availability-zone"},
            {"type": "spread", "field": "instanceId"},
        ],
        "placementConstraints": [{"type": "distinctInstance"}],
        "enableECSManagedTags": True,
        "propagateTags": "SERVICE",
        "availabilityZoneRebalancing": "ENABLED",
        "loadBalancers": [BALANCER],
        "networkConfiguration": NETWORK,
    }
    stand.begin(2, **given, tags=[{"key": "stack", "value": "prod"}])
    service = stand.service()
    assert {key: service[key] for key in given} == given
    assert service["schedulingStrategy"] == "REPLICA"
    assert service["deploymentController"] == {"type": "ECS"}
    assert service["deploymentConfiguration"] == {
        "deploymentCircuitBreaker": {"enable": False, "rollback": False},
        "maximumPercent": 150,
        "minimumHealthyPercent": 50,
        "strategy": "ROLLING",
    }
    tagged = stand.call("DescribeServices", cluster=CLUSTER, services=[SERVICE], include=["TAGS"])
    assert tagged["services"][0]["tags"] == [{"key": "stack", "value": "prod"}]
    (task, _) = stand.call(
        "DescribeTasks",
        cluster=CLUSTER,
        tasks=[one["taskArn"] for one in stand.tasks()],
        include=["TAGS"],
    )["tasks"]
    assert {one["key"]: one["value"] for one in task["tags"]} == {
        "aws:ecs:clusterName": CLUSTER,
        "aws:ecs:serviceName": SERVICE,
        "stack": "prod",
    }


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        ({"cluster": "none"}, "ClusterNotFoundException", "Cluster not found."),
        ({"taskDefinition": "none:1"}, "ClientException", "TaskDefinition not found."),
        ({"serviceName": "a b"}, "InvalidParameterException", "Invalid service name"),
        ({"desiredCount": None}, "InvalidParameterException", "desiredCount must be specified"),
        (
            {"networkConfiguration": None},
            "InvalidParameterException",
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ),
        (
            {"loadBalancers": [{**BALANCER, "containerName": "web"}]},
            "InvalidParameterException",
            "The container web does not exist in the task definition.",
        ),
        (
            {"loadBalancers": [{**BALANCER, "containerPort": 80}]},
            "InvalidParameterException",
            "The container release did not have a container port 80 defined.",
        ),
        (
            {"loadBalancers": None, "healthCheckGracePeriodSeconds": 5},
            "InvalidParameterException",
            "Health check grace period is only valid for services configured to use load",
        ),
        (
            {"deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 100}},
            "InvalidParameterException",
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block",
        ),
        (
            {"deploymentConfiguration": {"minimumHealthyPercent": 200}},
            "InvalidParameterException",
            "minimumHealthyPercent 200 and maximumPercent 150 do not fit",
        ),
        (
            {
                "deploymentConfiguration": {
                    "earlySuccessCriteria": {
                        "enable": True,
                        "healthyPercent": 40,
                        "sourceServiceRevisionCleanup": "DEFERRED",
                    }
                }
            },
            "InvalidParameterException",
            "healthyPercent 40 must be between minimumHealthyPercent",
        ),
        (
            {"deploymentConfiguration": {"earlySuccessCriteria": {"enable": True}}},
            "InvalidParameterException",
            "needs healthyPercent and sourceServiceRevisionCleanup",
        ),
        (
            {
                "deploymentConfiguration": {
                    "deploymentCircuitBreaker": {
                        "enable": True,
                        "rollback": True,
                        "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 101},
                    }
                }
            },
            "InvalidParameterException",
            "a percentage is from 1 to 100",
        ),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "none", "weight": 1}]},
            "InvalidParameterException",
            "not associated with the cluster",
        ),
        ({"enableExecuteCommand": True}, "InvalidParameterException", "a valid taskRoleArn"),
        (
            {"placementStrategy": [{"type": "random"}] * 6},
            "InvalidParameterException",
            "at most 5 placement strategies",
        ),
        (
            {
                "availabilityZoneRebalancing": "ENABLED",
                "placementStrategy": [{"type": "random"}],
            },
            "InvalidParameterException",
            "Availability Zone rebalancing needs",
        ),
        (
            {"schedulingStrategy": "DAEMON"},
            "UnsupportedFeatureException",
            "The sandbox does not have it.",
        ),
        (
            {"deploymentConfiguration": {"strategy": "BLUE_GREEN"}},
            "UnsupportedFeatureException",
            "strategy BLUE_GREEN",
        ),
        ({"launchType": "FARGATE"}, "UnsupportedFeatureException", "launch type FARGATE"),
        (
            {"deploymentController": {"type": "CODE_DEPLOY"}},
            "UnsupportedFeatureException",
            "deployment controller CODE_DEPLOY",
        ),
        (
            {"loadBalancers": [{"loadBalancerName": "web"}]},
            "UnsupportedFeatureException",
            "Classic Load Balancer",
        ),
        (
            {"serviceRegistries": [{"registryArn": REGISTRY, "containerName": "web"}]},
            "InvalidParameterException",
            "The container web does not exist",
        ),
        (
            {"placementConstraints": [{"type": "distinctInstance"}] * 11},
            "InvalidParameterException",
            "at most 10 placement constraints",
        ),
    ],
)
def test_a_service_that_does_not_fit_is_refused(
    request_: dict[str, Any], code: str, message: str
) -> None:
    """In AWS's words where they are known; nothing is created.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
    """
    stand = Stand()
    desired = request_.pop("desiredCount", 2) if "desiredCount" in request_ else 2
    with pytest.raises(EcsError, match=message) as found:
        stand.begin(desired, **request_)
    assert found.value.code == code
    assert stand.call("ListServices", cluster=CLUSTER)["serviceArns"] == []


def test_a_network_is_refused_where_the_task_has_none() -> None:
    """Outside awsvpc.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
    """
    stand = Stand()
    stand.register("good", networkMode="bridge")
    with pytest.raises(EcsError, match="is not valid for the given networkMode"):
        stand.begin(2, taskDefinition="web:2")


def test_the_same_request_creates_a_service_once() -> None:
    """Another request under the same name is refused.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
    """
    stand = Stand()
    first = stand.begin(2)
    again = stand.begin(2)
    assert again["serviceArn"] == first["serviceArn"]
    assert len(stand.tasks()) == 2
    with pytest.raises(EcsError, match="Creation of service was not idempotent") as found:
        stand.begin(3)
    assert found.value.code == "InvalidParameterException"


def test_a_service_is_deleted_at_zero_or_by_force() -> None:
    """It drains, then it is inactive, and its name is free again.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html
    """
    stand = Stand(behaviours={"good": Behaviour(drain=10)})
    stand.create(2)
    with pytest.raises(EcsError, match="cannot be stopped while it is scaled above 0"):
        stand.call("DeleteService", cluster=CLUSTER, service=SERVICE)
    stand.call("DeleteService", cluster=CLUSTER, service=SERVICE, force=True)
    assert stand.service()["status"] == "DRAINING"
    assert stand.call("ListServices", cluster=CLUSTER)["serviceArns"] == []
    with pytest.raises(EcsError, match="Unable to Start a service that is still Draining"):
        stand.begin(1)
    with pytest.raises(EcsError, match="Service was not ACTIVE") as found:
        stand.update(desiredCount=1)
    assert found.value.code == "ServiceNotActiveException"
    stand.run(60)
    assert stand.service()["status"] == "INACTIVE"
    assert stand.tasks() == []
    stand.create(1)
    assert len(stand.tasks()) == 1


def test_what_is_asked_for_and_not_there_is_a_failure() -> None:
    """Of several services, those that exist are described.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
    """
    stand = Stand()
    stand.create(1)
    answer = stand.call("DescribeServices", cluster=CLUSTER, services=[SERVICE, "none"])
    assert [one["serviceName"] for one in answer["services"]] == [SERVICE]
    missing = f"arn:aws:ecs:eu-west-1:123456789012:service/{CLUSTER}/none"
    assert answer["failures"] == [{"arn": missing, "reason": "MISSING"}]
    with pytest.raises(EcsError, match="Service not found") as found:
        stand.call("UpdateService", cluster=CLUSTER, service="none")
    assert found.value.code == "ServiceNotFoundException"
    with pytest.raises(EcsError, match="at most 10 items"):
        stand.call("DescribeServices", cluster=CLUSTER, services=["x"] * 11)


def test_a_service_can_be_named_by_its_arn() -> None:
    """Everywhere a name can stand.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
    """
    stand = Stand()
    arn = stand.begin(1)["serviceArn"]
    cluster = stand.service()["clusterArn"]
    answer = stand.call("DescribeServices", cluster=cluster, services=[arn])
    assert answer["services"][0]["serviceName"] == SERVICE
    assert stand.call("ListTasks", cluster=cluster, serviceName=arn)["taskArns"]


def test_a_family_without_a_number_is_its_latest_active_revision() -> None:
    """At the time of the request.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
    """
    stand = Stand()
    stand.register("new")
    newest = stand.register("newest")
    stand.call("DeregisterTaskDefinition", taskDefinition=newest)
    assert stand.begin(1, taskDefinition="web")["taskDefinition"].endswith("web:2")


def test_service_deployments_are_listed_newest_first_by_status_and_time() -> None:
    """With pages.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html
    """
    stand = Stand()
    stand.create(2)
    first = stand.now
    for image in ("second", "third"):
        stand.run(100)
        stand.deploy(image)
    stand.run(5)

    def listed(**request: Any) -> list[str]:
        answer = stand.call("ListServiceDeployments", cluster=CLUSTER, service=SERVICE, **request)
        return [one["status"] for one in answer["serviceDeployments"]]

    assert listed() == ["IN_PROGRESS", "SUCCESSFUL", "SUCCESSFUL"]
    assert listed(status=["IN_PROGRESS"]) == ["IN_PROGRESS"]
    assert listed(createdAt={"after": first}) == ["IN_PROGRESS", "SUCCESSFUL"]
    moment = datetime.fromtimestamp(first, UTC)  # as boto3 takes it
    assert listed(createdAt={"before": moment}) == ["SUCCESSFUL"]
    assert listed(maxResults=2) == ["IN_PROGRESS", "SUCCESSFUL"]


def test_while_it_runs_a_service_deployment_counts_live() -> None:
    """Source and target, requested, running and pending; afterwards a snapshot.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
    """
    stand = Stand()
    stand.create(2)
    assert stand.service_deployments()[0]["status"] == "SUCCESSFUL"
    stand.deploy("new")
    stand.run(2)
    record = stand.service_deployments()[0]
    assert record["status"] == "IN_PROGRESS"
    assert record["targetServiceRevision"]["pendingTaskCount"] == 2
    (source,) = record["sourceServiceRevisions"]
    assert (source["requestedTaskCount"], source["runningTaskCount"]) == (1, 1)
    assert stand.service()["currentServiceDeployment"] == record["serviceDeploymentArn"]
    stand.until_completed()
    record = stand.service_deployments()[0]
    assert record["targetServiceRevision"]["runningTaskCount"] == 2
    assert record["finishedAt"] == stand.now
    assert "currentServiceDeployment" not in stand.service()
    stand.update(desiredCount=0)
    stand.run(100)
    assert stand.service_deployments()[0]["targetServiceRevision"]["runningTaskCount"] == 2


def test_revisions_and_deployments_that_are_not_there_are_failures() -> None:
    """Of several, those that exist are described.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceRevisions.html
    """
    stand = Stand()
    stand.create(1)
    revision = stand.service()["currentServiceRevisions"][0]["arn"]
    answer = stand.call("DescribeServiceRevisions", serviceRevisionArns=[revision, "nonsense"])
    (found,) = answer["serviceRevisions"]
    assert found["taskDefinition"].endswith("web:1")
    assert found["loadBalancers"] == [BALANCER]
    assert answer["failures"] == [{"arn": "nonsense", "reason": "MISSING"}]
    answer = stand.call("DescribeServiceDeployments", serviceDeploymentArns=["nonsense"])
    assert answer == {
        "serviceDeployments": [],
        "failures": [{"arn": "nonsense", "reason": "MISSING"}],
    }


def test_an_operation_that_the_sandbox_lacks_says_so() -> None:
    """With an error that clients know.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html
    """
    stand = Stand()
    with pytest.raises(EcsError, match="CreateTaskSet is an operation of ECS") as found:
        stand.sim.call("CreateTaskSet")
    assert found.value.code == "UnsupportedFeatureException"


def test_the_latest_hundred_events_are_kept() -> None:
    """Older ones are gone.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
    """
    stand = Stand()
    stand.create(2)
    for _ in range(60):
        stand.update(forceNewDeployment=True)
        stand.until_completed()
    described = stand.service()["events"]
    assert len(described) == 100
    times = [one["createdAt"] for one in described]
    assert times == sorted(times, reverse=True)
    assert len({one["id"] for one in described}) == 100
