"""Every permitted flow between what is placed in a stack's subnets, and to and from outside.

Two ends are asked about port by port: wherever a rule of a security group or a network ACL begins
or ends. Between those edges all ports fare alike, so one question answers for all of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from itertools import pairwise
from typing import Final

from graph import (
    INTERNET,
    UNKNOWN,
    Addresses,
    Graph,
    Group,
    GroupRule,
    Interface,
    Intervals,
    Kind,
    may,
    whole_world,
)
from graph.passage import Answer, Verdict
from graph.ports import ALL_PORTS, ANY, TCP, UDP, Traffic
from perpetual.offline.reports.picture.alike import crowds, signature

_OTHERS: Final = 255  # reserved by IANA: stands for the protocols that no rule names
_NAMES: Final = {TCP: "", UDP: "udp ", 1: "icmp", 58: "icmpv6"}
_MOST: Final = 65_535


class Way(StrEnum):
    """Whether a flow comes from outside, stays inside, or leaves."""

    IN = "in"
    INSIDE = "inside"
    OUT = "out"


@dataclass(frozen=True)
class Place:
    """Addresses outside the stack that rules speak of."""

    key: str
    name: str
    addresses: Addresses


@dataclass(frozen=True, kw_only=True)
class Flow:
    """What one thing may send to another; `sure` is false where it could not be determined."""

    source: str
    target: str
    ports: str
    way: Way
    sure: bool
    path: tuple[str, ...]
    missing: tuple[str, ...] = ()


Open = dict[int, Intervals]
"""The ports that are open, by protocol; protocols without ports have all of them."""


def outside(graph: Graph) -> tuple[Place, ...]:
    """Return the places outside the stack: every range that a rule names, and the internet."""
    named: dict[Addresses, str] = {}
    for group in graph.groups.groups.values():
        for rule in group.rules:
            if isinstance(rule.addresses, Addresses) and not whole_world(rule.addresses):
                beyond = rule.addresses - graph.own
                if beyond:
                    named.setdefault(beyond, rule.text)
    places = [Place(f"outside:{text}", text, part) for part, text in named.items()]
    rest = INTERNET - Addresses.union(named)
    return (*places, Place("outside:internet", "internet", rest))


def flows(graph: Graph, places: Sequence[Place]) -> Iterator[Flow]:
    """Yield the flows among everything placed, then those from and to each place outside."""
    # What passes a NAT gateway is the flow of who sent it.
    placed = [crowd for crowd in crowds(graph) if crowd.interfaces[0].kind is not Kind.NAT]
    ends = [_End(crowd.key, crowd.key, crowd.interfaces) for crowd in placed]
    asker = _Asker(graph)
    for source in ends:
        for target in ends:
            yield from asker.flows(source, target)
    # From the widest to the narrowest place, which shows only what the internet may not.
    shown: dict[tuple[str, bool], Open] = {}
    for place in reversed(places):
        there = _End(place.key, place.addresses)
        for here in ends:
            for source, target, coming in ((there, here, True), (here, there, False)):
                known = shown.setdefault((here.key, coming), {})
                yield from asker.flows(source, target, known)


@dataclass(frozen=True)
class _End:
    """One end of a flow: how the picture and the graph call it, and its interfaces, if any."""

    key: str
    place: str | Addresses
    interfaces: Sequence[Interface] = ()

    @cached_property
    def readable(self) -> bool:
        """Tell whether its security groups alone bound its ports, as far as is known."""
        return bool(self.interfaces) and all(
            item.filtered
            and not item.foreign
            and all(
                group.managed and not group.gaps and not group.egress_gaps for group in item.groups
            )
            for item in self.interfaces
        )

    @cached_property
    def rules(self) -> tuple[tuple[Group, GroupRule], ...]:
        """Return the rules of its groups, each with its group."""
        held = dict.fromkeys(group for item in self.interfaces for group in item.groups)
        return tuple((group, rule) for group in held for rule in group.rules)

    @cached_property
    def groups(self) -> frozenset[str]:
        """Return the keys of its groups."""
        return frozenset(group.key for item in self.interfaces for group in item.groups)

    @cached_property
    def alike(self) -> object:
        """Return what is the same for two ends that reach and are reached by the same."""
        return signature(self.interfaces) if self.interfaces else self.key


class _Asker:
    """Asks the graph, once for all ends that are alike."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        rules = [rule for group in graph.groups.groups.values() for rule in group.rules]
        named = {rule.traffic.protocol for rule in rules if rule.traffic is not UNKNOWN}
        self.numbers = sorted({TCP, UDP, _OTHERS} | named - {ANY})
        self.strays = bool(graph.groups.strays)
        self.known: dict[object, tuple[Open, Open]] = {}

    def flows(self, source: _End, target: _End, shown: Open | None = None) -> Iterator[Flow]:
        """Yield what is open for sure, and what may be; leave out, and then add to, `shown`."""
        key = (source.alike, target.alike, source.key == target.key)
        if key not in self.known:
            self.known[key] = self._open(source, target)
        for found, certain in zip(self.known[key], (True, False), strict=True):
            left = _without(found, shown or {})
            if not left:
                continue
            if shown is not None:
                shown.update({n: shown.get(n, Intervals()) | ports for n, ports in left.items()})
            way = Way.INSIDE
            if not (source.interfaces and target.interfaces):
                way = Way.OUT if source.interfaces else Way.IN
            answer = self._witness(source, target, left)
            yield Flow(
                source=source.key,
                target=target.key,
                ports=spelled(left),
                way=way,
                sure=certain,
                path=answer.path,
                missing=() if certain else tuple(dict.fromkeys(g.missing for g in answer.missing)),
            )

    def _witness(self, source: _End, target: _End, left: Open) -> Answer:
        number, ports = min(left.items())
        return may(self.graph, source.place, target.place, number, ports)

    def _open(self, source: _End, target: _End) -> tuple[Open, Open]:
        sure: Open = {}
        doubtful: Open = {}
        for number in self.numbers:
            for part in self._parts(source, target, number):
                answer = may(self.graph, source.place, target.place, number, part)
                if answer.possible:
                    into = sure if answer.verdict is Verdict.YES else doubtful
                    into[number] = into.get(number, Intervals()) | part
        return sure, doubtful

    def _parts(self, source: _End, target: _End, number: int) -> Iterator[Intervals]:
        """Yield the ports to ask about: parts in which every port fares alike."""
        bounds = ALL_PORTS
        for end, peer, egress in ((source, target, True), (target, source, False)):
            if end.readable and not self.strays:
                bounds = bounds & self._spoken(end, peer, number, egress=egress)
        if not bounds:
            return
        if number not in (TCP, UDP):
            yield ALL_PORTS
            return
        edges = {0, _MOST + 1}
        for end in (source, target):
            for traffic in _traffics(end):
                edges |= {edge for low, high in traffic.ports.spans for edge in (low, high + 1)}
        cuts = sorted(edges)
        for low, after in pairwise(cuts):
            part = bounds & Intervals(((low, after - 1),))
            if part:
                yield part

    def _spoken(self, end: _End, peer: _End, number: int, *, egress: bool) -> Intervals:
        """Return the ports that rules of an end's groups speak about, as far as for this peer."""
        result = Intervals()
        for group, rule in end.rules:
            if rule.egress is not egress or not self._concerns(group, rule, peer):
                continue
            if rule.traffic is UNKNOWN:
                return ALL_PORTS
            if rule.traffic.covers(number, None):
                result = result | rule.traffic.ports
        return result

    def _concerns(self, group: Group, rule: GroupRule, peer: _End) -> bool:
        """Tell whether a rule may be about a peer; only one for another group surely is not."""
        urn = rule.group.urn if rule.group else group.key
        if rule.addresses is not None or urn is None or (peer.interfaces and not peer.readable):
            return True
        return self.graph.groups.default.get(urn, urn) in peer.groups


def _traffics(end: _End) -> Iterator[Traffic]:
    yield from (rule.traffic for _, rule in end.rules if rule.traffic is not UNKNOWN)
    for item in end.interfaces:
        if item.subnet and item.subnet.acl:
            yield from (rule.traffic for rule in item.subnet.acl.rules)


def _without(found: Open, shown: Open) -> Open:
    left = {number: ports - shown.get(number, Intervals()) for number, ports in found.items()}
    return {number: ports for number, ports in left.items() if ports}


def spelled(found: Open) -> str:
    """Return open ports as people write them: `443`, `udp 53`, `all`; TCP goes without saying."""
    if _OTHERS in found and found.get(TCP) == found.get(UDP) == ALL_PORTS:
        return "all"
    return ", ".join(_protocol(number, ports) for number, ports in sorted(found.items()))


@cache
def _protocol(number: int, ports: Intervals) -> str:
    if number not in (TCP, UDP):
        return _NAMES.get(number, "other protocols" if number == _OTHERS else f"protocol {number}")
    if ports == ALL_PORTS:
        return f"{_NAMES[number] or 'tcp '}all"
    spans = (str(low) if low == high else f"{low}-{high}" for low, high in ports.spans)
    return _NAMES[number] + ", ".join(spans)
