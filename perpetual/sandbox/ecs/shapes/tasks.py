"""Tasks and container instances.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerInstance.html
"""

from typing import Any

from perpetual.sandbox.ecs.constraints import attributes
from perpetual.sandbox.ecs.core import Core
from perpetual.sandbox.ecs.health import task_health
from perpetual.sandbox.ecs.model import Container, Instance, Load, Task
from perpetual.sandbox.ecs.records import Document
from perpetual.sandbox.ecs.shapes import present, tag_list
from perpetual.sandbox.ecs.states import PENDING, TaskStatus


def task(core: Core, one: Task, *, tags: bool = False) -> dict[str, Any]:
    """Return a task as DescribeTasks does."""
    instance = core.instance(one)
    at = one.at
    return present(
        {
            "attachments": [_attachment(one, instance)] if one.attachment else [],
            "attributes": _attributes(instance),
            "availabilityZone": instance.host.zone if instance else None,
            "capacityProviderName": one.provider,
            "clusterArn": core.cluster(one).arn,
            "connectivity": "CONNECTED" if at.attached else None,
            "connectivityAt": at.attached,
            "containerInstanceArn": one.instance,
            "containers": [_container(one, container) for container in one.containers],
            "cpu": str(one.needs.cpu),
            "createdAt": at.created,
            "desiredStatus": "STOPPED" if one.stopping else "RUNNING",
            "enableExecuteCommand": one.execute_command,
            "executionStoppedAt": at.execution_stopped,
            "group": one.group,
            "healthStatus": task_health(one),
            "lastStatus": one.status.value,
            "launchType": one.launch_type,
            "memory": str(one.needs.memory),
            "overrides": _overrides(one),
            "pullStartedAt": at.pull_started,
            "pullStoppedAt": at.pull_stopped,
            "startedAt": at.started,
            "startedBy": one.started_by,
            "stopCode": one.stop_code,
            "stoppedAt": at.stopped,
            "stoppedReason": one.stopped_reason,
            "stoppingAt": at.stopping,
            "tags": tag_list(one.tags) if tags else [],
            "taskArn": one.arn,
            "taskDefinitionArn": one.definition["taskDefinitionArn"],
            "version": one.version,
        }
    )


def _attributes(instance: Instance | None) -> list[dict[str, str]]:
    if instance is None:
        return []
    return [{"name": "ecs.cpu-architecture", "value": instance.host.architecture}]


def _overrides(one: Task) -> Document:
    given = {item["name"]: item for item in one.overrides.get("containerOverrides", ())}
    containers = [given.get(item.name, {"name": item.name}) for item in one.containers]
    return {**one.overrides, "containerOverrides": containers}


def _attachment(one: Task, instance: Instance | None) -> dict[str, Any]:
    """Return a task's network interface.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Attachment.html
    """
    if one.status is TaskStatus.STOPPED:
        status = "DELETED"
    elif one.status is TaskStatus.DEPROVISIONING:
        status = "DETACHING"
    elif one.at.attached:
        status = "ATTACHED"
    else:
        status = "ATTACHING" if one.handed else "PRECREATED"
    subnets = (one.network or {}).get("subnets") or [instance.host.subnet if instance else ""]
    own = instance.host.subnet if instance and instance.host.subnet in subnets else subnets[0]
    details = {"subnetId": own}
    if one.at.attached:
        details["networkInterfaceId"] = one.interface or ""
    if one.addresses:
        details["privateIPv4Address"] = one.addresses[0]
    return {
        "id": one.attachment,
        "type": "ElasticNetworkInterface",
        "status": status,
        "details": [{"name": name, "value": value} for name, value in details.items()],
    }


def _container(one: Task, container: Container) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Container.html."""
    definition = container.definition
    interface = present(
        {
            "attachmentId": one.attachment,
            "privateIpv4Address": one.addresses[0] if one.addresses else None,
        }
    )
    agent = {"name": "ExecuteCommandAgent", "lastStatus": container.status}
    sizes = {
        key: str(definition[key]) for key in ("memory", "memoryReservation") if key in definition
    }
    return present(
        {
            "containerArn": container.arn,
            "taskArn": one.arn,
            "name": container.name,
            "image": definition["image"],
            "imageDigest": container.digest,
            "runtimeId": container.runtime_id,
            "lastStatus": container.status,
            "exitCode": container.exit_code,
            "reason": container.reason,
            "networkBindings": [],
            "networkInterfaces": [interface] if one.attachment else [],
            "healthStatus": container.health,
            "managedAgents": [agent] if one.execute_command else None,
            "cpu": str(definition.get("cpu", 0)),
            **sizes,
        }
    )


# --- container instances


def container_instance(core: Core, one: Instance, *, tags: bool = False) -> dict[str, Any]:
    """Return a container instance as DescribeContainerInstances does."""
    states = [core.state.tasks[arn] for arn in one.tasks]
    host = one.host
    return present(
        {
            "containerInstanceArn": one.arn,
            "ec2InstanceId": host.instance,
            "capacityProviderName": host.capacity_provider,
            "version": one.version,
            "versionInfo": {
                "agentVersion": host.agent_version,
                "agentHash": "0" * 8,
                "dockerVersion": f"DockerVersion: {host.docker_version}",
            },
            "registeredResources": _resources(host.cpu, host.memory, Load()),
            "remainingResources": _resources(
                host.cpu - one.promised.cpu, host.memory - one.promised.memory, one.promised
            ),
            "status": one.status,
            "agentConnected": one.connected,
            "runningTasksCount": sum(
                state.status is TaskStatus.RUNNING for state in states if not state.stopping
            ),
            "pendingTasksCount": sum(
                state.status in PENDING for state in states if not state.stopping
            ),
            "attributes": [
                {"name": name, "value": value} for name, value in attributes(one).items()
            ],
            "registeredAt": one.registered,
            "attachments": [],
            "tags": tag_list(one.tags) if tags else [],
        }
    )


RESERVED_PORTS = ("22", "2375", "2376", "51678", "51679")
"""SSH, Docker and the agent.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
"""


def _resources(cpu: int, memory: int, load: Load) -> list[dict[str, Any]]:
    used = {
        protocol: [str(port) for kind, port in load.ports if kind == protocol]
        for protocol in ("tcp", "udp")
    }
    tcp = [*RESERVED_PORTS, *used["tcp"]]
    return [
        {"name": "CPU", "type": "INTEGER", "integerValue": cpu},
        {"name": "MEMORY", "type": "INTEGER", "integerValue": memory},
        {"name": "PORTS", "type": "STRINGSET", "stringSetValue": tcp},
        {"name": "PORTS_UDP", "type": "STRINGSET", "stringSetValue": used["udp"]},
    ]
