"""Facts: a value, how sure it is, and where it was read."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from graph.resource import UNKNOWN, Unknown

T = TypeVar("T")


class Standing(StrEnum):
    """How a fact is held."""

    KNOWN = "known"
    DEFAULT = "default"
    """Nobody set it; the value is what AWS or the provider uses then."""
    UNKNOWN = "unknown"
    OUTSIDE = "outside"
    """It is about something that another stack or nobody manages."""


@dataclass(frozen=True)
class Source:
    """Where a fact was read: a resource's URN, and the property's path in it."""

    urn: str
    path: str = ""


@dataclass(frozen=True)
class Fact(Generic[T]):
    """A value with its standing and source; `value` is `UNKNOWN` where it is not known."""

    value: T | Unknown
    standing: Standing
    source: Source

    @property
    def known(self) -> bool:
        """Tell whether the value may be used."""
        return self.value is not UNKNOWN


@dataclass(frozen=True)
class Link:
    """Where a reference leads.

    `urn` is the resource in this stack; `id` the literal, which alone names something outside.
    With neither, the reference is unknown, and `candidates` are what it may lead to.
    """

    standing: Standing
    source: Source
    urn: str | None = None
    id: str | None = None
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gap:
    """Something the graph could not determine, and what that leaves open."""

    source: Source
    missing: str
