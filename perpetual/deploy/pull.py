"""Pulling the new image onto every host before its tasks start there, which they then do at once.

It saves time and nothing else: a host that cannot pull now pulls when its task starts, or the
deployment fails there with ECS's own words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from perpetual.deploy.requests import MOST_HOSTS

SECONDS: Final = 120.0
"""Longest wait for hosts that do not answer."""

# https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html
_OVER: Final = frozenset({"Success", "Cancelled", "TimedOut", "Failed"})


@dataclass(frozen=True, kw_only=True)
class Pulls:
    """How far the hosts are: instances by status, and the commands that were sent."""

    hosts: Sequence[str]
    commands: Sequence[str] = ()
    statuses: Mapping[str, str] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Tell whether every host is done, in whatever way."""
        return all(self.statuses.get(host) in _OVER for host in self.hosts)

    @property
    def missing(self) -> Sequence[str]:
        """Return the hosts that do not have the image."""
        return [host for host in self.hosts if self.statuses.get(host) != "Success"]

    @property
    def says(self) -> str:
        """Return it in words."""
        count = len(self.hosts)
        if not self.missing:
            return f"image on {'all ' if count > 1 else ''}{count} host{'s' * (count > 1)}"
        return (
            f"image on {count - len(self.missing)} of {count} hosts; "
            f"{', '.join(self.missing)} pull when their tasks start"
        )


def batches(hosts: Sequence[str]) -> Sequence[Sequence[str]]:
    """Return the hosts in parts that one command takes."""
    return [hosts[start : start + MOST_HOSTS] for start in range(0, len(hosts), MOST_HOSTS)]


def read(before: Pulls, invocations: Iterable[Mapping[str, Any]]) -> Pulls:
    """Return how far the hosts are, by what ListCommandInvocations shows."""
    found = {item["InstanceId"]: item["Status"] for item in invocations}
    return Pulls(
        hosts=before.hosts, commands=before.commands, statuses={**before.statuses, **found}
    )
