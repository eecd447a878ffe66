"""A project of Compose by its name alone: what belongs to it, found by labels, in whatever state.

Compose reads its file, and the files that this names, even in order to remove; and it takes longer.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from perpetual.errors import OperatorError
from perpetual.release import docker

# Labels that both versions of Compose set; the last is for tasks, which Compose does not start.
_PROJECT: Final = "com.docker.compose.project"
_SERVICE: Final = "com.docker.compose.service"
_TASK: Final = "perpetual.environment"

_PAUSE: Final = 0.1
_ROUNDS: Final = 10
"""How often a removal begins again: a container may be about to appear, or to go by itself."""


@dataclass(frozen=True)
class Project:
    """The containers, networks and volumes of one environment."""

    name: str

    @property
    def network(self) -> str:
        """Return the name of its network, as Compose makes it."""
        return f"{self.name}_default"

    @property
    def certificates(self) -> str:
        """Return the name of the volume that holds the certificates."""
        return f"{self.name}_certificates"

    @property
    def task_label(self) -> str:
        """Return the label of a container that is the project's, and not Compose's to know."""
        return f"{_TASK}={self.name}"

    def container(self, service: str) -> str:
        """Return the id of a service's container.

        Raises:
            OperatorError: The service has none.
        """
        found = self._ids("container", f"{_SERVICE}={service}", options=("--all",))
        if not found:
            message = f"the environment {self.name} has no container of {service}"
            raise OperatorError(message, hint="Start it with `perpetual release up`.")
        return found[0]

    def running(self, service: str) -> list[str]:
        """Return the id of a service's container, if it runs."""
        return self._ids("container", f"{_SERVICE}={service}")

    def address(self, service: str) -> str:
        """Return a service's address on the project's network."""
        found = self._state(service)
        return str(found["NetworkSettings"]["Networks"][self.network]["IPAddress"])

    def exit_code(self, service: str) -> int:
        """Return the exit code of a service whose container has ended; 0 while it runs."""
        return int(self._state(service)["State"]["ExitCode"])

    def published(self) -> set[int]:
        """Return the ports on this machine that lead to the project's containers."""
        said = docker.run(
            "ps", "--filter", f"label={_PROJECT}={self.name}", "--format", "{{.Ports}}"
        )
        return {int(port) for port in re.findall(r":(\d+)->", said)}

    def until(self, what: str, holds: Callable[[], bool], service: str, *, seconds: float) -> None:
        """Wait until something holds.

        Raises:
            OperatorError: It does not within `seconds`, or the service's container has ended.
        """
        deadline = time.monotonic() + seconds
        while not holds():
            container = self.container(service)
            found = docker.container(container)
            ended = found is not None and found["State"]["Status"] == "exited"
            # It may have ended as it should, since it was asked.
            if (ended and not holds()) or time.monotonic() > deadline:
                said = docker.call(["docker", "logs", "--tail", "15", container], both=True)
                raise OperatorError(
                    f"{service} ended before {what}"
                    if ended
                    else f"not after {seconds:g} s: {what}",
                    detail=said.strip(),
                )
            time.sleep(_PAUSE)

    def remove(self, *, volumes: bool, gracefully: bool) -> None:
        """Remove everything; `volumes` means the database's rows and the keys, too.

        `gracefully` lets containers end by themselves.
        """
        if gracefully and (running := self._containers(options=())):
            docker.run("stop", *running)
        for _ in range(_ROUNDS):
            if not self._containers():
                break
            docker.succeeds("rm", "--force", "--volumes", *self._containers())
        for kind in ("network", *(["volume"] if volumes else [])):
            if found := self._ids(kind):
                docker.run(kind, "rm", *found)

    def _state(self, service: str) -> dict[str, Any]:
        found = docker.container(self.container(service))
        if found is None:
            message = f"the container of {service} went away meanwhile"
            raise OperatorError(message, hint="Run the command again.")
        return found

    def _containers(self, options: tuple[str, ...] = ("--all",)) -> list[str]:
        tasks = docker.ids("container", self.task_label, options=options)
        return self._ids("container", options=options) + tasks

    def _ids(self, kind: str, *labels: str, options: tuple[str, ...] = ()) -> list[str]:
        return docker.ids(kind, f"{_PROJECT}={self.name}", *labels, options=options)
