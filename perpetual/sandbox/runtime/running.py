"""One task as it stands on its host, and what it needs of the sandbox."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from perpetual.sandbox.ecs.world import Report, Started, TaskStart
from perpetual.sandbox.runtime.containers import Place
from perpetual.sandbox.runtime.docker_api import Client, Failed

START_SECONDS: Final = 180.0
"""Time a container has to get as far as others depend on, where it sets no `startTimeout`."""

_PAUSE: Final = 0.1


class Shipping(Protocol):
    """Where the containers' output goes."""

    def open(self, start: TaskStart, definition: Mapping[str, Any]) -> None:
        """Prepare for a container's output; raise `Failed` where it could go nowhere."""

    def follow(self, start: TaskStart, definition: Mapping[str, Any], container: str) -> None:
        """Ship what a container writes, until it ends."""

    def finish(self, container: str) -> None:
        """Wait until everything a container wrote is shipped."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What tasks need of the sandbox: values of secrets, names in DNS, somewhere for their logs."""

    place: Place
    secrets: Callable[[Mapping[str, Any]], Mapping[str, str]]
    names: Callable[[TaskStart], Sequence[str]]
    shipping: Shipping


@dataclass(kw_only=True)
class Running:
    """One task as it stands: its containers by name, and what is yet to be told about them.

    `pause` is the container whose network the others share, where there are several; `tokens` are
    the containers' names by their addresses at the metadata endpoint.
    """

    start: TaskStart
    lock: threading.Lock = field(default_factory=threading.Lock)
    ids: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    exited: set[str] = field(default_factory=set)
    ending: dict[str, str] = field(default_factory=dict)
    grace: Mapping[str, float] = field(default_factory=dict)
    held: list[Report] = field(default_factory=list)
    pause: str | None = None
    address: str = ""
    told: bool = False
    stopping: bool = False
    lost: bool = False
    begun: float = field(default_factory=time.time)

    @property
    def started(self) -> Started:
        """Return the report that it runs."""
        return Started(
            task=self.start.task,
            addresses=(self.address,) if self.address else (),
            runtime_ids=dict(self.ids),
        )


def await_needs(client: Client, running: Running, needs: Sequence[Mapping[str, Any]]) -> None:
    """Wait until the containers that another depends on are as far as it asks.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html

    Raises:
        Failed: One of them can no longer get there, or takes too long.
    """
    limits = {one["name"]: one.get("startTimeout") for one in running.start.containers}
    begun = time.monotonic()
    for need in needs:
        name, condition = need["containerName"], need["condition"]
        deadline = begun + (limits.get(name) or START_SECONDS)
        while not running.stopping and not _fulfils(client, running.ids[name], name, condition):
            if time.monotonic() > deadline:
                raise Failed(
                    f"TaskFailedToStart: dependency on container {name} {condition} was not "
                    "fulfilled in time"
                )
            time.sleep(_PAUSE)


def _fulfils(client: Client, container: str, name: str, condition: str) -> bool:
    state = client.inspect_container(container)["State"]
    if condition in ("COMPLETE", "SUCCESS") and state["Status"] == "exited":
        if condition == "SUCCESS" and state["ExitCode"]:
            raise Failed(
                f"TaskFailedToStart: container {name} exited with {state['ExitCode']}, and others "
                "depend on its success"
            )
        return True
    healthy = state.get("Health", {}).get("Status") == "healthy"
    return condition == "START" or (condition == "HEALTHY" and healthy)
