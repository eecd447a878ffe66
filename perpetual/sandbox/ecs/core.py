"""What every part of the control plane shares: state, world, timing, and what is to be done."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field

from perpetual.sandbox.ecs.model import Cluster, Instance, State, Task
from perpetual.sandbox.ecs.names import Account
from perpetual.sandbox.ecs.records import Deployment, Service
from perpetual.sandbox.ecs.timing import Timing
from perpetual.sandbox.ecs.world import World

SERVICE = "service"
TASK = "task"


@dataclass(frozen=True, kw_only=True)
class News:
    """A task of a service became healthy for the first time, or failed."""

    task: str
    failed: bool


@dataclass(kw_only=True)
class Core:
    """The shared parts. `dirty` services are decided on before time moves on.

    `news` is what the breaker hears, in order; `freed` are clusters in which a task that waits may
    now have a place; `targets` counts registrations, to be told of in one event.
    """

    account: Account
    world: World
    timing: Timing
    state: State
    dirty: dict[str, None] = field(default_factory=dict)
    news: list[News] = field(default_factory=list)
    freed: dict[str, None] = field(default_factory=dict)
    targets: dict[tuple[str, str, str], int] = field(default_factory=dict)

    @property
    def now(self) -> float:
        """Return the time."""
        return self.state.now

    def wake(self, at: float, kind: str, key: str) -> None:
        """Look at a service or task again at a time."""
        self.state.timer_count += 1
        heapq.heappush(self.state.timers, (at, self.state.timer_count, kind, key))

    def look_at(self, service: str | None) -> None:
        """Decide on a service before time moves on."""
        if service is not None:
            self.dirty[service] = None

    def cluster(self, task: Task) -> Cluster:
        """Return a task's cluster."""
        return self.state.clusters[task.cluster]

    def instance(self, task: Task) -> Instance | None:
        """Return a task's host, if it has one that still exists."""
        if task.instance is None:
            return None
        return self.cluster(task).instances.get(task.instance)

    def service(self, task: Task) -> Service | None:
        """Return a task's service."""
        return None if task.service is None else self.state.services.get(task.service)

    def deployment(self, task: Task) -> Deployment | None:
        """Return a task's deployment, as long as its service knows it."""
        service = self.service(task)
        if service is None:
            return None
        return next((one for one in service.deployments if one.id == task.deployment), None)

    def tasks(self, deployment: Deployment) -> Iterator[Task]:
        """Return the tasks of a deployment that have not stopped, oldest first."""
        return (self.state.tasks[arn] for arn in list(deployment.tasks))
