"""Standalone tasks: run, overridden, stopped, listed."""

from typing import Any

import pytest

from perpetual.sandbox.ecs.errors import EcsError
from perpetual.sandbox.ecs.simulated import Behaviour
from tests.sandbox.ecs.stand import CLUSTER, NETWORK, ROLE, SERVICE, Stand, container, host

MIGRATE = {"containerOverrides": [{"name": "release", "command": ["/app/bin/migrate"]}]}


def run(stand: Stand, **request: Any) -> dict[str, Any]:
    """Run a task of the family `web`."""
    fields = {
        "cluster": CLUSTER,
        "taskDefinition": "web",
        "networkConfiguration": NETWORK,
        **request,
    }
    return stand.call("RunTask", **fields)


def test_a_one_off_task_runs_to_its_end_and_tells_its_exit_code() -> None:
    """As a migration does; nobody starts it anew.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/standalone-tasks.html
    """
    stand = Stand(behaviours={"once": Behaviour(crash=20, exit_code=7)})
    stand.register("once")
    answer = run(stand, overrides=MIGRATE, startedBy="deploy", tags=[{"key": "k", "value": "v"}])
    assert answer["failures"] == []
    (task,) = answer["tasks"]
    assert task["group"] == "family:web"
    assert task["startedBy"] == "deploy"
    assert task["tags"] == [{"key": "k", "value": "v"}]
    assert task["overrides"]["containerOverrides"] == MIGRATE["containerOverrides"]
    stand.run(60)
    (task,) = stand.call("DescribeTasks", cluster=CLUSTER, tasks=[task["taskArn"]])["tasks"]
    assert task["lastStatus"] == "STOPPED"
    assert task["containers"][0]["exitCode"] == 7
    assert task["stoppedReason"] == "Essential container in task exited"
    assert len([one for one in stand.world.log if one[1] == "start"]) == 1


def test_overrides_reach_the_world() -> None:
    """Command, variables, roles; the rest is the definition's.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerOverride.html
    """
    stand = Stand()
    variables = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    stand.register("good", container={"environment": variables})
    change = {
        "name": "release",
        "command": ["x"],
        "environment": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}],
    }
    overrides = {"containerOverrides": [change], "taskRoleArn": ROLE}
    arn = run(stand, overrides=overrides)["tasks"][0]["taskArn"]
    start = stand.world.running[arn].start
    (only,) = start.containers
    assert only["command"] == ["x"]
    assert {one["name"]: one["value"] for one in only["environment"]} == {
        "A": "1",
        "B": "3",
        "C": "4",
    }
    assert only["image"] == "good"
    assert start.task_role == ROLE
    assert start.network == NETWORK["awsvpcConfiguration"]
    assert start.host.startswith("i-")


def test_a_task_is_stopped_at_once_on_demand() -> None:
    """SIGTERM without waiting for connections, and the caller's reason.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html
    """
    stand = Stand(behaviours={"good": Behaviour(drain=300)})
    stand.create(1)
    arn = stand.tasks()[0]["taskArn"]
    answer = stand.call("StopTask", cluster=CLUSTER, task=arn, reason="a drill")
    assert answer["task"]["lastStatus"] == "STOPPING"
    stand.run(10)
    (task,) = stand.call("DescribeTasks", cluster=CLUSTER, tasks=[arn])["tasks"]
    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "UserInitiated")
    assert task["stoppedReason"] == "a drill"
    stand.run(20)
    assert len(stand.tasks()) == 1, "the service starts another"
    assert stand.deployment.failures == 0


def test_stopping_a_task_that_stops_already_changes_nothing() -> None:
    """The first reason stays.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html
    """
    stand = Stand()
    arn = run(stand)["tasks"][0]["taskArn"]
    stand.run(10)
    stand.call("StopTask", cluster=CLUSTER, task=arn, reason="first")
    stand.call("StopTask", cluster=CLUSTER, task=arn, reason="second")
    stand.run(60)
    (task,) = stand.call("DescribeTasks", cluster=CLUSTER, tasks=[arn])["tasks"]
    assert task["stoppedReason"] == "first"


def test_a_task_that_has_not_started_is_stopped_too() -> None:
    """While its image is pulled.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
    """
    stand = Stand(behaviours={"good": Behaviour(pull=500)})
    arn = run(stand)["tasks"][0]["taskArn"]
    stand.run(10)
    stand.call("StopTask", cluster=CLUSTER, task=arn)
    stand.run(1)
    (task,) = stand.call("DescribeTasks", cluster=CLUSTER, tasks=[arn])["tasks"]
    assert task["lastStatus"] == "STOPPED"
    assert "exitCode" not in task["containers"][0]
    assert stand.instances()[0]["pendingTasksCount"] == 0


def test_what_finds_no_host_is_a_failure_for_each_host() -> None:
    """With the resource that each lacks.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
    """
    stand = Stand(hosts=0)
    stand.sim.join(CLUSTER, host(0, interfaces=1))
    stand.sim.join(CLUSTER, host(1, memory=512))
    answer = run(stand, count=3)
    assert len(answer["tasks"]) == 1
    assert sorted(one["reason"] for one in answer["failures"]) == [
        "RESOURCE:ENI",
        "RESOURCE:MEMORY",
    ]
    arns = {one["containerInstanceArn"] for one in stand.instances()}
    assert {one["arn"] for one in answer["failures"]} == arns


def test_a_client_token_makes_a_request_safe_to_repeat() -> None:
    """The same tasks; another request with the same token is a conflict.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
    """
    stand = Stand()
    first = run(stand, clientToken="t")["tasks"][0]["taskArn"]
    assert run(stand, clientToken="t")["tasks"][0]["taskArn"] == first
    assert len([one for one in stand.world.log if one[1] == "start"]) == 1
    with pytest.raises(EcsError, match="already in use with a different") as found:
        run(stand, clientToken="t", startedBy="other")
    assert found.value.code == "ConflictException"


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        ({"cluster": "other"}, "ClusterNotFoundException", "Cluster not found."),
        ({"taskDefinition": "none"}, "ClientException", "TaskDefinition not found."),
        ({"count": 11}, "InvalidParameterException", "Count should be between 1 and 10."),
        (
            {"networkConfiguration": {}},
            "InvalidParameterException",
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ),
        (
            {"overrides": {"containerOverrides": [{"name": "x"}]}},
            "InvalidParameterException",
            "Override for container named x is not a container in the TaskDefinition.",
        ),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "x"}]},
            "InvalidParameterException",
            "not associated with the cluster",
        ),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "x"}], "launchType": "EC2"},
            "InvalidParameterException",
            "Specifying both a launch type and capacity provider strategy is not supported",
        ),
        ({"launchType": "FARGATE"}, "UnsupportedFeatureException", "sandbox does not have it"),
        ({"group": "service:web"}, "InvalidParameterException", "Invalid namespace for group."),
        ({"propagateTags": "SERVICE"}, "InvalidParameterException", "only valid for services"),
        ({"enableExecuteCommand": True}, "InvalidParameterException", "valid taskRoleArn"),
        (
            {"placementConstraints": [{"type": "memberOf", "expression": "nonsense"}]},
            "InvalidParameterException",
            "Invalid expression: 'nonsense'",
        ),
    ],
)
def test_a_request_to_run_that_does_not_fit_is_refused(
    request_: dict[str, Any], code: str, message: str
) -> None:
    """In AWS's words where they are known.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
    """
    stand = Stand()
    with pytest.raises(EcsError, match=message) as found:
        run(stand, **request_)
    assert found.value.code == code
    assert stand.world.log == []


def test_tags_of_the_definition_and_of_ecs_come_with_a_task_on_demand() -> None:
    """The request's own win; those of a service come from it or from its definition.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html
    """
    stand = Stand()
    stand.register("good", tags=[{"key": "of", "value": "definition"}, {"key": "a", "value": "1"}])
    own = [{"key": "of", "value": "request"}]
    wanted: dict[str, Any] = {"propagateTags": "TASK_DEFINITION", "enableECSManagedTags": True}
    (task,) = run(stand, **wanted, tags=own)["tasks"]
    assert {one["key"]: one["value"] for one in task["tags"]} == {
        "aws:ecs:clusterName": CLUSTER,
        "of": "request",
        "a": "1",
    }
    stand.create(1, taskDefinition="web:2", **wanted)
    (arn,) = stand.call("ListTasks", cluster=CLUSTER, serviceName=SERVICE)["taskArns"]
    found = stand.call("ListTagsForResource", resourceArn=arn)["tags"]
    assert {one["key"]: one["value"] for one in found} == {
        "aws:ecs:clusterName": CLUSTER,
        "aws:ecs:serviceName": SERVICE,
        "of": "definition",
        "a": "1",
    }


def test_without_any_host_nothing_can_be_run() -> None:
    """Where no managed scaling may bring one.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
    """
    with pytest.raises(EcsError, match="No Container Instances were found in your cluster"):
        run(Stand(hosts=0))


def test_tasks_are_listed_by_what_is_asked() -> None:
    """Family, service, starter, host, and what they are to be.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html
    """
    stand = Stand()
    stand.create(2)
    other = run(stand, startedBy="me")["tasks"][0]["taskArn"]
    gone = run(stand, startedBy="gone")["tasks"][0]["taskArn"]
    stand.run(10)
    stand.call("StopTask", cluster=CLUSTER, task=gone)

    def listed(**request: Any) -> set[str]:
        return set(stand.call("ListTasks", cluster=CLUSTER, **request)["taskArns"])

    served = {one["taskArn"] for one in stand.tasks()}
    assert listed() == served | {other}
    assert listed(family="web") == served | {other}
    assert listed(family="none") == set()
    assert listed(serviceName=SERVICE) == served
    assert listed(startedBy="me") == {other}
    assert listed(desiredStatus="STOPPED") == {gone}
    assert listed(desiredStatus="PENDING") == set()
    hosts = [one["containerInstanceArn"] for one in stand.instances()]
    assert set.union(*(listed(containerInstance=arn) for arn in hosts)) == served | {other}
    with pytest.raises(EcsError, match="startedBy cannot be combined"):
        listed(startedBy="me", family="web")
    with pytest.raises(EcsError, match="Service not found"):
        listed(serviceName="none")
    with pytest.raises(EcsError, match="container instance was not found"):
        listed(containerInstance="none")


def test_long_lists_come_in_pages() -> None:
    """Each with the token of the next.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html
    """
    stand = Stand(hosts=8)
    stand.create(7)
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = stand.call("ListTasks", cluster=CLUSTER, maxResults=3, **token)
        seen.extend(page["taskArns"])
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert len(seen) == len(set(seen)) == 7
    with pytest.raises(EcsError, match="Invalid token"):
        stand.call("ListTasks", cluster=CLUSTER, nextToken="nonsense")


def test_several_containers_start_and_stop_as_one_task() -> None:
    """Each with its own exit code.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
    """
    stand = Stand()
    stand.call(
        "RegisterTaskDefinition",
        family="web",
        networkMode="awsvpc",
        containerDefinitions=[container(), container(name="second", portMappings=[])],
    )
    arn = run(stand)["tasks"][0]["taskArn"]
    stand.run(10)
    stand.call("StopTask", cluster=CLUSTER, task=arn)
    stand.run(10)
    (task,) = stand.call("DescribeTasks", cluster=CLUSTER, tasks=[arn])["tasks"]
    assert {one["name"]: one["exitCode"] for one in task["containers"]} == {
        "release": 0,
        "second": 0,
    }


def test_execute_command_is_told_with_its_agent() -> None:
    """So that a console knows which tasks it may enter.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
    """
    stand = Stand()
    stand.register("good", taskRoleArn=ROLE)
    stand.create(1, taskDefinition="web:2", enableExecuteCommand=True)
    (task,) = stand.tasks()
    assert task["enableExecuteCommand"] is True
    assert task["containers"][0]["managedAgents"] == [
        {"name": "ExecuteCommandAgent", "lastStatus": "RUNNING"}
    ]
    assert stand.world.running[task["taskArn"]].start.execute_command is True
