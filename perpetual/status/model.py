"""How a stack is: its parts, its verdict, and the reasons for that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Section(StrEnum):
    """What is asked for, each by itself."""

    RELEASE = "release"
    HISTORY = "history"
    SERVICE = "service"
    DEPLOYMENTS = "deployments"
    TASKS = "tasks"
    STOPPED = "stopped"
    TARGETS = "targets"
    HOSTS = "hosts"
    GROUP = "group"
    DATABASE = "database"
    STORAGE = "storage"
    CERTIFICATE = "certificate"
    ALARMS = "alarms"


class Weight(StrEnum):
    """What a reason does to the verdict."""

    FAULT = "fault"
    """The stack is not healthy."""
    UNREAD = "unread"
    """Something could not be read, so that nobody can say that the stack is healthy."""
    NOTE = "note"
    """Worth knowing; the stack may be healthy all the same."""


class Verdict(StrEnum):
    """How the stack is, in one word."""

    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One observation, and the way out where there is one."""

    section: Section
    weight: Weight
    says: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Release:
    """What is released: the image, and what is known of how it came to be.

    `commit`, `by`, `at` and `seconds` are those of the release's record; empty or `None` where the
    history has none of this digest, as for an image that `pulumi up` built.
    """

    image: str
    digest: str
    changed: datetime
    number: int | None = None
    tag: str = ""
    commit: str = ""
    by: str = ""
    at: datetime | None = None
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of `deploy` or `rollback`: the last one, or one under way."""

    kind: str
    result: str
    tag: str
    by: str
    at: str
    said: str = ""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One deployment of the service, as ECS counts its tasks."""

    ident: str
    revision: str
    state: str
    reason: str
    desired: int
    running: int
    pending: int
    failed: int
    created: datetime
    updated: datetime


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """The last deployment as ECS judged it in the end; `why` where it did not succeed."""

    status: str
    why: str
    started: datetime
    finished: datetime | None


@dataclass(frozen=True, kw_only=True)
class Service:
    """The service: how many tasks it wants and has, and whether anything still moves.

    `healthy` counts targets that the balancer sends requests to, `None` where it did not say.
    """

    name: str
    state: str
    desired: int
    running: int
    pending: int
    healthy: int | None
    targets: Mapping[str, int]
    deployment: Deployment | None
    older: tuple[Deployment, ...]
    stable: bool


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task that runs or starts; `health` is the balancer's word, empty without one."""

    ident: str
    revision: str
    state: str
    health: str
    zone: str
    host: str
    since: datetime
    one_off: bool


@dataclass(frozen=True, kw_only=True)
class Stop:
    """A task that stopped, and why; `failed` tells whether nobody had asked it to."""

    ident: str
    revision: str
    at: datetime
    why: str
    failed: bool
    one_off: bool


@dataclass(frozen=True, kw_only=True)
class Left:
    """A resource of a host: what tasks have not reserved, and all of it."""

    free: int
    total: int


@dataclass(frozen=True, kw_only=True)
class Host:
    """A host; `state` is the cluster's word, or the group's while it does not belong to it yet.

    `reported` is the group's word on its health: a host with a full disk reports itself unhealthy.
    `since` is when it joined.
    """

    instance: str
    zone: str
    kind: str
    state: str
    connected: bool
    agent: str
    docker: str
    cpu: Left
    memory: Left
    tasks: int
    pending: int
    reported: str
    since: datetime | None


@dataclass(frozen=True, kw_only=True)
class Hosts:
    """The hosts, and how many the group wants and may have."""

    hosts: tuple[Host, ...]
    desired: int | None
    minimum: int | None
    maximum: int | None


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One instance of the database; sizes in bytes, `free` is `None` where nobody measured."""

    identifier: str
    role: str
    status: str
    kind: str
    engine: str
    zone: str
    multi_zone: bool
    size: int
    free: int | None
    authority: str
    authority_until: datetime | None
    pending: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """The certificate that users see."""

    domain: str
    status: str
    until: datetime | None
    renewal: str


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One alarm; `name` without the stack's prefix."""

    name: str
    state: str
    since: datetime | None
    why: str


@dataclass(frozen=True, kw_only=True)
class Health:
    """All of it. A part that could not be read is `None`, and a reason says so."""

    stack: str
    account: str
    region: str
    url: str
    at: datetime
    reasons: tuple[Reason, ...]
    release: Release | None = None
    last: Run | None = None
    under_way: Run | None = None
    service: Service | None = None
    rollout: Rollout | None = None
    tasks: tuple[Task, ...] | None = None
    stops: tuple[Stop, ...] | None = None
    hosts: Hosts | None = None
    database: tuple[Instance, ...] | None = None
    certificate: Certificate | None = None
    alarms: tuple[Alarm, ...] | None = None
    verdict: Verdict = field(init=False)

    def __post_init__(self) -> None:
        """Judge: one fault is enough, and what was not read is no sign of health."""
        weights = {reason.weight for reason in self.reasons}
        verdict = Verdict.HEALTHY
        if Weight.FAULT in weights:
            verdict = Verdict.UNHEALTHY
        elif Weight.UNREAD in weights:
            verdict = Verdict.UNKNOWN
        object.__setattr__(self, "verdict", verdict)
