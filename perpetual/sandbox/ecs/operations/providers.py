"""Capacity providers.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/asg-capacity-providers.html
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from perpetual.sandbox.ecs.core import Core
from perpetual.sandbox.ecs.errors import client, invalid, unsupported
from perpetual.sandbox.ecs.model import Cluster, Provider
from perpetual.sandbox.ecs.names import last
from perpetual.sandbox.ecs.operations.lookup import Request, page
from perpetual.sandbox.ecs.shapes import clusters as shapes
from perpetual.sandbox.ecs.shapes import failure, tag_map

PAGE: Final = 10
RESERVED: Final = re.compile(r"(aws|ecs|fargate)", re.IGNORECASE)
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCapacityProvider.html"""

SCALING: Final = {
    "status": "DISABLED",
    "targetCapacity": 100,
    "minimumScalingStepSize": 1,
    "maximumScalingStepSize": 10_000,
    "instanceWarmupPeriod": 300,
}
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ManagedScaling.html"""


def create(core: Core, request: Request) -> dict[str, Any]:
    """Create a capacity provider over an autoscaling group.

    Raises:
        EcsError: Its name is reserved or taken, its group has one already, or its settings clash.
    """
    name, group = request["name"], request.get("autoScalingGroupProvider")
    if RESERVED.match(name):
        raise invalid(
            f"The specified capacity provider name {name} is invalid: names cannot start with "
            "aws, ecs or fargate."
        )
    if group is None:
        raise unsupported("A capacity provider can be of managed instances.")
    if name in core.state.providers:
        raise client(f"The specified capacity provider name {name} already exists.")
    arn = group["autoScalingGroupArn"]
    if any(one.group["autoScalingGroupArn"] == arn for one in core.state.providers.values()):
        raise client(
            "The specified Auto Scaling group ARN is already being used by another capacity "
            "provider. Specify a unique Auto Scaling group ARN and try again."
        )
    provider = Provider(
        arn=core.account.arn("capacity-provider", name),
        name=name,
        group=_completed(group),
        tags=tag_map(request.get("tags")),
    )
    core.state.providers[name] = provider
    return {"capacityProvider": shapes.provider(provider, tags=True)}


def _completed(group: Request) -> dict[str, Any]:
    """Return the settings of a group with AWS's defaults.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AutoScalingGroupProvider.html

    Raises:
        EcsError: Termination protection without managed scaling, which AWS refuses.
    """
    done = {
        **group,
        "managedScaling": {**SCALING, **(group.get("managedScaling") or {})},
        "managedTerminationProtection": group.get("managedTerminationProtection", "DISABLED"),
        "managedDraining": group.get("managedDraining", "ENABLED"),
    }
    protected = done["managedTerminationProtection"] == "ENABLED"
    if protected and done["managedScaling"]["status"] != "ENABLED":
        raise invalid("To enable managed termination protection, enable managed scaling.")
    return done


def describe(core: Core, request: Request) -> dict[str, Any]:
    """Describe capacity providers; what does not exist is a failure."""
    tags = "TAGS" in request.get("include", ())
    wanted = [last(one) for one in request.get("capacityProviders") or core.state.providers]
    part = page(wanted, request, "capacityProviders", PAGE)
    names = part["capacityProviders"]
    return {
        **part,
        "capacityProviders": [
            shapes.provider(core.state.providers[name], tags=tags)
            for name in names
            if name in core.state.providers
        ],
        "failures": [
            failure(core.account.arn("capacity-provider", name))
            for name in names
            if name not in core.state.providers
        ],
    }


def update(core: Core, request: Request) -> dict[str, Any]:
    """Change a capacity provider's managed scaling, protection and draining."""
    provider = _find(core, request["name"])
    change = request.get("autoScalingGroupProvider") or {}
    scaling = {**provider.group["managedScaling"], **(change.get("managedScaling") or {})}
    provider.group = _completed({**provider.group, **change, "managedScaling": scaling})
    return {"capacityProvider": shapes.provider(provider, tags=True)}


def delete(core: Core, request: Request) -> dict[str, Any]:
    """Delete a capacity provider that no cluster has.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCapacityProvider.html

    Raises:
        EcsError: A cluster has it.
    """
    provider = _find(core, request["capacityProvider"])
    if any(
        provider.name in one.providers and one.status != "INACTIVE"
        for one in core.state.clusters.values()
    ):
        raise client(
            "The specified capacity provider is in use and cannot be removed. Remove it from the "
            "cluster first."
        )
    del core.state.providers[provider.name]
    provider.status = "INACTIVE"
    return {"capacityProvider": shapes.provider(provider, tags=True)}


def _find(core: Core, reference: str) -> Provider:
    found = core.state.providers.get(last(reference))
    if found is None:
        raise client("The specified capacity provider does not exist.")
    return found


def attach(core: Core, cluster: Cluster, names: Iterable[str], strategy: Iterable[Any]) -> None:
    """Set a cluster's capacity providers and its default strategy.

    Raises:
        EcsError: A provider does not exist, or the strategy names another.
    """
    wanted = [_find(core, name).name for name in names]
    items = [{"weight": 0, "base": 0, **one} for one in strategy]
    for item in items:
        if last(item["capacityProvider"]) not in wanted:
            raise invalid(NOT_ASSOCIATED)
    cluster.providers, cluster.strategy = wanted, items


NOT_ASSOCIATED: Final = (
    "The specified capacity provider strategy cannot contain a capacity provider that is not "
    "associated with the cluster. Associate the capacity provider with the cluster and try again."
)


def strategy_of(cluster: Cluster, request: Request) -> tuple[dict[str, Any], ...]:
    """Return the strategy of a task or service: its own, or none with a launch type.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html

    Raises:
        EcsError: Both are given, or the strategy names a provider that the cluster has not.
    """
    own, launch = request.get("capacityProviderStrategy"), request.get("launchType")
    if own and launch:
        raise invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. "
            "Remove one and try again."
        )
    if launch not in (None, "EC2"):
        raise unsupported(f"Tasks can be of launch type {launch}.")
    chosen = own if own is not None else () if launch else cluster.strategy
    items = tuple(
        {"weight": 0, "base": 0, **one, "capacityProvider": last(one["capacityProvider"])}
        for one in chosen
    )
    if any(one["capacityProvider"] not in cluster.providers for one in items):
        raise invalid(NOT_ASSOCIATED)
    if len(items) > 1 and not any(one["weight"] for one in items):
        raise invalid(
            "The specified capacity provider strategy must have at least one capacity provider "
            "with a weight greater than 0."
        )
    return items


OPERATIONS: Final = {
    "CreateCapacityProvider": create,
    "DescribeCapacityProviders": describe,
    "UpdateCapacityProvider": update,
    "DeleteCapacityProvider": delete,
}
