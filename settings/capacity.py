"""How much an EC2 instance type can hold, as far as its name tells.

A small table of regular families, enough to find what can never be placed; of other types nothing
is known here, and nothing is refused. Figures are upper bounds: an instance registers a little less
memory than it has.
"""

import re
from dataclasses import dataclass
from typing import Final

GIB: Final = 1024
CPU_UNITS: Final = 1024
"""ECS's CPU units in one vCPU."""

_TYPE: Final = re.compile(r"([a-z]+)(\d+)([a-z0-9-]*)\.([a-z0-9-]+)")

# https://docs.aws.amazon.com/ec2/latest/instancetypes/gp.html: sizes of T3, T3a and T4g.
# Of its network interfaces the host keeps one, and each task takes one; trunking, which would give
# more, is not offered for T: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/eni-trunking-supported-instance-types.html
_BURSTABLE: Final = {
    "nano": (2, GIB // 2, 1),
    "micro": (2, GIB, 1),
    "small": (2, 2 * GIB, 2),
    "medium": (2, 4 * GIB, 2),
    "large": (2, 8 * GIB, 2),
    "xlarge": (4, 16 * GIB, 3),
    "2xlarge": (8, 32 * GIB, 3),
}
_GIB_PER_VCPU: Final = {"c": 2, "m": 4, "r": 8}
_VCPUS: Final = {"medium": 1, "large": 2, "xlarge": 4}
_REGULAR_GENERATION: Final = 5
_IRREGULAR: Final = ("c5n",)
"""More memory than the rest of their letter."""


@dataclass(frozen=True)
class Capacity:
    """What one host offers: CPU units, MiB of memory, tasks by network interfaces if known."""

    cpu: int
    memory: int
    tasks: int | None

    def fits(self, *, cpu: int, memory: int) -> int:
        """Return how many tasks of that size a host can hold at most."""
        counts = (self.cpu // cpu, self.memory // memory)
        return min(counts) if self.tasks is None else min(*counts, self.tasks)


def capacity(instance_type: str) -> Capacity | None:
    """Return what an instance type offers, or None where its name does not tell."""
    match = _TYPE.fullmatch(instance_type)
    if match is None:
        return None
    letter, generation, attributes, size = match.groups()
    if letter == "t" and size in _BURSTABLE and int(generation) > 2:  # noqa: PLR2004 - T2 differs
        vcpus, memory, tasks = _BURSTABLE[size]
        return Capacity(vcpus * CPU_UNITS, memory, tasks)
    vcpus = _VCPUS.get(size) or 4 * int(size.removesuffix("xlarge") or 0) if _is_size(size) else 0
    regular = int(generation) >= _REGULAR_GENERATION and f"{letter}{generation}{attributes}"
    if not vcpus or not regular or regular in _IRREGULAR or letter not in _GIB_PER_VCPU:
        return None
    return Capacity(vcpus * CPU_UNITS, vcpus * _GIB_PER_VCPU[letter] * GIB, None)


def _is_size(size: str) -> bool:
    return size in _VCPUS or bool(re.fullmatch(r"\d+xlarge", size))


def is_graviton(instance_type: str) -> bool:
    """Return whether a type has an arm64 processor.

    A family's name is series, generation, attributes, and the attribute g means Graviton; A1 came
    before that scheme. https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
    """
    match = _TYPE.fullmatch(instance_type)
    return match is not None and ((match[1], match[2]) == ("a", "1") or "g" in match[3])
