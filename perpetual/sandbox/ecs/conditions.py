"""What tasks of services count as, kept up to date as they change."""

from perpetual.sandbox.ecs import health
from perpetual.sandbox.ecs.core import TASK, Core, News
from perpetual.sandbox.ecs.health import Rules
from perpetual.sandbox.ecs.model import Task
from perpetual.sandbox.ecs.states import Condition, TaskStatus


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
    if found.condition is Condition.LEAVING and task.instance is not None:
        deployment.hosts[task.instance] -= 1
    if found.condition in (Condition.HEALTHY, Condition.DISPLACED) and not task.ever_healthy:
        task.ever_healthy = True
        core.news.append(News(task=task.arn, failed=False))
    task.condition = found.condition
    core.look_at(service.arn)


def move(core: Core, task: Task, status: TaskStatus) -> None:
    """Take a task to another state."""
    task.status = status
    task.version += 1
    refresh(core, task)
    core.look_at(task.service)
