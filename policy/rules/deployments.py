"""Rules on what a deployment needs: alarms, roles, hosts that fit, checks that tell health."""

import re
from collections.abc import Iterator
from typing import Any, Final

from graph import UNKNOWN
from graph.tokens import AUTOSCALING_GROUP, ECS_SERVICE, TASK_DEFINITION
from rules.balancer import TARGET_GROUPS
from rules.containers import containers
from rules.ecs_capacity import group_of, groups, types
from rules.ecs_fit import definition
from rules.ecs_service import CAPACITY_PROVIDER, rolling
from rules.rule import Level, Rule, Severity
from rules.subject import (
    Fault,
    Subject,
    every,
    number,
    on,
    only_if,
    present,
    requires,
    rule,
    unknown,
    within,
)

ALARM: Final = "aws:cloudwatch/metricAlarm:MetricAlarm"
_GUIDE: Final = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"
_PROVIDER: Final = "autoScalingGroupProvider"

_GRAVITON: Final = re.compile(r"(?:a1|[a-z]+\d+g[a-z]*)\..*")
"""Instance types with Arm processors: a `g` follows the generation.
https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html"""


def _balanced(subject: Subject) -> bool:
    return rolling(subject) and present(subject.at("loadBalancers"))


def _keeps_serving(subject: Subject) -> Iterator[Fault]:
    path = "deploymentMinimumHealthyPercent"
    value = subject.at(path)
    if value is UNKNOWN:
        yield unknown(path)
    elif value is not None and not number(value):
        yield Fault("may stop every task before a new one runs", path)


def _task_role(subject: Subject) -> Iterator[Fault]:
    value = subject.at("taskRoleArn")
    # What was computed from a resource is set, whatever it will be.
    if value is UNKNOWN and not subject.resource.property_dependencies.get("taskRoleArn"):
        yield unknown("taskRoleArn")
    elif not present(value):
        yield Fault("has no role of its own", "taskRoleArn")


def _execution_role(subject: Subject) -> Iterator[Fault]:
    found, lost = containers(subject)
    if lost or subject.at("executionRoleArn") is not None:
        return  # what cannot be read is the finding of others
    if any(item.get("secrets") for _, item in found):
        yield Fault("names secrets and no execution role to read them with", "executionRoleArn")


def _protected(subject: Subject) -> Iterator[Fault]:
    for provider in subject.graph.index.of(CAPACITY_PROVIDER):
        if within(provider.properties, f"{_PROVIDER}.managedTerminationProtection") != "ENABLED":
            continue
        if group_of(subject, provider) is not subject.resource:
            continue
        value = subject.at("protectFromScaleIn")
        if value is UNKNOWN:
            yield unknown("protectFromScaleIn")
        elif not on(value):
            yield Fault(
                "does not protect its hosts from scaling in, and its capacity provider manages "
                "that protection: AWS refuses the provider",
                "protectFromScaleIn",
            )


def _architecture(subject: Subject) -> Iterator[Fault]:
    task, held = definition(subject), groups(subject)
    if task is None or not held:
        return
    path = "runtimePlatform.cpuArchitecture"
    wanted = task.at(path)
    names = [name for group in held for name in types(subject, group)]
    if UNKNOWN in (wanted, *names):
        yield Fault("has hosts of its tasks' architecture", "taskDefinition", undetermined=True)
        return
    for name in names:
        if not isinstance(name, str) or wanted is None:
            continue
        has = "ARM64" if _GRAVITON.fullmatch(name) else "X86_64"
        if has != wanted:
            yield Fault(f"runs tasks for {wanted} on {name}, which is {has}", "taskDefinition")


def _checked(subject: Subject) -> Iterator[Fault]:
    enabled, matcher = subject.at("healthCheck.enabled"), subject.at("healthCheck.matcher")
    for path, value in (("healthCheck.enabled", enabled), ("healthCheck.matcher", matcher)):
        if value is UNKNOWN:
            yield unknown(path)
    if enabled is not UNKNOWN and enabled is not None and not on(enabled):
        yield Fault("does not check its targets", "healthCheck.enabled")
    if matcher is not UNKNOWN and any(code > _FINE for code in _codes(matcher)):
        yield Fault(
            f"takes the answer {matcher} for health, redirects or errors among them",
            "healthCheck.matcher",
        )


_FINE: Final = 299
"""Highest status that says a request was served. gRPC codes are 0 to 99, and all below."""


def _codes(matcher: Any) -> list[int]:
    """Return the status codes that a matcher such as `200,202-299` ends its parts with."""
    return [int(text) for text in re.findall(r"(\d+)(?=,|$|\s)", str(matcher or "200"))]


ALARMS: Final = rule(
    only_if(
        _balanced,
        every(
            requires("alarms.enable", on, "deploys without watching an alarm"),
            requires("alarms.rollback", on, "does not roll back when an alarm rings"),
        ),
    ),
    ECS_SERVICE,
    name="ecs-deployment-alarms",
    title="Deployments watch alarms, and go back when one rings",
    severity=Severity.MEDIUM,
    why="A release that starts and answers every request with an error counts as deployed",
    fix="set alarms with enable, rollback and the names of alarms on errors",
    url=f"{_GUIDE}deployment-alarm-failure.html",
    level=Level.ADVISORY,
)
KEEPS_SERVING: Final = rule(
    only_if(_balanced, _keeps_serving),
    ECS_SERVICE,
    name="ecs-keeps-serving",
    title="Deployments keep tasks running",
    severity=Severity.MEDIUM,
    why="At 0 % ECS may stop all tasks first, and nobody is served until new ones run",
    fix="set deployment_minimum_healthy_percent to 50 or more",
    url=f"{_GUIDE}deployment-type-ecs.html",
    level=Level.ADVISORY,
)
TASK_ROLE: Final = rule(
    _task_role,
    TASK_DEFINITION,
    name="ecs-task-role",
    title="Tasks have a role",
    severity=Severity.LOW,
    why="Without one the SDK looks for the host's, whose rights are the agent's",
    fix="set task_role_arn, to a role without permissions where none are needed",
    url=f"{_GUIDE}task-iam-roles.html",
    level=Level.ADVISORY,
)
EXECUTION_ROLE: Final = rule(
    _execution_role,
    TASK_DEFINITION,
    name="ecs-execution-role",
    title="Tasks with secrets have an execution role",
    severity=Severity.HIGH,
    why="ECS reads secrets with that role alone, so that no task starts",
    fix="set execution_role_arn to a role that may read the secrets",
    url=f"{_GUIDE}task_execution_IAM_role.html",
)
PROTECTED: Final = rule(
    _protected,
    AUTOSCALING_GROUP,
    name="asg-protected-for-capacity",
    title="Groups protect the hosts whose end ECS manages",
    severity=Severity.MEDIUM,
    why="AWS refuses the capacity provider at the end of the update, or ends hosts with tasks",
    fix="set protect_from_scale_in to true",
    url=f"{_GUIDE}managed-termination-protection.html",
)
DRAINED: Final = rule(
    only_if(
        lambda subject: subject.at(_PROVIDER) is not None,
        every(
            requires(
                f"{_PROVIDER}.managedDraining",
                lambda value: value in (None, "ENABLED"),
                "ends hosts without draining them",
            ),
            requires(
                f"{_PROVIDER}.managedScaling.status",
                lambda value: value in (None, "ENABLED"),
                "does not scale with its tasks",
            ),
        ),
    ),
    CAPACITY_PROVIDER,
    name="ecs-managed-capacity",
    title="Capacity follows tasks, and drains before it goes",
    severity=Severity.MEDIUM,
    why="Tasks wait for hosts that nobody starts, or are cut off with their host",
    fix="set managed_draining and the status of managed_scaling to ENABLED",
    url=f"{_GUIDE}managed-instance-draining.html",
    level=Level.ADVISORY,
)
ARCHITECTURE: Final = rule(
    _architecture,
    ECS_SERVICE,
    name="ecs-architecture",
    title="Hosts and tasks have one architecture",
    severity=Severity.HIGH,
    why="ECS places no task on a host of another kind, or its programs do not start",
    fix="choose instance types and cpu_architecture of one kind",
    url=f"{_GUIDE}task_definition_parameters.html",
)
CHECKED: Final = rule(
    _checked,
    *TARGET_GROUPS,
    name="target-health-means-served",
    title="Only a served request counts as health",
    severity=Severity.MEDIUM,
    why="A release that redirects or fails every request stays in service, and replaces a good one",
    fix="leave the check on, with the matcher 200 and a path that answers it",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html",
    level=Level.ADVISORY,
)
HEARD: Final = rule(
    requires("alarmActions", present, "tells nobody when it rings"),
    ALARM,
    name="alarm-heard",
    title="Alarms tell somebody",
    severity=Severity.LOW,
    why="What nobody hears of is found by customers",
    fix="set alarm_actions to a topic that people read",
    url="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html",
    level=Level.ADVISORY,
)

RULES: Final[tuple[Rule, ...]] = (
    ALARMS,
    KEEPS_SERVING,
    TASK_ROLE,
    EXECUTION_ROLE,
    PROTECTED,
    DRAINED,
    ARCHITECTURE,
    CHECKED,
    HEARD,
)
