"""From a task definition's container to what Docker is asked for: a pure translation.

What ECS's agent gives Docker for each field:
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
The result is the body of Docker's `POST /containers/create`:
https://docs.docker.com/reference/api/engine/version/v1.41/
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from perpetual.sandbox.ecs.world import TaskStart
from perpetual.sandbox.runtime.labels import Labels

MIB: Final = 1_048_576
NANOSECONDS: Final = 1_000_000_000
LOOPBACK: Final = "127.0.0.1"

SMALLEST_SHARES: Final = 2
"""CPU shares of a container that asks for none: Linux knows no fewer."""

AUTHORITIES: Final = "PGSSLROOTCERT"
"""Variable that names the file of authorities for the database; the sandbox's stand there."""

PAUSE: Final = "~internal~ecs~pause"
"""Name that ECS's agent gives the container that holds a task's network."""

ECR: Final = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/")

UNSUPPORTED: Final = (
    "environmentFiles",
    "firelensConfiguration",
    "mountPoints",
    "resourceRequirements",
    "restartPolicy",
    "volumesFrom",
)
"""Fields that the sandbox does not have; a container that sets one does not start."""

_LOGS: Final = {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a task runs: the network, its names there, and what stands in for AWS's services.

    `registry` is the address that ECR's images come from; `metadata` the task metadata endpoint,
    without what tells one container from another; `authority` a file of authorities here.
    """

    labels: Labels
    network: str
    registry: str
    metadata: str
    names: Sequence[str] = ()
    authority: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One container to create: its name, Docker's body for it, and the token of its metadata.

    The body holds secrets, and so is not shown.
    """

    container: str
    name: str
    token: str
    body: dict[str, Any] = field(repr=False)


def wanted(
    start: TaskStart,
    definition: Mapping[str, Any],
    place: Place,
    secrets: Mapping[str, str],
    *,
    joins: str | None = None,
) -> Wanted:
    """Return one container of a task; `secrets` are its secret variables, by name.

    `joins` is the id of a container whose network it shares, as all containers of a task do.
    """
    container = str(definition["name"])
    task = start.task.rpartition("/")[2]
    token = f"{task}-{container}"
    body = {
        "Image": reference(definition["image"], place.registry),
        "Env": _environment(definition, secrets, f"{place.metadata}/v4/{token}"),
        "Labels": {**definition.get("dockerLabels", {}), **_labels(start, container, place)},
        "HostConfig": host_config(start.definition, definition, place, joins),
        **_process(definition),
    }
    if not joins:
        ports = _ports(definition)
        body["ExposedPorts"] = {port: {} for port in ports}
        body["NetworkingConfig"] = {
            "EndpointsConfig": {place.network: {"Aliases": list(place.names)}}
        }
    return Wanted(
        container=container, name=place.labels.named(task[-8:], container), token=token, body=body
    )


def pause(start: TaskStart, place: Place, image: str) -> Wanted:
    """Return the container that holds the network of a task of several containers.

    It does nothing; its image is any that has a shell.
    """
    ports = [port for one in start.containers for port in _ports(one)]
    bindings = {port: bound for one in start.containers for port, bound in _bindings(one).items()}
    body = {
        "Image": image,
        "Entrypoint": ["/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 60 & wait; done"],
        "Cmd": [],
        "Labels": _labels(start, PAUSE, place),
        "ExposedPorts": {port: {} for port in ports},
        "HostConfig": {"NetworkMode": place.network, "PortBindings": bindings, "Init": True},
        "NetworkingConfig": {"EndpointsConfig": {place.network: {"Aliases": list(place.names)}}},
    }
    name = place.labels.named(start.task[-8:], "pause")
    return Wanted(container=PAUSE, name=name, token="", body=body)


def unsupported(definition: Mapping[str, Any]) -> list[str]:
    """Return the fields that a container sets and the sandbox does not have."""
    return [name for name in UNSUPPORTED if definition.get(name)]


def reference(image: str, registry: str) -> str:
    """Return where an image really comes from: ECR's are in the registry on this machine."""
    found = ECR.match(image)
    return f"{registry}/{image[found.end() :]}" if found else image


def host_config(
    task: Mapping[str, Any], definition: Mapping[str, Any], place: Place, joins: str | None
) -> dict[str, Any]:
    """Return limits, devices and network of a container, under Docker's names."""
    linux = definition.get("linuxParameters", {})
    capabilities = linux.get("capabilities", {})
    limit = definition.get("memory") or int(task.get("memory") or 0)
    found = {
        "NetworkMode": f"container:{joins}" if joins else place.network,
        "PortBindings": {} if joins else _bindings(definition),
        "Memory": limit * MIB,
        "MemoryReservation": definition.get("memoryReservation", 0) * MIB,
        "CpuShares": max(SMALLEST_SHARES, definition.get("cpu", 0)),
        "Ulimits": [
            {"Name": one["name"], "Soft": one["softLimit"], "Hard": one["hardLimit"]}
            for one in definition.get("ulimits", ())
        ],
        "Init": bool(linux.get("initProcessEnabled", False)),
        "ReadonlyRootfs": bool(definition.get("readonlyRootFilesystem", False)),
        "Privileged": bool(definition.get("privileged", False)),
        "CapAdd": capabilities.get("add", []),
        "CapDrop": capabilities.get("drop", []),
        "Tmpfs": {one["containerPath"]: _tmpfs(one) for one in linux.get("tmpfs", ())},
        "ShmSize": linux.get("sharedMemorySize", 0) * MIB or None,
        "ExtraHosts": [
            f"{one['hostname']}:{one['ipAddress']}" for one in definition.get("extraHosts", ())
        ],
        "Sysctls": {one["namespace"]: one["value"] for one in definition.get("systemControls", ())},
        "Binds": _binds(definition, place),
        "LogConfig": _LOGS,
        "RestartPolicy": {"Name": "no"},
    }
    return {name: value for name, value in found.items() if value not in (None, 0, [], {})}


def without_limits(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body without limits of the process, for a daemon that may not raise them."""
    kept = {name: value for name, value in body["HostConfig"].items() if name != "Ulimits"}
    return {**body, "HostConfig": kept}


def ordered(containers: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return containers so that each follows those it depends on; the rest as they were.

    Dependencies in a circle, which ECS refuses to register, stay in their order.
    """
    left = list(containers)
    found: list[Mapping[str, Any]] = []
    while left:
        names = {one["name"] for one in left}
        free = [
            one
            for one in left
            if not names & {other["containerName"] for other in one.get("dependsOn", ())}
        ]
        chosen = free[0] if free else left[0]
        found.append(chosen)
        left.remove(chosen)
    return found


def _environment(
    definition: Mapping[str, Any], secrets: Mapping[str, str], metadata: str
) -> list[str]:
    """Return the variables: the definition's, its secrets, and what the agent adds.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html
    """
    own = {
        "AWS_EXECUTION_ENV": "AWS_ECS_EC2",
        "ECS_CONTAINER_METADATA_URI": metadata.replace("/v4/", "/v3/"),
        "ECS_CONTAINER_METADATA_URI_V4": metadata,
    }
    plain = {one["name"]: one.get("value", "") for one in definition.get("environment", ())}
    return [f"{name}={value}" for name, value in sorted({**own, **plain, **secrets}.items())]


def _labels(start: TaskStart, container: str, place: Place) -> dict[str, str]:
    """Return the sandbox's labels, and those that ECS's agent gives its containers."""
    return {
        **place.labels.of("task"),
        Labels.TASK: start.task,
        Labels.CONTAINER: container,
        "com.amazonaws.ecs.cluster": start.cluster,
        "com.amazonaws.ecs.container-name": container,
        "com.amazonaws.ecs.task-arn": start.task,
        "com.amazonaws.ecs.task-definition-family": str(start.definition.get("family", "")),
        "com.amazonaws.ecs.task-definition-version": str(start.definition.get("revision", "")),
    }


def _process(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return what runs, as whom and where; what the definition leaves out is the image's."""
    names = {
        "command": "Cmd",
        "entryPoint": "Entrypoint",
        "user": "User",
        "workingDirectory": "WorkingDir",
        "hostname": "Hostname",
        "pseudoTerminal": "Tty",
        "interactive": "OpenStdin",
    }
    found = {docker: definition[ours] for ours, docker in names.items() if definition.get(ours)}
    check = definition.get("healthCheck")
    if check:
        found["Healthcheck"] = _health_check(check)
    return found


def _health_check(check: Mapping[str, Any]) -> dict[str, Any]:
    """Return a container's own health check, with ECS's defaults.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
    """
    return {
        "Test": list(check["command"]),
        "Interval": check.get("interval", 30) * NANOSECONDS,
        "Timeout": check.get("timeout", 5) * NANOSECONDS,
        "Retries": check.get("retries", 3),
        "StartPeriod": check.get("startPeriod", 0) * NANOSECONDS,
    }


def _ports(definition: Mapping[str, Any]) -> list[str]:
    return [
        f"{one['containerPort']}/{one.get('protocol', 'tcp')}"
        for one in definition.get("portMappings", ())
    ]


def _bindings(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Publish each port on any free one of loopback: under awsvpc two tasks may have the same."""
    return {port: [{"HostIp": LOOPBACK, "HostPort": ""}] for port in _ports(definition)}


def _tmpfs(one: Mapping[str, Any]) -> str:
    return ",".join([*one.get("mountOptions", ()), f"size={one['size']}m"])


def _binds(definition: Mapping[str, Any], place: Place) -> list[str]:
    """Put the sandbox's authorities where the container looks for those of RDS."""
    at = [one["value"] for one in definition.get("environment", ()) if one["name"] == AUTHORITIES]
    return [f"{place.authority}:{target}:ro" for target in at if place.authority]
