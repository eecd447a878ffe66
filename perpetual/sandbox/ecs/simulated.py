"""A world in simulated time: tasks that behave as they are told to."""

import heapq
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from perpetual.sandbox.ecs import world
from perpetual.sandbox.ecs.world import Health, Registration, Report, Target, TaskStart

KILLED: Final = 137
"""Exit code of a container that SIGKILL ended: 128 and the number of the signal."""


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How the tasks of one image behave; seconds each.

    `attach`: network interface; `pull`: image, the first time on a host; `boot`: until all
    containers run; `health`: from registration until the balancer finds the target healthy;
    `unhealthy`: likewise, for a target that is `red`; `drain`: from deregistration until the target
    is out of use; `stop`: from SIGTERM until the containers end by themselves; `release`: until
    nothing is left on the host; `spread`: up to so much more for booting, different for each task.
    `crash`: from the start until the first container ends with
    `exit_code`; `start_error`: the reason for which the task cannot be started at all.
    """

    attach: float = 1.0
    pull: float = 2.0
    boot: float = 2.0
    health: float = 5.0
    unhealthy: float = 10.0
    drain: float = 30.0
    stop: float = 1.0
    release: float = 0.5
    spread: float = 0.0
    crash: float | None = None
    exit_code: int = 1
    exit_reason: str | None = None
    red: bool = False
    start_error: str | None = None


GOOD: Final = Behaviour()


@dataclass(kw_only=True)
class _Running:
    start: TaskStart
    behaviour: Behaviour
    stopping: bool = False
    began: bool = False
    exited: set[str] = field(default_factory=set)


class SimulatedWorld:
    """A world whose tasks behave by their first container's image, and otherwise well."""

    def __init__(self, behaviours: Mapping[str, Behaviour] | None = None) -> None:
        """Prepare an empty world at time zero."""
        self.behaviours = dict(behaviours or {})
        self.default = GOOD
        self.now = 0.0
        self.running: dict[str, _Running] = {}
        self.announced: set[Registration] = set()
        self.registered: set[Target] = set()
        self.log: list[tuple[float, str, str]] = []
        self._pulled: set[tuple[str, str]] = set()
        self._due: list[tuple[float, int, Callable[[], Report | None]]] = []
        self._count = 0

    # --- what the control plane makes happen

    def start(self, task: TaskStart) -> None:
        """Begin a task's life as its image behaves."""
        self._note("start", task.task)
        image = str(task.containers[0]["image"])
        behaviour = self.behaviours.get(image, self.default)
        running = self.running[task.task] = _Running(start=task, behaviour=behaviour)
        at = behaviour.attach
        self._unless_stopping(running, at, world.Attached(task=task.task, addresses=("10.0.0.1",)))
        self._unless_stopping(running, at, world.Pulling(task=task.task))
        if (task.host, image) not in self._pulled:
            at += behaviour.pull
        if behaviour.start_error is not None:
            self._fail(running, at, behaviour.start_error)
            return
        self._pulled.add((task.host, image))
        self._unless_stopping(running, at, world.Pulled(task=task.task))
        at += behaviour.boot + behaviour.spread * zlib.crc32(task.task.encode()) / 2**32
        self._later(at, lambda: self._started(running))
        if behaviour.crash is not None:
            first = str(task.containers[0]["name"])
            self._later(at + behaviour.crash, lambda: self._exit(running, first, None))

    def stop(self, task: str, seconds: Mapping[str, float]) -> None:
        """End a task's containers by themselves, or by SIGKILL if they take too long."""
        self._note("stop", task)
        running = self.running.get(task)
        if running is None or running.stopping:
            return
        running.stopping = True
        if not running.began:
            self._release(running, 0.0)
            return
        for name, limit in seconds.items():
            code = 0 if running.behaviour.stop <= limit else KILLED
            self._later(min(running.behaviour.stop, limit), self._exiting(running, name, code))

    def register(self, target: Target) -> None:
        """Check a target's health from now on."""
        self._note("register", target.task)
        self.registered.add(target)
        behaviour = self.running[target.task].behaviour
        self._later(0.0, lambda: world.TargetHealth(target=target, state=Health.INITIAL))
        if behaviour.red:
            self.judge(target, Health.UNHEALTHY, after=behaviour.unhealthy)
        else:
            self.judge(target, Health.HEALTHY, after=behaviour.health)

    def deregister(self, target: Target) -> None:
        """Drain a target."""
        self._note("deregister", target.task)
        self.registered.discard(target)
        running = self.running.get(target.task)
        drain = running.behaviour.drain if running else 0.0
        self._later(0.0, lambda: world.TargetHealth(target=target, state=Health.DRAINING))
        self._later(drain, lambda: world.TargetHealth(target=target, state=Health.UNUSED))

    def announce(self, registration: Registration) -> None:
        """Add a record."""
        self.announced.add(registration)

    def withdraw(self, registration: Registration) -> None:
        """Remove a record."""
        self.announced.discard(registration)

    # --- what happens by itself, or on demand

    def judge(self, target: Target, state: Health, *, after: float = 0.0) -> None:
        """Give a target that is still registered another health."""
        words = "Health checks failed with these codes: [500]" if state == "unhealthy" else ""
        report = world.TargetHealth(target=target, state=state, description=words)
        self._later(after, lambda: report if target in self.registered else None)

    def crash(self, task: str, exit_code: int = 1, reason: str | None = None) -> None:
        """End the first container of a task now."""
        running = self.running[task]
        name = str(running.start.containers[0]["name"])
        self._later(0.0, lambda: self._exit(running, name, exit_code, reason))

    def tell(self, report: Report) -> None:
        """Report something now."""
        self._later(0.0, lambda: report)

    def forget_host(self, instance: str) -> None:
        """Lose a host with all that runs there."""
        for arn, running in list(self.running.items()):
            if running.start.host == instance:
                running.stopping = True
                del self.running[arn]

    # --- time

    def next(self) -> float | None:
        """Return when something happens next."""
        return self._due[0][0] if self._due else None

    def happened(self) -> list[Report]:
        """Return what has happened by now."""
        reports = []
        while self._due and self._due[0][0] <= self.now:
            _, _, make = heapq.heappop(self._due)
            report = make()
            if report is not None:
                reports.append(report)
        return reports

    def _note(self, what: str, task: str) -> None:
        self.log.append((self.now, what, task))

    def _later(self, seconds: float, make: Callable[[], Report | None]) -> None:
        self._count += 1
        heapq.heappush(self._due, (self.now + seconds, self._count, make))

    def _unless_stopping(self, running: _Running, seconds: float, report: Report) -> None:
        self._later(seconds, lambda: None if running.stopping else report)

    def _started(self, running: _Running) -> Report | None:
        if running.stopping:
            return None
        running.began = True
        task = running.start
        ids = {str(one["name"]): f"{task.task[-8:]}-{one['name']}" for one in task.containers}
        return world.Started(task=task.task, addresses=("10.0.0.1",), runtime_ids=ids)

    def _fail(self, running: _Running, seconds: float, reason: str) -> None:
        def failed() -> Report | None:
            if running.stopping:
                return None
            running.stopping = True
            self._release(running, running.behaviour.release)
            return world.StartFailed(task=running.start.task, reason=reason)

        self._later(seconds, failed)

    def _exiting(self, running: _Running, name: str, code: int) -> Callable[[], Report | None]:
        return lambda: self._exit(running, name, code)

    def _exit(
        self, running: _Running, name: str, code: int | None, reason: str | None = None
    ) -> Report | None:
        task, behaviour = running.start, running.behaviour
        if task.task not in self.running or name in running.exited:
            return None
        running.exited.add(name)
        if len(running.exited) == len(task.containers):
            running.stopping = True
            self._release(running, behaviour.release)
        return world.Exited(
            task=task.task,
            container=name,
            exit_code=behaviour.exit_code if code is None else code,
            reason=behaviour.exit_reason if code is None else reason,
        )

    def _release(self, running: _Running, seconds: float) -> None:
        def released() -> Report | None:
            self._note("released", running.start.task)
            gone = self.running.pop(running.start.task, None)
            return world.Released(task=running.start.task) if gone else None

        self._later(seconds, released)
