"""Every call that a release makes is one that the program's own role documents allow."""

from functools import cache

import pytest

from perpetual.aws import permissions
from perpetual.aws.calls import Call
from perpetual.aws.permissions import Permission
from perpetual.deploy import push
from perpetual.errors import OperatorError
from perpetual.sandbox.ecs.simulated import Behaviour
from tests.deploy.desk import Bench
from tests.deploy.world import MIGRATION, NEWER, STACK, Aws, contract
from tests.support import iam
from tests.support.iam import Decision
from tests.support.roles import RoleDocuments, documents
from tests.support.stacks import captured


@cache
def role() -> RoleDocuments:
    """Return the deployment role's documents, as the program makes them."""
    return documents(captured(STACK, known=True), contract().stack.deployment_role)


def decision(asked: Permission) -> Decision:
    """Return what IAM answers."""
    return role().decide(iam.Call(asked.action, asked.resource, asked.context))


def scenario_release(aws: Aws, bench: Bench) -> None:
    """Deploy twice, the second time early, and go back."""
    aws.logs["*"] = ["nothing to migrate"]
    bench.deploy()
    bench.deploy("release:newer", early=True, guard=10.0)
    bench.rollback()


def scenario_failure(aws: Aws, bench: Bench) -> None:
    """A release that crashes, one whose patience ends, and one whose migration hangs."""
    aws.world.behaviours[aws.reference(NEWER)] = Behaviour(crash=1.0)
    bench.fails("release:newer")
    aws.world.behaviours[aws.reference(NEWER)] = Behaviour(health=100_000.0)
    bench.fails("release:newer", patience=60.0)
    aws.world.behaviours[MIGRATION] = Behaviour()
    bench.fails(patience=60.0)


def scenario_first(aws: Aws, bench: Bench) -> None:
    """The first release of a stack, and a refused one."""
    aws.update(desiredCount=0)
    aws.simulation.run(120)
    bench.deploy()
    with pytest.raises(OperatorError):
        bench.rollback(to=7)


@pytest.mark.parametrize("scenario", [scenario_release, scenario_failure, scenario_first])
def test_every_call_of_a_release_is_allowed(scenario: object, aws: Aws, bench: Bench) -> None:
    """By the documents of the role, with the resources and conditions of the very request."""
    assert callable(scenario)
    scenario(aws, bench)
    refused = set()
    for made in aws.made:
        call = Call(service=made.service, operation=made.operation, request=made.request)
        for asked in permissions.needed(call, aws.contract.stack):
            if decision(asked) is not Decision.ALLOWED:
                refused.add((asked.action, asked.resource))
    assert refused == set()


def test_the_scenarios_make_every_kind_of_call(aws: Aws, bench: Bench) -> None:
    """Whatever the plan and its failures may need is among them."""
    for scenario in (scenario_release, scenario_failure):
        aws.world.behaviours.clear()
        aws.world.behaviours[MIGRATION] = Behaviour(crash=3.0, exit_code=0)
        scenario(aws, bench)
    assert {made.operation for made in aws.made} >= {
        *("GetParameter", "GetParametersByPath", "GetParameterHistory", "PutParameter"),
        *("DeleteParameter", "DescribeParameters", "SendCommand", "ListCommandInvocations"),
        *("DescribeServices", "DescribeTaskDefinition", "RegisterTaskDefinition", "RunTask"),
        *("UpdateService", "StopServiceDeployment", "StopTask", "ListTasks", "DescribeTasks"),
        *("ListServiceDeployments", "DescribeServiceDeployments", "DescribeServiceRevisions"),
        *("ListContainerInstances", "DescribeContainerInstances", "DescribeTargetHealth"),
        *("DescribeAlarms", "DescribeAutoScalingGroups", "BatchGetImage", "GetLogEvents"),
        "GetAuthorizationToken",
    }


def test_docker_may_push_with_the_roles_token() -> None:
    """It makes the calls, under the same role."""
    asked = [
        *permissions.needed(push.TOKEN, contract().stack),
        *permissions.push(contract().stack),
    ]
    assert len(asked) == 6
    assert {decision(item) for item in asked} == {Decision.ALLOWED}


def ecs(operation: str, **request: object) -> Call:
    """Return a call of ECS on this stack's cluster and service."""
    service = contract().service
    held = {"cluster": service.cluster, "service": service.name, **request}
    return Call(service="ecs", operation=operation, request=held)


STACK_ARN = contract().stack.arn
OTHERS = {
    "another family on the service": ecs(
        "UpdateService", taskDefinition=STACK_ARN("ecs", "task-definition/admin:1")
    ),
    "the migrations' family on the service": ecs(
        "UpdateService",
        taskDefinition=STACK_ARN("ecs", "task-definition/perpetual-prod-migrate:1"),
    ),
    "another stack's service": ecs(
        "UpdateService", cluster="perpetual-dev", service="perpetual-dev-web"
    ),
    "another stack's task": ecs(
        "StopTask", task=STACK_ARN("ecs", "task/perpetual-dev/0123456789abcdef")
    ),
    "a privileged container": ecs(
        "RegisterTaskDefinition",
        family="perpetual-prod-web",
        containerDefinitions=[{"name": "release", "privileged": True}],
    ),
    "another family": ecs(
        "RegisterTaskDefinition", family="admin", containerDefinitions=[{"name": "release"}]
    ),
    "another role": ecs(
        "RegisterTaskDefinition",
        family="perpetual-prod-web",
        containerDefinitions=[{"name": "release"}],
        taskRoleArn=contract().stack.role_arn("admin"),
    ),
    "a task with a public address": ecs(
        "RunTask",
        taskDefinition=STACK_ARN("ecs", "task-definition/perpetual-prod-migrate:1"),
        networkConfiguration={"awsvpcConfiguration": {"assignPublicIp": "ENABLED"}},
    ),
    "a secret": Call(
        service="ssm",
        operation="GetParameter",
        request={"Name": "/perpetual/prod/secrets/DATABASE_URL"},
    ),
    "another stack's lock": Call(
        service="ssm", operation="PutParameter", request={"Name": "/perpetual/dev/deploy/lock/1"}
    ),
    "the contract": Call(
        service="ssm", operation="PutParameter", request={"Name": "/perpetual/prod/contract"}
    ),
    "the release parameter's end": Call(
        service="ssm", operation="DeleteParameter", request={"Name": "/perpetual/prod/release"}
    ),
    "any command on hosts": Call(
        service="ssm",
        operation="SendCommand",
        request={"DocumentName": "perpetual-dev-pull", "InstanceIds": ["i-1"]},
    ),
    "another stack's image": Call(
        service="ecr", operation="BatchGetImage", request={"repositoryName": "perpetual/dev"}
    ),
    "another stack's log": Call(
        service="logs",
        operation="GetLogEvents",
        request={"logGroupName": "/perpetual/dev/release", "logStreamName": "web/release/1"},
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_a_release_never_does_is_denied(name: str) -> None:
    """The same table, the same documents, other requests: at least one question is answered no."""
    asked = permissions.needed(OTHERS[name], contract().stack)
    assert any(decision(item) is not Decision.ALLOWED for item in asked)
