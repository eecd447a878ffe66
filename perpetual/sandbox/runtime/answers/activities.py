"""Auto Scaling's activities: hosts that a group launched and ended, and why.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-verify-scaling-activity.html
"""

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from perpetual.sandbox.runtime.api import Handler, Key
from perpetual.sandbox.runtime.wire import Call

MISSED: Final = (
    "an instance was launched in response to a difference between desired and actual capacity"
)
FAILED: Final = (
    "an instance was taken out of service in response to an EC2 health check indicating it has "
    "been terminated or stopped"
)
ASKED: Final = "an instance was taken out of service in response to a user request"

_DONE: Final = 100  # per cent
_HALF: Final = 50


@dataclass(kw_only=True)
class Activity:
    """Something that a group does to one of its hosts; without end while it lasts."""

    group: str
    description: str
    cause: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    begun: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None

    def described(self) -> dict[str, Any]:
        """Return what DescribeScalingActivities says of it."""
        return {
            "ActivityId": self.id,
            "AutoScalingGroupName": self.group,
            "Description": self.description,
            "Cause": f"At {self.begun:%Y-%m-%dT%H:%M:%SZ} {self.cause}.",
            "StartTime": self.begun,
            "StatusCode": "Successful" if self.ended else "InProgress",
            "Progress": _DONE if self.ended else _HALF,
            **({"EndTime": self.ended} if self.ended else {}),
        }


class Activities:
    """What the groups of a sandbox did, from its start on."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = threading.Lock()
        self._all: list[Activity] = []
        self._launches: dict[str, Activity] = {}

    @property
    def handlers(self) -> dict[Key, Handler]:
        """Return the handlers, by operation."""
        return {("autoscaling", "DescribeScalingActivities"): self._describe}

    def launches(self, group: str, instance: str) -> None:
        """Note that a group launches a host."""
        made = Activity(
            group=group, description=f"Launching a new EC2 instance: {instance}", cause=MISSED
        )
        with self._lock:
            self._all.append(made)
            self._launches[instance] = made

    def launched(self, instance: str) -> None:
        """Note that a host is in service."""
        with self._lock:
            self._launches.pop(instance).ended = datetime.now(UTC)

    def terminated(self, group: str, instance: str, cause: str) -> None:
        """Note that a host is gone; one that was never in service is launched no longer."""
        now = datetime.now(UTC)
        with self._lock:
            if left := self._launches.pop(instance, None):
                left.ended = now
            made = Activity(
                group=group,
                description=f"Terminating EC2 instance: {instance}",
                cause=cause,
                ended=now,
            )
            self._all.append(made)

    def _describe(self, call: Call) -> Mapping[str, Any]:
        """Return activities, the latest first."""
        group = call.parameters.get("AutoScalingGroupName")
        wanted = call.parameters.get("ActivityIds")
        with self._lock:
            found = [
                one.described()
                for one in reversed(self._all)
                if group in {None, one.group} and (not wanted or one.id in wanted)
            ]
        return {"Activities": found}
