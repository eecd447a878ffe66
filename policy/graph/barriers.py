"""What stands in a way: the groups and ACLs at its ends, and what its gateway asks for."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from graph.attachments import Interface
from graph.cidr import EVERYTHING, INTERNET, NOTHING, Addresses
from graph.facts import Gap, Source
from graph.gates import AclGate, GroupGate
from graph.network import Subnet
from graph.resource import UNKNOWN
from graph.routes import Target
from graph.tokens import SUBNET
from graph.walls import Doubt, End, Leg, Wall
from graph.ways import Way, ways

if TYPE_CHECKING:
    from graph import Graph

Trail = tuple[str | Wall, ...]

V4: Final = Addresses(v4=EVERYTHING.v4)
V6: Final = Addresses(v6=EVERYTHING.v6)
FAMILIES: Final = (V4, V6)
ELSEWHERE: Final = frozenset(
    {
        Target.TRANSIT_GATEWAY,
        Target.PEERING,
        Target.VPN_GATEWAY,
        Target.INTERFACE,
        Target.APPLIANCE,
        Target.OTHER,
        Target.UNKNOWN,
    }
)
"""Targets from which traffic may go on to anywhere, or come from anywhere."""


def doubt(urn: str, path: str, missing: str) -> Trail:
    """Return a wall for something unknown."""
    gap = Gap(Source(urn, path), missing)
    return (Wall(End.SOURCE, Leg.REQUEST, Doubt(missing, (gap,))),)


# --- walls


def group_wall(
    graph: "Graph",
    owner: Interface,
    peer: Interface | None,
    *,
    egress: bool,
    beyond: Addresses = NOTHING,
) -> Trail:
    """Return the security groups of `owner`, as they look at `peer` or at addresses outside."""
    if not owner.filtered:
        return ()
    keys = {group.key for group in owner.groups}
    strays = tuple(
        rule
        for link, rule in graph.groups.strays
        if not link.id and (not link.candidates or keys & set(link.candidates))
    )
    gate = GroupGate(graph.groups, owner, egress, peer, beyond, strays)
    return (Wall(End.DESTINATION if egress else End.SOURCE, Leg.REQUEST, gate),)


def acls_between(graph: "Graph", source: Interface, target: Interface, leg: Leg) -> Trail:
    """Return the ACLs between two subnets; within one, there is none to pass."""
    one, other = source.subnet, target.subnet
    if one is not None and other is not None and one.key == other.key:
        return ()
    asked = leg is Leg.REQUEST
    near = acl_wall(graph, one, leg, End.DESTINATION, egress=asked)
    far = acl_wall(graph, other, leg, End.SOURCE, egress=not asked)
    return (*near, *far) if asked else (*far, *near)


def acl_wall(graph: "Graph", subnet: Subnet | None, leg: Leg, end: End, *, egress: bool) -> Trail:
    """Return one direction of the ACL of a subnet."""
    if subnet is None:
        return ()  # the way through it is in doubt already
    if subnet.acl is None:
        missing = f"the network ACL of {subnet.label}"
        gap = Gap(Source(subnet.urn, SUBNET), missing)
        return (Wall(end, leg, Doubt(missing, (gap,))),)
    return (Wall(end, leg, AclGate(subnet.acl, egress, tuple(graph.acls.gaps))),)


# --- gateways


def unsure(way: Way) -> Trail:
    """Return walls for why it is not sure that a way is used."""
    return tuple(Wall(End.SOURCE, Leg.REQUEST, Doubt(gap.missing, (gap,))) for gap in way.missing)


def _public(item: Interface, way: Way, family: Addresses) -> tuple[Trail, str]:
    """Return what an internet gateway asks of an interface: a public address of its own."""
    if family is V6 or item.public is True:
        return (), ""
    if item.public is UNKNOWN:
        return doubt(item.urn, "", f"whether {item.label} has a public address"), ""
    return (), f"{item.label} has no public address, which {way.steps[-1]} asks for"


def entry(target: Interface, way: Way, family: Addresses) -> tuple[Addresses, Trail, str]:
    """Return what comes in where answers leave by `way`."""
    via = way.steps[-1]
    if way.target is Target.INTERNET_GATEWAY:
        doubts, refusal = _public(target, way, family)
        part = way.part & INTERNET
        return part, doubts, refusal or ("" if part else f"{via} carries no private addresses")
    if way.target in ELSEWHERE:
        return way.part, doubt(target.urn, "", f"what {via} lets in"), ""
    place = target.subnet.label if target.subnet else target.label
    if way.target in (Target.NAT_GATEWAY, Target.EGRESS_ONLY_GATEWAY):
        return way.part, (), f"{place} leads out by {via}, which lets nothing in"
    return way.part, (), f"{place} has no route to an internet gateway"


def exits(
    graph: "Graph", source: Interface, way: Way, family: Addresses
) -> Iterator[tuple[Addresses, Trail, str]]:
    """Yield what goes out by `way`, through which walls, or why nothing does."""
    first = acl_wall(graph, source.subnet, Leg.REQUEST, End.DESTINATION, egress=True)
    last = acl_wall(graph, source.subnet, Leg.ANSWER, End.DESTINATION, egress=False)
    via, part = way.steps[-1], way.part & INTERNET
    trail = (*unsure(way), *first, *way.steps)
    if way.target in (Target.INTERNET_GATEWAY, Target.EGRESS_ONLY_GATEWAY):
        gate = way.target is Target.INTERNET_GATEWAY
        doubts, refusal = _public(source, way, family) if gate else ((), "")
        refusal = refusal or ("" if part else f"{via} carries no private addresses")
        yield part, (*trail, *doubts, *last), refusal
    elif way.target is Target.NAT_GATEWAY and family is V4:
        for beyond, inner, refusal in _translated(graph, source, way):
            both = (*first, *way.steps, *inner, *last)
            if _nat_subnet(graph, way) == source.subnet:
                both = (*way.steps, *inner)  # no ACL stands within a subnet
            yield beyond, (*unsure(way), *both), refusal
    elif way.target in ELSEWHERE or way.target is Target.NAT_GATEWAY:
        yield way.part, (*trail, *doubt(source.urn, "", f"where {via} leads to"), *last), ""
    else:
        place = source.subnet.label if source.subnet else source.label
        yield way.part, trail, f"{place} has no route out"


def _nat_subnet(graph: "Graph", way: Way) -> Subnet | None:
    gateway = graph.index.by_urn.get(way.link.urn) if way.link and way.link.urn else None
    value = gateway.properties.get("subnetId") if gateway else None
    link = graph.index.link(gateway, "subnetId", value, (SUBNET,)) if gateway else None
    return graph.subnet(link) if link else None


def _translated(
    graph: "Graph", source: Interface, way: Way
) -> Iterator[tuple[Addresses, Trail, str]]:
    """Yield the ways on from a NAT gateway, which stands in a subnet with walls of its own."""
    gateway = graph.index.by_urn.get(way.link.urn) if way.link and way.link.urn else None
    if gateway is not None and gateway.properties.get("availabilityMode") == "regional":
        yield way.part & INTERNET, (), ""
        return
    subnet = _nat_subnet(graph, way)
    kind = gateway.properties.get("connectivityType") if gateway else UNKNOWN
    if subnet is None or kind not in (None, "", "public"):
        yield way.part, doubt(source.urn, "", f"where {way.steps[-1]} leads to"), ""
        return
    near = source.subnet is not None and source.subnet.key == subnet.key
    enter = () if near else acl_wall(graph, subnet, Leg.REQUEST, End.SOURCE, egress=False)
    leave = () if near else acl_wall(graph, subnet, Leg.ANSWER, End.SOURCE, egress=True)
    for onward in ways(graph, subnet, way.part):
        trail = (
            *unsure(onward),
            *enter,
            *acl_wall(graph, subnet, Leg.REQUEST, End.DESTINATION, egress=True),
            *onward.steps,
            *acl_wall(graph, subnet, Leg.TRANSLATED, End.DESTINATION, egress=False),
            *leave,
        )
        if onward.target is Target.INTERNET_GATEWAY:
            yield onward.part & INTERNET, trail, ""
        elif onward.target in ELSEWHERE:
            what = f"where {onward.steps[-1]} leads to"
            yield onward.part, (*trail, *doubt(source.urn, "", what)), ""
        else:
            yield onward.part, trail, f"{subnet.label}, where the NAT gateway is, has no way out"
