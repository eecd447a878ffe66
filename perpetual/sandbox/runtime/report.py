"""What a sandbox consists of at a moment, for `perpetual sandbox status`."""

from dataclasses import dataclass
from typing import Any

from perpetual.sandbox.runtime import parts
from perpetual.sandbox.runtime.parts import Part
from perpetual.sandbox.runtime.sandbox import Sandbox


@dataclass(frozen=True, kw_only=True)
class Container:
    """One of the sandbox's own containers."""

    part: str
    image: str
    state: str


@dataclass(frozen=True, kw_only=True)
class Host:
    """A host, and the tasks on it."""

    instance: str
    zone: str
    state: str
    tasks: int


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task with its address, and its health as the balancer sees it; empty without one."""

    id: str
    group: str
    host: str
    state: str
    address: str
    health: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """The whole."""

    containers: tuple[Container, ...]
    hosts: tuple[Host, ...]
    tasks: tuple[Task, ...]


def read(sandbox: Sandbox) -> Report:
    """Return what there is."""
    running = sandbox.parts.tasks.all
    return Report(
        containers=tuple(_containers(sandbox)),
        hosts=tuple(
            Host(
                instance=one.id,
                zone=str(one.instance.placement.zone),
                state="leaving" if one.leaving else "ready" if one.joined else "booting",
                tasks=sum(other.start.host == one.id for other in running),
            )
            for one in sandbox.parts.fleet.members
        ),
        tasks=tuple(
            Task(
                id=one.start.task.rpartition("/")[2],
                group=one.start.group,
                host=one.start.host,
                state="stopping" if one.stopping else "running" if one.told else "starting",
                address=one.address,
                health=_health(sandbox, one.start.task),
            )
            for one in running
        ),
    )


def _containers(sandbox: Sandbox) -> list[Container]:
    found: list[Any] = sandbox.site.client.containers(
        all=True, filters={"label": sandbox.site.labels.filter}
    )
    by_role = {one["Labels"][sandbox.site.labels.ROLE]: one for one in found}
    return [
        Container(part=part.value, image=parts.image(part), state=by_role[part]["State"])
        for part in Part
        if part in by_role
    ]


def _health(sandbox: Sandbox, task: str) -> str:
    states = [one.state.value for one in sandbox.parts.traffic.all() if one.target.task == task]
    return ", ".join(states)
