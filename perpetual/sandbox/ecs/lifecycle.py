"""The start of a task: from its place on a host until it runs and is registered.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
"""

from typing import Any

from perpetual.sandbox.ecs import hosts
from perpetual.sandbox.ecs.conditions import move
from perpetual.sandbox.ecs.core import Core
from perpetual.sandbox.ecs.model import Task
from perpetual.sandbox.ecs.states import PENDING, TaskStatus
from perpetual.sandbox.ecs.world import Registration, Target, TaskStart


def begin(core: Core, task: Task) -> None:
    """Have the world start a task that has a place, once its host really has what it takes.

    Until then it waits on its host, as with an agent from version 1.73.0:
    https://aws.amazon.com/blogs/containers/improvements-to-amazon-ecs-task-launch-behavior-when-tasks-have-prolonged-shutdown/
    """
    if task.network is None:
        move(core, task, TaskStatus.PENDING)
    if hosts.take(core, task):
        core.world.start(start_order(core, task))


def start_order(core: Core, task: Task) -> TaskStart:
    """Return what the world needs to start a task."""
    document, overrides, instance = task.definition, task.overrides, core.instance(task)
    return TaskStart(
        task=task.arn,
        cluster=task.cluster,
        host=instance.host.instance if instance else "",
        definition=document,
        containers=tuple(one.definition for one in task.containers),
        group=task.group,
        service=task.service,
        network=task.network,
        interface=task.interface,
        task_role=overrides.get("taskRoleArn") or document.get("taskRoleArn"),
        execution_role=overrides.get("executionRoleArn") or document.get("executionRoleArn"),
        execute_command=task.execute_command,
        tags=dict(task.tags),
    )


def attached(core: Core, task: Task, addresses: tuple[str, ...]) -> None:
    """Note that the network interface is there: the agent takes over."""
    task.addresses = addresses or task.addresses
    if task.status is TaskStatus.PROVISIONING:
        task.at.attached = core.now
        move(core, task, TaskStatus.PENDING)


def pulling(core: Core, task: Task) -> None:
    """Note that images are being pulled."""
    if task.status in PENDING:
        task.at.attached = task.at.attached or core.now
        task.at.pull_started = core.now
        move(core, task, TaskStatus.ACTIVATING)


def pulled(core: Core, task: Task, digests: Any) -> None:
    """Note that the images are there."""
    task.at.pull_stopped = core.now
    for container in task.containers:
        container.digest = digests.get(container.name, container.digest)


def started(core: Core, task: Task, addresses: tuple[str, ...], runtime_ids: Any) -> None:
    """Register a task that runs with its target groups and Cloud Map, and count it as running.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-load-balancing.html
    """
    task.addresses = addresses or task.addresses
    for container in task.containers:
        container.runtime_id = runtime_ids.get(container.name, container.runtime_id)
        if container.status == "PENDING":
            container.status = "RUNNING"
    if task.stopping or task.status not in PENDING:
        return
    task.at.attached = task.at.attached or core.now
    task.at.started = core.now
    deployment = core.deployment(task)
    if deployment is not None:
        deployment.unstarted = 0
    for target in task.targets:
        core.world.register(target)
        count_target(core, task, "registered", target)
    for registration in registrations(core, task):
        core.world.announce(registration)
        task.announced = True
    move(core, task, TaskStatus.RUNNING)


def registrations(core: Core, task: Task) -> list[Registration]:
    """Return the task as instances of the Cloud Map services of its service revision.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-discovery.html
    """
    deployment = core.deployment(task)
    if deployment is None:
        return []
    return [
        Registration(
            registry=one["registryArn"],
            task=task.arn,
            container=one.get("containerName"),
            port=one.get("containerPort") or one.get("port"),
        )
        for one in deployment.revision.registries
    ]


def count_target(core: Core, task: Task, kind: str, target: Target) -> None:
    """Count a target that was registered or deregistered, to be told of with others."""
    if task.service is not None:
        key = (task.service, kind, f"{target.group} {task.deployment}")
        core.targets[key] = core.targets.get(key, 0) + 1
