"""A network that exists already: somebody's VPC adopted by id, or another stack's by pin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws
from pulumi_aws.ec2.outputs import GetRouteTableRouteResult

from components.component import Component
from components.network import endpoints, layout
from components.network.layout import IDS, Layout, SubnetFacts, Target
from components.upstream import layer_fields
from perpetual import contract
from perpetual.contract import Tier
from settings.models import Network as NetworkSettings
from settings.models import NetworkSource

_TARGETS: Final = (
    ("nat_gateway_id", Target.NAT_GATEWAY),
    ("egress_only_gateway_id", Target.EGRESS_ONLY_GATEWAY),
    ("vpc_endpoint_id", Target.VPC_ENDPOINT),
    ("transit_gateway_id", Target.TRANSIT_GATEWAY),
    ("vpc_peering_connection_id", Target.PEERING),
)


@dataclass(frozen=True, kw_only=True)
class ExistingArgs:
    """Arguments of `Existing`; `settings.source` is `adopt` or `stack`."""

    stack: contract.Stack
    settings: NetworkSettings


class Existing(Component):
    """Reads a network and changes nothing in it.

    It is a component beside the network, not below it, because the network shows the facts among
    its own inputs (`existingSubnets`), where a policy pack finds them.
    """

    token = "perpetual:network:Existing"

    layout: Layout

    def __init__(
        self, name: str, args: ExistingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Read the VPC and its subnets from AWS, or all of it from the upstream's contract."""
        super().__init__(name, opts)
        read = self._adopt if args.settings.source is NetworkSource.ADOPT else self._refer
        self.layout = read(args)
        self.register_outputs({"vpcId": self.layout.vpc_id})

    def _adopt(self, args: ExistingArgs) -> Layout:
        settings = args.settings
        vpc = aws.ec2.get_vpc(id=settings.vpc_id, opts=pulumi.InvokeOptions(parent=self))
        local = [vpc.cidr_block, *(item.cidr_block for item in vpc.cidr_block_associations)]
        subnets: list[dict[str, Any]] = []
        for tier, ids in adopted_ids(settings).items():
            for zone, subnet_id in zip(settings.zones, ids, strict=True):
                facts = self._subnet_facts(subnet_id, tier, vpc.main_route_table_id, local)
                check_place(facts, settings.vpc_id, f"{args.stack.region}{zone}")
                subnets.append(facts)
        return Layout(
            vpc_id=pulumi.Output.from_input(vpc.id),
            cidr=vpc.cidr_block,
            zones=settings.zones,
            subnet_ids={
                tier: [pulumi.Output.from_input(item) for item in ids]
                for tier, ids in adopted_ids(settings).items()
            },
            subnets=[{key: facts[key] for key in facts if key != "vpcId"} for facts in subnets],
            endpoint_group_id=None,
        )

    def _subnet_facts(
        self, subnet_id: str, tier: Tier, main_table: str, local: Sequence[str]
    ) -> dict[str, Any]:
        subnet = aws.ec2.get_subnet(id=subnet_id, opts=pulumi.InvokeOptions(parent=self))
        table = aws.ec2.get_route_table(
            route_table_id=self._table_id(subnet_id, main_table),
            opts=pulumi.InvokeOptions(parent=self),
        )
        return {
            "id": subnet_id,
            "vpcId": subnet.vpc_id,
            "tier": tier.value,
            "availabilityZone": subnet.availability_zone,
            "cidrBlock": subnet.cidr_block,
            "routes": routes(table.routes, local),
        }

    def _table_id(self, subnet_id: str, main_table: str) -> str:
        """Return the route table that serves a subnet.

        A subnet without a table of its own is served by the VPC's main one, and AWS does not list
        it among that table's associations: asking for *the* table of such a subnet is an error,
        asking for *all* its tables yields none.
        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRouteTables.html
        """
        found = aws.ec2.get_route_tables(
            filters=[
                aws.ec2.GetRouteTablesFilterArgs(name="association.subnet-id", values=[subnet_id])
            ],
            opts=pulumi.InvokeOptions(parent=self),
        )
        return found.ids[0] if found.ids else main_table

    def _refer(self, args: ExistingArgs) -> Layout:
        settings = args.settings
        published = layer_fields(
            self, settings.stack, contract.Layer.NETWORK, settings.pin, args.stack
        )
        fields = published.apply(lambda found: check_published(found, settings))
        group = fields.apply(lambda found: str(found["endpointGroup"]))
        return Layout(
            vpc_id=fields.apply(lambda found: str(found["vpcId"])),
            cidr=fields.apply(lambda found: str(found["cidr"])),
            zones=settings.zones,
            subnet_ids={
                tier: [_published_id(fields, key, zone) for zone in settings.zones]
                for tier, key in IDS.items()
            },
            subnets=fields.apply(lambda found: list(found["subnets"])),
            endpoint_group_id=group if endpoints.services(settings) else None,
        )


def adopted_ids(settings: NetworkSettings) -> dict[Tier, tuple[str, ...]]:
    """Return the subnet ids to adopt, per tier and in the order of the zones."""
    return {
        Tier.PUBLIC: settings.public_subnets,
        Tier.PRIVATE: settings.private_subnets,
        Tier.DATA: settings.data_subnets,
    }


def check_place(facts: Mapping[str, Any], vpc_id: str | None, zone: str) -> None:
    """Raise `pulumi.RunError` unless an adopted subnet lies in the VPC and zone it stands for."""
    if facts["vpcId"] != vpc_id:
        message = (
            f"Subnet {facts['id']} belongs to {facts['vpcId']}, not to network.vpcId {vpc_id}: "
            f"correct network.{IDS[Tier(facts['tier'])]} or network.vpcId."
        )
        raise pulumi.RunError(message)
    if facts["availabilityZone"] != zone:
        message = (
            f"Subnet {facts['id']} is in {facts['availabilityZone']} and stands in the place of "
            f"{zone}: bring network.{IDS[Tier(facts['tier'])]} into the order of network.zones."
        )
        raise pulumi.RunError(message)


def check_published(fields: dict[str, Any], settings: NetworkSettings) -> dict[str, Any]:
    """Return an upstream's network, or raise what of this stack's settings does not fit it."""
    missing = [zone for zone in settings.zones if zone not in fields["zones"]]
    if missing:
        message = (
            f"{settings.stack} has no zone {', '.join(missing)}: "
            f"choose network.zones among {', '.join(fields['zones'])}."
        )
        raise pulumi.RunError(message)
    if bool(fields["endpointGroup"]) is not bool(endpoints.services(settings)):
        way_out = (
            "name them in network.interfaceEndpoints, so that this stack is let in."
            if fields["endpointGroup"]
            else "empty network.interfaceEndpoints, or add them there."
        )
        has = "has" if fields["endpointGroup"] else "has no"
        message = f"The network of {settings.stack} {has} interface endpoints: {way_out}"
        raise pulumi.RunError(message)
    return fields


def routes(
    found: Sequence[GetRouteTableRouteResult], local: Sequence[str]
) -> list[dict[str, pulumi.Input[str]]]:
    """Return a route table's routes in the words of the contract, local ones first.

    The provider leaves out local routes, which every table has for each range of the VPC, and, for
    good, routes to gateway endpoints and those a virtual private gateway propagates.
    """
    return [
        *(layout.route(cidr, Target.LOCAL) for cidr in dict.fromkeys(local)),
        *(layout.route(_destination(item), _target(item)) for item in found),
    ]


def _destination(route: GetRouteTableRouteResult) -> str:
    return route.cidr_block or route.ipv6_cidr_block or route.destination_prefix_list_id


def _target(route: GetRouteTableRouteResult) -> Target:
    if (route.gateway_id or "").startswith("igw-"):
        return Target.INTERNET_GATEWAY
    return next((target for key, target in _TARGETS if getattr(route, key)), Target.OTHER)


def _published_id(fields: pulumi.Output[dict[str, Any]], key: str, zone: str) -> pulumi.Output[str]:
    return fields.apply(lambda found: str(found[key][found["zones"].index(zone)]))


def existing_subnets(found: Existing | None) -> dict[str, pulumi.Input[Sequence[SubnetFacts]]]:
    """Return the network's own inputs: what a policy pack must know of subnets made elsewhere."""
    return {} if found is None else {"existingSubnets": found.layout.subnets}
