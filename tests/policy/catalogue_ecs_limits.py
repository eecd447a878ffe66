"""Cases of the rules on what ECS refuses, or never gets to run."""

from typing import Any

from graph import UNKNOWN
from tests.policy.catalogue_case import ABSENT, Case, containers, twin

TASK = "aws:ecs/taskDefinition:TaskDefinition"
SERVICE = "aws:ecs/service:Service"
TARGETS = "aws:lb/targetGroup:TargetGroup"
PROVIDER = "aws:ecs/capacityProvider:CapacityProvider"
GROUP = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
LOG = {"awslogs-group": "/app", "awslogs-region": "eu-west-1"}
PARAMETER = "arn:aws:ssm:eu-west-1:111122223333:parameter/app/secret"


def app(**held: Any) -> dict[str, Any]:
    """Return a container named app."""
    return {"name": "app", "memory": 512, **held}


def logs(driver: object, options: object = ABSENT, **task: Any) -> dict[str, Any]:
    """Return a task whose container logs like this."""
    held = {"logDriver": driver} if options is ABSENT else {"logDriver": driver, "options": options}
    return {**twin(app(logConfiguration=held)), **task}


def secret(value: object, **held: Any) -> dict[str, Any]:
    """Return a task whose container gets one secret."""
    return twin(app(secrets=[{"name": "DATABASE_URL", "valueFrom": value}], **held))


def mapped(mode: object, *ports: dict[str, Any]) -> dict[str, Any]:
    """Return a task of a network mode whose container maps these ports."""
    return {"networkMode": mode, **twin(app(portMappings=list(ports)))}


def checked(*command: object, **held: Any) -> dict[str, Any]:
    """Return a task whose container is checked by a command."""
    return twin(app(healthCheck={"command": list(command), **held}))


def fargate(cpu: object, memory: object, *held: dict[str, Any], **task: Any) -> dict[str, Any]:
    """Return a task for Fargate."""
    given = {"cpu": cpu, "memory": memory, "networkMode": "awsvpc", **task}
    return {"requiresCompatibilities": ["FARGATE"], **given, **twin(*(held or (app(),)))}


def runs(service: dict[str, Any], *others: Any, **task: Any) -> dict[str, Any]:
    """Return a service beside its task definition, of awsvpc with the port 5000."""
    definition = {
        "arn": "task",
        "networkMode": "awsvpc",
        **twin(app(portMappings=[{"containerPort": 5000}])),
        **task,
    }
    return {"taskDefinition": "task", **service, "beside": ((TASK, "task", definition), *others)}


def balances(name: object, port: object, **task: Any) -> dict[str, Any]:
    """Return a service that balances this container, beside its parts."""
    held = {"containerName": name, "containerPort": port, "targetGroupArn": "targets"}
    kind = task.pop("targetType", "ip")
    group = (TARGETS, "targets", {"arn": "targets", "targetType": kind})
    return runs({"loadBalancers": [held]}, group, **task)


def strategy(*items: tuple[object, object, object], **held: Any) -> dict[str, Any]:
    """Return a service with these capacity providers: name, weight, base."""
    return {
        "capacityProviderStrategies": [
            {"capacityProvider": name, "weight": weight, "base": base}
            for name, weight, base in items
        ],
        **held,
    }


def hosted(kind: object, most: object, desired: object, memory: object = 512) -> dict[str, Any]:
    """Return a service on at most so many hosts of a type."""
    return runs(
        strategy(("hosts", 1, 0), desiredCount=desired),
        (
            PROVIDER,
            "hosts",
            {"name": "hosts", "autoScalingGroupProvider": {"autoScalingGroupArn": "group"}},
        ),
        (GROUP, "group", {"arn": "group", "maxSize": most, "launchTemplate": {"id": "lt-1"}}),
        (TEMPLATE, "template", {"id": "lt-1", "instanceType": kind}),
        **twin(app(memory=memory)),
    )


def drains(seconds: object, **held: Any) -> dict[str, Any]:
    """Return a task whose container drains for so long."""
    return twin(app(environment=[{"name": "DRAIN_SECONDS", "value": seconds}], **held))


SIZES = [
    Case(
        rule="ecs-resources-fit",
        type=TASK,
        good=(
            containers(app(memoryReservation=256)),
            {"memory": "1GB", "cpu": "1 vCPU", **containers({"name": "app", "cpu": 1024})},
            {"memory": 1024, **containers(app(), app(name="b"))},
        ),
        bad=(
            containers({"name": "app"}),
            containers(app(memoryReservation=513)),
            containers(app(memory=4)),
            {"memory": "256", **containers(app())},
            {"memory": "1023", **containers(app(), app(name="b"))},
            {"cpu": "256", **containers(app(cpu=129), app(name="b", cpu=128))},
        ),
        unknown=({"memory": UNKNOWN, **containers(app())}, twin(app(memory=UNKNOWN))),
    ),
    Case(
        rule="ecs-names-legal",
        type=TASK,
        good=({"family": "perpetual-prod_1", **containers(app())},),
        bad=(
            {"family": "perpetual/prod", **containers(app())},
            containers(app(name="my app")),
            containers(app(name="a" * 256)),
            containers(app(), app()),
            containers(app(essential=False)),
        ),
        unknown=({"family": UNKNOWN, **containers(app())}, twin(app(name=UNKNOWN))),
    ),
    Case(
        rule="ecs-ports-legal",
        type=TASK,
        good=(
            mapped("awsvpc", {"containerPort": 5000}),
            mapped("awsvpc", {"containerPort": 5000, "hostPort": 5000.0}),
            mapped("bridge", {"containerPort": 80, "hostPort": 0}, {"containerPort": 80}),
        ),
        bad=(
            mapped("awsvpc", {"containerPort": 5000, "hostPort": 80}),
            mapped("awsvpc", {"containerPort": 5000}, {"containerPort": 5000}),
            mapped(
                "bridge", {"containerPort": 1, "hostPort": 80}, {"containerPort": 2, "hostPort": 80}
            ),
            mapped("bridge", {"containerPort": 65536}),
        ),
        unknown=(
            mapped(UNKNOWN, {"containerPort": 1}),
            mapped("awsvpc", {"containerPort": UNKNOWN}),
        ),
    ),
    Case(
        rule="ecs-log-options",
        type=TASK,
        good=(
            containers(app()),
            logs("awslogs", LOG),
            logs("awslogs", {**LOG, "mode": "non-blocking", "max-buffer-size": "25m"}),
        ),
        bad=(
            logs("awslogs"),
            logs("awslogs", {"awslogs-group": "/app"}),
            logs("awslogs", LOG, requiresCompatibilities=["FARGATE"]),
            logs("cloudwatch"),
            logs("awslogs", {**LOG, "mode": "blocked"}),
            logs("awslogs", {**LOG, "mode": "blocking", "max-buffer-size": "25m"}),
        ),
        unknown=(logs("awslogs", UNKNOWN), twin(app(logConfiguration=UNKNOWN))),
    ),
    Case(
        rule="ecs-secret-references",
        type=TASK,
        good=(
            secret(PARAMETER),
            secret("/app/secret"),
            secret("arn:aws:secretsmanager:eu-west-1:111122223333:secret:app-AbCdEf:key::"),
            secret(UNKNOWN),
        ),
        bad=(
            secret("arn:aws:ssm:eu-west-1:111122223333:app/secret"),
            secret("postgres://app:hunter2@db/app"),
            secret(""),
            secret(PARAMETER, environment=[{"name": "DATABASE_URL", "value": "x"}]),
        ),
        unknown=(twin(app(secrets=UNKNOWN)), {"containerDefinitions": UNKNOWN}),
    ),
    Case(
        rule="ecs-health-check-legal",
        type=TASK,
        good=(containers(app()), checked("CMD-SHELL", "curl localhost", interval=5, retries=10)),
        bad=(
            checked("curl", "localhost"),
            checked(),
            checked("CMD", "true", interval=4),
            checked("CMD", "true", timeout=61),
            checked("CMD", "true", retries=0),
            checked("CMD", "true", startPeriod=301),
        ),
        unknown=(twin(app(healthCheck=UNKNOWN)), checked("CMD", "true", interval=UNKNOWN)),
    ),
    Case(
        rule="ecs-fargate-legal",
        type=TASK,
        good=(
            containers(app()),
            fargate("256", "512"),
            fargate("1 vCPU", "8GB", app(stopTimeout=120)),
        ),
        bad=(
            fargate("256", "4096"),
            fargate("300", "512"),
            fargate(ABSENT, "512"),
            fargate("256", "512", networkMode="bridge"),
            fargate("256", "512", placementConstraints=[{"type": "memberOf"}]),
            fargate("256", "512", volumes=[{"name": "v", "hostPath": "/data"}]),
            fargate("256", "512", app(stopTimeout=121)),
            fargate("256", "512", app(privileged=True)),
        ),
        unknown=(
            fargate("256", UNKNOWN),
            {"requiresCompatibilities": UNKNOWN},
            fargate("256", "512", app(stopTimeout=UNKNOWN)),
        ),
    ),
    Case(
        rule="ecs-drain-in-time",
        type=TASK,
        good=(containers(app()), drains("29"), drains("60", stopTimeout=90)),
        bad=(drains("30"), drains("60", stopTimeout=60)),
        unknown=(drains(UNKNOWN), drains("20", stopTimeout=UNKNOWN)),
    ),
]

PARTS = [
    Case(
        rule="ecs-launch-legal",
        type=SERVICE,
        good=(
            {},
            {"launchType": "EC2", "orderedPlacementStrategies": [{"type": "spread"}]},
            strategy(("hosts", 1, 0), ("other", 0, 0)),
            strategy(("FARGATE", 1, 1), ("FARGATE_SPOT", 4, 0)),
        ),
        bad=(
            strategy(("hosts", 1, 0), launchType="EC2"),
            strategy(("hosts", 1, 0), ("FARGATE", 1, 0)),
            strategy(("hosts", 1, 1), ("other", 1, 1)),
            strategy(("hosts", 0, 0)),
            strategy(("hosts", 1001, 0)),
            {"launchType": "FARGATE", "placementConstraints": [{"type": "distinctInstance"}]},
            {"launchType": "FARGATE", "schedulingStrategy": "DAEMON"},
            {"schedulingStrategy": "DAEMON", "orderedPlacementStrategies": [{}]},
            {"orderedPlacementStrategies": [{}] * 6},
        ),
        unknown=({"launchType": UNKNOWN}, {"capacityProviderStrategies": UNKNOWN}),
    ),
    Case(
        rule="ecs-network-fits",
        type=SERVICE,
        good=(
            {"taskDefinition": "elsewhere"},
            runs({"networkConfiguration": {"subnets": ["subnet-1"]}}),
            runs({}, networkMode="bridge"),
        ),
        bad=(runs({}), runs({"networkConfiguration": {"subnets": ["a"]}}, networkMode="bridge")),
        unknown=(runs({}, networkMode=UNKNOWN),),
    ),
    Case(
        rule="ecs-balancer-fits",
        type=SERVICE,
        good=(
            {},
            balances("app", 5000.0),
            balances("app", 5000, networkMode="bridge", targetType=None),
        ),
        bad=(
            balances("web", 5000),
            balances("app", 80),
            balances("app", 5000, targetType="instance"),
            balances("app", 5000, networkMode="bridge"),
        ),
        unknown=(
            balances("app", UNKNOWN),
            balances("app", 5000, containerDefinitions=UNKNOWN),
            {"loadBalancers": UNKNOWN},
        ),
    ),
    Case(
        rule="ecs-grace-period",
        type=SERVICE,
        good=(
            {},
            {"loadBalancers": [{}], "healthCheckGracePeriodSeconds": 60},
            runs({"healthCheckGracePeriodSeconds": 60}, **checked("CMD", "x", startPeriod=60)),
        ),
        bad=(
            {"loadBalancers": [{}]},
            {"healthCheckGracePeriodSeconds": -1},
            runs({"healthCheckGracePeriodSeconds": 30}, **checked("CMD", "x", startPeriod=60)),
        ),
        unknown=({"healthCheckGracePeriodSeconds": UNKNOWN},),
    ),
    Case(
        rule="ecs-two-zones",
        type=SERVICE,
        good=({}, {"networkConfiguration": {"subnets": ["subnet-a", UNKNOWN]}}),
        bad=(
            {"networkConfiguration": {"subnets": ["subnet-a"]}},
            {"networkConfiguration": {"subnets": []}},
        ),
        unknown=({"networkConfiguration": {"subnets": UNKNOWN}},),
    ),
    Case(
        rule="ecs-room",
        type=SERVICE,
        good=(
            {},
            hosted("t4g.small", 3, 12),
            hosted("m7gd.16xlarge", 1, 1, 250_000),
            hosted("u-6tb1.metal", 1, 100),
            hosted("c7g.medium", 1, 1, 2048),
        ),
        bad=(
            hosted("t4g.small", 3, 13),
            hosted("t4g.micro", 3, 1, 2048),
            hosted("r7g.large", 1, 1, 16_385),
        ),
        unknown=(
            hosted(UNKNOWN, 3, 2),
            hosted("t4g.small", UNKNOWN, 2),
            hosted("t4g.small", 3, 2, UNKNOWN),
        ),
    ),
    Case(
        rule="target-deregistration-delay",
        type=TARGETS,
        good=({"deregistrationDelay": 30}, {"targetType": "lambda"}),
        bad=({}, {"deregistrationDelay": 0}, {"deregistrationDelay": "300"}),
        unknown=({"deregistrationDelay": UNKNOWN},),
    ),
]
