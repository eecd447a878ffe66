"""The control plane: requests in, answers out, and the one place where time passes."""

import heapq
from collections.abc import Mapping
from typing import Any, Final

from perpetual.sandbox.ecs import (
    conditions,
    deployments,
    ending,
    fleet,
    lifecycle,
    scheduler,
    waiting,
    world,
)
from perpetual.sandbox.ecs.core import SERVICE, Core
from perpetual.sandbox.ecs.errors import unsupported
from perpetual.sandbox.ecs.model import State, Task
from perpetual.sandbox.ecs.names import Account
from perpetual.sandbox.ecs.operations import OPERATIONS
from perpetual.sandbox.ecs.records import Service
from perpetual.sandbox.ecs.states import Monitor, Rollout
from perpetual.sandbox.ecs.timing import Timing

ACCOUNT: Final = Account(number="123456789012", region="eu-west-1")


class ControlPlane:
    """ECS's side of one account in one region.

    Nothing happens by itself: `advance` does what is due and says when something is due again. It
    is called after every request and report, and at the time it returned. All times are seconds
    since the epoch; one before the last one counts as the last one.

    `state` may be one kept from an earlier control plane; its world must be the same.
    """

    def __init__(
        self,
        world: world.World,
        *,
        account: Account = ACCOUNT,
        timing: Timing | None = None,
        state: State | None = None,
    ) -> None:
        """Start with nothing, or with what was kept."""
        self._core = Core(
            account=account, world=world, timing=timing or Timing(), state=state or State()
        )

    @property
    def state(self) -> State:
        """Return everything it knows, to be kept or looked at."""
        return self._core.state

    def call(self, operation: str, request: Mapping[str, Any], at: float, /) -> dict[str, Any]:
        """Answer a request as boto3 sends it.

        Raises:
            EcsError: AWS would refuse it, or the sandbox does not have it.
        """
        self.advance(at)
        answer = OPERATIONS.get(operation)
        if answer is None:
            raise unsupported(f"{operation} is an operation of ECS.")
        return answer(self._core, request)

    def report(self, report: world.Report, at: float, /) -> None:
        """Take note of what happened; reports of one moment are weighed together."""
        if at > self.state.now:
            self.advance(at)
        _take(self._core, report)

    def advance(self, at: float, /) -> float | None:
        """Do what is due until `at`, each at its time; return when something is due next."""
        state = self.state
        while state.timers and state.timers[0][0] <= at:
            due = state.timers[0][0]
            state.now = max(state.now, due)
            while state.timers and state.timers[0][0] <= due:
                _, _, kind, key = heapq.heappop(state.timers)
                self._wake(kind, key)
            scheduler.settle(self._core)
        state.now = max(state.now, at)
        scheduler.settle(self._core)
        self._forget()
        return state.timers[0][0] if state.timers else None

    def _wake(self, kind: str, key: str) -> None:
        core = self._core
        if kind == SERVICE:
            core.look_at(key)
        elif key in core.state.tasks:
            task = core.state.tasks[key]
            conditions.refresh(core, task)
            if core.now >= task.at.created + core.timing.provisioning:
                waiting.give_up(core, task)

    def _forget(self) -> None:
        """Forget tasks that stopped long ago.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
        """
        state = self.state
        old = state.now - self._core.timing.remembered
        while state.stopped:
            arn, stopped = next(iter(state.stopped.items()))
            if stopped > old:
                return
            del state.stopped[arn]
            state.tasks.pop(arn, None)


# --- reports


def _take(core: Core, report: world.Report) -> None:
    match report:
        case world.HostJoined():
            fleet.join(core, report.cluster, report.host)
        case world.HostLost():
            fleet.lose(core, report.instance, report.reason)
        case world.AgentConnection():
            fleet.connect(core, report.instance, connected=report.connected)
        case world.AlarmState():
            _alarm(core, report.name, report.state)
        case world.TargetHealth():
            task = core.state.tasks.get(report.target.task)
            if task is not None:
                ending.target_changed(core, task, report.target, report.state, report.description)
        case _:
            task = core.state.tasks.get(report.task)
            if task is not None and task.handed:
                _of_task(core, task, report)


def _of_task(core: Core, task: Task, report: world.Report) -> None:
    match report:
        case world.Attached():
            lifecycle.attached(core, task, report.addresses)
        case world.Pulling():
            lifecycle.pulling(core, task)
        case world.Pulled():
            lifecycle.pulled(core, task, report.digests)
        case world.Started():
            lifecycle.started(core, task, report.addresses, report.runtime_ids)
        case world.StartFailed():
            ending.start_failed(core, task, report.reason, report.container)
        case world.Exited():
            ending.exited(core, task, report.container, report.exit_code, report.reason)
        case world.Released():
            ending.finish(core, task)
        case world.ContainerHealth():
            _container_health(core, task, report)


def _container_health(core: Core, task: Task, report: world.ContainerHealth) -> None:
    for container in task.containers:
        if container.name == report.container:
            container.health = report.status
            task.version += 1
    conditions.refresh(core, task)


def _alarm(core: Core, name: str, state: str) -> None:
    """Note an alarm's state; a red one fails the deployments that are watched by it.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
    """
    core.state.alarms[name] = state
    if state != "ALARM":
        return
    for service in core.state.services.values():
        if service.status == "ACTIVE" and service.primary.rollout is Rollout.IN_PROGRESS:
            _alarmed(core, service, name)


def _alarmed(core: Core, service: Service, name: str) -> None:
    record = deployments.record_of(service, service.primary)
    alarms = record.configuration.get("alarms") or {}
    if record.alarms is Monitor.MONITORING and name in alarms.get("alarmNames", ()):
        record.alarms, record.triggered = Monitor.TRIGGERED, (name,)
        failure = deployments.by_alarms([name], rollback=alarms.get("rollback", False))
        deployments.fail(core, service, service.primary, failure)
