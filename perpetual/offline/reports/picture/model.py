"""What the picture shows, as plain facts read from the graph: no geometry yet."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from graph import (
    UNKNOWN,
    Graph,
    Kind,
    Resource,
    Route,
    Standing,
    Subnet,
    Target,
    effective,
)
from graph.network import EXISTING
from graph.read import mappings
from graph.tokens import (
    EGRESS_ONLY_GATEWAY,
    ENDPOINT_ASSOCIATION,
    INTERNET_GATEWAY,
    NAT_GATEWAY,
    PEERING,
    TRANSIT_GATEWAY,
    VPC,
    VPC_ENDPOINT,
    VPN_GATEWAY,
)
from perpetual.offline.reports.picture.alike import crowds
from perpetual.offline.reports.picture.flows import Flow, Place, flows, outside

KINDS: Final = {
    Kind.BALANCER: "balancer",
    Kind.BASTION: "bastion",
    Kind.TASKS: "ECS tasks",
    Kind.HOST: "hosts",
    Kind.FUNCTION: "Lambda function",
    Kind.PROXY: "RDS Proxy",
    Kind.DATABASE: "database",
    Kind.CACHE: "cache",
    Kind.FILES: "EFS mount target",
    Kind.ENDPOINT: "interface endpoint",
    Kind.NAT: "NAT gateway",
}
"""Kinds of what is placed in subnets, in the order in which the picture stacks them."""

_GATEWAYS: Final = {
    INTERNET_GATEWAY: "internet gateway",
    EGRESS_ONLY_GATEWAY: "egress-only gateway",
    VPN_GATEWAY: "VPN gateway",
    TRANSIT_GATEWAY: "transit gateway",
    PEERING: "peering",
    NAT_GATEWAY: "regional NAT gateway",
    VPC_ENDPOINT: "gateway endpoint",
}


@dataclass(frozen=True, kw_only=True)
class Box:
    """A subnet. `ways` are what its routes lead to; `nats` those of them that stand in subnets."""

    key: str
    name: str
    tier: str
    zone: str
    home: str
    cidr: str
    acl: str
    ways: tuple[str, ...]
    nats: tuple[str, ...]
    managed: bool


@dataclass(frozen=True, kw_only=True)
class Node:
    """Something placed in subnets, by the subnets' keys; `doubt` says why some are not known.

    Many things alike are one node: `members` are the URNs of all, `others` the further names.
    """

    key: str
    kind: Kind
    name: str
    subnets: tuple[str, ...]
    groups: tuple[str, ...]
    public: bool
    members: tuple[str, ...]
    others: tuple[str, ...] = ()
    doubt: str = ""


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """What stands at the edge of a VPC; `whole` marks an internet gateway."""

    key: str
    kind: str
    name: str
    home: str
    whole: bool


@dataclass(frozen=True, kw_only=True)
class Network:
    """A VPC of the stack, or the subnets that one component describes; `key` is their `home`."""

    key: str
    kind: str
    name: str
    cidr: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Everything to draw, in the order of the program."""

    networks: tuple[Network, ...]
    boxes: tuple[Box, ...]
    nodes: tuple[Node, ...]
    gateways: tuple[Gateway, ...]
    places: tuple[Place, ...]
    flows: tuple[Flow, ...]

    @property
    def names(self) -> dict[str, str]:
        """Return what everything drawn is called, by key."""
        drawn: tuple[Place | Network | Gateway | Box | Node, ...]
        drawn = (*self.places, *self.networks, *self.gateways, *self.boxes, *self.nodes)
        return {item.key: item.name for item in drawn}


def of(graph: Graph) -> Picture:
    """Return the picture of a stack; it is empty where the stack has no network."""
    boxes = tuple(_box(graph, subnet) for subnet in graph.subnets.values())
    nodes = tuple(_nodes(graph))
    networks = tuple(_networks(graph, boxes))
    places = outside(graph)
    found = tuple(flows(graph, places))
    used = {key for flow in found for key in (flow.source, flow.target)}
    gateways = tuple(_gateways(graph, networks))
    return Picture(
        networks=networks,
        boxes=boxes,
        nodes=nodes,
        gateways=gateways,
        places=tuple(item for item in places if item.key in used),
        flows=found,
    )


def _networks(graph: Graph, boxes: tuple[Box, ...]) -> Iterator[Network]:
    for vpc in graph.vpcs.values():
        name = graph.index.by_urn[vpc.urn].name
        yield Network(key=vpc.urn, kind="VPC", name=name, cidr=str(vpc.own) if vpc.own else "")
    for home in dict.fromkeys(box.home for box in boxes if box.home not in graph.vpcs):
        item = graph.index.by_urn.get(home)
        name = item.name if item else home or "(unknown)"
        yield Network(key=home, kind="VPC outside the stack", name=name, cidr="")


def _box(graph: Graph, subnet: Subnet) -> Box:
    item = graph.index.by_urn[subnet.urn]
    inside = subnet.standing is not Standing.OUTSIDE
    routes = [route for table in subnet.tables for route in table.routes]
    links = [route.link.urn for route in routes if route.link and route.link.urn]
    cidrs = [part for part in (subnet.cidr, subnet.cidr_v6) if part is not UNKNOWN and part]
    return Box(
        key=subnet.key,
        name=item.name if inside else subnet.key,
        tier=str(effective(subnet, graph.behaviours[subnet.key])),
        zone=_zone(item, None if inside else subnet.key),
        home=subnet.home,
        cidr=", ".join(map(str, cidrs)) or "(unknown CIDR)",
        acl=_bare(graph, subnet.acl.key) if subnet.acl else "ACL not in the stack",
        ways=tuple(dict.fromkeys(_way(graph, r) for r in routes if r.target is not Target.LOCAL)),
        nats=tuple(dict.fromkeys(u for u in links if graph.index.by_urn[u].type == NAT_GATEWAY)),
        managed=inside,
    )


def _way(graph: Graph, route: Route) -> str:
    """Return what a route leads to: a gateway endpoint by its service."""
    item = graph.index.by_urn.get(route.source.urn)
    if route.target is not Target.GATEWAY_ENDPOINT or item is None:
        return route.via
    if item.type == ENDPOINT_ASSOCIATION:
        value = item.properties.get("vpcEndpointId")
        link = graph.index.link(item, "vpcEndpointId", value, (VPC_ENDPOINT,))
        item = graph.index.by_urn.get(link.urn) if link and link.urn else None
    return _service(item) or route.via if item else route.via


def _service(endpoint: Resource) -> str:
    """Return the last word of an endpoint's service, such as `s3`."""
    name = endpoint.properties.get("serviceName")
    return name.rpartition(".")[2] if isinstance(name, str) else ""


def _zone(item: Resource, outside_id: str | None) -> str:
    values: Mapping[str, object] = item.properties
    if outside_id is not None:
        entries = mappings(item.properties.get(EXISTING)) or []
        values = next((entry for entry in entries if entry.get("id") == outside_id), {})
    named = (values.get(key) for key in ("availabilityZone", "availabilityZoneId"))
    return next((value for value in named if isinstance(value, str) and value), "")


def _bare(graph: Graph, urn: str) -> str:
    """Return a resource's name; a VPC stands for its default ACL or group."""
    item = graph.index.by_urn[urn]
    return f"default of {item.name}" if item.type == VPC else item.name


def _nodes(graph: Graph) -> Iterator[Node]:
    for crowd in crowds(graph):
        first, names = crowd.interfaces[0], [graph.index.by_urn[urn].name for urn in crowd.members]
        outer = [link.id or "(unknown group)" for link in first.foreign]
        held = [item.subnet.key for item in crowd.interfaces if item.subnet]
        more = len(names) - 1
        yield Node(
            key=crowd.key,
            kind=first.kind or Kind.HOST,
            name=f"{names[0]} and {more} more" if more else names[0],
            subnets=tuple(dict.fromkeys(held)),
            groups=(*(_bare(graph, group.key) for group in first.groups), *outer),
            public=any(item.public is True for item in crowd.interfaces),
            members=crowd.members,
            others=tuple(names[1:]),
            doubt=next((item.missing for item in crowd.interfaces if item.missing), ""),
        )


def _gateways(graph: Graph, networks: tuple[Network, ...]) -> Iterator[Gateway]:
    placed = {item.urn for item in graph.interfaces}
    for item in graph.index.of(*_GATEWAYS):
        if item.urn in placed:
            continue  # an interface endpoint, or a NAT gateway in a subnet
        link = graph.index.link(item, "vpcId", item.properties.get("vpcId"), (VPC,))
        home = (link.urn if link else None) or (networks[0].key if networks else "")
        kind = f"{_GATEWAYS[item.type]} {_service(item)}".strip()
        whole = item.type == INTERNET_GATEWAY
        yield Gateway(key=item.urn, kind=kind, name=item.name, home=home, whole=whole)
