"""An optional bastion: one small host that tunnels pass through, replaced when it is lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.access.development import BASTION
from components.access.statements import allow, document
from components.component import Component
from perpetual import contract
from settings import models

INSTANCE_TYPES: Final = {
    models.Architecture.ARM64: "t4g.nano",
    models.Architecture.X86_64: "t3.nano",
}

IMAGE: Final = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-"
"""Current Amazon Linux 2023, found at launch; it holds SSM agent and EC2 Instance Connect.

https://docs.aws.amazon.com/linux/al2023/ug/ec2.html
"""

MAPPED: Final = {models.Architecture.ARM64: "arm64", models.Architecture.X86_64: "x86_64"}

VOLUME_GIB: Final = 8
LIFETIME_SECONDS: Final = 30 * 24 * 3600
"""Age at which a bastion is replaced by one of the then current image."""


def trust_document() -> str:
    """Return the trust policy of the bastion's role."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    return document([statement])


def role_document() -> str:
    """Return what the host may do: be reached by Session Manager, and not a single thing more.

    The managed policy AmazonSSMManagedInstanceCore would also read every parameter of the account.
    https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
    """
    return document(
        [
            allow(
                "Sessions",
                [
                    "ssm:UpdateInstanceInformation",
                    "ssmmessages:CreateControlChannel",
                    "ssmmessages:CreateDataChannel",
                    "ssmmessages:OpenControlChannel",
                    "ssmmessages:OpenDataChannel",
                ],
            )
        ]
    )


@dataclass(frozen=True, kw_only=True)
class BastionArgs:
    """Inputs of a bastion.

    With `public`, `subnet_ids` are public subnets and the host gets a public address; who may reach
    it is the security group's business.
    """

    stack: contract.Stack
    architecture: models.Architecture
    public: bool
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    tags: Mapping[str, str]


class Bastion(Component):
    """A bastion host, as an Auto Scaling group of one: when host or zone is lost, another starts.

    No key pair exists: EC2 Instance Connect lends a public bastion a key for one minute.
    """

    token = "perpetual:access:Bastion"

    group_name: str

    def __init__(
        self, name: str, args: BastionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create role, launch template and group."""
        super().__init__(name, opts)
        self.group_name = args.stack.physical(BASTION)
        profile = self._create_role(name, args.stack)
        template = self._create_template(name, args, profile)
        self._create_group(name, args, template)
        self.register_outputs({"groupName": self.group_name})

    def _create_role(self, name: str, stack: contract.Stack) -> aws.iam.InstanceProfile:
        role = aws.iam.Role(
            f"{name}-role",
            name=stack.bastion_role,
            description="Bastion host, reached by Session Manager",
            assume_role_policy=trust_document(),
            opts=self._child(),
        )
        policy = aws.iam.RolePolicy(
            f"{name}-role-policy",
            name=stack.bastion_role,
            role=role.name,
            policy=role_document(),
            opts=self._child(),
        )
        return aws.iam.InstanceProfile(
            f"{name}-profile",
            name=stack.bastion_role,
            role=role.name,
            opts=self._child(depends_on=[policy]),
        )

    def _create_template(
        self, name: str, args: BastionArgs, profile: aws.iam.InstanceProfile
    ) -> aws.ec2.LaunchTemplate:
        return aws.ec2.LaunchTemplate(
            f"{name}-template",
            name=args.stack.physical(BASTION),
            update_default_version=True,
            image_id=IMAGE + MAPPED[args.architecture],
            instance_type=INSTANCE_TYPES[args.architecture],
            iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(arn=profile.arn),
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name="/dev/xvda",
                    ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        volume_type="gp3",
                        volume_size=VOLUME_GIB,
                        encrypted="true",
                        delete_on_termination="true",
                    ),
                )
            ],
            network_interfaces=[
                aws.ec2.LaunchTemplateNetworkInterfaceArgs(
                    device_index=0,
                    associate_public_ip_address=str(args.public).lower(),
                    security_groups=[args.security_group_id],
                )
            ],
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=_tags(args))
                for kind in ("instance", "volume", "network-interface")
            ],
            tags={"Name": args.stack.physical(BASTION)},
            opts=self._child(),
        )

    def _create_group(
        self, name: str, args: BastionArgs, template: aws.ec2.LaunchTemplate
    ) -> aws.autoscaling.Group:
        return aws.autoscaling.Group(
            f"{name}-group",
            name=self.group_name,
            min_size=1,
            max_size=1,
            vpc_zone_identifiers=args.subnet_ids,
            launch_template=aws.autoscaling.GroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            health_check_type="EC2",
            max_instance_lifetime=LIFETIME_SECONDS,
            instance_refresh=aws.autoscaling.GroupInstanceRefreshArgs(strategy="Rolling"),
            # The provider's default tags pass by Auto Scaling groups.
            tags=[
                aws.autoscaling.GroupTagArgs(key=key, value=value, propagate_at_launch=True)
                for key, value in _tags(args).items()
            ],
            opts=self._child(),
        )


def _tags(args: BastionArgs) -> Mapping[str, str]:
    return {
        **args.tags,
        "Name": args.stack.physical(BASTION),
        contract.STACK_TAG: args.stack.name,
        contract.ROLE_TAG: BASTION,
    }
