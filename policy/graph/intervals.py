"""Sets of integers, kept as disjoint sorted intervals: the arithmetic under addresses and ports."""

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
        return isinstance(number, int) and any(low <= number <= high for low, high in self.spans)

    def __or__(self, other: "Intervals") -> "Intervals":
        """Return the union."""
        return Intervals.of((*self.spans, *other.spans))

    def __and__(self, other: "Intervals") -> "Intervals":
        """Return the intersection."""
        return Intervals.of(
            (max(low, bottom), min(high, top))
            for low, high in self.spans
            for bottom, top in other.spans
        )

    def __sub__(self, other: "Intervals") -> "Intervals":
        """Return what is here and not in `other`."""
        left = list(self.spans)
        for bottom, top in other.spans:
            left = [
                part
                for low, high in left
                for part in ((low, min(high, bottom - 1)), (max(low, top + 1), high))
                if part[0] <= part[1]
            ]
        return Intervals.of(left)

    def __le__(self, other: "Intervals") -> bool:
        """Tell whether this is a subset of `other`."""
        return not self - other


EMPTY: Final = Intervals()
