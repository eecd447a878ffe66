"""Cases of the rules on deployments: alarms, roles, hosts that fit, checks, capacity."""

from typing import Any

from graph import UNKNOWN
from tests.policy.catalogue_case import ABSENT, Case, containers, nested, one
from tests.policy.catalogue_ecs_limits import GROUP, PROVIDER, SERVICE, TASK, hosted

TARGETS = "aws:lb/targetGroup:TargetGroup"


def rolled(
    delay: object, interval: object = 5, *, known: bool = True, **service: Any
) -> dict[str, Any]:
    """Return a service behind a target group of this stack, or of another one."""
    held = {"arn": "group", "deregistrationDelay": delay, "healthCheck": {"interval": interval}}
    return {
        "deploymentMinimumHealthyPercent": 50,
        "deploymentMaximumPercent": 150,
        "loadBalancers": [{"targetGroupArn": "group" if known else "elsewhere"}],
        **service,
        "beside": ((TARGETS, "group", held),),
    }


BEHIND = {"loadBalancers": [{"containerName": "app", "containerPort": 4000}]}


def watched(**alarms: Any) -> dict[str, Any]:
    """Return a service behind a balancer whose deployments watch alarms."""
    return {**BEHIND, "alarms": {"enable": True, "rollback": True, **alarms}}


def provider(protection: str) -> dict[str, Any]:
    """Return a group's neighbour: the capacity provider that scales it."""
    held = {"autoScalingGroupArn": "subject", "managedTerminationProtection": protection}
    return {"beside": ((PROVIDER, "capacity", {"autoScalingGroupProvider": held}),)}


def of(architecture: object, kind: object) -> dict[str, Any]:
    """Return a service whose tasks are for an architecture, on hosts of a type."""
    held = hosted(kind, 3, 1)
    tasks = {"runtimePlatform": {"cpuArchitecture": architecture}}
    return {
        **held,
        "beside": tuple(
            (token, name, {**one_, **(tasks if token == TASK else {})})
            for token, name, one_ in held["beside"]
        ),
    }


def capacity(**held: Any) -> dict[str, Any]:
    """Return a capacity provider's properties."""
    return {"autoScalingGroupProvider": {"autoScalingGroupArn": "group", **held}}


DEPLOYMENTS = [
    Case(
        rule="ecs-deployment-alarms",
        type=SERVICE,
        good=({}, watched(), {**BEHIND, "deploymentController": {"type": "CODE_DEPLOY"}}),
        bad=(BEHIND, watched(enable=False), watched(rollback=False)),
        unknown=(watched(enable=UNKNOWN), {**BEHIND, "alarms": UNKNOWN}),
    ),
    Case(
        rule="ecs-keeps-serving",
        type=SERVICE,
        good=(
            BEHIND,
            {**BEHIND, "deploymentMinimumHealthyPercent": 50},
            {"deploymentMinimumHealthyPercent": 0},
        ),
        bad=(
            {**BEHIND, "deploymentMinimumHealthyPercent": 0},
            {**BEHIND, "deploymentMinimumHealthyPercent": "0"},
        ),
        unknown=({**BEHIND, "deploymentMinimumHealthyPercent": UNKNOWN},),
    ),
    Case(
        rule="ecs-rollout-time",
        type=SERVICE,
        good=(
            {},
            BEHIND,
            rolled(30),
            rolled("30", desiredCount=40),
            rolled(30, desiredCount=3, deploymentMaximumPercent=134),
            rolled(300, schedulingStrategy="DAEMON"),
            rolled(300, deploymentController={"type": "CODE_DEPLOY"}),
            rolled(300, deploymentConfiguration={"strategy": "CANARY"}),
            rolled(300, known=False),
            # Which can never be rolled out is another rule's finding.
            rolled(300, deploymentMinimumHealthyPercent=100, deploymentMaximumPercent=100),
        ),
        bad=(
            rolled(60),
            rolled(None),
            rolled(30, 60),
            rolled(30, None),
            # One task at a time: five waves.
            rolled(
                10,
                desiredCount=5,
                deploymentMinimumHealthyPercent=100,
                deploymentMaximumPercent=120,
            ),
        ),
        unknown=(
            rolled(UNKNOWN),
            rolled(30, UNKNOWN),
            rolled(30, desiredCount=UNKNOWN),
            rolled(30, deploymentMaximumPercent=UNKNOWN),
            rolled(30, deploymentMinimumHealthyPercent=UNKNOWN),
        ),
    ),
    Case(
        rule="ecs-task-role",
        type=TASK,
        **one("taskRoleArn", ("arn:aws:iam::1:role/app", ABSENT, "")),
    ),
    Case(
        rule="ecs-execution-role",
        type=TASK,
        good=(
            containers({"name": "app"}),
            {
                "executionRoleArn": UNKNOWN,
                **containers({"name": "app", "secrets": [{"name": "A", "valueFrom": "arn"}]}),
            },
        ),
        bad=(
            containers({"name": "app", "secrets": [{"name": "A", "valueFrom": "arn"}]}),
            containers({"name": "a"}, {"name": "b", "secrets": [{"name": "A", "valueFrom": "b"}]}),
        ),
    ),
    Case(
        rule="asg-protected-for-capacity",
        type=GROUP,
        good=(
            {},
            provider("DISABLED"),
            {"protectFromScaleIn": True, "arn": "subject", **provider("ENABLED")},
        ),
        bad=(
            {"arn": "subject", **provider("ENABLED")},
            {"protectFromScaleIn": False, "arn": "subject", **provider("ENABLED")},
        ),
        unknown=({"protectFromScaleIn": UNKNOWN, "arn": "subject", **provider("ENABLED")},),
    ),
    Case(
        rule="ecs-managed-capacity",
        type=PROVIDER,
        good=({}, capacity(), capacity(managedDraining="ENABLED")),
        bad=(capacity(managedDraining="DISABLED"), capacity(managedScaling={"status": "DISABLED"})),
        unknown=(capacity(managedDraining=UNKNOWN), capacity(managedScaling=UNKNOWN)),
    ),
    Case(
        rule="ecs-architecture",
        type=SERVICE,
        good=(
            {},
            of("ARM64", "m7g.large"),
            of("X86_64", "m7i.large"),
            of("ARM64", "c7gd.xlarge"),
            of(None, "m7i.large"),
        ),
        bad=(of("ARM64", "m7i.large"), of("X86_64", "t4g.small")),
        unknown=(of(UNKNOWN, "m7g.large"), of("ARM64", UNKNOWN)),
    ),
    Case(
        rule="target-health-means-served",
        type=TARGETS,
        good=(
            {},
            nested("healthCheck.matcher", "200"),
            nested("healthCheck.matcher", "200,204"),
            nested("healthCheck.matcher", "200-299"),
            nested("healthCheck.matcher", "0-99"),
        ),
        bad=(
            {"healthCheck": {"enabled": False}},
            nested("healthCheck.matcher", "200-499"),
            nested("healthCheck.matcher", "200,301"),
        ),
        unknown=(nested("healthCheck.matcher", UNKNOWN), nested("healthCheck.enabled", UNKNOWN)),
    ),
    Case(
        rule="alarm-heard",
        type="aws:cloudwatch/metricAlarm:MetricAlarm",
        **one("alarmActions", (["arn:aws:sns:eu-west-1:1:ops"], ABSENT, [])),
    ),
]
