"""Rules on task definitions: what their containers may do to the host, and what they are told."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from graph import UNKNOWN
from graph.tasks import TWIN
from graph.tokens import TASK_DEFINITION
from rules import secrets
from rules.containers import Container, called, container_property, containers, each_container
from rules.rule import Level, Rule, Severity
from rules.subject import (
    Fault,
    Subject,
    Test,
    elements,
    every,
    present,
    requires,
    rule,
    unknown,
    within,
)

_GUIDE: Final = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"
_PARAMETERS: Final = f"{_GUIDE}task_definition_parameters.html"
_BUILDS: Final = ("docker:index/image:Image", "docker-build:index:Image")
_REPOSITORY: Final = "aws:ecr/repository:Repository"

_DANGEROUS: Final = frozenset(
    {"ALL", "SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE", "NET_ADMIN", "NET_RAW", "DAC_READ_SEARCH"}
)
_HOST_PATHS: Final = re.compile(
    r"/?|/(etc|proc|sys|dev|root|boot|var|var/run|run|var/lib/docker|var/lib/ecs)/?"
)
_SOCKETS: Final = ("docker.sock", "containerd.sock")


def _plain_secrets(path: str, called: str, item: Container) -> Iterator[Fault]:
    entries, unknowns = elements(item.get("environment"), f"{path}.environment")
    yield from unknowns
    for where, entry in entries:
        name, value = entry.get("name"), entry.get("value")
        if not isinstance(name, str):
            yield unknown(f"{where}.name")
        elif value is UNKNOWN:
            if secrets.named(name):
                yield Fault(
                    f"gives {called} {name} in plain text: its value is not known",
                    where,
                    undetermined=True,
                )
        elif isinstance(value, str) and (why := secrets.why(name, value)):
            yield Fault(f"gives {called} a secret in plain text, {name}: {why}", where)


def _capabilities(path: str, called: str, item: Container) -> Iterator[Fault]:
    where = f"{path}.linuxParameters.capabilities.add"
    added = within(item, "linuxParameters.capabilities.add")
    if added is UNKNOWN:
        yield unknown(where)
    for name in added if isinstance(added, list) else []:
        if name is UNKNOWN:
            yield unknown(where)
        elif str(name).upper().removeprefix("CAP_") in _DANGEROUS:
            yield Fault(f"gives {called} the capability {name}, which leads to the host", where)


def _tag(image: str) -> str | None:
    """Return an image's tag; `None` without one. A colon before a slash belongs to a port."""
    _, colon, tag = image.rpartition(":")
    return tag if colon and "/" not in tag else None


def _images(test: Callable[[Subject, str], str | None]) -> Test:
    def tested(subject: Subject) -> Iterator[Fault]:
        found, faults = containers(subject)
        yield from faults
        for path, item in found:
            image = item.get("image")
            if not isinstance(image, str):
                if image is not UNKNOWN:
                    yield Fault("has a container without an image", f"{path}.image")
                elif not subject.graph.index.sources(subject.resource, TWIN, _BUILDS):
                    # What this `up` builds has no name yet, and will have one of its own.
                    yield unknown(f"{path}.image")
            elif "@sha256:" not in image and (says := test(subject, image)):
                yield Fault(says, f"{path}.image")

    return tested


def _latest(_: Subject, image: str) -> str | None:
    tag = _tag(image)
    return f"runs {image}, whatever that is today" if tag in (None, "latest") else None


def _movable(subject: Subject, image: str) -> str | None:
    name = image.rpartition(":")[0].partition("/")[2] if _tag(image) else image.partition("/")[2]
    for repository in subject.graph.index.of(_REPOSITORY):
        if repository.properties.get("name") == name:
            kind = repository.properties.get("imageTagMutability")
            return None if str(kind).startswith("IMMUTABLE") else f"runs {image}, a tag that moves"
    return f"runs {image} by a tag that may move, not by digest"


def _own(value: object) -> bool:
    return value != "host"


def _kept(driver: object) -> bool:
    return present(driver) and driver != "none"


def _devices(subject: Subject) -> Iterator[Fault]:
    found, _ = containers(subject)  # what cannot be read is the finding of others
    for path, item in found:
        given = within(item, "linuxParameters.devices")
        if given is UNKNOWN:
            yield unknown(f"{path}.linuxParameters.devices")
        elif given:
            says = f"gives {called(path, item)} a device of the host"
            yield Fault(says, f"{path}.linuxParameters.devices")


def _volumes(subject: Subject) -> Iterator[Fault]:
    found, faults = elements(subject.at("volumes"), "volumes")
    yield from faults
    for path, volume in found:
        source = volume.get("hostPath")
        if source is UNKNOWN:
            yield unknown(f"{path}.hostPath")
        elif isinstance(source, str) and (
            _HOST_PATHS.fullmatch(source) or source.endswith(_SOCKETS)
        ):
            yield Fault(f"mounts {source or '/'} of the host", f"{path}.hostPath")


def _roles_apart(subject: Subject) -> Iterator[Fault]:
    task, execution = subject.at("taskRoleArn"), subject.at("executionRoleArn")
    if UNKNOWN in (task, execution):
        sources = [
            subject.graph.index.sources(subject.resource, path, ("aws:iam/role:Role",))
            for path in ("taskRoleArn", "executionRoleArn")
        ]
        if not all(sources):
            yield unknown("taskRoleArn")
        elif sources[0] == sources[1]:
            yield Fault("gives the release the role that starts it", "taskRoleArn")
    elif task and task == execution:
        yield Fault("gives the release the role that starts it", "taskRoleArn")


PRIVILEGED: Final = rule(
    container_property(
        "privileged", lambda value: not value, "runs {} privileged: it is root of the host"
    ),
    TASK_DEFINITION,
    name="ecs-no-privileged",
    title="No container is privileged",
    severity=Severity.CRITICAL,
    why="A privileged container owns its host, and the roles of all tasks on it",
    fix="remove privileged, or add the one capability that is needed",
    url=_PARAMETERS,
    controls=("FSBP ECS.4",),
)
HOST_NETWORK: Final = rule(
    requires("networkMode", lambda value: value != "host", "shares the host's network"),
    TASK_DEFINITION,
    name="ecs-no-host-network",
    title="No task shares its host's network",
    severity=Severity.HIGH,
    why="It reaches the host's role, and everything that listens on the host alone",
    fix="set network_mode to awsvpc",
    url=f"{_GUIDE}task-networking.html",
    controls=("FSBP ECS.1", "FSBP ECS.17"),
)
HOST_PID: Final = rule(
    every(
        requires("pidMode", _own, "shares the host's processes"),
        requires("ipcMode", _own, "shares the host's memory"),
    ),
    TASK_DEFINITION,
    name="ecs-no-host-processes",
    title="No task shares its host's processes or memory",
    severity=Severity.HIGH,
    why="It sees, and may signal, what runs in every other task",
    fix="remove pid_mode and ipc_mode, or set them to task",
    url=_PARAMETERS,
    controls=("FSBP ECS.3",),
)
PLAIN_SECRETS: Final = rule(
    each_container(_plain_secrets),
    TASK_DEFINITION,
    name="ecs-no-plain-secrets",
    title="No container gets a secret in plain text",
    severity=Severity.CRITICAL,
    why="Whoever may describe a task definition reads it, in every revision, for ever",
    fix="move it to SSM or Secrets Manager and name it in the container's secrets; then replace it",
    url=f"{_GUIDE}specifying-sensitive-data.html",
    controls=("FSBP ECS.8",),
)
LOGS: Final = rule(
    container_property("logConfiguration.logDriver", _kept, "keeps no log of {}"),
    TASK_DEFINITION,
    name="ecs-logs",
    title="Every container's log is kept",
    severity=Severity.MEDIUM,
    why="A log on the host goes with the host",
    fix="give the container a logConfiguration, such as awslogs",
    url=f"{_GUIDE}using_awslogs.html",
    controls=("FSBP ECS.9",),
)
IMAGE_NAMED: Final = rule(
    _images(_latest),
    TASK_DEFINITION,
    name="ecs-image-named",
    title="Images are named by digest or version",
    severity=Severity.MEDIUM,
    why="A replaced host starts something else than what was tested",
    fix="name the image by digest, or by a tag other than latest",
    url=_PARAMETERS,
)
IMAGE_PINNED: Final = rule(
    _images(_movable),
    TASK_DEFINITION,
    name="ecs-image-pinned",
    title="Images cannot change under their name",
    severity=Severity.LOW,
    why="Whoever may push a tag changes what runs, without a deploy",
    fix="name the image by digest, or make its repository's tags immutable",
    url=_PARAMETERS,
    level=Level.ADVISORY,
)
CAPABILITIES: Final = rule(
    each_container(_capabilities),
    TASK_DEFINITION,
    name="ecs-no-host-capabilities",
    title="No container gets a capability that leads to its host",
    severity=Severity.HIGH,
    why="Some capabilities are as good as privileged",
    fix="remove it from linuxParameters.capabilities.add",
    url="https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_KernelCapabilities.html",
)
VOLUMES: Final = rule(
    every(_volumes, _devices),
    TASK_DEFINITION,
    name="ecs-no-host-paths",
    title="No task mounts its host's system or its container socket",
    severity=Severity.CRITICAL,
    why="The socket starts any container as root; system paths hold the host's keys",
    fix="mount a directory made for it, or none",
    url=f"{_GUIDE}bind-mounts.html",
)
NON_ROOT: Final = rule(
    container_property(
        "user",
        lambda value: present(value) and str(value).partition(":")[0] not in ("root", "0"),
        "runs {} as root, or as whatever its image says",
    ),
    TASK_DEFINITION,
    name="ecs-non-root",
    title="Containers run as a user of their own",
    severity=Severity.MEDIUM,
    why="Root in the container is root on the host after one more mistake",
    fix="set user to one without rights",
    url=_PARAMETERS,
    controls=("FSBP ECS.20",),
    level=Level.ADVISORY,
)
READ_ONLY: Final = rule(
    container_property(
        "readonlyRootFilesystem", lambda value: value is True, "lets {} write to its own programs"
    ),
    TASK_DEFINITION,
    name="ecs-read-only-root",
    title="Containers cannot write to their own programs",
    severity=Severity.LOW,
    why="What an intruder writes survives until the task ends; releases need a place for tmp",
    fix="set readonlyRootFilesystem to true and mount a volume where the release writes",
    url=_PARAMETERS,
    controls=("FSBP ECS.5",),
    level=Level.DISABLED,
)
ROLES_APART: Final = rule(
    _roles_apart,
    TASK_DEFINITION,
    name="ecs-roles-apart",
    title="The task role is not the execution role",
    severity=Severity.MEDIUM,
    why="The release could read every secret and image that ECS reads to start it",
    fix="give the task a role of its own",
    url=f"{_GUIDE}task-iam-roles.html",
)

RULES: Final[tuple[Rule, ...]] = (
    PRIVILEGED,
    HOST_NETWORK,
    HOST_PID,
    PLAIN_SECRETS,
    LOGS,
    IMAGE_NAMED,
    IMAGE_PINNED,
    CAPABILITIES,
    VOLUMES,
    NON_ROOT,
    READ_ONLY,
    ROLES_APART,
)
