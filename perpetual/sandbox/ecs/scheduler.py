"""Carries the decisions out, service by service: which tasks start and stop, and what that ends.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html
"""

from collections.abc import Iterable, Sequence

from perpetual.sandbox.ecs import completion, deployments, ending, events, launch, waiting
from perpetual.sandbox.ecs.breaker import breaker
from perpetual.sandbox.ecs.core import SERVICE, Core, News
from perpetual.sandbox.ecs.ending import ESSENTIAL, SCHEDULER, Stop
from perpetual.sandbox.ecs.model import Cluster, Task
from perpetual.sandbox.ecs.records import Deployment, Service
from perpetual.sandbox.ecs.rollout import Counts, Limits, Orders, decide, is_stuck, limits
from perpetual.sandbox.ecs.states import Condition, Monitor, Rollout

IMPAIRED_AFTER = 3
"""Failures to start in a row after which the service says so; AWS publishes no figure."""


def settle(core: Core) -> None:
    """Do everything that follows from what is known, until nothing more does."""
    while core.news or core.freed or core.dirty:
        hear_all(core)
        while core.freed:
            name, _ = core.freed.popitem()
            _reuse(core, core.state.clusters[name])
        if core.dirty:
            arn = next(iter(core.dirty))
            del core.dirty[arn]
            service_ = core.state.services.get(arn)
            if service_ is not None:
                reconcile(core, service_)
    _tell_targets(core)


def _reuse(core: Core, cluster: Cluster) -> None:
    """Give room that has become free to tasks that wait for a place, then to services."""
    cluster.freed += 1
    waiting.place_waiting(core, cluster)
    for service in core.state.services.values():
        if service.cluster == cluster.name and service.status == "ACTIVE":
            core.look_at(service.arn)


def hear_all(core: Core) -> None:
    """Take in what became of tasks, in the order in which it happened."""
    while core.news:
        hear(core, core.news.pop(0))


def hear(core: Core, news: News) -> None:
    """Count a failure, or the health that ends a row of them, and fail the deployment if enough.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
    """
    task = core.state.tasks[news.task]
    service, deployment = core.service(task), core.deployment(task)
    if service is None or deployment is None:
        return
    if not news.failed:
        deployment.healthy_once = True
        if breaker(service.settings["deploymentConfiguration"]).resets:
            deployment.failures = 0
        events.resolved(service, events.IMPAIRED)
        return
    _note_failure(core, service, deployment, task)


def _note_failure(
    core: Core, service: Service, deployment: Deployment, task: Task | None = None
) -> None:
    """Count one failure, and put off the next start: longer each time where tasks never ran.

    A task that failed its health checks is replaced at once.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
    """
    deployment.failures += 1
    wait = 0.0
    if task is not None and task.at.started is not None:
        wait = core.timing.replacement if task.stop_code == ESSENTIAL else 0.0
    else:
        deployment.unstarted += 1
        wait = core.timing.throttle(deployment.unstarted)
        if deployment.unstarted >= IMPAIRED_AFTER:
            events.say_once(core, service, events.IMPAIRED)
    deployment.next_start = max(deployment.next_start, core.now + wait)
    settings = breaker(service.settings["deploymentConfiguration"])
    watched = deployment is service.primary and deployment.rollout is Rollout.IN_PROGRESS
    if watched and settings.trips(deployment.failures, service.desired):
        record = deployments.record_of(service, deployment)
        record.breaker = Monitor.TRIGGERED
        record.threshold = settings.threshold(service.desired)
        deployments.fail(
            core, service, deployment, deployments.by_breaker(rollback=settings.rollback)
        )
    core.wake(deployment.next_start, SERVICE, service.arn)


# --- one service


def reconcile(core: Core, service: Service) -> None:
    """Bring a service closer to what it should be."""
    if service.status == "ACTIVE":
        deployments.progress(core, service)
    _stop_doomed(core, service)
    hear_all(core)
    primary, bounds = service.primary, _limits(service)
    primary.goal = _goal(service)
    sources = _in_keeping_order(service.deployments[1:])
    target, others = _counts(primary), [_counts(one) for one in sources]
    orders = list(zip((primary, *sources), decide(target, others, bounds), strict=True))
    for deployment, order in orders:
        deployment.goal = order.goal
        if order.stops:
            _stop_some(core, service, deployment, order)
    for deployment, order in (*orders[1:], orders[0]):
        if order.start:
            _start(core, service, deployment, order.start)
        if service.primary is not primary:
            return  # rolled back: what was decided is void, and the service is looked at again
    if service.status == "ACTIVE":
        leaving = any(one.counts[Condition.LEAVING] for one in service.deployments)
        if is_stuck(target, others, bounds) and not leaving:
            events.say_once(core, service, events.DEADLOCK)
        completion.look(core, service)
    completion.drop_empty(core, service)


def _goal(service: Service) -> int:
    """Return how many tasks the primary deployment should have: one more to even out zones.

    A failed one starts no more, but it shrinks with the service.
    """
    primary = service.primary
    if primary.rollout is Rollout.FAILED:
        return min(primary.goal, service.desired)
    moving = primary.zone is not None and primary.counts[Condition.HEALTHY] <= service.desired
    return service.desired + int(moving)


def _limits(service: Service) -> Limits:
    return limits(service.desired, service.settings["deploymentConfiguration"])


def _in_keeping_order(sources: Sequence[Deployment]) -> list[Deployment]:
    """Return deployments by how much they are worth keeping: completed ones, then newer ones."""
    return sorted(sources, key=lambda one: (not one.completed, -one.created))


def _counts(deployment: Deployment) -> Counts:
    counts = deployment.counts
    return Counts(
        goal=deployment.goal,
        starting=counts[Condition.STARTING],
        healthy=counts[Condition.HEALTHY],
        unhealthy=counts[Condition.UNHEALTHY],
        displaced=counts[Condition.DISPLACED],
        may_start=deployment.rollout is not Rollout.FAILED,
    )


def _start(core: Core, service: Service, deployment: Deployment, count: int) -> None:
    """Start tasks of a deployment, unless it is too early, or nothing has become free since."""
    cluster = core.state.clusters[service.cluster]
    if core.now < deployment.next_start:
        core.wake(deployment.next_start, SERVICE, service.arn)
        return
    if deployment.full_since == cluster.freed:
        return
    replaced = deployment.counts[Condition.UNHEALTHY] + deployment.replaced
    begun = launch.for_service(core, service, deployment, count)
    deployment.replaced = 0
    if begun.tasks:
        events.resolved(service, events.DEADLOCK)
        if deployment.zone is None:
            events.started(core, service, begun.tasks, min(replaced, len(begun.tasks)))
        else:
            events.started_in_zone(core, service, deployment.zone, begun.tasks[0])
    if begun.full:
        deployment.full_since = cluster.freed
    if begun.failed:
        _note_failure(core, service, deployment)


# --- which tasks stop


def _stop_doomed(core: Core, service: Service) -> None:
    """Stop what is to go whatever else happens, and say why where a check failed."""
    for deployment in service.deployments:
        if not deployment.counts[Condition.DOOMED]:
            continue
        doomed = [one for one in core.tasks(deployment) if one.condition is Condition.DOOMED]
        for task in doomed:
            deployment.replaced += bool(task.why)
            _stop_for_check(core, service, task)
        events.stopped(core, service, doomed)


def _stop_for_check(core: Core, service: Service, task: Task) -> None:
    """Stop a task for the check that it fails; without one, because its host drains."""
    if not task.why:
        ending.stop(core, task, _scaling(service))
        return
    completion.tell_unhealthy(core, service, task)
    ending.stop(core, task, Stop(code=SCHEDULER, reason=task.why, drain=True, failed=True))


def _scaling(service: Service) -> Stop:
    reason = f"Scaling activity initiated by (deployment {service.primary.id})"
    return Stop(code=SCHEDULER, reason=reason, drain=True)


def _stop_some(core: Core, service: Service, deployment: Deployment, order: Orders) -> None:
    """Stop the tasks that an order counts, and tell of them in one event."""
    tasks = list(core.tasks(deployment))
    stopping: list[Task] = []
    for condition, count in (
        (Condition.STARTING, order.stop_starting),
        (Condition.DISPLACED, order.stop_displaced),
        (Condition.HEALTHY, order.stop_healthy),
    ):
        chosen = _chosen(core, tasks, condition, count)
        for task in chosen:
            ending.stop(core, task, _scaling(service))
        stopping.extend(chosen)
    for task in _chosen(core, tasks, Condition.UNHEALTHY, order.stop_unhealthy):
        _stop_for_check(core, service, task)
        stopping.append(task)
    if deployment.zone is not None and order.stop_healthy:
        zone = completion.zone_of(core, stopping[0])
        deployment.zone = None
        events.stopped_in_zone(core, service, zone, stopping)
    else:
        events.stopped(core, service, stopping)


def _chosen(core: Core, tasks: Iterable[Task], condition: Condition, count: int) -> list[Task]:
    """Choose tasks to stop: those that leave the others spread best over zones, then over hosts.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html
    """
    zones: dict[str, dict[str, list[Task]]] = {}
    for task in tasks if count else ():
        if task.condition is condition:
            hosts = zones.setdefault(completion.zone_of(core, task), {})
            hosts.setdefault(task.instance or "", []).append(task)
    sizes = {zone: sum(map(len, hosts.values())) for zone, hosts in zones.items()}
    chosen = []
    for _ in range(min(count, sum(sizes.values()))):
        zone = max(sizes, key=lambda name: sizes[name])
        fullest = max(zones[zone].values(), key=len)
        chosen.append(fullest.pop())
        sizes[zone] -= 1
    return chosen


# --- targets


def _tell_targets(core: Core) -> None:
    """Tell of registrations in one event for each target group, as they were made together."""
    for (arn, kind, key), count in core.targets.items():
        service = core.state.services[arn]
        group, deployment = key.rsplit(" ", 1)
        if kind == "registered":
            events.registrations(core, service, group, count)
        else:
            events.deregistrations(core, service, group, deployment, count)
    core.targets.clear()
