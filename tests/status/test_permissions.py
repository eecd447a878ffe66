"""Every call is one that the roles of the stack may make, by their real documents."""

from functools import cache

import pytest

from perpetual.aws import published
from perpetual.aws.calls import Call
from perpetual.aws.permissions import needed
from perpetual.status import read
from tests.status.given import HERE, NOW, Recorded, healthy, listed, rollout, stack, stopped
from tests.support import iam
from tests.support.roles import documents
from tests.support.stacks import captured

ROLES = (HERE.deployment_role, HERE.development_role)


@cache
def made() -> tuple[Call, ...]:
    """Return the calls of one look at a stack that has everything."""
    answers = healthy()
    gone = stopped(9, 2, "why")
    answers["ecs", "ListTasks"] = {"taskArns": [gone["taskArn"]]}
    answers["ecs", "ListServiceDeployments"] = {"serviceDeployments": [listed(rollout())]}
    answers["sts", "GetCallerIdentity"] = {
        "Account": HERE.account,
        "Arn": HERE.role_arn(HERE.deployment_role),
    }
    clients = Recorded(answers)
    published.read(clients, HERE.name)
    read.snapshot(clients, stack(), NOW)
    return tuple(clients.calls)


OPERATIONS = {
    ("acm", "DescribeCertificate"),
    ("autoscaling", "DescribeAutoScalingGroups"),
    ("cloudwatch", "DescribeAlarms"),
    ("cloudwatch", "GetMetricData"),
    ("ecs", "DescribeContainerInstances"),
    ("ecs", "DescribeServiceDeployments"),
    ("ecs", "DescribeServices"),
    ("ecs", "DescribeTasks"),
    ("ecs", "ListContainerInstances"),
    ("ecs", "ListServiceDeployments"),
    ("ecs", "ListTasks"),
    ("elbv2", "DescribeListeners"),
    ("elbv2", "DescribeTargetHealth"),
    ("rds", "DescribeDBInstances"),
    ("ssm", "GetParameter"),
    ("sts", "GetCallerIdentity"),
}
"""What `perpetual status` asks of AWS; `GetParameterHistory` comes with the first release."""


def test_these_are_the_calls() -> None:
    """Another one needs a line here, and a right."""
    assert {(call.service, call.operation) for call in made()} == OPERATIONS


@pytest.mark.parametrize("role", ROLES)
def test_each_call_is_allowed(role: str) -> None:
    """To whoever deploys, and to whoever develops."""
    found = documents(captured("prod", f"account={HERE.account}", known=True), role)
    for call in made():
        for permission in needed(call, HERE):
            asked = iam.Call(permission.action, permission.resource, permission.context)
            assert found.decide(asked) is iam.Decision.ALLOWED, asked


@pytest.mark.parametrize("role", ROLES)
def test_nothing_that_changes_is_asked(role: str) -> None:
    """The operations read, by their names; and another stack's are denied."""
    assert all(call.operation.startswith(("Describe", "Get", "List")) for call in made())
    found = documents(captured("prod", f"account={HERE.account}", known=True), role)
    other = HERE.arn("ecs", "service/perpetual-blue/perpetual-blue-web")
    assert found.decide(iam.Call("ecs:DescribeServices", other)) is iam.Decision.IMPLICIT
