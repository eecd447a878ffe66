"""Sets of integers, kept as disjoint sorted intervals: the arithmetic under addresses and ports."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Intervals:
    """A set of integers; `spans` are inclusive, sorted, and neither overlap nor touch."""

    spans: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, spans: Iterable[tuple[int, int]]) -> "Intervals":
        """Return the union of `spans`; those whose end lies before their start are empty."""
        merged: list[tuple[int, int]] = []
        for low, high in sorted(span for span in spans if span[0] <= span[1]):
            if merged and low <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
            else:
                merged.append((low, high))
        return cls(tuple(merged))

    def __bool__(self) -> bool:
        """Tell whether anything is in the set."""
        return bool(self.spans)

    def __contains__(self, number: object) -> bool:
        """Tell whether `number` is in the set."""
        if not isinstance(number, int):
            return False
        position = bisect_right(self.spans, number, key=_start) - 1
        return position >= 0 and number <= self.spans[position][1]

    def __or__(self, other: "Intervals") -> "Intervals":
        """Return the union."""
        return Intervals.of((*self.spans, *other.spans))

    def __and__(self, other: "Intervals") -> "Intervals":
        """Return the intersection, in one walk along both."""
        found, mine, theirs = [], 0, 0
        while mine < len(self.spans) and theirs < len(other.spans):
            (low, high), (bottom, top) = self.spans[mine], other.spans[theirs]
            if max(low, bottom) <= min(high, top):
                found.append((max(low, bottom), min(high, top)))
            mine, theirs = (mine + 1, theirs) if high < top else (mine, theirs + 1)
        return Intervals(tuple(found))

    def __sub__(self, other: "Intervals") -> "Intervals":
        """Return what is here and not in `other`: what lies in the gaps between its spans."""
        if not self.spans or not other.spans:
            return self
        lows = (self.spans[0][0], *(high + 1 for _, high in other.spans))
        highs = (*(low - 1 for low, _ in other.spans), self.spans[-1][1])
        gaps = ((low, high) for low, high in zip(lows, highs, strict=True) if low <= high)
        return self & Intervals(tuple(gaps))

    def __le__(self, other: "Intervals") -> bool:
        """Tell whether this is a subset of `other`."""
        return not self - other


def _start(span: tuple[int, int]) -> int:
    return span[0]


EMPTY: Final = Intervals()
