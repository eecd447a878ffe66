"""Auto Scaling's instance refresh: each host that runs is replaced, one after another.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_StartInstanceRefresh.html
"""

import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from perpetual.sandbox.runtime.api import Handler, Key
from perpetual.sandbox.runtime.fleet import Member
from perpetual.sandbox.runtime.wire import Call, Refused

UNDER_WAY: Final = ("Pending", "InProgress")
_PAUSE: Final = 0.5


class Hosts(Protocol):
    """The hosts that a refresh replaces."""

    @property
    def members(self) -> list[Member]:
        """Return the hosts there are."""

    def replace(self, instance: str) -> None:
        """Drain a host and then end it."""


@dataclass(kw_only=True)
class Refresh:
    """One refresh of one group."""

    id: str
    group: str
    instances: list[str]
    started: float
    ended: float | None = None
    status: str = "Pending"
    done: int = 0

    def described(self) -> dict[str, Any]:
        """Return what DescribeInstanceRefreshes says of it."""
        left = len(self.instances) - self.done
        share = 100 * self.done // len(self.instances) if self.instances else 100
        found: dict[str, Any] = {
            "InstanceRefreshId": self.id,
            "AutoScalingGroupName": self.group,
            "Status": self.status,
            "StartTime": self.started,
            "PercentageComplete": share,
            "InstancesToUpdate": left,
        }
        return {**found, "EndTime": self.ended} if self.ended else found


@dataclass(kw_only=True)
class Refreshes:
    """Refreshes, and what became of them."""

    hosts: Hosts
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _all: list[Refresh] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def handlers(self) -> dict[Key, Handler]:
        """Return the handlers, by operation."""
        return {
            ("autoscaling", "StartInstanceRefresh"): self._start,
            ("autoscaling", "DescribeInstanceRefreshes"): self._describe,
        }

    def close(self) -> None:
        """Leave whatever is under way."""
        self._over.set()

    def _start(self, call: Call) -> Mapping[str, Any]:
        group = call.parameters["AutoScalingGroupName"]
        with self._lock:
            if any(one.group == group and one.status in UNDER_WAY for one in self._all):
                raise Refused(
                    "InstanceRefreshInProgress",
                    "An Instance Refresh is already in progress and blocks the execution of this "
                    "Instance Refresh.",
                )
            refresh = Refresh(
                id=str(uuid.uuid4()),
                group=group,
                instances=[one.id for one in self.hosts.members if one.group == group],
                started=time.time(),
            )
            self._all.append(refresh)
        threading.Thread(target=self._run, args=(refresh,), daemon=True).start()
        return {"InstanceRefreshId": refresh.id}

    def _describe(self, call: Call) -> Mapping[str, Any]:
        group, wanted = (
            call.parameters["AutoScalingGroupName"],
            call.parameters.get("InstanceRefreshIds"),
        )
        with self._lock:
            found = [
                one.described()
                for one in reversed(self._all)
                if one.group == group and (not wanted or one.id in wanted)
            ]
        return {"InstanceRefreshes": found}

    def _run(self, refresh: Refresh) -> None:
        refresh.status = "InProgress"
        wanted = len(refresh.instances)
        for instance in refresh.instances:
            if any(one.id == instance for one in self.hosts.members):
                self.hosts.replace(instance)
            while not self._replaced(refresh.group, instance, wanted):
                if self._over.wait(_PAUSE):
                    return
            refresh.done += 1
        refresh.ended = time.time()
        refresh.status = "Successful"

    def _replaced(self, group: str, instance: str, wanted: int) -> bool:
        found = [one for one in self.hosts.members if one.group == group and one.joined]
        return len(found) >= wanted and all(one.id != instance for one in found)
