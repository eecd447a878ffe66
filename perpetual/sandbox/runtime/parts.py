"""The sandbox's own containers, those that are no tasks: images, start, and waiting for them."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from docker.errors import DockerException, ImageNotFound  # type: ignore[import-untyped]

from perpetual.errors import OperatorError
from perpetual.sandbox.runtime import docker_api
from perpetual.sandbox.runtime.containers import LOOPBACK, Wanted
from perpetual.sandbox.runtime.docker_api import Client, Failed
from perpetual.sandbox.runtime.labels import Labels

READY_SECONDS: Final = 60.0
_PAUSE: Final = 0.05
_LAST_LINES: Final = 15
_TAKEN: Final = ("port is already allocated", "address already in use", "ports are not available")
"""What Docker says where another container, or another program, has a port."""


class Part(StrEnum):
    """What a sandbox consists of, beside its tasks."""

    BALANCER = "balancer"
    DATABASE = "database"
    REGISTRY = "registry"


IMAGES: Final = {
    Part.BALANCER: ("HAPROXY_IMAGE", "haproxy:3.0"),
    Part.DATABASE: ("POSTGRES_IMAGE", "postgres:17.6-trixie"),
    Part.REGISTRY: ("REGISTRY_IMAGE", "registry:2.8.3"),
}
"""Image of each part: the variable that names another, and the default."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where a sandbox's parts are: the Docker daemon, the sandbox's labels, its network's name."""

    client: Client
    labels: Labels
    network: str


@dataclass(frozen=True, kw_only=True)
class Spec:
    """How a part runs: a command for the shell, ports and names.

    `ports` are those inside, each with the one on loopback, 0 for any; `binds` as Docker writes
    them; `volumes` are folders that go with the container; `variables` may hold secrets, and so are
    not shown.
    """

    part: Part
    command: str
    ports: Mapping[int, int]
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    binds: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    user: str = ""
    stop_signal: str = "SIGTERM"


def image(part: Part) -> str:
    """Return the image of a part: the environment's, or the default."""
    variable, default = IMAGES[part]
    return os.environ.get(variable) or default


def start(site: Site, spec: Spec) -> str:
    """Start a part and return its container's id; its image is pulled where it is missing.

    Raises:
        OperatorError: The image is nowhere, a port is taken, or Docker refuses otherwise.
    """
    _ensure(site.client, spec.part)
    body: dict[str, Any] = {
        "Image": image(spec.part),
        "Entrypoint": ["/bin/sh", "-c", spec.command],
        "Cmd": [],
        "Env": [f"{name}={value}" for name, value in spec.variables.items()],
        "Labels": site.labels.of(spec.part),
        "User": spec.user,
        "StopSignal": spec.stop_signal,
        "ExposedPorts": {f"{port}/tcp": {} for port in spec.ports},
        "Volumes": {folder: {} for folder in spec.volumes},
        "HostConfig": {
            "NetworkMode": site.network,
            "PortBindings": {
                f"{inside}/tcp": [{"HostIp": LOOPBACK, "HostPort": str(outside or "")}]
                for inside, outside in spec.ports.items()
            },
            "Binds": list(spec.binds),
            "Init": True,
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "1"}},
        },
        "NetworkingConfig": {
            "EndpointsConfig": {site.network: {"Aliases": [spec.part.value, *spec.names]}}
        },
    }
    name = site.labels.named(spec.part)
    try:
        return docker_api.run(
            site.client, Wanted(container=spec.part, name=name, token="", body=body)
        )
    except Failed as error:
        raise OperatorError(
            f"the sandbox's {spec.part} does not start",
            hint=_way_out(str(error), [outside for outside in spec.ports.values() if outside]),
            detail=str(error),
        ) from error


def port(client: Client, container: str, inside: int) -> int:
    """Return the port of loopback at which a container's is published.

    Raises:
        OperatorError: The container has ended; its last words are the detail.
    """
    bound = client.inspect_container(container)["NetworkSettings"]["Ports"].get(f"{inside}/tcp")
    if not bound:
        raise _silent(client, container, "a container that runs on")
    return int(bound[0]["HostPort"])


def until(client: Client, container: str, what: str, holds: Callable[[], bool]) -> None:
    """Wait until something holds of a part.

    Raises:
        OperatorError: It does not, or the container has ended; its last words are the detail.
    """
    deadline = time.monotonic() + READY_SECONDS
    while not holds():
        ended = client.inspect_container(container)["State"]["Status"] == "exited"
        if ended or time.monotonic() > deadline:
            raise _silent(client, container, what)
        time.sleep(_PAUSE)


def _way_out(said: str, ports: Sequence[int]) -> str:
    """Return what to do about a refusal of Docker's, nothing where that is not known."""
    if not ports or not any(one in said for one in _TAKEN):
        return ""
    listed = " and ".join(map(str, ports))
    return (
        f"Of the ports {listed} of this machine one is taken: end what has it, or choose others "
        "with --http-port and --https-port."
    )


def _silent(client: Client, container: str, what: str) -> OperatorError:
    said = client.logs(container, tail=_LAST_LINES).decode(errors="replace").strip()
    return OperatorError(f"the sandbox does not start: there is not {what}", detail=said)


def _ensure(client: Client, part: Part) -> None:
    wanted = image(part)
    try:
        client.inspect_image(wanted)
    except ImageNotFound:
        try:
            docker_api.pull(client, wanted)
        except (Failed, DockerException) as error:
            variable, _ = IMAGES[part]
            raise OperatorError(
                f"there is no image {wanted} for the sandbox's {part}",
                hint=f"Name one that your registry has with the variable {variable}.",
                detail=str(error),
            ) from error
