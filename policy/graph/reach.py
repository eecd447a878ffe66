"""Reachability: may one part of a stack open a connection to another, by which way, or why not.

Three answers: yes with a witness, no with the walls that stop it, undetermined with what is
missing. Undetermined is never no. A question is about *some* connection: from some member of the
source, to some member of the destination, on some of the ports.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from graph.attachments import Interface
from graph.cidr import INTERNET, Addresses
from graph.conduits import Conduit, between, inward, outward
from graph.facts import Gap, Source
from graph.intervals import Intervals
from graph.passage import Answer, Verdict, judge, nothing
from graph.ports import ALL_PORTS, ANY, TCP, UDP, protocol
from graph.resource import UNKNOWN
from graph.tiers import Tier, effective

if TYPE_CHECKING:
    from graph import Graph

Place = Addresses | Tier | str
"""What a question is about: addresses outside the stack (`INTERNET`), a tier's subnets, or the URN
of a resource: something attached, a security group for its members, a subnet, or a component for
all below it. Subnets and tiers stand for anything in them, whatever its groups and addresses."""

LOGIN_PORTS: Final = Intervals.of([(22, 22), (3389, 3389)])
"""Ports by which one logs in to a host; Systems Manager's ways are IAM's to judge."""


def may(  # noqa: PLR0913 - the parts of a question
    graph: "Graph",
    source: Place,
    destination: Place,
    number: int | str = TCP,
    ports: Intervals | int | None = None,
    *,
    logins: bool = False,
) -> Answer:
    """Answer whether `source` can open a connection to `destination`.

    `number` is a protocol by number or name, -1 for any; without `ports`, any port. With `logins`,
    hosts that the source can log in to by SSH or RDP may pass it on. Raise `ValueError` on a place
    or protocol that does not exist.
    """
    question = _Question.of(graph, number, ports)
    starts, goals = places(graph, source), places(graph, destination)
    direct = question.ask(starts, goals)
    if not logins or direct.verdict is Verdict.YES:
        return direct
    return _merged([direct, *_through_hosts(graph, question, starts, goals)])


def paths(
    graph: "Graph",
    source: Place,
    destination: Place,
    number: int | str = TCP,
    ports: Intervals | int | None = None,
) -> tuple[Answer, ...]:
    """Return every way by which `may` is not a no, one for each pair of interfaces and route."""
    question = _Question.of(graph, number, ports)
    found = (
        answer
        for one in places(graph, source)
        for other in places(graph, destination)
        for answer in question.each(one, other)
        if answer.possible
    )
    return tuple({answer.path: answer for answer in found}.values())


# --- places


def places(graph: "Graph", place: Place) -> list[Interface | Addresses]:
    """Return the interfaces, or the addresses outside, that a place stands for."""
    if isinstance(place, Addresses):
        return [place & graph.outside]
    if isinstance(place, Tier):
        tiers = {key: effective(item, graph.behaviours[key]) for key, item in graph.subnets.items()}
        return [_anything(graph, key) for key, tier in tiers.items() if tier is place]
    if place in graph.subnets:
        return [_anything(graph, place)]
    if place in graph.groups.groups:
        return [*graph.members.get(place, ())]
    if place in graph.index.by_urn:
        return [*graph.attached.get(place, ())]
    raise ValueError(
        f"{place!r} is nothing of this stack: give the URN of a resource, a tier, or addresses"
    )


def _anything(graph: "Graph", key: str) -> Interface:
    subnet = graph.subnets[key]
    label = f"anything in {subnet.label}"
    v6 = bool(subnet.cidr_v6)
    return Interface(subnet.urn, label, None, subnet, (label,), public=True, v6=v6, filtered=False)


# --- questions


@dataclass
class _Question:
    """Protocol and ports asked for; answers between two ends are kept."""

    graph: "Graph"
    numbers: tuple[int, ...]
    ports: Intervals
    known: dict[tuple[int, int], list[Answer]] = field(default_factory=dict)

    @classmethod
    def of(cls, graph: "Graph", number: int | str, ports: Intervals | int | None) -> "_Question":
        wanted = protocol(number) if isinstance(number, str) else number
        numbers = _protocols(graph) if wanted == ANY else [wanted]
        held = Intervals(((ports, ports),)) if isinstance(ports, int) else ports or ALL_PORTS
        return cls(graph, tuple(numbers), held)

    def ask(
        self, sources: Iterable[Interface | Addresses], goals: Iterable[Interface | Addresses]
    ) -> Answer:
        """Return one answer over all pairs; a yes ends the search."""
        found: list[Answer] = []
        targets = list(goals)
        for one in sources:
            for other in targets:
                found += self.each(one, other)
                if any(answer.verdict is Verdict.YES for answer in found):
                    return _merged(found)
        return _merged(found)

    def each(
        self, source: Interface | Addresses, target: Interface | Addresses
    ) -> Iterator[Answer]:
        """Yield the answers of every way between two ends."""
        if isinstance(source, Interface) and isinstance(target, Interface):
            found = [*self._judged(between(self.graph, source, target))]
            yield from found
            if not any(answer.verdict is Verdict.YES for answer in found):
                yield from self._around(source, target)
        elif isinstance(target, Interface) and isinstance(source, Addresses):
            yield from self._judged(inward(self.graph, source, target))
        elif isinstance(source, Interface) and isinstance(target, Addresses):
            yield from self._judged(outward(self.graph, source, target))
        else:
            yield Answer(Verdict.UNDETERMINED, missing=(nothing("both ends are outside"),))

    def _around(self, source: Interface, target: Interface) -> Iterator[Answer]:
        """Yield the way over the internet, to a public address: which one, nobody knows."""
        if target.public is False and target.v6 is False:
            return
        (world,) = places(self.graph, INTERNET)
        out, back = self.ask([source], [world]), self.ask([world], [target])
        if out.possible and back.possible:
            gap = Gap(Source(target.urn), f"the public addresses of {source.label} and its peer")
            missing = (*out.missing, *back.missing, gap)
            yield Answer(Verdict.UNDETERMINED, (*out.path, *back.path[1:]), (), missing)

    def _judged(self, conduits: Iterable[Conduit]) -> Iterator[Answer]:
        held = list(conduits)
        for number in self.numbers:
            ports = self.ports if number in (TCP, UDP) else ALL_PORTS
            for conduit in held:
                yield judge(conduit, number, ports)


def _protocols(graph: "Graph") -> list[int]:
    """Return the protocols that stand for any: the common ones, one nobody names, those named."""
    rules = (rule for group in graph.groups.groups.values() for rule in group.rules)
    named = {rule.traffic.protocol for rule in rules if rule.traffic is not UNKNOWN}
    return sorted({TCP, UDP, 1, 58, 255} | named - {ANY})


def _merged(answers: Iterable[Answer]) -> Answer:
    """Return one answer for all: yes if any is, no only if every one is."""
    held = list(answers)
    for answer in held:
        if answer.verdict is Verdict.YES:
            return answer
    open_ = [answer for answer in held if answer.verdict is Verdict.UNDETERMINED]
    if open_:
        missing = dict.fromkeys(gap for answer in open_ for gap in answer.missing)
        return Answer(Verdict.UNDETERMINED, open_[0].path, (), tuple(missing))
    if not held:
        gap = nothing("what the question is about: nothing of this stack is attached there")
        return Answer(Verdict.UNDETERMINED, missing=(gap,))
    reasons = dict.fromkeys(reason for answer in held for reason in answer.reasons)
    return Answer(Verdict.NO, reasons=tuple(reasons))


def _through_hosts(
    graph: "Graph",
    question: _Question,
    starts: list[Interface | Addresses],
    goals: list[Interface | Addresses],
) -> Iterator[Answer]:
    """Yield answers by way of hosts that can be logged in to, however many in a row."""
    login = _Question.of(graph, TCP, LOGIN_PORTS)
    # Of hosts that are alike, the first stands for all: hosts are many, and kinds of them few.
    hosts: dict[str, list[Interface | Addresses]] = {
        urn: [*graph.hosts[urn]] for urn in graph.alike
    }
    for wanted in ((Verdict.YES,), (Verdict.YES, Verdict.UNDETERMINED)):
        reached: dict[str, Answer] = {}
        fresh: list[tuple[list[Interface | Addresses], Answer]] = [(starts, Answer(Verdict.YES))]
        while fresh:
            here, before = fresh.pop(0)
            for urn, host in hosts.items():
                hop = login.ask(here, host) if urn not in reached else None
                if hop is not None and hop.verdict in wanted:
                    reached[urn] = _chained(before, hop)
                    fresh.append((host, reached[urn]))
        for urn, before in reached.items():
            last = question.ask(hosts[urn], goals)
            if last.verdict in wanted:
                yield _chained(before, last)


def _chained(before: Answer, after: Answer) -> Answer:
    sure = before.verdict is after.verdict is Verdict.YES
    missing = (*before.missing, *after.missing)
    path = (*before.path, *after.path)
    return Answer(Verdict.YES if sure else Verdict.UNDETERMINED, path, (), missing)
