"""The world of one control plane, put together of its parts."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from perpetual.sandbox.ecs.world import Registration, Target, TaskStart
from perpetual.sandbox.runtime.balancer.driver import Traffic
from perpetual.sandbox.runtime.discovery import Discovery
from perpetual.sandbox.runtime.fleet import Fleet
from perpetual.sandbox.runtime.running import Running
from perpetual.sandbox.runtime.tasks import Tasks


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a world consists of."""

    tasks: Tasks
    traffic: Traffic
    discovery: Discovery
    fleet: Fleet
    pool: Executor


class RealWorld:
    """Containers, HAProxy and DNS as the control plane's world.

    The control plane comes first, since its parts report to it; `connect` gives it the parts.
    """

    def __init__(self) -> None:
        """Wait for the parts."""
        self._parts: Parts | None = None

    def connect(self, parts: Parts) -> None:
        """Take the parts; before, nothing may be asked of this world."""
        self._parts = parts

    @property
    def parts(self) -> Parts:
        """Return the parts."""
        assert self._parts is not None, "a world without parts"  # noqa: S101 - an error of ours
        return self._parts

    def names(self, task: TaskStart) -> Sequence[str]:
        """Return the names that a task has in DNS."""
        return self.parts.discovery.names(task)

    def zone(self, host: str) -> str:
        """Return the zone of a host."""
        return self.parts.fleet.zone(host)

    def running(self) -> Sequence[Running]:
        """Return the tasks there are."""
        return self.parts.tasks.all

    def start(self, task: TaskStart) -> None:
        """Start a task's containers."""
        self.parts.tasks.start(task)

    def stop(self, task: str, seconds: Mapping[str, float]) -> None:
        """Stop a task's containers, each within its seconds."""
        self.parts.tasks.stop(task, seconds)

    def register(self, target: Target) -> None:
        """Add a target at its task's address; a task that is gone has none."""
        running = self.parts.tasks.find(target.task)
        if running and running.address:
            zone = self.parts.fleet.zone(running.start.host)
            self.parts.traffic.register(target, running.address, zone)

    def deregister(self, target: Target) -> None:
        """Drain a target."""
        self.parts.traffic.deregister(target)

    def announce(self, registration: Registration) -> None:
        """Add a task to its Cloud Map service."""
        self.parts.pool.submit(self.parts.discovery.announce, registration)

    def withdraw(self, registration: Registration) -> None:
        """Take a task out of its Cloud Map service."""
        self.parts.pool.submit(self.parts.discovery.withdraw, registration)
