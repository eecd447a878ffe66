"""What the deployment role may do, call by call, and what it may not."""

import pytest

from tests.components.access.given import (
    CLUSTER,
    KEY,
    NEW,
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

REPOSITORY = arn("ecr", "repository/perpetual/prod")
REVISION = arn("ecs", "task-definition/perpetual-prod-web:7")
MIGRATION = arn("ecs", "task-definition/perpetual-prod-migrate:3")
SERVICE = arn("ecs", "service/perpetual-prod/perpetual-prod-web")
TASK = arn("ecs", "task/perpetual-prod/0af3")
RELEASE = arn("ssm", "parameter/perpetual/prod/release")
LOCK = arn("ssm", "parameter/perpetual/prod/deploy/lock")
SECRET = arn("ssm", "parameter/perpetual/prod/secrets/DATABASE_URL")
LOG = arn("logs", "log-group:/perpetual/prod/release")
DEPLOYMENT = arn("ecs", "service-deployment/perpetual-prod/perpetual-prod-web/d1")
HOST = {"ssm:resourceTag/perpetual:stack": "prod", "ssm:resourceTag/perpetual:role": "host"}
TASKS = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}

ALLOWED = [
    Call("ecr:GetAuthorizationToken"),
    Call("ecr:InitiateLayerUpload", REPOSITORY),
    Call("ecr:UploadLayerPart", REPOSITORY),
    Call("ecr:CompleteLayerUpload", REPOSITORY),
    Call("ecr:BatchCheckLayerAvailability", REPOSITORY),
    Call("ecr:PutImage", REPOSITORY),
    Call("ecr:DescribeImages", REPOSITORY),
    Call("ecs:RegisterTaskDefinition", REVISION),
    Call("ecs:RegisterTaskDefinition", REVISION, {"ecs:privileged": "false"}),
    Call("ecs:TagResource", REVISION, {"ecs:CreateAction": "RegisterTaskDefinition"}),
    Call("ecs:RegisterTaskDefinition", MIGRATION, {"ecs:privileged": "false"}),
    Call("ecs:TagResource", MIGRATION, {"ecs:CreateAction": "RegisterTaskDefinition"}),
    Call("ecs:RunTask", MIGRATION, CLUSTER | {"ecs:auto-assign-public-ip": "DISABLED"}),
    Call("ecs:DescribeTaskDefinition"),
    Call("ecs:RunTask", REVISION, CLUSTER | {"ecs:auto-assign-public-ip": "false"}),
    Call("ecs:TagResource", TASK, {"ecs:CreateAction": "RunTask"}),
    Call("ecs:StopTask", TASK, CLUSTER),
    Call("ecs:DescribeTasks", TASK, CLUSTER),
    Call("ecs:ListTasks", "*", CLUSTER),
    Call("iam:PassRole", role("perpetual-prod-task"), TASKS),
    Call("iam:PassRole", role("perpetual-prod-execution"), TASKS),
    Call("ecs:UpdateService", SERVICE, CLUSTER | {"ecs:task-definition": REVISION}),
    Call("ecs:UpdateService", SERVICE, CLUSTER),
    Call("ecs:DescribeServices", SERVICE, CLUSTER),
    Call("ecs:ListServiceDeployments", SERVICE, CLUSTER),
    Call("ecs:DescribeServiceDeployments", DEPLOYMENT),
    Call("ecs:StopServiceDeployment", DEPLOYMENT),
    Call("ecs:DescribeServiceRevisions", DEPLOYMENT.replace("deployment", "revision")),
    Call("ecs:ListContainerInstances", CLUSTER["ecs:cluster"]),
    Call("ecs:DescribeContainerInstances", arn("ecs", "container-instance/perpetual-prod/c1")),
    Call("ssm:GetParameter", arn("ssm", "parameter/perpetual/prod/contract")),
    Call("ssm:GetParameter", RELEASE),
    Call("ssm:PutParameter", RELEASE),
    Call("ssm:PutParameter", LOCK),
    Call("ssm:AddTagsToResource", LOCK, NEW),
    Call("ssm:DeleteParameter", LOCK),
    Call("ssm:GetParametersByPath", arn("ssm", "parameter/perpetual/prod/deploy")),
    Call("ssm:DescribeParameters"),
    Call("ssm:SendCommand", arn("ssm", "document/perpetual-prod-pull")),
    Call("ssm:SendCommand", arn("ec2", "instance/i-1"), HOST),
    Call("ssm:GetCommandInvocation"),
    Call("cloudwatch:DescribeAlarms", arn("cloudwatch", "alarm:perpetual-prod-5xx")),
    Call("elasticloadbalancing:DescribeTargetHealth"),
    Call("autoscaling:DescribeScalingActivities"),
    Call("application-autoscaling:DescribeScalableTargets"),
    Call("rds:DescribeEvents"),
    Call("logs:FilterLogEvents", f"{LOG}:*"),
    Call("logs:GetLogEvents", f"{LOG}:log-stream:release/release/0af3"),
    Call("logs:StartLiveTail", LOG),
]

IMPLICITLY = [
    Call("ecr:PutImage", arn("ecr", "repository/perpetual/prod-blue")),
    Call("ecr:BatchDeleteImage", REPOSITORY),
    Call("ecr:SetRepositoryPolicy", REPOSITORY),
    Call("ecs:RegisterTaskDefinition", arn("ecs", "task-definition/perpetual-prod-blue-web:1")),
    Call("ecs:RegisterTaskDefinition", arn("ecs", "task-definition/admin:1")),
    Call("ecs:DeregisterTaskDefinition", REVISION),
    Call("ecs:TagResource", REVISION, OWN),
    Call("ecs:TagResource", SERVICE, {"ecs:CreateAction": "CreateService"}),
    Call("ecs:RunTask", REVISION, OTHER_CLUSTER),
    Call("ecs:RunTask", arn("ecs", "task-definition/admin:1"), CLUSTER),
    Call("ecs:StopTask", arn("ecs", "task/perpetual-prod-blue/1"), OTHER_CLUSTER),
    Call("ecs:UpdateService", SERVICE.replace("prod-web", "prod-blue-web"), CLUSTER),
    Call("ecs:UpdateService", SERVICE, OTHER_CLUSTER),
    Call(
        "ecs:UpdateService",
        SERVICE,
        CLUSTER | {"ecs:task-definition": arn("ecs", "task-definition/admin:1")},
    ),
    # Its container could read the password that may change the schema.
    Call("ecs:UpdateService", SERVICE, CLUSTER | {"ecs:task-definition": MIGRATION}),
    Call("ecs:RunTask", MIGRATION, OTHER_CLUSTER),
    Call("ecs:DeleteService", SERVICE, CLUSTER),
    Call("ecs:CreateService", SERVICE, CLUSTER),
    Call("ecs:ExecuteCommand", TASK, {"ecs:container-name": "release"}),
    Call("ecs:UpdateCluster", CLUSTER["ecs:cluster"]),
    Call("iam:PassRole", role("perpetual-prod-host"), TASKS),
    Call("iam:PassRole", role("perpetual-prod-blue-task"), TASKS),
    Call("iam:PassRole", role("admin"), TASKS),
    Call(
        "iam:PassRole",
        role("perpetual-prod-task"),
        {"iam:PassedToService": "ec2.amazonaws.com"},
    ),
    Call("iam:PutRolePolicy", role("perpetual-prod-task")),
    Call("iam:UpdateAssumeRolePolicy", role("perpetual-prod-deployment")),
    Call("sts:AssumeRole", role("perpetual-prod-infrastructure")),
    Call("ssm:PutParameter", arn("ssm", "parameter/perpetual/prod/contract")),
    Call("ssm:PutParameter", arn("ssm", "parameter/perpetual/prod-blue/release")),
    Call("ssm:DeleteParameter", RELEASE),
    Call("ssm:GetParametersByPath", arn("ssm", "parameter/perpetual/prod")),
    Call("ssm:SendCommand", "arn:aws:ssm:eu-central-1::document/AWS-RunShellScript"),
    Call("ssm:SendCommand", arn("ssm", "document/perpetual-prod-blue-pull")),
    Call(
        "ssm:SendCommand",
        arn("ec2", "instance/i-2"),
        HOST | {"ssm:resourceTag/perpetual:stack": "prod-blue"},
    ),
    Call(
        "ssm:SendCommand",
        arn("ec2", "instance/i-3"),
        HOST | {"ssm:resourceTag/perpetual:role": "bastion"},
    ),
    Call("ssm:StartSession", arn("ec2", "instance/i-1"), HOST),
    Call("logs:FilterLogEvents", arn("logs", "log-group:/perpetual/prod/exec:*")),
    Call("logs:DeleteLogGroup", LOG),
    Call("rds:ModifyDBInstance", arn("rds", "db:perpetual-prod-postgres"), OWN),
    Call("ec2:AuthorizeSecurityGroupIngress", arn("ec2", "security-group/sg-1"), OWN),
    Call("application-autoscaling:PutScalingPolicy", "*", OWN),
]

EXPLICITLY = [
    Call("ecs:RegisterTaskDefinition", REVISION, {"ecs:privileged": "true"}),
    Call("ecs:UpdateService", SERVICE, CLUSTER | {"ecs:auto-assign-public-ip": "true"}),
    Call("ecs:RunTask", REVISION, CLUSTER | {"ecs:auto-assign-public-ip": "ENABLED"}),
    Call("ssm:GetParameter", SECRET),
    Call("ssm:GetParameters", SECRET),
    Call("ssm:GetParametersByPath", arn("ssm", "parameter/perpetual/prod/secrets")),
    Call("ssm:PutParameter", SECRET),
    Call("kms:Decrypt", KEY, OWN_KEY),
    Call("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:rds!db-1")),
]


def decide(call: Call) -> Decision:
    """Judge a call with the deployment role's real documents."""
    return documents(registered(), STACK.deployment_role).decide(call)


@pytest.mark.parametrize("call", ALLOWED, ids=str)
def test_a_release_may(call: Call) -> None:
    """Every call that a deploy, a rollback, a status or a log makes."""
    assert decide(call) is Decision.ALLOWED


@pytest.mark.parametrize("call", IMPLICITLY, ids=str)
def test_a_release_may_not(call: Call) -> None:
    """Other stacks, other families, other roles, infrastructure."""
    assert decide(call) is Decision.IMPLICIT


@pytest.mark.parametrize("call", EXPLICITLY, ids=str)
def test_a_release_may_never(call: Call) -> None:
    """Secrets, privileged containers, public addresses: whatever else is ever attached."""
    assert decide(call) is Decision.EXPLICIT
