"""Decisions and documents about the hosts, without resources: image, role, tags, replacement."""

import json
from collections.abc import Mapping
from typing import Final

import pulumi_aws as aws

from perpetual import contract
from settings import models

ROLE: Final = "host"
"""Value of `contract.ROLE_TAG` on hosts."""

WARMUP_SECONDS: Final = 60
"""Time from a host's launch until it counts as capacity, seconds; it runs tasks after about 40."""

MANAGED_POLICIES: Final = (
    # AWS keeps these in step with what the agents call, which a copy here would not be.
    "service-role/AmazonEC2ContainerServiceforEC2Role",
    "AmazonSSMManagedInstanceCore",
)

PARAMETERS: Final = {
    models.Architecture.ARM64: "/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended",
    models.Architecture.X86_64: "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended",
}
"""Public SSM parameters of the current ECS-optimized images.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html
"""


def image_id(settings: models.Hosts, architecture: models.Architecture) -> str:
    """Return the pinned AMI, or a name that EC2 resolves to the current one at every launch."""
    return settings.image or f"resolve:ssm:{PARAMETERS[architecture]}/image_id"


def policy_arns(stack: contract.Stack) -> list[str]:
    """Return the ARNs of the AWS-managed policies that a host needs."""
    return [f"arn:{stack.partition}:iam::aws:policy/{policy}" for policy in MANAGED_POLICIES]


def trust_document() -> str:
    """Return the trust policy of the host role."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def role_document(stack: contract.Stack, group: str) -> str:
    """Return the host role's own policy.

    A host may report the health of the hosts of its own group. It may not read parameters of any
    stack: AmazonSSMManagedInstanceCore allows `ssm:GetParameter` on all of them, and secrets are
    for the execution role alone.
    """
    statements = [
        {
            "Sid": "ReportUnhealthy",
            "Effect": "Allow",
            "Action": "autoscaling:SetInstanceHealth",
            "Resource": stack.arn(
                "autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{group}"
            ),
        },
        {
            "Sid": "NoParameters",
            "Effect": "Deny",
            "Action": ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"],
            "Resource": stack.arn("ssm", f"parameter/{contract.PREFIX}/*"),
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def tags(stack: contract.Stack, common: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of a host, its volume and network interface.

    The provider's default tags stop at the launch template: what a group launches has only these.
    """
    return {
        **common,
        "Name": stack.physical(ROLE),
        contract.STACK_TAG: stack.name,
        contract.ROLE_TAG: ROLE,
    }


def instances(
    settings: models.Hosts, template: aws.ec2.LaunchTemplate
) -> aws.autoscaling.GroupMixedInstancesPolicyArgs:
    """Return on-demand hosts of the settings' types, in their order of preference."""
    specification = (
        aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecificationArgs(
            launch_template_id=template.id,
            # A number, not `$Latest`: only then does a new version start an instance refresh.
            version=template.latest_version.apply(str),
        )
    )
    overrides = [
        aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArgs(instance_type=kind)
        for kind in settings.instance_types
    ]
    return aws.autoscaling.GroupMixedInstancesPolicyArgs(
        instances_distribution=aws.autoscaling.GroupMixedInstancesPolicyInstancesDistributionArgs(
            on_demand_allocation_strategy="prioritized",
            on_demand_percentage_above_base_capacity=100,
        ),
        launch_template=aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateArgs(
            launch_template_specification=specification, overrides=overrides
        ),
    )


def refresh(settings: models.Hosts) -> aws.autoscaling.GroupInstanceRefreshArgs:
    """Return how hosts are replaced when the launch template changes.

    EC2 can roll back to a pinned image only, not to a name that it resolves at launch:
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-rollback.html
    """
    return aws.autoscaling.GroupInstanceRefreshArgs(
        strategy="Rolling",
        preferences=aws.autoscaling.GroupInstanceRefreshPreferencesArgs(
            min_healthy_percentage=100,
            max_healthy_percentage=200,
            instance_warmup=str(WARMUP_SECONDS),
            # All hosts are protected; left at its default, a refresh would replace none of them.
            scale_in_protected_instances="Refresh",
            auto_rollback=settings.image is not None,
        ),
    )
