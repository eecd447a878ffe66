"""ECS: services.

These are the calls that AWS takes; the sandbox's own control plane answers them, not moto.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/
"""

from collections.abc import Mapping
from typing import Any, Final

from perpetual.sandbox.resources import tagging, values
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.kind import Kind, Values, names

_ECS: Final = "ecs"
_RETAG: Final = tagging.by(_ECS)
_ACTIVE: Final = "ACTIVE"


_LIVING: Final = (
    "availabilityZoneRebalancing capacityProviderStrategies desiredCount enableEcsManagedTags "
    "enableExecuteCommand healthCheckGracePeriodSeconds loadBalancers "
    "orderedPlacementStrategies propagateTags serviceRegistries taskDefinition"
)
"""What a service can be given anew while it lives."""
_SERVICE_NAMES: Final = {
    "name": "serviceName",
    "arn": "serviceArn",
    "capacityProviderStrategies": "capacityProviderStrategy",
    "orderedPlacementStrategies": "placementStrategy",
}


def _deployment(inputs: Values) -> dict[str, Any]:
    """Return what Pulumi has as arguments of the service and ECS as those of its deployments."""
    found = {
        "maximumPercent": inputs.get("deploymentMaximumPercent"),
        "minimumHealthyPercent": inputs.get("deploymentMinimumHealthyPercent"),
        "deploymentCircuitBreaker": inputs.get("deploymentCircuitBreaker"),
        "alarms": inputs.get("alarms"),
    }
    return {key: value for key, value in found.items() if value is not None}


def _network(inputs: Values) -> dict[str, Any]:
    network = inputs.get("networkConfiguration")
    if not network:
        return {}
    public = "ENABLED" if network.get("assignPublicIp") else "DISABLED"
    return {"awsvpcConfiguration": {**network, "assignPublicIp": public}}


def _said(inputs: Values) -> dict[str, Any]:
    return {
        **inputs,
        "deploymentConfiguration": _deployment(inputs),
        "networkConfiguration": _network(inputs) or None,
    }


_SAID: Final = f"{_LIVING} deploymentConfiguration networkConfiguration"


def _create_service(aws: Cloud, inputs: Values) -> str:
    wanted = f"name cluster schedulingStrategy deploymentController launchType tagsAll {_SAID}"
    made = aws.call(_ECS, "create_service", _said(inputs), wanted, _SERVICE_NAMES)
    return str(made["service"]["serviceArn"])


def _service(aws: Cloud, identifier: str, state: Values) -> dict[str, Any] | None:
    cluster = state.get("cluster") or identifier.split("/")[-2]
    asked = {"cluster": cluster, "services": [identifier], "include": ["TAGS"]}
    found = aws.find(_ECS, "describe_services", "services", **asked)
    return found if found and found["status"] == _ACTIVE else None


def _read_service(aws: Cloud, identifier: str, state: Values) -> Values | None:
    found = _service(aws, identifier, state)
    if found is None:
        return None
    said = aws.told(_ECS, "Service", found, _SERVICE_NAMES)
    deployment = said.pop("deploymentConfiguration", None) or {}
    registries = said.pop("serviceRegistries", None) or [None]
    network = (said.pop("networkConfiguration", None) or {}).get("awsvpcConfiguration")
    return {
        **said,
        "cluster": found["clusterArn"],
        "deploymentMaximumPercent": deployment.get("maximumPercent"),
        "deploymentMinimumHealthyPercent": deployment.get("minimumHealthyPercent"),
        "deploymentCircuitBreaker": deployment.get("deploymentCircuitBreaker"),
        "alarms": deployment.get("alarms"),
        "serviceRegistries": registries[0],
        "networkConfiguration": network and _told_network(network),
        "tagsAll": tagging.read(found.get("tags")),
    }


def _told_network(network: Mapping[str, Any]) -> dict[str, Any]:
    return {**network, "assignPublicIp": network.get("assignPublicIp") == "ENABLED"}


def _update_service(aws: Cloud, identifier: str, state: Values, inputs: Values) -> None:
    """Say what has changed: of some arguments ECS makes a deployment even if they are the same.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
    """
    before, after = _said(state), _said(inputs)
    changed = [key for key in _SAID.split() if not values.equal(before.get(key), after.get(key))]
    wanted = " ".join(["cluster", *changed])
    aws.call(_ECS, "update_service", _said(inputs), wanted, _SERVICE_NAMES, service=identifier)


def _delete_service(aws: Cloud, identifier: str, state: Values) -> None:
    """Stop the tasks first: ECS deletes no service that is asked to run some."""
    if _service(aws, identifier, state) is None:
        return
    service = {"cluster": state["cluster"], "service": identifier}
    aws.call(_ECS, "update_service", **service, desiredCount=0)
    aws.call(_ECS, "delete_service", **service, force=bool(state.get("forceDelete")))


SERVICE: Final = Kind(
    "aws:ecs/service:Service",
    inputs=names(
        f"name cluster schedulingStrategy deploymentController launchType {_LIVING} alarms "
        "deploymentCircuitBreaker deploymentMaximumPercent deploymentMinimumHealthyPercent "
        "networkConfiguration"
    ),
    own=names("waitForSteadyState forceDelete forceNewDeployment"),
    outputs=names("arn"),
    create=_create_service,
    read=_read_service,
    update=_update_service,
    delete=_delete_service,
    retag=_RETAG,
    ordered=names("orderedPlacementStrategies"),
    name="name",
)

KINDS: Final = (SERVICE,)
