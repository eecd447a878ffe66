"""Security groups: who may connect to their members, by range, by group, by prefix list."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from graph.cidr import Addresses
from graph.facts import Gap, Link, Source
from graph.index import Index
from graph.ports import Traffic, protocol
from graph.read import addresses, mappings, port, strings
from graph.resource import UNKNOWN, Resource, Unknown
from graph.tokens import (
    DEFAULT_SECURITY_GROUP,
    EGRESS_RULE,
    INGRESS_RULE,
    PREFIX_LIST,
    PREFIX_LIST_ENTRY,
    SECURITY_GROUP,
    SECURITY_GROUP_RULE,
    VPC,
)

GROUPS: Final = (SECURITY_GROUP, DEFAULT_SECURITY_GROUP, VPC)


@dataclass(frozen=True)
class GroupRule:
    """One rule with one peer: `addresses` for a range or prefix list, `group` for a group.

    A peer that is the group itself has neither. `traffic` is `UNKNOWN` where ports or protocol are.
    """

    source: Source
    egress: bool
    traffic: Traffic | Unknown
    text: str
    addresses: Addresses | Unknown | None = None
    group: Link | None = None

    def may_cover(self, number: int, number_port: int | None) -> bool:
        """Tell whether the rule lets in, or may let in, protocol `number` to a port."""
        return self.traffic is UNKNOWN or self.traffic.covers(number, number_port)


@dataclass(frozen=True)
class Group:
    """A security group; `key` is its URN, or its VPC's for a default group nobody manages."""

    key: str
    label: str
    rules: tuple[GroupRule, ...] = ()
    gaps: tuple[Gap, ...] = ()
    managed: bool = True
    egress_gaps: tuple[Gap, ...] = ()

    @property
    def ingress(self) -> tuple[GroupRule, ...]:
        """Return the rules on what comes in."""
        return tuple(rule for rule in self.rules if not rule.egress)


@dataclass
class Groups:
    """All security groups, and rules whose group lies outside the stack or is unknown."""

    groups: dict[str, Group] = field(default_factory=dict)
    default: dict[str, str] = field(default_factory=dict)
    strays: list[tuple[Link, GroupRule]] = field(default_factory=list)

    def at(self, link: Link) -> Group | None:
        """Return the group that a reference leads to, if it is in the stack."""
        key = self.default.get(link.urn, link.urn) if link.urn else None
        return self.groups.get(key) if key else None


def security_groups(index: Index) -> Groups:
    """Return the security groups of a stack."""
    result = Groups(default={vpc.urn: vpc.urn for vpc in index.of(VPC)})
    for item in index.of(DEFAULT_SECURITY_GROUP):
        link = index.link(item, "vpcId", item.properties.get("vpcId"), (VPC,))
        if link and link.urn:
            result.default[link.urn] = item.urn
    rules: dict[str, list[GroupRule]] = defaultdict(list)
    gaps: dict[tuple[str, str], list[Gap]] = defaultdict(list)
    reader = _Reader(index)
    _inline(index, reader, rules, gaps)
    _standalone(index, reader, rules, result)
    for urn in (urn for urn, key in result.default.items() if key == urn):
        label = f"default sg of {index.label(urn)}"
        result.groups[urn] = Group(urn, label, tuple(rules[urn]), managed=False)
    for group in index.of(SECURITY_GROUP, DEFAULT_SECURITY_GROUP):
        result.groups[group.urn] = Group(
            group.urn,
            index.label(group.urn),
            tuple(rules[group.urn]),
            tuple(gaps[group.urn, "ingress"]),
            egress_gaps=tuple(gaps[group.urn, "egress"]),
        )
    return result


def _inline(
    index: Index,
    reader: "_Reader",
    rules: dict[str, list[GroupRule]],
    gaps: dict[tuple[str, str], list[Gap]],
) -> None:
    for group in index.of(SECURITY_GROUP, DEFAULT_SECURITY_GROUP):
        for key in ("ingress", "egress"):
            items = mappings(group.properties.get(key))
            if items is None:
                gap = Gap(Source(group.urn, key), f"its inline {key} rules")
                gaps[group.urn, key].append(gap)
            for position, item in enumerate(items or []):
                rules[group.urn].extend(reader.inline(group, item, f"{key}[{position}]"))


def _standalone(
    index: Index, reader: "_Reader", rules: dict[str, list[GroupRule]], result: Groups
) -> None:
    for item in index.of(SECURITY_GROUP_RULE, INGRESS_RULE, EGRESS_RULE):
        found = list(reader.standalone(item))
        value = item.properties.get("securityGroupId", UNKNOWN)
        for link in index.links(item, "securityGroupId", value, GROUPS):
            if link.urn:
                rules[result.default.get(link.urn, link.urn)].extend(found)
            else:
                result.strays.extend((link, rule) for rule in found)


class _Reader:
    """Reads the three spellings of a rule into one rule for each peer."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.lists = {item.urn: self._entries(item) for item in index.of(PREFIX_LIST)}

    def inline(
        self, group: Resource, values: Mapping[str, object], path: str
    ) -> Iterator[GroupRule]:
        """Yield the rules of one element of a group's `ingress` or `egress`."""
        base = GroupRule(
            Source(group.urn, path),
            path.startswith("egress"),
            _traffic(values, "protocol"),
            "itself",
        )
        yield from self._ranges(group, values, base)
        yield from self._groups(group, values, "securityGroups", base)
        if values.get("self") is True:
            yield base

    def standalone(self, item: Resource) -> Iterator[GroupRule]:
        """Yield the rules of a standalone rule, of the old kind or the new."""
        values = item.properties
        if item.type == SECURITY_GROUP_RULE:
            egress, protocol_key, peer = (
                values.get("type") == "egress",
                "protocol",
                "sourceSecurityGroupId",
            )
        else:
            egress, protocol_key, peer = (
                item.type == EGRESS_RULE,
                "ipProtocol",
                "referencedSecurityGroupId",
            )
        base = GroupRule(Source(item.urn), egress, _traffic(values, protocol_key), "itself")
        yield from self._ranges(item, values, base)
        yield from self._groups(item, values, peer, base)
        if values.get("self") is True:
            yield base

    def _ranges(
        self, resource: Resource, values: Mapping[str, object], base: GroupRule
    ) -> Iterator[GroupRule]:
        for key in ("cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6"):
            source = _below(base.source, key)
            for value in strings(values.get(key) or None):
                found = addresses(self.index, resource, source.path, value)
                shown = value if isinstance(value, str) else "(unknown range)"
                yield replace(base, source=source, text=shown, addresses=found)
        for key in ("prefixListIds", "prefixListId"):
            source = _below(base.source, key)
            listed = values.get(key)
            for link in (
                self.index.links(resource, source.path, listed, (PREFIX_LIST,)) if listed else ()
            ):
                held: Addresses | Unknown = self.lists.get(link.urn or "", UNKNOWN)
                outside = f"prefix list {link.id or '(unknown)'}"
                text = self.index.label(link.urn) if link.urn else outside
                yield replace(base, source=source, text=text, addresses=held)

    def _groups(
        self, resource: Resource, values: Mapping[str, object], key: str, base: GroupRule
    ) -> Iterator[GroupRule]:
        source = _below(base.source, key)
        value = values.get(key)
        for link in self.index.links(resource, source.path, value, GROUPS) if value else ():
            text = self.index.label(link.urn) if link.urn else f"sg {link.id or '(unknown)'}"
            yield replace(base, source=source, text=text, group=link)

    def _entries(self, item: Resource) -> Addresses | Unknown:
        entries = mappings(item.properties.get("entries"))
        cidrs: list[object] = (
            [UNKNOWN] if entries is None else [entry.get("cidr") for entry in entries]
        )
        for entry in self.index.of(PREFIX_LIST_ENTRY):
            value = entry.properties.get("prefixListId")
            link = self.index.link(entry, "prefixListId", value, (PREFIX_LIST,))
            if link and link.urn == item.urn:
                cidrs.append(entry.properties.get("cidr"))
        parts = [
            addresses(self.index, item, "entries", cidr if isinstance(cidr, str) else UNKNOWN)
            for cidr in cidrs
        ]
        known = [part for part in parts if part is not UNKNOWN]
        return Addresses.union(known) if len(known) == len(parts) else UNKNOWN


def _below(source: Source, key: str) -> Source:
    return Source(source.urn, f"{source.path}.{key}" if source.path else key)


def _traffic(values: Mapping[str, object], key: str) -> Traffic | Unknown:
    name, low, high = values.get(key), port(values.get("fromPort")), port(values.get("toPort"))
    if not isinstance(name, str) or low is UNKNOWN or high is UNKNOWN:
        return UNKNOWN
    try:
        return Traffic.of(protocol(name), low, high)
    except ValueError:
        return UNKNOWN
