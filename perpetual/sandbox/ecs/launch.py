"""New tasks: their records, their places, and the wait for a place.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-auto-scaling.html
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from perpetual.sandbox.ecs import definitions, events, hosts, lifecycle, waiting
from perpetual.sandbox.ecs.core import TASK, Core
from perpetual.sandbox.ecs.model import Cluster, Container, Moments, TargetState, Task
from perpetual.sandbox.ecs.names import last
from perpetual.sandbox.ecs.placement import Ask, Lack, Places
from perpetual.sandbox.ecs.records import Deployment, Document, Service
from perpetual.sandbox.ecs.states import Condition
from perpetual.sandbox.ecs.world import Target

PROVISIONING_MOST = 500
"""Tasks of a cluster that may wait for a place at once.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
"""


@dataclass(frozen=True, kw_only=True)
class New:
    """What a task is made of, in the API's spelling; `deployment` only for tasks of a service."""

    cluster: Cluster
    definition: Document
    group: str
    started_by: str | None = None
    launch_type: str | None = None
    strategy: Sequence[Document] = ()
    placement: Sequence[Document] = ()
    constraints: Sequence[Document] = ()
    network: Document | None = None
    overrides: Document = field(default_factory=dict)
    execute_command: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    service: Service | None = None
    deployment: Deployment | None = None


@dataclass(frozen=True, kw_only=True)
class Begun:
    """The tasks that came of a wish for some, and why there are not more.

    `full`: some found no place, which the service's own stopping tasks will leave. `failed`: some
    found none, and nothing tells of any.
    """

    tasks: list[Task]
    lacking: list[Lack]
    full: bool = False
    failed: bool = False


def for_service(core: Core, service: Service, deployment: Deployment, count: int) -> Begun:
    """Start tasks of a service's deployment, as many as find a place.

    Where managed scaling may bring a host, a task without a place waits. Where tasks of the service
    are on their way out, their room is waited for; otherwise it counts as a failure to start:
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
    """
    new = _of_service(core, service, deployment)
    begun = begin(core, new, count, zone=deployment.zone)
    missing = count - len(begun.tasks)
    if missing or any(one.instance is None for one in begun.tasks):
        provider = bool(deployment.revision.strategy)
        events.unplaced(core, service, begun.lacking, provider=provider)
    else:
        events.resolved(service, events.UNABLE)
    leaving = any(one.counts[Condition.LEAVING] for one in service.deployments)
    return Begun(
        tasks=begun.tasks,
        lacking=begun.lacking,
        full=bool(missing) and leaving,
        failed=bool(missing) and not leaving,
    )


def _of_service(core: Core, service: Service, deployment: Deployment) -> New:
    revision, settings = deployment.revision, service.settings
    document = definitions.find(core, revision.task_definition)
    return New(
        cluster=core.state.clusters[service.cluster],
        definition=document,
        group=f"service:{service.name}",
        started_by=deployment.id,
        launch_type=revision.launch_type,
        strategy=revision.strategy,
        placement=settings.get("placementStrategy", ()),
        constraints=settings.get("placementConstraints", ()),
        network=revision.network,
        execute_command=bool(settings.get("enableExecuteCommand")),
        tags=_service_tags(core, service, document),
        service=service,
        deployment=deployment,
    )


def _service_tags(core: Core, service: Service, document: Document) -> dict[str, str]:
    """Return the tags of a service's tasks.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html
    """
    tags: dict[str, str] = {}
    if service.settings.get("enableECSManagedTags"):
        tags |= {"aws:ecs:clusterName": service.cluster, "aws:ecs:serviceName": service.name}
    match service.settings.get("propagateTags"):
        case "SERVICE":
            tags |= service.tags
        case "TASK_DEFINITION":
            tags |= definitions.tags(core, document["taskDefinitionArn"])
    return tags


def begin(core: Core, new: New, count: int, *, zone: str | None = None) -> Begun:
    """Create tasks and give each a place; those without one are dropped, or wait for a host."""
    tasks: list[Task] = []
    spread = _spread(core, new)
    asked, places = None, None
    for _ in range(count):
        provider = _provider(core, new, tasks)
        if places is None or provider != asked:
            ask = _ask(new, provider, spread, zone)
            asked, places = provider, Places(new.cluster.instances.values(), ask)
        found = places.take()
        if found is None and not _may_wait(core, new.cluster, provider):
            break
        task = _create(core, new, provider)
        task.zone_only = zone
        tasks.append(task)
        if found is None:
            new.cluster.waiting[task.arn] = None
            core.wake(core.now + core.timing.provisioning, TASK, task.arn)
        else:
            hosts.assign(core, task, found)
            if new.deployment is None:
                spread[found.arn] += 1
            lifecycle.begin(core, task)
    lacks_some = len(tasks) < count or any(one.instance is None for one in tasks)
    return Begun(tasks=tasks, lacking=places.lacking() if places and lacks_some else [])


def _may_wait(core: Core, cluster: Cluster, provider: str | None) -> bool:
    return waiting.waits_for_hosts(core, provider) and len(cluster.waiting) < PROVISIONING_MOST


def _ask(new: New, provider: str | None, spread: Mapping[str, int], zone: str | None) -> Ask:
    return Ask(
        needs=hosts.needs(new.definition, new.overrides),
        provider=provider,
        strategy=new.placement,
        constraints=(*new.constraints, *new.definition.get("placementConstraints", ())),
        hosts=spread,
        zone=zone,
    )


def _spread(core: Core, new: New) -> Counter[str]:
    """Return how many tasks of the same deployment, or of the same group, each host has."""
    if new.deployment is not None:
        return new.deployment.hosts
    return Counter(
        one.instance
        for one in core.state.tasks.values()
        if one.group == new.group and one.instance and one.at.stopped is None
    )


def _provider(core: Core, new: New, tasks: Sequence[Task]) -> str | None:
    """Return the capacity provider of the next task: bases first, then by weight.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
    """
    if len(new.strategy) < 2:  # noqa: PLR2004 - no choice
        return str(new.strategy[0]["capacityProvider"]) if new.strategy else None
    earlier = core.tasks(new.deployment) if new.deployment else tasks
    counts = Counter(one.provider for one in earlier)
    for item in new.strategy:
        if counts[item["capacityProvider"]] < item.get("base", 0):
            return str(item["capacityProvider"])
    weighted = [one for one in new.strategy if one.get("weight", 0)]
    chosen = min(
        weighted or new.strategy,
        key=lambda one: counts[one["capacityProvider"]] / (one.get("weight") or 1),
    )
    return str(chosen["capacityProvider"])


def _create(core: Core, new: New, provider: str | None) -> Task:
    ids, document = core.state.ids, new.definition
    arn = core.account.arn("task", new.cluster.name, ids.task())
    awsvpc = document.get("networkMode") == "awsvpc"
    network = (new.network or {}).get("awsvpcConfiguration")
    task = Task(
        arn=arn,
        cluster=new.cluster.name,
        definition=document,
        group=new.group,
        needs=hosts.needs(document, new.overrides),
        containers=_containers(core, new, arn),
        at=Moments(created=core.now),
        service=new.service.arn if new.service else None,
        deployment=new.deployment.id if new.deployment else None,
        provider=provider,
        launch_type=None if provider else new.launch_type or "EC2",
        started_by=new.started_by,
        network=network if awsvpc else None,
        interface=ids.interface() if awsvpc else None,
        attachment=ids.uuid() if awsvpc else None,
        overrides=new.overrides,
        execute_command=new.execute_command,
        tags=dict(new.tags),
    )
    core.state.tasks[arn] = task
    if new.deployment is not None:
        new.deployment.tasks[arn] = None
        new.deployment.counts[task.condition] += 1
        task.targets = _targets(task, new.deployment)
    return task


def _targets(task: Task, deployment: Deployment) -> dict[Target, TargetState]:
    return {
        Target(
            group=one["targetGroupArn"],
            task=task.arn,
            container=one["containerName"],
            port=one["containerPort"],
        ): TargetState()
        for one in deployment.revision.load_balancers
    }


def _containers(core: Core, new: New, task: str) -> list[Container]:
    """Return a task's containers, with the overrides of its request.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerOverride.html
    """
    changes = {one["name"]: one for one in new.overrides.get("containerOverrides", ())}
    return [
        Container(
            arn=core.account.arn("container", new.cluster.name, last(task), core.state.ids.uuid()),
            definition=_overridden(one, changes.get(one["name"], {})),
        )
        for one in new.definition["containerDefinitions"]
    ]


def _overridden(container: Document, change: Document) -> Document:
    if not change:
        return container
    variables = {one["name"]: one for one in container.get("environment", ())}
    variables |= {one["name"]: one for one in change.get("environment", ())}
    kept = {key: change[key] for key in change if key not in ("name", "environment")}
    return {**container, **kept, "environment": list(variables.values())}
