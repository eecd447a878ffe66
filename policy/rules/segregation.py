"""Law: subnets are segregated into public, private and data, and everything is where it belongs.

A subnet's tier is what its routes do; the tag `perpetual:tier` only claims one. The main route
table must lead nowhere, because a subnet that somebody forgets to associate falls back to it. A
network ACL is judged for data subnets of the stack; of existing subnets only routes are described.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from graph import (
    INTERNET,
    UNKNOWN,
    Behaviour,
    Graph,
    Kind,
    Placement,
    Spot,
    Standing,
    Subnet,
    Target,
    Tier,
    claimed,
    effective,
)
from graph.network import TIER_TAG
from rules.rule import Finding, Rule, Severity

NAME: Final = "segregated-subnets"

_DESCRIBE: Final = (
    "make it in this stack, or describe it in the `existingSubnets` property of the component that "
    "adopts it"
)
_ALLOWED: Final = {
    Kind.DATABASE: frozenset({Tier.DATA}),
    Kind.CACHE: frozenset({Tier.DATA}),
    Kind.HOST: frozenset({Tier.PRIVATE}),
    Kind.TASKS: frozenset({Tier.PRIVATE}),
    Kind.BASTION: frozenset({Tier.PRIVATE, Tier.PUBLIC}),
}


def _finding(urn: str, message: str, witness: tuple[str, ...], fix: str) -> Finding:
    return Finding(NAME, Severity.HIGH, urn, message, witness, fix)


def _open(urn: str, message: str, witness: tuple[str, ...], fix: str) -> Finding:
    return replace(_finding(urn, message, witness, fix), undetermined=True)


def check(graph: Graph) -> Iterator[Finding]:
    """Yield every breach of the segregation of subnets."""
    for gap in graph.gaps:
        yield _open(
            gap.source.urn,
            f"cannot tell {gap.missing}: {gap.source.path} is not known",
            (graph.label(gap.source.urn), gap.source.path),
            "refer to a resource of this stack, or give a literal id",
        )
    yield from _main_tables(graph)
    for subnet in graph.subnets.values():
        seen = graph.behaviours[subnet.key]
        yield from _unclear(graph, subnet, seen)
        yield from _claim(subnet, seen)
        yield from _auto_public(subnet, seen)
        yield from _acl(graph, subnet, seen)
    for placement in graph.placements:
        yield from _placed(graph, placement)


def _main_tables(graph: Graph) -> Iterator[Finding]:
    for urn, key in graph.routing.main.items():
        table = graph.routing.tables.get(key or "")
        label = graph.label(urn)
        if table is None:
            message = f"cannot tell where the main route table of {label} leads"
            yield _open(urn, message, (label, "main rtb"), "keep the main table in this stack")
            continue
        # A default table that nobody manages has no URN of its own; the route that opens it has.
        owner = table.key if table.key != urn else None
        for route in table.exits:
            yield _finding(
                owner or route.source.urn,
                f"the main route table of {label} gives a way out to every subnet without an "
                "association",
                (label, table.label, route.destination, route.via),
                "leave the main route table empty; associate each subnet with a table of its own",
            )
        unsure = [route for route in table.routes if route.target is Target.UNKNOWN]
        for gap_source in (*(gap.source for gap in table.gaps), *(item.source for item in unsure)):
            message = f"cannot tell where the main route table of {label} leads"
            yield _open(gap_source.urn, message, (label, table.label), "use standalone routes")


def _unclear(graph: Graph, subnet: Subnet, seen: Behaviour) -> Iterator[Finding]:
    for gap in seen.gaps:
        yield _open(
            subnet.urn,
            f"cannot tell the tier of {subnet.label}, for want of {gap.missing}",
            tuple(dict.fromkeys((subnet.label, graph.label(gap.source.urn), gap.missing))),
            f"refer to a resource of this stack; for an existing network, {_DESCRIBE}",
        )
    if len(subnet.tables) > 1 and subnet.standing is not Standing.OUTSIDE:
        labels = tuple(table.label for table in subnet.tables)
        message = f"{subnet.label} is associated with {len(labels)} route tables; AWS keeps one"
        yield _open(subnet.urn, message, (subnet.label, *labels), "associate it with one table")


def _claim(subnet: Subnet, seen: Behaviour) -> Iterator[Finding]:
    claim = claimed(subnet)
    if claim is None:
        yield _no_claim(subnet, seen)
        return
    if seen.tier.openness > claim.openness:
        inward = [way for way in seen.exits if way.route.target is Target.INTERNET_GATEWAY]
        what = {
            Tier.DATA: "claims to be a data subnet, without a way out, but a route leaves the VPC",
            Tier.PRIVATE: "claims to be a private subnet, but a route leads to an internet gateway",
        }[claim]
        for way in inward if claim is Tier.PRIVATE else seen.exits:
            yield _finding(
                subnet.urn,
                f"{subnet.label} {what}",
                (subnet.label, *way.steps),
                "remove the route, or associate the subnet with the route table of its tier",
            )
    elif claim is Tier.PUBLIC and seen.tier is not Tier.PUBLIC and not seen.gaps:
        yield _finding(
            subnet.urn,
            f"{subnet.label} claims to be a public subnet, but behaves as a {seen.tier} one",
            (subnet.label, *(table.label for table in subnet.tables), "no internet gateway"),
            f"route it to an internet gateway, or claim {seen.tier} in tag {TIER_TAG}",
        )


def _no_claim(subnet: Subnet, seen: Behaviour) -> Finding:
    value = subnet.claim.value
    fix = f"tag it {TIER_TAG} = public, private or data, as a plain string"
    if value is UNKNOWN:
        message = f"cannot tell which tier {subnet.label} claims: tag {TIER_TAG} is not known"
        return _open(subnet.urn, message, (subnet.label, TIER_TAG), fix)
    claim = f"claims the tier {value!r}, which does not exist" if value else "claims no tier"
    message = f"{subnet.label} {claim}; it behaves as a {seen.tier} subnet"
    return _finding(subnet.urn, message, (subnet.label, TIER_TAG), fix)


def _auto_public(subnet: Subnet, seen: Behaviour) -> Iterator[Finding]:
    if effective(subnet, seen) is Tier.PUBLIC or subnet.auto_public.value is False:
        return
    witness = (subnet.label, "mapPublicIpOnLaunch")
    fix = "set map_public_ip_on_launch to false; only public subnets may give public addresses"
    if subnet.auto_public.value is UNKNOWN:
        message = f"cannot tell whether {subnet.label} gives public addresses at launch"
        yield _open(subnet.urn, message, witness, fix)
        return
    message = f"{subnet.label} is not public, but gives every interface a public address at launch"
    yield _finding(subnet.urn, message, witness, fix)


def _acl(graph: Graph, subnet: Subnet, seen: Behaviour) -> Iterator[Finding]:
    data = claimed(subnet) is Tier.DATA or effective(subnet, seen) is Tier.DATA
    if not data or subnet.standing is Standing.OUTSIDE:
        return
    fix = "give data subnets a network ACL of their own that allows only the private ranges"
    if subnet.acl is None:
        message = f"cannot tell what the network ACL of {subnet.label} lets in"
        yield _open(subnet.urn, message, (subnet.label, "its ACL is not in this stack"), fix)
        return
    for gap in subnet.acl.gaps:
        message = f"cannot tell what the network ACL of {subnet.label} lets in: {gap.missing}"
        yield _open(subnet.urn, message, (subnet.acl.label, subnet.label), fix)
    for rule, public in subnet.acl.openings(INTERNET - graph.own).items():
        first = next(public.cidrs())
        witness = (first, f"{subnet.acl.label} rule {rule.number} ({rule.traffic})", subnet.label)
        if rule.unsure:
            message = f"cannot tell whom the network ACL of {subnet.label} lets in: {rule.unsure}"
            yield _open(subnet.urn, f"{message} is not known", witness, fix)
            continue
        message = f"the network ACL of data {subnet.label} is open to the internet"
        yield _finding(subnet.urn, message, witness, fix)


def _placed(graph: Graph, placement: Placement) -> Iterator[Finding]:
    if placement.missing:
        yield _open(
            placement.urn,
            f"cannot tell which subnets {placement.label} is in: {placement.missing}",
            (placement.label,),
            "name a subnet group or subnets of this stack",
        )
    yield from _public_address(placement)
    for spot in placement.spots:
        subnet = graph.subnet(spot.link)
        if subnet is None:
            yield _open(
                placement.urn,
                f"cannot tell the tier of a subnet that {placement.label} is in: "
                f"{spot.link.id or 'its id is not known'}",
                (*spot.steps, f"subnet {spot.link.id or '(unknown)'}"),
                _DESCRIBE,
            )
            continue
        yield from _misplaced(graph, placement, spot, subnet)


def _misplaced(graph: Graph, placement: Placement, spot: Spot, subnet: Subnet) -> Iterator[Finding]:
    seen = graph.behaviours[subnet.key]
    tier = effective(subnet, seen)
    allowed = _ALLOWED.get(placement.kind)
    witness = (*spot.steps, subnet.label)
    if allowed is None and placement.internal is not None:
        if placement.internal.value is UNKNOWN:
            message = f"cannot tell whether {placement.label} faces the internet"
            yield _open(
                placement.urn, message, (placement.label, "internal"), "set internal plainly"
            )
            return
        inside = frozenset({Tier.PRIVATE, Tier.PUBLIC})
        allowed = inside if placement.internal.value else frozenset({Tier.PUBLIC})
    if allowed is None or tier in allowed:
        return
    way = seen.exits[0].steps if seen.exits and tier is not Tier.DATA else ()
    wanted = " or ".join(sorted(allowed))
    yield _finding(
        placement.urn,
        f"{placement.label} belongs in {wanted} subnets, but {subnet.label} is a {tier} one",
        (*witness, *way),
        f"place it in {wanted} subnets only",
    )


def _public_address(placement: Placement) -> Iterator[Finding]:
    if placement.public_address.value is False or placement.kind is Kind.BASTION:
        return
    witness = (placement.label, placement.public_address.source.path)
    fix = "give hosts and tasks no public address; users reach them through the balancer"
    if placement.public_address.value is UNKNOWN:
        message = f"cannot tell whether {placement.label} gets public addresses"
        yield _open(placement.urn, message, witness, fix)
        return
    yield _finding(placement.urn, f"{placement.label} gets public addresses", witness, fix)


SEGREGATED_SUBNETS: Final = Rule(
    name=NAME,
    title="Segregated subnets",
    description="Public, private and data subnets do what they claim, and hold what belongs there.",
    severity=Severity.HIGH,
    why="A database or a host next to the internet is one mistake away from it.",
    controls=("FSBP RDS.46", "FSBP EC2.15", "CIS 6.2"),
    remediation="Route each subnet as its tier demands and place each resource in its own tier.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/configure-subnets.html",
    check=lambda graph, _: check(graph),
)
