"""Tasks without a place that wait for a host which managed scaling may bring.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-scaling-behavior.html
"""

from collections import Counter
from typing import Any

from perpetual.sandbox.ecs import ending, hosts, lifecycle
from perpetual.sandbox.ecs.core import Core
from perpetual.sandbox.ecs.ending import FAILED_TO_START, Stop
from perpetual.sandbox.ecs.model import Cluster, Task
from perpetual.sandbox.ecs.placement import Ask, Places


def waits_for_hosts(core: Core, provider: str | None) -> bool:
    """Return whether a task of a capacity provider waits: its managed scaling may bring a host.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-scaling-behavior.html
    """
    if provider is None or provider not in core.state.providers:
        return False
    scaling = core.state.providers[provider].group.get("managedScaling", {})
    return bool(scaling.get("status") == "ENABLED")


def place_waiting(core: Core, cluster: Cluster) -> None:
    """Give places to the tasks that wait for one, in the order in which they came."""
    for arn in list(cluster.waiting):
        task = core.state.tasks[arn]
        found = _places(core, cluster, task).take()
        if found is not None:
            del cluster.waiting[arn]
            hosts.assign(core, task, found)
            lifecycle.begin(core, task)


def _places(core: Core, cluster: Cluster, task: Task) -> Places:
    service, deployment = core.service(task), core.deployment(task)
    settings: dict[str, Any] = service.settings if service else {}
    ask = Ask(
        needs=task.needs,
        provider=task.provider,
        strategy=settings.get("placementStrategy", ()),
        constraints=(
            *settings.get("placementConstraints", ()),
            *task.definition.get("placementConstraints", ()),
        ),
        hosts=deployment.hosts if deployment else Counter(),
        zone=task.zone_only,
    )
    return Places(cluster.instances.values(), ask)


def give_up(core: Core, task: Task) -> None:
    """End a task for which no host came in time.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
    """
    cluster = core.cluster(task)
    if task.arn not in cluster.waiting:
        return
    lacking = _places(core, cluster, task).lacking()
    reason = lacking[0].reason if lacking else "EMPTY CAPACITY PROVIDER"
    stop = Stop(
        code=FAILED_TO_START,
        reason=f"{FAILED_TO_START}: {reason}",
        failed=task.service is not None,
    )
    ending.stop(core, task, stop)
