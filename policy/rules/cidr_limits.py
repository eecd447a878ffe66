"""What EC2 refuses in a network's ranges, and in the rules of its ACLs and groups."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Final

from graph import UNKNOWN, Graph, Resource, Tier
from graph.tokens import (
    DEFAULT_NETWORK_ACL,
    EGRESS_RULE,
    INGRESS_RULE,
    NAT_GATEWAY,
    NETWORK_ACL,
    NETWORK_ACL_RULE,
    SECURITY_GROUP,
    SECURITY_GROUP_RULE,
    SUBNET,
    VPC,
    VPC_CIDRS,
)
from rules.limits import LATE, outside, shown
from rules.rule import Level, Rule, Severity
from rules.subject import Fault, Subject, elements, number, rule, unknown

_GUIDE: Final = "https://docs.aws.amazon.com/vpc/latest/userguide/"
_WIDEST: Final = 16
_NARROWEST: Final = 28
_LAST_RULE: Final = 32766
Network = IPv4Network | IPv6Network


def _read(value: object, path: str) -> Network | Fault | None:
    """Return a range, a fault where it is none, `None` where it is not set."""
    if value is UNKNOWN:
        return unknown(path)
    if value in (None, ""):
        return None
    try:
        return ip_network(str(value))
    except ValueError:
        return Fault(f"has the {path} {shown(value)}, which is no range of addresses", path)


def _v4(subject: Subject) -> Iterator[Fault]:
    path = "cidrBlock"
    found = _read(subject.at(path), path)
    if isinstance(found, Fault):
        yield found
    elif found is not None and not _WIDEST <= found.prefixlen <= _NARROWEST:
        yield Fault(f"has the range {found}, not /{_WIDEST} to /{_NARROWEST}", path)


def _subnet(subject: Subject) -> Iterator[Fault]:
    yield from _v4(subject)
    own = subject.graph.subnets.get(subject.resource.urn)
    if own is None or own.cidr is UNKNOWN or not own.cidr:
        return
    vpc = subject.graph.vpcs.get(own.vpc or "")
    if vpc and vpc.own and not own.cidr <= vpc.own:
        yield Fault(f"lies outside the ranges of {vpc.label}", "cidrBlock")
    for label in _overlaps(subject.graph).get(own.key, ()):
        yield Fault(f"overlaps {label}", "cidrBlock")


@lru_cache(maxsize=1)
def _overlaps(graph: Graph) -> Mapping[str, list[str]]:
    """Return what each subnet overlaps, each pair once: by keys, the labels of the others.

    One that only a component describes is never judged, so the other of the pair is.
    """
    spans = sorted(
        (item.home, low, high, key)
        for key, item in graph.subnets.items()
        if item.home and item.cidr is not UNKNOWN
        for low, high in item.cidr.v4.spans
    )
    order = {key: place for place, key in enumerate(graph.subnets)}
    found: dict[str, list[str]] = defaultdict(list)
    running: list[tuple[str, int, int, str]] = []
    for span in spans:
        running = [other for other in running if other[0] == span[0] and other[2] >= span[1]]
        for other in running:
            here, there = sorted((span[3], other[3]), key=order.__getitem__)
            judged, named = (here, there) if here in graph.index.by_urn else (there, here)
            found[judged].append(graph.subnets[named].label)
        running.append(span)
    return found


def _entries(subject: Subject) -> Iterator[tuple[str, str, Mapping[str, Any] | None]]:
    """Yield an ACL's rules: direction, path and the rule, `None` where it is not known."""
    for path in ("ingress", "egress"):
        found, faults = elements(subject.at(path), path)
        yield from ((path, fault.path, None) for fault in faults)
        yield from ((path, where, item) for where, item in found)


def _acl(subject: Subject) -> Iterator[Fault]:
    taken: Counter[tuple[str, float | None]] = Counter()
    for direction, where, item in _entries(subject):
        if item is None:
            yield unknown(where)
            continue
        value = item.get("ruleNo")
        yield from outside(value, f"{where}.ruleNo", 1, _LAST_RULE)
        yield from _ports(where, item.get("fromPort"), item.get("toPort"))
        taken[direction, number(value)] += value is not UNKNOWN
    for (direction, order), times in taken.items():
        if times > 1 and order is not None:
            yield Fault(f"has {times} {direction} rules of number {order:g}", direction)


def _acl_rule(subject: Subject) -> Iterator[Fault]:
    yield from outside(subject.at("ruleNumber"), "ruleNumber", 1, _LAST_RULE)
    yield from _ports("fromPort", subject.at("fromPort"), subject.at("toPort"))
    for other in _siblings(subject):
        # Each pair once.
        if other.urn < subject.resource.urn and _order(other) == _order(subject.resource):
            yield Fault(f"has the same number as {other.name}", "ruleNumber")


def _siblings(subject: Subject) -> list[Resource]:
    """Return the rules of the same ACL, without those whose ACL is not known."""
    path = "networkAclId"
    index = subject.graph.index
    link = index.link(subject.resource, path, subject.at(path), (NETWORK_ACL,))
    name = (link.urn or link.id) if link else None
    return index.referring(NETWORK_ACL_RULE, path, NETWORK_ACL).get(name, []) if name else []


def _order(item: Resource) -> tuple[str, float | str]:
    """Return a rule's direction and number: two of the same exclude each other.

    One whose number is not known is like no other.
    """
    order = number(item.properties.get("ruleNumber"))
    return str(item.properties.get("egress") or False).lower(), item.urn if order is None else order


def _numbered(subject: Subject) -> Iterator[Fault]:
    yield from (_acl_rule if subject.type == NETWORK_ACL_RULE else _acl)(subject)


def _ports(where: str, first: object, last: object) -> Iterator[Fault]:
    low, high = number(first), number(last)
    for name, value in (("fromPort", first), ("toPort", last)):
        if value is UNKNOWN:
            yield unknown(where)
        elif value is not None:
            yield from outside(value, name, -1, 65535)
    # -1 stands for any, of ICMP's codes for instance.
    if low is not None and high is not None and high != -1 and low > high:
        yield Fault(f"goes from port {low:g} to {high:g}", where)


def _group(subject: Subject) -> Iterator[Fault]:
    if subject.type == SECURITY_GROUP:
        for _, where, item in _entries(subject):
            if item is not None:
                yield from _ports(where, item.get("fromPort"), item.get("toPort"))
        return
    yield from _ports("fromPort", subject.at("fromPort"), subject.at("toPort"))


def _nat(subject: Subject) -> Iterator[Fault]:
    if subject.at("availabilityMode") == "regional":
        return
    own = _home(subject, subject.resource)
    if own is None:
        if subject.at("subnetId") is UNKNOWN:
            yield unknown("subnetId")
        return
    others = [item for item in subject.graph.index.of(NAT_GATEWAY) if _home(subject, item) == own]
    zones = {
        subject.graph.index.by_urn[key].properties.get("availabilityZone")
        for key, behaviour in subject.graph.behaviours.items()
        if behaviour.tier is Tier.PRIVATE
        and key in subject.graph.index.by_urn
        and subject.graph.subnets[key].home == own
    }
    named = sorted(zone for zone in zones if isinstance(zone, str))
    if len(others) == 1 and len(named) > 1:
        yield Fault(f"alone serves the private subnets of {', '.join(named)}", "subnetId")


def _home(subject: Subject, gateway: Resource) -> str | None:
    """Return the VPC that a NAT gateway stands in, `None` where its subnet is not known."""
    path = "subnetId"
    link = subject.graph.index.link(gateway, path, gateway.properties.get(path), (SUBNET,))
    subnet = subject.graph.subnets.get(link.urn or "") if link else None
    return subnet.home if subnet else None


RANGE: Final = rule(
    _v4,
    VPC,
    VPC_CIDRS[0],
    name="vpc-range-legal",
    title="VPCs have ranges that EC2 takes",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="choose a range of /16 to /28, without host bits",
    url=f"{_GUIDE}vpc-cidr-blocks.html",
)
SUBNETS: Final = rule(
    _subnet,
    SUBNET,
    name="subnet-range-legal",
    title="Subnets lie in their VPC, and apart",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="choose a range of /16 to /28 inside the VPC's that no other subnet has",
    url=f"{_GUIDE}subnet-sizing.html",
)
NUMBERS: Final = rule(
    _numbered,
    NETWORK_ACL,
    DEFAULT_NETWORK_ACL,
    NETWORK_ACL_RULE,
    name="nacl-rules-legal",
    title="Rules of network ACLs are numbered once, and have ports",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="number the rules of an ACL from 1 to 32766, in and out for themselves",
    url=f"{_GUIDE}nacl-rules.html",
)
PORTS: Final = rule(
    _group,
    SECURITY_GROUP,
    INGRESS_RULE,
    EGRESS_RULE,
    SECURITY_GROUP_RULE,
    name="sg-ports-legal",
    title="Rules of security groups go from a lower port to a higher one",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="set from_port and to_port from 0 to 65535, the lower one first",
    url=f"{_GUIDE}security-group-rules.html",
)
NAT: Final = rule(
    _nat,
    NAT_GATEWAY,
    name="nat-per-zone",
    title="A zone's loss leaves the others their way out",
    severity=Severity.LOW,
    why="When the zone of the only NAT gateway fails, tasks in all zones reach nothing outside",
    fix="make a NAT gateway in each zone, or a regional one",
    url=f"{_GUIDE}nat-gateway-basics.html",
    level=Level.DISABLED,
    production=Level.ADVISORY,
)

RULES: Final[tuple[Rule, ...]] = (RANGE, SUBNETS, NUMBERS, PORTS, NAT)
