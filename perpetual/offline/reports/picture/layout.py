"""Where everything stands, in pixels: a pure function of the picture's facts.

Tiers are rows and zones are columns. What spans zones is one bar over its subnets, and each bar
with flows has a lane of its own, so a line from the side meets no other bar. What comes in or stays
inside runs down the left side, what leaves runs up the right side.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from graph import Tier
from perpetual.offline.reports.picture import lines, metrics
from perpetual.offline.reports.picture.lines import Line, Side
from perpetual.offline.reports.picture.metrics import Rect
from perpetual.offline.reports.picture.model import KINDS, Box, Gateway, Network, Node, Picture

TIERS: Final = {
    Tier.PUBLIC: "a route to an internet gateway",
    Tier.PRIVATE: "another way out",
    Tier.DATA: "no way out",
}
"""The rows, from the top, and what makes a subnet one of theirs."""
_KINDS: Final = list(KINDS)


@dataclass(frozen=True)
class Band:
    """A row: one tier of one network."""

    tier: str
    title: str
    rect: Rect


@dataclass
class Layout:
    """The finished geometry: rectangles by key; `bars` of a node are several if it spans rows."""

    width: float = 0
    height: float = 0
    inner: Rect = metrics.NOWHERE
    places: dict[str, Rect] = field(default_factory=dict)
    networks: dict[str, Rect] = field(default_factory=dict)
    zones: list[tuple[str, Rect]] = field(default_factory=list)
    gateways: dict[str, Rect] = field(default_factory=dict)
    bands: list[Band] = field(default_factory=list)
    boxes: dict[str, Rect] = field(default_factory=dict)
    bars: dict[str, list[Rect]] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    routes: list[tuple[str, str, tuple[tuple[float, float], ...]]] = field(default_factory=list)


def of(picture: Picture) -> Layout:
    """Return where everything of a picture stands."""
    # The heights of lines decide how many tracks they need, and heights do not depend on widths.
    first = _Builder(picture, {side: len(picture.flows) for side in Side}).build()
    return _Builder(picture, lines.tracks(first.lines)).build()


@dataclass
class _Row:
    """One tier of one network, or its part: at most one subnet in each column."""

    network: Network
    tier: Tier
    cells: dict[int, Box] = field(default_factory=dict)
    lanes: list[list[tuple[Node, list[int]]]] = field(default_factory=list)


class _Builder:
    def __init__(self, picture: Picture, tracks: Mapping[Side, int]) -> None:
        self.picture = picture
        self.columns = _columns(picture.boxes)
        count = max(1, len(set(self.columns.values())))
        self.column = max(metrics.COLUMN, metrics.NARROWEST / count)
        self.slots = lines.slots(picture)
        self.left = lines.gutter(picture, Side.LEFT, tracks[Side.LEFT])
        self.right = lines.gutter(picture, Side.RIGHT, tracks[Side.RIGHT])
        self.inner = count * (self.column + metrics.GAP) - metrics.GAP
        self.rows = [row for network in picture.networks for row in self._rows(network)]
        self.result = Layout(width=2 * metrics.EDGE + self.left + self.inner + self.right)

    def build(self) -> Layout:
        y = self._places(metrics.EDGE)
        for network in self.picture.networks:
            y = self._network(network, y)
        y = self._unplaced(y)
        self.result.height = y
        inner = Rect(metrics.EDGE + self.left, 0, self.inner, y)
        self.result.inner = inner
        bars = {key: rects[0] for key, rects in self.result.bars.items()}
        self.result.lines = lines.routed(self.picture, {**self.result.places, **bars}, inner)
        self.result.routes = list(self._routes())
        return self.result

    # --- rows and lanes

    def _rows(self, network: Network) -> Iterator[_Row]:
        for tier in TIERS:
            rows: list[_Row] = []
            for box in self.picture.boxes:
                if box.home != network.key or box.tier != tier:
                    continue
                column = self.columns[box.key]
                row = next((row for row in rows if column not in row.cells), None)
                if row is None:
                    row = _Row(network, tier)
                    rows.append(row)
                row.cells[column] = box
            for row in rows:
                self._fill(row)
            yield from rows

    def _fill(self, row: _Row) -> None:
        here = {box.key: column for column, box in row.cells.items()}
        for node in sorted(self.picture.nodes, key=lambda item: _KINDS.index(item.kind)):
            spanned = sorted(here[key] for key in node.subnets if key in here)
            if not spanned:
                continue
            lane = row.lanes[-1] if row.lanes else None
            if lane is None or not self._shares(lane, node, spanned):
                lane = []
                row.lanes.append(lane)
            lane.append((node, spanned))

    def _shares(
        self, lane: Sequence[tuple[Node, list[int]]], node: Node, spanned: Sequence[int]
    ) -> bool:
        """Tell whether a bar may stand beside those of a lane: none of them has lines."""
        return not any(
            self.slots.get(other.key) or (held[0] <= spanned[-1] and spanned[0] <= held[-1])
            for other, held in lane
        ) and not self.slots.get(node.key)

    # --- placing

    def _places(self, y: float) -> float:
        for place in self.picture.places:
            width = self.result.width - 2 * metrics.EDGE
            self.result.places[place.key] = Rect(metrics.EDGE, y, width, metrics.PLACE)
            y += metrics.PLACE + metrics.LANE_GAP
        return y + (metrics.ROW_GAP if self.picture.places else 0)

    def _network(self, network: Network, top: float) -> float:
        inner = metrics.EDGE + self.left
        y = top + metrics.PADDING + metrics.TITLE
        gateways = [item for item in self.picture.gateways if item.home == network.key]
        y = self._gateways(gateways, top, y)
        mine = [row for row in self.rows if row.network is network]
        if mine:
            for name, column in _zones(self.picture.boxes, self.columns, network.key):
                x = inner + column * (self.column + metrics.GAP)
                self.result.zones.append((name, Rect(x, y, self.column, metrics.ZONE)))
            y += metrics.ZONE
        for position, row in enumerate(mine):
            y = self._row(row, y) + (metrics.ROW_GAP if position < len(mine) - 1 else 0)
        width = self.result.width - 2 * metrics.EDGE
        y += metrics.PADDING
        self.result.networks[network.key] = Rect(metrics.EDGE, top, width, y - top)
        return y + metrics.ROW_GAP

    def _gateways(self, gateways: Sequence[Gateway], top: float, y: float) -> float:
        """Place internet gateways on the edge, as wide as the network; others beside the title."""
        whole = [item for item in gateways if item.whole]
        for position, item in enumerate(whole):
            width = (self.result.width - 2 * metrics.EDGE) / len(whole)
            x = metrics.EDGE + position * width
            rect = Rect(x, top - metrics.GATE / 2, width, metrics.GATE)
            self.result.gateways[item.key] = rect
        rest = [item for item in gateways if not item.whole]
        across = len(set(self.columns.values())) or 1
        beside = len(rest) < across - 1  # the title takes two columns
        start = y - metrics.TITLE + metrics.LANE_GAP / 2 if beside else y
        for position, item in enumerate(rest):
            # Beside the title they stand on the right, else in rows of their own below it.
            column = across - len(rest) + position if beside else position % across
            line = 0 if beside else position // across
            x = metrics.EDGE + self.left + column * (self.column + metrics.GAP)
            rect = Rect(
                x, start + line * (metrics.BAR + metrics.LANE_GAP), self.column, metrics.BAR
            )
            self.result.gateways[item.key] = rect
            y = max(y, rect.bottom + metrics.LANE_GAP / 2)
        return y

    def _row(self, row: _Row, top: float) -> float:
        first = metrics.EDGE + self.left
        y = top + metrics.BAND + metrics.HEADER
        for lane in row.lanes:
            height = max(metrics.height(self.slots.get(node.key, 0)) for node, _ in lane)
            for node, spanned in lane:
                x = first + spanned[0] * (self.column + metrics.GAP) + metrics.INSET
                wide = (spanned[-1] - spanned[0]) * (self.column + metrics.GAP) + self.column
                rect = Rect(x, y, wide - 2 * metrics.INSET, height)
                self.result.bars.setdefault(node.key, []).append(rect)
            y += height + metrics.LANE_GAP
        bottom = y + metrics.INSET - metrics.LANE_GAP
        for column, box in row.cells.items():
            x = first + column * (self.column + metrics.GAP)
            box_top = top + metrics.BAND
            self.result.boxes[box.key] = Rect(x, box_top, self.column, bottom - box_top)
        bottom += metrics.INSET
        width = self.result.width - 2 * metrics.EDGE
        rect = Rect(metrics.EDGE, top, width, bottom - top)
        self.result.bands.append(Band(row.tier, TIERS[row.tier], rect))
        return bottom

    def _unplaced(self, top: float) -> float:
        nodes = [node for node in self.picture.nodes if node.key not in self.result.bars]
        homes = {network.key for network in self.picture.networks}
        gateways = [item for item in self.picture.gateways if item.home not in homes]
        if not nodes and not gateways:
            return top
        y = top + metrics.BAND
        for item in gateways:
            self.result.gateways[item.key] = self._across(y, metrics.BAR)
            y += metrics.BAR + metrics.LANE_GAP
        for node in nodes:
            height = metrics.height(self.slots.get(node.key, 0))
            self.result.bars[node.key] = [self._across(y, height)]
            y += height + metrics.LANE_GAP
        width = self.result.width - 2 * metrics.EDGE
        rect = Rect(metrics.EDGE, top, width, y - top)
        self.result.bands.append(Band("elsewhere", "subnets not known", rect))
        return y + metrics.EDGE

    def _across(self, y: float, height: float) -> Rect:
        x = metrics.EDGE + self.left + metrics.INSET
        return Rect(x, y, self.inner - 2 * metrics.INSET, height)

    # --- routes

    def _routes(self) -> Iterator[tuple[str, str, tuple[tuple[float, float], ...]]]:
        """Yield a line from each subnet to the NAT gateways in the row right above it."""
        for above, below in zip(self.rows, self.rows[1:], strict=False):
            last = {node.key for node, _ in above.lanes[-1]} if above.lanes else set()
            for box in below.cells.values():
                for nat in box.nats:
                    if nat in last and above.network is below.network:
                        one, other = self.result.boxes[box.key], self.result.bars[nat][0]
                        yield box.key, nat, _elbow(one, other)


def _elbow(box: Rect, nat: Rect) -> tuple[tuple[float, float], ...]:
    start = box.x + box.width * metrics.WAY_OUT
    end = nat.x - metrics.INSET + (nat.width + 2 * metrics.INSET) * metrics.WAY_OUT
    middle = nat.bottom + metrics.INSET * 2 + metrics.ROW_GAP / 2
    if abs(start - end) < metrics.GAP:
        return ((start, box.y), (start, nat.bottom))
    return ((start, box.y), (start, middle), (end, middle), (end, nat.bottom))


def _columns(boxes: Sequence[Box]) -> dict[str, int]:
    """Return each subnet's column: its zone's, or one of its own where the zone is not known."""
    zones = sorted({box.zone for box in boxes if box.zone})
    columns: dict[str, int] = {}
    free: dict[tuple[str, str], int] = {}
    for box in boxes:
        if box.zone:
            columns[box.key] = zones.index(box.zone)
            continue
        row = (box.home, box.tier)
        columns[box.key] = free.setdefault(row, len(zones))
        free[row] += 1
    return columns


def _zones(boxes: Sequence[Box], columns: dict[str, int], home: str) -> Iterator[tuple[str, int]]:
    named = {columns[box.key]: box.zone for box in boxes if box.home == home}
    for column, zone in sorted(named.items()):
        yield zone or "zone not stated", column
