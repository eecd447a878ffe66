"""Who can reach whom, before and after: the same questions, put to both graphs.

The questions: from the internet, in parts where rules name some of it, from each tier and from
each attached thing, to each attached thing, on each range of ports that a rule of its groups names
in either graph. A place is known by its URN, or by what it was renamed from.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from graph import INTERNET, UNKNOWN, Addresses, Answer, Graph, Intervals, Place, Tier, Verdict, may
from graph.placements import Kind
from graph.ports import TCP, UDP, Traffic

INTERNET_NAME: Final = "internet"
_IPV6_NAME: Final = "internet (IPv6)"
_PASSIVE: Final = frozenset({Kind.NAT})
"""Kinds that neither open connections nor take any."""
_CELLS: Final = 16
"""Parts of the internet that are asked about apart, at most."""
_NOWHERE: Final = Answer(Verdict.NO, reasons=("there is no such thing",))


@dataclass(frozen=True)
class Question:
    """From where to where, by what: names of places that hold in both graphs."""

    source: str
    destination: str
    traffic: Traffic


@dataclass(frozen=True, kw_only=True)
class Shift:
    """A way that is `open` now and was not, or was and is not; `sure` is false where undetermined.

    `source` and `destination` are labels, `witness` the way by steps, or what stops it.
    """

    opened: bool
    public: bool
    source: str
    destination: str
    urn: str
    traffic: str
    sure: bool
    witness: tuple[str, ...]


def shifts(base: Graph, head: Graph, renamed: Mapping[str, str]) -> list[Shift]:
    """Return the ways gained and lost; `renamed` gives the head's URN for each of the base's.

    What is not in one of the graphs cannot be reached there.
    """
    cells = _cells(base, head)
    old, new = _Side(base, renamed, cells), _Side(head, {}, cells)
    found = []
    for question in _questions(old, new):
        before, after = old.ask(question), new.ask(question)
        if before.possible != after.possible:
            found.append(_shift(question, before, after, old, new))
    return list(_merged(found))


class _Side:
    """One graph, with its places by the head's names."""

    def __init__(
        self, graph: Graph, renamed: Mapping[str, str], cells: Mapping[str, Addresses]
    ) -> None:
        self.graph = graph
        self.cells = cells
        self.urns: dict[str, str] = {}
        for item in graph.interfaces:
            if item.kind not in _PASSIVE and item.kind is not None:
                self.urns.setdefault(renamed.get(item.urn, item.urn), item.urn)
        self._known: dict[tuple[str, str, int], Answer] = {}

    def ask(self, question: Question) -> Answer:
        """Answer a question; first for any port, as a no to that is a no to all."""
        traffic = question.traffic
        ends = (question.source, question.destination, traffic.protocol)
        source, destination = self._place(ends[0]), self._place(ends[1])
        if source is None or destination is None:
            return _NOWHERE
        if ends not in self._known:
            self._known[ends] = may(self.graph, source, destination, traffic.protocol)
        whole = self._known[ends]
        if not whole.possible or traffic.protocol not in (TCP, UDP):
            return whole
        return may(self.graph, source, destination, traffic.protocol, traffic.ports)

    def _place(self, name: str) -> Place | None:
        if name in self.cells:
            return self.cells[name]
        if name in list(Tier):
            return Tier(name) if self._has(Tier(name)) else None
        return self.urns.get(name)

    def _has(self, tier: Tier) -> bool:
        return any(item.tier is tier for item in self.graph.behaviours.values())

    def rules(self, urn: str) -> Iterator[Traffic]:
        """Yield what the groups of a place let in; everything where it has none."""
        for item in self.graph.interfaces:
            if item.urn != self.urns.get(urn):
                continue
            if not item.filtered:
                yield Traffic()
            for group in item.groups:
                for rule in group.ingress:
                    yield Traffic() if rule.traffic is UNKNOWN else rule.traffic

    def label(self, name: str) -> str:
        """Return what people call a place."""
        return self.graph.label(self.urns[name]) if name in self.urns else name


def _questions(old: _Side, new: _Side) -> Iterator[Question]:
    things = list(dict.fromkeys([*new.urns, *old.urns]))
    sources = [*new.cells, *(tier.value for tier in Tier), *things]
    for destination in things:
        named = dict.fromkeys([*new.rules(destination), *old.rules(destination)])
        for traffic in _pieces(named):
            for source in sources:
                if source != destination:
                    yield Question(source, destination, traffic)


def _pieces(named: Iterable[Traffic]) -> Iterator[Traffic]:
    """Yield ranges that no rule cuts, of the protocols that rules name; all of them as TCP."""
    held = list(named)
    for number in sorted({TCP if item.protocol == -1 else item.protocol for item in held}):
        if number not in (TCP, UDP):
            yield Traffic(number)
            continue
        about = [item for item in held if item.protocol in (-1, number)]
        spans = [span for item in about for span in item.ports.spans]
        edges = sorted({edge for low, high in spans for edge in (low, high + 1)})
        for low, after in pairwise(edges):
            piece = Intervals(((low, after - 1),))
            if any(low in item.ports for item in about):
                yield Traffic(number, piece)


def _shift(question: Question, before: Answer, after: Answer, old: _Side, new: _Side) -> Shift:
    opened = after.possible
    side = new if question.destination in new.urns else old
    start = new if question.source in new.urns else old
    answer = after if opened else before
    return Shift(
        opened=opened,
        public=question.source in new.cells,
        source=start.label(question.source),
        destination=side.label(question.destination),
        urn=question.destination,
        traffic=str(question.traffic),
        sure=not answer.missing,
        witness=after.path if opened else after.reasons,
    )


def _merged(found: Iterable[Shift]) -> Iterator[Shift]:
    """Yield one shift for all sources of one destination, the internet's apart, openings first."""
    alike: dict[tuple[bool, bool, str, str, bool], list[Shift]] = {}
    for item in found:
        key = (not item.opened, not item.public, item.destination, item.traffic, not item.sure)
        alike.setdefault(key, []).append(item)
    for _, items in sorted(alike.items()):
        names = list(dict.fromkeys(item.source for item in items))
        if INTERNET_NAME in names:  # the rest of it is, so whatever is named has it now as well
            names = [name for name in names if name in {INTERNET_NAME, _IPV6_NAME}]
        yield replace(items[0], source=", ".join(names))


def _cells(*graphs: Graph) -> dict[str, Addresses]:
    """Return the internet in the parts that rules of groups tell apart, by what to call them.

    IPv6 is asked about only where something may have such an address.
    """
    cells = {INTERNET_NAME: Addresses(v4=INTERNET.v4)}
    if any(item.v6 is not False for graph in graphs for item in graph.interfaces):
        cells[_IPV6_NAME] = Addresses(v6=INTERNET.v6)
    for text, addresses in _named(graphs).items():
        split: dict[str, Addresses] = {}
        for name, cell in cells.items():
            inside, outside = cell & addresses, cell - addresses
            if inside and outside:
                split[f"{INTERNET_NAME} ({text})"] = inside
            split[name] = outside or inside
        if len(split) <= _CELLS:
            cells = split
    return cells


def _named(graphs: Iterable[Graph]) -> dict[str, Addresses]:
    """Return the ranges that rules let in, widest first: a narrower one is then cut from it."""
    found = {
        rule.addresses
        for graph in graphs
        for group in graph.groups.groups.values()
        for rule in group.ingress
        if isinstance(rule.addresses, Addresses)
    }
    return {str(item): item for item in sorted(found, key=_size, reverse=True)}


def _size(item: Addresses) -> tuple[int, str]:
    spans = (*item.v4.spans, *item.v6.spans)
    return sum(high - low for low, high in spans), str(item)
