"""ECS: the cluster, its capacity, and task definitions.

These are the calls that AWS takes; the sandbox's own control plane answers them, not moto.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/
"""

import json
from typing import Any, Final

from perpetual.sandbox.resources import spelling, tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.kind import Kind, Values, names

_ECS: Final = "ecs"
_RETAG: Final = tagging.by(_ECS)
_ACTIVE: Final = "ACTIVE"


# --- clusters

_CLUSTER: Final = "configuration settings"
_CLUSTER_NAMES: Final = {"name": "clusterName", "arn": "clusterArn"}


def _create_cluster(aws: Cloud, inputs: Values) -> str:
    made = aws.call(_ECS, "create_cluster", inputs, f"name {_CLUSTER} tagsAll", _CLUSTER_NAMES)
    return str(made["cluster"]["clusterArn"])


def _cluster(aws: Cloud, identifier: str) -> dict[str, Any] | None:
    asked = {"clusters": [identifier], "include": ["CONFIGURATIONS", "SETTINGS", "TAGS"]}
    found = aws.find(_ECS, "describe_clusters", "clusters", **asked)
    return found if found and found["status"] == _ACTIVE else None


def _read_cluster(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = _cluster(aws, identifier)
    return found and {
        **aws.told(_ECS, "Cluster", found, _CLUSTER_NAMES),
        "tagsAll": tagging.read(found.get("tags")),
    }


def _update_cluster(aws: Cloud, identifier: str, _state: Values, inputs: Values) -> None:
    aws.call(_ECS, "update_cluster", inputs, _CLUSTER, cluster=identifier)


def _delete_cluster(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_ECS, "delete_cluster", cluster=identifier)


CLUSTER: Final = Kind(
    "aws:ecs/cluster:Cluster",
    inputs=names(f"name {_CLUSTER}"),
    outputs=names("arn"),
    create=_create_cluster,
    read=_read_cluster,
    update=_update_cluster,
    delete=_delete_cluster,
    retag=_RETAG,
    name="name",
)


# --- capacity providers

_PROVIDER_NAMES: Final = {"arn": "capacityProviderArn"}


def _create_provider(aws: Cloud, inputs: Values) -> str:
    made = aws.call(
        _ECS, "create_capacity_provider", inputs, "name autoScalingGroupProvider tagsAll"
    )
    return str(made["capacityProvider"]["capacityProviderArn"])


def _read_provider(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    asked = {"capacityProviders": [identifier], "include": ["TAGS"]}
    found = aws.find(_ECS, "describe_capacity_providers", "capacityProviders", **asked)
    if found is None or found["status"] != _ACTIVE:
        return None
    return {
        **aws.told(_ECS, "CapacityProvider", found, _PROVIDER_NAMES),
        "tagsAll": tagging.read(found.get("tags")),
    }


def _update_provider(aws: Cloud, _identifier: str, _state: Values, inputs: Values) -> None:
    group = dict(inputs["autoScalingGroupProvider"])
    group.pop("autoScalingGroupArn", None)
    said = {"name": inputs["name"], "autoScalingGroupProvider": group}
    aws.call(_ECS, "update_capacity_provider", said, "name autoScalingGroupProvider")


def _delete_provider(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_ECS, "delete_capacity_provider", capacityProvider=identifier)


CAPACITY_PROVIDER: Final = Kind(
    "aws:ecs/capacityProvider:CapacityProvider",
    inputs=names("name autoScalingGroupProvider"),
    outputs=names("arn"),
    create=_create_provider,
    read=_read_provider,
    update=_update_provider,
    delete=_delete_provider,
    retag=_RETAG,
    name="name",
)

_STRATEGY: Final = "defaultCapacityProviderStrategies"
_STRATEGY_NAMES: Final = {
    "clusterName": "cluster",
    _STRATEGY: "defaultCapacityProviderStrategy",
}


def _put_providers(aws: Cloud, inputs: Values) -> str:
    said = {"capacityProviders": [], _STRATEGY: [], **inputs}
    wanted = f"clusterName capacityProviders {_STRATEGY}"
    aws.call(_ECS, "put_cluster_capacity_providers", said, wanted, _STRATEGY_NAMES)
    return str(inputs["clusterName"])


def _change_providers(aws: Cloud, _identifier: str, _state: Values, inputs: Values) -> None:
    _put_providers(aws, inputs)


def _read_providers(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = _cluster(aws, identifier)
    return found and {
        **aws.told(_ECS, "Cluster", found, _STRATEGY_NAMES),
        "clusterName": identifier,
    }


def _remove_providers(aws: Cloud, identifier: str, _state: Values) -> None:
    if _cluster(aws, identifier):
        _put_providers(aws, {"clusterName": identifier})


CLUSTER_PROVIDERS: Final = Kind(
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
    inputs=names(f"clusterName capacityProviders {_STRATEGY}"),
    create=_put_providers,
    read=_read_providers,
    update=_change_providers,
    delete=_remove_providers,
)


# --- task definitions

_DEFINITION: Final = (
    "family networkMode requiresCompatibilities runtimePlatform taskRoleArn executionRoleArn cpu "
    "memory"
)


def _register(aws: Cloud, inputs: Values) -> str:
    shape = aws.shape(_ECS, "RegisterTaskDefinitionRequest")
    containers = json.loads(inputs["containerDefinitions"])
    said = spelling.request(shape, {"containerDefinitions": containers}, {})
    aws.call(_ECS, "register_task_definition", inputs, f"{_DEFINITION} tagsAll", **said)
    # Revisions come and go; the id is what they have in common, as the provider has it.
    return str(inputs["family"])


def _read_definition(aws: Cloud, identifier: str, state: Values) -> Values | None:
    """Return the revision that was registered, or, tracking it, the newest that there is."""
    latest = state.get("trackLatest") or not state.get("arn")
    asked = identifier if latest else str(state["arn"])
    answer = aws.ask(_ECS, "describe_task_definition", taskDefinition=asked, include=["TAGS"])
    found = (answer or {}).get("taskDefinition")
    if answer is None or found is None or found["status"] != _ACTIVE:
        return None
    return {
        **aws.told(_ECS, "TaskDefinition", found, {"arn": "taskDefinitionArn"}),
        "arnWithoutRevision": found["taskDefinitionArn"].rpartition(":")[0],
        "containerDefinitions": json.dumps(found["containerDefinitions"]),
        "tagsAll": tagging.read(answer.get("tags")),
    }


def _deregister(aws: Cloud, _identifier: str, state: Values) -> None:
    if not state.get("skipDestroy"):
        aws.call(_ECS, "deregister_task_definition", taskDefinition=state["arn"])


TASK_DEFINITION: Final = Kind(
    "aws:ecs/taskDefinition:TaskDefinition",
    inputs=names(f"{_DEFINITION} containerDefinitions"),
    own=names("skipDestroy trackLatest"),
    outputs=names("arn arnWithoutRevision revision"),
    create=_register,
    read=_read_definition,
    delete=_deregister,
    retag=_RETAG,
)

KINDS: Final = (CLUSTER, CAPACITY_PROVIDER, CLUSTER_PROVIDERS, TASK_DEFINITION)
