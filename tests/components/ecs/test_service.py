"""What the Service component registers, beside a real cluster and balancer."""

import json
from collections.abc import Sequence
from typing import Any

import pulumi
import pytest

from components.ecs.balancer import Balancer, BalancerArgs
from components.ecs.cluster import Cluster, ClusterArgs
from components.ecs.service import Service, ServiceArgs
from components.ecs.task import containers
from perpetual.contract import Stack
from perpetual.offline.capture import UNKNOWN, Capture, Registration, capture, plain
from settings import models

STACK = Stack(name="prod", account="111122223333", region="eu-central-1")
IMAGE = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/perpetual/prod@sha256:" + "0" * 64
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1"
SUBNETS = ["subnet-a", "subnet-b"]

SERVICE = "aws:ecs/service:Service"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"


def run(
    image: Any = IMAGE,
    alarms: Sequence[str] = ("perpetual-prod-5xx",),
    architecture: models.Architecture = models.Architecture.ARM64,
    **settings: Any,
) -> Capture:
    """Return what a service with these settings registers.

    An `image` of `pulumi.UNKNOWN` is one that `up` has yet to build.
    """

    def program() -> None:
        cluster = Cluster(
            "cluster",
            ClusterArgs(
                stack=STACK,
                settings=models.Hosts(),
                architecture=architecture,
                key_arn=KEY,
                subnet_ids=SUBNETS,
                security_group_id="sg-hosts",
                tags={},
            ),
        )
        balancer = Balancer(
            "balancer",
            BalancerArgs(
                stack=STACK,
                settings=models.Balancer(domain="app.example.com", zone_id="Z0123456789"),
                port=5000,
                protect=False,
                vpc_id="vpc-1",
                subnet_ids=["subnet-x", "subnet-y"],
                security_group_id="sg-balancer",
            ),
        )
        Service(
            "service",
            ServiceArgs(
                stack=STACK,
                settings=models.Service(**settings),
                protect=True,
                host="app.example.com",
                architecture=architecture,
                key_arn=KEY,
                image=pulumi.Output.from_input(image),
                vpc_id="vpc-1",
                subnet_ids=SUBNETS,
                security_group_id="sg-service",
                cluster=cluster,
                balancer=balancer,
                rollback_alarms=alarms,
            ),
        )

    return capture(program, project="perpetual", stack="prod", config={}, invokes={})


def one(captured: Capture, token: str) -> Registration:
    """Return the only resource of a type."""
    (found,) = captured.of_type(token)
    return found


def names(captured: Capture, urns: Sequence[str]) -> set[str]:
    """Return the logical names behind URNs."""
    by_urn = {item.urn: item.name for item in captured.registrations}
    return {by_urn[urn] for urn in urns}


def test_a_service_is_these_resources_and_no_other() -> None:
    """Everything below the component, by logical name."""
    captured = run()
    below = {
        item.name: item.type for item in captured.registrations if item.name.startswith("service")
    }
    assert below == {
        "service": "perpetual:ecs:Service",
        "service-log": "aws:cloudwatch/logGroup:LogGroup",
        "service-task-role": ROLE,
        "service-task-role-policy": ROLE_POLICY,
        "service-execution-role": ROLE,
        "service-execution-role-policy": ROLE_POLICY,
        "service-task": TASK,
        "service-discovery": "perpetual:ecs:Discovery",
        "service-discovery-namespace": (
            "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace"
        ),
        "service-discovery-service": "aws:servicediscovery/service:Service",
        "service-service": SERVICE,
    }


def test_autoscaling_adds_its_target_and_policy() -> None:
    """The number of tasks then moves between `desired` and the maximum."""
    captured = run(autoscaling=True, desired=3, autoscaling_maximum=9)
    common = {
        "serviceNamespace": "ecs",
        "scalableDimension": "ecs:service:DesiredCount",
        "resourceId": "service/perpetual-prod/perpetual-prod-web",
    }
    target = one(captured, "aws:appautoscaling/target:Target")
    policy = one(captured, "aws:appautoscaling/policy:Policy")
    assert target.inputs == common | {"minCapacity": 3, "maxCapacity": 9}
    assert policy.inputs == common | {
        "name": "perpetual-prod-cpu",
        "policyType": "TargetTrackingScaling",
        "targetTrackingScalingPolicyConfiguration": {
            "predefinedMetricSpecification": {
                "predefinedMetricType": "ECSServiceAverageCPUUtilization"
            },
            "targetValue": 60,
            "scaleOutCooldown": 60,
            "scaleInCooldown": 300,
        },
    }


def test_the_task_definition_is_wholly_known_with_its_image() -> None:
    """Roles, family and containers are plain text at the first preview."""
    definition = one(run(), TASK)
    document = containers(
        stack=STACK, settings=models.Service(), host="app.example.com", image=IMAGE
    )
    assert json.loads(definition.inputs.pop("containerDefinitions")) == document
    assert definition.inputs == {
        "family": "perpetual-prod-web",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["EC2"],
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        "taskRoleArn": "arn:aws:iam::111122223333:role/perpetual-prod-task",
        "executionRoleArn": "arn:aws:iam::111122223333:role/perpetual-prod-execution",
        "trackLatest": True,
        "skipDestroy": True,
    }


def test_the_components_twin_says_what_the_text_says() -> None:
    """A rule may read either."""
    captured = run()
    text = one(captured, TASK).inputs["containerDefinitions"]
    assert captured.named("service").inputs == {"containerDefinitions": json.loads(text)}


def test_while_the_image_is_to_be_built_only_the_image_is_unknown_in_the_twin() -> None:
    """The text is unknown as a whole; every other field stays readable."""
    captured = run(image=pulumi.UNKNOWN)
    assert one(captured, TASK).inputs["containerDefinitions"] == UNKNOWN
    assert captured.named("service").inputs["containerDefinitions"] == containers(
        stack=STACK, settings=models.Service(), host="app.example.com", image=UNKNOWN
    )


def test_an_intel_stack_asks_for_intel_hosts() -> None:
    """ECS places the task nowhere else."""
    captured = run(architecture=models.Architecture.X86_64)
    platform = one(captured, TASK).inputs["runtimePlatform"]
    assert platform == {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"}


def test_the_service_replaces_tasks_safely_and_spreads_them() -> None:
    """All inputs; ids and ARNs of other resources are unknown until they exist."""
    assert one(run(), SERVICE).inputs == {
        "name": "perpetual-prod-web",
        "cluster": UNKNOWN,
        "taskDefinition": UNKNOWN,
        "desiredCount": 0,
        "schedulingStrategy": "REPLICA",
        "capacityProviderStrategies": [
            {"capacityProvider": "perpetual-prod-hosts", "weight": 1},
        ],
        "deploymentController": {"type": "ECS"},
        "deploymentMinimumHealthyPercent": 50,
        "deploymentMaximumPercent": 150,
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "alarms": {"alarmNames": ["perpetual-prod-5xx"], "enable": True, "rollback": True},
        "availabilityZoneRebalancing": "ENABLED",
        "orderedPlacementStrategies": [
            {"type": "spread", "field": "attribute:ecs.availability-zone"},
            {"type": "spread", "field": "instanceId"},
        ],
        "networkConfiguration": {
            "subnets": SUBNETS,
            "securityGroups": ["sg-service"],
            "assignPublicIp": False,
        },
        "loadBalancers": [
            {"targetGroupArn": UNKNOWN, "containerName": "release", "containerPort": 5000}
        ],
        "healthCheckGracePeriodSeconds": 60,
        "serviceRegistries": {"registryArn": UNKNOWN},
        "enableExecuteCommand": True,
        "enableEcsManagedTags": True,
        "propagateTags": "SERVICE",
        "waitForSteadyState": False,
    }


def test_pulumi_never_takes_the_number_of_tasks_back() -> None:
    """It is 0 at creation, and whatever deploys and autoscaling made of it afterwards."""
    assert list(one(run(), SERVICE).request.ignoreChanges) == ["desiredCount"]


def test_without_rollback_alarms_the_circuit_breaker_stands_alone() -> None:
    """ECS refuses an empty list of alarms."""
    inputs = one(run(alarms=()), SERVICE).inputs
    assert "alarms" not in inputs
    assert inputs["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}


def test_tasks_start_only_after_what_they_need_by_name_alone() -> None:
    """Documents know log group and roles by name, so the order must be said."""
    captured = run()
    assert names(captured, one(captured, TASK).request.dependencies) >= {
        "service-log",
        "service-task-role",
        "service-task-role-policy",
        "service-execution-role",
        "service-execution-role-policy",
    }
    after = names(captured, one(captured, SERVICE).request.dependencies)
    assert {"service-task", "service-discovery-service"} <= after
    assert any("listener" in captured.named(name).type for name in after)


def test_tasks_are_found_by_name_within_ten_seconds() -> None:
    """One A record a task, in a namespace that only the VPC sees."""
    captured = run()
    assert captured.named("service-discovery-namespace").inputs == {
        "name": "prod.perpetual.internal",
        "description": "Tasks of stack prod",
        "vpc": "vpc-1",
    }
    assert captured.named("service-discovery-service").inputs == {
        "name": "web",
        "description": "Running tasks, by their own addresses",
        "dnsConfig": {
            "namespaceId": UNKNOWN,
            "routingPolicy": "MULTIVALUE",
            "dnsRecords": [{"ttl": 10, "type": "A"}],
        },
        "healthCheckCustomConfig": {"failureThreshold": 1},
        "forceDestroy": True,
    }


def test_the_log_group_is_encrypted_and_forgets() -> None:
    """With the stack's key, after the days in the settings."""
    captured = run(log_retention_days=90)
    assert captured.named("service-log").inputs == {
        "name": "/perpetual/prod/release",
        "kmsKeyId": KEY,
        "retentionInDays": 90,
        "deletionProtectionEnabled": True,
    }
    assert captured.named("service-log").request.protect


def test_the_execution_role_reads_exactly_the_secrets_that_the_task_is_given() -> None:
    """One more in the settings is one more in both documents."""
    captured = run(secrets=("STRIPE_KEY",))
    (release,) = json.loads(one(captured, TASK).inputs["containerDefinitions"])
    policy = json.loads(captured.named("service-execution-role-policy").inputs["policy"])
    (read,) = [item for item in policy["Statement"] if item["Action"] == "ssm:GetParameters"]
    given = [secret["valueFrom"] for secret in release["secrets"]]
    # Migrations run under the same role, and connect as somebody the release never is.
    migrator = given[0].rpartition("/")[0] + "/MIGRATOR_DATABASE_URL"
    assert migrator not in given
    assert read["Resource"] == [*given, migrator]
    assert any(arn.endswith("/STRIPE_KEY") for arn in read["Resource"])


@pytest.mark.parametrize("role", ["task", "execution"])
def test_a_role_bears_the_name_that_the_documents_use(role: str) -> None:
    """The deployment role may pass exactly these two, by name."""
    captured = run()
    arn = one(captured, TASK).inputs[f"{role}RoleArn"]
    assert captured.named(f"service-{role}-role").inputs["name"] == arn.split("/")[-1]
    policy = captured.named(f"service-{role}-role-policy").inputs
    assert policy["role"] == policy["name"] == arn.split("/")[-1]


def test_the_fields_tell_the_command_all_it_needs() -> None:
    """To deploy, to run one-off tasks, to read logs and to open a console."""
    captured = run(desired=3)
    published = captured.registered_outputs[captured.named("service").urn]
    fields = plain(published)
    # The twin of the task's document is an output too, where a pack sees nothing else.
    (release,) = fields.pop("containerDefinitions")
    assert release["name"] == "release"
    assert fields == {
        "cluster": "perpetual-prod",
        "service": "perpetual-prod-web",
        "family": "perpetual-prod-web",
        "container": "release",
        "port": 5000,
        "distributionPort": 9100,
        "desired": 3,
        "autoscaling": False,
        "logGroup": "/perpetual/prod/release",
        "logStreamPrefix": "web",
        "discovery": "web.prod.perpetual.internal",
        "taskRole": "arn:aws:iam::111122223333:role/perpetual-prod-task",
        "executionRole": "arn:aws:iam::111122223333:role/perpetual-prod-execution",
        "capacityProvider": "perpetual-prod-hosts",
        "subnets": SUBNETS,
        "securityGroup": "sg-service",
        "migrationFamily": "perpetual-prod-migrate",
        "migrationSecret": "/perpetual/prod/secrets/MIGRATOR_DATABASE_URL",
        "releaseParameter": "/perpetual/prod/release",
        "secrets": {
            "DATABASE_URL": "/perpetual/prod/secrets/DATABASE_URL",
            "RELEASE_COOKIE": "/perpetual/prod/secrets/RELEASE_COOKIE",
            "SECRET_KEY_BASE": "/perpetual/prod/secrets/SECRET_KEY_BASE",
        },
    }


def test_a_setting_that_would_weaken_the_database_connection_stops_the_program() -> None:
    """Before anything is registered."""
    with pytest.raises(ValueError, match="PGSSLMODE, which the stack sets itself"):
        run(environment={"PGSSLMODE": "disable"})
