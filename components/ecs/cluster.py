"""The ECS cluster, its hosts, and the capacity provider that scales them."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.ecs import hosts
from components.ecs.user_data import user_data
from perpetual import contract
from settings import models

EXEC_RETENTION_DAYS: Final = 90
"""How long transcripts of consoles are kept, days."""

GRACE_SECONDS: Final = 120
"""Time after launch in which a host's failing health checks replace nothing, seconds."""

RESOURCES: Final = ("instance", "volume", "network-interface")
"""What a launch creates and the launch template can tag."""


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """Arguments of `Cluster`.

    `subnet_ids` are the private subnets; `tags` are the stack's common tags, which hosts must be
    given here because the provider's default tags do not reach them.
    """

    stack: contract.Stack
    settings: models.Hosts
    architecture: models.Architecture
    key_arn: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    tags: Mapping[str, str]


class Cluster(Component):
    """An ECS cluster on the stack's own EC2 hosts, in all private subnets.

    Hosts drain before they go, are replaced when they fail or fill up, and are launched before the
    old ones leave: a change costs hosts for a while, never capacity. Their image is a name resolved
    at launch, so a newer image reaches running hosts by an instance refresh only. A maximum
    lifetime would not do it: it spares protected hosts, and every host with tasks is protected.
    More tasks per host need the account setting `awsvpcTrunking`, which is not a stack's to change.
    """

    token = "perpetual:ecs:Cluster"

    arn: pulumi.Output[str]
    name: str
    capacity_provider: pulumi.Output[str]
    """Name of the provider, known once it is attached to the cluster: a service may then use it."""
    group_name: str
    exec_log_group: str
    fields: dict[str, pulumi.Input[Any]]

    def __init__(
        self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create log group, cluster, host role, launch template, group and capacity provider."""
        super().__init__(name, opts)
        self.name = args.stack.cluster
        self.group_name = args.stack.physical("hosts")
        self.exec_log_group = args.stack.log_group("exec")

        cluster = self._create_cluster(name, args)
        profile, grants = self._create_role(name, args)
        template = self._create_template(name, args, profile)
        group = self._create_group(name, args, template, [cluster, *grants])
        attachment = self._create_capacity_provider(name, args, cluster, group)

        self.arn = cluster.arn
        self.capacity_provider = attachment.capacity_providers.apply(lambda names: (names or [])[0])
        self.fields = {
            "cluster": self.name,
            "capacityProvider": self.capacity_provider,
            "hostGroup": self.group_name,
            "execLogGroup": self.exec_log_group,
        }
        self.register_outputs({"arn": self.arn, **self.fields})

    def _create_cluster(self, name: str, args: ClusterArgs) -> aws.ecs.Cluster:
        log_group = aws.cloudwatch.LogGroup(
            f"{name}-exec-logs",
            name=self.exec_log_group,
            kms_key_id=args.key_arn,
            retention_in_days=EXEC_RETENTION_DAYS,
            opts=self._child(),
        )
        logs = aws.ecs.ClusterConfigurationExecuteCommandConfigurationLogConfigurationArgs(
            cloud_watch_encryption_enabled=True, cloud_watch_log_group_name=log_group.name
        )
        command = aws.ecs.ClusterConfigurationExecuteCommandConfigurationArgs(
            kms_key_id=args.key_arn, logging="OVERRIDE", log_configuration=logs
        )
        return aws.ecs.Cluster(
            f"{name}-cluster",
            name=self.name,
            settings=[aws.ecs.ClusterSettingArgs(name="containerInsights", value="enhanced")],
            configuration=aws.ecs.ClusterConfigurationArgs(execute_command_configuration=command),
            opts=self._child(),
        )

    def _create_role(
        self, name: str, args: ClusterArgs
    ) -> tuple[aws.iam.InstanceProfile, list[pulumi.Resource]]:
        role = aws.iam.Role(
            f"{name}-host-role",
            name=args.stack.host_role,
            description="EC2 hosts of the ECS cluster",
            assume_role_policy=hosts.trust_document(),
            opts=self._child(),
        )
        profile = aws.iam.InstanceProfile(
            f"{name}-host-profile", name=args.stack.host_role, role=role.name, opts=self._child()
        )
        own = aws.iam.RolePolicy(
            f"{name}-host-policy",
            name="host",
            role=role.name,
            policy=hosts.role_document(args.stack, self.group_name),
            opts=self._child(),
        )
        managed = [
            aws.iam.RolePolicyAttachment(
                f"{name}-host-{arn.rsplit('/', 1)[-1]}",
                role=role.name,
                policy_arn=arn,
                opts=self._child(),
            )
            for arn in hosts.policy_arns(args.stack)
        ]
        return profile, [own, *managed]

    def _create_template(
        self, name: str, args: ClusterArgs, profile: aws.iam.InstanceProfile
    ) -> aws.ec2.LaunchTemplate:
        # Encrypted by the account's EBS key: the stack's own would have to admit Auto Scaling's
        # service role, for a volume that holds images and scratch files only.
        disk = aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            encrypted="true",
            volume_type="gp3",
            volume_size=args.settings.volume_gib,
            delete_on_termination="true",
        )
        interface = aws.ec2.LaunchTemplateNetworkInterfaceArgs(
            associate_public_ip_address="false",
            delete_on_termination="true",
            device_index=0,
            security_groups=[args.security_group_id],
        )
        text = user_data(self.name, args.settings.disk_full_percent)
        tags = hosts.tags(args.stack, args.tags)
        return aws.ec2.LaunchTemplate(
            f"{name}-template",
            description=f"Hosts of {self.name}",
            image_id=hosts.image_id(args.settings, args.architecture),
            user_data=base64.b64encode(text.encode()).decode(),
            update_default_version=True,
            iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(arn=profile.arn),
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(device_name="/dev/xvda", ebs=disk)
            ],
            network_interfaces=[interface],
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled",
                http_tokens="required",
                http_put_response_hop_limit=1,
                instance_metadata_tags="disabled",
            ),
            monitoring=aws.ec2.LaunchTemplateMonitoringArgs(enabled=True),
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=tags)
                for kind in RESOURCES
            ],
            opts=self._child(),
        )

    def _create_group(
        self,
        name: str,
        args: ClusterArgs,
        template: aws.ec2.LaunchTemplate,
        needs: Sequence[pulumi.Resource],
    ) -> aws.autoscaling.Group:
        # The hosts know their cluster by name only, so the engine must be told what they need,
        # and at the end remove them before the cluster.
        return aws.autoscaling.Group(
            f"{name}-hosts",
            name=self.group_name,
            min_size=args.settings.minimum,
            max_size=args.settings.maximum,
            vpc_zone_identifiers=list(args.subnet_ids),
            mixed_instances_policy=hosts.instances(args.settings, template),
            # The capacity provider lifts the protection of hosts without tasks.
            protect_from_scale_in=True,
            health_check_type="EC2",
            health_check_grace_period=GRACE_SECONDS,
            default_instance_warmup=hosts.WARMUP_SECONDS,
            capacity_rebalance=True,
            instance_maintenance_policy=aws.autoscaling.GroupInstanceMaintenancePolicyArgs(
                min_healthy_percentage=100, max_healthy_percentage=200
            ),
            instance_refresh=hosts.refresh(args.settings),
            enabled_metrics=[
                aws.autoscaling.Metric.GROUP_DESIRED_CAPACITY,
                aws.autoscaling.Metric.GROUP_IN_SERVICE_INSTANCES,
            ],
            tags=[
                *(
                    aws.autoscaling.GroupTagArgs(key=key, value=value, propagate_at_launch=False)
                    for key, value in sorted(hosts.tags(args.stack, args.tags).items())
                ),
                # ECS sets it on groups it manages; declared, so that no preview removes it.
                aws.autoscaling.GroupTagArgs(
                    key="AmazonECSManaged", value="true", propagate_at_launch=True
                ),
            ],
            opts=self._child(depends_on=list(needs), ignore_changes=["desiredCapacity"]),
        )

    def _create_capacity_provider(
        self,
        name: str,
        args: ClusterArgs,
        cluster: aws.ecs.Cluster,
        group: aws.autoscaling.Group,
    ) -> aws.ecs.ClusterCapacityProviders:
        scaling = aws.ecs.CapacityProviderAutoScalingGroupProviderManagedScalingArgs(
            status="ENABLED",
            target_capacity=100,
            minimum_scaling_step_size=1,
            maximum_scaling_step_size=args.settings.maximum,
            instance_warmup_period=hosts.WARMUP_SECONDS,
        )
        provider = aws.ecs.CapacityProvider(
            f"{name}-capacity",
            # Names starting with `aws`, `ecs` or `fargate` are reserved.
            name=self.group_name,
            auto_scaling_group_provider=aws.ecs.CapacityProviderAutoScalingGroupProviderArgs(
                auto_scaling_group_arn=group.arn,
                managed_scaling=scaling,
                managed_termination_protection="ENABLED",
                managed_draining="ENABLED",
            ),
            opts=self._child(),
        )
        strategy = aws.ecs.ClusterCapacityProvidersDefaultCapacityProviderStrategyArgs(
            capacity_provider=provider.name, base=0, weight=1
        )
        return aws.ecs.ClusterCapacityProviders(
            f"{name}-capacity-providers",
            cluster_name=cluster.name,
            capacity_providers=[provider.name],
            default_capacity_provider_strategies=[strategy],
            opts=self._child(),
        )
