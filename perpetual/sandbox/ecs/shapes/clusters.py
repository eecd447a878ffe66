"""Clusters and capacity providers.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Cluster.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProvider.html
"""

from collections.abc import Collection
from typing import Any

from perpetual.sandbox.ecs.core import Core
from perpetual.sandbox.ecs.model import Cluster, Provider
from perpetual.sandbox.ecs.shapes import present, tag_list
from perpetual.sandbox.ecs.states import PENDING, TaskStatus

FULL = frozenset({"SETTINGS", "CONFIGURATIONS", "TAGS", "STATISTICS", "ATTACHMENTS"})


def cluster(core: Core, one: Cluster, include: Collection[str] = FULL) -> dict[str, Any]:
    """Return a cluster as DescribeClusters does; `include` names what is only told when asked."""
    tasks = [task for task in core.state.tasks.values() if task.cluster == one.name]
    services = [each for each in core.state.services.values() if each.cluster == one.name]
    return present(
        {
            "clusterArn": one.arn,
            "clusterName": one.name,
            "status": one.status,
            "registeredContainerInstancesCount": len(one.instances),
            "runningTasksCount": sum(task.status is TaskStatus.RUNNING for task in tasks),
            "pendingTasksCount": sum(task.status in PENDING for task in tasks),
            "activeServicesCount": sum(each.status == "ACTIVE" for each in services),
            "statistics": [],
            "tags": tag_list(one.tags) if "TAGS" in include else [],
            "settings": list(one.settings) if "SETTINGS" in include else [],
            "configuration": one.configuration if "CONFIGURATIONS" in include else None,
            "capacityProviders": list(one.providers),
            "defaultCapacityProviderStrategy": list(one.strategy),
        }
    )


def provider(one: Provider, *, tags: bool = False) -> dict[str, Any]:
    """Return a capacity provider as DescribeCapacityProviders does."""
    return {
        "capacityProviderArn": one.arn,
        "name": one.name,
        "status": one.status,
        "autoScalingGroupProvider": one.group,
        "tags": tag_list(one.tags) if tags else [],
    }
