"""Where packets go that leave a subnet: routes by longest prefix, over sets of addresses."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graph.cidr import Addresses
from graph.facts import Gap, Link
from graph.network import Subnet
from graph.resource import UNKNOWN
from graph.routes import Route, Target
from graph.tokens import PEERING, VPC

if TYPE_CHECKING:
    from graph import Graph
    from graph.routing import RouteTable


@dataclass(frozen=True)
class Way:
    """Where one part of the addresses is sent; `target` is `None` where no route fits.

    `missing` says why it is not sure that they are sent there.
    """

    part: Addresses
    target: Target | None
    steps: tuple[str, ...]
    link: Link | None = None
    missing: tuple[Gap, ...] = ()


def local(graph: "Graph", subnet: Subnet) -> tuple[Addresses, ...]:
    """Return the ranges that a subnet's tables route locally: those of its VPC, as far as known."""
    vpc = graph.vpcs.get(subnet.vpc or "")
    own = [Addresses.parse(cidr) for cidr in vpc.own.cidrs()] if vpc else []
    beside = graph.homes[subnet.home]
    parts = [part for item in beside for part in (item.cidr, item.cidr_v6) if part is not UNKNOWN]
    ranges = Addresses.union(own)
    return (*own, *(part for part in parts if part and not part <= ranges))


def ways(graph: "Graph", subnet: Subnet, towards: Addresses) -> Iterator[Way]:
    """Yield where a subnet sends packets for `towards`, part by part, over all that it may use.

    S3's and DynamoDB's own ranges, which gateway endpoints take out of the internet by prefix
    list, are left in it: they are a small part of it.
    """
    ranges = local(graph, subnet)
    gaps = subnet.gaps
    if len(subnet.tables) > 1:
        gaps += tuple(Gap(gap.source, gap.missing) for gap in _several(subnet))
    for table in subnet.tables:
        yield from _through(subnet, table, ranges, towards, gaps)
    inside = Addresses.union(ranges)
    lost = (*subnet.gaps, *graph.routing.gaps)
    if not subnet.tables and towards & inside:
        yield Way(towards & inside, Target.LOCAL, (subnet.label, "local"))
    if lost and towards - inside:
        # Some route is not known to be in this table or not: it may lead anywhere.
        yield Way(towards - inside, Target.UNKNOWN, (subnet.label, "(unknown route)"), None, lost)


def _several(subnet: Subnet) -> Iterator[Gap]:
    for table in subnet.tables:
        for route in table.routes:
            yield Gap(route.source, f"which route table {subnet.label} uses")


def _through(
    subnet: Subnet,
    table: "RouteTable",
    ranges: tuple[Addresses, ...],
    towards: Addresses,
    gaps: tuple[Gap, ...],
) -> Iterator[Way]:
    steps = (subnet.label, table.label)
    # On a tie, a route that somebody wrote replaces the local one.
    entries: list[tuple[int, int, Addresses, Route | None]] = [
        (_size(part), 1, part, None) for part in ranges
    ]
    unclear: list[Route] = []
    for route in table.routes:
        if isinstance(route.addresses, Addresses):
            entries.append((_size(route.addresses), 0, route.addresses, route))
        elif route.target not in (Target.GATEWAY_ENDPOINT, Target.LATTICE):
            unclear.append(route)
    left = towards
    for _, _, addresses, chosen in sorted(entries, key=lambda entry: entry[:2]):
        hit = left & addresses
        left = left - addresses
        if hit and chosen is None:
            yield Way(hit, Target.LOCAL, (*steps, "local"))
        elif hit and chosen is not None:
            via = (*steps, chosen.destination, chosen.via)
            yield Way(hit, chosen.target, via, chosen.link, gaps)
    if left:
        yield Way(left, None, steps)
    outside = towards - Addresses.union(ranges)
    for route in unclear if outside else ():
        gap = Gap(route.source, f"the destination of the route to {route.via}")
        via = (*steps, route.destination, route.via)
        yield Way(outside, route.target, via, route.link, (*gaps, gap))


def _size(part: Addresses) -> int:
    """Return a range's number of addresses: the fewer, the longer the prefix."""
    return sum(high - low + 1 for low, high in (*part.v4.spans, *part.v6.spans))


def ends(graph: "Graph", link: Link | None) -> set[str] | None:
    """Return the two VPCs of a peering of this stack, or `None` where they are not both in it."""
    item = graph.index.by_urn.get(link.urn) if link and link.urn else None
    if item is None or item.type != PEERING:
        return None
    found = {
        end.urn
        for key in ("vpcId", "peerVpcId")
        if (end := graph.index.link(item, key, item.properties.get(key), (VPC,))) and end.urn
    }
    return found if len(found) == 2 else None  # noqa: PLR2004 - a peering has two ends
