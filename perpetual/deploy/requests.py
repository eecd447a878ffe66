"""The calls that a release makes on ECS and beside it, each built from plain values."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from perpetual import contract
from perpetual.aws.calls import Call
from perpetual.aws.published import Published

MIGRATE: Final = ("/app/bin/migrate",)
"""The release's own command, as the image has it."""

_EARLY: Final = "earlySuccessCriteria"

MOST: Final = 100
"""Tasks that one DescribeTasks takes:
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html"""

MOST_HOSTS: Final = 50
"""Instances that one SendCommand takes by their ids:
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html"""


# --- the migration


def run_migration(published: Published, definition: str, run: str) -> Call:
    """Return the call that runs the migrations as a task of its own.

    `run` makes it one task however often the call is made, and finds it again.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
    """
    service = published.service
    request = {
        "cluster": service.cluster,
        "taskDefinition": definition,
        "count": 1,
        "clientToken": run,
        "startedBy": started_by(run),
        "capacityProviderStrategy": [{"capacityProvider": service.capacity_provider, "weight": 1}],
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "subnets": list(service.subnets),
                "securityGroups": [service.security_group],
                "assignPublicIp": "DISABLED",
            }
        },
        "overrides": {"containerOverrides": [{"name": service.container, "command": [*MIGRATE]}]},
        "enableECSManagedTags": True,
        "tags": [{"key": contract.STACK_TAG, "value": published.stack.name}],
    }
    return Call(service="ecs", operation="RunTask", request=request)


def started_by(run: str) -> str:
    """Return what a task of a run says about who started it."""
    return f"deploy/{run}"


def stop_task(published: Published, task: str, reason: str) -> Call:
    """Return the call that stops a task."""
    request = {"cluster": published.service.cluster, "task": task, "reason": reason}
    return Call(service="ecs", operation="StopTask", request=request)


# --- the service


def update_service(  # noqa: PLR0913 - one parameter per thing that an update can change
    published: Published,
    service: Mapping[str, Any],
    definition: str,
    *,
    desired: int | None,
    early: bool,
    force: bool = False,
) -> Call:
    """Return the call that gives the service another revision; with `force` also the same again.

    The deployment configuration is sent whole, for what is left out of it could be lost. With
    `early` ECS calls the deployment a success once the new tasks are healthy and its alarms were
    watched long enough; the old ones leave afterwards, and circuit breaker and alarms undo nothing
    from then on.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/early-success-criteria.html
    """
    given = service.get("deploymentConfiguration", {})
    configuration = {key: value for key, value in given.items() if value not in (None, [], {})}
    before = configuration.pop(_EARLY, {})
    if early:
        configuration[_EARLY] = {
            "enable": True,
            "healthyPercent": 100,
            "sourceServiceRevisionCleanup": "DEFERRED",
        }
    elif before.get("enable"):
        configuration[_EARLY] = {"enable": False}
    request = {
        "cluster": published.service.cluster,
        "service": published.service.name,
        "taskDefinition": definition,
        "deploymentConfiguration": configuration,
        **({} if desired is None else {"desiredCount": desired}),
        **({"forceNewDeployment": True} if force else {}),
    }
    return Call(service="ecs", operation="UpdateService", request=request)


def stop_deployment(deployment: str) -> Call:
    """Return the call that lets ECS take a deployment back."""
    request = {"serviceDeploymentArn": deployment, "stopType": "ROLLBACK"}
    return Call(service="ecs", operation="StopServiceDeployment", request=request)


def describe_service(published: Published) -> Call:
    """Return the call that reads the service, with its deployments and events."""
    service = published.service
    request = {"cluster": service.cluster, "services": [service.name]}
    return Call(service="ecs", operation="DescribeServices", request=request)


def list_deployments(published: Published) -> Call:
    """Return the call that lists the service's deployments."""
    service = published.service
    request = {"cluster": service.cluster, "service": service.name}
    return Call(service="ecs", operation="ListServiceDeployments", request=request)


def describe_deployment(deployment: str) -> Call:
    """Return the call that reads one deployment."""
    request = {"serviceDeploymentArns": [deployment]}
    return Call(service="ecs", operation="DescribeServiceDeployments", request=request)


def describe_revision(revision: str) -> Call:
    """Return the call that reads a service revision."""
    request = {"serviceRevisionArns": [revision]}
    return Call(service="ecs", operation="DescribeServiceRevisions", request=request)


def list_tasks(published: Published, status: str) -> Call:
    """Return the call that lists the service's tasks that are to be `RUNNING`, or `STOPPED`."""
    service = published.service
    request = {
        "cluster": service.cluster,
        "serviceName": service.name,
        "desiredStatus": status,
    }
    return Call(service="ecs", operation="ListTasks", request=request)


def list_started(published: Published, run: str, status: str) -> Call:
    """Return the call that lists the tasks that a run started by itself."""
    request = {
        "cluster": published.service.cluster,
        "startedBy": started_by(run),
        "desiredStatus": status,
    }
    return Call(service="ecs", operation="ListTasks", request=request)


def describe_tasks(published: Published, tasks: Sequence[str]) -> Call:
    """Return the call that reads tasks, `MOST` at most."""
    request = {"cluster": published.service.cluster, "tasks": list(tasks)}
    return Call(service="ecs", operation="DescribeTasks", request=request)


# --- around it


def target_health(published: Published) -> Call:
    """Return the call that reads the state of every target."""
    request = {"TargetGroupArn": published.balancer.target_group}
    return Call(service="elbv2", operation="DescribeTargetHealth", request=request)


def alarms(names: Sequence[str]) -> Call:
    """Return the call that reads alarms by name."""
    request = {"AlarmNames": list(names), "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    return Call(service="cloudwatch", operation="DescribeAlarms", request=request)


def list_hosts(published: Published) -> Call:
    """Return the call that lists the cluster's hosts."""
    request = {"cluster": published.service.cluster, "status": "ACTIVE"}
    return Call(service="ecs", operation="ListContainerInstances", request=request)


def describe_hosts(published: Published, hosts: Sequence[str]) -> Call:
    """Return the call that reads hosts, `MOST` at most."""
    request = {"cluster": published.service.cluster, "containerInstances": list(hosts)}
    return Call(service="ecs", operation="DescribeContainerInstances", request=request)


def host_group(published: Published) -> Call:
    """Return the call that reads how far the group of hosts can grow."""
    request = {"AutoScalingGroupNames": [published.host_group]}
    return Call(service="autoscaling", operation="DescribeAutoScalingGroups", request=request)


def present(names: Sequence[str]) -> Call:
    """Return the call that lists those of these parameters that exist; no value is read."""
    filters = [{"Key": "Name", "Option": "Equals", "Values": list(names)}]
    return Call(
        service="ssm", operation="DescribeParameters", request={"ParameterFilters": filters}
    )


def pull(published: Published, hosts: Sequence[str], digest: str) -> Call:
    """Return the call that lets hosts, `MOST_HOSTS` at most, pull an image."""
    request = {
        "DocumentName": published.pull_document,
        "InstanceIds": list(hosts),
        "Parameters": {"digest": [digest]},
        "Comment": f"perpetual deploy to {published.stack.name}",
    }
    return Call(service="ssm", operation="SendCommand", request=request)


def pulls(command: str) -> Call:
    """Return the call that reads how far a command is on each host."""
    return Call(service="ssm", operation="ListCommandInvocations", request={"CommandId": command})


def log_lines(published: Published, task: str, lines: int) -> Call:
    """Return the call that reads the last lines that a task logged."""
    service = published.service
    stream = f"{service.log_stream_prefix}/{service.container}/{task_id(task)}"
    request = {
        "logGroupName": service.log_group,
        "logStreamName": stream,
        "limit": lines,
        "startFromHead": False,
    }
    return Call(service="logs", operation="GetLogEvents", request=request)


def task_id(arn: str) -> str:
    """Return the id at the end of a task's ARN."""
    return arn.rpartition("/")[2]
