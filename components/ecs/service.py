"""The release as an ECS service: what it may do, what runs, how it is replaced and found."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.ecs import roles, task
from components.ecs.balancer import Balancer
from components.ecs.cluster import Cluster
from components.ecs.discovery import Discovery, DiscoveryArgs
from components.ecs.scaling import Scaling, ScalingArgs
from perpetual import contract
from settings import models

CPU: Final = {
    models.Architecture.ARM64: "ARM64",
    models.Architecture.X86_64: "X86_64",
}
"""ECS's own spelling of each architecture."""


@dataclass(frozen=True, kw_only=True)
class ServiceArgs:
    """Arguments of `Service`.

    `protect` keeps the release's logs from deletion; `host` is the name users open; `image` a whole
    reference, by digest; `rollback_alarms` name the alarms that undo a deployment.
    """

    stack: contract.Stack
    settings: models.Service
    protect: bool
    host: str
    architecture: models.Architecture
    key_arn: pulumi.Input[str]
    image: pulumi.Input[str]
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    cluster: Cluster
    balancer: Balancer
    rollback_alarms: Sequence[pulumi.Input[str]]


class Service(Component):
    """Log group, roles, task definition, service, discovery and, where set, autoscaling.

    Pulumi owns the shape of the service, not its deployments: it registers a revision and hands it
    over, but does not wait, and neither the number of tasks nor a newer image is ever taken back.
    Every name in the documents is plain text, so that they can be read at preview. The containers
    are also inputs of the component itself, because their text is unknown as long as the image is.
    """

    token = "perpetual:ecs:Service"

    fields: dict[str, pulumi.Input[Any]]
    """What `perpetual` needs to deploy, run, log and enter the release."""

    def __init__(
        self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the service.

        Raises:
            ValueError: A variable in the settings would replace one of the stack's own.
        """
        containers = task.containers(
            stack=args.stack, settings=args.settings, host=args.host, image=args.image
        )
        super().__init__(name, opts, props={"containerDefinitions": containers})
        log_group = self._create_log_group(name, args)
        grants = self._create_roles(name, args)
        definition = self._create_definition(name, args, containers, [log_group, *grants])
        discovery = Discovery(
            f"{name}-discovery",
            DiscoveryArgs(stack=args.stack, vpc_id=args.vpc_id),
            self._child(),
        )
        service = self._create_service(name, args, definition, discovery)
        self._create_scaling(name, args, service)
        self.fields = _fields(args)
        # The containers once more, for a pack that sees outputs only, as with an exported state.
        self.register_outputs({**self.fields, "containerDefinitions": containers})

    def _create_log_group(self, name: str, args: ServiceArgs) -> pulumi.Resource:
        return aws.cloudwatch.LogGroup(
            f"{name}-log",
            name=args.stack.log_group("release"),
            kms_key_id=args.key_arn,
            retention_in_days=args.settings.log_retention_days,
            deletion_protection_enabled=args.protect,
            opts=self._child(protect=args.protect),
        )

    def _create_roles(self, name: str, args: ServiceArgs) -> list[pulumi.Resource]:
        """Create both roles, and return what a task must wait for: its documents know names only.

        A role without its policy would start tasks that cannot read their secrets.
        """
        stack = args.stack
        secrets = [*task.secret_names(args.settings), contract.MIGRATOR]
        return [
            *self._create_role(
                f"{name}-task-role",
                stack,
                stack.task_role,
                roles.task_policy(stack, args.cluster.exec_log_group),
                "What the release itself may do",
            ),
            *self._create_role(
                f"{name}-execution-role",
                stack,
                stack.execution_role,
                roles.execution_policy(stack, secrets),
                "What ECS may do to start the release",
            ),
        ]

    def _create_role(
        self, logical: str, stack: contract.Stack, role: str, policy: str, description: str
    ) -> list[pulumi.Resource]:
        created = aws.iam.Role(
            logical,
            name=role,
            description=description,
            assume_role_policy=roles.trust(stack),
            opts=self._child(),
        )
        attached = aws.iam.RolePolicy(
            f"{logical}-policy", name=role, role=created.name, policy=policy, opts=self._child()
        )
        return [created, attached]

    def _create_definition(
        self,
        name: str,
        args: ServiceArgs,
        containers: task.Containers,
        after: Sequence[pulumi.Resource],
    ) -> aws.ecs.TaskDefinition:
        return aws.ecs.TaskDefinition(
            f"{name}-task",
            family=args.stack.family,
            network_mode="awsvpc",
            requires_compatibilities=["EC2"],
            runtime_platform=aws.ecs.TaskDefinitionRuntimePlatformArgs(
                cpu_architecture=CPU[args.architecture], operating_system_family="LINUX"
            ),
            task_role_arn=args.stack.role_arn(args.stack.task_role),
            execution_role_arn=args.stack.role_arn(args.stack.execution_role),
            # No CPU or memory of the task as a whole: placement would then count the hard limit,
            # not the reservation.
            container_definitions=pulumi.Output.json_dumps(containers),
            # `perpetual deploy` registers revisions too: compare with the newest, and keep the
            # older ones, for they are what a rollback returns to.
            track_latest=True,
            skip_destroy=True,
            opts=self._child(depends_on=after),
        )

    def _create_service(
        self,
        name: str,
        args: ServiceArgs,
        definition: aws.ecs.TaskDefinition,
        discovery: Discovery,
    ) -> aws.ecs.Service:
        return aws.ecs.Service(
            f"{name}-service",
            name=args.stack.service,
            cluster=args.cluster.arn,
            task_definition=definition.arn,
            # Without autoscaling nothing runs before `perpetual db apply` has made the database's
            # roles; from then on deploys own the number, or autoscaling does.
            desired_count=0,
            scheduling_strategy="REPLICA",
            capacity_provider_strategies=[
                aws.ecs.ServiceCapacityProviderStrategyArgs(
                    capacity_provider=args.cluster.capacity_provider, weight=1
                )
            ],
            service_registries=aws.ecs.ServiceServiceRegistriesArgs(
                registry_arn=discovery.registry_arn
            ),
            enable_execute_command=True,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            # Watching a deployment, and judging it, is the command's business.
            wait_for_steady_state=False,
            **_deployment(args),
            **_placement(),
            **_traffic(args),
            # A target group must have its listener before a service may use it.
            opts=self._child(ignore_changes=["desiredCount"], depends_on=[args.balancer.listener]),
        )

    def _create_scaling(self, name: str, args: ServiceArgs, service: aws.ecs.Service) -> None:
        if args.settings.autoscaling:
            Scaling(
                f"{name}-scaling",
                ScalingArgs(stack=args.stack, settings=args.settings),
                self._child(depends_on=[service]),
            )


def _deployment(args: ServiceArgs) -> dict[str, Any]:
    """Return how a new revision replaces the running one, and what undoes it.

    Both ways back lead to the last completed deployment:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-failure-detection.html
    """
    alarms = aws.ecs.ServiceAlarmsArgs(alarm_names=args.rollback_alarms, enable=True, rollback=True)
    return {
        "deployment_controller": aws.ecs.ServiceDeploymentControllerArgs(type="ECS"),
        "deployment_minimum_healthy_percent": args.settings.minimum_healthy_percent,
        "deployment_maximum_percent": args.settings.maximum_percent,
        "deployment_circuit_breaker": aws.ecs.ServiceDeploymentCircuitBreakerArgs(
            enable=True, rollback=True
        ),
        "alarms": alarms if args.rollback_alarms else None,
    }


def _placement() -> dict[str, Any]:
    """Return where tasks go: over zones first, then over hosts, and again once a zone returns."""
    spread = aws.ecs.ServiceOrderedPlacementStrategyArgs
    return {
        "availability_zone_rebalancing": "ENABLED",
        "ordered_placement_strategies": [
            spread(type="spread", field="attribute:ecs.availability-zone"),
            spread(type="spread", field="instanceId"),
        ],
    }


def _traffic(args: ServiceArgs) -> dict[str, Any]:
    """Return the tasks' subnets and security group, and the target group they register with."""
    return {
        "network_configuration": aws.ecs.ServiceNetworkConfigurationArgs(
            subnets=args.subnet_ids,
            security_groups=[args.security_group_id],
            assign_public_ip=False,
        ),
        "load_balancers": [
            aws.ecs.ServiceLoadBalancerArgs(
                target_group_arn=args.balancer.target_group_arn,
                container_name=contract.Container.RELEASE.value,
                container_port=args.settings.port,
            )
        ],
        "health_check_grace_period_seconds": args.settings.grace_seconds,
    }


def _fields(args: ServiceArgs) -> dict[str, pulumi.Input[Any]]:
    stack, settings = args.stack, args.settings
    return {
        "cluster": stack.cluster,
        "service": stack.service,
        "family": stack.family,
        "container": contract.Container.RELEASE.value,
        "port": settings.port,
        "distributionPort": settings.distribution_port,
        "desired": settings.desired,
        "autoscaling": settings.autoscaling,
        "logGroup": stack.log_group("release"),
        "logStreamPrefix": task.STREAM_PREFIX,
        "discovery": stack.discovery,
        "taskRole": stack.role_arn(stack.task_role),
        "executionRole": stack.role_arn(stack.execution_role),
        # What a one-off task needs, such as a migration.
        "capacityProvider": args.cluster.capacity_provider,
        "subnets": list(args.subnet_ids),
        "securityGroup": args.security_group_id,
        "migrationFamily": stack.migration_family,
        "migrationSecret": stack.secret(contract.MIGRATOR),
        "releaseParameter": stack.release_parameter,
        "secrets": {name: stack.secret(name) for name in task.secret_names(settings)},
    }
