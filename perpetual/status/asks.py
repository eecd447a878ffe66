"""The calls that `status` and `logs platform` make, as data."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from perpetual.aws.calls import Call
from perpetual.aws.published import Published

TASKS_A_CALL: Final = 100
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html"""
DEPLOYMENTS_A_CALL: Final = 20
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceDeployments.html"""
METRIC_SECONDS: Final = 300
METRIC_MINUTES: Final = 30
"""How far back the last value of a metric may lie."""


def release(published: Published) -> Call:
    """Ask for the released image."""
    request = {"Name": published.stack.release_parameter}
    return Call(service="ssm", operation="GetParameter", request=request)


def service(published: Published) -> Call:
    """Ask for the service with its deployments and events."""
    request = {"cluster": published.service.cluster, "services": [published.service.name]}
    return Call(service="ecs", operation="DescribeServices", request=request)


def deployments(
    published: Published, after: datetime | None = None, token: str | None = None
) -> Call:
    """Ask for the service's deployments since a moment, or the last ones, the youngest first."""
    request: dict[str, object] = {
        "cluster": published.service.cluster,
        "service": published.service.name,
    }
    if after is not None:
        request["createdAt"] = {"after": after}
    if token is not None:
        request["nextToken"] = token
    return Call(service="ecs", operation="ListServiceDeployments", request=request)


def described_deployments(arns: Sequence[str]) -> Call:
    """Ask for all about some deployments."""
    request = {"serviceDeploymentArns": list(arns)}
    return Call(service="ecs", operation="DescribeServiceDeployments", request=request)


def tasks(published: Published, state: str) -> Call:
    """Ask for the cluster's tasks that are meant to be RUNNING, or STOPPED in the last hour."""
    request = {"cluster": published.service.cluster, "desiredStatus": state}
    return Call(service="ecs", operation="ListTasks", request=request)


def described_tasks(published: Published, arns: Sequence[str]) -> Call:
    """Ask for all about some tasks."""
    request = {"cluster": published.service.cluster, "tasks": list(arns)}
    return Call(service="ecs", operation="DescribeTasks", request=request)


def targets(published: Published) -> Call:
    """Ask what the balancer thinks of each task."""
    request = {"TargetGroupArn": published.balancer.target_group}
    return Call(service="elbv2", operation="DescribeTargetHealth", request=request)


def hosts(published: Published) -> Call:
    """Ask for the cluster's hosts."""
    request = {"cluster": published.service.cluster}
    return Call(service="ecs", operation="ListContainerInstances", request=request)


def described_hosts(published: Published, arns: Sequence[str]) -> Call:
    """Ask for all about some hosts."""
    request = {"cluster": published.service.cluster, "containerInstances": list(arns)}
    return Call(service="ecs", operation="DescribeContainerInstances", request=request)


def group(published: Published) -> Call:
    """Ask for the group that launches hosts."""
    request = {"AutoScalingGroupNames": [published.host_group]}
    return Call(service="autoscaling", operation="DescribeAutoScalingGroups", request=request)


def activities(published: Published) -> Call:
    """Ask what the group did, the latest first."""
    request = {"AutoScalingGroupName": published.host_group}
    return Call(service="autoscaling", operation="DescribeScalingActivities", request=request)


def scalings(published: Published) -> Call:
    """Ask by how much the service was scaled, the latest first."""
    resource = f"service/{published.service.cluster}/{published.service.name}"
    request = {"ServiceNamespace": "ecs", "ResourceId": resource}
    return Call(
        service="application-autoscaling", operation="DescribeScalingActivities", request=request
    )


def databases(published: Published) -> list[str]:
    """Return the identifiers of the database and its replicas, the primary first."""
    return [published.database.identifier, *published.database.replicas]


def database(identifier: str) -> Call:
    """Ask for one instance of the database."""
    request = {"DBInstanceIdentifier": identifier}
    return Call(service="rds", operation="DescribeDBInstances", request=request)


def database_events(identifier: str, since: datetime) -> Call:
    """Ask what happened to one instance of the database."""
    request = {
        "SourceIdentifier": identifier,
        "SourceType": "db-instance",
        "StartTime": since,
    }
    return Call(service="rds", operation="DescribeEvents", request=request)


def storage(published: Published, now: datetime) -> Call:
    """Ask for the storage that each instance has left; answers are named by position."""
    queries = [
        {
            "Id": f"free{position}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/RDS",
                    "MetricName": "FreeStorageSpace",
                    "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": identifier}],
                },
                "Period": METRIC_SECONDS,
                "Stat": "Minimum",
            },
        }
        for position, identifier in enumerate(databases(published))
    ]
    request = {
        "MetricDataQueries": queries,
        "StartTime": now - timedelta(minutes=METRIC_MINUTES),
        "EndTime": now,
        "ScanBy": "TimestampDescending",
    }
    return Call(service="cloudwatch", operation="GetMetricData", request=request)


def listeners(published: Published) -> Call:
    """Ask for the balancer's listeners, which name the certificate."""
    balancer = published.stack.arn(
        "elasticloadbalancing", f"loadbalancer/{published.balancer.name}"
    )
    request = {"LoadBalancerArn": balancer}
    return Call(service="elbv2", operation="DescribeListeners", request=request)


def certificate(arn: str) -> Call:
    """Ask for a certificate."""
    request = {"CertificateArn": arn}
    return Call(service="acm", operation="DescribeCertificate", request=request)


def alarms(published: Published) -> Call:
    """Ask for the alarms whose names begin as the stack's do: other stacks' may be among them."""
    request = {"AlarmNamePrefix": f"{published.stack.prefix}-", "AlarmTypes": ["MetricAlarm"]}
    return Call(service="cloudwatch", operation="DescribeAlarms", request=request)


def alarm_history(since: datetime) -> Call:
    """Ask for all changes of state of the account's alarms."""
    request = {
        "AlarmTypes": ["MetricAlarm"],
        "HistoryItemType": "StateUpdate",
        "StartDate": since,
        "ScanBy": "TimestampDescending",
    }
    return Call(service="cloudwatch", operation="DescribeAlarmHistory", request=request)
