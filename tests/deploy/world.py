"""A stack's AWS in simulated time: the control plane's own specification, and small doubles.

Everything a command asks is checked against botocore's models, recorded, and answered as boto3
would: with the API's errors, and with times as `datetime`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from botocore import xform_name  # type: ignore[import-untyped]  # botocore ships no types

from perpetual.aws import published
from perpetual.aws.published import Published
from perpetual.aws.session import Identity
from perpetual.contract import Stack
from perpetual.sandbox.ecs import world as ecs_world
from perpetual.sandbox.ecs.errors import EcsError
from perpetual.sandbox.ecs.names import Account
from perpetual.sandbox.ecs.simulated import Behaviour
from perpetual.sandbox.ecs.simulation import Simulation
from perpetual.sandbox.ecs.timing import Timing
from perpetual.sandbox.ecs.world import Host
from tests.deploy.doubles import Client, Clock, Made, When, checked, model, refusal, timed
from tests.deploy.parameters import Parameters
from tests.deploy.services import Services
from tests.deploy.tasks import MIGRATION, World
from tests.support.stacks import captured

__all__ = ["BAKE", "MIGRATION", "NEW", "NEWER", "OLD", "STACK", "Aws", "containers", "contract"]

STACK: Final = "prod"
OLD: Final = "sha256:" + "a" * 64
NEW: Final = "sha256:" + "b" * 64
BAKE: Final = 40.0
"""Seconds for which ECS watches its alarms here; on AWS it is minutes."""
NEWER: Final = "sha256:" + "c" * 64


@cache
def contract() -> Published:
    """Return the contract of the program's own production stack."""
    made = captured(STACK, known=True)
    (found,) = [
        item
        for item in made.of_type("aws:ssm/parameter:Parameter")
        if item.inputs["name"] == f"/perpetual/{STACK}/contract"
    ]
    content = json.loads(found.inputs["insecureValue"])
    here = Stack(name=STACK, account=content["account"], region=content["region"])
    return published.parse(found.inputs["insecureValue"], here)


@cache
def containers() -> list[dict[str, Any]]:
    """Return the containers of the program's own task definition."""
    made = captured(STACK, known=True)
    (found,) = made.of_type("aws:ecs/taskDefinition:TaskDefinition")
    listed: list[dict[str, Any]] = json.loads(found.inputs["containerDefinitions"])
    return listed


class Aws(Services):
    """The AWS of one stack: a service with its release, three hosts, and whatever a test changes.

    Used as clients in place of `perpetual.aws.session.Clients`.
    """

    def __init__(self, behaviours: Mapping[str, Behaviour] | None = None, hosts: int = 3) -> None:
        """Make the stack."""
        super().__init__()
        self.contract = contract()
        stack = self.contract.stack
        self.world = World(
            {self.reference(digest): how for digest, how in (behaviours or {}).items()},
            self.health,
        )
        account = Account(number=stack.account, region=stack.region)
        self.simulation = Simulation(account=account, timing=Timing(bake=BAKE), world=self.world)
        self.clock = Clock(self.simulation)
        self.made: list[Made] = []
        self.faults: dict[str, list[Exception]] = {}
        self.before: dict[str, Callable[[Mapping[str, Any]], None]] = {}
        self.after: Callable[[Made], None] = lambda _made: None
        self.parameters = Parameters(self.clock.today)
        self._make(hosts)

    region_name = "eu-west-1"
    who = "ada"

    @property
    def identity(self) -> Identity:
        """Return who is calling: the stack's deployment role."""
        stack = self.contract.stack
        return Identity(
            account=stack.account,
            arn=f"arn:aws:sts::{stack.account}:assumed-role/{stack.deployment_role}/{self.who}",
        )

    def client(self, service: str) -> Client:
        """Return the client of a service."""
        return Client(self, service)

    def reference(self, digest: str) -> str:
        """Return an image of the stack's repository."""
        return f"{self.contract.repository}@{digest}"

    # --- what there is

    def _make(self, hosts: int) -> None:
        service, stack = self.contract.service, self.contract.stack
        for name, value in (
            (stack.contract_parameter, json.dumps(self.contract.content)),
            (stack.release_parameter, self.reference(OLD)),
            *((path, "secret") for path in (*service.secrets.values(), service.migration_secret)),
        ):
            self.parameters.set(name, value)
        self.ecs("CreateCluster", clusterName=service.cluster)
        self.ecs(
            "CreateCapacityProvider",
            name=service.capacity_provider,
            autoScalingGroupProvider={
                "autoScalingGroupArn": stack.arn(
                    "autoscaling", f"autoScalingGroup:1:autoScalingGroupName/{stack.prefix}-hosts"
                )
            },
        )
        self.ecs(
            "PutClusterCapacityProviders",
            cluster=service.cluster,
            capacityProviders=[service.capacity_provider],
            defaultCapacityProviderStrategy=[],
        )
        for number in range(hosts):
            self.join(number)
        self.register(OLD)
        self._create_service()
        self.images[OLD] = "old"
        self.simulation.run(400)

    def join(self, number: int) -> None:
        """Add a host as large as two tasks, and room for a third."""
        host = Host(
            instance=f"i-{number:017x}",
            zone=f"eu-west-1{'abc'[number % 3]}",
            cpu=3072,
            memory=7600,
            interfaces=3,
            instance_type="m7g.large",
            capacity_provider=self.contract.service.capacity_provider,
        )
        self.simulation.join(self.contract.service.cluster, host)

    def register(self, digest: str) -> str:
        """Register a revision as Pulumi does, and return its ARN."""
        stack, (release,) = self.contract.stack, containers()
        said = self.ecs(
            "RegisterTaskDefinition",
            family=self.contract.service.family,
            networkMode="awsvpc",
            requiresCompatibilities=["EC2"],
            runtimePlatform={"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
            taskRoleArn=stack.role_arn(stack.task_role),
            executionRoleArn=stack.role_arn(stack.execution_role),
            containerDefinitions=[{**release, "image": self.reference(digest)}],
            tags=[{"key": "perpetual:stack", "value": STACK}],
        )
        return str(said["taskDefinition"]["taskDefinitionArn"])

    def _create_service(self) -> None:
        service = self.contract.service
        self.ecs(
            "CreateService",
            cluster=service.cluster,
            serviceName=service.name,
            taskDefinition=service.family,
            desiredCount=service.desired,
            schedulingStrategy="REPLICA",
            capacityProviderStrategy=[{"capacityProvider": service.capacity_provider, "weight": 1}],
            networkConfiguration={
                "awsvpcConfiguration": {
                    "subnets": list(service.subnets),
                    "securityGroups": [service.security_group],
                    "assignPublicIp": "DISABLED",
                }
            },
            loadBalancers=[
                {
                    "targetGroupArn": self.contract.balancer.target_group,
                    "containerName": service.container,
                    "containerPort": service.port,
                }
            ],
            healthCheckGracePeriodSeconds=60,
            deploymentConfiguration={
                "minimumHealthyPercent": 50,
                "maximumPercent": 150,
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
                "alarms": {"alarmNames": list(self.watched), "enable": True, "rollback": True},
            },
        )

    @property
    def watched(self) -> Sequence[str]:
        """Return the alarms that undo a deployment."""
        stack = self.contract.stack
        return [
            stack.physical(key) for key in ("target-errors", "balancer-errors", "unhealthy-targets")
        ]

    def ring(self, state: str = "ALARM") -> None:
        """Let the first alarm ring, or not any more."""
        self.alarms[self.watched[0]] = state
        self.simulation.report(ecs_world.AlarmState(name=self.watched[0], state=state))

    def ecs(self, operation: str, **request: Any) -> dict[str, Any]:
        """Call ECS as somebody else does: unrecorded."""
        return self.simulation.call(operation, **request)

    def update(self, **changes: Any) -> None:
        """Update the service as somebody else does."""
        service = self.contract.service
        self.ecs("UpdateService", cluster=service.cluster, service=service.name, **changes)

    def fail_after(self, when: When, error: BaseException) -> None:
        """Let the first such call that a command makes fail, although it has its effect."""

        def after(made: Made) -> None:
            if when(made):
                self.after = lambda _made: None
                raise error

        self.after = after

    def instances(self) -> list[str]:
        """Return the hosts' ids."""
        cluster = self.contract.service.cluster
        return list(self.ecs("ListContainerInstances", cluster=cluster)["containerInstanceArns"])

    def service(self) -> dict[str, Any]:
        """Return the service as ECS describes it."""
        service = self.contract.service
        said = self.ecs("DescribeServices", cluster=service.cluster, services=[service.name])
        found: dict[str, Any] = said["services"][0]
        return found

    def digest(self) -> str:
        """Return the digest that the service is told to run."""
        said = self.ecs("DescribeTaskDefinition", taskDefinition=self.service()["taskDefinition"])
        image = said["taskDefinition"]["containerDefinitions"][0]["image"]
        return str(image.rpartition("@")[2])

    def parameter(self, name: str) -> str:
        """Return a parameter's value."""
        return self.parameters.value(name)

    def said(self, operation: str) -> list[Mapping[str, Any]]:
        """Return the requests of an operation that the command made."""
        return [made.request for made in self.made if made.operation == operation]

    # --- answering

    def answer(self, service: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Answer one call of a command."""
        checked(service, operation, request)
        made = Made(service, operation, request, self.simulation.now)
        self.made.append(made)
        for name in (operation, "*"):
            if name in self.before:
                self.before[name](request)
        if self.faults.get(operation):
            raise self.faults[operation].pop(0)
        said = self._answer(service, operation, request)
        self.after(made)
        return said

    def _answer(self, service: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if service == "ecs":
            return self._ecs(operation, request)
        if service == "ssm" and operation not in {"SendCommand", "ListCommandInvocations"}:
            return self.parameters(operation, request)
        double: Callable[[Mapping[str, Any]], dict[str, Any]] = getattr(
            self, f"_{xform_name(operation)}"
        )
        return double(request)

    def _ecs(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            said = self.simulation.call(operation, **request)
        except EcsError as error:
            raise refusal(error.code, operation, error.message) from error
        found: dict[str, Any] = timed(said, model("ecs").operation_model(operation).output_shape)
        return found
