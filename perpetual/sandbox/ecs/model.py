"""What the control plane knows: plain records without behaviour, which can be kept and restored.

Documents (task definitions, strategies, configurations) stay in the API's own spelling, so that
they read back as they were written.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from perpetual.sandbox.ecs.names import Ids
from perpetual.sandbox.ecs.records import Document, Service, Tags
from perpetual.sandbox.ecs.states import Condition, TaskStatus
from perpetual.sandbox.ecs.world import Health, Host, Target


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a task takes of a host: CPU units, MiB, network interfaces, ports of the host."""

    cpu: int
    memory: int
    interfaces: int = 0
    ports: frozenset[tuple[str, int]] = frozenset()


@dataclass(kw_only=True)
class Container:
    """One container of a task; `definition` has the task's overrides applied."""

    arn: str
    definition: Document
    status: str = "PENDING"
    exit_code: int | None = None
    reason: str | None = None
    runtime_id: str | None = None
    digest: str | None = None
    health: str = "UNKNOWN"

    @property
    def name(self) -> str:
        """Return the container's name within its task."""
        return str(self.definition["name"])

    @property
    def essential(self) -> bool:
        """Return whether the task ends with this container."""
        return bool(self.definition.get("essential", True))

    @property
    def checked(self) -> bool:
        """Return whether the container has a health check of its own."""
        return "healthCheck" in self.definition


@dataclass(kw_only=True)
class TargetState:
    """What the balancer last said about a target."""

    health: Health = Health.INITIAL
    description: str = ""


@dataclass(kw_only=True)
class Moments:
    """When a task came into its states, by the names of the API."""

    created: float
    attached: float | None = None
    pull_started: float | None = None
    pull_stopped: float | None = None
    started: float | None = None
    stopping: float | None = None
    execution_stopped: float | None = None
    stopped: float | None = None


@dataclass(kw_only=True)
class Task:
    """A task, from its creation until it is forgotten.

    `handed` tells whether the world has been told to start it; before, it only has a place, or not
    even that. `definition` is the registered task definition, `overrides` the request's.
    """

    arn: str
    cluster: str
    definition: Document
    group: str
    needs: Needs
    containers: list[Container]
    at: Moments
    service: str | None = None
    deployment: str | None = None
    instance: str | None = None
    provider: str | None = None
    launch_type: str | None = None
    started_by: str | None = None
    network: Document | None = None
    interface: str | None = None
    attachment: str | None = None
    addresses: tuple[str, ...] = ()
    overrides: Document = field(default_factory=dict)
    execute_command: bool = False
    tags: Tags = field(default_factory=dict)
    status: TaskStatus = TaskStatus.PROVISIONING
    stopping: bool = False
    handed: bool = False
    announced: bool = False
    ever_healthy: bool = False
    condition: Condition = Condition.STARTING
    why: str = ""
    targets: dict[Target, TargetState] = field(default_factory=dict)
    stop_code: str | None = None
    stopped_reason: str | None = None
    zone_only: str | None = None
    version: int = 1


@dataclass(kw_only=True)
class Load:
    """What tasks take of a host together."""

    cpu: int = 0
    memory: int = 0
    interfaces: int = 0
    ports: Counter[tuple[str, int]] = field(default_factory=Counter)

    def add(self, needs: Needs, sign: int = 1) -> None:
        """Add what one task takes, or give it back."""
        self.cpu += sign * needs.cpu
        self.memory += sign * needs.memory
        self.interfaces += sign * needs.interfaces
        for port in needs.ports:
            self.ports[port] += sign


@dataclass(kw_only=True)
class Instance:
    """A container instance: a host within its cluster.

    `tasks` tells of each task whether its share is still promised, or it was told to end.
    `promised` is the share of the first, `held` of those the world knows and has not released;
    `queue` waits for the second to shrink.
    """

    arn: str
    cluster: str
    host: Host
    registered: float
    status: str = "ACTIVE"
    connected: bool = True
    tasks: dict[str, bool] = field(default_factory=dict)
    promised: Load = field(default_factory=Load)
    held: Load = field(default_factory=Load)
    queue: dict[str, None] = field(default_factory=dict)
    tags: Tags = field(default_factory=dict)
    version: int = 1


@dataclass(kw_only=True)
class Provider:
    """A capacity provider, which stands for one autoscaling group."""

    arn: str
    name: str
    group: dict[str, Any]
    status: str = "ACTIVE"
    tags: Tags = field(default_factory=dict)


@dataclass(kw_only=True)
class Cluster:
    """A cluster.

    `waiting` are tasks without a place, in the order in which they came; `freed` counts how often a
    host came or had something to give again.
    """

    arn: str
    name: str
    status: str = "ACTIVE"
    settings: list[Any] = field(default_factory=list)
    configuration: Document | None = None
    providers: list[str] = field(default_factory=list)
    strategy: list[Any] = field(default_factory=list)
    instances: dict[str, Instance] = field(default_factory=dict)
    waiting: dict[str, None] = field(default_factory=dict)
    freed: int = 0
    tags: Tags = field(default_factory=dict)


@dataclass(kw_only=True)
class Family:
    """The revisions of one task definition family, by their numbers, which start with 1."""

    name: str
    revisions: dict[int, dict[str, Any]] = field(default_factory=dict)
    tags: dict[int, Tags] = field(default_factory=dict)
    latest: int = 0


@dataclass(kw_only=True)
class State:
    """Everything: what a restart of the sandbox would have to keep.

    `hosts` finds the cluster and container instance of an EC2 instance, `stopped` holds when tasks
    stopped, `tokens` the answers to requests that carried a client token.
    """

    now: float = 0.0
    ids: Ids = field(default_factory=Ids)
    clusters: dict[str, Cluster] = field(default_factory=dict)
    providers: dict[str, Provider] = field(default_factory=dict)
    families: dict[str, Family] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    stopped: dict[str, float] = field(default_factory=dict)
    hosts: dict[str, tuple[str, str]] = field(default_factory=dict)
    alarms: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)
    timers: list[tuple[float, int, str, str]] = field(default_factory=list)
    timer_count: int = 0
