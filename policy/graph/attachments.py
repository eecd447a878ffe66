"""What is attached to the network: each thing's interfaces, with their groups and addresses."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from graph.facts import Link, Standing
from graph.groups import Group
from graph.memberships import HOSTS, memberships, network_interfaces, within
from graph.placements import Kind, Placement, Spot, attached_interfaces, list_spots
from graph.read import flag
from graph.resource import UNKNOWN, Resource, Unknown
from graph.tokens import (
    BALANCERS,
    DB_CLUSTER,
    DB_INSTANCE,
    DB_PROXY,
    EFS_MOUNT_TARGET,
    ELASTIC_IP,
    ELASTIC_IP_ASSOCIATION,
    ENDPOINT_SUBNET,
    INSTANCE,
    LAMBDA,
    NAT_GATEWAY,
    NETWORK_INTERFACE,
    VPC_ENDPOINT,
)

if TYPE_CHECKING:
    from graph import Graph
    from graph.network import Subnet

# Placed things that the laws on tiers do not speak about: type, kind, and where the subnets are.
_FURTHER: Final = (
    (DB_PROXY, Kind.PROXY, "vpcSubnetIds"),
    (LAMBDA, Kind.FUNCTION, "vpcConfig.subnetIds"),
    (EFS_MOUNT_TARGET, Kind.FILES, "subnetId"),
    (VPC_ENDPOINT, Kind.ENDPOINT, "subnetIds"),
    (NAT_GATEWAY, Kind.NAT, "subnetId"),
)


@dataclass(frozen=True)
class Interface:
    """One thing in one subnet; `subnet` is `None` where it cannot be read, as `missing` says.

    `public` and `v6` tell whether it has a public IPv4 address and an IPv6 one. `groups` are its
    security groups in this stack, `foreign` those that are not or are unknown; where `filtered` is
    false it has none, and everything passes.
    """

    urn: str
    label: str
    kind: Kind | None
    subnet: "Subnet | None"
    steps: tuple[str, ...]
    public: bool | Unknown = False
    v6: bool | Unknown = False
    filtered: bool = True
    groups: tuple[Group, ...] = ()
    foreign: tuple[Link, ...] = ()
    missing: str = ""

    @property
    def host(self) -> bool:
        """Tell whether one can log in to it over the network."""
        return self.kind in (Kind.HOST, Kind.BASTION)


def interfaces(graph: "Graph") -> list[Interface]:
    """Return everything of the stack that has interfaces in subnets, one for each subnet."""
    placed = [*graph.placements, *_further(graph)]
    elastic = _elastic(graph)
    return [
        _interface(graph, placement, spot, elastic)
        for placement in placed
        for spot in placement.spots or (None,)
    ]


def likeness(item: Interface) -> object:
    """Return what tells an interface from others on the network, as far as anybody knows."""
    known = item.subnet is not None and all(link.id for link in item.foreign)
    return (
        item.subnet.key if item.subnet and known else item.urn,
        item.public,
        item.v6,
        item.filtered,
        frozenset(group.key for group in item.groups),
        frozenset(link.id for link in item.foreign),
    )


def _further(graph: "Graph") -> Iterator[Placement]:
    for token, kind, path in _FURTHER:
        for item in graph.index.of(token):
            listed = within(item, path)
            label = graph.label(item.urn)
            spots = list_spots(graph.index, item, path, (label,), listed or ())
            if token == VPC_ENDPOINT:
                spots += _endpoint_spots(graph, item, label)
            if token in (VPC_ENDPOINT, LAMBDA) and not spots:
                continue  # a gateway endpoint is a route, and a function may lie outside VPCs
            if item.properties.get("availabilityMode") == "regional":
                continue  # a NAT gateway that lies in no subnet
            no = flag(item, "publicAddress", default=False)
            missing = "" if spots else "it names no subnet"
            yield Placement(item.urn, label, kind, spots, no, None, missing)


def _endpoint_spots(graph: "Graph", item: Resource, label: str) -> tuple[Spot, ...]:
    """Return the subnets that resources of their own add to an endpoint."""
    added = graph.index.referring(ENDPOINT_SUBNET, "vpcEndpointId", VPC_ENDPOINT)
    return tuple(
        spot
        for one in added.get(item.urn, ())
        for spot in list_spots(graph.index, one, "subnetId", (label,))
    )


def _interface(
    graph: "Graph", placement: Placement, spot: Spot | None, elastic: set[str] | Unknown
) -> Interface:
    item = graph.index.by_urn[placement.urn]
    subnet = graph.subnet(spot.link) if spot else None
    missing = "" if subnet else placement.missing
    if spot and subnet is None:
        missing = f"subnet {spot.link.id or '(unknown)'} is not in this stack"
    base = Interface(
        urn=item.urn,
        label=placement.label,
        kind=placement.kind,
        subnet=subnet,
        steps=(spot.steps if spot else (placement.label,)),
        public=_public(graph, placement, item, subnet, elastic),
        v6=_v6(item, subnet),
        missing=missing,
    )
    if placement.kind is Kind.NAT:
        return replace(base, filtered=False)
    links = memberships(graph, item, subnet)
    if not links:
        return replace(base, filtered=False)
    found = [(link, graph.groups.at(link)) for link in links]
    return replace(
        base,
        groups=tuple(group for _, group in found if group),
        foreign=tuple(link for link, group in found if group is None),
    )


# --- addresses


def _elastic(graph: "Graph") -> set[str] | Unknown:
    """Return the instances and interfaces that get an elastic address; unknown if any may."""
    found: set[str] = set()
    for item in graph.index.of(ELASTIC_IP, ELASTIC_IP_ASSOCIATION):
        for key in ("instance", "instanceId", "networkInterface", "networkInterfaceId"):
            value = item.properties.get(key)
            link = graph.index.link(item, key, value, (INSTANCE, NETWORK_INTERFACE))
            if link and link.urn:
                found.add(link.urn)
            elif link and not link.id:
                return UNKNOWN
    return found


def _public(
    graph: "Graph",
    placement: Placement,
    item: Resource,
    subnet: "Subnet | None",
    elastic: set[str] | Unknown,
) -> bool | Unknown:
    if placement.internal is not None:
        internal = placement.internal.value
        return UNKNOWN if internal is UNKNOWN else not internal
    if item.urn in graph.databases:
        return graph.databases[item.urn].public.value
    if item.type not in HOSTS:
        return placement.public_address.value
    if item.type == INSTANCE:
        held = (*network_interfaces(graph, item), *attached_interfaces(graph.index, item))
        mine = {item.urn, *(eni.urn for eni in held)}
        if elastic is UNKNOWN or mine & elastic:
            return UNKNOWN if elastic is UNKNOWN else True
    if placement.public_address.standing is not Standing.DEFAULT:
        return placement.public_address.value
    return subnet.auto_public.value if subnet else UNKNOWN


def _v6(item: Resource, subnet: "Subnet | None") -> bool | Unknown:
    declared = item.type in (*BALANCERS, DB_INSTANCE, DB_CLUSTER)
    spelled = item.properties.get("ipAddressType" if item.type in BALANCERS else "networkType")
    if spelled is UNKNOWN:
        return UNKNOWN
    if isinstance(spelled, str):
        return "dual" in spelled.lower() or "ipv6" in spelled.lower()
    if declared:
        return False
    if item.properties.get("ipv6AddressCount") or item.properties.get("ipv6Addresses"):
        return True
    if item.type in HOSTS:
        return subnet.auto_v6 if subnet else UNKNOWN
    # Tasks, functions and endpoints take an IPv6 address by account settings that no stack shows.
    return UNKNOWN if subnet is None or subnet.cidr_v6 else False
