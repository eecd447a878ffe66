"""What is attached to the network: each thing's interfaces, with their groups and addresses."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from graph.facts import Link, Source, Standing
from graph.groups import GROUPS, Group
from graph.placements import Kind, Placement, Spot, list_spots, template_references
from graph.read import flag, mappings
from graph.resource import UNKNOWN, Resource, Unknown
from graph.tokens import (
    AUTOSCALING_GROUP,
    BALANCERS,
    DB_CLUSTER,
    DB_INSTANCE,
    DB_PROXY,
    EFS_MOUNT_TARGET,
    ELASTIC_IP,
    ELASTIC_IP_ASSOCIATION,
    INSTANCE,
    LAMBDA,
    LAUNCH_CONFIGURATION,
    LAUNCH_TEMPLATE,
    NAT_GATEWAY,
    NETWORK_INTERFACE,
    SPOT_REQUEST,
    VPC_ENDPOINT,
)

if TYPE_CHECKING:
    from graph import Graph
    from graph.network import Subnet

HOSTS: Final = (INSTANCE, SPOT_REQUEST, AUTOSCALING_GROUP)

_GROUPS_AT: Final = {
    "aws:ecs/service:Service": "networkConfiguration.securityGroups",
    "aws:ecs/taskSet:TaskSet": "networkConfiguration.securityGroups",
    LAMBDA: "vpcConfig.securityGroupIds",
    DB_PROXY: "vpcSecurityGroupIds",
    EFS_MOUNT_TARGET: "securityGroups",
    "aws:elasticache/cluster:Cluster": "securityGroupIds",
    "aws:elasticache/replicationGroup:ReplicationGroup": "securityGroupIds",
    "aws:elasticache/serverlessCache:ServerlessCache": "securityGroupIds",
    "aws:memorydb/cluster:Cluster": "securityGroupIds",
    VPC_ENDPOINT: "securityGroupIds",
    **dict.fromkeys(BALANCERS, "securityGroups"),
}
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


def _further(graph: "Graph") -> Iterator[Placement]:
    for token, kind, path in _FURTHER:
        for item in graph.index.of(token):
            listed = _at(item, path)
            if token == VPC_ENDPOINT and not listed:
                continue  # a gateway endpoint is a route, not an interface
            if (token == LAMBDA and not listed) or item.properties.get("availabilityMode"):
                continue  # a function outside VPCs; a NAT gateway that lies in no subnet
            label = graph.label(item.urn)
            spots = list_spots(graph.index, item, path, (label,), listed or ())
            no = flag(item, "publicAddress", default=False)
            missing = "" if spots else "it names no subnet"
            yield Placement(item.urn, label, kind, spots, no, None, missing)


def _at(item: Resource, path: str) -> object:
    value: object = item.properties
    for key in path.split("."):
        if value is UNKNOWN:
            return UNKNOWN
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


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
    links = _group_links(graph, item)
    if links:
        return _with(graph, base, links)
    if item.type in BALANCERS and item.properties.get("loadBalancerType") in ("network", "gateway"):
        return replace(base, filtered=False)
    return _with(graph, base, _default(item, subnet))


def _with(graph: "Graph", base: Interface, links: Iterable[Link]) -> Interface:
    found = [(link, graph.groups.at(link)) for link in links]
    return replace(
        base,
        groups=tuple(group for _, group in found if group),
        foreign=tuple(link for link, group in found if group is None),
    )


def _default(item: Resource, subnet: "Subnet | None") -> list[Link]:
    """Return the default group of the VPC, which whoever names none gets."""
    source = Source(item.urn, "the default security group of its VPC")
    vpc = subnet.vpc if subnet else None
    return [Link(Standing.KNOWN if vpc else Standing.UNKNOWN, source, urn=vpc)]


# --- groups


def _group_links(graph: "Graph", item: Resource) -> tuple[Link, ...]:
    if item.urn in graph.databases:
        return graph.databases[item.urn].groups or ()
    if item.type in HOSTS:
        return _host_groups(graph, item)
    return _links(graph, item, _GROUPS_AT.get(item.type, "securityGroupIds"))


def _links(graph: "Graph", item: Resource, path: str, value: object = None) -> tuple[Link, ...]:
    listed = _at(item, path) if value is None else value
    return graph.index.links(item, path, listed, GROUPS) if listed else ()


def _host_groups(graph: "Graph", item: Resource) -> tuple[Link, ...]:
    own = (
        *_links(graph, item, "vpcSecurityGroupIds"),
        *(link for eni in _network_interfaces(graph, item) for link in _of_eni(graph, eni)),
    )
    if own:
        return own
    for path, value in template_references(item):
        wanted = (LAUNCH_TEMPLATE, LAUNCH_CONFIGURATION)
        link = graph.index.link(item, path, value, wanted)
        if link is None:
            continue
        if link.urn is None:
            return (Link(Standing.UNKNOWN, link.source),)
        template = graph.index.by_urn[link.urn]
        if template.type == LAUNCH_CONFIGURATION:
            return _links(graph, template, "securityGroups")
        return (
            *_links(graph, template, "vpcSecurityGroupIds"),
            *_template_groups(graph, template),
        )
    return ()


def _template_groups(graph: "Graph", template: Resource) -> Iterator[Link]:
    entries = mappings(template.properties.get("networkInterfaces"))
    if entries is None:
        yield from _links(graph, template, "networkInterfaces", UNKNOWN)
    for entry in entries or []:
        path = "networkInterfaces.securityGroups"
        yield from _links(graph, template, path, entry.get("securityGroups") or ())


def _network_interfaces(graph: "Graph", item: Resource) -> list[Resource]:
    return [
        graph.index.by_urn[link.urn]
        for key in ("primaryNetworkInterface", "networkInterfaces")
        for entry in mappings(item.properties.get(key)) or []
        if (value := entry.get("networkInterfaceId"))
        and (link := graph.index.link(item, key, value, (NETWORK_INTERFACE,)))
        and link.urn
    ]


def _of_eni(graph: "Graph", eni: Resource) -> tuple[Link, ...]:
    return _links(graph, eni, "securityGroups")


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
        mine = {item.urn, *(eni.urn for eni in _network_interfaces(graph, item))}
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
