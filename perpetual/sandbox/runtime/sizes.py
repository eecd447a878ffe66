"""What an instance type gives to tasks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

RESERVED_MIB: Final = 256
"""Memory that the agent keeps for itself: `ECS_RESERVED_MEMORY` in components/ecs/user_data.py."""

USABLE: Final = 0.96
"""Share of an instance type's memory that its operating system leaves: 7,985 of an m4.large's 8,192
MiB, less of smaller ones.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/memory-management.html
"""


@dataclass(frozen=True, kw_only=True)
class Size:
    """What an instance type gives to tasks."""

    cpu: int
    memory: int
    interfaces: int
    architecture: str

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> "Size":
        """Return the size of a type as DescribeInstanceTypes has it."""
        memory = int(described["MemoryInfo"]["SizeInMiB"] * USABLE) - RESERVED_MIB
        return cls(
            cpu=described["VCpuInfo"]["DefaultVCpus"] * 1024,
            memory=memory,
            # The first is the host's own.
            interfaces=described["NetworkInfo"]["MaximumNetworkInterfaces"] - 1,
            architecture=described["ProcessorInfo"]["SupportedArchitectures"][0],
        )
