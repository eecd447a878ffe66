"""Judging one conduit: does some packet pass all its walls, and the answer to it as well."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from graph.cidr import Addresses
from graph.conduits import Conduit, Region
from graph.facts import Gap, Source
from graph.intervals import Intervals
from graph.ports import TCP, UDP, Traffic
from graph.walls import End, Leg, Wall

EPHEMERAL: Final = Intervals(((1024, 65535),))
"""https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports"""


class Verdict(StrEnum):
    """The three answers."""

    YES = "yes"
    NO = "no"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True)
class Answer:
    """An answer: `path` is the witness of a yes, or of what may be; `reasons` are those of a no."""

    verdict: Verdict
    path: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    missing: tuple[Gap, ...] = ()

    @property
    def possible(self) -> bool:
        """Tell whether it may be, as far as anybody knows: what a rule has to ask."""
        return self.verdict is not Verdict.NO

    def __str__(self) -> str:
        """Return the answer as people read it."""
        if self.verdict is Verdict.NO:
            return "no: " + "; ".join(self.reasons)
        lacks = "".join(f"; cannot tell {gap.missing}" for gap in self.missing)
        return f"{self.verdict}: " + " -> ".join(self.path) + lacks


def nothing(missing: str) -> Gap:
    """Return a gap that belongs to no resource."""
    return Gap(Source(""), missing)


def judge(conduit: Conduit, number: int, ports: Intervals) -> Answer:
    """Return whether some packet passes all walls of a conduit, and its answer too."""
    if conduit.refusal:
        return Answer(Verdict.NO, reasons=(conduit.refusal,))
    walls = [item for item in conduit.trail if isinstance(item, Wall)]
    for sure, verdict in ((True, Verdict.YES), (False, Verdict.UNDETERMINED)):
        found = _passage(conduit, walls, number, ports, sure=sure)
        if found:
            gaps = (gap for wall in walls for gap in wall.gate.gaps(number))
            missing = () if sure else tuple(dict.fromkeys(gaps))
            if not sure and not missing:
                missing = (nothing("the addresses of a subnet"),)
            return Answer(verdict, _witness(conduit, number, *found), (), missing)
    for count, wall in enumerate(walls, 1):
        if not _passage(conduit, walls[:count], number, ports, sure=False):
            what = "answers" if wall.leg is not Leg.REQUEST else str(Traffic(number, ports))
            return Answer(Verdict.NO, reasons=(f"{wall.gate.text} lets no {what} through",))
    return Answer(Verdict.NO, reasons=("there is no address on one side",))


Sides = tuple[Addresses, Addresses]
Points = dict[Leg, int | None]


def _passage(
    conduit: Conduit, walls: list[Wall], number: int, ports: Intervals, *, sure: bool
) -> tuple[Points, Sides] | None:
    """Return ports and addresses that pass all walls, if there are any.

    Each wall looks at one end's addresses and one port, so it is enough to try one port of every
    region in which all walls answer the same.
    """
    legs = [leg for leg in Leg if leg is Leg.REQUEST or any(wall.leg is leg for wall in walls)]

    def search(left: list[Leg], points: Points, sides: Sides) -> tuple[Points, Sides] | None:
        if not (_enough(conduit.sources, sides[0], sure=sure)) or not (
            _enough(conduit.destinations, sides[1], sure=sure)
        ):
            return None
        if not left:
            return points, sides
        here = [wall for wall in walls if wall.leg is left[0]]
        allowed = ports if left[0] is Leg.REQUEST else EPHEMERAL
        for point in _atoms(here, number, allowed):
            narrowed = _narrowed(sides, here, number, point, sure=sure)
            found = search(left[1:], {**points, left[0]: point}, narrowed)
            if found:
                return found
        return None

    return search(legs, {}, (conduit.sources.addresses, conduit.destinations.addresses))


def _enough(region: Region, left: Addresses, *, sure: bool) -> bool:
    """Tell whether addresses remain; all must where nobody knows which of them are meant."""
    return bool(left) and (region.exact or not sure or region.addresses <= left)


def _narrowed(
    sides: Sides, walls: list[Wall], number: int, point: int | None, *, sure: bool
) -> Sides:
    sources, destinations = sides
    for wall in walls:
        through = wall.gate.through(number, point, sure=sure)
        if wall.end is End.SOURCE:
            sources = sources & through
        else:
            destinations = destinations & through
    return sources, destinations


def _atoms(walls: list[Wall], number: int, ports: Intervals) -> Iterator[int | None]:
    if number not in (TCP, UDP):
        yield None
        return
    edges = {edge for wall in walls for edge in wall.gate.edges()}
    starts = {low for low, _ in ports.spans}
    yield from sorted(starts | {edge for edge in edges if edge in ports})


def _witness(conduit: Conduit, number: int, points: Points, sides: Sides) -> tuple[str, ...]:
    steps = []
    for item in conduit.trail:
        if isinstance(item, Wall):
            address = sides[0] if item.end is End.SOURCE else sides[1]
            text = item.gate.step(number, points[item.leg], address)
            steps.append(text if item.leg is Leg.REQUEST else f"{text} (answers)")
        else:
            steps.append(item)
    return tuple(dict.fromkeys(steps))
