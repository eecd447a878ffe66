"""Refusals of services that AWS refuses, in its words where they are known.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
"""

from collections.abc import Mapping
from typing import Any, Final

from perpetual.sandbox.ecs import definitions
from perpetual.sandbox.ecs.completion import may_rebalance
from perpetual.sandbox.ecs.constraints import check_constraints
from perpetual.sandbox.ecs.core import Core
from perpetual.sandbox.ecs.errors import invalid, unsupported
from perpetual.sandbox.ecs.records import Document, Revision

STRATEGIES_MOST: Final = 5
CONSTRAINTS_MOST: Final = 10
PERCENT: Final = 100
SHARE_LEAST: Final = 1


def check(core: Core, revision: Revision, settings: Mapping[str, Any]) -> None:
    """Refuse a service whose parts do not fit each other.

    Raises:
        EcsError: The first thing that does not fit.
    """
    document = definitions.find(core, revision.task_definition)
    _check_kind(settings)
    _check_network(document, revision)
    _check_balancers(document, revision, settings)
    _check_configuration(settings["deploymentConfiguration"])
    _check_placement(settings)
    if settings.get("enableExecuteCommand") and not document.get("taskRoleArn"):
        raise invalid(
            "The service couldn't be created because a valid taskRoleArn is not being used. "
            "Specify a valid task role in your task definition and try again."
        )


def _check_kind(settings: Mapping[str, Any]) -> None:
    controller = settings["deploymentController"]["type"]
    if controller != "ECS":
        raise unsupported(f"A service can have deployment controller {controller}.")
    if settings["schedulingStrategy"] != "REPLICA":
        raise unsupported("A service can be of the DAEMON scheduling strategy.")
    strategy = settings["deploymentConfiguration"]["strategy"]
    if strategy != "ROLLING":
        raise unsupported(f"A service can be deployed with strategy {strategy}.")


def _check_network(document: Document, revision: Revision) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-awsvpc.html."""
    awsvpc = document.get("networkMode") == "awsvpc"
    if awsvpc and not (revision.network or {}).get("awsvpcConfiguration"):
        raise invalid(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        )
    if revision.network and not awsvpc:
        raise invalid(
            "Network Configuration is not valid for the given networkMode of this task definition."
        )


def _check_balancers(document: Document, revision: Revision, settings: Mapping[str, Any]) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html."""
    for one in revision.load_balancers:
        if not one.get("targetGroupArn"):
            raise unsupported("A service can be behind a Classic Load Balancer.")
        _check_port(document, one.get("containerName", ""), one.get("containerPort"))
    for one in revision.registries:
        if one.get("containerName"):
            _check_port(document, one["containerName"], one.get("containerPort"))
    if settings.get("healthCheckGracePeriodSeconds") is not None and not revision.load_balancers:
        raise invalid(
            "Health check grace period is only valid for services configured to use load balancers"
        )


def _check_port(document: Document, name: str, port: int | None) -> None:
    container = definitions.container(document, name)
    if container is None:
        raise invalid(f"The container {name} does not exist in the task definition.")
    ports = {one["containerPort"] for one in container.get("portMappings", ())}
    if port not in ports:
        raise invalid(f"The container {name} did not have a container port {port} defined.")


def _check_configuration(configuration: Document) -> None:
    low, high = configuration["minimumHealthyPercent"], configuration["maximumPercent"]
    if low < 0 or high < PERCENT or low > high:
        raise invalid(
            f"minimumHealthyPercent {low} and maximumPercent {high} do not fit: the first must "
            "be at least 0, and the second at least 100 and no less than the first."
        )
    if low == high == PERCENT:
        raise invalid(
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block "
            "deployments."
        )
    _check_threshold(configuration)
    _check_early(configuration, low)
    if configuration.get("lifecycleHooks"):
        raise unsupported("A deployment can have lifecycle hooks.")


def _check_threshold(configuration: Document) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html."""
    settings = configuration.get("deploymentCircuitBreaker") or {}
    threshold = settings.get("thresholdConfiguration")
    if not threshold:
        return
    value, most = threshold["value"], None if threshold["type"] == "COUNT" else PERCENT
    if value < SHARE_LEAST or (most is not None and value > most):
        raise invalid(
            f"The circuit breaker threshold {value} is not valid: a percentage is from 1 to 100, "
            "a count at least 1."
        )


def _check_early(configuration: Document, low: int) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/early-success-criteria.html."""
    early = configuration.get("earlySuccessCriteria") or {}
    if not early.get("enable"):
        return
    if early.get("healthyPercent") is None or not early.get("sourceServiceRevisionCleanup"):
        raise invalid(
            "earlySuccessCriteria needs healthyPercent and sourceServiceRevisionCleanup when it "
            "is enabled."
        )
    if not low <= early["healthyPercent"] <= PERCENT:
        raise invalid(
            f"earlySuccessCriteria.healthyPercent {early['healthyPercent']} must be between "
            f"minimumHealthyPercent ({low}) and 100."
        )


def _check_placement(settings: Mapping[str, Any]) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html."""
    if len(settings["placementStrategy"]) > STRATEGIES_MOST:
        raise invalid(f"A service can have at most {STRATEGIES_MOST} placement strategies.")
    if len(settings["placementConstraints"]) > CONSTRAINTS_MOST:
        raise invalid(f"A service can have at most {CONSTRAINTS_MOST} placement constraints.")
    check_constraints(settings["placementConstraints"])
    if settings["availabilityZoneRebalancing"] == "ENABLED" and not may_rebalance(settings):
        raise invalid(
            "Availability Zone rebalancing needs spread over attribute:ecs.availability-zone as "
            "the first placement strategy, no placement constraint on it, and a maximumPercent "
            "above 100."
        )
