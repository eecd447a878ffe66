"""What a task of a service counts as.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
"""

from dataclasses import dataclass

from perpetual.sandbox.ecs.model import Task
from perpetual.sandbox.ecs.states import Condition, TaskStatus
from perpetual.sandbox.ecs.world import Health

CONTAINER_CHECKS = "Task failed container health checks"


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What judges the tasks of one service: its grace period, and the time without any check."""

    grace: float
    uncounted: float


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What a task counts as, why it is to go, and when time alone may change that."""

    condition: Condition
    why: str = ""
    again: float | None = None


def judge(task: Task, rules: Rules, *, displaced: bool, now: float) -> Judgement:
    """Return what a task counts as.

    A task behind a balancer is healthy once all its targets are; with container health checks,
    once these pass as well; with neither, some time after its start. On a host that drains, what
    serves is replaced first and what does not goes at once:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html
    """
    if task.stopping:
        return Judgement(condition=Condition.LEAVING)
    found = _by_checks(task, rules, now)
    if not displaced:
        return found
    if found.condition is Condition.HEALTHY:
        return Judgement(condition=Condition.DISPLACED)
    return Judgement(condition=Condition.DOOMED)


def _by_checks(task: Task, rules: Rules, now: float) -> Judgement:
    if task.status is not TaskStatus.RUNNING or task.at.started is None:
        return Judgement(condition=Condition.STARTING)
    why = failed_check(task)
    if why:
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
        over = task.at.started + rules.grace
        if now < over:
            return Judgement(condition=Condition.STARTING, again=over)
        # What was never healthy serves nobody, and need not wait for its successor.
        condition = Condition.UNHEALTHY if task.ever_healthy else Condition.DOOMED
        return Judgement(condition=condition, why=why)
    checked = [one for one in task.containers if one.essential and one.checked]
    if not task.targets and not checked:
        due = task.at.started + rules.uncounted
        healthy = now >= due
        return Judgement(
            condition=Condition.HEALTHY if healthy else Condition.STARTING,
            again=None if healthy else due,
        )
    passing = all(one.health == "HEALTHY" for one in checked) and all(
        one.health is Health.HEALTHY for one in task.targets.values()
    )
    return Judgement(condition=Condition.HEALTHY if passing else Condition.STARTING)


def failed_check(task: Task) -> str:
    """Return the stopped reason of the check that a task fails, or nothing.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
    """
    if any(one.essential and one.health == "UNHEALTHY" for one in task.containers):
        return CONTAINER_CHECKS
    for target, state in task.targets.items():
        if state.health is Health.UNHEALTHY:
            return f"Task failed ELB health checks in (target-group {target.group})"
    return ""


def task_health(task: Task) -> str:
    """Return the health that a task shows: that of its essential containers' own checks.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
    """
    found = {one.health for one in task.containers if one.essential}
    for status in ("UNHEALTHY", "UNKNOWN"):
        if status in found:
            return status
    return "HEALTHY"
