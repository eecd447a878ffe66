"""Task definitions: found by name, checked as AWS checks them, completed as AWS completes them.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
"""

from collections.abc import Mapping
from typing import Any

from perpetual.sandbox.ecs.core import Core
from perpetual.sandbox.ecs.errors import EcsError, client
from perpetual.sandbox.ecs.model import Family
from perpetual.sandbox.ecs.names import last
from perpetual.sandbox.ecs.records import Document


def family_and_revision(reference: str) -> tuple[str, int | None]:
    """Return what a reference names: `family`, `family:revision`, or an ARN of either."""
    name, _, revision = last(reference).partition(":")
    return name, int(revision) if revision.isdigit() else None


def look_up(core: Core, reference: str) -> dict[str, Any] | None:
    """Return a registered task definition; without a revision, the latest active one."""
    name, revision = family_and_revision(reference)
    family = core.state.families.get(name)
    if family is None:
        return None
    if revision is not None:
        return family.revisions.get(revision)
    active = [one for one in family.revisions.values() if one["status"] == "ACTIVE"]
    return active[-1] if active else None


def find(core: Core, reference: str) -> dict[str, Any]:
    """Return a registered task definition.

    Raises:
        EcsError: There is none.
    """
    found = look_up(core, reference)
    if found is None:
        raise client("TaskDefinition not found.")
    return found


def usable(core: Core, reference: str) -> dict[str, Any]:
    """Return a task definition from which new tasks may be started.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deregister-task-definition-v2.html

    Raises:
        EcsError: There is none, or it is deregistered.
    """
    found = find(core, reference)
    if found["status"] != "ACTIVE":
        raise client("TaskDefinition is inactive")
    return found


def tags(core: Core, arn: str) -> dict[str, str]:
    """Return the tags of a task definition."""
    name, revision = family_and_revision(arn)
    return core.state.families[name].tags.get(revision or 0, {})


# --- registration


def register(core: Core, request: Document) -> dict[str, Any]:
    """Register a task definition as the next revision of its family."""
    check(request)
    name = request["family"]
    family = core.state.families.setdefault(name, Family(name=name))
    family.latest += 1
    revision = family.latest
    document = {
        **{key: value for key, value in request.items() if key != "tags"},
        "containerDefinitions": [
            _completed(one, request.get("networkMode")) for one in request["containerDefinitions"]
        ],
        "taskDefinitionArn": core.account.arn("task-definition", f"{name}:{revision}"),
        "revision": revision,
        "status": "ACTIVE",
        "volumes": request.get("volumes", []),
        "placementConstraints": request.get("placementConstraints", []),
        "compatibilities": _compatibilities(request),
        "requiresAttributes": _required(request),
        "registeredAt": core.now,
        "registeredBy": f"arn:{core.account.partition}:iam::{core.account.number}:root",
    }
    family.revisions[revision] = document
    family.tags[revision] = {one["key"]: one.get("value", "") for one in request.get("tags", ())}
    return document


def _completed(container: Document, mode: str | None) -> dict[str, Any]:
    """Return a container definition with AWS's defaults.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """
    ports = [{"protocol": "tcp", **one} for one in container.get("portMappings", ())]
    if mode in ("awsvpc", "host"):
        ports = [{"hostPort": one["containerPort"], **one} for one in ports]
    defaults = {
        "cpu": 0,
        "essential": True,
        "environment": [],
        "mountPoints": [],
        "volumesFrom": [],
    }
    return {**defaults, **container, "portMappings": ports}


def _compatibilities(request: Document) -> list[str]:
    """Return where a task could run: awsvpc with a size of the task as a whole suits Fargate too.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
    """
    sized = request.get("cpu") and request.get("memory")
    fargate = request.get("networkMode") == "awsvpc" and sized
    return ["EC2", "FARGATE"] if fargate else ["EC2"]


def _required(request: Document) -> list[dict[str, str]]:
    """Return the attributes that a host needs, as far as this project's tasks need any.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html
    """
    names = set()
    if request.get("networkMode") == "awsvpc":
        names.add("ecs.capability.task-eni")
    if request.get("taskRoleArn"):
        names.add("com.amazonaws.ecs.capability.task-iam-role")
    for container in request["containerDefinitions"]:
        driver = (container.get("logConfiguration") or {}).get("logDriver")
        if driver:
            names.add(f"com.amazonaws.ecs.capability.logging-driver.{driver}")
        if container.get("secrets"):
            names.add("ecs.capability.secrets.ssm.environment-variables")
    return [{"name": name} for name in sorted(names)]


# --- checks


def check(request: Document) -> None:
    """Refuse a task definition that AWS refuses.

    Raises:
        EcsError: With AWS's words where they are known.
    """
    containers = request["containerDefinitions"]
    if not containers:
        raise client("Container list cannot be empty.")
    names = [one.get("name") for one in containers]
    if not all(names):
        raise client("Container.name should not be null or empty.")
    if len(set(names)) < len(names):
        raise client("Container names must be unique within a task definition.")
    if not any(one.get("essential", True) for one in containers):
        raise client("At least one container must be essential.")
    for container in containers:
        for found in (
            _check_image(container),
            _check_memory(container, request),
            _check_ports(container, request),
            _check_secrets(container, request),
            _check_references(container, names, request),
        ):
            if found is not None:
                raise found


def _check_image(container: Document) -> EcsError | None:
    return (
        None if container.get("image") else client("Container.image should not be null or empty.")
    )


def _check_memory(container: Document, request: Document) -> EcsError | None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html."""
    limit, reserved = container.get("memory"), container.get("memoryReservation")
    if not limit and not reserved and not request.get("memory"):
        return client(
            f"Invalid setting for container '{container['name']}'. At least one of 'memory' or "
            "'memoryReservation' must be specified."
        )
    if limit and reserved and reserved > limit:
        return client(
            f"Invalid setting for container '{container['name']}'. 'memoryReservation' must not "
            "be greater than 'memory'."
        )
    return None


def _check_ports(container: Document, request: Document) -> EcsError | None:
    mode = request.get("networkMode")
    for one in container.get("portMappings", ()) if mode in ("awsvpc", "host") else ():
        if one.get("hostPort", one["containerPort"]) != one["containerPort"]:
            return client(
                f"When networkMode={mode}, the host ports and container ports in port mappings "
                "must match."
            )
    return None


def _check_secrets(container: Document, request: Document) -> EcsError | None:
    plain = {one["name"] for one in container.get("environment", ())}
    secret = {one["name"] for one in container.get("secrets", ())}
    if secret and not request.get("executionRoleArn"):
        return client(
            "When you are specifying container secrets, you must also specify a value for "
            "'executionRoleArn'."
        )
    if plain & secret:
        return client(
            "The secret name must be unique and not shared with any new or existing environment "
            f"variables set on the container, such as '{min(plain & secret)}'."
        )
    return None


def _check_references(container: Document, names: list[Any], request: Document) -> EcsError | None:
    volumes = {one.get("name") for one in request.get("volumes", ())}
    for one in container.get("mountPoints", ()):
        if one.get("sourceVolume") not in volumes:
            return client(f"Unknown volume '{one.get('sourceVolume')}'.")
    for need in container.get("dependsOn", ()):
        if need["containerName"] not in names or need["containerName"] == container["name"]:
            return client(
                f"Container '{container['name']}' depends on container "
                f"'{need['containerName']}', which is not another container of the task."
            )
    return None


def container(document: Mapping[str, Any], name: str) -> Document | None:
    """Return one container definition by its name."""
    return next((one for one in document["containerDefinitions"] if one["name"] == name), None)
