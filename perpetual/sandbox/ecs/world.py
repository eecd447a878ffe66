"""What the control plane makes happen outside, and what it is told: the only two ways across.

A world is told to do things by the methods of `World`, which return at once and report nothing
from within. What then happens comes back through `ControlPlane.report(report, at)`, in the order
in which it happened. Reports about tasks, hosts and targets that no longer exist are ignored, so
that a world need not know what the control plane still knows.

The life of one task, seen from its world (brackets: progress that only people read):

    start, [Attached], [Pulling, Pulled], Started, Exited for each container, Released
    start, [Attached], [Pulling, Pulled], StartFailed, Released

`stop` may come at any point after `start`, also before `Started`; the world then ends what it has
begun and reports `Exited` for each container that ran, and `Released`. A lost host ends its tasks
without reports of their own.

Container dependencies, restart policies and pulls are the world's business, as on AWS they are the
agent's: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ECS_agent.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class TaskStart:
    """One task to be started on one host; ids are ARNs, but for `host`, the EC2 instance's id.

    `definition` is the task definition as DescribeTaskDefinition returns it, `containers` its
    container definitions with the overrides of the task applied: these are what runs. `network` is
    the request's `awsvpcConfiguration`, None under other network modes; `interface` the id of the
    network interface that the task reports. `group` is `service:<name>` or `family:<name>`.
    """

    task: str
    cluster: str
    host: str
    definition: Mapping[str, Any]
    containers: tuple[Mapping[str, Any], ...]
    group: str
    service: str | None = None
    network: Mapping[str, Any] | None = None
    interface: str | None = None
    task_role: str | None = None
    execution_role: str | None = None
    execute_command: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Target:
    """One port of one task's container, as a target of a target group."""

    group: str
    task: str
    container: str
    port: int


@dataclass(frozen=True, kw_only=True)
class Registration:
    """One task as an instance of a Cloud Map service; without a port the record is an address."""

    registry: str
    task: str
    container: str | None = None
    port: int | None = None


class World(Protocol):
    """Where tasks run. Every method returns at once, is safe to repeat, and never raises."""

    def start(self, task: TaskStart) -> None:
        """Attach the network, pull images, create and start the task's containers on its host."""

    def stop(self, task: str, seconds: Mapping[str, float]) -> None:
        """Send SIGTERM to the containers, and SIGKILL to each after its number of seconds."""

    def register(self, target: Target) -> None:
        """Add a target; report its health at each change, the first time as `initial`."""

    def deregister(self, target: Target) -> None:
        """Drain a target and report `draining`, then `unused` once the group's delay has passed."""

    def announce(self, registration: Registration) -> None:
        """Add a running task to its Cloud Map service."""

    def withdraw(self, registration: Registration) -> None:
        """Remove a task from its Cloud Map service."""


class Health(StrEnum):
    """Health of a target, in the words of the load balancer.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """

    INITIAL = "initial"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    DRAINING = "draining"
    UNUSED = "unused"


# --- reports: tasks


@dataclass(frozen=True, kw_only=True)
class Attached:
    """The task's network interface is attached: the agent takes over."""

    task: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Pulling:
    """The first image of the task is being pulled."""

    task: str


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """All images of the task are on the host; `digests` by container name, where known."""

    task: str
    digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Started:
    """All containers of the task run; `runtime_ids` are the engine's ids by container name."""

    task: str
    addresses: tuple[str, ...] = ()
    runtime_ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StartFailed:
    """The task could not be started.

    `reason` is the agent's text, beginning with the name of its error, such as
    `CannotPullContainerError: ...`; `container` the one it concerns, where it is one.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
    """

    task: str
    reason: str
    container: str | None = None


@dataclass(frozen=True, kw_only=True)
class Exited:
    """A container ended; `reason` is the agent's remark, such as `OutOfMemoryError: ...`."""

    task: str
    container: str
    exit_code: int
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Released:
    """Nothing of the task is left on its host: memory, ports and network interface are free."""

    task: str


@dataclass(frozen=True, kw_only=True)
class ContainerHealth:
    """A container's own health check has a new result: HEALTHY, UNHEALTHY or UNKNOWN."""

    task: str
    container: str
    status: str


# --- reports: targets and alarms


@dataclass(frozen=True, kw_only=True)
class TargetHealth:
    """A target has a new state; `description` is the balancer's sentence about it.

    `reason` is one of the balancer's codes, such as `Target.ResponseCodeMismatch`.
    """

    target: Target
    state: Health
    reason: str = ""
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class AlarmState:
    """A CloudWatch alarm is in a state: OK, ALARM or INSUFFICIENT_DATA."""

    name: str
    state: str


# --- reports: hosts


@dataclass(frozen=True, kw_only=True)
class Host:
    """An EC2 instance whose agent has registered with a cluster, and what it can give tasks.

    `memory` is what the agent registers, in MiB: less than the instance type has. `interfaces` are
    those left for tasks: the type's number but for the primary one, or more with trunking.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/memory-management.html
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-eni.html
    """

    instance: str
    zone: str
    cpu: int
    memory: int
    interfaces: int
    instance_type: str = "t4g.medium"
    architecture: str = "arm64"
    image: str = "ami-0"
    subnet: str = "subnet-0"
    vpc: str = "vpc-0"
    capacity_provider: str | None = None
    agent_version: str = "1.108.2"
    docker_version: str = "25.0.18"
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class HostJoined:
    """A host registers with a cluster, by its name; it can run tasks from now on."""

    cluster: str
    host: Host


@dataclass(frozen=True, kw_only=True)
class HostLost:
    """A host is gone, and all that ran on it; `reason` is what its tasks will say."""

    instance: str
    reason: str = "Host EC2 (instance {instance}) terminated."


@dataclass(frozen=True, kw_only=True)
class AgentConnection:
    """A host's agent lost its connection, or has it back: without it no task is placed there."""

    instance: str
    connected: bool


Report = (
    Attached
    | Pulling
    | Pulled
    | Started
    | StartFailed
    | Exited
    | Released
    | ContainerHealth
    | TargetHealth
    | AlarmState
    | HostJoined
    | HostLost
    | AgentConnection
)
