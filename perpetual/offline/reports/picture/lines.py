"""The lines of the picture: flows bundled, given a place at each bar, and a track in a gutter."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from perpetual.offline.reports.picture import metrics
from perpetual.offline.reports.picture.flows import Flow, Way
from perpetual.offline.reports.picture.metrics import Rect
from perpetual.offline.reports.picture.model import Picture

_LONGEST: Final = 16
"""Letters of a label; the whole text is in the line's title, and in the list of flows."""
_ARROW: Final = 10.0

Point = tuple[float, float]


class Side(StrEnum):
    """Gutters: left for what comes in or stays inside, right for what leaves."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True)
class Line:
    """One flow as drawn: corner points from source to target, and where its label stands.

    A flow of something to itself has no points: its label stands in its bar.
    """

    flow: Flow
    points: tuple[Point, ...]
    label: str
    pill: Rect
    track: float = 0


@dataclass(frozen=True)
class _Bundle:
    """Flows that share an end, their ports and a track; `hub` is the shared end."""

    side: Side
    hub: str
    flows: tuple[Flow, ...]

    @property
    def spokes(self) -> tuple[str, ...]:
        """Return the ends that are not shared."""
        return tuple(_other(flow, self.hub) for flow in self.flows)

    @property
    def ends(self) -> tuple[str, ...]:
        """Return everything that the bundle meets."""
        return (self.hub, *self.spokes)


def label(flow: Flow) -> str:
    """Return a flow's ports as they fit on a label."""
    return flow.ports if len(flow.ports) <= _LONGEST else f"{flow.ports[: _LONGEST - 1]}…"


def _side(flow: Flow) -> Side:
    return Side.RIGHT if flow.way is Way.OUT else Side.LEFT


def _other(flow: Flow, hub: str) -> str:
    return flow.target if flow.source == hub else flow.source


def bundles(picture: Picture) -> list[_Bundle]:
    """Return the flows bundled by source or by target, whichever gathers more."""
    left = [flow for flow in picture.flows if flow.source != flow.target]
    result: list[_Bundle] = []
    while left:
        sizes = Counter(key for flow in left for key in _keys(flow))
        best = max(sizes, key=lambda key: sizes[key])
        taken = [flow for flow in left if best in _keys(flow)]
        left = [flow for flow in left if best not in _keys(flow)]
        result.append(_Bundle(_side(taken[0]), best[0], tuple(taken)))
    return result


def _keys(flow: Flow) -> Iterator[tuple[str, bool, str, Way, bool]]:
    # What comes from outside is told apart at its target, what leaves at its source.
    if flow.way is not Way.OUT:
        yield (flow.source, True, flow.ports, flow.way, flow.sure)
    if flow.way is not Way.IN:
        yield (flow.target, False, flow.ports, flow.way, flow.sure)


def slots(picture: Picture) -> dict[str, int]:
    """Return how many lines meet each bar on its busier side."""
    places = {place.key for place in picture.places}
    count = Counter(
        (end, bundle.side) for bundle in bundles(picture) for end in set(bundle.ends) - places
    )
    busiest: dict[str, int] = {}
    for (end, _), number in count.items():
        busiest[end] = max(busiest.get(end, 0), number)
    return busiest


def gutter(picture: Picture, side: Side, tracks: int) -> float:
    """Return the width of a gutter: its labels and its tracks."""
    if not tracks:
        return metrics.PADDING
    return _labels(picture, side) + tracks * metrics.TRACK + metrics.PADDING


def tracks(lines: Sequence[Line]) -> dict[Side, int]:
    """Return how many tracks the lines take in each gutter."""
    used: dict[Side, set[float]] = {side: set() for side in Side}
    for line in lines:
        if line.points:
            used[_side(line.flow)].add(line.track)
    return {side: len(found) for side, found in used.items()}


def _labels(picture: Picture, side: Side) -> float:
    flows = [flow for flow in picture.flows if flow.source != flow.target and _side(flow) is side]
    return max((metrics.wide(label(flow)) for flow in flows), default=0.0) + 2 * _ARROW


def routed(picture: Picture, rects: Mapping[str, Rect], inner: Rect) -> list[Line]:
    """Return the lines between `rects`; `inner` are the columns, without the gutters."""
    places = {place.key for place in picture.places}
    found = bundles(picture)
    ports = _ports(found, rects, places)
    lines: list[Line] = []
    for side, edge in ((Side.LEFT, inner.x), (Side.RIGHT, inner.right)):
        mine = [bundle for bundle in found if bundle.side is side]
        track = _tracks(mine, ports)
        sign = -1 if side is Side.LEFT else 1
        start = edge + sign * (_labels(picture, side) + metrics.TRACK / 2)
        for bundle in mine:
            x = start + sign * track[bundle] * metrics.TRACK
            lines += _drawn(bundle, x, edge, ports)
    return [*lines, *_own(picture, rects)]


Ports = dict[tuple[_Bundle, str], tuple[float | None, float]]
"""Where a bundle meets each of its ends; what is outside is met on the track, so without an x."""


def _ports(found: Sequence[_Bundle], rects: Mapping[str, Rect], places: set[str]) -> Ports:
    meeting: dict[tuple[str, Side], list[_Bundle]] = {}
    for bundle in found:
        for end in dict.fromkeys(bundle.ends):
            meeting.setdefault((end, bundle.side), []).append(bundle)
    result: Ports = {}
    for (end, _), held in meeting.items():
        rect = rects[end]
        if end in places:
            result.update({(bundle, end): (None, rect.bottom) for bundle in held})
            continue
        # Lines that come from above meet a bar above those that come from below.
        ordered = sorted(held, key=lambda bundle: _mean(bundle, end, rects))
        middle = rect.y + rect.height / 2
        for position, bundle in enumerate(ordered):
            shift = position - (len(ordered) - 1) / 2
            x = rect.x if bundle.side is Side.LEFT else rect.right
            result[bundle, end] = (x, middle + shift * metrics.SLOT)
    return result


def _mean(bundle: _Bundle, end: str, rects: Mapping[str, Rect]) -> float:
    others = [rects[other].y for other in bundle.ends if other != end]
    return sum(others) / len(others)


def _tracks(mine: Sequence[_Bundle], ports: Ports) -> dict[_Bundle, int]:
    """Return each bundle's track, 0 the innermost: short ones inside, none over another."""
    spans = {}
    for bundle in mine:
        heights = [ports[bundle, end][1] for end in bundle.ends]
        spans[bundle] = (min(heights), max(heights))
    taken: list[list[tuple[float, float]]] = []
    result = {}
    for bundle in sorted(mine, key=lambda item: spans[item][1] - spans[item][0]):
        low, high = spans[bundle]
        free = (
            track
            for track, held in enumerate(taken)
            if all(high + metrics.PILL < start or end + metrics.PILL < low for start, end in held)
        )
        track = next(free, len(taken))
        if track == len(taken):
            taken.append([])
        taken[track].append((low, high))
        result[bundle] = track
    return result


def _drawn(bundle: _Bundle, track: float, edge: float, ports: Ports) -> Iterator[Line]:
    sign = -1 if bundle.side is Side.LEFT else 1
    for flow in bundle.flows:
        (x1, y1), (x2, y2) = ports[bundle, flow.source], ports[bundle, flow.target]
        start, end = track if x1 is None else x1, track if x2 is None else x2
        corners = dict.fromkeys(((start, y1), (track, y1), (track, y2), (end, y2)))
        text = label(flow)
        width = metrics.wide(text)
        x, height = ports[bundle, _other(flow, bundle.hub)]
        if x is None:
            height = ports[bundle, bundle.hub][1]
        middle = edge + sign * (_ARROW + width / 2)
        pill = Rect(middle - width / 2, height - metrics.PILL / 2, width, metrics.PILL)
        yield Line(flow, tuple(corners), text, pill, track)


def _own(picture: Picture, rects: Mapping[str, Rect]) -> Iterator[Line]:
    """Yield the flows of things to themselves, as labels side by side in their bars."""
    right: dict[str, float] = {}
    for flow in picture.flows:
        if flow.source != flow.target:
            continue
        rect = rects[flow.source]
        text = f"↻ {label(flow)}"
        width = metrics.wide(text)
        edge = right.get(flow.source, rect.right - 6)
        right[flow.source] = edge - width - 4
        y = rect.bottom - metrics.PILL - 5
        yield Line(flow, (), text, Rect(edge - width, y, width, metrics.PILL))
