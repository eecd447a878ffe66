"""Protocols and ports, as security groups and network ACLs name them."""

from dataclasses import dataclass
from typing import Final

from graph.intervals import Intervals

ANY: Final = -1
TCP: Final = 6
UDP: Final = 17
ALL_PORTS: Final = Intervals(((0, 65535),))

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
_NAMES: Final = {"-1": ANY, "all": ANY, "tcp": TCP, "udp": UDP, "icmp": 1, "icmpv6": 58}


def protocol(name: str) -> int:
    """Return a protocol's IANA number, or `ANY`; raise `ValueError` on an unknown name."""
    return _NAMES.get(name.lower()) or int(name)


@dataclass(frozen=True)
class Traffic:
    """What a rule speaks about: one protocol or all, and for TCP and UDP the ports."""

    protocol: int = ANY
    ports: Intervals = ALL_PORTS

    @classmethod
    def of(cls, number: int, low: int | None, high: int | None) -> "Traffic":
        """Return the traffic of a rule; other protocols than TCP and UDP have no ports.

        AWS spells "all ports" by leaving them out or by -1.
        """
        if number not in (TCP, UDP) or low in (None, -1) or high in (None, -1):
            return cls(number)
        return cls(number, Intervals.of([(low or 0, high or 0)]))

    def covers(self, number: int, port: int | None) -> bool:
        """Tell whether some of this traffic is protocol `number` to `port` (`None`: any port)."""
        if self.protocol not in (ANY, number):
            return False
        return port is None or port in self.ports

    def __str__(self) -> str:
        """Return the traffic as people read it, such as `tcp 5432`."""
        names = {number: name for name, number in _NAMES.items() if name != "-1"}
        name = names.get(self.protocol, str(self.protocol))
        if self.ports == ALL_PORTS:
            return name
        return f"{name} " + ", ".join(
            str(low) if low == high else f"{low}-{high}" for low, high in self.ports.spans
        )
