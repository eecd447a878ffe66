"""What a service is set to: its revision, whose change makes a deployment, and everything else.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
"""

from typing import Any, Final

from perpetual.sandbox.ecs import definitions
from perpetual.sandbox.ecs.completion import may_rebalance
from perpetual.sandbox.ecs.core import Core
from perpetual.sandbox.ecs.model import Cluster
from perpetual.sandbox.ecs.operations.lookup import Request
from perpetual.sandbox.ecs.operations.providers import strategy_of
from perpetual.sandbox.ecs.records import Revision
from perpetual.sandbox.ecs.rollout import DEFAULT_MAXIMUM, DEFAULT_MINIMUM

SETTINGS: Final = (
    "availabilityZoneRebalancing",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
    "placementConstraints",
    "placementStrategy",
    "propagateTags",
)
"""Settings that UpdateService changes without a new deployment."""


def defaults(request: Request) -> dict[str, Any]:
    """Return the settings of a new service, with AWS's defaults.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
    """
    settings: dict[str, Any] = {
        "deploymentController": request.get("deploymentController") or {"type": "ECS"},
        "schedulingStrategy": request.get("schedulingStrategy") or "REPLICA",
        "deploymentConfiguration": _configuration({}, request.get("deploymentConfiguration")),
        "placementConstraints": [],
        "placementStrategy": [],
        "enableECSManagedTags": False,
        "enableExecuteCommand": False,
        "propagateTags": "NONE",
        **{key: request[key] for key in SETTINGS if request.get(key) is not None},
    }
    if request.get("loadBalancers"):
        settings.setdefault("healthCheckGracePeriodSeconds", 0)
    even = "ENABLED" if may_rebalance(settings) else "DISABLED"
    settings.setdefault("availabilityZoneRebalancing", even)
    return settings


def merged(settings: dict[str, Any], request: Request) -> dict[str, Any]:
    """Return the settings after an update: what it leaves out stays."""
    changes = {key: request[key] for key in SETTINGS if request.get(key) is not None}
    configuration = _configuration(
        settings["deploymentConfiguration"], request.get("deploymentConfiguration")
    )
    return {**settings, **changes, "deploymentConfiguration": configuration}


def _configuration(known: Request, change: Request | None) -> dict[str, Any]:
    """Return a deployment configuration, completed.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
    """
    start = {
        "maximumPercent": DEFAULT_MAXIMUM,
        "minimumHealthyPercent": DEFAULT_MINIMUM,
        "strategy": "ROLLING",
        "deploymentCircuitBreaker": {"enable": False, "rollback": False},
        **known,
    }
    given = {key: value for key, value in (change or {}).items() if value is not None}
    return {**start, **given}


def revision(
    core: Core, owner: Cluster, name: str, request: Request, current: Revision | None = None
) -> Revision:
    """Return the revision that a request asks for; what it leaves out is as in the current one.

    A task definition without revision is the latest active one, found once.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-revision.html

    Raises:
        EcsError: The task definition or a capacity provider cannot be used.
    """
    if current is None or request.get("taskDefinition"):
        document = definitions.usable(core, request.get("taskDefinition") or "")
        task_definition = document["taskDefinitionArn"]
    else:
        task_definition = current.task_definition
    strategy, launch_type = _compute(owner, request, current)
    return Revision(
        arn=core.account.arn("service-revision", owner.name, name, core.state.ids.number()),
        created=core.now,
        task_definition=task_definition,
        launch_type=launch_type,
        strategy=strategy,
        load_balancers=_given(request, "loadBalancers", current.load_balancers if current else ()),
        registries=_given(request, "serviceRegistries", current.registries if current else ()),
        network=request.get("networkConfiguration") or (current.network if current else None),
    )


def _compute(
    owner: Cluster, request: Request, current: Revision | None
) -> tuple[tuple[Any, ...], str | None]:
    """Return where tasks run: by capacity providers, or by launch type."""
    if current is not None and request.get("capacityProviderStrategy") is None:
        return tuple(current.strategy), current.launch_type
    strategy = strategy_of(owner, request)
    return strategy, None if strategy else "EC2"


def _given(request: Request, key: str, known: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(request[key]) if request.get(key) is not None else known


def changes_revision(before: Revision, after: Revision) -> bool:
    """Return whether a deployment is needed to get from one revision to the other."""
    return any(
        getattr(before, field) != getattr(after, field)
        for field in (
            "task_definition",
            "launch_type",
            "strategy",
            "load_balancers",
            "registries",
            "network",
        )
    )
