"""From one state of a task to the next, with what each transition makes happen.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
"""

from dataclasses import dataclass
from typing import Any, Final

from perpetual.sandbox.ecs import health, hosts
from perpetual.sandbox.ecs.core import SERVICE, TASK, Core, News
from perpetual.sandbox.ecs.health import Rules
from perpetual.sandbox.ecs.model import PENDING, Condition, Task, TaskStatus
from perpetual.sandbox.ecs.world import Health, Registration, Target, TaskStart

ESSENTIAL: Final = "EssentialContainerExited"
FAILED_TO_START: Final = "TaskFailedToStart"
SCHEDULER: Final = "ServiceSchedulerInitiated"
USER: Final = "UserInitiated"
TERMINATED: Final = "TerminationNotice"


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Why a task stops: code and reason as DescribeTasks tells them.

    `drain`: its targets drain before its containers are told to end. `failed`: the circuit breaker
    counts it. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
    """

    code: str
    reason: str
    drain: bool = False
    failed: bool = False


# --- what a task counts as


def refresh(core: Core, task: Task) -> None:
    """Judge a task anew, and have its service decided on where that changes anything."""
    service, deployment = core.service(task), core.deployment(task)
    if service is None or deployment is None:
        return
    host = core.instance(task)
    rules = Rules(
        grace=float(service.settings.get("healthCheckGracePeriodSeconds") or 0),
        uncounted=core.timing.uncounted,
    )
    displaced = host is not None and host.status == "DRAINING"
    found = health.judge(task, rules, displaced=displaced, now=core.now)
    if found.again is not None:
        core.wake(found.again, TASK, task.arn)
    task.why = found.why
    if found.condition is task.condition:
        return
    deployment.counts[task.condition] -= 1
    deployment.counts[found.condition] += 1
    if found.condition in (Condition.HEALTHY, Condition.DISPLACED) and not task.ever_healthy:
        task.ever_healthy = True
        core.news.append(News(task=task.arn, failed=False))
    task.condition = found.condition
    core.look_at(service.arn)


def _move(core: Core, task: Task, status: TaskStatus) -> None:
    task.status = status
    task.version += 1
    refresh(core, task)
    core.look_at(task.service)


# --- start


def begin(core: Core, task: Task) -> None:
    """Have the world start a task that has a place, once its host really has what it takes.

    Until then it waits on its host, as with an agent from version 1.73.0:
    https://aws.amazon.com/blogs/containers/improvements-to-amazon-ecs-task-launch-behavior-when-tasks-have-prolonged-shutdown/
    """
    if task.network is None:
        _move(core, task, TaskStatus.PENDING)
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
        _move(core, task, TaskStatus.PENDING)


def pulling(core: Core, task: Task) -> None:
    """Note that images are being pulled."""
    if task.status in PENDING:
        task.at.attached = task.at.attached or core.now
        task.at.pull_started = core.now
        _move(core, task, TaskStatus.ACTIVATING)


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
        _count_target(core, task, "registered", target)
    for registration in registrations(core, task):
        core.world.announce(registration)
        task.announced = True
    _move(core, task, TaskStatus.RUNNING)


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


def _count_target(core: Core, task: Task, kind: str, target: Target) -> None:
    if task.service is not None:
        key = (task.service, kind, f"{target.group} {task.deployment}")
        core.targets[key] = core.targets.get(key, 0) + 1


# --- end


def stop(core: Core, task: Task, why: Stop) -> None:
    """Stop a task: take it out of traffic, let its connections drain, then end its containers.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/load-balancer-connection-draining.html
    """
    if task.stopping:
        return
    was_running = task.status is TaskStatus.RUNNING
    task.stopping = True
    task.stop_code, task.stopped_reason = why.code, why.reason
    task.at.stopping = core.now
    if why.failed:
        core.news.append(News(task=task.arn, failed=True))
    if task.announced:
        for registration in registrations(core, task):
            core.world.withdraw(registration)
        task.announced = False
    if was_running:
        _deregister(core, task)
    if not task.handed:
        finish(core, task)
    elif was_running and why.drain and task.targets:
        _move(core, task, TaskStatus.DEACTIVATING)
    else:
        _end_containers(core, task)


def _deregister(core: Core, task: Task) -> None:
    for target in task.targets:
        core.world.deregister(target)
        _count_target(core, task, "deregistered", target)


def _end_containers(core: Core, task: Task) -> None:
    """Tell the containers to end: SIGTERM, and SIGKILL after `stopTimeout`.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html
    """
    if all(one.status == "STOPPED" for one in task.containers):
        _ended(core, task)
        return
    hosts.leave(core, task)
    _move(core, task, TaskStatus.STOPPING)
    if task.stop_code != FAILED_TO_START:
        seconds = {
            one.name: float(one.definition.get("stopTimeout", core.timing.stop))
            for one in task.containers
            if one.status != "STOPPED"
        }
        core.world.stop(task.arn, seconds)


def _ended(core: Core, task: Task) -> None:
    hosts.leave(core, task)
    task.at.execution_stopped = task.at.execution_stopped or core.now
    _move(core, task, TaskStatus.DEPROVISIONING)


def target_changed(core: Core, task: Task, target: Target, state: Health, description: str) -> None:
    """Note a target's health; once all are out of use, a draining task's containers end."""
    known = task.targets.get(target)
    if known is None:
        return
    known.health, known.description = state, description
    refresh(core, task)
    over = all(one.health is Health.UNUSED for one in task.targets.values())
    if over and task.status is TaskStatus.DEACTIVATING:
        _end_containers(core, task)


def exited(core: Core, task: Task, name: str, code: int, reason: str | None) -> None:
    """Note that a container ended; with an essential one, the task does.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """
    container = next((one for one in task.containers if one.name == name), None)
    if container is None:
        return
    container.status, container.exit_code, container.reason = "STOPPED", code, reason
    if task.status in (TaskStatus.DEPROVISIONING, TaskStatus.STOPPED):
        return
    over = all(one.status == "STOPPED" for one in task.containers)
    if not task.stopping and (container.essential or over):
        reason = "Essential container in task exited"
        failed = task.service is not None and not task.ever_healthy
        stop(core, task, Stop(code=ESSENTIAL, reason=reason, failed=failed))
    elif over:
        _ended(core, task)


def start_failed(core: Core, task: Task, reason: str, name: str | None) -> None:
    """Note that a task could not be started, and what of it.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
    """
    for container in task.containers:
        if name in (None, container.name):
            container.reason = reason
    failed = task.service is not None
    stop(core, task, Stop(code=FAILED_TO_START, reason=reason, failed=failed))


def finish(core: Core, task: Task) -> None:
    """Forget a task at its host and service: nothing of it is left."""
    if task.status is TaskStatus.STOPPED:
        return
    task.at.execution_stopped = task.at.execution_stopped or core.now
    task.at.stopped = core.now
    if not task.stopping:
        task.stopping = True
        task.stop_code = task.stop_code or ESSENTIAL
    for container in task.containers:
        container.status = "STOPPED"
    _move(core, task, TaskStatus.STOPPED)
    _forget(core, task)
    for waiting in hosts.release(core, task):
        core.world.start(start_order(core, waiting))


def _forget(core: Core, task: Task) -> None:
    core.cluster(task).waiting.pop(task.arn, None)
    core.state.stopped[task.arn] = core.now
    deployment = core.deployment(task)
    if deployment is not None:
        deployment.tasks.pop(task.arn, None)
        deployment.counts[task.condition] -= 1
        if task.instance is not None:
            deployment.hosts[task.instance] -= 1
    if task.service is not None:
        core.wake(core.now, SERVICE, task.service)


def lost(core: Core, task: Task, reason: str) -> None:
    """Note that a task went with its host; its targets are taken out of traffic all the same."""
    if task.status is TaskStatus.STOPPED:
        return
    if not task.stopping:
        task.stopping = True
        task.stop_code, task.stopped_reason = TERMINATED, reason
        task.at.stopping = core.now
        if task.status is TaskStatus.RUNNING:
            _deregister(core, task)
        for registration in registrations(core, task) if task.announced else ():
            core.world.withdraw(registration)
    finish(core, task)
