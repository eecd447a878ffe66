"""Network ACLs: ordered rules, evaluated exactly over addresses, protocols and ports."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from graph.cidr import EVERYTHING, Addresses
from graph.facts import Gap, Link, Source
from graph.index import Index
from graph.ports import ANY, TCP, UDP, Traffic, protocol
from graph.read import addresses, mappings, port
from graph.resource import UNKNOWN, Resource, Unknown
from graph.tokens import (
    DEFAULT_NETWORK_ACL,
    NETWORK_ACL,
    NETWORK_ACL_ASSOCIATION,
    NETWORK_ACL_RULE,
    SUBNET,
    VPC,
)

ACLS: Final = (NETWORK_ACL, DEFAULT_NETWORK_ACL, VPC)
_OTHER_PROTOCOL: Final = 255  # reserved by IANA: stands for all that no rule names


@dataclass(frozen=True)
class AclRule:
    """One numbered rule; `unsure` says what of it is unknown, and then the worst is assumed."""

    source: Source
    number: int
    egress: bool
    allow: bool
    traffic: Traffic
    addresses: Addresses
    unsure: str = ""

    def __str__(self) -> str:
        """Return the rule as paths show it."""
        verb = "allow" if self.allow else "deny"
        return f"rule {self.number} {verb} {self.traffic} {self.addresses}"


@dataclass(frozen=True)
class Acl:
    """A network ACL; `key` is its URN, or its VPC's for a default ACL that nobody manages."""

    key: str
    label: str
    rules: tuple[AclRule, ...] = ()
    gaps: tuple[Gap, ...] = ()

    def openings(self, sources: Addresses, *, egress: bool = False) -> dict[AclRule, Addresses]:
        """Return which of `sources` get through, by the rule that lets them."""
        found: dict[AclRule, Addresses] = {}
        rules = sorted(
            (rule for rule in self.rules if rule.egress is egress), key=lambda rule: rule.number
        )
        for number, number_port in _atoms(rules):
            left = sources
            for rule in rules:
                if not rule.traffic.covers(number, number_port):
                    continue
                hit = left & rule.addresses
                left = left - hit
                if rule.allow and hit:
                    found[rule] = found.get(rule, Addresses()) | hit
        return found


@dataclass
class Acls:
    """All network ACLs; `explicit` goes from a subnet's URN or outside id to its ACL."""

    acls: dict[str, Acl] = field(default_factory=dict)
    default: dict[str, str] = field(default_factory=dict)
    explicit: dict[str, str | None] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)


def _atoms(rules: list[AclRule]) -> Iterator[tuple[int, int | None]]:
    """Yield one protocol and port for each region in which every rule answers the same."""
    numbers = {rule.traffic.protocol for rule in rules} - {ANY} | {_OTHER_PROTOCOL}
    for number in sorted(numbers):
        if number not in (TCP, UDP):
            yield number, None
            continue
        spans = [span for rule in rules for span in rule.traffic.ports.spans]
        edges = {0} | {low for low, _ in spans} | {high + 1 for _, high in spans}
        for edge in sorted(edges):
            if edge <= 65535:  # noqa: PLR2004 - the last port
                yield number, edge


def network_acls(index: Index) -> Acls:
    """Return the network ACLs of a stack."""
    result = Acls(default={vpc.urn: vpc.urn for vpc in index.of(VPC)})
    for acl in index.of(DEFAULT_NETWORK_ACL):
        value = acl.properties.get("defaultNetworkAclId")
        link = index.link(acl, "defaultNetworkAclId", value, (VPC,))
        if link and link.urn:
            result.default[link.urn] = acl.urn
    rules: dict[str, list[AclRule]] = defaultdict(list)
    gaps: dict[str, list[Gap]] = defaultdict(list)
    for acl in index.of(NETWORK_ACL, DEFAULT_NETWORK_ACL):
        _inline(index, acl, rules, gaps)
    _standalone(index, result, rules)
    _associations(index, result)
    for urn in (urn for urn, key in result.default.items() if key == urn):
        rules[urn].extend(_untouched(urn))
        result.acls[urn] = Acl(urn, f"default acl of {index.label(urn)}", tuple(rules[urn]))
    for acl in index.of(NETWORK_ACL, DEFAULT_NETWORK_ACL):
        result.acls[acl.urn] = Acl(
            acl.urn, index.label(acl.urn), tuple(rules[acl.urn]), tuple(gaps[acl.urn])
        )
    return result


def _standalone(index: Index, result: Acls, rules: dict[str, list[AclRule]]) -> None:
    for item in index.of(NETWORK_ACL_RULE):
        link = index.link(item, "networkAclId", item.properties.get("networkAclId"), ACLS)
        key = _key(result, link)
        if key:
            rules[key].append(_rule(index, item, item.properties))
        elif not (link and link.id):
            gap = Gap(Source(item.urn, "networkAclId"), "which network ACL it belongs to")
            result.gaps.append(gap)


def _associations(index: Index, result: Acls) -> None:
    for acl in index.of(NETWORK_ACL, DEFAULT_NETWORK_ACL):
        for link in index.links(acl, "subnetIds", acl.properties.get("subnetIds") or (), (SUBNET,)):
            _associate(result, acl, "subnetIds", link, acl.urn)
    for item in index.of(NETWORK_ACL_ASSOCIATION):
        subnet = index.link(item, "subnetId", item.properties.get("subnetId"), (SUBNET,))
        acl_link = index.link(item, "networkAclId", item.properties.get("networkAclId"), ACLS)
        if subnet:
            _associate(result, item, "subnetId", subnet, _key(result, acl_link))


def _key(result: Acls, link: Link | None) -> str | None:
    return result.default.get(link.urn, link.urn) if link and link.urn else None


def _associate(result: Acls, resource: Resource, path: str, subnet: Link, key: str | None) -> None:
    target = subnet.urn or subnet.id
    if target:
        result.explicit[target] = key
        return
    result.gaps.append(Gap(Source(resource.urn, path), "which subnet it gives a network ACL"))


def _untouched(vpc: str) -> list[AclRule]:
    # https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html
    return [
        AclRule(Source(vpc), 100, egress, allow=True, traffic=Traffic(), addresses=EVERYTHING)
        for egress in (False, True)
    ]


def _inline(
    index: Index, acl: Resource, rules: dict[str, list[AclRule]], gaps: dict[str, list[Gap]]
) -> None:
    for key in ("ingress", "egress"):
        items = mappings(acl.properties.get(key))
        if items is None:
            gaps[acl.urn].append(Gap(Source(acl.urn, key), f"the {key} rules"))
        for position, item in enumerate(items or []):
            rules[acl.urn].append(_rule(index, acl, item, f"{key}[{position}]"))


def _rule(
    index: Index, resource: Resource, values: Mapping[str, object], path: str = ""
) -> AclRule:
    """Return a rule, inline below `path` or standalone; the worst stands for what is unknown."""
    egress = path.startswith("egress") if path else values.get("egress") is True
    number = port(values.get("ruleNo" if path else "ruleNumber"))
    verb = values.get("action" if path else "ruleAction")
    allow = not isinstance(verb, str) or verb.lower() == "allow"
    traffic = _traffic(values)
    range_ = _range(index, resource, values, path)
    doubts = {
        "its number": not isinstance(number, int),
        "whether it allows": not isinstance(verb, str),
        "its protocol or ports": traffic is UNKNOWN,
        "its range": range_ is UNKNOWN,
    }
    worst_range = EVERYTHING if allow else Addresses()
    worst_traffic = Traffic() if allow else Traffic(_OTHER_PROTOCOL)
    return AclRule(
        Source(resource.urn, path),
        number if isinstance(number, int) else 0 if allow else 32767,
        egress,
        allow,
        worst_traffic if traffic is UNKNOWN else traffic,
        worst_range if range_ is UNKNOWN else range_,
        ", ".join(name for name, doubt in doubts.items() if doubt),
    )


def _range(
    index: Index, resource: Resource, values: Mapping[str, object], path: str
) -> Addresses | Unknown:
    prefix = f"{path}." if path else ""
    for key in ("cidrBlock", "ipv6CidrBlock"):
        value = values.get(key)
        if value:
            cidr = value if isinstance(value, str) else UNKNOWN
            return addresses(index, resource, f"{prefix}{key}", cidr)
    return UNKNOWN


def _traffic(values: Mapping[str, object]) -> Traffic | Unknown:
    name, low, high = (
        values.get("protocol"),
        port(values.get("fromPort")),
        port(values.get("toPort")),
    )
    if isinstance(name, float):
        name = str(int(name))
    if not isinstance(name, (str, int)) or low is UNKNOWN or high is UNKNOWN:
        return UNKNOWN
    try:
        return Traffic.of(protocol(str(name)), low, high)
    except ValueError:
        return UNKNOWN
