"""Address arithmetic: IPv4 and IPv6 ranges as sets, and which addresses are the internet."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_network, summarize_address_range
from typing import Final

from graph.intervals import EMPTY, Intervals

# https://www.rfc-editor.org/rfc/rfc4291#section-2.5.5.2
_MAPPED: Final = 0xFFFF << 32


@lru_cache(maxsize=4096)
def _span(cidr: str) -> tuple[int, int, int]:
    """Return a range's version, first and last address; the same few are read all the time."""
    network = ip_network(cidr, strict=False)
    return network.version, int(network[0]), int(network[-1])


@dataclass(frozen=True)
class Addresses:
    """A set of IPv4 and IPv6 addresses."""

    v4: Intervals = field(default=EMPTY)
    v6: Intervals = field(default=EMPTY)

    @classmethod
    def parse(cls, *cidrs: str) -> "Addresses":
        """Return the union of ranges in CIDR notation; raise `ValueError` on anything else.

        Host bits are ignored, as AWS ignores them. Of an IPv4-mapped IPv6 range (`::ffff:0:0/96`)
        the IPv4 addresses count as well, for nobody means anything else by it.
        """
        spans: dict[int, list[tuple[int, int]]] = {4: [], 6: []}
        for cidr in cidrs:
            version, low, high = _span(cidr)
            spans[version].append((low, high))
            if version == 6 and _MAPPED <= low <= high < _MAPPED + 2**32:  # noqa: PLR2004 - IPv6
                spans[4].append((low - _MAPPED, high - _MAPPED))
        return cls(Intervals.of(spans[4]), Intervals.of(spans[6]))

    @classmethod
    def union(cls, parts: Iterable["Addresses"]) -> "Addresses":
        """Return the union of any number of sets."""
        held = list(parts)
        return cls(
            Intervals.of(span for part in held for span in part.v4.spans),
            Intervals.of(span for part in held for span in part.v6.spans),
        )

    def __bool__(self) -> bool:
        """Tell whether any address is in the set."""
        return bool(self.v4) or bool(self.v6)

    def __or__(self, other: "Addresses") -> "Addresses":
        """Return the union."""
        return Addresses(self.v4 | other.v4, self.v6 | other.v6)

    def __and__(self, other: "Addresses") -> "Addresses":
        """Return the intersection."""
        return Addresses(self.v4 & other.v4, self.v6 & other.v6)

    def __sub__(self, other: "Addresses") -> "Addresses":
        """Return what is here and not in `other`."""
        return Addresses(self.v4 - other.v4, self.v6 - other.v6)

    def __le__(self, other: "Addresses") -> bool:
        """Tell whether this is a subset of `other`."""
        return self.v4 <= other.v4 and self.v6 <= other.v6

    def cidrs(self) -> Iterator[str]:
        """Yield the fewest CIDR ranges that make up the set, IPv4 first."""
        for low, high in self.v4.spans:
            yield from map(str, summarize_address_range(IPv4Address(low), IPv4Address(high)))
        for low, high in self.v6.spans:
            yield from map(str, summarize_address_range(IPv6Address(low), IPv6Address(high)))

    def __str__(self) -> str:
        """Return the ranges as people read them."""
        return ", ".join(self.cidrs()) or "no address"


NOTHING: Final = Addresses()
EVERYTHING: Final = Addresses.parse("0.0.0.0/0", "::/0")

# https://www.iana.org/assignments/iana-ipv4-special-registry and ...-ipv6-special-registry: what no
# packet from the internet can carry as its source. Documentation ranges are left in the internet:
# nothing protects who writes one by mistake.
PRIVATE: Final = Addresses.parse(
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/3",
    "::/127",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
)
INTERNET: Final = EVERYTHING - PRIVATE
"""Addresses that may be anybody's."""

GLOBAL_V6: Final = Addresses.parse("2000::/3")
"""The only IPv6 space handed out; a rule that covers it is open to the world."""


def whole_world(sources: Addresses) -> bool:
    """Tell whether `sources` hold all of the IPv4 internet or all of the IPv6 one."""
    return INTERNET.v4 <= sources.v4 or GLOBAL_V6.v6 <= sources.v6
