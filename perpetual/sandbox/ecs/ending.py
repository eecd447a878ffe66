"""The end of a task, whoever wants it: traffic first, then the containers, then what is left.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
"""

from dataclasses import dataclass
from typing import Final

from perpetual.sandbox.ecs import hosts
from perpetual.sandbox.ecs.conditions import move, refresh
from perpetual.sandbox.ecs.core import SERVICE, Core, News
from perpetual.sandbox.ecs.lifecycle import count_target, registrations, start_order
from perpetual.sandbox.ecs.model import Task
from perpetual.sandbox.ecs.states import TaskStatus
from perpetual.sandbox.ecs.world import Health, Target

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
        move(core, task, TaskStatus.DEACTIVATING)
    else:
        _end_containers(core, task)


def _deregister(core: Core, task: Task) -> None:
    for target in task.targets:
        core.world.deregister(target)
        count_target(core, task, "deregistered", target)


def _end_containers(core: Core, task: Task) -> None:
    """Tell the containers to end: SIGTERM, and SIGKILL after `stopTimeout`.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html
    """
    if all(one.status == "STOPPED" for one in task.containers):
        _ended(core, task)
        return
    hosts.leave(core, task)
    move(core, task, TaskStatus.STOPPING)
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
    move(core, task, TaskStatus.DEPROVISIONING)


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
    move(core, task, TaskStatus.STOPPED)
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
