"""What the development role may do: read, enter the release, tunnel; and nothing that changes."""

import pytest

from settings.models import Bastion
from tests.components.access.given import (
    CLUSTER,
    KEY,
    OTHER_CLUSTER,
    OWN,
    OWN_KEY,
    STACK,
    arn,
    registered,
    role,
)
from tests.support.iam import Call, Decision
from tests.support.roles import documents

TASK = arn("ecs", "task/perpetual-prod/0af3")
OTHER_TASK = arn("ecs", "task/perpetual-prod-blue/0af3")
RELEASE = {"ecs:container-name": "release"}
CHECKED = {"ssm:SessionDocumentAccessCheck": "true"}
UNCHECKED = {"ssm:SessionDocumentAccessCheck": "false"}
BASTION = {
    "ssm:resourceTag/perpetual:stack": "prod",
    "ssm:resourceTag/perpetual:role": "bastion",
}
LOGIN = {
    "aws:ResourceTag/perpetual:stack": "prod",
    "aws:ResourceTag/perpetual:role": "bastion",
    "ec2:osuser": "ec2-user",
}
INSTANCE = arn("ec2", "instance/i-1")
ME = {"aws:userid": "AROAEXAMPLE:ada"}
SESSION = arn("ssm", "session/ada-1")
OWNER = "ssm:resourceTag/aws:ssmmessages:session-id"


def public(document: str) -> str:
    """Return the ARN of one of Amazon's own SSM documents."""
    return f"arn:aws:ssm:eu-central-1::document/{document}"


ALLOWED = [
    Call("ecs:DescribeServices", arn("ecs", "service/perpetual-prod/perpetual-prod-web"), CLUSTER),
    Call("ecs:DescribeTasks", TASK, CLUSTER),
    Call("ecs:ListTasks", "*", CLUSTER),
    Call("rds:DescribeDBInstances", arn("rds", "db:perpetual-prod-postgres")),
    Call("cloudwatch:GetMetricData"),
    Call("elasticloadbalancing:DescribeTargetHealth"),
    Call("ssm:GetParameter", arn("ssm", "parameter/perpetual/prod/contract")),
    Call("ecr:BatchGetImage", arn("ecr", "repository/perpetual/prod")),
    Call("logs:StartLiveTail", arn("logs", "log-group:/perpetual/prod/release")),
    Call("logs:FilterLogEvents", arn("logs", "log-group:/perpetual/prod/exec:*")),
    Call(
        "logs:GetLogEvents",
        arn("logs", "log-group:/aws/rds/instance/perpetual-prod-postgres/postgresql:log-stream:a"),
    ),
    Call("ecs:ExecuteCommand", TASK, RELEASE),
    Call("ecs:ExecuteCommand", arn("ecs", "cluster/perpetual-prod"), RELEASE),
    Call("kms:GenerateDataKey", KEY, OWN_KEY),
    Call("ssm:StartSession", TASK, CHECKED),
    Call("ssm:StartSession", public("AWS-StartPortForwardingSessionToRemoteHost"), CHECKED),
    Call("ssm:TerminateSession", SESSION, ME | {OWNER: ME["aws:userid"]}),
]

IMPLICITLY = [
    Call("ecs:ExecuteCommand", OTHER_TASK, RELEASE),
    Call("ecs:ExecuteCommand", TASK, {"ecs:container-name": "sidecar"}),
    Call("ecs:ListTasks", "*", OTHER_CLUSTER),
    Call("ecs:UpdateService", arn("ecs", "service/perpetual-prod/perpetual-prod-web"), CLUSTER),
    Call("ecs:RunTask", arn("ecs", "task-definition/perpetual-prod-web:1"), CLUSTER),
    Call("ecs:StopTask", TASK, CLUSTER),
    Call("ssm:StartSession", OTHER_TASK, CHECKED),
    Call("ssm:StartSession", TASK, UNCHECKED),
    Call("ssm:StartSession", INSTANCE, BASTION | CHECKED),
    Call("ssm:StartSession", arn("ssm", "document/SSM-SessionManagerRunShell"), CHECKED),
    Call("ssm:StartSession", public("AWS-StartInteractiveCommand"), CHECKED),
    Call("ssm:TerminateSession", SESSION, ME | {OWNER: "AROAEXAMPLE:bob"}),
    Call("ssm:SendCommand", arn("ssm", "document/perpetual-prod-pull")),
    Call("ec2-instance-connect:SendSSHPublicKey", INSTANCE, LOGIN),
    Call("kms:GenerateDataKey", KEY, {"kms:ResourceAliases": ["alias/perpetual-prod-blue"]}),
    Call("ssm:PutParameter", arn("ssm", "parameter/perpetual/prod/release")),
    Call("ssm:GetParameter", arn("ssm", "parameter/perpetual/prod-blue/contract")),
    Call("ecr:PutImage", arn("ecr", "repository/perpetual/prod")),
    Call("logs:FilterLogEvents", arn("logs", "log-group:/perpetual/prod-blue/release:*")),
    Call("logs:DeleteLogGroup", arn("logs", "log-group:/perpetual/prod/release"), OWN),
    Call("rds:DeleteDBInstance", arn("rds", "db:perpetual-prod-postgres"), OWN),
    Call("rds-db:connect", arn("rds-db", "dbuser:*/owner")),
    Call("iam:PassRole", role("perpetual-prod-task")),
    Call("sts:AssumeRole", role("perpetual-prod-infrastructure")),
]

EXPLICITLY = [
    Call("ssm:GetParameter", arn("ssm", "parameter/perpetual/prod/secrets/SECRET_KEY_BASE")),
    Call("ssm:GetParametersByPath", arn("ssm", "parameter/perpetual/prod/secrets")),
    Call("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:rds!db-1")),
    Call("kms:Decrypt", KEY, OWN_KEY),
]


def decide(call: Call, bastion: Bastion = Bastion.NONE) -> Decision:
    """Judge a call with the development role's real documents."""
    return documents(registered(bastion), STACK.development_role).decide(call)


@pytest.mark.parametrize("call", ALLOWED, ids=str)
def test_a_developer_may(call: Call) -> None:
    """Look, follow logs, enter the release, tunnel through it."""
    assert decide(call) is Decision.ALLOWED


@pytest.mark.parametrize("call", IMPLICITLY, ids=str)
def test_a_developer_may_not(call: Call) -> None:
    """Change anything, or reach another stack."""
    assert decide(call) is Decision.IMPLICIT


@pytest.mark.parametrize("call", EXPLICITLY, ids=str)
def test_a_developer_may_never(call: Call) -> None:
    """Read secrets."""
    assert decide(call) is Decision.EXPLICIT


def test_an_ssm_bastion_opens_tunnels_to_developers_and_no_shell() -> None:
    """Only where the session document is checked, and only on this stack's bastion."""
    tunnel = Call("ssm:StartSession", INSTANCE, BASTION | CHECKED)
    assert decide(tunnel, Bastion.SSM) is Decision.ALLOWED
    refused = [
        Call("ssm:StartSession", INSTANCE, BASTION | UNCHECKED),
        Call(
            "ssm:StartSession",
            INSTANCE,
            BASTION | CHECKED | {"ssm:resourceTag/perpetual:role": "host"},
        ),
        Call(
            "ssm:StartSession",
            INSTANCE,
            BASTION | CHECKED | {"ssm:resourceTag/perpetual:stack": "x"},
        ),
        Call("ssm:StartSession", arn("ssm", "document/SSM-SessionManagerRunShell"), CHECKED),
        Call("ec2-instance-connect:SendSSHPublicKey", INSTANCE, LOGIN),
    ]
    assert [decide(call, Bastion.SSM) for call in refused] == [Decision.IMPLICIT] * len(refused)


def test_a_public_bastion_admits_developers_as_its_plain_user() -> None:
    """And on no other instance, and not as root."""
    action = "ec2-instance-connect:SendSSHPublicKey"
    assert decide(Call(action, INSTANCE, LOGIN), Bastion.PUBLIC) is Decision.ALLOWED
    refused = [
        Call(action, INSTANCE, LOGIN | {"ec2:osuser": "root"}),
        Call(action, INSTANCE, LOGIN | {"aws:ResourceTag/perpetual:role": "host"}),
        Call(action, INSTANCE, LOGIN | {"aws:ResourceTag/perpetual:stack": "prod-blue"}),
    ]
    assert [decide(call, Bastion.PUBLIC) for call in refused] == [Decision.IMPLICIT] * len(refused)
