"""The shapes that the picture is made of, as SVG elements."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from perpetual.offline.reports.markup import element
from perpetual.offline.reports.picture.metrics import Rect


def rect(rect: Rect, kind: str, radius: float = 0) -> Element:
    """Return a rectangle, rounded if `radius` is not 0."""
    return element(
        "rect",
        x=rect.x,
        y=rect.y,
        width=rect.width,
        height=rect.height,
        rx=radius or None,
        class_=kind,
    )


def text(x: float, y: float, text: str, kind: str) -> Element:
    """Return a line of text."""
    return element("text", text, x=x, y=y, class_=kind)


def path(points: Sequence[tuple[float, float]]) -> str:
    """Return a line through points, as the data of a path."""
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def arrow(points: Sequence[tuple[float, float]]) -> str:
    """Return the head of a line that ends level or upright."""
    (x1, y1), (x2, y2) = points[-2], points[-1]
    long, half = 8.0, 4.0
    if abs(y2 - y1) < abs(x2 - x1):
        back = x2 - long if x2 > x1 else x2 + long
        return f"M{x2:.1f} {y2:.1f} L{back:.1f} {y2 - half:.1f} L{back:.1f} {y2 + half:.1f}Z"
    back = y2 - long if y2 > y1 else y2 + long
    return f"M{x2:.1f} {y2:.1f} L{x2 - half:.1f} {back:.1f} L{x2 + half:.1f} {back:.1f}Z"
