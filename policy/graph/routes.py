"""Routes: one entry of a route table, read from whichever resource makes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from graph.cidr import Addresses
from graph.facts import Link, Source
from graph.index import Index
from graph.resource import UNKNOWN, Resource, Unknown
from graph.tokens import (
    EGRESS_ONLY_GATEWAY,
    INSTANCE,
    INTERNET_GATEWAY,
    NAT_GATEWAY,
    NETWORK_INTERFACE,
    PEERING,
    TRANSIT_GATEWAY,
    VPC_ENDPOINT,
    VPN_GATEWAY,
)


class Target(StrEnum):
    """What a route leads to; values are the words that components use for outside routes."""

    LOCAL = "local"
    INTERNET_GATEWAY = "internet-gateway"
    NAT_GATEWAY = "nat-gateway"
    EGRESS_ONLY_GATEWAY = "egress-only-gateway"
    GATEWAY_ENDPOINT = "vpc-endpoint"
    """S3 or DynamoDB by prefix list: the traffic stays with AWS."""
    APPLIANCE = "appliance-endpoint"
    """A gateway load balancer endpoint: an appliance that may pass traffic on to anywhere."""
    LATTICE = "vpc-lattice"
    """A service network, by link-local addresses: AWS adds the route with the association, and it
    leads to services by name, as interface endpoints do.
    https://docs.aws.amazon.com/vpc-lattice/latest/ug/how-it-works.html"""
    TRANSIT_GATEWAY = "transit-gateway"
    PEERING = "peering"
    VPN_GATEWAY = "vpn-gateway"
    INTERFACE = "interface"
    """An instance or network interface, such as a NAT instance."""
    OTHER = "other"
    UNKNOWN = "unknown"


INSIDE: Final = frozenset({Target.LOCAL, Target.GATEWAY_ENDPOINT, Target.LATTICE})
"""Targets that give no way out of the VPC."""

_GATEWAYS: Final = {
    INTERNET_GATEWAY: Target.INTERNET_GATEWAY,
    VPN_GATEWAY: Target.VPN_GATEWAY,
    VPC_ENDPOINT: Target.GATEWAY_ENDPOINT,
}
_PREFIXES: Final = {
    "local": Target.LOCAL,
    "igw-": Target.INTERNET_GATEWAY,
    "vgw-": Target.VPN_GATEWAY,
    "vpce-": Target.GATEWAY_ENDPOINT,
    "VpcLattice": Target.LATTICE,
}
_TARGETS: Final = (
    ("natGatewayId", Target.NAT_GATEWAY, NAT_GATEWAY),
    ("egressOnlyGatewayId", Target.EGRESS_ONLY_GATEWAY, EGRESS_ONLY_GATEWAY),
    ("transitGatewayId", Target.TRANSIT_GATEWAY, TRANSIT_GATEWAY),
    ("vpcPeeringConnectionId", Target.PEERING, PEERING),
    ("vpcEndpointId", Target.APPLIANCE, VPC_ENDPOINT),
    # A carrier gateway is the internet gateway of a Wavelength zone.
    ("carrierGatewayId", Target.INTERNET_GATEWAY, "aws:ec2/carrierGateway:CarrierGateway"),
    ("networkInterfaceId", Target.INTERFACE, NETWORK_INTERFACE),
    ("instanceId", Target.INTERFACE, INSTANCE),
    ("localGatewayId", Target.OTHER, ""),
    ("coreNetworkArn", Target.OTHER, ""),
    ("odbNetworkArn", Target.OTHER, ""),
)
_DESTINATIONS: Final = (
    "cidrBlock",
    "destinationCidrBlock",
    "ipv6CidrBlock",
    "destinationIpv6CidrBlock",
    "destinationPrefixListId",
)


@dataclass(frozen=True)
class Route:
    """One route. `destination` and `via` are as paths show them; `link` is the target, if any."""

    source: Source
    destination: str
    addresses: Addresses | Unknown
    target: Target
    via: str
    link: Link | None = None


def read_route(
    index: Index,
    resource: Resource,
    properties: Mapping[str, object] | None = None,
    path: str = "",
) -> Route:
    """Return a route, standalone or an element of a table's inline `routes`."""
    values = resource.properties if properties is None else properties
    prefix = f"{path}." if path else ""
    destination = next((values[key] for key in _DESTINATIONS if values.get(key)), UNKNOWN)
    target, link = _target(index, resource, values, prefix)
    return Route(
        Source(resource.urn, path),
        destination if isinstance(destination, str) else "(unknown destination)",
        _range(destination),
        target,
        _via(index, target, link),
        link,
    )


def _target(
    index: Index, resource: Resource, values: Mapping[str, object], prefix: str
) -> tuple[Target, Link | None]:
    gateway = values.get("gatewayId")
    if gateway:
        link = index.link(resource, f"{prefix}gatewayId", gateway, tuple(_GATEWAYS))
        return _gateway(index, link, gateway), link
    for key, target, token in _TARGETS:
        if values.get(key):
            return target, index.link(resource, f"{prefix}{key}", values[key], (token,))
    return Target.UNKNOWN, None


def _gateway(index: Index, link: Link | None, value: object) -> Target:
    """Tell gateways apart: by the resource, by what it may be, or by the form of the id."""
    urns = () if link is None else (link.urn,) if link.urn else link.candidates
    kinds = {_GATEWAYS[index.by_urn[urn].type] for urn in urns if urn}
    if len(kinds) == 1:
        return kinds.pop()
    if isinstance(value, str):
        return next(
            (kind for start, kind in _PREFIXES.items() if value.startswith(start)), Target.UNKNOWN
        )
    return Target.UNKNOWN


def _via(index: Index, target: Target, link: Link | None) -> str:
    if link and link.urn:
        return index.label(link.urn)
    return f"{target} {link.id}" if link and link.id and link.id != target else str(target)


def _range(destination: object) -> Addresses | Unknown:
    try:
        return Addresses.parse(destination) if isinstance(destination, str) else UNKNOWN
    except ValueError:  # a prefix list
        return UNKNOWN


def propagated_route(index: Index, resource: Resource, path: str = "") -> Route:
    """Return what stands for the routes that a VPN gateway or route server puts into a table."""
    source, via = Source(resource.urn, path), index.label(resource.urn)
    return Route(source, "propagated routes", UNKNOWN, Target.VPN_GATEWAY, via)


def endpoint_route(index: Index, resource: Resource) -> Route:
    """Return the route that a gateway endpoint puts into each of its tables."""
    via = index.label(resource.urn)
    return Route(Source(resource.urn), "prefix list", UNKNOWN, Target.GATEWAY_ENDPOINT, via)
