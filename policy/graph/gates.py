"""Gates: network ACLs and security groups, one direction each, as walls look at them."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from graph.acl import Acl, AclRule
from graph.attachments import Interface
from graph.cidr import EVERYTHING, INTERNET, NOTHING, Addresses
from graph.facts import Gap, Source
from graph.groups import Group, GroupRule, Groups
from graph.ports import Traffic
from graph.resource import UNKNOWN


def _edges(traffics: Iterator[Traffic]) -> set[int]:
    spans = [span for traffic in traffics for span in traffic.ports.spans]
    return {low for low, _ in spans} | {high + 1 for _, high in spans}


# --- network ACLs


@dataclass(frozen=True)
class AclGate:
    """One direction of a network ACL."""

    acl: Acl
    egress: bool
    doubts: tuple[Gap, ...] = ()

    @property
    def text(self) -> str:
        """Return the ACL and the direction."""
        return f"{self.acl.label} {'out' if self.egress else 'in'}"

    @cached_property
    def _rules(self) -> list[AclRule]:
        rules = [_honest(rule) for rule in self.acl.rules if rule.egress is self.egress]
        return sorted(rules, key=lambda rule: rule.number)

    def _hits(self, number: int, port: int | None) -> Iterator[tuple[AclRule, Addresses]]:
        left = EVERYTHING
        for rule in self._rules:
            if rule.traffic.covers(number, port):
                yield rule, left & rule.addresses
                left = left - rule.addresses

    def through(self, number: int, port: int | None, *, sure: bool) -> Addresses:
        """Return what the first rule that fits allows; what no rule fits is denied."""
        doubted = [*self._unknown()]
        if doubted and not sure:
            return EVERYTHING
        if sure and (doubted or any(rule.unsure for rule in self._rules)):
            return NOTHING if doubted else self._strict(number, port)
        return Addresses.union(hit for rule, hit in self._hits(number, port) if rule.allow)

    def _strict(self, number: int, port: int | None) -> Addresses:
        """Return what passes even if every rule that is not known denies all it can."""
        strict = tuple(
            replace(
                rule,
                allow=False,
                traffic=Traffic(),
                addresses=EVERYTHING,
                number=0 if "its number" in rule.unsure else rule.number,
                unsure="",
            )
            if rule.unsure
            else rule
            for rule in self._rules
        )
        return AclGate(replace(self.acl, rules=strict), self.egress).through(
            number, port, sure=False
        )

    def step(self, number: int, port: int | None, address: Addresses) -> str:
        """Return the entry that lets `address` through."""
        for rule, hit in self._hits(number, port):
            if rule.allow and hit & address:
                return f"{self.text}: {rule}"
        return self.text

    def edges(self) -> set[int]:
        """Return the ports at which some rule begins or ends to apply."""
        return _edges(rule.traffic for rule in self._rules)

    def gaps(self, number: int) -> Iterator[Gap]:
        """Yield unknown lists of rules and rules with unknown parts."""
        yield from self._unknown()
        for rule in self._rules:
            if rule.unsure and rule.traffic.covers(number, None):
                yield Gap(rule.source, f"{rule.unsure} (a rule of {self.acl.label})")

    def _unknown(self) -> Iterator[Gap]:
        yield from self.doubts
        direction = "egress" if self.egress else "ingress"
        yield from (gap for gap in self.acl.gaps if gap.source.path == direction)


def _honest(rule: AclRule) -> AclRule:
    """Return a rule whose range was read as "the network's own" with that range unknown again."""
    if rule.addresses or rule.unsure:
        return rule
    return replace(rule, addresses=EVERYTHING if rule.allow else NOTHING, unsure="its range")


# --- security groups


@dataclass(frozen=True)
class GroupGate:
    """One direction of the security groups of an interface, which add up.

    `known` are all groups of the stack. `peer` is the interface at the other end, or `None` outside
    the stack, at `beyond`. `strays` are rules that may belong to one of the groups.
    """

    known: Groups
    owner: Interface
    egress: bool
    peer: Interface | None
    beyond: Addresses = NOTHING
    strays: tuple[GroupRule, ...] = ()

    @property
    def text(self) -> str:
        """Return the groups and the direction."""
        known = [group.label for group in self.owner.groups]
        outside = [f"sg {link.id or '(unknown)'}" for link in self.owner.foreign]
        labels = " + ".join((*known, *outside)) or "(no security group)"
        return f"{labels} {'out' if self.egress else 'in'}"

    @cached_property
    def _rules(self) -> list[tuple[Group, GroupRule]]:
        rules = ((group, rule) for group in self.owner.groups for rule in group.rules)
        return [(group, rule) for group, rule in rules if rule.egress is self.egress]

    @cached_property
    def _edges(self) -> list[int]:
        return sorted({0, *self.edges()})

    @cached_property
    def _cells(self) -> list[list[tuple[Group, GroupRule]]]:
        """Return the rules that name ports, for each stretch of ports between two edges."""
        cells: list[list[tuple[Group, GroupRule]]] = [[] for _ in self._edges]
        for group, rule in self._rules:
            for low, high in () if rule.traffic is UNKNOWN else rule.traffic.ports.spans:
                first, last = (bisect_right(self._edges, port) - 1 for port in (low, high))
                for cell in cells[first : last + 1]:
                    cell.append((group, rule))
        return cells

    def _covering(self, number: int, port: int | None) -> Iterator[tuple[Group, GroupRule]]:
        """Yield the rules that may let something through with protocol `number` to `port`.

        A group may have a thousand rules, and be asked about every port at which one begins.
        """
        if port is None:
            held = self._rules
        else:
            unclear = [item for item in self._rules if item[1].traffic is UNKNOWN]
            held = [*unclear, *self._cells[bisect_right(self._edges, port) - 1]]
        return (item for item in held if item[1].may_cover(number, port))

    def through(self, number: int, port: int | None, *, sure: bool) -> Addresses:
        """Return whom any rule of any group admits."""
        if not sure and any(True for _ in self._unknown(number, port)):
            return EVERYTHING
        return Addresses.union(
            self._admitted(group, rule, sure=sure)
            for group, rule in self._covering(number, port)
            if not sure or rule.traffic is not UNKNOWN
        )

    def _admitted(self, group: Group, rule: GroupRule, *, sure: bool) -> Addresses:
        if rule.addresses is not None:
            return _stated(rule, sure=sure)
        member = self._member(group, rule)
        return EVERYTHING if member is True or (member is UNKNOWN and not sure) else NOTHING

    def _member(self, group: Group, rule: GroupRule) -> object:
        """Return whether the peer is in the group that a rule speaks of; `UNKNOWN` if it may be."""
        peer, link = self.peer, rule.group
        if peer is None:
            # Nobody on the internet is in a group; somebody in a peered network may be.
            outside = link is not None and link.urn is None
            return UNKNOWN if outside and self.beyond - INTERNET else False
        keys = {item.key for item in peer.groups}
        ids = {item.id for item in peer.foreign if item.id}
        lost = any(not item.id for item in peer.foreign)
        if link is None:
            return group.key in keys or (UNKNOWN if lost else False)
        if link.id and link.urn is None:
            return link.id in ids or (UNKNOWN if lost else False)
        if link.urn is None:
            may = lost or bool(ids) or not link.candidates or keys & set(link.candidates)
            return UNKNOWN if may else False
        key = self.known.default.get(link.urn, link.urn)  # a VPC stands for its default group
        return key in keys or (UNKNOWN if lost else False)

    def step(self, number: int, port: int | None, address: Addresses) -> str:
        """Return the rule that admits `address`."""
        for group, rule in self._rules:
            if rule.may_cover(number, port) and self._admitted(group, rule, sure=False) & address:
                traffic = "unknown ports" if rule.traffic is UNKNOWN else rule.traffic
                way = "to" if self.egress else "from"
                side = "out" if self.egress else "in"
                return f"{group.label} {side}: {traffic} {way} {rule.text}"
        return self.text

    def edges(self) -> set[int]:
        """Return the ports at which some rule begins or ends to apply."""
        rules = (rule.traffic for _, rule in self._rules)
        return _edges(traffic for traffic in rules if traffic is not UNKNOWN)

    def gaps(self, number: int) -> Iterator[Gap]:
        """Yield groups outside the stack, and rules with unknown parts."""
        yield from self._unknown(number, None)
        for group, rule in self._rules:
            if not rule.may_cover(number, None):
                continue
            if rule.traffic is UNKNOWN:
                yield Gap(rule.source, f"the ports of a rule of {group.label}")
            elif rule.addresses is not None:
                if _stated(rule, sure=False) != _stated(rule, sure=True):
                    yield Gap(rule.source, f"the range of a rule of {group.label}")
            elif self._member(group, rule) is UNKNOWN:
                yield Gap(rule.source, f"whether {rule.text} is the peer's group")

    def _unknown(self, number: int, port: int | None) -> Iterator[Gap]:
        for link in self.owner.foreign:
            yield Gap(link.source, f"the rules of security group {link.id or '(unknown)'}")
        for group in self.owner.groups:
            yield from group.egress_gaps if self.egress else group.gaps
            if not group.managed:
                yield Gap(Source(group.key), f"the rules of the {group.label}")
        for rule in self.strays:
            if rule.egress is self.egress and rule.may_cover(number, port):
                yield Gap(rule.source, "which security group the rule belongs to")


def _stated(rule: GroupRule, *, sure: bool) -> Addresses:
    """Return a rule's range; an empty one was read as "the network's own" and is unknown."""
    stated = rule.addresses
    if isinstance(stated, Addresses) and (stated or "prefixList" in rule.source.path):
        return stated
    return NOTHING if sure else EVERYTHING
