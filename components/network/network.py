"""The stack's network, created, adopted, or another stack's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.network import plan
from components.network.access_lists import AccessLists, AccessListsArgs
from components.network.endpoints import Endpoints, EndpointsArgs, services
from components.network.existing import Existing, ExistingArgs, existing_subnets
from components.network.flow_logs import FlowLogs, FlowLogsArgs
from components.network.layout import Layout
from components.network.routes import Routes, RoutesArgs
from perpetual import contract
from perpetual.contract import Tier
from settings.models import Network as NetworkSettings
from settings.models import NetworkSource


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """Arguments of `Network`.

    `key_arn` is the KMS key of the flow logs. `database_port` and `public_clients` shape the data
    tier's access list: the port Postgres listens on, and whether a bastion in a public subnet may
    reach it.
    """

    stack: contract.Stack
    settings: NetworkSettings
    key_arn: pulumi.Input[str]
    database_port: int = 5432
    public_clients: bool = False


class Network(Component):
    """A VPC with a public, a private and a data subnet in each zone.

    Created, it has everything: gateways, routes, access lists, S3 and interface endpoints, flow
    logs; the VPC's own defaults are emptied, so that nothing works by accident. Adopted or
    another stack's, nothing in it is changed, and what is known of its subnets is an input of this
    component (`existingSubnets`), so that a policy pack can judge them.
    """

    token = "perpetual:network:Network"

    vpc_id: pulumi.Output[str]
    cidr: pulumi.Input[str]
    zones: tuple[str, ...]
    public_subnet_ids: list[pulumi.Output[str]]
    private_subnet_ids: list[pulumi.Output[str]]
    data_subnet_ids: list[pulumi.Output[str]]
    endpoint_group_id: pulumi.Output[str] | None
    fields: dict[str, pulumi.Input[Any]]

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the network, or take what exists."""
        existing = _find_existing(name, args, opts)
        super().__init__(name, opts, props=existing_subnets(existing))
        layout = self._create(name, args) if existing is None else existing.layout
        self.vpc_id = layout.vpc_id
        self.cidr = layout.cidr
        self.zones = layout.zones
        self.public_subnet_ids = list(layout.subnet_ids[Tier.PUBLIC])
        self.private_subnet_ids = list(layout.subnet_ids[Tier.PRIVATE])
        self.data_subnet_ids = list(layout.subnet_ids[Tier.DATA])
        self.endpoint_group_id = self._create_endpoints(name, args, layout)
        self._create_private_zone(name, args)
        self.fields = layout.fields(self.endpoint_group_id)
        self.register_outputs(self.fields)

    def _create(self, name: str, args: NetworkArgs) -> Layout:
        vpc = self._create_vpc(name, args)
        self._strip_defaults(name, args, vpc)
        subnets = self._create_subnets(name, args, vpc)
        lists = self._create_access_lists(name, args, vpc, subnets)
        routes = self._create_routes(name, args, vpc, subnets, lists.associations)
        self._create_flow_logs(name, args, vpc)
        return _created_layout(args, vpc, subnets, routes)

    def _create_vpc(self, name: str, args: NetworkArgs) -> aws.ec2.Vpc:
        return aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=str(args.settings.cidr),
            # Both are needed for private DNS of endpoints and for service discovery.
            # https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": args.stack.prefix},
            opts=self._child(),
        )

    def _strip_defaults(self, name: str, args: NetworkArgs, vpc: aws.ec2.Vpc) -> None:
        """Empty what AWS attaches where nothing else is named: it then connects nobody."""
        tags = {"Name": args.stack.physical("default-unused")}
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default-group",
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            tags=tags,
            opts=self._child(),
        )
        aws.ec2.DefaultRouteTable(
            f"{name}-default-table",
            default_route_table_id=vpc.default_route_table_id,
            routes=[],
            tags=tags,
            opts=self._child(),
        )
        aws.ec2.DefaultNetworkAcl(
            f"{name}-default-acl",
            default_network_acl_id=vpc.default_network_acl_id,
            ingress=[],
            egress=[],
            tags=tags,
            # A subnet is here for the moment between its creation and its association.
            opts=self._child(ignore_changes=["subnetIds"]),
        )

    def _create_subnets(
        self, name: str, args: NetworkArgs, vpc: aws.ec2.Vpc
    ) -> dict[plan.Subnet, aws.ec2.Subnet]:
        return {
            planned: aws.ec2.Subnet(
                f"{name}-{planned.key}",
                vpc_id=vpc.id,
                availability_zone=f"{args.stack.region}{planned.zone}",
                cidr_block=str(planned.cidr),
                map_public_ip_on_launch=False,
                tags={
                    "Name": args.stack.physical(planned.key),
                    contract.TIER_TAG: planned.tier.value,
                },
                opts=self._child(),
            )
            for planned in plan.plan(args.settings.cidr, args.settings.zones)
        }

    def _create_access_lists(
        self,
        name: str,
        args: NetworkArgs,
        vpc: aws.ec2.Vpc,
        subnets: Mapping[plan.Subnet, aws.ec2.Subnet],
    ) -> AccessLists:
        return AccessLists(
            f"{name}-acl",
            AccessListsArgs(
                stack=args.stack,
                cidr=str(args.settings.cidr),
                database_port=args.database_port,
                public_clients=args.public_clients,
                vpc_id=vpc.id,
                subnets=subnets,
            ),
            self._child(),
        )

    def _create_routes(
        self,
        name: str,
        args: NetworkArgs,
        vpc: aws.ec2.Vpc,
        subnets: Mapping[plan.Subnet, aws.ec2.Subnet],
        access: Mapping[plan.Subnet, pulumi.CustomResource],
    ) -> Routes:
        return Routes(
            f"{name}-routes",
            RoutesArgs(
                stack=args.stack,
                nat=args.settings.nat,
                vpc_id=vpc.id,
                subnets=subnets,
                access=access,
            ),
            self._child(),
        )

    def _create_flow_logs(self, name: str, args: NetworkArgs, vpc: aws.ec2.Vpc) -> None:
        FlowLogs(
            f"{name}-flow",
            FlowLogsArgs(
                stack=args.stack,
                retention_days=args.settings.flow_log_retention_days,
                vpc_id=vpc.id,
                key_arn=args.key_arn,
            ),
            self._child(),
        )

    def _create_endpoints(
        self, name: str, args: NetworkArgs, layout: Layout
    ) -> pulumi.Output[str] | None:
        wanted = services(args.settings)
        if not wanted or args.settings.source is NetworkSource.STACK:
            return layout.endpoint_group_id
        endpoints = Endpoints(
            f"{name}-endpoints",
            EndpointsArgs(
                stack=args.stack,
                services=wanted,
                vpc_id=layout.vpc_id,
                subnet_ids=layout.subnet_ids[Tier.PRIVATE],
            ),
            self._child(),
        )
        return endpoints.group_id

    def _create_private_zone(self, name: str, args: NetworkArgs) -> None:
        if args.settings.private_zone is None:
            return
        aws.route53.Zone(
            f"{name}-zone",
            name=args.settings.private_zone,
            comment=f"Private names of stack {args.stack.name}",
            vpcs=[aws.route53.ZoneVpcArgs(vpc_id=self.vpc_id)],
            opts=self._child(),
        )


def _find_existing(
    name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None
) -> Existing | None:
    if args.settings.source is NetworkSource.CREATE:
        return None
    return Existing(
        f"{name}-existing", ExistingArgs(stack=args.stack, settings=args.settings), opts
    )


def _created_layout(
    args: NetworkArgs,
    vpc: aws.ec2.Vpc,
    subnets: Mapping[plan.Subnet, aws.ec2.Subnet],
    routes: Routes,
) -> Layout:
    cidr = str(args.settings.cidr)
    ids = {item: _reachable(subnet, routes.ways[item]) for item, subnet in subnets.items()}
    return Layout(
        vpc_id=vpc.id,
        cidr=cidr,
        zones=args.settings.zones,
        subnet_ids={tier: [ids[item] for item in plan.ranges(list(ids), tier)] for tier in Tier},
        subnets=[
            {
                "id": subnet_id,
                "tier": item.tier.value,
                "availabilityZone": f"{args.stack.region}{item.zone}",
                "cidrBlock": str(item.cidr),
                "routes": routes.facts(item.tier, cidr, args.settings.nat),
            }
            for item, subnet_id in ids.items()
        ],
        endpoint_group_id=None,
    )


def _reachable(subnet: aws.ec2.Subnet, ways: Sequence[pulumi.CustomResource]) -> pulumi.Output[str]:
    """Return a subnet's id, given out once its routes and access list are in place."""
    return pulumi.Output.all(subnet.id, *(way.id for way in ways)).apply(lambda ids: str(ids[0]))
