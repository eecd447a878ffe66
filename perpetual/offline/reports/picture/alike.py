"""What is alike: things that stand in the same subnets and reach, and are reached by, the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from graph import Graph, Interface, Kind

MANY: Final = 4
"""As many things alike, or more, are drawn as one."""


@dataclass(frozen=True)
class Crowd:
    """Things that are drawn as one: the first one's interfaces, and the URNs of all."""

    interfaces: tuple[Interface, ...]
    members: tuple[str, ...]

    @property
    def key(self) -> str:
        """Return the URN of the first."""
        return self.members[0]


def crowds(graph: Graph) -> list[Crowd]:
    """Return everything placed in subnets; what has fewer like it than `MANY` stands alone."""
    held: dict[str, list[Interface]] = {}
    for item in graph.interfaces:
        held.setdefault(item.urn, []).append(item)
    groups: dict[object, list[str]] = {}
    for urn, interfaces in held.items():
        groups.setdefault(signature(interfaces), []).append(urn)
    found = []
    for urns in groups.values():
        together = [urns] if len(urns) >= MANY else [[urn] for urn in urns]
        found += [Crowd(tuple(held[members[0]]), tuple(members)) for members in together]
    order = {urn: position for position, urn in enumerate(held)}
    return sorted(found, key=lambda crowd: order[crowd.key])


def signature(interfaces: Sequence[Interface]) -> object:
    """Return what is the same for things that are alike; no two are whose subnet is unknown."""
    return tuple(
        (
            item.kind,
            item.subnet.key if item.subnet else item.urn,
            item.public,
            item.v6,
            item.filtered,
            tuple(group.key for group in item.groups),
            tuple(link.id or link.source for link in item.foreign),
            item.kind is Kind.NAT and item.urn,
        )
        for item in interfaces
    )
