"""The most that the infrastructure role can ever do, whatever policies it is given."""

from typing import Final

from components.access.statements import (
    REQUEST_STACK,
    RESOURCE_STACK,
    Condition,
    Statement,
    allow,
    deny,
    deny_all_but,
    document,
    no_secrets,
)
from perpetual import contract

SERVICES: Final = (
    "acm:*",
    "application-autoscaling:*",
    "autoscaling:*",
    "cloudwatch:*",
    "ec2:*",
    "ecr:*",
    "ecs:*",
    "elasticloadbalancing:*",
    "iam:CreateServiceLinkedRole",
    "iam:Get*",
    "iam:List*",
    "iam:PassRole",
    "kms:*",
    "logs:*",
    "rds:*",
    "route53:*",
    "s3:*",
    "secretsmanager:*",
    "servicediscovery:*",
    "sns:*",
    "ssm:*",
)
"""Everything a stack is made of. Users, access keys, organizations, billing, trails: not here."""

TAGGING: Final = ("ec2:CreateTags", "ecs:TagResource", "elasticloadbalancing:AddTags")
CREATION: Final = ("ec2:CreateAction", "ecs:CreateAction", "elasticloadbalancing:CreateAction")
"""Calls that tag what has no name to go by, and the keys that say that the thing is just made."""


def policy(stack: contract.Stack) -> str:
    """Return the boundary.

    It allows nothing by itself: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    return document(
        [
            allow("Services", SERVICES),
            *_itself(stack),
            *_others(stack),
            deny_all_but(
                # These answer from one region for all.
                "ThisRegion",
                ["iam:*", "route53:*"],
                when={"StringNotEquals": {"aws:RequestedRegion": stack.region}},
            ),
            *no_secrets(stack),
        ]
    )


def _itself(stack: contract.Stack) -> list[Statement]:
    """Return what keeps roles, trust and boundary as an administrator made them.

    `SERVICES` does not allow it either. It is said twice, because a role that could change a role,
    its own or one it passes on, would have no boundary.
    """
    return [
        deny_all_but(
            "NoChangeOfAccess",
            ["iam:CreateServiceLinkedRole", "iam:Get*", "iam:List*", "iam:PassRole"],
            stack.arn("iam", "*", regional=False),
        ),
        # Changing the stack is one thing, being inside it another.
        deny("NoSessions", ["ecs:ExecuteCommand", "ssm:SendCommand", "ssm:StartSession"]),
    ]


def _others(stack: contract.Stack) -> list[Statement]:
    """Return what keeps other stacks' things, and nobody's, out of reach."""
    return [
        # Starting hosts and making a group in another stack's network changes nothing of it.
        deny_all_but(
            "NotOfOthers",
            ["ec2:CreateSecurityGroup", "ec2:RunInstances"],
            when=_other(RESOURCE_STACK, stack),
        ),
        deny("NotForOthers", ["*"], when=_other(REQUEST_STACK, stack)),
        # Else a tag would make this stack's what belongs to nobody yet. Certificates, namespaces
        # and scaling targets have no such key: one without any stack's tag can be taken over.
        deny(
            "NoAdoption",
            TAGGING,
            when={"Null": dict.fromkeys([*CREATION, RESOURCE_STACK], "true")},
        ),
    ]


def _other(key: str, stack: contract.Stack) -> Condition:
    """Return the condition that there is such a tag, and it names another stack."""
    return {"StringNotEquals": {key: stack.name}, "Null": {key: "false"}}
