"""When a service has got where it should be: deployments that are over, steady states, balance."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from perpetual.sandbox.ecs import deployments, events
from perpetual.sandbox.ecs.core import SERVICE, Core
from perpetual.sandbox.ecs.health import CONTAINER_CHECKS
from perpetual.sandbox.ecs.model import Task
from perpetual.sandbox.ecs.placement import ZONE, Ask, Places
from perpetual.sandbox.ecs.records import Deployment, Service
from perpetual.sandbox.ecs.rollout import limits
from perpetual.sandbox.ecs.states import LEFT, Condition, Monitor, Rollout
from perpetual.sandbox.ecs.world import Health

MINUTE = 60.0
REBALANCING = "rebalancing"


def look(core: Core, service: Service) -> None:
    """End a deployment that is over, tell of a steady state, and even out the zones in it."""
    primary = service.primary
    if primary.rollout is Rollout.IN_PROGRESS and _is_over(core, service, primary):
        deployments.complete(core, service)
    if _is_steady(service):
        service.steady = True
        if events.say_once(core, service, events.STEADY):
            core.wake(core.now + core.timing.repeat, SERVICE, service.arn)
        _balance(core, service)
    elif service.steady:
        service.steady = False
        events.resolved(service, events.STEADY)


# --- the end of a deployment


def _is_over(core: Core, service: Service, primary: Deployment) -> bool:
    """Return whether the primary deployment has done what it was to do.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/early-success-criteria.html
    """
    early = service.settings["deploymentConfiguration"].get("earlySuccessCriteria") or {}
    others = service.deployments[1:]
    if early.get("enable"):
        healthy = _serving(primary) >= _early_count(service.desired, early)
        gone = early.get("sourceServiceRevisionCleanup") == "DEFERRED"
        scaled_in = True
    else:
        healthy = _is_full(service, primary)
        gone = False
        scaled_in = not any(_present(one) for one in others)
    if not healthy or not scaled_in:
        primary.baking_since = None
        return False
    return _is_baked(core, service, primary) and (gone or not any(one.tasks for one in others))


def _early_count(desired: int, early: Mapping[str, Any]) -> int:
    """Return how many healthy tasks suffice: the share is rounded up, and never none.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/early-success-criteria.html
    """
    percent = int(early.get("healthyPercent", 100))
    return max(min(1, desired), -(-desired * percent // 100))


def _is_baked(core: Core, service: Service, primary: Deployment) -> bool:
    """Return whether the alarms have been watched long enough after the last task was replaced.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
    """
    record = deployments.record_of(service, primary)
    if record.alarms is not Monitor.MONITORING:
        return True
    if primary.baking_since is None:
        primary.baking_since = core.now
    minutes = service.settings["deploymentConfiguration"].get("bakeTimeInMinutes")
    over = primary.baking_since + (core.timing.bake if minutes is None else minutes * MINUTE)
    if core.now >= over:
        return True
    core.wake(over, SERVICE, service.arn)
    return False


def _serving(deployment: Deployment) -> int:
    return deployment.counts[Condition.HEALTHY] + deployment.counts[Condition.DISPLACED]


def _present(deployment: Deployment) -> int:
    """Return how many tasks of a deployment have not been told to stop."""
    return len(deployment.tasks) - deployment.counts[Condition.LEAVING]


def _is_full(service: Service, primary: Deployment) -> bool:
    return primary.counts[Condition.HEALTHY] == _present(primary) == service.desired


def _is_steady(service: Service) -> bool:
    primary, others = service.primary, service.deployments[1:]
    return (
        primary.rollout is Rollout.COMPLETED
        and _is_full(service, primary)
        and not any(_present(one) for one in others)
    )


def drop_empty(core: Core, service: Service) -> None:
    """Forget deployments without tasks, and a deleted service once its tasks are told to end.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html
    """
    service.deployments = [
        one for number, one in enumerate(service.deployments) if not number or one.tasks
    ]
    if service.status == "DRAINING":
        tasks = [task for one in service.deployments for task in core.tasks(one)]
        if all(task.status in LEFT for task in tasks):
            service.status = "INACTIVE"
            service.records.clear()


# --- unhealthy tasks


def tell_unhealthy(core: Core, service: Service, task: Task) -> None:
    """Tell which check a task fails, in the words of the check."""
    if task.why == CONTAINER_CHECKS:
        events.unhealthy_container(core, service, task)
        return
    for target, state in task.targets.items():
        if state.health is Health.UNHEALTHY:
            reason = state.description or "Health checks failed"
            events.unhealthy_target(core, service, task, target, reason)


# --- zones


def zone_of(core: Core, task: Task) -> str:
    """Return the availability zone a task runs in."""
    instance = core.instance(task)
    return instance.host.zone if instance else ""


def may_rebalance(settings: Mapping[str, Any]) -> bool:
    """Return whether a service can be rebalanced at all: spread over zones first, above 100 %.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
    """
    strategy = settings.get("placementStrategy") or [{"type": "spread", "field": ZONE}]
    first = strategy[0]
    spread = first.get("type") == "spread" and first.get("field") == ZONE
    constrained = any(
        ZONE in str(one.get("expression", "")) for one in settings.get("placementConstraints", ())
    )
    most = (settings.get("deploymentConfiguration") or {}).get("maximumPercent", 200)
    return spread and not constrained and most > 100  # noqa: PLR2004 - percent


def _balance(core: Core, service: Service) -> None:
    """Start one task in the emptiest zone where the fullest has two more; its surplus goes later.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
    """
    settings, primary = service.settings, service.primary
    enabled = settings.get("availabilityZoneRebalancing") == "ENABLED"
    if not enabled or not may_rebalance(settings) or primary.zone is not None:
        return
    zones = _zones(core, service)
    if not zones:
        return
    emptiest = min(zones, key=lambda zone: (zones[zone], zone))
    if max(zones.values()) - zones[emptiest] < 2:  # noqa: PLR2004 - one more is no imbalance
        if service.said.pop(REBALANCING, None) is not None:
            events.balance(core, service, zones, even=True)
        return
    bounds = limits(service.desired, settings["deploymentConfiguration"])
    if bounds.maximum <= service.desired or not _has_room(core, service, emptiest):
        return
    if REBALANCING not in service.said:
        service.said[REBALANCING] = core.now
        events.balance(core, service, zones, even=False)
    primary.zone = emptiest
    core.look_at(service.arn)


def _zones(core: Core, service: Service) -> dict[str, int]:
    """Return how many of a service's tasks each zone with active hosts has."""
    cluster = core.state.clusters[service.cluster]
    zones: Counter[str] = Counter()
    for instance in cluster.instances.values():
        if instance.status == "ACTIVE" and instance.connected:
            zones[instance.host.zone] += service.primary.hosts[instance.arn]
    return dict(zones)


def _has_room(core: Core, service: Service, zone: str) -> bool:
    task = next(core.tasks(service.primary), None)
    if task is None:
        return False
    cluster = core.state.clusters[service.cluster]
    ask = Ask(needs=task.needs, provider=task.provider, zone=zone)
    return Places(cluster.instances.values(), ask).take() is not None
