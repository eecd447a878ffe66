"""A cluster in simulated time with a service on it, asked and answered in AWS's own shapes.

Every request and every answer is checked against botocore's description of ECS: a field that AWS
does not have, or of another type, fails the test that met it.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import botocore.session  # type: ignore[import-untyped]
from botocore.validate import ParamValidator  # type: ignore[import-untyped]

from perpetual.sandbox.ecs.model import Task
from perpetual.sandbox.ecs.records import Deployment
from perpetual.sandbox.ecs.records import Service as Record
from perpetual.sandbox.ecs.simulated import Behaviour
from perpetual.sandbox.ecs.simulation import Simulation
from perpetual.sandbox.ecs.timing import Timing
from perpetual.sandbox.ecs.world import Health, Host, Target

CLUSTER: Final = "prod"
SERVICE: Final = "web"
GROUP: Final = (
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef"
)
REGISTRY: Final = "arn:aws:servicediscovery:eu-west-1:123456789012:service/srv-0123456789abcdef"
ROLE: Final = "arn:aws:iam::123456789012:role/task"
NETWORK: Final = {
    "awsvpcConfiguration": {"subnets": ["subnet-a", "subnet-b"], "securityGroups": ["sg-1"]}
}
BALANCER: Final = {"targetGroupArn": GROUP, "containerName": "release", "containerPort": 5000}
BREAKER: Final = {"enable": True, "rollback": True}

CRASHING: Final = Behaviour(crash=1.0)
RED: Final = Behaviour(red=True)
UNSTARTABLE: Final = Behaviour(start_error="CannotPullContainerError: image not found")


@cache
def model() -> Any:
    """Return botocore's description of ECS."""
    return botocore.session.get_session().get_service_model("ecs")


def conforms(value: Mapping[str, Any], shape: Any) -> None:
    """Fail unless a document has a shape of AWS, with nothing besides."""
    report = ParamValidator().validate(value, shape)
    assert not report.has_errors(), report.generate_report()


def host(number: int, **changes: Any) -> Host:
    """Return a host like a t4g.medium, in one of three zones by its number."""
    fields: dict[str, Any] = {
        "instance": f"i-{number:017x}",
        "zone": f"eu-west-1{'abc'[number % 3]}",
        "cpu": 2048,
        "memory": 3800,
        "interfaces": 2,
    }
    return Host(**{**fields, **changes})


def container(**changes: Any) -> dict[str, Any]:
    """Return a container definition like the release's."""
    return {
        "name": "release",
        "image": "good",
        "memoryReservation": 896,
        "memory": 1792,
        "stopTimeout": 60,
        "portMappings": [{"containerPort": 5000}],
        **changes,
    }


class Stand:
    """A cluster with hosts, a family `web`, and what tests ask of them."""

    def __init__(
        self,
        *,
        hosts: int = 4,
        behaviours: Mapping[str, Behaviour] | None = None,
        timing: Timing | None = None,
        watch: Callable[[Simulation], None] | None = None,
    ) -> None:
        """Create the cluster, let its hosts join, and register revision 1 with image `good`."""
        known = {"crashing": CRASHING, "red": RED, "unstartable": UNSTARTABLE}
        self.sim = Simulation({**known, **(behaviours or {})}, timing=timing, watch=watch)
        self.call("CreateCluster", clusterName=CLUSTER)
        for number in range(hosts):
            self.sim.join(CLUSTER, host(number))
        self.register("good")

    @property
    def world(self) -> Any:
        """Return the simulated world."""
        return self.sim.world

    @property
    def now(self) -> float:
        """Return the time."""
        return self.sim.now

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """Ask, and check request and answer against AWS's shapes."""
        described = model().operation_model(operation)
        conforms(request, described.input_shape)
        answer = self.sim.call(operation, **request)
        conforms(answer, described.output_shape)
        return answer

    # --- setting up

    def register(self, image: str, **changes: Any) -> str:
        """Register the next revision of family `web` with an image, and return its ARN."""
        own = changes.pop("container", {})
        request = {"family": "web", "networkMode": "awsvpc", **changes}
        answer = self.call(
            "RegisterTaskDefinition",
            containerDefinitions=[container(image=image, **own)],
            **request,
        )
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def create(self, desired: int = 2, **request: Any) -> None:
        """Create the service and wait until it is steady."""
        self.begin(desired, **request)
        self.until_completed()

    def begin(self, desired: int = 2, **request: Any) -> dict[str, Any]:
        """Create the service."""
        configuration = {
            "minimumHealthyPercent": 50,
            "maximumPercent": 150,
            **request.pop("deploymentConfiguration", {}),
        }
        fields = {
            "cluster": CLUSTER,
            "serviceName": SERVICE,
            "taskDefinition": "web:1",
            "desiredCount": desired,
            "networkConfiguration": NETWORK,
            "loadBalancers": [BALANCER],
            "deploymentConfiguration": configuration,
            "availabilityZoneRebalancing": "DISABLED",
            **request,
        }
        answer = self.call("CreateService", **{k: v for k, v in fields.items() if v is not None})
        return dict(answer["service"])

    def update(self, **request: Any) -> dict[str, Any]:
        """Update the service."""
        answer = self.call("UpdateService", cluster=CLUSTER, service=SERVICE, **request)
        return dict(answer["service"])

    def deploy(self, image: str, **request: Any) -> None:
        """Register a revision with an image and update the service to it."""
        self.update(taskDefinition=self.register(image), **request)

    # --- looking

    @property
    def record(self) -> Record:
        """Return the service as the control plane keeps it."""
        return next(one for one in self.sim.plane.state.services.values() if one.name == SERVICE)

    def service(self) -> dict[str, Any]:
        """Return the service as AWS describes it."""
        answer = self.call("DescribeServices", cluster=CLUSTER, services=[SERVICE])
        return dict(answer["services"][0])

    def primary(self) -> dict[str, Any]:
        """Return the primary deployment as AWS describes it."""
        return dict(self.service()["deployments"][0])

    def events(self) -> list[str]:
        """Return the events' messages, oldest first, with ids of tasks and deployments as `*`."""
        return [message for _, message in self.timed_events()]

    def timed_events(self) -> list[tuple[float, str]]:
        """Return when events happened, and their messages."""
        return [(one["createdAt"], one["message"]) for one in reversed(self.service()["events"])]

    def tasks(self, image: str | None = None, *, stopped: bool = False) -> list[dict[str, Any]]:
        """Return the service's tasks as AWS describes them, of one image where given."""
        status = "STOPPED" if stopped else "RUNNING"
        arns = self.call("ListTasks", cluster=CLUSTER, serviceName=SERVICE, desiredStatus=status)[
            "taskArns"
        ]
        if not arns:
            return []
        found = self.call("DescribeTasks", cluster=CLUSTER, tasks=arns)["tasks"]
        return [one for one in found if image in (None, one["containers"][0]["image"])]

    def alive(self) -> list[Task]:
        """Return the tasks that have not been told to stop, as the control plane keeps them."""
        return [
            one
            for one in self.sim.plane.state.tasks.values()
            if one.service is not None and not one.stopping
        ]

    def service_deployments(self) -> list[dict[str, Any]]:
        """Return the service deployments, newest first, as AWS describes them."""
        listed = self.call("ListServiceDeployments", cluster=CLUSTER, service=SERVICE)
        arns = [one["serviceDeploymentArn"] for one in listed["serviceDeployments"]]
        answer = self.call("DescribeServiceDeployments", serviceDeploymentArns=arns)
        return list(answer["serviceDeployments"])

    def instances(self) -> list[dict[str, Any]]:
        """Return the container instances as AWS describes them."""
        arns = self.call("ListContainerInstances", cluster=CLUSTER)["containerInstanceArns"]
        answer = self.call("DescribeContainerInstances", cluster=CLUSTER, containerInstances=arns)
        return list(answer["containerInstances"])

    def drain(self, instance: str, status: str = "DRAINING") -> None:
        """Set a host, by its EC2 id, to another status."""
        arns = {one["ec2InstanceId"]: one["containerInstanceArn"] for one in self.instances()}
        self.call(
            "UpdateContainerInstancesState",
            cluster=CLUSTER,
            containerInstances=[arns[instance]],
            status=status,
        )

    # --- waiting

    def until(self, condition: Callable[[], bool], limit: float = 3600.0) -> float:
        """Let time pass until a condition holds; return the simulated seconds."""
        return self.sim.run_until(condition, limit)

    def until_completed(self) -> float:
        """Let time pass until the primary deployment is over, well or badly."""
        return self.until(lambda: self.deployment.rollout != "IN_PROGRESS")

    @property
    def deployment(self) -> Deployment:
        """Return the primary deployment as the control plane keeps it."""
        return self.record.primary

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.sim.run(seconds)

    def target(self, task: str) -> Target:
        """Return a task's target in the service's target group."""
        return Target(group=GROUP, task=task, container="release", port=5000)

    def judge(self, task: str, state: Health) -> None:
        """Have the balancer find a task's target in another state, now."""
        self.world.judge(self.target(task), state)
        self.sim.run(0)
