"""Rules on security groups, judged with set arithmetic: two halves of the world are the world."""

from collections.abc import Iterator, Sequence
from typing import Final

from graph import INTERNET, TCP, UNKNOWN, Addresses, Group, GroupRule
from graph.groups import GROUPS
from graph.ports import ANY, UDP
from graph.tokens import (
    DEFAULT_SECURITY_GROUP,
    EGRESS_RULE,
    INGRESS_RULE,
    SECURITY_GROUP,
    SECURITY_GROUP_RULE,
    VPC,
)
from rules.rule import Level, Rule, Severity
from rules.subject import Fault, Subject, Test, requires, rule

_GUIDE: Final = "https://docs.aws.amazon.com/vpc/latest/userguide/"
_OPEN: Final = f"{_GUIDE}security-group-rules.html"

ADMINISTRATION: Final = (22, 139, 445, 3389, 5985, 5986)
"""SSH, file sharing, remote desktop, and Windows remote management."""
# https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-19
HIGH_RISK: Final = (
    *(20, 21, 23, 25, 110, 135, 143, 1433, 1434, 2375, 2379, 3000, 3306, 4333, 4369, 5000, 5432),
    *(5500, 5601, 6379, 8080, 8088, 8888, 9200, 9300, 11211, 27017),
)

_V4: Final = 2**24
_V6: Final = 2**112
"""From this many addresses of the internet upwards (a /8, a /16) a group is open to the world."""


def open_to_world(addresses: Addresses) -> bool:
    """Tell whether so much of the internet is in a set that it might as well be all of it."""
    public = addresses & INTERNET
    v4 = sum(high - low + 1 for low, high in public.v4.spans)
    v6 = sum(high - low + 1 for low, high in public.v6.spans)
    return v4 >= _V4 or v6 >= _V6


def _groups(subject: Subject) -> Iterator[Group]:
    found = subject.graph.groups.groups.get(subject.resource.urn)
    if found:
        yield found


def _admitted(rules: Sequence[GroupRule], port: int) -> Addresses:
    """Return who may send to a port, TCP or UDP, by all rules together."""
    ranges = [
        item.addresses
        for item in rules
        if isinstance(item.addresses, Addresses)
        and any(item.may_cover(number, port) for number in (TCP, UDP))
    ]
    return Addresses.union(ranges)


def _doubts(group: Group, ports: Sequence[int]) -> Iterator[Fault]:
    for gap in group.gaps:
        yield Fault(f"is closed: {gap.missing} are not known", gap.source.path, undetermined=True)
    for item in group.ingress:
        covers = any(item.may_cover(TCP, port) for port in ports)
        if item.addresses is UNKNOWN and covers:
            says = f"is closed: {item.text} is not known"
            yield Fault(says, item.source.path or "ingress", undetermined=True)


def _closed(ports: Sequence[int], what: str) -> Test:
    def test(subject: Subject) -> Iterator[Fault]:
        for group in _groups(subject):
            yield from _doubts(group, ports)
            narrow = [item for item in group.ingress if not _all_traffic(item)]
            hit = [port for port in ports if open_to_world(_admitted(narrow, port))]
            if hit:
                named = ", ".join(map(str, hit[:5])) + (", ..." if len(hit) > 5 else "")  # noqa: PLR2004 - enough to see
                yield Fault(f"is open to the world on {what} {named}", "ingress")

    return test


def _all_traffic(item: GroupRule) -> bool:
    return item.traffic is not UNKNOWN and item.traffic.protocol == ANY


def _any_traffic(subject: Subject) -> Iterator[Fault]:
    for group in _groups(subject):
        yield from _doubts(group, (0,))
        public = Addresses.union(
            item.addresses
            for item in group.ingress
            if _all_traffic(item) and isinstance(item.addresses, Addresses)
        )
        outside = public & (INTERNET - subject.graph.own)
        if outside:
            says = f"lets the internet in on every protocol and port: {next(outside.cidrs())}"
            yield Fault(says, "ingress")


def _web_only(subject: Subject) -> Iterator[Fault]:
    known = {*ADMINISTRATION, *HIGH_RISK, *subject.thresholds.public_ports}
    for group in _groups(subject):
        yield from _doubts(group, (0,))
        for item in group.ingress:
            traffic = item.traffic
            if not isinstance(item.addresses, Addresses) or not open_to_world(item.addresses):
                continue
            if traffic is UNKNOWN:
                yield Fault("complies: a rule's ports are not known", "ingress", undetermined=True)
            elif traffic.protocol in (TCP, UDP):
                others = [
                    low for low, high in traffic.ports.spans if low != high or low not in known
                ]
                if others:
                    yield Fault(f"is open to the world on {traffic}", item.source.path or "ingress")


def _default_closed(subject: Subject) -> Iterator[Fault]:
    groups = subject.graph.groups
    key = groups.default.get(subject.resource.urn, subject.resource.urn)
    group = groups.groups.get(key)
    if subject.type == VPC:
        if group is not None and not group.managed:
            yield Fault("has a default security group that nobody closed", "defaultSecurityGroupId")
        return
    if group is None:
        return
    for gap in group.gaps:
        yield Fault(f"is closed: {gap.missing} are not known", gap.source.path, undetermined=True)
    if group.rules:
        yield Fault("is the default group and has rules", group.rules[0].source.path or "rules")


def _said(value: object) -> bool:
    return isinstance(value, str) and value.strip() not in ("", "Managed by Pulumi")


def _described(subject: Subject) -> Iterator[Fault]:
    yield from requires("description", _said, "has no description")(subject)


ADMIN_PORTS: Final = rule(
    _closed(ADMINISTRATION, "administration ports"),
    *GROUPS[:2],
    name="sg-admin-ports-closed",
    title="No administration port is open to the world",
    severity=Severity.CRITICAL,
    why="SSH and remote desktop are tried by everybody, all the time",
    fix="remove the rule and use Session Manager, or admit single addresses",
    url=_OPEN,
    controls=(
        *("FSBP EC2.13", "FSBP EC2.14", "FSBP EC2.53", "FSBP EC2.54", "CIS 6.1.2"),
        *("CIS 6.3", "CIS 6.4", "CIS5 5.3", "CIS5 5.4"),
    ),
)
HIGH_RISK_PORTS: Final = rule(
    _closed(HIGH_RISK, "high-risk ports"),
    *GROUPS[:2],
    name="sg-high-risk-ports-closed",
    title="No high-risk port is open to the world",
    severity=Severity.HIGH,
    why="Databases, caches, daemons and unfinished servers listen there, often without a password",
    fix="admit the security groups of the clients, not ranges",
    url=_OPEN,
    controls=("FSBP EC2.19",),
)
ALL_TRAFFIC: Final = rule(
    _any_traffic,
    *GROUPS[:2],
    name="sg-no-all-traffic",
    title="No group lets the internet in on every port",
    severity=Severity.CRITICAL,
    why="Whatever is started on a member is public at once",
    fix="name protocol and ports",
    url=_OPEN,
    controls=("FSBP EC2.18", "FSBP EC2.19"),
)
WEB_ONLY: Final = rule(
    _web_only,
    *GROUPS[:2],
    name="sg-only-web-open",
    title="Only authorised ports are open to the world",
    severity=Severity.LOW,
    why="Every other open port is one more thing to keep patched",
    fix="open 80 and 443 only, admit the clients' ranges, or name the port in publicPorts",
    url=_OPEN,
    controls=("FSBP EC2.18",),
    level=Level.ADVISORY,
)
DEFAULT_CLOSED: Final = rule(
    _default_closed,
    VPC,
    DEFAULT_SECURITY_GROUP,
    name="sg-default-closed",
    title="Default security groups admit nothing",
    severity=Severity.MEDIUM,
    why="Whatever is made without a group gets this one, and talks to all others that did",
    fix="manage it with DefaultSecurityGroup and give it no rules",
    url=f"{_GUIDE}default-security-group.html",
    controls=("FSBP EC2.2", "CIS 6.5", "CIS5 5.5"),
)
DESCRIBED: Final = rule(
    _described,
    SECURITY_GROUP,
    INGRESS_RULE,
    EGRESS_RULE,
    SECURITY_GROUP_RULE,
    name="sg-described",
    title="Security groups and their rules are described",
    severity=Severity.LOW,
    why="Nobody dares to remove a rule whose reason is lost",
    fix="set description to what it is for",
    url=_OPEN,
    level=Level.ADVISORY,
)

RULES: Final[tuple[Rule, ...]] = (
    ADMIN_PORTS,
    HIGH_RISK_PORTS,
    ALL_TRAFFIC,
    WEB_ONLY,
    DEFAULT_CLOSED,
    DESCRIBED,
)
