"""Ways to break the law of segregated subnets."""

from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws

from tests.policy.case import EVERYWHERE, Case, in_subnet, outside, unknown
from tests.policy.small import Extra, Stack
from tests.policy.support import PREVIEW

SUBNETS = "segregated-subnets"
OUTSIDE_GROUP = {"subnet_group": {"subnet_ids": ["subnet-0aa"]}}


def route(table: str, **target: str) -> Extra:
    """Return a standalone default route from `table` to a resource or a literal id."""

    def extra(made: Stack) -> None:
        values: dict[str, Any] = {
            key: getattr(made, item).id if item in vars(made) else item
            for key, item in target.items()
        }
        destination: dict[str, Any] = (
            {"destination_ipv6_cidr_block": "::/0"}
            if "egress_only_gateway_id" in target
            else {"destination_cidr_block": EVERYWHERE}
        )
        aws.ec2.Route("leak", route_table_id=getattr(made, table).id, **destination, **values)

    return extra


def _shared_table(made: Stack) -> dict[str, Any]:
    return {"route_table_id": made.public_table.id}


def _inline(**target: str) -> Callable[[Stack], dict[str, Any]]:
    return lambda made: {
        "routes": [
            {"cidr_block": EVERYWHERE}
            | {
                key: getattr(made, item).id if item in vars(made) else item
                for key, item in target.items()
            }
        ]
    }


def _propagation(made: Stack) -> None:
    gateway = aws.ec2.VpnGateway("vpn", vpc_id=made.vpc.id)
    aws.ec2.VpnGatewayRoutePropagation(
        "vpn", vpn_gateway_id=gateway.id, route_table_id=made.data_table.id
    )


def _main_association(made: Stack) -> None:
    aws.ec2.MainRouteTableAssociation(
        "main", vpc_id=made.vpc.id, route_table_id=made.private_table.id
    )


def _stray_association(made: Stack) -> None:
    subnet = pulumi.Output.all(made.data_a.id, made.public_a.id).apply(lambda ids: ids[0])
    aws.ec2.RouteTableAssociation("stray", subnet_id=subnet, route_table_id=made.public_table.id)


def _route_to_outside(_: Stack) -> None:
    """Add a way out to a route table that is not in the stack."""
    aws.ec2.Route(
        "leak", route_table_id="rtb-0aa", destination_cidr_block=EVERYWHERE, gateway_id="igw-0aa"
    )


def _cache(made: Stack) -> None:
    group = aws.elasticache.SubnetGroup("cache", subnet_ids=[made.private_a.id])
    aws.elasticache.ReplicationGroup("cache", description="x", subnet_group_name=group.name)


def _instance(made: Stack) -> None:
    aws.ec2.Instance("lone", subnet_id=made.public_a.id)


SEGREGATION = [
    Case(
        name="data table with an internet route",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > data-table > 0.0.0.0/0 > igw",
        extra=route("data_table", gateway_id="igw"),
    ),
    Case(
        name="data table with a NAT route",
        rule=SUBNETS,
        resource="data-b",
        path="data-b > data-table > 0.0.0.0/0 > nat",
        extra=route("data_table", nat_gateway_id="nat"),
    ),
    Case(
        name="data table with an egress-only route",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > data-table > ::/0 > egress-only-gateway eigw-1",
        extra=route("data_table", egress_only_gateway_id="eigw-1"),
    ),
    Case(
        name="data table with a transit gateway route",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > data-table > transit-gateway tgw-1",
        extra=route("data_table", transit_gateway_id="tgw-1"),
    ),
    Case(
        name="data table with a peering route",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > data-table > peering pcx-1",
        extra=route("data_table", vpc_peering_connection_id="pcx-1"),
    ),
    Case(
        name="data table with a NAT instance",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > data-table > interface eni-1",
        extra=route("data_table", network_interface_id="eni-1"),
    ),
    Case(
        name="data table with an appliance endpoint",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > data-table > appliance-endpoint vpce-1",
        extra=route("data_table", vpc_endpoint_id="vpce-1"),
    ),
    Case(
        name="data table with a VPN gateway by id",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > data-table > vpn-gateway vgw-1",
        extra=route("data_table", gateway_id="vgw-1"),
    ),
    Case(
        name="data table with propagated routes",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > data-table > propagated routes",
        extra=_propagation,
    ),
    Case(
        name="data table with an inline internet route",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > data-table > 0.0.0.0/0 > igw",
        changes={"data_table": _inline(gateway_id="igw")},
    ),
    Case(
        name="data subnet in the public table",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > public-table > igw",
        changes={"data_a_table": _shared_table},
    ),
    Case(
        name="data subnet falls back to a main table with a way out",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > main-table > nat",
        changes={"data_a_table": None},
        extra=route("main_table", nat_gateway_id="nat"),
    ),
    Case(
        name="main table with a way out that nobody uses",
        rule=SUBNETS,
        resource="main-table",
        path="vpc > main-table > 0.0.0.0/0 > igw",
        extra=route("main_table", gateway_id="igw"),
    ),
    Case(
        name="main table replaced by one with a way out",
        rule=SUBNETS,
        resource="private-table",
        path="vpc > private-table > nat",
        extra=_main_association,
    ),
    Case(
        name="private table with an internet gateway",
        rule=SUBNETS,
        resource="private-a",
        path="private-a > private-table > igw",
        changes={"private_route": lambda made: {"nat_gateway_id": None, "gateway_id": made.igw.id}},
    ),
    Case(
        name="public subnet without an internet gateway",
        rule=SUBNETS,
        resource="public-a",
        path="public-a > public-table",
        changes={"public_route": None},
    ),
    Case(
        name="private subnet with public addresses at launch",
        rule=SUBNETS,
        resource="private-a",
        path="private-a > mapPublicIpOnLaunch",
        changes={"private_a": {"map_public_ip_on_launch": True}},
    ),
    Case(
        name="data subnet with public addresses at launch, not known",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > mapPublicIpOnLaunch",
        undetermined=True,
        forms=(PREVIEW,),
        changes={"data_a": lambda made: {"map_public_ip_on_launch": unknown(made, value=False)}},
    ),
    Case(
        name="subnet that claims no tier",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > perpetual:tier",
        changes={"data_a": {"tags": {}}},
    ),
    Case(
        name="subnet that claims a tier of its own",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > perpetual:tier",
        changes={"data_a": {"tags": {"perpetual:tier": "dmz"}}},
    ),
    Case(
        name="subnet whose claim is not known",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > perpetual:tier",
        undetermined=True,
        forms=(PREVIEW,),
        changes={"data_a": lambda made: {"tags": {"perpetual:tier": unknown(made, "data")}}},
    ),
    Case(
        name="association that cannot be told",
        rule=SUBNETS,
        resource="stray",
        path="subnetId",
        extra=_stray_association,
        undetermined=True,
        forms=(PREVIEW,),
    ),
    Case(
        name="route whose table cannot be told",
        rule=SUBNETS,
        resource="leak",
        path="routeTableId",
        undetermined=True,
        extra=_route_to_outside,
    ),
    Case(
        name="database in a private subnet",
        rule=SUBNETS,
        resource="database",
        path="database > subnet-group > private-a",
        changes=in_subnet("private_a"),
    ),
    Case(
        name="replica in the subnets of its source",
        rule=SUBNETS,
        resource="replica",
        path="replica > database > subnet-group > private-a",
        changes=in_subnet("private_a"),
    ),
    Case(
        name="database without a subnet group",
        rule=SUBNETS,
        resource="database",
        path="database",
        changes={"database": {"db_subnet_group_name": None}},
        undetermined=True,
    ),
    Case(
        name="cache in a private subnet",
        rule=SUBNETS,
        resource="cache",
        path="cache > cache > private-a",
        extra=_cache,
    ),
    Case(
        name="hosts in public subnets",
        rule=SUBNETS,
        resource="hosts",
        path="hosts > public-a > igw",
        changes={
            "hosts": lambda made: {"vpc_zone_identifiers": [made.private_a.id, made.public_a.id]}
        },
    ),
    Case(
        name="hosts in data subnets",
        rule=SUBNETS,
        resource="hosts",
        path="hosts > data-a",
        changes={"hosts": lambda made: {"vpc_zone_identifiers": [made.data_a.id]}},
    ),
    Case(
        name="hosts with public addresses by template",
        rule=SUBNETS,
        resource="hosts",
        path="hosts > networkInterfaces",
        changes={"template": {"network_interfaces": [{"associate_public_ip_address": "true"}]}},
    ),
    Case(
        name="a host of no role in a public subnet",
        rule=SUBNETS,
        resource="lone",
        path="lone > public-a",
        extra=_instance,
    ),
    Case(
        name="tasks in public subnets",
        rule=SUBNETS,
        resource="service",
        path="service > public-a",
        changes={
            "service": lambda made: {"network_configuration": {"subnets": [made.public_a.id]}}
        },
    ),
    Case(
        name="tasks with public addresses",
        rule=SUBNETS,
        resource="service",
        path="service > networkConfiguration.assignPublicIp",
        changes={
            "service": lambda made: {
                "network_configuration": {"subnets": [made.private_a.id], "assign_public_ip": True}
            }
        },
    ),
    Case(
        name="balancer for the internet in private subnets",
        rule=SUBNETS,
        resource="balancer",
        path="balancer > private-a",
        changes={"balancer": lambda made: {"subnets": [made.private_a.id]}},
    ),
    Case(
        name="internal balancer in data subnets",
        rule=SUBNETS,
        resource="balancer",
        path="balancer > data-a",
        changes={"balancer": lambda made: {"internal": True, "subnets": [made.data_a.id]}},
    ),
    Case(
        name="data subnets under the VPC's default ACL",
        rule=SUBNETS,
        resource="data-a",
        path="default acl > data-a",
        changes={"data_acl": None, "data_acl_in": None},
    ),
    Case(
        name="data ACL open in two halves",
        rule=SUBNETS,
        resource="data-b",
        path="data-acl rule 100 > data-b",
        changes={"data_acl_in": {"cidr_block": "128.0.0.0/1"}},
    ),
    Case(
        name="data ACL open by IPv6",
        rule=SUBNETS,
        resource="data-a",
        path="data-acl > data-a",
        changes={"data_acl_in": {"cidr_block": None, "ipv6_cidr_block": "::/0"}},
    ),
    Case(
        name="data ACL whose range is not known",
        rule=SUBNETS,
        resource="data-a",
        path="data-acl > data-a",
        undetermined=True,
        forms=(PREVIEW,),
        changes={
            "data_acl_in": lambda made: {"cidr_block": made.igw.id.apply(lambda _: "10.0.0.0/8")}
        },
    ),
    Case(
        name="database in a subnet that nobody describes",
        rule=SUBNETS,
        resource="database",
        path="database > subnet-group > subnet-0aa",
        changes=OUTSIDE_GROUP,
        undetermined=True,
    ),
    Case(
        name="database in a subnet of the stack and one that nobody describes",
        rule=SUBNETS,
        resource="database",
        path="database > subnet-group > subnet-0aa",
        changes={"subnet_group": lambda made: {"subnet_ids": [made.data_a.id, "subnet-0aa"]}},
        undetermined=True,
    ),
    Case(
        name="database in an existing subnet with a way out",
        rule=SUBNETS,
        resource="existing",
        path="subnet-0aa > existing rtb > 0.0.0.0/0 > nat-gateway",
        changes=OUTSIDE_GROUP,
        extra=outside([{"destination": EVERYWHERE, "target": "nat-gateway"}]),
    ),
    Case(
        name="database in an existing private subnet",
        rule=SUBNETS,
        resource="database",
        path="database > subnet-group > subnet-0aa",
        changes=OUTSIDE_GROUP,
        extra=outside([{"destination": "10.9.0.0/16", "target": "local"}], "private"),
    ),
    Case(
        name="existing subnet with an endpoint for a range",
        rule=SUBNETS,
        resource="existing",
        path="subnet-0aa > 0.0.0.0/0 > appliance-endpoint",
        extra=outside([{"destination": EVERYWHERE, "target": "vpc-endpoint"}]),
    ),
    Case(
        name="existing subnet with a word nobody knows",
        rule=SUBNETS,
        resource="existing",
        path="subnet-0aa > other",
        extra=outside([{"destination": EVERYWHERE, "target": "teleport"}]),
    ),
    Case(
        name="existing subnet without routes",
        rule=SUBNETS,
        resource="existing",
        path="subnet-0aa > routes of its route table",
        extra=outside(None),
        undetermined=True,
    ),
]
