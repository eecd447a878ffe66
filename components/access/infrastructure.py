"""What the infrastructure role may do: run `pulumi up` on a stack that exists.

It changes what carries this stack's tag, and makes new things that carry it from their first
moment. Some of AWS has no tags to go by; those exceptions go by exact name or path, each with its
reason. Left to an administrator, who also makes a stack's first `up`: IAM roles and policies, the
KMS key itself, secrets, and anything of the account as a whole. Where Pulumi keeps its state is
outside the stack: the role needs a further policy for a bucket or key of your own.

Tag keys per action are those of the Service Authorization Reference,
https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
"""

from components.access.actions import CHANGE, CREATE, READ
from components.access.statements import (
    REQUEST_STACK,
    RESOURCE_STACK,
    Statement,
    allow,
    document,
    no_secrets,
)
from perpetual import contract


def policies(stack: contract.Stack, zone: str | None, domain: str) -> dict[str, str]:
    """Return the role's policies by short name: several, because AWS limits the length of one.

    `zone` is the public hosted zone of `domain`, where the stack's record lives.
    """
    named = [*_named(stack), *_key(stack), *_roles(stack), *_records(stack, zone, domain)]
    return {
        "tagged": document([*_tagged(stack), *no_secrets(stack)]),
        "named": document(named),
    }


def _tagged(stack: contract.Stack) -> list[Statement]:
    """Return what goes by tags."""
    return [
        allow("Read", READ),
        allow("ChangeOwn", CHANGE, when={"StringEquals": {RESOURCE_STACK: stack.name}}),
        allow("CreateOwn", CREATE, when={"StringEquals": {REQUEST_STACK: stack.name}}),
        # Used, not changed: images are Amazon's, interfaces have no tag when hosts start, and an
        # adopted network carries somebody else's tag or none.
        allow(
            "UseNetwork",
            ["ec2:CreateSecurityGroup", "ec2:RunInstances"],
            [
                f"arn:{stack.partition}:ec2:{stack.region}::image/*",
                f"arn:{stack.partition}:ec2:{stack.region}::snapshot/*",
                stack.arn("ec2", "network-interface/*"),
                stack.arn("ec2", "subnet/*"),
                stack.arn("ec2", "vpc/*"),
            ],
        ),
        # The rule is new and tagged; the group it belongs to must carry the tag already.
        allow(
            "Rules",
            ["ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress"],
            stack.arn("ec2", "security-group-rule/*"),
            {"StringEquals": {REQUEST_STACK: stack.name}},
        ),
    ]


def _named(stack: contract.Stack) -> list[Statement]:
    """Return what goes by name, with the reason why it cannot go by tag."""
    name = stack.prefix
    return [
        # A first tag is put on by a call of its own that knows no tag yet.
        allow(
            "TagByName",
            [
                "autoscaling:CreateOrUpdateTags",
                "cloudwatch:TagResource",
                "ecr:TagResource",
                "logs:TagResource",
                "rds:AddTagsToResource",
                "sns:TagResource",
            ],
            [
                stack.arn("autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{name}-*"),
                stack.arn("cloudwatch", f"alarm:{name}-*"),
                stack.arn("ecr", f"repository/{stack.repository}"),
                stack.arn("logs", f"log-group:{stack.log_group('*')}"),
                stack.arn("logs", f"log-group:/aws/rds/instance/{name}-*"),
                stack.arn("rds", f"*:{name}-*"),
                stack.arn("sns", f"{name}-*"),
            ],
            {"StringEquals": {REQUEST_STACK: stack.name}},
        ),
        # Dashboards have no tags.
        allow(
            "Dashboard",
            ["cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard"],
            stack.arn("cloudwatch", f"dashboard/{name}", regional=False),
        ),
        # Tags of a bucket count only after it was told so, one bucket at a time:
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/buckets-tagging-enable-abac.html
        allow(
            "Bucket",
            [
                "s3:CreateBucket",
                "s3:DeleteBucket*",
                "s3:Get*Configuration",
                "s3:GetAccelerateConfiguration",
                "s3:GetBucket*",
                "s3:ListBucket",
                "s3:ListTagsForResource",
                "s3:Put*Configuration",
                "s3:PutBucket*",
                "s3:TagResource",
                "s3:UntagResource",
            ],
            f"arn:{stack.partition}:s3:::{name}-{stack.account}-*",
            {"StringEqualsIfExists": {"aws:ResourceAccount": stack.account}},
        ),
        # Writing a parameter knows no tag of it. Never the secrets; the last is this stack's claim
        # on another stack, below that stack's path.
        allow(
            "Parameters",
            [
                "ssm:AddTagsToResource",
                "ssm:DeleteParameter",
                "ssm:GetParameter",
                "ssm:GetParameters",
                "ssm:PutParameter",
                "ssm:RemoveTagsFromResource",
            ],
            [
                stack.arn("ssm", f"parameter{stack.contract_parameter}"),
                stack.arn("ssm", f"parameter{stack.release_parameter}"),
                stack.arn("ssm", f"parameter{stack.claim('*')}"),
            ],
        ),
        allow(
            "Document",
            ["ssm:AddTagsToResource", "ssm:CreateDocument"],
            stack.arn("ssm", f"document/{stack.pull_document}"),
        ),
        # Claims of other stacks on this one, which forbid to destroy what they use; and the
        # current images, by Amazon's public names.
        allow(
            "ReadClaims",
            ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"],
            [
                stack.parameter_arn("claims"),
                stack.parameter_arn("claims", "*"),
                f"arn:{stack.partition}:ssm:{stack.region}::parameter/aws/service/*",
            ],
        ),
    ]


def _key(stack: contract.Stack) -> list[Statement]:
    """Return changes of the stack's one key; an administrator makes it, and schedules its end."""
    keys = stack.arn("kms", "key/*")
    own = {"StringEquals": {RESOURCE_STACK: stack.name}}
    services = {"kms:ViaService": f"*.{stack.region}.amazonaws.com*"}
    return [
        allow(
            "Key",
            [
                "kms:EnableKeyRotation",
                "kms:PutKeyPolicy",
                "kms:TagResource",
                "kms:UntagResource",
                "kms:UpdateKeyDescription",
            ],
            keys,
            own,
        ),
        # Only as RDS and the like ask for it on the caller's behalf.
        allow(
            "UseKey",
            ["kms:CreateGrant", "kms:GenerateDataKey*"],
            keys,
            {**own, "StringLike": services},
        ),
    ]


def roles(stack: contract.Stack) -> dict[str, list[str]]:
    """Return the stack's roles by the service that they may be passed to.

    They are spelt out: a pattern would also fit the roles of a stack whose name begins like this
    one's.
    """
    return {
        "ec2.amazonaws.com": [stack.host_role, stack.bastion_role],
        "ecs-tasks.amazonaws.com": [stack.task_role, stack.execution_role],
        "monitoring.rds.amazonaws.com": [
            stack.physical("rds-monitoring", limit=contract.Limit.ROLE)
        ],
        "vpc-flow-logs.amazonaws.com": [stack.physical("flow", limit=contract.Limit.ROLE)],
    }


def _roles(stack: contract.Stack) -> list[Statement]:
    """Return passing roles on, which is all that this role may do in IAM."""
    services = roles(stack)
    return [
        allow(
            "PassRoles",
            ["iam:PassRole"],
            [stack.role_arn(role) for group in services.values() for role in group],
            {"StringEquals": {"iam:PassedToService": list(services)}},
        ),
        # Turning the service's autoscaling on, in an account that never had any.
        allow(
            "AutoscalingRole",
            ["iam:CreateServiceLinkedRole"],
            stack.role_arn("aws-service-role/*"),
            {"StringEquals": {"iam:AWSServiceName": "ecs.application-autoscaling.amazonaws.com"}},
        ),
    ]


def _records(stack: contract.Stack, zone: str | None, domain: str) -> list[Statement]:
    """Return changes of the domain's own records, and of what proves its certificate below it."""
    if not zone:
        return []
    names = [domain.lower(), f"*.{domain.lower()}"]
    return [
        allow(
            "Records",
            ["route53:ChangeResourceRecordSets"],
            f"arn:{stack.partition}:route53:::hostedzone/{zone}",
            {
                "ForAllValues:StringLike": {
                    "route53:ChangeResourceRecordSetsNormalizedRecordNames": names
                }
            },
        )
    ]
