"""Tasks as containers: pulled, started, watched and stopped as ECS's agent does on a host."""

import logging
import math
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from docker.errors import DockerException, NotFound  # type: ignore[import-untyped]

from perpetual.sandbox.ecs import world
from perpetual.sandbox.ecs.world import Report, TaskStart
from perpetual.sandbox.runtime import containers, docker_api, parts
from perpetual.sandbox.runtime.containers import Wanted
from perpetual.sandbox.runtime.docker_api import Client, Failed, LimitsRefused
from perpetual.sandbox.runtime.happening import Events
from perpetual.sandbox.runtime.parts import Part
from perpetual.sandbox.runtime.running import Running, Surroundings, await_needs

_LOG = logging.getLogger(__name__)

OUT_OF_MEMORY: Final = "OutOfMemoryError: Container killed due to memory usage"
"""https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html"""

GRACE: Final = 30.0
"""Seconds from SIGTERM to SIGKILL where nobody says otherwise, as the agent's own default."""


class Tasks:
    """The tasks of one sandbox. Methods return at once; what happens is reported."""

    def __init__(
        self,
        client: Client,
        around: Surroundings,
        report: Callable[[Report], None],
        pool: Executor,
    ) -> None:
        """Prepare; `watch` begins to follow what happens to containers."""
        self._client = client
        self._around = around
        self._report = report
        self._pool = pool
        self._lock = threading.Lock()
        self._tasks: dict[str, Running] = {}
        self._limits = True
        self._pulled: set[tuple[str, str]] = set()
        self._events = Events(client, around.place.labels, self._happened)

    @property
    def all(self) -> list[Running]:
        """Return the tasks that are left."""
        with self._lock:
            return list(self._tasks.values())

    def address(self, task: str) -> str | None:
        """Return a task's address, None where it has none or is gone."""
        running = self.find(task)
        return running.address or None if running else None

    def start(self, start: TaskStart) -> None:
        """Start a task."""
        with self._lock:
            if start.task in self._tasks:
                return
            running = self._tasks[start.task] = Running(start=start)
        self._pool.submit(self._begin, running)

    def stop(self, task: str, seconds: Mapping[str, float]) -> None:
        """Stop a task's containers, each with its time to end by itself."""
        running = self.find(task)
        if running is None:
            return
        with running.lock:
            running.stopping = True
            running.grace = seconds
        self._end_all(running)

    def lose(self, host: str) -> None:
        """End whatever runs on a host at once, as when the host ends; nothing is reported."""
        for running in self.all:
            if running.start.host == host:
                with running.lock:
                    running.lost = running.stopping = True
                self._forget(running)
                self._remove(running)
        self._pulled = {one for one in self._pulled if one[0] != host}

    def pull(self, host: str, image: str) -> None:
        """Pull an image onto a host.

        Raises:
            Failed: The registry does not have it.
        """
        reference = containers.reference(image, self._around.place.registry)
        docker_api.pull(self._client, reference)
        self._pulled.add((host, reference))

    # --- life of one task

    def _begin(self, running: Running) -> None:
        start = running.start
        self._tell(running, world.Attached(task=start.task))
        try:
            self._pull(running)
            if len(start.containers) > 1:
                self._share(running)
            for definition in containers.ordered(start.containers):
                if running.stopping:
                    break
                await_needs(self._client, running, definition.get("dependsOn", ()))
                self._run(running, definition)
        except Failed as error:
            self._tell(running, world.StartFailed(task=start.task, reason=str(error)))
            self._abandon(running)
        except Exception as error:  # noqa: BLE001 - whatever it is, the task must not hang
            _LOG.exception("a task could not be started")
            reason = f"CannotStartContainerError: {type(error).__name__}"
            self._tell(running, world.StartFailed(task=start.task, reason=reason))
            self._abandon(running)
        else:
            self._begun(running)

    def _pull(self, running: Running) -> None:
        """Pull what this host has not pulled before: the hosts' agents pull each image once."""
        start, registry = running.start, self._around.place.registry
        self._tell(running, world.Pulling(task=start.task))
        digests = {}
        for one in start.containers:
            reference = containers.reference(one["image"], registry)
            # Docker is everybody's here: an image may have been removed since it was pulled.
            known = (start.host, reference) in self._pulled
            if not known or not docker_api.has(self._client, reference):
                docker_api.pull(self._client, reference)
                self._pulled.add((start.host, reference))
            digest = docker_api.digest(self._client, reference)
            if digest:
                digests[one["name"]] = digest
        self._tell(running, world.Pulled(task=start.task, digests=digests))

    def _run(self, running: Running, definition: Mapping[str, Any]) -> None:
        start, around = running.start, self._around
        if missing := containers.unsupported(definition):
            raise Failed(f"CannotCreateContainerError: the sandbox has no {', '.join(missing)}")
        around.shipping.open(start, definition)
        place = replace(around.place, names=around.names(start))
        wanted = containers.wanted(
            start, definition, place, around.secrets(definition), joins=running.pause
        )
        running.tokens[wanted.token] = wanted.container
        container = self._started(wanted)
        around.shipping.follow(start, definition, container)
        with running.lock:
            running.ids[wanted.container] = container
        if not running.pause:
            running.address = docker_api.address(self._client, container, place.network)

    def _started(self, wanted: Wanted) -> str:
        """Start a container, without limits of its process once the daemon has refused them."""
        if self._limits:
            try:
                return docker_api.run(self._client, wanted)
            except LimitsRefused as error:
                self._limits = False
                _LOG.warning("containers run without ulimits from here on: %s", error)
        return docker_api.run(
            self._client, replace(wanted, body=containers.without_limits(wanted.body))
        )

    def _share(self, running: Running) -> None:
        """Start what holds the network of a task's containers, whichever of them ends first."""
        place = replace(self._around.place, names=self._around.names(running.start))
        wanted = containers.pause(running.start, place, parts.image(Part.BALANCER))
        running.pause = docker_api.run(self._client, wanted)
        running.address = docker_api.address(self._client, running.pause, place.network)

    def _begun(self, running: Running) -> None:
        """Tell that a task runs, and then what happened to it meanwhile."""
        with running.lock:
            running.told = True
            held, running.held = running.held, []
            if running.ids and not running.stopping:
                self._tell(running, running.started)
            for report in held:
                self._tell(running, report)
        if running.lost:
            self._remove(running)
        elif running.stopping:
            self._end_all(running)
        self._release_if_over(running)

    def _abandon(self, running: Running) -> None:
        """Remove what was begun of a task that did not start."""
        self._forget(running)
        self._release_after_all(running)

    def _release_after_all(self, running: Running) -> None:
        """Remove what is left of a task; whatever comes of that, its host has the room again."""
        try:
            self._remove(running)
        finally:
            self._tell(running, world.Released(task=running.start.task))

    def _remove(self, running: Running) -> None:
        # A copy: one that is being started may join meanwhile.
        for container in list(running.ids.values()):
            docker_api.remove(self._client, container)
            self._around.shipping.finish(container)
        if running.pause:
            docker_api.remove(self._client, running.pause)

    def _end_all(self, running: Running) -> None:
        """End the containers that are not ending yet, each within its time."""
        with running.lock:
            fresh = running.ids.items() - running.ending.items()
            running.ending |= dict(fresh)
        for name, container in fresh:
            self._pool.submit(self._end, container, running.grace.get(name, GRACE))

    def _end(self, container: str, seconds: float) -> None:
        with suppress(NotFound):
            try:
                self._client.stop(container, timeout=math.ceil(seconds))
            except (DockerException, OSError):
                _LOG.exception("a container could not be stopped: killed")
                docker_api.remove(self._client, container)

    # --- what happens to containers

    def watch(self) -> None:
        """Follow what happens to containers, until `close`."""
        self._events.start()

    def close(self) -> None:
        """Follow no more."""
        self._events.close()

    def _happened(self, event: Mapping[str, Any]) -> None:
        about = event["Actor"]["Attributes"]
        labels = self._around.place.labels
        running = self.find(about.get(labels.TASK, ""))
        name = about.get(labels.CONTAINER, "")
        if running is None or name == containers.PAUSE:
            return
        if event["Action"] == "die":
            self._died(running, name, event["Actor"]["ID"], int(about.get("exitCode", 137)))
        else:
            status = event["Action"].rpartition(" ")[2].upper()
            self._tell_in_order(
                running,
                world.ContainerHealth(task=running.start.task, container=name, status=status),
            )

    def _died(self, running: Running, name: str, container: str, code: int) -> None:
        reason = None
        # That it ended is known; where Docker does not answer, only the reason is not.
        with suppress(DockerException, OSError):
            state = self._client.inspect_container(container)["State"]
            reason = OUT_OF_MEMORY if state.get("OOMKilled") else None
        with running.lock:
            if name in running.exited:
                return
            running.exited.add(name)
        self._tell_in_order(
            running,
            world.Exited(task=running.start.task, container=name, exit_code=code, reason=reason),
        )
        self._release_if_over(running)

    def _release_if_over(self, running: Running) -> None:
        with running.lock:
            over = running.told and running.exited >= running.ids.keys()
        if over and self._forget(running):
            self._pool.submit(self._release, running)

    def _release(self, running: Running) -> None:
        for container in running.ids.values():
            self._around.shipping.finish(container)
        self._release_after_all(running)

    # --- bookkeeping

    def find(self, task: str) -> Running | None:
        """Return a task that is left."""
        with self._lock:
            return self._tasks.get(task)

    def _forget(self, running: Running) -> bool:
        with self._lock:
            return self._tasks.pop(running.start.task, None) is not None

    def _tell_in_order(self, running: Running, report: Report) -> None:
        """Tell of a container, but not before its task has been told to run."""
        with running.lock:
            if not running.told:
                running.held.append(report)
                return
        self._tell(running, report)

    def _tell(self, running: Running, report: Report) -> None:
        if not running.lost:
            self._report(report)
