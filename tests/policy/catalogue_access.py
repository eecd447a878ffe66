"""Cases of the rules on what principals may do: escalation, boundaries, separation of roles."""

from typing import Any

from graph import UNKNOWN
from tests.policy.catalogue_case import Case, allow, policy

ROLE = "aws:iam/role:Role"
INLINE = "aws:iam/rolePolicy:RolePolicy"
MANAGED = "aws:iam/policy:Policy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
BUCKET = "aws:s3/bucket:Bucket"
PARAMETER = "aws:ssm/parameter:Parameter"
ACCOUNT = "arn:aws:iam::111122223333:"
BOUNDED = {"StringEquals": {"iam:PermissionsBoundary": f"{ACCOUNT}policy/limit"}}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """Return a statement that denies."""
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def holds(*statements: Any, others: Any = (), **properties: Any) -> dict[str, Any]:
    """Return a role with one inline policy of these statements."""
    inline = (INLINE, "inline", {"role": "subject", **policy(*statements)})
    return {"beside": (inline, *others), **properties}


def limited_to(*statements: Any) -> tuple[Any, ...]:
    """Return a boundary for a role, beside it."""
    return ((MANAGED, "limit", {"name": "limit", **policy(*statements)}),)


def another(name: str, *statements: Any) -> tuple[Any, ...]:
    """Return another role of the stack, with a policy."""
    return (
        (ROLE, name, {"name": name}),
        (INLINE, f"{name}-policy", {"role": name, **policy(*statements)}),
    )


def split(one: Any, other: Any) -> dict[str, Any]:
    """Return a role whose permissions are in two policies, the second attached."""
    return {
        "beside": (
            (INLINE, "inline", {"role": "subject", **policy(one)}),
            (MANAGED, "more", {"arn": "arn:more", **policy(other)}),
            (ATTACHMENT, "attached", {"role": "subject", "policyArn": "arn:more"}),
        )
    }


UNREAD = (
    {"beside": ((INLINE, "inline", {"role": "subject", "policy": UNKNOWN}),)},
    {"beside": ((ATTACHMENT, "attached", {"role": "subject", "policyArn": UNKNOWN}),)},
    {"inlinePolicies": UNKNOWN},
)
LIMIT = {"permissionsBoundary": f"{ACCOUNT}policy/limit"}
TO_TASKS = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
DEPLOY = allow(["ecs:RegisterTaskDefinition", "ecs:UpdateService"])
ADMIN = allow("iam:PutRolePolicy")

ESCALATION = [
    Case(
        rule="iam-no-escalation",
        type=ROLE,
        good=(
            {},
            holds(allow("s3:GetObject")),
            holds(allow("iam:PutRolePolicy", f"{ACCOUNT}role/app-*")),
            holds(allow("iam:PutRolePolicy", Condition=BOUNDED)),
            holds(allow("iam:Put*"), deny("iam:*")),
            holds(allow("iam:*"), others=limited_to(allow("s3:*")), **LIMIT),
            holds(allow("iam:CreateAccessKey", f"{ACCOUNT}user/${{aws:username}}")),
            holds(allow("ecs:ExecuteCommand", "arn:aws:ecs:*:1:task/app/*")),
            holds(
                allow("ssm:SendCommand", "arn:aws:ec2:*:*:instance/*"),
                allow("ssm:SendCommand", "arn:aws:ssm:*:*:document/pull"),
            ),
            holds(
                allow("ssm:StartSession", Condition={"StringEquals": {"aws:ResourceTag/a": "b"}})
            ),
            holds(allow("ec2:CreateLaunchTemplateVersion")),
        ),
        bad=(
            holds(allow("iam:CreatePolicyVersion")),
            holds(allow("IAM:setdefaultpolicyversion")),
            holds(allow("iam:Attach*", f"{ACCOUNT}role/*")),
            holds(allow("iam:PutRolePolicy"), deny("iam:PutUserPolicy")),
            holds(allow("iam:*"), others=limited_to(allow("iam:*")), **LIMIT),
            holds(allow("iam:*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})),
            holds(allow("iam:CreateAccessKey", f"{ACCOUNT}user/*")),
            holds(allow("sts:AssumeRole")),
            holds(allow("ssm:SendCommand")),
            holds(allow("ecs:ExecuteCommand")),
            holds(allow("lambda:UpdateFunctionCode", "arn:aws:lambda:*:*:function:*")),
            holds({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}),
            split(allow("ec2:CreateLaunchTemplateVersion"), allow("ec2:ModifyLaunchTemplate")),
        ),
        unknown=(
            *UNREAD,
            holds(allow("iam:*"), **LIMIT),
            holds(allow("iam:*"), permissionsBoundary=UNKNOWN),
        ),
    ),
    Case(
        rule="iam-no-escalation",
        type="aws:iam/group:Group",
        good=({},),
        bad=(
            {
                "beside": (
                    (
                        "aws:iam/groupPolicy:GroupPolicy",
                        "inline",
                        {"group": "subject", **policy(allow("iam:AddUserToGroup"))},
                    ),
                )
            },
        ),
    ),
    Case(
        rule="iam-no-escalation-by-pass-role",
        type=ROLE,
        good=(
            holds(allow("iam:PassRole")),
            holds(allow("ecs:RunTask"), allow("iam:PassRole", f"{ACCOUNT}role/task")),
            holds(allow("ec2:RunInstances"), allow("iam:PassRole", Condition=TO_TASKS)),
            holds(
                allow("lambda:CreateFunction"),
                allow("iam:PassRole", f"{ACCOUNT}role/*"),
            ),
            holds(
                DEPLOY,
                allow("iam:PassRole", f"{ACCOUNT}role/task"),
                others=another("task", allow("s3:GetObject")),
            ),
            holds(
                DEPLOY,
                allow("iam:PassRole"),
                others=limited_to(allow("ecs:*")),
                **LIMIT,
            ),
            holds(DEPLOY, allow("iam:PassRole"), deny("iam:PassRole")),
        ),
        bad=(
            holds(allow(["iam:PassRole", "ec2:RunInstances"])),
            holds(DEPLOY, allow("iam:PassRole", f"{ACCOUNT}role/*", Condition=TO_TASKS)),
            split(allow("iam:PassRole"), allow(["lambda:CreateFunction", "lambda:InvokeFunction"])),
            split(allow("iam:Pass*"), allow("cloudformation:CreateStack")),
            holds(allow(["iam:PassRole", "glue:*"])),
            holds(allow(["iam:PassRole", "sagemaker:CreateTrainingJob"])),
            holds(allow(["iam:PassRole", "codebuild:CreateProject", "codebuild:StartBuild"])),
            holds(
                allow(
                    [
                        "iam:PassRole",
                        "datapipeline:CreatePipeline",
                        "datapipeline:PutPipelineDefinition",
                        "datapipeline:ActivatePipeline",
                    ]
                )
            ),
            holds(
                allow(["ec2:CreateLaunchTemplate", "autoscaling:CreateAutoScalingGroup"]),
                allow("iam:PassRole", Condition={"StringLike": {"iam:PassedToService": "ec2.*"}}),
            ),
            holds(
                DEPLOY,
                allow("iam:PassRole", f"{ACCOUNT}role/admin"),
                others=another("admin", ADMIN),
            ),
            holds(
                allow(["iam:PassRole", "ecs:RunTask"], "*"),
                deny("iam:PassRole", f"{ACCOUNT}role/admin"),
            ),
        ),
        unknown=UNREAD,
    ),
    Case(
        rule="iam-new-principals-bounded",
        type=ROLE,
        good=(
            holds(allow("iam:CreateRole", Condition=BOUNDED)),
            holds(allow("iam:GetRole")),
            holds(
                allow("iam:CreateRole", f"{ACCOUNT}role/app-*"),
                deny(
                    "iam:CreateRole",
                    Condition={
                        "StringNotEquals": {"iam:PermissionsBoundary": f"{ACCOUNT}policy/limit"}
                    },
                ),
            ),
        ),
        bad=(
            holds(allow("iam:CreateRole")),
            holds(allow("iam:AttachRolePolicy", f"{ACCOUNT}role/app-*")),
            holds(allow("iam:CreateRole", Condition=BOUNDED), allow("iam:PutRolePolicy")),
            holds(allow("iam:Create*"), allow("iam:CreateRole", Condition=BOUNDED)),
            holds(
                allow(
                    "iam:CreateRole",
                    Condition={"StringEqualsIfExists": BOUNDED["StringEquals"]},
                )
            ),
        ),
        unknown=UNREAD,
    ),
]

SECRET = ((PARAMETER, "password", {"name": "/app/db", "type": "SecureString"}),)
LOGS = ((BUCKET, "logs", {"bucket": "acme-logs"}),)
SEPARATION = [
    Case(
        rule="iam-deployer-changes-nothing",
        type=ROLE,
        good=(
            {},
            holds(DEPLOY),
            holds(allow("ec2:CreateSubnet")),
            holds(DEPLOY, allow(["ecs:CreateCluster", "ec2:*"])),
            holds(DEPLOY, allow("rds:*"), deny("rds:*"), allow("rds:DescribeDBInstances")),
            holds(DEPLOY, allow("ec2:*"), tags={"perpetual:access": "infrastructure"}),
        ),
        bad=(
            holds(DEPLOY, allow("ec2:CreateRoute")),
            holds(DEPLOY, allow("rds:Modify*")),
            holds(DEPLOY, allow("iam:*")),
            holds(allow("ecs:ExecuteCommand"), allow("ec2:AuthorizeSecurityGroupIngress")),
            split(DEPLOY, allow("ec2:*SecurityGroup*")),
            holds(allow(["ec2:*", "ecs:CreateCluster"]), tags={"perpetual:access": "development"}),
        ),
        unknown=UNREAD,
    ),
    Case(
        rule="iam-deployer-reads-nothing",
        type=ROLE,
        good=(
            holds(DEPLOY),
            holds(allow("secretsmanager:GetSecretValue")),
            holds(DEPLOY, allow("secretsmanager:*"), deny(["secretsmanager:*Get*"])),
            holds(
                DEPLOY,
                allow("ssm:GetParameter", "arn:aws:ssm:*:1:parameter/app/release"),
                others=SECRET,
            ),
            holds(DEPLOY, allow("s3:GetObject", "arn:aws:s3:::acme-artifacts/*"), others=LOGS),
            holds(
                DEPLOY,
                allow(
                    "kms:Decrypt",
                    Condition={"StringEquals": {"kms:ViaService": "ecr.eu-west-1.amazonaws.com"}},
                ),
            ),
        ),
        bad=(
            holds(DEPLOY, allow("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:*:1:*")),
            holds(DEPLOY, allow("ssm:GetParameters")),
            holds(DEPLOY, allow("ssm:GetParameter", "arn:aws:ssm:*:1:parameter/app/secrets/*")),
            holds(
                DEPLOY, allow("ssm:GetParameter", "arn:aws:ssm:*:1:parameter/app/*"), others=SECRET
            ),
            holds(DEPLOY, allow("rds-db:connect")),
            holds(DEPLOY, allow("kms:Decrypt", "arn:aws:kms:eu-west-1:1:key/*")),
            holds(DEPLOY, allow("s3:Get*")),
            holds(DEPLOY, allow("s3:GetObject", "arn:aws:s3:::acme-*/*"), others=LOGS),
        ),
        unknown=UNREAD,
    ),
]
