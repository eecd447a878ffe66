"""Clusters.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html
"""

from typing import Any, Final

from perpetual.sandbox.ecs.core import Core
from perpetual.sandbox.ecs.errors import EcsError, invalid
from perpetual.sandbox.ecs.model import Cluster
from perpetual.sandbox.ecs.names import last
from perpetual.sandbox.ecs.operations.lookup import DEFAULT_CLUSTER, Request, cluster, page
from perpetual.sandbox.ecs.operations.providers import attach
from perpetual.sandbox.ecs.shapes import clusters as shapes
from perpetual.sandbox.ecs.shapes import failure, tag_map
from perpetual.sandbox.ecs.states import TaskStatus


def create(core: Core, request: Request) -> dict[str, Any]:
    """Create a cluster; one that exists is returned as it is."""
    name = request.get("clusterName") or DEFAULT_CLUSTER
    found = core.state.clusters.get(name)
    if found is None or found.status == "INACTIVE":
        found = Cluster(
            arn=core.account.arn("cluster", name),
            name=name,
            settings=list(request.get("settings", ())),
            configuration=request.get("configuration"),
            tags=tag_map(request.get("tags")),
        )
        attach(
            core,
            found,
            request.get("capacityProviders", ()),
            request.get("defaultCapacityProviderStrategy", ()),
        )
        core.state.clusters[name] = found
    return {"cluster": shapes.cluster(core, found)}


def describe(core: Core, request: Request) -> dict[str, Any]:
    """Describe clusters; what does not exist is a failure."""
    include = frozenset(request.get("include", ()))
    found, failures = [], []
    for reference in request.get("clusters") or (DEFAULT_CLUSTER,):
        one = core.state.clusters.get(last(reference))
        if one is None:
            failures.append(failure(core.account.arn("cluster", last(reference))))
        else:
            found.append(shapes.cluster(core, one, include))
    return {"clusters": found, "failures": failures}


def listed(core: Core, request: Request) -> dict[str, Any]:
    """List the clusters that are not deleted."""
    arns = [one.arn for one in core.state.clusters.values() if one.status != "INACTIVE"]
    return page(arns, request, "clusterArns")


def update(core: Core, request: Request) -> dict[str, Any]:
    """Change a cluster's settings and configuration."""
    found = cluster(core, request["cluster"])
    if "settings" in request:
        found.settings = _merged(found.settings, request["settings"])
    if "configuration" in request:
        found.configuration = request["configuration"]
    return {"cluster": shapes.cluster(core, found)}


def _merged(settings: list[Any], changes: list[Any]) -> list[Any]:
    return list(({one["name"]: one for one in settings} | {c["name"]: c for c in changes}).values())


def delete(core: Core, request: Request) -> dict[str, Any]:
    """Delete a cluster that nothing is left of.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html

    Raises:
        EcsError: It has hosts, services or tasks.
    """
    found = cluster(core, request["cluster"])
    if found.instances:
        raise EcsError(
            "ClusterContainsContainerInstancesException",
            "The Cluster cannot be deleted while Container Instances are active or draining.",
        )
    services = [one for one in core.state.services.values() if one.cluster == found.name]
    if any(one.status == "ACTIVE" for one in services):
        raise EcsError(
            "ClusterContainsServicesException",
            "The Cluster cannot be deleted while Services are active.",
        )
    tasks = [one for one in core.state.tasks.values() if one.cluster == found.name]
    if any(one.status is not TaskStatus.STOPPED for one in tasks):
        raise EcsError(
            "ClusterContainsTasksException",
            "The Cluster cannot be deleted while Tasks are active.",
        )
    found.status = "INACTIVE"
    return {"cluster": shapes.cluster(core, found)}


def put_providers(core: Core, request: Request) -> dict[str, Any]:
    """Replace a cluster's capacity providers and its default strategy.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutClusterCapacityProviders.html

    Raises:
        EcsError: A provider does not exist, or one that is taken away is in use.
    """
    found = cluster(core, request["cluster"])
    names = [last(one) for one in request["capacityProviders"]]
    tasks = [one for one in core.state.tasks.values() if one.cluster == found.name]
    for gone in sorted(set(found.providers) - set(names)):
        if any(one.provider == gone and not one.stopping for one in tasks):
            raise EcsError(
                "ResourceInUseException",
                f"The capacity provider {gone} is in use by tasks and cannot be removed.",
            )
    attach(core, found, names, request["defaultCapacityProviderStrategy"])
    return {"cluster": shapes.cluster(core, found)}


def update_settings(core: Core, request: Request) -> dict[str, Any]:
    """Change a cluster's settings, as UpdateClusterSettings does.

    Raises:
        EcsError: There are none.
    """
    if not request.get("settings"):
        raise invalid("Settings cannot be empty.")
    return update(core, request)


OPERATIONS: Final = {
    "CreateCluster": create,
    "DescribeClusters": describe,
    "ListClusters": listed,
    "UpdateCluster": update,
    "UpdateClusterSettings": update_settings,
    "DeleteCluster": delete,
    "PutClusterCapacityProviders": put_providers,
}
