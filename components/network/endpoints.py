"""Interface endpoints: AWS services at addresses of the private subnets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import pulumi
import pulumi_aws as aws

from components.component import Component
from perpetual import contract
from settings.models import Endpoint, Nat, NetworkSource
from settings.models import Network as NetworkSettings

SERVICES: Final[Mapping[Endpoint, Sequence[str]]] = MappingProxyType(
    {
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
        Endpoint.ECR: ("ecr.api", "ecr.dkr"),
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch-logs-and-interface-VPC.html
        Endpoint.LOGS: ("logs",),
        # https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html
        Endpoint.SSM: ("ssm", "ssmmessages", "ec2messages"),
        # https://docs.aws.amazon.com/secretsmanager/latest/userguide/vpc-endpoint-overview.html
        Endpoint.SECRETS_MANAGER: ("secretsmanager",),
    }
)
"""Endpoint services behind each word of `network.interfaceEndpoints`."""

ISOLATED: Final = ("ecs", "ecs-agent", "ecs-telemetry", "autoscaling")
"""Services that hosts call besides, as members of the cluster; the last to report themselves ill.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-vpc-endpoints.html
"""


def services(settings: NetworkSettings) -> list[str]:
    """Return the endpoint services to create, sorted.

    Without NAT no host can do anything unless the services it lives by are in the VPC, so `nat:
    none` brings these along whatever `interfaceEndpoints` says.
    """
    words = set(settings.interface_endpoints)
    isolated = settings.source is NetworkSource.CREATE and settings.nat is Nat.NONE
    if isolated:
        words |= {Endpoint.ECR, Endpoint.LOGS, Endpoint.SSM}
    named = {service for word in words for service in SERVICES[word]}
    return sorted(named | set(ISOLATED if isolated else ()))


@dataclass(frozen=True, kw_only=True)
class EndpointsArgs:
    """Arguments of `Endpoints`; `subnet_ids` has one subnet per zone."""

    stack: contract.Stack
    services: Sequence[str]
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]


class Endpoints(Component):
    """Interface endpoints with private DNS, behind one security group.

    The group admits nobody by itself: `SecurityGroups` adds a rule for each group that may call.
    """

    token = "perpetual:network:Endpoints"

    group_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: EndpointsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the group and one endpoint per service."""
        super().__init__(name, opts)
        self.group_id = self._create_group(name, args)
        self._create_endpoints(name, args)
        self.register_outputs({"groupId": self.group_id})

    def _create_group(self, name: str, args: EndpointsArgs) -> pulumi.Output[str]:
        physical = args.stack.physical("endpoints")
        group = aws.ec2.SecurityGroup(
            f"{name}-group",
            name=physical,
            description="Interface endpoints of AWS services",
            vpc_id=args.vpc_id,
            tags={"Name": physical},
            opts=self._child(),
        )
        return group.id

    def _create_endpoints(self, name: str, args: EndpointsArgs) -> None:
        for service in args.services:
            label = service.replace(".", "-")
            aws.ec2.VpcEndpoint(
                f"{name}-{label}",
                vpc_id=args.vpc_id,
                vpc_endpoint_type="Interface",
                service_name=f"com.amazonaws.{args.stack.region}.{service}",
                private_dns_enabled=True,
                subnet_ids=args.subnet_ids,
                security_group_ids=[self.group_id],
                tags={"Name": args.stack.physical(label)},
                opts=self._child(),
            )
