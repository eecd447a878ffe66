"""Which security groups attached things are members of, by whatever way they were given them."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from graph.facts import Link, Source, Standing
from graph.groups import GROUPS
from graph.placements import attached_interfaces, template_references
from graph.read import mappings
from graph.resource import UNKNOWN, Resource
from graph.tokens import (
    AUTOSCALING_GROUP,
    BALANCERS,
    DB_PROXY,
    EFS_MOUNT_TARGET,
    ENDPOINT_GROUP,
    GROUP_ATTACHMENT,
    INSTANCE,
    LAMBDA,
    LAUNCH_CONFIGURATION,
    LAUNCH_TEMPLATE,
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


def memberships(graph: "Graph", item: Resource, subnet: "Subnet | None") -> tuple[Link, ...]:
    """Return the security groups of something attached; none where it has no groups at all.

    Whoever names none gets the default group of its VPC, but for network and gateway balancers,
    which then have none, and endpoints that have it replaced.
    """
    own = _own(graph, item)
    if not own and not _without_default(graph, item):
        own = _default(item, subnet)
    return (*own, *_added(graph, item))


def _without_default(graph: "Graph", item: Resource) -> bool:
    """Tell whether something that names no group has no default one either."""
    if item.type in BALANCERS:
        return item.properties.get("loadBalancerType") in ("network", "gateway")
    added = graph.index.referring(ENDPOINT_GROUP, "vpcEndpointId", VPC_ENDPOINT)
    replaced = (
        other.properties.get("replaceDefaultAssociation") for other in added.get(item.urn, ())
    )
    return any(value is True for value in replaced)


def within(item: Resource, path: str) -> object:
    """Return the value at a dotted path: `None` where unset, `UNKNOWN` where not known."""
    value: object = item.properties
    for key in path.split("."):
        if value is UNKNOWN:
            return UNKNOWN
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _default(item: Resource, subnet: "Subnet | None") -> tuple[Link, ...]:
    """Return the default group of the VPC, which whoever names none gets."""
    source = Source(item.urn, "the default security group of its VPC")
    vpc = subnet.vpc if subnet else None
    return (Link(Standing.KNOWN if vpc else Standing.UNKNOWN, source, urn=vpc),)


def _added(graph: "Graph", item: Resource) -> Iterator[Link]:
    """Yield the groups that resources of their own add: by endpoint, by interface, by attachment.

    Where nobody can tell whose interface a group is added to, any instance may have it.
    """
    index = graph.index
    for other in index.referring(ENDPOINT_GROUP, "vpcEndpointId", VPC_ENDPOINT).get(item.urn, ()):
        yield from _links(graph, other, "securityGroupId")
    if item.type not in (INSTANCE, SPOT_REQUEST):
        return
    attached = attached_interfaces(graph.index, item)
    for eni in attached:
        yield from _of_eni(graph, eni)
    mine = {item.urn, *(eni.urn for eni in (*attached, *network_interfaces(graph, item)))}
    for other in index.of(GROUP_ATTACHMENT):
        path = "networkInterfaceId"
        value = other.properties.get(path)
        link = index.link(other, path, value, (INSTANCE, SPOT_REQUEST, NETWORK_INTERFACE))
        if link and link.urn in mine:
            yield from _links(graph, other, "securityGroupId")
        elif link and not link.urn and not link.id:
            yield Link(Standing.UNKNOWN, link.source)


def _own(graph: "Graph", item: Resource) -> tuple[Link, ...]:
    if item.urn in graph.databases:
        return graph.databases[item.urn].groups or ()
    if item.type in HOSTS:
        return _host_groups(graph, item)
    return _links(graph, item, _GROUPS_AT.get(item.type, "securityGroupIds"))


def _links(graph: "Graph", item: Resource, path: str, value: object = None) -> tuple[Link, ...]:
    listed = within(item, path) if value is None else value
    return graph.index.links(item, path, listed, GROUPS) if listed else ()


def _host_groups(graph: "Graph", item: Resource) -> tuple[Link, ...]:
    own = (
        *(_links(graph, item, "vpcSecurityGroupIds") or _by_name(graph, item)),
        *(link for eni in network_interfaces(graph, item) for link in _of_eni(graph, eni)),
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


def _by_name(graph: "Graph", item: Resource) -> tuple[Link, ...]:
    """Return the groups that an instance in the default VPC names, instead of giving their ids."""
    return () if item.type == AUTOSCALING_GROUP else _links(graph, item, "securityGroups")


def _template_groups(graph: "Graph", template: Resource) -> Iterator[Link]:
    entries = mappings(template.properties.get("networkInterfaces"))
    if entries is None:
        yield from _links(graph, template, "networkInterfaces", UNKNOWN)
    for entry in entries or []:
        path = "networkInterfaces.securityGroups"
        yield from _links(graph, template, path, entry.get("securityGroups") or ())


def network_interfaces(graph: "Graph", item: Resource) -> list[Resource]:
    """Return the network interfaces of the stack that an instance is launched with."""
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
