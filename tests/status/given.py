"""A stack to look at: its contract, AWS's answers in the API's own form, and who may ask."""

import json
import threading
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3  # type: ignore[import-untyped]  # boto3 ships no types
from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # as above
from botocore.validate import ParamValidator  # type: ignore[import-untyped]  # as above

from perpetual import contract
from perpetual.aws.calls import Call
from perpetual.aws.published import Published, parse
from perpetual.aws.session import Clients
from tests.support.stacks import captured

ACCOUNT = "123456789012"
HERE = contract.Stack(name="prod", account=ACCOUNT, region="eu-west-1")
NOW = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)
DIGEST = "sha256:" + "ab" * 32
OLD_DIGEST = "sha256:" + "cd" * 32

Answer = Mapping[str, Any] | Exception | Callable[[Mapping[str, Any]], Mapping[str, Any]]
Answers = dict[tuple[str, str], Answer]


@cache
def contract_text() -> str:
    """Return the contract that the program itself publishes, as if made in this account."""
    made = captured("prod", f"account={ACCOUNT}", known=True)
    (found,) = [
        item
        for item in made.of_type("aws:ssm/parameter:Parameter")
        if item.inputs["name"] == HERE.contract_parameter
    ]
    return str(found.inputs["insecureValue"])


@cache
def stack() -> Published:
    """Return the stack as commands see it."""
    return parse(contract_text(), HERE)


class Recorded(Clients):
    """Real clients whose calls get these answers instead of AWS's; each is checked by its shape.

    botocore validates the requests, and here the answers too: a fixture that is not what the API
    can say fails the test that uses it.
    """

    def __init__(self, answers: Answers) -> None:
        """Answer these operations; any other is a failure."""
        super().__init__(region=HERE.region)
        # Models are loaded once a session, and that takes a while.
        self.__dict__["_session"] = _session()
        object.__setattr__(self, "answers", answers)
        object.__setattr__(self, "calls", [])
        object.__setattr__(self, "hooked", set())
        object.__setattr__(self, "guard", threading.Lock())

    answers: Answers
    calls: list[Call]
    hooked: set[str]
    guard: Any

    def client(self, service: str) -> Any:
        """Return a client that asks nobody."""
        made = super().client(service)
        with self.guard:
            if service not in self.hooked:
                self.hooked.add(service)
                made.meta.events.register_first("before-parameter-build.*", _keep)
                made.meta.events.register_first(
                    "before-call.*", lambda **given: self._answer(made, service, **given)
                )
        return made

    def _answer(self, made: Any, service: str, model: Any, context: Any, **_: Any) -> Any:
        request = context["asked"]
        self.calls.append(Call(service=service, operation=model.name, request=request))
        answer = self.answers.get((service, model.name))
        if answer is None:
            message = f"{service} {model.name} has no answer"
            raise AssertionError(message)
        try:
            if isinstance(answer, Exception):
                raise answer
            said = deepcopy(dict(answer(request) if callable(answer) else answer))
        except ClientError as error:
            kind = made.exceptions.from_code(error.response["Error"]["Code"])
            raise kind(error.response, error.operation_name) from error
        report = ParamValidator().validate(said, model.output_shape)
        if report.has_errors():
            message = f"{service} {model.name}: {report.generate_report()}"
            raise AssertionError(message)
        said["ResponseMetadata"] = {"HTTPHeaders": {}, "HTTPStatusCode": 200}
        return _Response(), said


@cache
def _session() -> Any:
    return boto3.session.Session(region_name=HERE.region)


class _Response:
    status_code = 200


def _keep(params: Any, context: Any, **_: Any) -> None:
    context["asked"] = deepcopy(params)


def refusal(
    operation: str, code: str = "AccessDeniedException", message: str = "no"
) -> ClientError:
    """Return AWS's refusal of a call."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def minutes(number: float) -> datetime:
    """Return the moment that many minutes ago."""
    return NOW - timedelta(minutes=number)


def task(number: int, **changes: Any) -> dict[str, Any]:
    """Return a running task of the service."""
    return {
        "taskArn": HERE.arn("ecs", f"task/{HERE.cluster}/{number:032x}"),
        "clusterArn": HERE.arn("ecs", f"cluster/{HERE.cluster}"),
        "taskDefinitionArn": HERE.arn("ecs", f"task-definition/{HERE.family}:42"),
        "containerInstanceArn": HERE.arn("ecs", f"container-instance/{HERE.cluster}/c{number % 3}"),
        "group": f"service:{HERE.service}",
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
        "availabilityZone": f"eu-west-1{'abc'[number % 3]}",
        "createdAt": minutes(120),
        "startedAt": minutes(119),
        "attachments": [
            {
                "type": "ElasticNetworkInterface",
                "details": [{"name": "privateIPv4Address", "value": f"10.0.0.{number}"}],
            }
        ],
        "containers": [
            {"name": "release", "image": f"{HERE.repository_url}@{DIGEST}", "imageDigest": DIGEST}
        ],
        **changes,
    }


def stopped(number: int, ago: float, why: str, **changes: Any) -> dict[str, Any]:
    """Return a task of the service that ended by itself."""
    return (
        task(
            number,
            lastStatus="STOPPED",
            desiredStatus="STOPPED",
            stopCode="EssentialContainerExited",
            stoppedReason=why,
            stoppedAt=minutes(ago),
            containers=[{"name": "release", "exitCode": 1}],
        )
        | changes
    )


def target(number: int, state: str = "healthy", **more: str) -> dict[str, Any]:
    """Return a task as the balancer knows it."""
    return {
        "Target": {"Id": f"10.0.0.{number}", "Port": 5000},
        "TargetHealth": {"State": state, **more},
    }


def host(number: int, **changes: Any) -> dict[str, Any]:
    """Return a host of the cluster."""
    zone = f"eu-west-1{'abc'[number % 3]}"
    return {
        "containerInstanceArn": HERE.arn("ecs", f"container-instance/{HERE.cluster}/c{number}"),
        "ec2InstanceId": f"i-{number:017x}",
        "status": "ACTIVE",
        "agentConnected": True,
        "runningTasksCount": 1,
        "pendingTasksCount": 0,
        "versionInfo": {"agentVersion": "1.108.2", "dockerVersion": "DockerVersion: 25.0.18"},
        "registeredAt": minutes(3000),
        "registeredResources": [resource("CPU", 2048), resource("MEMORY", 3684)],
        "remainingResources": [resource("CPU", 1536), resource("MEMORY", 2788)],
        "attributes": [
            {"name": "ecs.availability-zone", "value": zone},
            {"name": "ecs.instance-type", "value": "c7g.medium"},
        ],
        **changes,
    }


def resource(name: str, number: int) -> dict[str, Any]:
    """Return a resource of a host."""
    return {"name": name, "type": "INTEGER", "integerValue": number}


def launched(number: int, **changes: Any) -> dict[str, Any]:
    """Return a host as its group knows it."""
    return {
        "InstanceId": f"i-{number:017x}",
        "AvailabilityZone": f"eu-west-1{'abc'[number % 3]}",
        "InstanceType": "c7g.medium",
        "LifecycleState": "InService",
        "HealthStatus": "Healthy",
        "ProtectedFromScaleIn": True,
        **changes,
    }


def group(*instances: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Return the hosts' group."""
    return {
        "AutoScalingGroupName": stack().host_group,
        "MinSize": 3,
        "MaxSize": 6,
        "DesiredCapacity": 3,
        "DefaultCooldown": 300,
        "AvailabilityZones": ["eu-west-1a", "eu-west-1b", "eu-west-1c"],
        "HealthCheckType": "EC2",
        "CreatedTime": minutes(90_000),
        "Instances": list(instances),
        **changes,
    }


def deployment(revision: int = 42, **changes: Any) -> dict[str, Any]:
    """Return a deployment as the service lists it."""
    return {
        "id": f"ecs-svc/{revision:019}",
        "status": "PRIMARY",
        "taskDefinition": HERE.arn("ecs", f"task-definition/{HERE.family}:{revision}"),
        "desiredCount": 3,
        "runningCount": 3,
        "pendingCount": 0,
        "failedTasks": 0,
        "createdAt": minutes(121),
        "updatedAt": minutes(118),
        "rolloutState": "COMPLETED",
        "rolloutStateReason": "ECS deployment completed.",
        **changes,
    }


def service(*deployments: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Return the service."""
    return {
        "serviceArn": HERE.arn("ecs", f"service/{HERE.cluster}/{HERE.service}"),
        "serviceName": HERE.service,
        "status": "ACTIVE",
        "desiredCount": 3,
        "runningCount": 3,
        "pendingCount": 0,
        "deploymentConfiguration": {"minimumHealthyPercent": 50, "maximumPercent": 150},
        "deployments": list(deployments or [deployment()]),
        "events": [event("has reached a steady state.", 118)],
        **changes,
    }


def event(says: str, ago: float) -> dict[str, Any]:
    """Return an event of the service."""
    message = f"(service {HERE.service}) {says}"
    return {"id": f"{ago}-{says[:12]}", "createdAt": minutes(ago), "message": message}


def rollout(status: str = "SUCCESSFUL", ago: float = 118, **changes: Any) -> dict[str, Any]:
    """Return a deployment as ECS judged it."""
    service_of = f"{HERE.cluster}/{HERE.service}"
    return {
        "serviceDeploymentArn": HERE.arn("ecs", f"service-deployment/{service_of}/d{ago}"),
        "createdAt": minutes(ago + 3),
        "startedAt": minutes(ago + 3),
        "finishedAt": minutes(ago),
        "status": status,
        "targetServiceRevision": {"arn": HERE.arn("ecs", f"service-revision/{service_of}/42")},
        **changes,
    }


def instance(identifier: str, **changes: Any) -> dict[str, Any]:
    """Return an instance of the database."""
    return {
        "DBInstanceIdentifier": identifier,
        "DBInstanceStatus": "available",
        "DBInstanceClass": "db.m7g.large",
        "Engine": "postgres",
        "EngineVersion": "17.6",
        "AvailabilityZone": "eu-west-1a",
        "MultiAZ": True,
        "AllocatedStorage": 100,
        "CACertificateIdentifier": "rds-ca-rsa2048-g1",
        "CertificateDetails": {"ValidTill": datetime(2061, 5, 25, tzinfo=UTC)},
        "PendingModifiedValues": {},
        "DBParameterGroups": [
            {"DBParameterGroupName": "perpetual-prod-postgres17", "ParameterApplyStatus": "in-sync"}
        ],
        **changes,
    }


def alarm(name: str, state: str = "OK", **changes: Any) -> dict[str, Any]:
    """Return an alarm on the balancer."""
    metric = {
        "Namespace": "AWS/ApplicationELB",
        "MetricName": "RequestCount",
        "Dimensions": [{"Name": "LoadBalancer", "Value": stack().balancer.name}],
    }
    return {
        "AlarmName": f"perpetual-prod-{name}",
        "AlarmDescription": f"What {name} is about.",
        "StateValue": state,
        "StateReason": "Threshold Crossed",
        "StateTransitionedTimestamp": minutes(3),
        "Metrics": [
            {"Id": "value", "Expression": "requests > 1"},
            {"Id": "requests", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}},
        ],
        **changes,
    }


def healthy() -> Answers:
    """Return AWS's answers about a stack on which nothing is to be said."""
    numbers = (1, 2, 3)
    arns = [task(number)["taskArn"] for number in numbers]
    hosts = [host(number) for number in range(3)]
    listener = {
        "Port": 443,
        "Certificates": [{"CertificateArn": HERE.arn("acm", "certificate/1")}],
    }
    return {
        ("ssm", "GetParameter"): parameters({}),
        ("ssm", "GetParameterHistory"): {"Parameters": []},
        ("ecs", "DescribeServices"): {"services": [service()]},
        ("ecs", "ListServiceDeployments"): {"serviceDeployments": [listed(rollout())]},
        ("ecs", "DescribeServiceDeployments"): {"serviceDeployments": [rollout()]},
        ("ecs", "ListTasks"): lambda asked: {
            "taskArns": arns if asked["desiredStatus"] == "RUNNING" else []
        },
        ("ecs", "DescribeTasks"): {"tasks": [task(number) for number in numbers]},
        ("elbv2", "DescribeTargetHealth"): {
            "TargetHealthDescriptions": [target(number) for number in numbers]
        },
        ("ecs", "ListContainerInstances"): {
            "containerInstanceArns": [item["containerInstanceArn"] for item in hosts]
        },
        ("ecs", "DescribeContainerInstances"): {"containerInstances": hosts},
        ("autoscaling", "DescribeAutoScalingGroups"): {
            "AutoScalingGroups": [group(*map(launched, range(3)))]
        },
        ("rds", "DescribeDBInstances"): lambda asked: {
            "DBInstances": [instance(asked["DBInstanceIdentifier"])]
        },
        ("cloudwatch", "GetMetricData"): lambda asked: {
            "MetricDataResults": [
                {"Id": query["Id"], "Values": [61.0 * 1024**3], "Timestamps": [NOW]}
                for query in asked["MetricDataQueries"]
            ]
        },
        ("elbv2", "DescribeListeners"): {"Listeners": [{"Port": 80}, listener]},
        ("acm", "DescribeCertificate"): {
            "Certificate": {
                "DomainName": "app.example.com",
                "Status": "ISSUED",
                "NotAfter": NOW + timedelta(days=92),
            }
        },
        ("cloudwatch", "DescribeAlarms"): {
            "MetricAlarms": [alarm("target-errors"), alarm("service-cpu")]
        },
    }


def listed(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return a deployment as its list shows it."""
    shown = ("serviceDeploymentArn", "createdAt", "startedAt", "finishedAt", "status")
    return {key: described[key] for key in shown if key in described}


def parameters(held: Mapping[str, str]) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    """Return what SSM answers where it holds these beside release and contract."""
    values = {
        HERE.contract_parameter: contract_text(),
        HERE.release_parameter: f"{HERE.repository_url}@{DIGEST}",
        **held,
    }

    def answer(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        name = asked["Name"]
        if name not in values:
            raise refusal("GetParameter", "ParameterNotFound")
        found = {
            "Name": name,
            "Value": values[name],
            "Version": 7,
            "LastModifiedDate": minutes(118),
        }
        return {"Parameter": found}

    return answer


def content() -> dict[str, Any]:
    """Return the contract, to be changed."""
    parsed: dict[str, Any] = json.loads(contract_text())
    return parsed
