"""The picture as SVG elements, to stand inside an HTML page whose style colours them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from perpetual.offline.reports.markup import element
from perpetual.offline.reports.picture import metrics, shapes
from perpetual.offline.reports.picture.layout import Band, Layout
from perpetual.offline.reports.picture.lines import Line
from perpetual.offline.reports.picture.metrics import Rect, fitted
from perpetual.offline.reports.picture.model import KINDS, Box, Gateway, Network, Node, Picture

_BADGES: Final = 3
"""As many findings are marked on one thing; the list below the picture has them all."""
_BOLD: Final = 7.4 / metrics.LETTER
"""How much wider a letter of a name is: 12 px and bold."""


@dataclass(frozen=True)
class Badge:
    """The mark of a finding: its number in the list, its grade, and the sentence on hover."""

    number: int
    grade: str
    text: str

    @property
    def letter(self) -> str:
        """Return what stands in the mark: the grade's letter, for colour alone says nothing."""
        return f"{self.grade[:1].upper()}{self.number}"


Badges = Mapping[str, Sequence[Badge]]
"""The marks on what is drawn, by key."""


def ids(picture: Picture) -> dict[str, str]:
    """Return the id of everything drawn, by key: plain, whatever the names are."""
    return {key: f"n{position}" for position, key in enumerate(picture.names)}


def drawn(picture: Picture, layout: Layout, badges: Badges, title: str) -> Element:
    """Return the whole picture."""
    return _Drawing(picture, layout, badges).svg(title)


class _Drawing:
    def __init__(self, picture: Picture, layout: Layout, badges: Badges) -> None:
        self.picture, self.layout, self.badges = picture, layout, badges
        self.ids = ids(picture)
        self.own: dict[str, list[Line]] = {}
        for line in layout.lines:
            if not line.points:
                self.own.setdefault(line.flow.source, []).append(line)

    def svg(self, title: str) -> Element:
        width, height = self.layout.width, self.layout.height
        counts = (
            f"{len(self.picture.boxes)} subnets, {len(self.picture.nodes)} things placed in them"
        )
        return element(
            "svg",
            element("title", title, id="picture-title"),
            element(
                "desc",
                f"{counts}, {len(self.picture.flows)} permitted flows. The list of flows below "
                "says the same in words.",
                id="picture-desc",
            ),
            *self._ground(),
            *(self._route(*route) for route in self.layout.routes),
            *(self._flow(line) for line in self.layout.lines if line.points),
            *self._things(),
            *(self._flow(line) for line in self.layout.lines if not line.points),
            role="group",
            aria_labelledby="picture-title picture-desc",
            viewBox=f"0 0 {width:.0f} {height:.0f}",
            width=f"{width:.0f}",
            height=f"{height:.0f}",
        )

    def _ground(self) -> Iterator[Element]:
        yield from map(self._band, self.layout.bands)
        for network in self.picture.networks:
            rect = self.layout.networks[network.key]
            text = f"{network.kind} {network.name} {network.cidr}".strip()
            inner, y = self.layout.inner, rect.y + metrics.PADDING + 16
            room = self._room(network) - self._taken(network.key)
            shown = fitted(text, room / _BOLD)
            label = shapes.text(inner.x + 2, y, shown, "title")
            end = inner.x + 2 + len(shown) * metrics.LETTER * _BOLD
            marks = self._badges(network.key, end + self._taken(network.key), y - 13)
            yield self._group(
                "vpc", network.key, text, shapes.rect(rect, "ground", 10), label, *marks
            )
        for name, rect in self.layout.zones:
            yield shapes.text(rect.x + 2, rect.y + 14, fitted(name, rect.width), "zone")
        yield from map(self._box, self.picture.boxes)

    def _band(self, band: Band) -> Element:
        rect = band.rect
        return element(
            "g",
            shapes.rect(rect, "row"),
            shapes.rect(Rect(rect.x, rect.y, 4, rect.height), "strip"),
            element(
                "text",
                element("tspan", band.tier, class_="tier"),
                element("tspan", band.title, class_="why", dx="10"),
                x=self.layout.inner.x + 2,
                y=rect.y + 16,
            ),
            class_=f"band {band.tier}",
        )

    def _room(self, network: Network) -> float:
        """Return the width of a network's title: up to the first gateway beside it."""
        inner, top = self.layout.inner, self.layout.networks[network.key].y
        beside = [
            rect.x - inner.x - metrics.GAP
            for item in self.picture.gateways
            if not item.whole and item.home == network.key
            for rect in (self.layout.gateways[item.key],)
            if rect.y < top + metrics.PADDING + metrics.TITLE
        ]
        return min(beside, default=inner.width)

    def _things(self) -> Iterator[Element]:
        for place in self.picture.places:
            rect = self.layout.places[place.key]
            middle = rect.x + rect.width / 2
            label = shapes.text(
                middle, rect.y + 21, fitted(place.name, rect.width - 20), "name middle"
            )
            yield self._group(
                "place",
                place.key,
                f"outside the stack: {place.name}",
                shapes.rect(rect, "shape", 16),
                label,
            )
        yield from map(self._gateway, self.picture.gateways)
        for node in self.picture.nodes:
            for position, rect in enumerate(self.layout.bars[node.key]):
                yield self._node(node, rect, again=position > 0)

    def _box(self, box: Box) -> Element:
        rect = self.layout.boxes[box.key]
        marks = self._badges(box.key, rect.right - 8, rect.y + 7)
        room = rect.width - 20
        name = room - self._taken(box.key)
        ways = f"→ {', '.join(box.ways)}" if box.ways else "no route out"
        held = "" if box.managed else " existing"
        return self._group(
            f"subnet {box.tier}{held}",
            box.key,
            f"subnet {box.name}, {box.cidr}, network ACL {box.acl}, {ways}",
            shapes.rect(rect, "shape", 5),
            shapes.text(rect.x + 10, rect.y + 20, fitted(box.name, name / _BOLD), "name"),
            shapes.text(
                rect.x + 10, rect.y + 38, fitted(f"{box.cidr} · {box.acl}", room), "detail"
            ),
            shapes.text(rect.x + 10, rect.y + 54, fitted(ways, room), "detail"),
            *marks,
        )

    def _gateway(self, item: Gateway) -> Element:
        rect = self.layout.gateways[item.key]
        marks = self._badges(item.key, rect.right - 10, rect.y + 5)
        if item.whole:
            text = fitted(f"{item.kind} · {item.name}", rect.width - 80)
            labels = [shapes.text(rect.x + rect.width / 2, rect.y + 17, text, "detail middle")]
        else:
            room = rect.width - 20
            labels = _labels(rect, item.name, room - self._taken(item.key), item.kind, room)
        about = f"{item.kind} {item.name}"
        return self._group(
            "gateway", item.key, about, shapes.rect(rect, "shape", 4), *labels, *marks
        )

    def _node(self, node: Node, rect: Rect, *, again: bool) -> Element:
        marks = [*self._badges(node.key, rect.right - 6, rect.y + 5)]
        pills = [line.pill.width for line in self.own.get(node.key, ())]
        beside = sum(pills) + 4 * len(pills) if rect.height < metrics.ROOMY else 0
        open_ = "public address" if node.public else ""
        detail = " · ".join(filter(None, (KINDS[node.kind], ", ".join(node.groups), open_)))
        further = f"; also {', '.join(node.others)}" if node.others else ""
        about = f"{node.name}: {detail}{f'; {node.doubt}' if node.doubt else ''}{further}"
        room = rect.width - 20
        labels = _labels(rect, node.name, room - self._taken(node.key), detail, room - beside)
        shape = shapes.rect(rect, "shape", 4)
        kind = f"node {node.kind}"
        if again:
            return element("g", element("title", about), shape, *labels, class_=f"{kind} again")
        return self._group(kind, node.key, about, shape, *labels, *marks)

    def _group(self, kind: str, key: str, about: str, *content: Element) -> Element:
        return element(
            "g",
            element("title", about),
            *content,
            id=self.ids[key],
            class_=kind,
            tabindex="0",
            role="group",
            aria_label=about,
        )

    # --- flows

    def _route(self, source: str, target: str, points: Sequence[tuple[float, float]]) -> Element:
        ends = f"{self.ids[source]} {self.ids[target]}"
        return element("path", d=shapes.path(points), class_=f"route {ends}")

    def _flow(self, line: Line) -> Element:
        flow, names = line.flow, self.picture.names
        kind = f"flow {flow.way} {self.ids[flow.source]} {self.ids[flow.target]}"
        doubt = "" if flow.sure else f" (undetermined: {'; '.join(flow.missing)})"
        about = f"{names[flow.source]} to {names[flow.target]}: {flow.ports}{doubt}"
        parts = []
        if line.points:
            parts = [
                element("path", d=shapes.path(line.points), class_="wire"),
                element("path", d=shapes.arrow(line.points), class_="head"),
                element("circle", cx=line.points[0][0], cy=line.points[0][1], r=3, class_="head"),
            ]
        middle = line.pill.x + line.pill.width / 2
        return element(
            "g",
            element("title", about),
            *parts,
            shapes.rect(line.pill, "pill", metrics.PILL / 2),
            shapes.text(middle, line.pill.y + 12.5, line.label, "ports middle"),
            class_=kind if flow.sure else f"{kind} unsure",
            tabindex="0",
            role="img",
            aria_label=about,
        )

    # --- findings

    def _shown(self, key: str) -> Sequence[Badge]:
        return self.badges.get(key, ())[:_BADGES]

    def _marks(self, key: str) -> list[tuple[Badge, str]]:
        """Return the findings marked on something, worst first; the last counts those left out."""
        held = self.badges.get(key, ())
        shown = [(badge, badge.letter) for badge in held[:_BADGES]]
        if len(held) > _BADGES:
            badge, letters = shown[-1]
            shown[-1] = (badge, f"{letters} +{len(held) - _BADGES}")
        return shown

    def _taken(self, key: str) -> float:
        """Return the width of something's marks, with a margin."""
        widths = [_wide(letters) + 4 for _, letters in self._marks(key)]
        return sum(widths) + 6 if widths else 0

    def _badges(self, key: str, right: float, y: float) -> Iterator[Element]:
        left = right - self._taken(key) + 10
        for badge, letters in self._marks(key):
            width = _wide(letters)
            yield element(
                "a",
                element("title", f"{badge.grade}: {badge.text}"),
                shapes.rect(Rect(left, y, width, metrics.PILL), "shape", 4),
                shapes.text(left + width / 2, y + 12.5, letters, "letter middle"),
                href=f"#finding-{badge.number}",
                class_=f"badge {badge.grade}",
                aria_label=f"finding {badge.number}, {badge.grade}: {badge.text}",
            )
            left += width + 4


def _wide(letters: str) -> float:
    return len(letters) * metrics.LETTER + 8


def _labels(rect: Rect, name: str, above: float, detail: str, below: float) -> list[Element]:
    """Return the two lines of a bar, in the width that each has."""
    return [
        shapes.text(rect.x + 10, rect.y + 17, fitted(name, above / _BOLD), "name"),
        shapes.text(rect.x + 10, rect.y + 33, fitted(detail, below), "detail"),
    ]
