"""Everything that is placed in subnets: databases, caches, hosts, tasks, balancers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from graph.facts import Fact, Link, Source, Standing
from graph.index import Index
from graph.read import as_flag, flag, mappings
from graph.resource import UNKNOWN, Resource
from graph.tokens import (
    AUTOSCALING_GROUP,
    BALANCERS,
    CACHE_CLUSTER,
    CACHE_GROUP,
    CACHE_SERVERLESS,
    CACHE_SUBNET_GROUP,
    ECS_SERVICE,
    ECS_TASK_SET,
    INSTANCE,
    INTERFACE_ATTACHMENT,
    LAUNCH_CONFIGURATION,
    LAUNCH_TEMPLATE,
    MEMORY_CLUSTER,
    MEMORY_SUBNET_GROUP,
    NETWORK_INTERFACE,
    SPOT_REQUEST,
    SUBNET,
)

ROLE_TAG: Final = "perpetual:role"
"""Tag that tells hosts and bastion apart."""
BASTION: Final = "bastion"


class Kind(StrEnum):
    """What is placed."""

    DATABASE = "database"
    CACHE = "cache"
    HOST = "host"
    BASTION = "bastion"
    TASKS = "tasks"
    BALANCER = "balancer"
    PROXY = "proxy"
    FUNCTION = "function"
    FILES = "files"
    ENDPOINT = "endpoint"
    NAT = "nat"


@dataclass(frozen=True)
class Spot:
    """One subnet that something is placed in, and the steps that lead there."""

    link: Link
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Placement:
    """Something placed in subnets. `missing` says why the subnets cannot be read, if so."""

    urn: str
    label: str
    kind: Kind
    spots: tuple[Spot, ...]
    public_address: Fact[bool]
    internal: Fact[bool] | None = None
    missing: str = ""


def group_spots(
    index: Index, resource: Resource, path: str, token: str
) -> tuple[tuple[Spot, ...], str]:
    """Return the subnets behind a subnet group's name, and what is missing where there are none."""
    link = index.link(resource, path, resource.properties.get(path), (token,))
    label = index.label(resource.urn)
    if link is None:
        return (), "it names no subnet group, so it would be in the default VPC's subnets"
    if link.urn is None:
        return (), f"subnet group {link.id or '(unknown)'} is not in this stack"
    return list_spots(
        index, index.by_urn[link.urn], "subnetIds", (label, index.label(link.urn))
    ), ""


def list_spots(
    index: Index, resource: Resource, path: str, steps: tuple[str, ...], value: object = None
) -> tuple[Spot, ...]:
    """Return the subnets that a list property names, or `value` in its place."""
    listed = resource.properties.get(path) if value is None else value
    return tuple(Spot(link, steps) for link in index.links(resource, path, listed, (SUBNET,)))


def placements(index: Index) -> list[Placement]:
    """Return everything placed in subnets but databases, which `databases` reads."""
    return [*_caches(index), *_hosts(index), *_tasks(index), *_balancers(index)]


def _no(urn: str) -> Fact[bool]:
    return Fact(value=False, standing=Standing.DEFAULT, source=Source(urn))


def _caches(index: Index) -> Iterator[Placement]:
    groups = (
        (CACHE_CLUSTER, CACHE_SUBNET_GROUP),
        (CACHE_GROUP, CACHE_SUBNET_GROUP),
        (MEMORY_CLUSTER, MEMORY_SUBNET_GROUP),
    )
    for token, group in groups:
        for item in index.of(token):
            if item.type == CACHE_CLUSTER and item.properties.get("replicationGroupId"):
                continue  # a member: its replication group says where it is
            spots, missing = group_spots(index, item, "subnetGroupName", group)
            yield _placement(index, item, Kind.CACHE, spots, _no(item.urn), missing=missing)
    for item in index.of(CACHE_SERVERLESS):
        spots = list_spots(index, item, "subnetIds", (index.label(item.urn),))
        yield _placement(index, item, Kind.CACHE, spots, _no(item.urn))


def _hosts(index: Index) -> Iterator[Placement]:
    for item in index.of(INSTANCE, SPOT_REQUEST):
        public = flag(item, "associatePublicIpAddress", default=False)
        if public.standing is Standing.DEFAULT:
            public = _template_address(index, item) or public
        spots = (*_instance_spots(index, item), *_attached_spots(index, item))
        yield _placement(index, item, _host_kind(item), spots, public)
    for item in index.of(AUTOSCALING_GROUP):
        spots = list_spots(index, item, "vpcZoneIdentifiers", (index.label(item.urn),))
        public = _template_address(index, item) or _no(item.urn)
        yield _placement(index, item, _host_kind(item), spots, public)


def _host_kind(item: Resource) -> Kind:
    tags = item.properties.get("tags")
    if isinstance(tags, (list, tuple)):  # an autoscaling group's tags are a list
        tags = {tag.get("key"): tag.get("value") for tag in tags if isinstance(tag, Mapping)}
    if isinstance(tags, Mapping) and tags.get(ROLE_TAG) == BASTION:
        return Kind.BASTION
    return Kind.HOST


def _instance_spots(index: Index, item: Resource) -> tuple[Spot, ...]:
    steps = (index.label(item.urn),)
    if item.properties.get("subnetId"):
        return list_spots(index, item, "subnetId", steps)
    for key in ("primaryNetworkInterface", "networkInterfaces"):
        for entry in mappings(item.properties.get(key)) or []:
            value = entry.get("networkInterfaceId")
            link = index.link(item, f"{key}.networkInterfaceId", value, (NETWORK_INTERFACE,))
            if link and link.urn:
                interface = index.by_urn[link.urn]
                return list_spots(index, interface, "subnetId", (*steps, index.label(link.urn)))
    return ()


def _attached_spots(index: Index, item: Resource) -> Iterator[Spot]:
    """Yield the subnets of interfaces that the stack attaches to an instance beside its first."""
    for interface in attached_interfaces(index, item):
        steps = (index.label(item.urn), index.label(interface.urn))
        yield from list_spots(index, interface, "subnetId", steps)


def attached_interfaces(index: Index, item: Resource) -> list[Resource]:
    """Return the network interfaces that the stack attaches to an instance beside its first."""
    path = "networkInterfaceId"
    held = index.referring(INTERFACE_ATTACHMENT, "instanceId", INSTANCE).get(item.urn, ())
    found = (index.link(one, path, one.properties.get(path), (NETWORK_INTERFACE,)) for one in held)
    return [index.by_urn[link.urn] for link in found if link and link.urn]


def _template_address(index: Index, item: Resource) -> Fact[bool] | None:
    """Return whether the launch template gives instances a public address."""
    for path, value in template_references(item):
        link = index.link(item, path, value, (LAUNCH_TEMPLATE, LAUNCH_CONFIGURATION))
        if link is None:
            continue
        if link.urn is None:
            return Fact(UNKNOWN, Standing.UNKNOWN, link.source)
        template = index.by_urn[link.urn]
        if template.type == LAUNCH_CONFIGURATION:
            return flag(template, "associatePublicIpAddress", default=False)
        interfaces = mappings(template.properties.get("networkInterfaces"))
        if interfaces is None:
            return Fact(UNKNOWN, Standing.UNKNOWN, Source(link.urn, "networkInterfaces"))
        facts = [
            as_flag(
                entry.get("associatePublicIpAddress"),
                template,
                "networkInterfaces.associatePublicIpAddress",
                default=False,
            )
            for entry in interfaces
        ]
        return next((fact for fact in facts if fact.value is not False), None)
    return None


def template_references(item: Resource) -> Iterator[tuple[str, object]]:
    """Yield the path and value of what names the launch template or configuration of hosts."""
    yield "launchConfiguration", item.properties.get("launchConfiguration")
    direct = item.properties.get("launchTemplate")
    mixed = item.properties.get("mixedInstancesPolicy")
    for path in ("launchTemplate", "launchTemplateSpecification"):
        if isinstance(mixed, Mapping):
            mixed = mixed.get(path)
    paths = (("launchTemplate", direct), ("mixedInstancesPolicy", mixed))
    for path, value in paths:
        if isinstance(value, Mapping):
            keys = ("id", "launchTemplateId", "name", "launchTemplateName")
            named = [(f"{path}.{key}", value[key]) for key in keys if value.get(key)]
            yield from named[:1]  # AWS reports id and name both; they lead to the same
        elif value is UNKNOWN:
            yield path, UNKNOWN


def _tasks(index: Index) -> Iterator[Placement]:
    for item in index.of(ECS_SERVICE, ECS_TASK_SET):
        configuration = item.properties.get("networkConfiguration")
        if configuration is None:
            continue  # bridge or host networking: the tasks are where their hosts are
        path = "networkConfiguration.subnets"
        if not isinstance(configuration, Mapping):
            spots = list_spots(index, item, path, (index.label(item.urn),), UNKNOWN)
            unknown: Fact[bool] = Fact(UNKNOWN, Standing.UNKNOWN, Source(item.urn, path))
            yield _placement(index, item, Kind.TASKS, spots, unknown)
            continue
        listed = configuration.get("subnets") or ()
        spots = list_spots(index, item, path, (index.label(item.urn),), listed)
        address = configuration.get("assignPublicIp")
        public = as_flag(address, item, "networkConfiguration.assignPublicIp", default=False)
        yield _placement(index, item, Kind.TASKS, spots, public)


def _balancers(index: Index) -> Iterator[Placement]:
    for item in index.of(*BALANCERS):
        steps = (index.label(item.urn),)
        mapped = mappings(item.properties.get("subnetMappings"))
        ids = UNKNOWN if mapped is None else [entry.get("subnetId") for entry in mapped]
        spots = list_spots(index, item, "subnets", steps)
        spots += list_spots(index, item, "subnetMappings", steps, ids)
        internal = flag(item, "internal", default=False)
        yield _placement(index, item, Kind.BALANCER, spots, _no(item.urn), internal=internal)


def _placement(  # noqa: PLR0913 - the parts of a placement
    index: Index,
    item: Resource,
    kind: Kind,
    spots: tuple[Spot, ...],
    public: Fact[bool],
    *,
    missing: str = "",
    internal: Fact[bool] | None = None,
) -> Placement:
    if not spots and not missing:
        missing = "it names no subnet, so it would be in the default VPC's subnets"
    # In a list property, AWS reports balancers' subnets and their mappings both: each counts once.
    unique = {spot.link.urn or spot.link.id or spot: spot for spot in spots}
    label = index.label(item.urn)
    return Placement(item.urn, label, kind, tuple(unique.values()), public, internal, missing)
