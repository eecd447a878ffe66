"""Services, their deployments and their revisions.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRevision.html
"""

from typing import Any

from perpetual.sandbox.ecs import definitions
from perpetual.sandbox.ecs.breaker import breaker
from perpetual.sandbox.ecs.core import Core
from perpetual.sandbox.ecs.deployments import task_counts
from perpetual.sandbox.ecs.records import Deployment, Event, Record, Revision, Service
from perpetual.sandbox.ecs.shapes import present, tag_list
from perpetual.sandbox.ecs.states import Monitor

PLAIN = (
    "availabilityZoneRebalancing",
    "deploymentConfiguration",
    "deploymentController",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
    "placementConstraints",
    "placementStrategy",
    "propagateTags",
    "schedulingStrategy",
)
"""Settings that read back as they are kept."""


def service(core: Core, one: Service, *, tags: bool = False) -> dict[str, Any]:
    """Return a service as DescribeServices does."""
    revision = one.primary.revision
    counts = [task_counts(core, each) for each in one.deployments]
    record = next((each for each in reversed(one.records) if _ongoing(each)), None)
    return present(
        {
            "serviceArn": one.arn,
            "serviceName": one.name,
            "clusterArn": core.state.clusters[one.cluster].arn,
            **_configuration(revision),
            "status": one.status,
            "desiredCount": one.desired,
            "runningCount": sum(running for _, running, _ in counts),
            "pendingCount": sum(pending for _, _, pending in counts),
            "taskDefinition": revision.task_definition,
            "deployments": _deployments(core, one),
            "roleArn": _service_role(core),
            "events": [_event(each) for each in reversed(one.events)],
            "createdAt": one.created,
            "currentServiceDeployment": record.arn if record else None,
            "currentServiceRevisions": _current_revisions(core, one),
            **{key: one.settings.get(key) for key in PLAIN},
            "createdBy": f"arn:{core.account.partition}:iam::{core.account.number}:root",
            "tags": tag_list(one.tags) if tags else None,
        }
    )


def _service_role(core: Core) -> str:
    account = core.account
    role = "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
    return f"arn:{account.partition}:iam::{account.number}:{role}"


def _ongoing(record: Record) -> bool:
    return record.finished is None and record.stopped is None


def _configuration(revision: Revision) -> dict[str, Any]:
    """Return what a service shares with its revisions."""
    return {
        "loadBalancers": list(revision.load_balancers),
        "serviceRegistries": list(revision.registries),
        "launchType": revision.launch_type,
        "capacityProviderStrategy": list(revision.strategy) or None,
        "networkConfiguration": revision.network,
    }


def _event(one: Event) -> dict[str, Any]:
    return {"id": one.id, "createdAt": one.at, "message": one.message}


def _deployments(core: Core, one: Service) -> list[dict[str, Any]]:
    if one.status == "INACTIVE":
        return []
    return [_deployment(core, each) for each in one.deployments]


def _deployment(core: Core, one: Deployment) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html."""
    desired, running, pending = task_counts(core, one)
    revision = one.revision
    return present(
        {
            "id": one.id,
            "status": one.status,
            "taskDefinition": revision.task_definition,
            "desiredCount": desired,
            "pendingCount": pending,
            "runningCount": running,
            "failedTasks": one.failures,
            "createdAt": one.created,
            "updatedAt": one.updated,
            "launchType": revision.launch_type,
            "capacityProviderStrategy": list(revision.strategy) or None,
            "networkConfiguration": revision.network,
            "rolloutState": one.rollout.value,
            "rolloutStateReason": one.reason,
        }
    )


def _current_revisions(core: Core, one: Service) -> list[dict[str, Any]]:
    return [
        _summary(each.revision.arn, task_counts(core, each))
        for each in one.deployments
        if one.status != "INACTIVE"
    ]


def _summary(arn: str, counts: tuple[int, int, int]) -> dict[str, Any]:
    requested, running, pending = counts
    return {
        "arn": arn,
        "requestedTaskCount": requested,
        "runningTaskCount": running,
        "pendingTaskCount": pending,
    }


# --- service deployments


def brief(core: Core, one: Service, record: Record) -> dict[str, Any]:
    """Return a service deployment as ListServiceDeployments does."""
    return present(
        {
            "serviceDeploymentArn": record.arn,
            "serviceArn": one.arn,
            "clusterArn": core.state.clusters[one.cluster].arn,
            "createdAt": record.created,
            "startedAt": record.started,
            "finishedAt": record.finished,
            "targetServiceRevisionArn": record.target,
            "status": record.status.value,
            "statusReason": record.reason,
        }
    )


def service_deployment(core: Core, one: Service, record: Record) -> dict[str, Any]:
    """Return a service deployment as DescribeServiceDeployments does.

    While it is under way its counts are live, afterwards they are those of its end:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/early-success-criteria.html
    """
    counts = record.counts
    if counts is None:
        counts = {each.revision.arn: task_counts(core, each) for each in one.deployments}
    kept = brief(core, one, record)
    kept.pop("targetServiceRevisionArn")
    return present(
        {
            **kept,
            "stoppedAt": record.stopped,
            "updatedAt": record.updated,
            "sourceServiceRevisions": [
                _summary(arn, counts.get(arn, (0, 0, 0))) for arn in record.sources
            ],
            "targetServiceRevision": _summary(record.target, counts.get(record.target, (0, 0, 0))),
            "deploymentConfiguration": record.configuration,
            "rollback": record.rollback,
            "deploymentCircuitBreaker": _breaker(one, record),
            "alarms": _alarms(record),
        }
    )


def _breaker(one: Service, record: Record) -> dict[str, Any]:
    failures = record.failures
    if record.counts is None and one.primary.record == record.arn:
        failures = max(failures, one.primary.failures)
    threshold = record.threshold or breaker(record.configuration).threshold(one.desired)
    if record.breaker is Monitor.DISABLED:
        return {"status": record.breaker.value, "failureCount": 0, "threshold": 0}
    return {"status": record.breaker.value, "failureCount": failures, "threshold": threshold}


def _alarms(record: Record) -> dict[str, Any]:
    names = (record.configuration.get("alarms") or {}).get("alarmNames", ())
    return {
        "status": record.alarms.value,
        "alarmNames": list(names),
        "triggeredAlarmNames": list(record.triggered),
    }


def service_revision(core: Core, one: Service, revision: Revision) -> dict[str, Any]:
    """Return a service revision as DescribeServiceRevisions does."""
    document = definitions.look_up(core, revision.task_definition) or {}
    images = [
        present(
            {
                "containerName": each["name"],
                "image": each["image"],
                "imageDigest": _digest(core, revision, each["name"]),
            }
        )
        for each in document.get("containerDefinitions", ())
    ]
    return present(
        {
            "serviceRevisionArn": revision.arn,
            "serviceArn": one.arn,
            "clusterArn": core.state.clusters[one.cluster].arn,
            "taskDefinition": revision.task_definition,
            **_configuration(revision),
            "containerImages": images,
            "guardDutyEnabled": False,
            "createdAt": revision.created,
        }
    )


def _digest(core: Core, revision: Revision, name: str) -> str | None:
    """Return the digest that a tag was resolved to, from a task that runs it.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
    """
    for one in core.state.tasks.values():
        if one.definition["taskDefinitionArn"] == revision.task_definition:
            for container in one.containers:
                if container.name == name and container.digest:
                    return container.digest
    return None
