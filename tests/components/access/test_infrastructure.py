"""What the infrastructure role may change, and what neither it nor any policy of it ever can."""

import json

import pytest

from components.access import boundary
from tests.components.access.given import (
    HERE,
    KEY,
    NEW,
    NEW_OTHERS,
    OTHERS,
    OWN,
    OWN_KEY,
    STACK,
    ZONE,
    arn,
    registered,
    role,
)
from tests.support.iam import Call, Context, Decision, decide
from tests.support.roles import documents

DATABASE = arn("rds", "db:perpetual-prod-postgres")
GROUP = arn("ec2", "security-group/sg-1")
RULE = arn("ec2", "security-group-rule/*")
VPC = arn("ec2", "vpc/vpc-1")
SUBNET = arn("ec2", "subnet/subnet-1")
BALANCER = arn("elasticloadbalancing", "loadbalancer/app/perpetual-prod/1")
SERVICE = arn("ecs", "service/perpetual-prod/perpetual-prod-web")
SECRET = arn("ssm", "parameter/perpetual/prod/secrets/DATABASE_URL")
RECORD = "route53:ChangeResourceRecordSets"
NAMES = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
HOSTED = f"arn:aws:route53:::hostedzone/{ZONE}"
RDS: Context = {"kms:ViaService": "rds.eu-central-1.amazonaws.com"}
BOUNDARY = "arn:aws:iam::111122223333:policy/perpetual-prod-boundary"
OWN_POLICY = "arn:aws:iam::111122223333:policy/perpetual-prod-infrastructure-tagged"


def call(action: str, resource: str = "*", *contexts: Context) -> Call:
    """Return a call made in the stack's region."""
    merged: dict[str, object] = dict(HERE)
    for context in contexts:
        merged.update(context)
    return Call(action, resource, merged)  # type: ignore[arg-type]  # every value came from a Context


ALLOWED = [
    call("ec2:DescribeVpcs"),
    call("rds:DescribeDBInstances"),
    call("iam:GetRole", role("perpetual-prod-task")),
    call("s3:GetBucketPolicy", "arn:aws:s3:::perpetual-prod-111122223333-logs"),
    call("rds:ModifyDBInstance", DATABASE, OWN),
    call("rds:CreateDBInstanceReadReplica", DATABASE, OWN, NEW),
    call("rds:AddTagsToResource", DATABASE, NEW),
    call("ec2:ModifyVpcAttribute", VPC, OWN),
    call("ec2:CreateSubnet", VPC, OWN),
    call("ec2:CreateSubnet", SUBNET, NEW),
    call("ec2:CreateTags", SUBNET, NEW, {"ec2:CreateAction": "CreateSubnet"}),
    call("ec2:CreateTags", SUBNET, OWN, NEW),
    call("ec2:DeleteSubnet", SUBNET, OWN),
    call("ec2:AuthorizeSecurityGroupIngress", GROUP, OWN),
    call("ec2:AuthorizeSecurityGroupIngress", RULE, NEW),
    call("ec2:RevokeSecurityGroupEgress", GROUP, OWN),
    call("ec2:CreateSecurityGroup", arn("ec2", "vpc/vpc-shared"), OTHERS),
    call("ec2:CreateSecurityGroup", GROUP, NEW),
    call("ec2:CreateLaunchTemplateVersion", arn("ec2", "launch-template/lt-1"), OWN),
    call("ec2:RunInstances", "arn:aws:ec2:eu-central-1::image/ami-1"),
    call("ec2:RunInstances", arn("ec2", "subnet/subnet-9"), OTHERS),
    call("ec2:RunInstances", arn("ec2", "instance/*"), NEW),
    call("ec2:RunInstances", arn("ec2", "launch-template/lt-1"), OWN),
    call("autoscaling:UpdateAutoScalingGroup", "*", OWN),
    call("autoscaling:StartInstanceRefresh", "*", OWN),
    call("ecs:UpdateService", SERVICE, OWN),
    call("ecs:RegisterTaskDefinition", arn("ecs", "task-definition/perpetual-prod-web:1"), NEW),
    call("ecs:TagResource", SERVICE, NEW, {"ecs:CreateAction": "CreateService"}),
    call("elasticloadbalancing:ModifyListener", BALANCER, OWN),
    call("elasticloadbalancing:CreateListener", BALANCER, OWN, NEW),
    call(
        "elasticloadbalancing:AddTags",
        BALANCER,
        NEW,
        {"elasticloadbalancing:CreateAction": "CreateLoadBalancer"},
    ),
    call("acm:RequestCertificate", "*", NEW),
    call("cloudwatch:PutMetricAlarm", arn("cloudwatch", "alarm:perpetual-prod-5xx"), OWN),
    call("cloudwatch:PutDashboard", "arn:aws:cloudwatch::111122223333:dashboard/perpetual-prod"),
    call("logs:PutRetentionPolicy", arn("logs", "log-group:/perpetual/prod/release"), OWN),
    call("logs:TagResource", arn("logs", "log-group:/perpetual/prod/new"), NEW),
    call("sns:SetTopicAttributes", arn("sns", "perpetual-prod-alarms"), OWN),
    call("ecr:PutLifecyclePolicy", arn("ecr", "repository/perpetual/prod"), OWN),
    call("ssm:PutParameter", arn("ssm", "parameter/perpetual/prod/contract")),
    call("ssm:PutParameter", arn("ssm", "parameter/perpetual/network/claims/prod"), NEW),
    call("ssm:GetParametersByPath", arn("ssm", "parameter/perpetual/prod/claims")),
    call("ssm:GetParameters", "arn:aws:ssm:eu-central-1::parameter/aws/service/ecs/x"),
    call("ssm:UpdateDocument", arn("ssm", "document/perpetual-prod-pull"), OWN),
    call("s3:PutBucketPolicy", "arn:aws:s3:::perpetual-prod-111122223333-logs"),
    call("kms:PutKeyPolicy", KEY, OWN),
    call("kms:CreateGrant", KEY, OWN, RDS),
    call(
        "iam:PassRole",
        role("perpetual-prod-task"),
        {"iam:PassedToService": "ecs-tasks.amazonaws.com"},
    ),
    call("iam:PassRole", role("perpetual-prod-host"), {"iam:PassedToService": "ec2.amazonaws.com"}),
    call(RECORD, HOSTED, {NAMES: ["app.example.com"]}),
    call(RECORD, HOSTED, {NAMES: ["_x1.app.example.com"]}),
]

OF_OTHERS = [
    call("rds:ModifyDBInstance", arn("rds", "db:perpetual-prod-blue-postgres"), OTHERS),
    call("rds:DeleteDBInstance", arn("rds", "db:perpetual-prod-blue-postgres"), OTHERS),
    call("ec2:AuthorizeSecurityGroupIngress", GROUP, OTHERS),
    call("ec2:AuthorizeSecurityGroupIngress", GROUP, OTHERS, NEW),
    call("ec2:DeleteVpc", VPC, OTHERS),
    call("ecs:UpdateService", arn("ecs", "service/perpetual-prod-blue/web"), OTHERS),
    call("ec2:CreateTags", VPC, OTHERS, NEW),
    call("rds:AddTagsToResource", arn("rds", "db:perpetual-prod-blue-postgres"), OTHERS, NEW),
    call("ec2:CreateTags", VPC, OWN, NEW_OTHERS),
    call("rds:CreateDBInstance", DATABASE, NEW_OTHERS),
    call("logs:DeleteLogGroup", arn("logs", "log-group:/perpetual/prod-blue/release"), OTHERS),
    call("kms:PutKeyPolicy", KEY, OTHERS),
]

OF_NOBODY = [
    call("rds:ModifyDBInstance", DATABASE),
    call("ec2:DeleteVpc", VPC),
    call("ec2:AuthorizeSecurityGroupIngress", GROUP),
    call("ec2:AuthorizeSecurityGroupIngress", GROUP, NEW),
    call("rds:CreateDBInstance", DATABASE),
    call("ecs:UpdateService", SERVICE),
    call("logs:DeleteLogGroup", arn("logs", "log-group:/aws/lambda/other")),
    call("logs:TagResource", arn("logs", "log-group:/aws/lambda/other"), NEW),
    call("rds:AddTagsToResource", arn("rds", "db:other"), NEW),
    call("s3:PutBucketPolicy", "arn:aws:s3:::somebody-elses"),
    call("s3:PutBucketPolicy", "arn:aws:s3:::perpetual-prod-blue-111122223333-logs"),
    call(
        "cloudwatch:PutDashboard", "arn:aws:cloudwatch::111122223333:dashboard/perpetual-prod-blue"
    ),
    call("s3:GetObject", "arn:aws:s3:::perpetual-prod-111122223333-logs/a"),
    call("ssm:PutParameter", arn("ssm", "parameter/other")),
    call("kms:CreateGrant", KEY, OWN),
    call("kms:ScheduleKeyDeletion", KEY, OWN),
    call("kms:CreateKey", "*", NEW),
    call(RECORD, HOSTED, {NAMES: ["example.com"]}),
    call(RECORD, HOSTED, {NAMES: ["app.example.com", "www.example.com"]}),
    call(RECORD, "arn:aws:route53:::hostedzone/ZOTHER", {NAMES: ["app.example.com"]}),
    call("iam:PassRole", role("admin"), {"iam:PassedToService": "ec2.amazonaws.com"}),
    call(
        "iam:PassRole",
        role("perpetual-prod-blue-task"),
        {"iam:PassedToService": "ecs-tasks.amazonaws.com"},
    ),
    call(
        "iam:PassRole",
        role("perpetual-prod-task"),
        {"iam:PassedToService": "lambda.amazonaws.com"},
    ),
    call(
        "iam:PassRole",
        role("perpetual-prod-deployment"),
        {"iam:PassedToService": "ec2.amazonaws.com"},
    ),
]

NEVER = [
    call("iam:DeleteRolePermissionsBoundary", role("perpetual-prod-infrastructure")),
    call("iam:PutRolePermissionsBoundary", role("perpetual-prod-infrastructure")),
    call("iam:PutRolePermissionsBoundary", role("perpetual-prod-task"), OWN),
    call("iam:CreatePolicyVersion", BOUNDARY, OWN),
    call("iam:SetDefaultPolicyVersion", BOUNDARY, OWN),
    call("iam:DeletePolicyVersion", BOUNDARY),
    call("iam:DeletePolicy", BOUNDARY),
    call("iam:CreatePolicyVersion", OWN_POLICY, OWN),
    call("iam:AttachRolePolicy", role("perpetual-prod-infrastructure"), OWN),
    call("iam:PutRolePolicy", role("perpetual-prod-task"), OWN),
    call("iam:CreateRole", role("perpetual-prod-new"), NEW),
    call("iam:UpdateAssumeRolePolicy", role("perpetual-prod-deployment"), OWN),
    call("iam:UpdateAssumeRolePolicy", role("perpetual-prod-infrastructure"), OWN),
    call("iam:TagRole", role("admin"), NEW),
    call("iam:CreateUser", "arn:aws:iam::111122223333:user/eve", NEW),
    call("iam:CreateAccessKey", "arn:aws:iam::111122223333:user/ada"),
    Call("ec2:RunInstances", arn("ec2", "instance/*"), NEW | {"aws:RequestedRegion": "us-east-1"}),
    Call("rds:CreateDBInstance", DATABASE, NEW | {"aws:RequestedRegion": "us-east-1"}),
    call("ec2:CreateTags", VPC, NEW),
    call("ecs:TagResource", SERVICE, NEW),
    call("elasticloadbalancing:AddTags", BALANCER, NEW),
    call("ssm:GetParameter", SECRET, OWN),
    call("ssm:PutParameter", SECRET, OWN),
    call("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:rds!db-1"), OWN),
    call("kms:Decrypt", KEY, OWN, OWN_KEY),
    call("ecs:ExecuteCommand", arn("ecs", "task/perpetual-prod/1"), OWN),
    call("ssm:StartSession", arn("ec2", "instance/i-1"), OWN),
    call("ssm:SendCommand", arn("ec2", "instance/i-1"), OWN),
]

OUTSIDE = [
    call("organizations:LeaveOrganization"),
    call("account:CloseAccount"),
    call("billing:UpdateBillingPreferences"),
    call("cloudtrail:StopLogging", arn("cloudtrail", "trail/main"), OWN),
    call("config:StopConfigurationRecorder"),
    call("guardduty:DeleteDetector"),
    call("lambda:CreateFunction", arn("lambda", "function:x"), NEW),
    call("sts:AssumeRole", "arn:aws:iam::444455556666:role/admin"),
]
EVERYTHING = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
)


def judge(asked: Call) -> Decision:
    """Judge a call with the infrastructure role's real documents, boundary included."""
    found = documents(registered(), STACK.infrastructure_role)
    assert found.boundary is not None
    return found.decide(asked)


@pytest.mark.parametrize("asked", ALLOWED, ids=str)
def test_an_update_may(asked: Call) -> None:
    """Change what carries the stack's tag, and make what carries it at once."""
    assert judge(asked) is Decision.ALLOWED


@pytest.mark.parametrize("asked", OF_OTHERS, ids=str)
def test_an_update_never_touches_another_stack(asked: Call) -> None:
    """Even one whose names this stack's name begins."""
    assert judge(asked) is Decision.EXPLICIT


@pytest.mark.parametrize("asked", OF_NOBODY, ids=str)
def test_an_update_may_not(asked: Call) -> None:
    """Change what carries no tag, or what nobody gave it."""
    assert judge(asked) is Decision.IMPLICIT


@pytest.mark.parametrize("asked", NEVER, ids=str)
def test_even_an_administrators_policy_would_not_let_it(asked: Call) -> None:
    """The boundary, not the policies, is what says no."""
    assert judge(asked) is Decision.EXPLICIT
    assert decide(asked, [EVERYTHING], boundary.policy(STACK)) is Decision.EXPLICIT


@pytest.mark.parametrize("asked", OUTSIDE, ids=str)
def test_nothing_lets_it_leave_the_stacks_services(asked: Call) -> None:
    """Accounts, organizations, billing, trails, and what a stack is not made of."""
    assert judge(asked) is not Decision.ALLOWED
    assert decide(asked, [EVERYTHING], boundary.policy(STACK)) is not Decision.ALLOWED


@pytest.mark.parametrize("asked", ALLOWED, ids=str)
def test_the_boundary_alone_allows_nothing(asked: Call) -> None:
    """It is a ceiling: without the role's policies there is nothing under it."""
    assert decide(asked, [], boundary.policy(STACK)) is not Decision.ALLOWED
