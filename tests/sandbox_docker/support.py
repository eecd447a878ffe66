"""Images, tasks and reports as the tests of this folder have them."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from perpetual.sandbox.ecs.world import Report, TaskStart
from perpetual.sandbox.runtime.docker_api import Client
from perpetual.sandbox.runtime.registry import Registry

RUNNER = "perpetual-test/runner:trixie"
IMAGES = {
    "HAPROXY_IMAGE": "perpetual-test/haproxy:trixie",
    "POSTGRES_IMAGE": "perpetual-test/postgres:trixie",
    "REGISTRY_IMAGE": "perpetual-test/registry:trixie",
}
ACCOUNT = "444455556666"
REGION = "eu-west-1"
ECR = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/perpetual-dev"
LOGS: dict[str, Any] = {
    "logDriver": "awslogs",
    "options": {
        "awslogs-group": "/perpetual/dev/release",
        "awslogs-region": REGION,
        "awslogs-stream-prefix": "web",
    },
}


def until(what: str, holds: Callable[[], object], seconds: float = 60.0) -> float:
    """Wait until something holds, and return after how many seconds; fail the test otherwise."""
    start = time.monotonic()
    while not holds():
        assert time.monotonic() - start < seconds, f"not after {seconds:g} s: {what}"
        time.sleep(0.02)
    return time.monotonic() - start


def push(client: Client, registry: Registry, image: str, repository: str, tag: str) -> str:
    """Push an image of this machine, and return its digest in the registry."""
    name = f"{registry.address}/{repository}"
    client.tag(image, name, tag)
    try:
        for step in client.push(name, tag, stream=True, decode=True):
            assert "error" not in step, step
    finally:
        client.remove_image(f"{name}:{tag}")
    found = registry.manifest(repository, tag)
    assert found
    return found.digest


def task(number: int, *commands: str, host: str = "i-0", **changes: Any) -> TaskStart:
    """Return a task of one container that runs a shell's commands."""
    container: dict[str, Any] = {
        "name": "release",
        "image": f"{ECR}/perpetual/dev:base",
        "essential": True,
        "command": ["/bin/sh", "-c", "\n".join(commands)],
        "memory": 64,
        "logConfiguration": LOGS,
        **changes,
    }
    return of_containers(number, container, host=host)


def of_containers(number: int, *containers: Mapping[str, Any], host: str = "i-0") -> TaskStart:
    """Return a task of several containers."""
    return TaskStart(
        task=f"{CLUSTER.replace(':cluster/', ':task/')}/{number:032x}",
        cluster=CLUSTER,
        host=host,
        definition={"family": "perpetual-dev-web", "revision": 1, "networkMode": "awsvpc"},
        containers=containers,
        group="service:perpetual-dev-web",
    )


class Reports:
    """What a world reported, in order."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = threading.Lock()
        self._all: list[Report] = []

    def __call__(self, report: Report) -> None:
        """Take note of a report."""
        with self._lock:
            self._all.append(report)

    def of(self, task: TaskStart) -> list[Report]:
        """Return the reports about one task."""
        with self._lock:
            return [one for one in self._all if getattr(one, "task", None) == task.task]

    def kinds(self, task: TaskStart) -> list[str]:
        """Return the names of the reports about one task."""
        return [type(one).__name__ for one in self.of(task)]

    def await_one(self, task: TaskStart, kind: type[Any]) -> Any:
        """Wait for a report of a kind about one task, and return it."""

        def found() -> list[Report]:
            return [one for one in self.of(task) if isinstance(one, kind)]

        try:
            until(f"{kind.__name__} of {task.task[-4:]}", found)
        except AssertionError:
            pytest.fail(f"no {kind.__name__}, but {self.of(task)}")
        return found()[0]

    def others(self, kind: type[Any]) -> list[Any]:
        """Return the reports of a kind, whatever they are about."""
        with self._lock:
            return [one for one in self._all if isinstance(one, kind)]
