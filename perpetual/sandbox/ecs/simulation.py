"""A control plane and a simulated world, and the loop that lets time pass.

For tests, for benchmarks, and to know how long a rollout takes before AWS does it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from perpetual.sandbox.ecs.control import ACCOUNT, ControlPlane
from perpetual.sandbox.ecs.names import Account
from perpetual.sandbox.ecs.simulated import Behaviour, SimulatedWorld
from perpetual.sandbox.ecs.timing import Timing
from perpetual.sandbox.ecs.world import Host, HostJoined, HostLost, Report


class Simulation:
    """A control plane and a simulated world, with a clock that only moves when told."""

    def __init__(
        self,
        behaviours: Mapping[str, Behaviour] | None = None,
        *,
        timing: Timing | None = None,
        account: Account = ACCOUNT,
        watch: Callable[["Simulation"], None] | None = None,
        world: SimulatedWorld | None = None,
    ) -> None:
        """Start at time zero; `watch` is called whenever something has happened.

        A `world` of one's own has behaviours of its own, and `behaviours` are not used.
        """
        self.world = world or SimulatedWorld(behaviours)
        self.plane = ControlPlane(self.world, account=account, timing=timing)
        self.now = 0.0
        self._watch = watch
        self._due: float | None = None

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """Put a request, and let happen what follows at once."""
        answer = self.plane.call(operation, request, self.now)
        self._settle()
        return answer

    def join(self, cluster: str, host: Host) -> None:
        """Let a host join a cluster."""
        self.report(HostJoined(cluster=cluster, host=host))

    def lose(self, instance: str) -> None:
        """Lose a host."""
        self.world.forget_host(instance)
        self.report(HostLost(instance=instance))

    def report(self, report: Report) -> None:
        """Report something from outside, now."""
        self.world.tell(report)
        self._settle()

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while (at := self._next()) is not None and at <= end:
            self._go(at)
        self._go(end)

    def run_until(self, condition: Callable[[], bool], limit: float = 3600.0) -> float:
        """Let time pass until a condition holds, and return how long that took.

        Raises:
            TimeoutError: It does not hold within the limit.
        """
        begun = self.now
        while not condition():
            at = self._next()
            if at is None or at > begun + limit:
                raise TimeoutError(f"nothing of the kind within {limit} simulated seconds")
            self._go(at)
        return self.now - begun

    def _next(self) -> float | None:
        times = [at for at in (self._due, self.world.next()) if at is not None]
        return max(self.now, min(times)) if times else None

    def _go(self, at: float) -> None:
        self.now = self.world.now = at
        self._settle()

    def _settle(self) -> None:
        while True:
            reports = self.world.happened()
            for report in reports:
                self.plane.report(report, self.now)
            self._due = self.plane.advance(self.now)
            if self._watch is not None:
                self._watch(self)
            due = self.world.next()
            if due is None or due > self.now:
                return
