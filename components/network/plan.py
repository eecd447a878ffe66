"""Where each subnet of a VPC lies: arithmetic only, so that nothing ever moves an existing subnet.

A VPC is cut into four zone slots. Within a slot each tier has a fixed place:

    | public 1/8 | data 1/8 |  free 1/4  |      private 1/2      |

Private subnets hold the most addresses, because each task has a network interface of its own there
(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-awsvpc.html). The free
quarter is for tiers still to come; a new tier gets a place of its own and leaves the others theirs.
"""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from types import MappingProxyType
from typing import Final, NamedTuple

from perpetual.contract import Tier
from settings.rules.network import LONGEST_PREFIX, SHORTEST_PREFIX

SLOTS: Final = 4
"""Zones that a VPC has room for."""
_SLOT_BITS: Final = 2
"""Prefix bits that number the four slots."""

LARGEST: Final = SHORTEST_PREFIX
"""Shortest prefix of a VPC: AWS allows no larger one."""
# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
SMALLEST: Final = LONGEST_PREFIX
"""Longest prefix of a VPC: its public subnets, /25, hold a load balancer and its growth."""


class Place(NamedTuple):
    """A tier's range within a slot: prefix bits beyond the slot's own, and which of those parts."""

    bits: int
    part: int


PLACES: Final[Mapping[Tier, Place]] = MappingProxyType(
    {
        Tier.PUBLIC: Place(bits=3, part=0),
        Tier.DATA: Place(bits=3, part=1),
        Tier.PRIVATE: Place(bits=1, part=1),
    }
)
"""Append-only: changing an entry would replace subnets, and all that runs in them."""


class Subnet(NamedTuple):
    """One planned subnet; `slot` is the position of its zone, from 0."""

    tier: Tier
    zone: str
    slot: int
    cidr: IPv4Network

    @property
    def key(self) -> str:
        """Return what tells this subnet apart in names: tier and zone letter, never a number."""
        return f"{self.tier}-{self.zone}"


def plan(vpc: IPv4Network, zones: Sequence[str]) -> tuple[Subnet, ...]:
    """Return the subnets of every tier in every zone; a zone's position in `zones` is its slot.

    Raises:
        ValueError: `vpc` is not /16 to /20, or `zones` are not one to four distinct letters.
    """
    if not LARGEST <= vpc.prefixlen <= SMALLEST:
        message = f"{vpc} cannot be planned: a VPC is /{LARGEST} to /{SMALLEST} here."
        raise ValueError(message)
    if not 1 <= len(zones) <= SLOTS or len(set(zones)) != len(zones):
        message = f"Zones {', '.join(zones) or '(none)'}: one to {SLOTS} different letters fit."
        raise ValueError(message)
    return tuple(
        Subnet(tier, zone, slot, _range(vpc, slot, place))
        for slot, zone in enumerate(zones)
        for tier, place in PLACES.items()
    )


def ranges(subnets: Sequence[Subnet], tier: Tier) -> list[Subnet]:
    """Return the subnets of one tier, in the order of their slots."""
    return [subnet for subnet in subnets if subnet.tier is tier]


def _range(vpc: IPv4Network, slot: int, place: Place) -> IPv4Network:
    prefix = vpc.prefixlen + _SLOT_BITS + place.bits
    size = 1 << (vpc.max_prefixlen - prefix)
    start = int(vpc.network_address) + size * ((slot << place.bits) + place.part)
    return IPv4Network((start, prefix))
