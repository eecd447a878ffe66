"""Route tables: where each route leads, and which table a subnet uses."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from graph.cidr import Addresses
from graph.facts import Gap, Link, Source
from graph.index import Index
from graph.read import mappings
from graph.resource import UNKNOWN, Resource, Unknown
from graph.tokens import (
    DEFAULT_ROUTE_TABLE,
    EGRESS_ONLY_GATEWAY,
    ENDPOINT_ASSOCIATION,
    INSTANCE,
    INTERNET_GATEWAY,
    MAIN_ROUTE_TABLE,
    NAT_GATEWAY,
    NETWORK_INTERFACE,
    PEERING,
    PROPAGATIONS,
    ROUTE,
    ROUTE_TABLE,
    ROUTE_TABLE_ASSOCIATION,
    SUBNET,
    TRANSIT_GATEWAY,
    VPC,
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
    TRANSIT_GATEWAY = "transit-gateway"
    PEERING = "peering"
    VPN_GATEWAY = "vpn-gateway"
    INTERFACE = "interface"
    """An instance or network interface, such as a NAT instance."""
    OTHER = "other"
    UNKNOWN = "unknown"


INSIDE: Final = frozenset({Target.LOCAL, Target.GATEWAY_ENDPOINT})
"""Targets that give no way out of the VPC."""

TABLES: Final = (ROUTE_TABLE, DEFAULT_ROUTE_TABLE, VPC)
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


@dataclass(frozen=True)
class RouteTable:
    """A route table; `key` is its URN, or its VPC's for a default table that nobody manages."""

    key: str
    label: str
    routes: tuple[Route, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def exits(self) -> tuple[Route, ...]:
        """Return the routes that lead out of the VPC."""
        known = (route for route in self.routes if route.target is not Target.UNKNOWN)
        return tuple(route for route in known if route.target not in INSIDE)


@dataclass
class Routing:
    """All route tables, and who uses which.

    `default` and `main` go from a VPC's URN to a table; `explicit` from a subnet's URN, or its id
    where it lies outside. A `None` stands for a table that cannot be read from this stack.
    """

    tables: dict[str, RouteTable] = field(default_factory=dict)
    default: dict[str, str] = field(default_factory=dict)
    main: dict[str, str | None] = field(default_factory=dict)
    explicit: dict[str, list[str | None]] = field(default_factory=lambda: defaultdict(list))
    gaps: list[Gap] = field(default_factory=list)


class _Builder:
    """Collects routes by table before the tables are frozen."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.result = Routing()
        self.routes: dict[str, list[Route]] = defaultdict(list)
        self.table_gaps: dict[str, list[Gap]] = defaultdict(list)

    def build(self) -> Routing:
        self._defaults()
        for table in self.index.of(ROUTE_TABLE, DEFAULT_ROUTE_TABLE):
            self._inline(table)
        for route in self.index.of(ROUTE):
            self._add(route, "routeTableId", [read_route(self.index, route)])
        for item in self.index.of(*PROPAGATIONS):
            self._add(item, "routeTableId", [_propagated(self.index, item, Target.VPN_GATEWAY)])
        self._endpoints()
        self._associations()
        vpcs = {vpc.urn for vpc in self.index.of(VPC) if self.result.default[vpc.urn] == vpc.urn}
        tables = [item.urn for item in self.index.of(ROUTE_TABLE, DEFAULT_ROUTE_TABLE)]
        for key in (*vpcs, *tables):
            self.result.tables[key] = RouteTable(
                key,
                f"default rtb of {self.index.label(key)}" if key in vpcs else self.index.label(key),
                tuple(self.routes[key]),
                tuple(self.table_gaps[key]),
            )
        return self.result

    def key(self, link: Link | None) -> str | None:
        """Return the table that a reference leads to; a VPC stands for its default table."""
        if link is None or link.urn is None:
            return None
        return self.result.default.get(link.urn, link.urn)

    def _defaults(self) -> None:
        for vpc in self.index.of(VPC):
            self.result.default[vpc.urn] = vpc.urn
        for table in self.index.of(DEFAULT_ROUTE_TABLE):
            value = table.properties.get("defaultRouteTableId")
            link = self.index.link(table, "defaultRouteTableId", value, (VPC,))
            if link and link.urn:
                self.result.default[link.urn] = table.urn
        self.result.main.update(self.result.default)
        for item in self.index.of(MAIN_ROUTE_TABLE):
            vpc_link = self.index.link(item, "vpcId", item.properties.get("vpcId"), (VPC,))
            if vpc_link and vpc_link.urn:
                table_id = item.properties.get("routeTableId")
                self.result.main[vpc_link.urn] = self.key(
                    self.index.link(item, "routeTableId", table_id, TABLES)
                )
            elif not (vpc_link and vpc_link.id):
                self._gap(item, "vpcId", "which VPC's main route table it replaces")

    def _inline(self, table: Resource) -> None:
        routes = mappings(table.properties.get("routes"))
        if routes is None:
            gap = Gap(Source(table.urn, "routes"), "the inline routes")
            self.table_gaps[table.urn].append(gap)
        for position, route in enumerate(routes or []):
            path = f"routes[{position}]"
            self.routes[table.urn].append(read_route(self.index, table, route, path))
        if table.properties.get("propagatingVgws"):
            item = _propagated(self.index, table, Target.VPN_GATEWAY, "propagatingVgws")
            self.routes[table.urn].append(item)

    def _endpoints(self) -> None:
        for endpoint in self.index.of(VPC_ENDPOINT):
            if endpoint.properties.get("vpcEndpointType") in (None, "", "Gateway"):
                self._add(endpoint, "routeTableIds", [_endpoint(self.index, endpoint)])
        for item in self.index.of(ENDPOINT_ASSOCIATION):
            self._add(item, "routeTableId", [_endpoint(self.index, item)])

    def _add(self, resource: Resource, path: str, routes: list[Route]) -> None:
        value = resource.properties.get(path)
        inside = all(route.target in INSIDE for route in routes)
        for link in self.index.links(resource, path, value, TABLES):
            key = self.key(link)
            if key:
                self.routes[key].extend(routes)
            elif not inside:
                self._gap(resource, path, "which subnets use the route table it adds a route to")

    def _associations(self) -> None:
        for item in self.index.of(ROUTE_TABLE_ASSOCIATION):
            properties = item.properties
            subnet = self.index.link(item, "subnetId", properties.get("subnetId"), (SUBNET,))
            if subnet is None:
                continue  # An edge association routes what enters by a gateway, not by a subnet.
            table = self.index.link(item, "routeTableId", properties.get("routeTableId"), TABLES)
            target = subnet.urn or subnet.id
            if target:
                self.result.explicit[target].append(self.key(table))
            else:
                self._gap(item, "subnetId", "which subnet it associates with a route table")
                for urn in subnet.candidates:
                    self.result.explicit[urn].append(self.key(table))

    def _gap(self, resource: Resource, path: str, missing: str) -> None:
        self.result.gaps.append(Gap(Source(resource.urn, path), missing))


def routing(index: Index) -> Routing:
    """Return the route tables of a stack."""
    return _Builder(index).build()


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


def _propagated(index: Index, resource: Resource, target: Target, path: str = "") -> Route:
    source = Source(resource.urn, path)
    return Route(source, "propagated routes", UNKNOWN, target, index.label(resource.urn))


def _endpoint(index: Index, resource: Resource) -> Route:
    via = index.label(resource.urn)
    return Route(Source(resource.urn), "prefix list", UNKNOWN, Target.GATEWAY_ENDPOINT, via)
