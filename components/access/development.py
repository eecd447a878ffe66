"""What the development role may do: read, follow logs, enter a running release, tunnel.

A person inside the release sees what the release sees; these sessions are logged. The role itself
reads no secret and changes nothing.
"""

from typing import Final

from components.access import readings
from components.access.statements import (
    RESOURCE_STACK,
    Statement,
    allow,
    document,
    no_secrets,
    own_key,
)
from perpetual import contract
from settings import models

BASTION: Final = "bastion"
"""Value of `contract.ROLE_TAG` on the bastion."""

USER: Final = "ec2-user"
"""User of Amazon Linux that EC2 Instance Connect admits."""

FORWARDING: Final = (
    "AWS-StartPortForwardingSession",
    "AWS-StartPortForwardingSessionToRemoteHost",
)
"""Session documents that forward a port; none that opens a shell."""


def policies(stack: contract.Stack, bastion: models.Bastion) -> dict[str, str]:
    """Return the role's policies by short name: several, because AWS limits the length of one."""
    enter = [*_enter(stack), *_tunnel(stack), *_bastion(stack, bastion), *no_secrets(stack)]
    return {"read": document(_read(stack)), "enter": document(enter)}


def _read(stack: contract.Stack) -> list[Statement]:
    return [
        *readings.ecs(stack),
        readings.parameters(stack),
        readings.logs(
            [
                stack.arn("logs", f"log-group:{stack.log_group('*')}"),
                stack.arn("logs", f"log-group:/aws/rds/instance/{stack.prefix}-postgres*"),
                stack.arn("logs", f"log-group:/aws/ecs/containerinsights/{stack.cluster}/*"),
            ]
        ),
        # What describes the account, not one resource, or takes an id that a listing must give.
        allow(
            "Look",
            [
                "acm:DescribeCertificate",
                "acm:ListCertificates",
                "application-autoscaling:Describe*",
                "autoscaling:Describe*",
                "cloudwatch:Describe*",
                "cloudwatch:GetDashboard",
                "cloudwatch:GetMetricData",
                "cloudwatch:ListDashboards",
                "cloudwatch:ListMetrics",
                "ec2:DescribeAvailabilityZones",
                "ec2:DescribeInstanceStatus",
                "ec2:DescribeInstances",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeRouteTables",
                "ec2:DescribeSecurityGroupRules",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
                "ecr:GetAuthorizationToken",
                "elasticloadbalancing:Describe*",
                "logs:DescribeLogGroups",
                "rds:Describe*",
                "servicediscovery:Get*",
                "servicediscovery:List*",
                "ssm:DescribeInstanceInformation",
                "ssm:DescribeParameters",
                "ssm:DescribeSessions",
                "ssm:GetConnectionStatus",
            ],
        ),
        allow(
            "PullRelease",
            [
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:DescribeImageScanFindings",
                "ecr:DescribeImages",
                "ecr:GetDownloadUrlForLayer",
                "ecr:ListImages",
            ],
            stack.arn("ecr", f"repository/{stack.repository}"),
        ),
    ]


def _enter(stack: contract.Stack) -> list[Statement]:
    return [
        allow(
            "EnterRelease",
            ["ecs:ExecuteCommand"],
            [
                stack.arn("ecs", f"cluster/{stack.cluster}"),
                stack.arn("ecs", f"task/{stack.cluster}/*"),
            ],
            {"StringEquals": {"ecs:container-name": contract.Container.RELEASE.value}},
        ),
        # The client makes the session's key; the task opens it.
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
        allow(
            "EncryptSession",
            ["kms:GenerateDataKey"],
            stack.arn("kms", "key/*"),
            own_key(stack),
        ),
    ]


def _tunnel(stack: contract.Stack) -> list[Statement]:
    # A session belongs to who started it:
    # https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-restrict-access-examples.html
    own = {"StringLike": {"ssm:resourceTag/aws:ssmmessages:session-id": "${aws:userid}"}}
    return [
        allow(
            "Tunnel",
            ["ssm:StartSession"],
            [
                stack.arn("ecs", f"task/{stack.cluster}/*"),
                *(
                    f"arn:{stack.partition}:ssm:{stack.region}::document/{name}"
                    for name in FORWARDING
                ),
            ],
            _forwarding_only(),
        ),
        allow("OwnSessions", ["ssm:ResumeSession", "ssm:TerminateSession"], when=own),
        allow(
            "OwnChannels",
            ["ssmmessages:OpenDataChannel"],
            stack.arn("ssm", "session/${aws:userid}-*"),
        ),
    ]


def _bastion(stack: contract.Stack, bastion: models.Bastion) -> list[Statement]:
    """Return the way through the bastion: a forwarded port, or SSH with a key of one minute."""
    instances = stack.arn("ec2", "instance/*")
    tags = {contract.STACK_TAG: stack.name, contract.ROLE_TAG: BASTION}
    if bastion is models.Bastion.SSM:
        own = {f"ssm:resourceTag/{key}": value for key, value in tags.items()}
        condition = {**_forwarding_only(), "StringEquals": own}
        return [allow("TunnelThroughBastion", ["ssm:StartSession"], instances, condition)]
    if bastion is models.Bastion.PUBLIC:
        own = {RESOURCE_STACK: stack.name, f"aws:ResourceTag/{contract.ROLE_TAG}": BASTION}
        condition = {"StringEquals": {**own, "ec2:osuser": USER}}
        return [
            allow("LogInToBastion", ["ec2-instance-connect:SendSSHPublicKey"], instances, condition)
        ]
    return []


def _forwarding_only() -> dict[str, dict[str, str]]:
    """Return the condition under which the session document must be allowed too.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-specify-session-document.html
    """
    return {"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}}
