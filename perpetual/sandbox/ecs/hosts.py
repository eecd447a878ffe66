"""What tasks take of their hosts, and when it is free again.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-eni.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/memory-management.html
"""

from collections.abc import Sequence

from perpetual.sandbox.ecs.core import Core
from perpetual.sandbox.ecs.model import Instance, Needs, Task
from perpetual.sandbox.ecs.placement import lacks
from perpetual.sandbox.ecs.records import Document


def needs(definition: Document, overrides: Document) -> Needs:
    """Return what a task takes: its own size, or what its containers reserve.

    A container takes its reservation, or its limit where it reserves nothing:
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """
    changed = {one["name"]: one for one in overrides.get("containerOverrides", ())}
    containers = [
        {**one, **changed.get(one["name"], {})} for one in definition["containerDefinitions"]
    ]
    cpu = overrides.get("cpu") or definition.get("cpu")
    memory = overrides.get("memory") or definition.get("memory")
    awsvpc = definition.get("networkMode") == "awsvpc"
    return Needs(
        cpu=int(cpu or sum(int(one.get("cpu") or 0) for one in containers)),
        memory=int(memory or sum(_memory(one) for one in containers)),
        interfaces=1 if awsvpc else 0,
        ports=frozenset() if awsvpc else _ports(containers),
    )


def _memory(container: Document) -> int:
    return int(container.get("memoryReservation") or container.get("memory") or 0)


def _ports(containers: Sequence[Document]) -> frozenset[tuple[str, int]]:
    return frozenset(
        (mapping.get("protocol", "tcp"), mapping["hostPort"])
        for one in containers
        for mapping in one.get("portMappings", ())
        if mapping.get("hostPort")
    )


def assign(core: Core, task: Task, instance: Instance) -> None:
    """Give a task its place."""
    task.instance = instance.arn
    instance.tasks[task.arn] = True
    instance.promised.add(task.needs)
    instance.version += 1
    deployment = core.deployment(task)
    if deployment is not None:
        deployment.hosts[instance.arn] += 1


def take(core: Core, task: Task) -> bool:
    """Take a host's resources for a task, or have it wait until they are really free."""
    instance = core.instance(task)
    if instance is None:
        return False
    if instance.queue or lacks(instance, task.needs, instance.held):
        instance.queue[task.arn] = None
        return False
    instance.held.add(task.needs)
    task.handed = True
    return True


def leave(core: Core, task: Task) -> None:
    """Count what a task holds as free for the next, because it was told to end."""
    instance = core.instance(task)
    if instance is not None and instance.tasks.get(task.arn):
        instance.tasks[task.arn] = False
        instance.promised.add(task.needs, -1)
        core.freed[task.cluster] = None


def release(core: Core, task: Task) -> list[Task]:
    """Free what a task held, and return the tasks that waited for it, in their order."""
    leave(core, task)
    instance = core.instance(task)
    if instance is None:
        return []
    instance.tasks.pop(task.arn, None)
    instance.queue.pop(task.arn, None)
    instance.version += 1
    if task.handed:
        instance.held.add(task.needs, -1)
    ready = []
    for arn in list(instance.queue):
        waiting = core.state.tasks[arn]
        if lacks(instance, waiting.needs, instance.held):
            break
        del instance.queue[arn]
        instance.held.add(waiting.needs)
        waiting.handed = True
        ready.append(waiting)
    return ready
