"""Worse tasks and services: privileged, rootful, silent, or unable to deploy and to stop."""

from collections.abc import Callable
from typing import Any, Final

from graph.tokens import ECS_SERVICE, TASK_DEFINITION
from tests.mutants.bad.tls import environment
from tests.mutants.documents import Container, tasks, with_containers
from tests.mutants.operators import Made, false, is_set, operator, operators, over, true, weaken
from tests.mutants.stack import DROP, Stack

Held = Callable[[Container], Container]


def _set(**values: Any) -> Held:
    return lambda item: {**item, **values}


def _cut(*names: str) -> Held:
    return lambda item: {key: value for key, value in item.items() if key not in names}


def _plain(name: str, value: str) -> Held:
    """Return the change of a secret's reference into its value."""

    def change(item: Container) -> Container:
        rest = [secret for secret in item["secrets"] if secret["name"] != name]
        return environment({**item, "secrets": rest}, name, value)

    return change


CONTAINERS: Final[tuple[tuple[str, str, str, Held], ...]] = (
    ("ecs", "privileged", "it owns the host", _set(privileged=True)),
    ("ecs", "root", "one mistake less to the host", _set(user="root")),
    ("ecs", "root by number", "the same", _set(user="0:0")),
    ("ecs", "user of the image", "the image's user is root unless it says otherwise", _cut("user")),
    (
        "ecs",
        "SYS_ADMIN",
        "as good as privileged",
        _set(linuxParameters={"capabilities": {"add": ["SYS_ADMIN"]}, "initProcessEnabled": True}),
    ),
    (
        "ecs",
        "ALL",
        "as good as privileged",
        _set(linuxParameters={"capabilities": {"add": ["ALL"]}, "initProcessEnabled": True}),
    ),
    (
        "ecs",
        "device",
        "the host's disk",
        _set(
            linuxParameters={"devices": [{"hostPath": "/dev/nvme0n1"}], "initProcessEnabled": True}
        ),
    ),
    ("logs", "no log", "what it says is lost with the host", _cut("logConfiguration")),
    (
        "logs",
        "log on the host",
        "what it says is lost with the host",
        _set(logConfiguration={"logDriver": "json-file"}),
    ),
    (
        "logs",
        "log to nowhere",
        "what it says is lost",
        _set(logConfiguration={"logDriver": "none"}),
    ),
    (
        "image",
        "latest",
        "a replaced host starts something else",
        _set(image="111122223333.dkr.ecr.eu-west-1.amazonaws.com/perpetual/prod:latest"),
    ),
    (
        "image",
        "no tag",
        "the same as latest",
        _set(image="111122223333.dkr.ecr.eu-west-1.amazonaws.com/perpetual/prod"),
    ),
    (
        "image",
        "of a public registry",
        "anybody may push it",
        _set(image="docker.io/library/elixir:1.18"),
    ),
    (
        "secrets",
        "plain URL",
        "whoever describes a task reads it",
        _plain("DATABASE_URL", "ecto://app:x9Kq2vLr8TzN4wYb@db.internal/app?sslmode=verify-full"),
    ),
    (
        "secrets",
        "plain key",
        "whoever describes a task reads it",
        _plain("SECRET_KEY_BASE", "tXk3Qm9vZs7LpRw2Yb8NcJd5HfGa4Ue6"),
    ),
    (
        "secrets",
        "plain cookie",
        "whoever describes a task runs code in the cluster",
        _plain("RELEASE_COOKIE", "pW7xq2MZk9LtVb4R"),
    ),
    (
        "secrets",
        "plain by another name",
        "its shape says what it is",
        lambda item: environment(item, "UPSTREAM", "AKIAIOSFODNN7EXAMPLB"),
    ),
    (
        "secrets",
        "plain in the command",
        "whoever lists processes reads it",
        _set(command=["bin/release", "start", "--password=tXk3Qm9vZs7LpRw2"]),
    ),
    ("availability", "killed while draining", "requests are cut off", _set(stopTimeout=10)),
    ("availability", "stop time of 30 s by default", "drainers take longer", _cut("stopTimeout")),
    (
        "availability",
        "drains for longer than it may",
        "requests are cut off",
        lambda item: environment(item, "DRAIN_SECONDS", "300"),
    ),
    ("availability", "reservation over the limit", "ECS refuses it", _set(memoryReservation=4096)),
    (
        "availability",
        "no memory limit",
        "one leak takes the host's other tasks down",
        _cut("memory"),
    ),
    (
        "availability",
        "not essential",
        "ECS refuses a task without an essential container",
        _set(essential=False),
    ),
    (
        "availability",
        "another port",
        "the balancer talks to nobody",
        _set(portMappings=[{"containerPort": 4000, "protocol": "tcp"}]),
    ),
    (
        "availability",
        "another name",
        "the service's balancer names a container that is not there",
        _set(name="web"),
    ),
)
"""Area, name, why and change of a container."""


def _container(area: str, name: str, why: str, change: Held) -> Any:
    def make(stack: Stack) -> Made:
        for task in tasks(stack):
            yield f"{task.name} {name}", with_containers(stack, task, change)

    make.__name__ = f"container-{name.replace(' ', '-')}"
    return operator(area, why)(make)


EACH = tuple(_container(*item) for item in CONTAINERS)

TASKS = (
    *weaken(
        "ecs",
        TASK_DEFINITION,
        ("networkMode", ("host", "bridge"), "tasks share the host's network and role", is_set),
        (
            "runtimePlatform.cpuArchitecture",
            ("X86_64",),
            "hosts are of another kind: nothing starts",
            is_set,
        ),
        (
            "requiresCompatibilities",
            (["FARGATE"],),
            "there is no Fargate capacity, and no task size",
            is_set,
        ),
    ),
    *weaken(
        "IAM",
        TASK_DEFINITION,
        ("taskRoleArn", (DROP,), "without a role it looks for the host's", is_set),
        ("executionRoleArn", (DROP,), "ECS can read neither secrets nor image", is_set),
    ),
    *weaken(
        "ecs",
        ECS_SERVICE,
        ("networkConfiguration.assignPublicIp", (True,), "tasks are on the internet", false),
        (
            "deploymentCircuitBreaker.enable",
            (False,),
            "a broken release is started for hours",
            true,
        ),
        ("deploymentCircuitBreaker.rollback", (False,), "a broken release stays", true),
        ("deploymentCircuitBreaker", (DROP,), "a broken release is started for hours", is_set),
        ("alarms.enable", (False,), "errors of a release do not stop it", true),
        ("alarms.rollback", (False,), "errors of a release do not undo it", true),
        ("alarms", (DROP,), "errors of a release do not stop it", is_set),
        (
            "deploymentMinimumHealthyPercent",
            (0,),
            "a deployment may stop every task first",
            over(0),
        ),
        ("deploymentMaximumPercent", (50,), "ECS may start nothing", over(100)),
    ),
    *weaken(
        "availability",
        ECS_SERVICE,
        (
            "availabilityZoneRebalancing",
            ("DISABLED",),
            "after a zone's loss all tasks stay in the others",
            is_set,
        ),
        (
            "orderedPlacementStrategies",
            (DROP, [{"type": "binpack", "field": "memory"}]),
            "all tasks on one host",
            is_set,
        ),
        ("healthCheckGracePeriodSeconds", (0, DROP), "tasks are killed while they start", over(0)),
        ("loadBalancers", (DROP,), "nobody reaches the tasks", is_set),
        (
            "loadBalancers.0.containerPort",
            (4000,),
            "ECS refuses a port that no container has",
            is_set,
        ),
        (
            "loadBalancers.0.containerName",
            ("web",),
            "ECS refuses a container that is not there",
            is_set,
        ),
    ),
)


@operator("ecs", "tasks share what belongs to the host")
def share_the_host(stack: Stack) -> Made:
    """Let each task share processes, memory, or a directory of its host."""
    for task in tasks(stack):
        yield f"{task.name} processes", stack.put(task, "pidMode", "host")
        yield f"{task.name} memory", stack.put(task, "ipcMode", "host")
        for path in ("/", "/etc", "/var/run/docker.sock", "/var/lib/ecs"):
            volume = [{"name": "host", "hostPath": path}]
            yield f"{task.name} {path}", stack.put(task, "volumes", volume)


@operator("ecs", "ECS may neither stop an old task nor start a new one")
def leave_no_room_to_deploy(stack: Stack) -> Made:
    """Let each service keep all its tasks, and no more."""
    for item in stack.of(ECS_SERVICE):
        full = stack.put(item, "deploymentMinimumHealthyPercent", 100)
        yield item.name, full.put(item, "deploymentMaximumPercent", 100)


@operator("ecs", "what the release may do is what ECS may do to start it, secrets included")
def share_the_execution_role(stack: Stack) -> Made:
    """Give each task its execution role as its own."""
    for task in tasks(stack):
        role = task.properties["executionRoleArn"]
        yield task.name, stack.put(task, "taskRoleArn", role)


OPERATORS: Final = operators(globals())
