"""Faults on purpose: what fails on AWS sooner or later, here on request."""

from enum import StrEnum
from typing import Any, Final

from docker.errors import APIError  # type: ignore[import-untyped]

from perpetual.errors import OperatorError
from perpetual.sandbox.runtime.running import Running
from perpetual.sandbox.runtime.sandbox import Sandbox


class Fault(StrEnum):
    """What can fail."""

    TASK = "task"
    HOST = "host"
    DATABASE = "database"
    DISK = "disk"
    HEALTH = "health"
    REGISTRY = "registry"


UNDONE: Final = (Fault.DATABASE, Fault.HEALTH, Fault.REGISTRY)
"""Faults that last until they are undone; what the others break heals, and cannot be undone."""


def fail(sandbox: Sandbox, fault: Fault, *, undo: bool = False) -> str:
    """Let something fail, or no longer, and return what happened in a sentence.

    Raises:
        OperatorError: There is nothing that could fail so, or nothing to undo.
    """
    if undo and fault not in UNDONE:
        raise OperatorError(
            f"the fault of a {fault} cannot be undone", hint="Wait: the stack heals it by itself."
        )
    match fault:
        case Fault.TASK:
            return _task(sandbox)
        case Fault.HOST:
            return _host(sandbox)
        case Fault.DISK:
            return _disk(sandbox)
        case Fault.DATABASE:
            return _database(sandbox, undo=undo)
        case Fault.HEALTH:
            return _health(sandbox, undo=undo)
        case Fault.REGISTRY:
            return _registry(sandbox, undo=undo)


def _task(sandbox: Sandbox) -> str:
    """Kill a task, as when the release crashes."""
    running = _serving(sandbox)
    name, container = next(iter(running.ids.items()))
    sandbox.site.client.kill(container)
    return f"killed {name} of task {_id(running)}"


def _host(sandbox: Sandbox) -> str:
    """End a host with all that runs on it, one with tasks first."""
    host = _busiest(sandbox)
    sandbox.parts.fleet.kill(host)
    return f"host {host} is gone; its group launches another"


def _disk(sandbox: Sandbox) -> str:
    """Fill a host's disk: its own watch reports it unhealthy, and it is replaced.

    That watch is components/ecs/disk_check.py.
    """
    host = _busiest(sandbox)
    sandbox.clients("autoscaling").set_instance_health(InstanceId=host, HealthStatus="Unhealthy")
    return f"host {host} reports that its disk is full; it is drained and replaced"


def _database(sandbox: Sandbox, *, undo: bool) -> str:
    """Let the database fall silent: connections hang, as during a failover, until undone."""
    if sandbox.database is None:
        raise OperatorError("there is no database yet", hint="Start it: `perpetual sandbox up`.")
    _pause(sandbox, sandbox.database.container, undo=undo)
    return "the database answers again" if undo else "the database does not answer any more"


def _health(sandbox: Sandbox, *, undo: bool) -> str:
    """Let a task's health check go red: the release hangs, and answers nobody."""
    if undo:
        paused = [
            one["Id"]
            for one in sandbox.site.client.containers(
                filters={"label": sandbox.site.labels.filter, "status": "paused"}
            )
            if one["Labels"][sandbox.site.labels.ROLE] == "task"
        ]
        if not paused:
            raise OperatorError("no task hangs", hint="It may have been replaced meanwhile.")
        for container in paused:
            _pause(sandbox, container, undo=True)
        return f"{len(paused)} tasks go on" if len(paused) > 1 else "the task goes on"
    running = _serving(sandbox)
    _pause(sandbox, next(iter(running.ids.values())), undo=False)
    return f"task {_id(running)} hangs: its health check goes red, and it is replaced"


def _registry(sandbox: Sandbox, *, undo: bool) -> str:
    sandbox.registry.slow(slow=not undo)
    return "the registry is as fast as it was" if undo else "the registry is slow"


def _pause(sandbox: Sandbox, container: str, *, undo: bool) -> None:
    client: Any = sandbox.site.client
    try:
        client.unpause(container) if undo else client.pause(container)
    except APIError as error:
        what = "nothing to undo: it runs" if undo else "that fault is there already"
        raise OperatorError(what, detail=str(error.explanation)) from error


def _serving(sandbox: Sandbox) -> Running:
    """Return a task of the service that runs, the oldest."""
    found = [one for one in _running(sandbox) if one.start.service]
    if not found:
        raise OperatorError("no task of the service runs", hint="Deploy: `perpetual deploy`.")
    return min(found, key=lambda one: one.begun)


def _running(sandbox: Sandbox) -> list[Running]:
    """Return the tasks that run, and are not about to end anyway."""
    return [one for one in sandbox.parts.tasks.all if one.told and not one.stopping]


def _busiest(sandbox: Sandbox) -> str:
    """Return the host with most tasks that is not about to leave anyway."""
    hosts = [one.id for one in sandbox.parts.fleet.members if one.joined and one.leaving is None]
    if not hosts:
        raise OperatorError("there is no host", hint="Create the stack: `perpetual sandbox up`.")
    tasks = [one.start.host for one in _running(sandbox)]
    return max(hosts, key=tasks.count)


def _id(running: Running) -> str:
    return running.start.task.rpartition("/")[2]
