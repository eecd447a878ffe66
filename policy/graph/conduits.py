"""Conduits: every way from one interface to another, or to or from outside, as a row of walls."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graph.attachments import Interface
from graph.barriers import (
    ELSEWHERE,
    FAMILIES,
    V4,
    V6,
    Trail,
    acl_wall,
    acls_between,
    doubt,
    entry,
    exits,
    group_wall,
    unsure,
)
from graph.cidr import NOTHING, Addresses
from graph.facts import Gap, Source, Standing
from graph.network import Subnet
from graph.placements import Kind
from graph.resource import UNKNOWN, Unknown
from graph.routes import Target
from graph.walls import End, Leg, Wall
from graph.ways import Way, ends, ways

if TYPE_CHECKING:
    from graph import Graph


@dataclass(frozen=True)
class Region:
    """Addresses of one end. Where not `exact`, they are somewhere in there, nobody knows where."""

    addresses: Addresses
    exact: bool = True


@dataclass(frozen=True)
class Conduit:
    """One way: both ends, and in walking order the steps and walls between them.

    `refusal` says why nothing passes, where that depends on no address and no port.
    """

    sources: Region
    destinations: Region
    trail: Trail = ()
    refusal: str = ""


def between(graph: "Graph", source: Interface, target: Interface) -> Iterator[Conduit]:
    """Yield the ways from one interface of the stack to another, by their private addresses."""
    for family in FAMILIES:
        sources, destinations = _region(graph, source, family), _region(graph, target, family)
        if not (sources.addresses and destinations.addresses):
            continue
        doubts = (*_family(source, family), *_family(target, family))
        for there, out, refused in _legs(graph, source, target, destinations):
            for back, home, lost in _legs(graph, target, source, sources):
                trail: Trail = (
                    *doubts,
                    *source.steps,
                    *group_wall(graph, source, target, egress=True),
                    *acls_between(graph, source, target, Leg.REQUEST),
                    *out,
                    *group_wall(graph, target, source, egress=False),
                    *(item for item in home if isinstance(item, Wall)),
                    *acls_between(graph, source, target, Leg.ANSWER),
                    target.label,
                )
                refusal = _unserved(target) or _unserving(source) or refused or lost
                yield Conduit(
                    Region(back, sources.exact), Region(there, destinations.exact), trail, refusal
                )


def outward(graph: "Graph", source: Interface, outside: Addresses) -> Iterator[Conduit]:
    """Yield the ways from an interface of the stack to addresses outside it."""
    for family in FAMILIES:
        sources, towards = _region(graph, source, family), outside & family
        if not (sources.addresses and towards):
            continue
        own = (*_family(source, family), *source.steps)
        group = group_wall(graph, source, None, egress=True, beyond=outside)
        for way in _ways(graph, source, towards):
            for part, inner, refusal in exits(graph, source, way, family):
                trail = (*own, *group, *inner, _name(outside))
                yield Conduit(sources, Region(part), trail, _unserving(source) or refusal)


def inward(graph: "Graph", outside: Addresses, target: Interface) -> Iterator[Conduit]:
    """Yield the ways from addresses outside the stack to an interface of it."""
    for family in FAMILIES:
        destinations, back = _region(graph, target, family), outside & family
        if not (destinations.addresses and back):
            continue
        for way in _ways(graph, target, back):
            part, doubts, refusal = entry(target, way, family)
            trail: Trail = (
                _name(outside),
                *_family(target, family),
                *unsure(way),
                *doubts,
                *reversed(way.steps),
                *acl_wall(graph, target.subnet, Leg.REQUEST, End.SOURCE, egress=False),
                *group_wall(graph, target, None, egress=False, beyond=outside),
                *acl_wall(graph, target.subnet, Leg.ANSWER, End.SOURCE, egress=True),
                target.label,
            )
            yield Conduit(Region(part), destinations, trail, _unserved(target) or refusal)


def _name(outside: Addresses) -> str:
    most = sum(high - low + 1 for low, high in outside.v4.spans) > 1 << 31
    return "internet" if most else str(outside)


# --- ends


def _region(graph: "Graph", item: Interface, family: Addresses) -> Region:
    """Return the addresses of an interface: its subnet's, as nobody chooses within."""
    if family is V6 and item.v6 is False:
        return Region(NOTHING)
    if item.subnet is None:
        return Region(family, exact=False)
    held = item.subnet.cidr if family is V4 else item.subnet.cidr_v6
    if held is not UNKNOWN:
        return Region(held & family)
    vpc = graph.vpcs.get(item.subnet.vpc or "")
    return Region((vpc.own & family if vpc else NOTHING) or family, exact=False)


def _family(item: Interface, family: Addresses) -> Trail:
    if family is V4 or item.v6 is not UNKNOWN:
        return ()
    return doubt(item.urn, "", f"whether {item.label} has an IPv6 address")


def _unserved(target: Interface) -> str:
    return f"{target.label} is a NAT gateway: it lets nothing in" if target.kind is Kind.NAT else ""


def _unserving(source: Interface) -> str:
    return f"{source.label} is a NAT gateway: it opens nothing" if source.kind is Kind.NAT else ""


# --- ways


def _apart(one: Subnet, other: Subnet) -> bool | Unknown:
    """Tell whether two subnets lie in different VPCs."""
    if one.home and one.home == other.home:
        return False
    inside = Standing.OUTSIDE not in (one.standing, other.standing)
    return True if inside and one.home and other.home else UNKNOWN


def _legs(
    graph: "Graph", source: Interface, target: Interface, towards: Region
) -> Iterator[tuple[Addresses, Trail, str]]:
    """Yield how packets of `source` come to `target`: which part, by what steps, or why not."""
    one, other = source.subnet, target.subnet
    if one is None or other is None:
        lost = source if one is None else target
        what = f"which subnet {lost.label} is in: {lost.missing}"
        yield towards.addresses, doubt(lost.urn, "", what), ""
        return
    apart = _apart(one, other)
    if apart is UNKNOWN:
        what = f"whether {one.label} and {other.label} are in one VPC"
        yield towards.addresses, doubt(one.urn, "vpcId", what), ""
    elif one.key == other.key:
        yield towards.addresses, (one.label,), ""
    elif not apart and not towards.exact:
        yield towards.addresses, (one.label, "local", other.label), ""
    else:
        for way in ways(graph, one, towards.addresses):
            trail, refusal = _inside(graph, way, one, other)
            yield way.part, (*unsure(way), *trail, *way.steps, other.label), refusal


def _inside(graph: "Graph", way: Way, one: Subnet, other: Subnet) -> tuple[Trail, str]:
    if one.home == other.home:
        if way.target is Target.LOCAL:
            return (), ""
        # A more specific route sends the VPC's own traffic through something first.
        return doubt(one.urn, "", f"what {way.steps[-1]} does with traffic to {other.label}"), ""
    joined = ends(graph, way.link) if way.target is Target.PEERING else None
    if joined == {one.vpc, other.vpc}:
        return (), ""
    if joined is None and (way.target in ELSEWHERE or way.target is Target.NAT_GATEWAY):
        return doubt(one.urn, "", f"where {way.steps[-1]} leads to beyond the VPC"), ""
    return (), f"{one.label} has no route to {other.label}, which is in another VPC"


def _ways(graph: "Graph", item: Interface, towards: Addresses) -> list[Way]:
    if item.subnet is not None:
        return list(ways(graph, item.subnet, towards))
    gap = Gap(Source(item.urn), f"which subnet {item.label} is in: {item.missing}")
    return [Way(towards, Target.UNKNOWN, ("(unknown subnet)",), None, (gap,))]
