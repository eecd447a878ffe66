"""Sizes in pixels, and how much text fits into them."""

from dataclasses import dataclass
from typing import Final

EDGE: Final = 12.0
"""Between the picture's edge and what stands in it."""
COLUMN: Final = 260.0
NARROWEST: Final = 520.0
"""Least width of all columns together."""
GAP: Final = 14.0
INSET: Final = 10.0
PADDING: Final = 14.0
PLACE: Final = 32.0
TITLE: Final = 32.0
ZONE: Final = 22.0
BAND: Final = 24.0
HEADER: Final = 66.0
"""The text at the top of a subnet: name, range and ACL, ways out."""
BAR: Final = 42.0
ROOMY: Final = 62.0
"""Height from which a bar has room for a label below its text."""
GATE: Final = 26.0
LANE_GAP: Final = 10.0
ROW_GAP: Final = 22.0
SLOT: Final = 21.0
"""Between two lines that meet the same bar on the same side."""
TRACK: Final = 13.0
PILL: Final = 17.0
WAY_OUT: Final = 0.86
"""Where in its width a subnet's line to a NAT gateway starts."""

LETTER: Final = 6.7
"""Width of a letter of the 11 px monospace font; the widest common one has 0.602 em."""


@dataclass(frozen=True)
class Rect:
    """A rectangle by its upper left corner and size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        """Return the lower edge."""
        return self.y + self.height

    @property
    def right(self) -> float:
        """Return the right edge."""
        return self.x + self.width


NOWHERE: Final = Rect(0, 0, 0, 0)


def height(slots: int) -> float:
    """Return the height of a bar with so many lines on its busier side."""
    return max(BAR, slots * SLOT + 4)


def wide(text: str) -> float:
    """Return the width of a pill with `text`."""
    return len(text) * LETTER + 12


def fitted(text: str, width: float) -> str:
    """Return text that fits, with its middle left out where it does not."""
    room = max(3, int(width / LETTER))
    if len(text) <= room:
        return text
    tail = (room - 1) // 2
    return f"{text[: room - 1 - tail]}…{text[len(text) - tail :]}"
