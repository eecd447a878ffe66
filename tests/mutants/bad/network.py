"""Worse networks: ways out of closed subnets, things in the wrong tier, tiers that lie."""

from typing import Final

from graph import Resource
from graph.tokens import (
    DB_SUBNET_GROUP,
    DEFAULT_ROUTE_TABLE,
    EGRESS_ONLY_GATEWAY,
    INTERNET_GATEWAY,
    NAT_GATEWAY,
    PEERING,
    ROUTE,
    ROUTE_TABLE,
    ROUTE_TABLE_ASSOCIATION,
    SUBNET,
    TRANSIT_GATEWAY,
    VPC,
    VPC_ENDPOINT,
)
from tests.mutants.operators import Made, false, is_set, operator, operators, weaken
from tests.mutants.stack import DROP, Ref, Stack

BALANCER: Final = "aws:lb/loadBalancer:LoadBalancer"
TIER: Final = "perpetual:tier"
DESTINATIONS: Final = {
    "v4": {"destinationCidrBlock": "0.0.0.0/0"},
    "half": {"destinationCidrBlock": "128.0.0.0/1"},
    "part": {"destinationCidrBlock": "8.0.0.0/8"},
    "v6": {"destinationIpv6CidrBlock": "::/0"},
}
INLINE: Final = {"destinationCidrBlock": "cidrBlock", "destinationIpv6CidrBlock": "ipv6CidrBlock"}


def tier(subnet: Resource) -> str:
    """Return what a subnet's tag claims."""
    tags = subnet.properties["tags"]
    assert isinstance(tags, dict)
    return str(tags[TIER])


def subnets(stack: Stack, *tiers: str) -> list[Resource]:
    """Return the subnets of these tiers."""
    return [item for item in stack.of(SUBNET) if tier(item) in tiers]


def tables(stack: Stack, *tiers: str) -> list[Resource]:
    """Return the route tables that subnets of these tiers are associated with."""
    found = {}
    for subnet in subnets(stack, *tiers):
        for association in stack.leading(ROUTE_TABLE_ASSOCIATION, "subnetId", subnet):
            for table in stack.targets(association, "routeTableId", ROUTE_TABLE):
                found[table.urn] = table
    return list(found.values())


@operator("network", "the internet can reach subnets that must be out of its reach")
def route_closed_subnets_to_the_internet(stack: Stack) -> Made:
    """Add a route to the internet gateway to each table of closed subnets."""
    gateway = Ref(stack.one(INTERNET_GATEWAY).urn)
    for table in tables(stack, "private", "data"):
        for name, destination in DESTINATIONS.items():
            if name == "v4" and stack.leading(ROUTE, "routeTableId", table):
                continue  # AWS refuses a second route to the same destination
            yield (
                f"{table.name} {name} route",
                stack.plus(
                    ROUTE, "opened", routeTableId=Ref(table.urn), gatewayId=gateway, **destination
                ),
            )


@operator("network", "the same, said inside the table instead of beside it")
def route_closed_subnets_inline(stack: Stack) -> Made:
    """Give each table of closed subnets an inline route to the internet gateway."""
    gateway = Ref(stack.one(INTERNET_GATEWAY).urn)
    for table in tables(stack, "private", "data"):
        for name, destination in DESTINATIONS.items():
            route = {INLINE[key]: value for key, value in destination.items()}
            yield (
                f"{table.name} {name} route",
                stack.put(table, "routes", [{**route, "gatewayId": gateway}]),
            )


@operator("network", "data subnets have no way out, so that rows cannot leave by one")
def give_data_subnets_a_way_out(stack: Stack) -> Made:
    """Route each data table to something that leads out of the VPC."""
    vpc = Ref(stack.one(VPC).urn)
    ways: dict[str, tuple[Stack, str]] = {
        "nat": (stack, "natGatewayId"),
        "egress-only": (stack.plus(EGRESS_ONLY_GATEWAY, "way", vpcId=vpc), "egressOnlyGatewayId"),
        "peering": (stack.plus(PEERING, "way", vpcId=vpc), "vpcPeeringConnectionId"),
        "transit": (stack.plus(TRANSIT_GATEWAY, "way"), "transitGatewayId"),
    }
    for table in tables(stack, "data"):
        for name, (with_way, key) in ways.items():
            way = with_way.of(NAT_GATEWAY)[0] if name == "nat" else with_way.named("way")
            block = {"destinationCidrBlock": "0.0.0.0/0"}
            if name == "egress-only":
                block = {"destinationIpv6CidrBlock": "::/0"}
            route = {"routeTableId": Ref(table.urn), key: Ref(way.urn), **block}
            yield f"{table.name} {name}", with_way.plus(ROUTE, "opened", **route)


@operator("network", "a subnet that somebody forgets to associate falls back to the main table")
def open_the_main_table(stack: Stack) -> Made:
    """Route the VPC's main table to the internet or out of the VPC."""
    ways = {"gatewayId": stack.one(INTERNET_GATEWAY), "natGatewayId": stack.of(NAT_GATEWAY)[0]}
    for table in stack.of(DEFAULT_ROUTE_TABLE):
        for key, way in ways.items():
            inline = {"cidrBlock": "0.0.0.0/0", key: Ref(way.urn)}
            yield f"{table.name} inline {key}", stack.put(table, "routes", [inline])
            route = {"destinationCidrBlock": "0.0.0.0/0", key: Ref(way.urn)}
            added = stack.plus(ROUTE, "opened", routeTableId=Ref(table.urn), **route)
            yield f"{table.name} route {key}", added


@operator("network", "hosts behind NAT cannot be reached; behind a gateway they can")
def replace_nat_by_the_gateway(stack: Stack) -> Made:
    """Let each route through NAT lead to the internet gateway."""
    gateway = Ref(stack.one(INTERNET_GATEWAY).urn)
    for route in stack.of(ROUTE):
        if "natGatewayId" in route.properties:
            yield route.name, stack.cut(route, "natGatewayId").put(route, "gatewayId", gateway)


@operator("network", "a subnet's tier is what its route table does")
def associate_with_a_more_open_table(stack: Stack) -> Made:
    """Associate each closed subnet with the table of a more open tier."""
    more = {"data": ("private", "public"), "private": ("public",)}
    for closed, open_tiers in more.items():
        for subnet in subnets(stack, closed):
            for item in stack.leading(ROUTE_TABLE_ASSOCIATION, "subnetId", subnet):
                for table in [tables(stack, name)[0] for name in open_tiers]:
                    yield (
                        f"{item.name} to {table.name}",
                        stack.relink(item, "routeTableId", [table]),
                    )


@operator("network", "a public subnet without the gateway's route serves nobody")
def detach_public_subnets(stack: Stack) -> Made:
    """Take each public subnet's association away, or its table's route."""
    for subnet in subnets(stack, "public"):
        for item in stack.leading(ROUTE_TABLE_ASSOCIATION, "subnetId", subnet):
            yield item.name, stack.without(item)
    for table in tables(stack, "public"):
        for route in stack.leading(ROUTE, "routeTableId", table):
            yield route.name, stack.without(route)


@operator("network", "whoever relies on the claim puts the wrong things there")
def claim_another_tier(stack: Stack) -> Made:
    """Let each subnet claim a tier that it is not, or none."""
    for subnet in stack.of(SUBNET):
        for claim in {"public", "private", "data"} - {tier(subnet)}:
            if (tier(subnet), claim) != ("data", "private"):
                yield f"{subnet.name} as {claim}", stack.put(subnet, f"tags.{TIER}", claim)
        yield f"{subnet.name} as nothing", stack.put(subnet, f"tags.{TIER}", DROP)


@operator("network", "a data subnet that claims to be private may get a way out unseen")
def claim_private_for_data(stack: Stack) -> Made:
    """Let each data subnet claim to be private."""
    for subnet in subnets(stack, "data"):
        yield subnet.name, stack.put(subnet, f"tags.{TIER}", "private")


PLACES: Final = (
    (DB_SUBNET_GROUP, "subnetIds", ("private", "public")),
    ("aws:autoscaling/group:Group", "vpcZoneIdentifiers", ("public", "data")),
    ("aws:ecs/service:Service", "networkConfiguration.subnets", ("public", "data")),
    (BALANCER, "subnets", ("private", "data")),
)
"""What is placed in subnets, and the tiers where it must not be."""


@operator("network", "what is in the wrong tier has that tier's neighbours and ways")
def place_in_another_tier(stack: Stack) -> Made:
    """Move each placed resource, by one subnet and by all, to another tier."""
    for token, path, wrong in PLACES:
        for resource in stack.of(token):
            own = stack.targets(resource, path, SUBNET)
            for name in wrong:
                other = subnets(stack, name)
                yield f"{resource.name} to {name}", stack.relink(resource, path, other)
                mixed = [*own[1:], other[0]]
                yield f"{resource.name} partly to {name}", stack.relink(resource, path, mixed)


NETWORK = (
    *weaken(
        "network",
        SUBNET,
        ("mapPublicIpOnLaunch", (True,), "what is launched there is public by accident", false),
    ),
    *weaken(
        "network",
        VPC_ENDPOINT,
        ("policy", (DROP,), "without a policy, rows leave to anybody's bucket", is_set),
    ),
)

OPERATORS: Final = operators(globals())
