"""The edge to Docker: what the sandbox asks of its API, with faults in the words of ECS's agent."""

import time
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

import docker  # type: ignore[import-untyped]
from docker.errors import APIError, DockerException, NotFound  # type: ignore[import-untyped]

from perpetual.errors import OperatorError
from perpetual.sandbox.runtime.containers import LOOPBACK, Wanted
from perpetual.sandbox.runtime.labels import Labels

Client = Any
"""docker-py's APIClient, which has no types."""

SECONDS: Final = 120
"""Longest wait for an answer of the daemon; pulls answer as they go."""

POOL: Final = 64
"""Connections to the daemon; following a container's log keeps one."""

GONE_SECONDS: Final = 30.0
"""Longest wait for containers whose removal somebody else has begun."""

_PAUSE: Final = 0.1
_ON_ITS_WAY: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
"""Answers about a container that is gone, or that somebody else is about to remove."""


class Failed(Exception):  # noqa: N818 - what the agent reports, not a fault of the sandbox
    """Something that Docker refused, as ECS's agent would say it."""


class LimitsRefused(Failed):
    """A limit of the process, such as that of open files, that this daemon may not raise."""


def connect() -> Client:
    """Return a client of the Docker daemon.

    Raises:
        OperatorError: There is none that answers.
    """
    try:
        client = docker.from_env(timeout=SECONDS, max_pool_size=POOL).api
        client.ping()
    except DockerException as error:
        raise OperatorError(
            "the Docker daemon does not answer",
            hint="Start it, and see that you may use it: `docker info` says so.",
            detail=str(error),
        ) from error
    return client


def pull(client: Client, reference: str) -> None:
    """Pull an image.

    Raises:
        Failed: The registry does not have it, or does not answer.
    """
    name, _, digest = reference.partition("@")
    name, tag = (name, digest) if digest else _tagged(name)
    try:
        for step in client.pull(name, tag=tag, stream=True, decode=True):
            if "error" in step:
                raise Failed(f"CannotPullContainerError: {step['error']}")
    except APIError as error:
        raise Failed(f"CannotPullContainerError: {_daemon(error)}") from error


def has(client: Client, reference: str) -> bool:
    """Tell whether an image is here."""
    try:
        client.inspect_image(reference)
    except NotFound:
        return False
    return True


def digest(client: Client, reference: str) -> str | None:
    """Return the digest under which an image that is here came from its registry."""
    name = reference.partition("@")[0]
    name = _tagged(name)[0]
    for one in client.inspect_image(reference)["RepoDigests"] or ():
        repository, _, found = one.partition("@")
        if repository == name:
            return str(found)
    return None


def run(client: Client, wanted: Wanted) -> str:
    """Create and start a container, and return its id.

    Raises:
        LimitsRefused: The daemon may not raise limits of the process; nothing of it is left.
        Failed: It cannot be created or started otherwise; likewise.
    """
    try:
        created = client.create_container_from_config(wanted.body, wanted.name)["Id"]
    except APIError as error:
        raise Failed(f"CannotCreateContainerError: {_daemon(error)}") from error
    try:
        client.start(created)
    except Exception as error:
        # Also where the daemon did not answer in time: it may start it yet, and nobody would know.
        remove(client, created)
        if not isinstance(error, APIError):
            raise
        said = f"CannotStartContainerError: {_daemon(error)}"
        if "rlimit" in said and "Ulimits" in wanted.body["HostConfig"]:
            raise LimitsRefused(said) from error
        raise Failed(said) from error
    return str(created)


def address(client: Client, container: str, network: str) -> str:
    """Return a container's address in a network."""
    found = client.inspect_container(container)["NetworkSettings"]["Networks"][network]
    return str(found["IPAddress"])


def remove(client: Client, container: str) -> None:
    """Remove a container, running or not; one that is gone, or going, is none the worse."""
    try:
        client.remove_container(container, force=True, v=True)
    except APIError as error:
        if error.status_code not in _ON_ITS_WAY:
            raise


def events(client: Client, labels: Labels, since: float) -> Any:
    """Return what happens to the containers of a sandbox, from a moment on: a stream to close."""
    wanted = {"type": "container", "label": labels.filter, "event": ["die", "health_status"]}
    return client.events(since=f"{since:.9f}", filters=wanted, decode=True)


def sweep(client: Client, labels: Labels) -> list[str]:
    """Remove everything that a sandbox made in Docker, and return its names.

    Names of images in its registry go with it; an image that has another name stays.
    """
    mine = {"label": labels.filter}
    gone, registries = [], []
    for one in client.containers(all=True, filters=mine):
        registries += [f"{LOOPBACK}:{port.get('PublicPort')}/" for port in one["Ports"]]
        remove(client, one["Id"])
        gone.append(one["Names"][0].lstrip("/"))
    # A network goes after everything on it.
    deadline = time.monotonic() + GONE_SECONDS
    while client.containers(all=True, filters=mine) and time.monotonic() < deadline:
        time.sleep(_PAUSE)
    for name in _images(client, tuple(registries)):
        # It may have gone with a name before it, or somebody's container needs it still.
        with suppress(APIError):
            client.remove_image(name)
            gone.append(name)
    for one in client.networks(filters=mine):
        with suppress(NotFound):
            client.remove_network(one["Id"])
        gone.append(one["Name"])
    for one in client.volumes(filters=mine)["Volumes"] or ():
        with suppress(NotFound):
            client.remove_volume(one["Name"], force=True)
        gone.append(one["Name"])
    return gone


def _images(client: Client, registries: tuple[str, ...]) -> list[str]:
    """Return the names that images of these registries have here."""
    return [
        name
        for one in client.images()
        for name in (*(one["RepoTags"] or ()), *(one["RepoDigests"] or ()))
        if name.startswith(registries)
    ]


def _tagged(name: str) -> tuple[str, str]:
    head, colon, tag = name.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (name, "latest")


def _daemon(error: Exception) -> str:
    said = getattr(error, "explanation", None) or str(error)
    text = said.decode() if isinstance(said, bytes) else str(said)
    return f"Error response from daemon: {text.strip()}"
