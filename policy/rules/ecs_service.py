"""Rules on ECS services, clusters and capacity providers."""

from collections.abc import Iterator
from math import ceil, floor
from typing import Final

from graph import UNKNOWN
from graph.tokens import ECS_SERVICE, ECS_TASK_SET
from rules.rule import Level, Rule, Severity
from rules.subject import (
    Fault,
    Subject,
    elements,
    every,
    not_on,
    number,
    on,
    only_if,
    requires,
    rule,
)
from rules.subject import unknown as not_known

CLUSTER: Final = "aws:ecs/cluster:Cluster"
CAPACITY_PROVIDER: Final = "aws:ecs/capacityProvider:CapacityProvider"
_WHOLE: Final = 100
_GUIDE: Final = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"


def rolling(subject: Subject) -> bool:
    """Tell whether ECS itself deploys a service, task by task."""
    return subject.at("deploymentController.type") in (None, UNKNOWN, "ECS")


def _deployable(subject: Subject) -> Iterator[Fault]:
    if subject.at("schedulingStrategy") == "DAEMON":
        return
    paths = ("desiredCount", "deploymentMinimumHealthyPercent", "deploymentMaximumPercent")
    values = [subject.at(path) for path in paths]
    for path, value in zip(paths, values, strict=True):
        if value is UNKNOWN:
            yield not_known(path)
    if UNKNOWN in values:
        return
    given = [number(value) for value in values]
    desired = 0 if given[0] is None else given[0]
    minimum = 100 if given[1] is None else given[1]
    maximum = 200 if given[2] is None else given[2]
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_definition_parameters.html
    if minimum >= _WHOLE >= maximum:
        yield Fault(
            f"can never deploy: it has to keep {minimum:g}% and may run {maximum:g}%", paths[1]
        )
        return
    if maximum < _WHOLE:
        yield Fault(f"may run only {maximum:g}% of its tasks", paths[2])
        return
    fewest, most = ceil(desired * minimum / 100), floor(desired * maximum / 100)
    if desired and fewest >= desired and most <= desired:
        yield Fault(
            f"can never deploy: of {desired:g} tasks it may stop none ({minimum:g}%) "
            f"and start none ({maximum:g}%)",
            paths[1],
        )


def _insights(subject: Subject) -> Iterator[Fault]:
    found, faults = elements(subject.at("settings"), "settings")
    yield from faults
    for path, item in found:
        if item.get("name") == "containerInsights":
            value = item.get("value")
            if value is UNKNOWN:
                yield not_known(path)
            elif value not in ("enabled", "enhanced"):
                yield Fault("has Container Insights switched off", path)
            return
    if not faults:
        yield Fault("does not ask for Container Insights", "settings")


PUBLIC_ADDRESS: Final = rule(
    requires("networkConfiguration.assignPublicIp", not_on, "gives its tasks public addresses"),
    ECS_SERVICE,
    ECS_TASK_SET,
    name="ecs-no-public-address",
    title="Tasks have no public address",
    severity=Severity.HIGH,
    why="One open security group, and the internet talks to the release past the balancer",
    fix="set assign_public_ip to false, in private subnets",
    url=f"{_GUIDE}task-networking.html",
    controls=("FSBP ECS.2", "FSBP ECS.16"),
)
CIRCUIT_BREAKER: Final = rule(
    only_if(
        rolling,
        every(
            requires(
                "deploymentCircuitBreaker.enable", on, "goes on starting a release that fails"
            ),
            requires(
                "deploymentCircuitBreaker.rollback", on, "does not roll a failed deployment back"
            ),
        ),
    ),
    ECS_SERVICE,
    name="ecs-circuit-breaker",
    title="Failed deployments are rolled back",
    severity=Severity.MEDIUM,
    why="ECS tries to start a broken release for hours, with fewer tasks than desired",
    fix="set deployment_circuit_breaker to enable and rollback",
    url=f"{_GUIDE}deployment-circuit-breaker.html",
    level=Level.ADVISORY,
)
DEPLOYABLE: Final = rule(
    only_if(rolling, _deployable),
    ECS_SERVICE,
    name="ecs-deployable",
    title="Percentages leave room for a deployment",
    severity=Severity.HIGH,
    why="ECS waits for ever: it may neither stop an old task nor start a new one",
    fix="lower the minimum healthy percent, or raise the maximum percent",
    url=f"{_GUIDE}deployment-type-ecs.html",
)
INSIGHTS: Final = rule(
    _insights,
    CLUSTER,
    name="ecs-container-insights",
    title="Clusters have Container Insights",
    severity=Severity.LOW,
    why="Without it nobody sees a task's memory before it is killed",
    fix="set the cluster setting containerInsights to enhanced",
    url=f"{_GUIDE}cloudwatch-container-insights.html",
    controls=("FSBP ECS.12",),
    level=Level.ADVISORY,
)
EXEC_LOGGED: Final = rule(
    requires(
        "configuration.executeCommandConfiguration.logging",
        lambda value: value != "NONE",
        "keeps no log of sessions in its containers",
    ),
    CLUSTER,
    name="ecs-exec-logged",
    title="Sessions in containers are logged",
    severity=Severity.MEDIUM,
    why="Nobody can tell afterwards what a person did in production",
    fix="set the logging of execute_command_configuration to OVERRIDE, with a log group",
    url=f"{_GUIDE}ecs-exec.html",
)
TERMINATION: Final = rule(
    only_if(
        lambda subject: subject.at("autoScalingGroupProvider") is not None,
        requires(
            "autoScalingGroupProvider.managedTerminationProtection",
            lambda value: value == "ENABLED",
            "lets hosts with tasks be ended when it scales in",
        ),
    ),
    CAPACITY_PROVIDER,
    name="ecs-managed-termination",
    title="Hosts with tasks are not ended",
    severity=Severity.MEDIUM,
    why="Scaling in would end whichever host comes first, with its tasks",
    fix="set managed_termination_protection to ENABLED, and protect_from_scale_in on the group",
    url=f"{_GUIDE}asg-capacity-providers.html",
    controls=("FSBP ECS.19",),
    level=Level.ADVISORY,
)

RULES: Final[tuple[Rule, ...]] = (
    PUBLIC_ADDRESS,
    CIRCUIT_BREAKER,
    DEPLOYABLE,
    INSIGHTS,
    EXEC_LOGGED,
    TERMINATION,
)
