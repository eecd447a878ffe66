"""Walls that a packet has to pass: gates, which `gates` reads, and what nobody can tell.

A wall looks at the addresses of one end and at a port, and says which addresses get through: all
that may, or, if asked to be sure, only those that certainly do. Where the two differ, the answer
depends on something unknown.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from graph.cidr import EVERYTHING, NOTHING, Addresses
from graph.facts import Gap


class End(StrEnum):
    """Whose addresses a wall looks at."""

    SOURCE = "source"
    DESTINATION = "destination"


class Leg(StrEnum):
    """Which port a wall looks at."""

    REQUEST = "request"
    """The destination's port, asked for."""
    ANSWER = "answer"
    """The client's port, any of the ephemeral ones; only network ACLs look at answers."""
    TRANSLATED = "translated"
    """The client's port as a NAT gateway chose it."""


class Gate(Protocol):
    """What a wall is made of."""

    @property
    def text(self) -> str:
        """Return what it is and which way it looks, such as `acl data in`."""

    def through(self, number: int, port: int | None, *, sure: bool) -> Addresses:
        """Return which addresses get through with protocol `number` to `port`."""

    def step(self, number: int, port: int | None, address: Addresses) -> str:
        """Return the step of a witness: the rule that lets `address` through."""

    def edges(self) -> set[int]:
        """Return the ports at which the answer may change."""

    def gaps(self, number: int) -> Iterator[Gap]:
        """Yield what is unknown of it."""


@dataclass(frozen=True)
class Wall:
    """A gate, whose addresses it looks at, and which port."""

    end: End
    leg: Leg
    gate: Gate


# --- what nobody can tell


@dataclass(frozen=True)
class Doubt:
    """Stands where a wall cannot be read."""

    text: str
    missing: tuple[Gap, ...] = field(default=())

    def through(self, number: int, port: int | None, *, sure: bool) -> Addresses:  # noqa: ARG002 - as every gate
        """Return everything, or nothing to be sure of."""
        return NOTHING if sure else EVERYTHING

    def step(self, number: int, port: int | None, address: Addresses) -> str:  # noqa: ARG002 - as every gate
        """Return what cannot be told."""
        return f"({self.text}?)"

    def edges(self) -> set[int]:
        """Return none: no port makes a difference."""
        return set()

    def gaps(self, number: int) -> Iterator[Gap]:  # noqa: ARG002 - as every gate
        """Yield what is missing."""
        yield from self.missing
