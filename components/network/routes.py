"""Where each tier's packets may go: route tables, gateways, the S3 endpoint."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.network import layout, plan
from components.network.layout import ANYWHERE, Target
from perpetual import contract
from perpetual.contract import Tier
from settings.models import Nat

# Buckets of AWS itself that hosts read: image layers, packages, the SSM agent's files.
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
# https://docs.aws.amazon.com/linux/al2023/ug/managing-repos-os-updates.html
# https://docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-minimum-s3-permissions.html
_AWS_BUCKETS: Final = (
    "prod-{region}-starport-layer-bucket",
    "al2023-repos-{region}-de612dc2",
    "aws-ssm-{region}",
    "amazon-ssm-{region}",
    "amazon-ssm-packages-{region}",
    "aws-ssm-document-attachments-{region}",
    "patch-baseline-snapshot-{region}",
    "{region}-birdwatcher-prod",
)


def storage_policy(stack: contract.Stack) -> str:
    """Return the S3 endpoint's policy: this account's principals, and reads of AWS's buckets.

    It stops what no IAM policy of ours can: data carried out with somebody else's credentials.
    """
    buckets = [name.format(region=stack.region) for name in _AWS_BUCKETS]
    statements: list[dict[str, Any]] = [
        {
            "Sid": "PrincipalsOfThisAccount",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalAccount": stack.account}},
        },
        {
            "Sid": "ReadsOfAwsBuckets",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": [f"arn:{stack.partition}:s3:::{bucket}/*" for bucket in buckets],
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def nat_zones(nat: Nat, zones: Sequence[str]) -> dict[str, str]:
    """Return, for each zone whose private subnet has a way out, the zone of its NAT gateway."""
    match nat:
        case Nat.PER_ZONE:
            return {zone: zone for zone in zones}
        case Nat.SINGLE:
            return dict.fromkeys(zones, zones[0])
        case Nat.NONE:
            return {}


@dataclass(frozen=True, kw_only=True)
class RoutesArgs:
    """Arguments of `Routes`; `subnets` are those of one VPC, by their place in its plan.

    `access` holds, for each of them, what admits traffic to it.
    """

    stack: contract.Stack
    nat: Nat
    vpc_id: pulumi.Input[str]
    subnets: Mapping[plan.Subnet, aws.ec2.Subnet]
    access: Mapping[plan.Subnet, pulumi.CustomResource]


class Routes(Component):
    """Route tables with standalone routes and explicit associations for every subnet.

    One table serves all public subnets and one all data subnets, whose only route is the VPC's own;
    private subnets have a table per zone, because each may have a NAT gateway of its own. A single
    NAT gateway stands in the first zone under the name it has when every zone has one: switching
    between the two modes keeps it, and with it the address others may have allowed.

    `ways` holds, for each subnet, all that its traffic needs: whoever uses a subnet depends on it,
    so that no host starts before it can reach AWS, nor loses its way while it is still draining.
    """

    token = "perpetual:network:Routes"

    ways: dict[plan.Subnet, list[pulumi.CustomResource]]

    def __init__(
        self, name: str, args: RoutesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create gateways, tables, routes and associations."""
        super().__init__(name, opts)
        self.ways = {subnet: [args.access[subnet]] for subnet in args.subnets}
        self._gateway = self._create_gateway(name, args)
        self._create_public_table(name, args)
        self._create_data_table(name, args)
        private = self._create_private_tables(name, args)
        self._create_nat(name, args, private)
        self._storage = self._create_storage_endpoint(name, args, private)
        self.register_outputs({"storageEndpoint": self._storage.id})

    def facts(self, tier: Tier, cidr: str, nat: Nat) -> list[dict[str, pulumi.Input[str]]]:
        """Return the routes of a tier's subnets in the words of the contract."""
        routes = [layout.route(cidr, Target.LOCAL)]
        if tier is Tier.PUBLIC:
            routes.append(layout.route(ANYWHERE, Target.INTERNET_GATEWAY))
        if tier is Tier.PRIVATE:
            routes.append(layout.route(self._storage.prefix_list_id, Target.VPC_ENDPOINT))
            if nat is not Nat.NONE:
                routes.append(layout.route(ANYWHERE, Target.NAT_GATEWAY))
        return routes

    def _table(self, name: str, label: str, args: RoutesArgs) -> aws.ec2.RouteTable:
        return aws.ec2.RouteTable(
            f"{name}-{label}",
            vpc_id=args.vpc_id,
            tags={"Name": args.stack.physical(label)},
            opts=self._child(),
        )

    def _associate(
        self, name: str, table: aws.ec2.RouteTable, subnet: plan.Subnet, args: RoutesArgs
    ) -> None:
        self.ways[subnet].append(
            aws.ec2.RouteTableAssociation(
                f"{name}-{subnet.key}-association",
                subnet_id=args.subnets[subnet].id,
                route_table_id=table.id,
                opts=self._child(),
            )
        )

    def _create_gateway(self, name: str, args: RoutesArgs) -> aws.ec2.InternetGateway:
        return aws.ec2.InternetGateway(
            f"{name}-gateway",
            vpc_id=args.vpc_id,
            tags={"Name": args.stack.prefix},
            opts=self._child(),
        )

    def _create_public_table(self, name: str, args: RoutesArgs) -> None:
        table = self._table(name, "public", args)
        route = aws.ec2.Route(
            f"{name}-public-internet",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=self._gateway.id,
            opts=self._child(),
        )
        for subnet in plan.ranges(list(args.subnets), Tier.PUBLIC):
            self._associate(name, table, subnet, args)
            self.ways[subnet].append(route)

    def _create_data_table(self, name: str, args: RoutesArgs) -> None:
        table = self._table(name, "data", args)
        for subnet in plan.ranges(list(args.subnets), Tier.DATA):
            self._associate(name, table, subnet, args)

    def _create_private_tables(
        self, name: str, args: RoutesArgs
    ) -> dict[plan.Subnet, aws.ec2.RouteTable]:
        tables = {
            subnet: self._table(name, subnet.key, args)
            for subnet in plan.ranges(list(args.subnets), Tier.PRIVATE)
        }
        for subnet, table in tables.items():
            self._associate(name, table, subnet, args)
        return tables

    def _create_nat(
        self, name: str, args: RoutesArgs, tables: Mapping[plan.Subnet, aws.ec2.RouteTable]
    ) -> None:
        served_by = nat_zones(args.nat, [subnet.zone for subnet in tables])
        gateways = {
            subnet.zone: self._create_nat_gateway(name, subnet, args)
            for subnet in plan.ranges(list(args.subnets), Tier.PUBLIC)
            if subnet.zone in served_by.values()
        }
        for subnet, table in tables.items():
            if subnet.zone in served_by:
                route = aws.ec2.Route(
                    f"{name}-{subnet.key}-internet",
                    route_table_id=table.id,
                    destination_cidr_block=ANYWHERE,
                    nat_gateway_id=gateways[served_by[subnet.zone]].id,
                    opts=self._child(),
                )
                self.ways[subnet].append(route)

    def _create_nat_gateway(
        self, name: str, subnet: plan.Subnet, args: RoutesArgs
    ) -> aws.ec2.NatGateway:
        tags = {"Name": args.stack.physical("nat", subnet.zone)}
        # Made after the internet gateway and deleted before it: AWS detaches none while public
        # addresses are mapped through it.
        # https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html
        address = aws.ec2.Eip(
            f"{name}-nat-{subnet.zone}-address",
            domain="vpc",
            tags=tags,
            opts=self._child(depends_on=[self._gateway]),
        )
        return aws.ec2.NatGateway(
            f"{name}-nat-{subnet.zone}",
            subnet_id=args.subnets[subnet].id,
            allocation_id=address.allocation_id,
            connectivity_type="public",
            tags=tags,
            opts=self._child(depends_on=[self._gateway, *self.ways[subnet]]),
        )

    def _create_storage_endpoint(
        self, name: str, args: RoutesArgs, tables: Mapping[plan.Subnet, aws.ec2.RouteTable]
    ) -> aws.ec2.VpcEndpoint:
        """Create the S3 endpoint for the private tables: free, and image layers come through it.

        The data tables get none: RDS reaches S3 for its backups outside the VPC.
        """
        endpoint = aws.ec2.VpcEndpoint(
            f"{name}-storage",
            vpc_id=args.vpc_id,
            vpc_endpoint_type="Gateway",
            service_name=f"com.amazonaws.{args.stack.region}.s3",
            policy=storage_policy(args.stack),
            tags={"Name": args.stack.physical("storage")},
            opts=self._child(),
        )
        for subnet, table in tables.items():
            link = aws.ec2.VpcEndpointRouteTableAssociation(
                f"{name}-{subnet.key}-storage",
                vpc_endpoint_id=endpoint.id,
                route_table_id=table.id,
                opts=self._child(),
            )
            self.ways[subnet].append(link)
        return endpoint
