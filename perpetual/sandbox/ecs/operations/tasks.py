"""Tasks that are run, stopped and described.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""

from typing import Any, Final

from perpetual.sandbox.ecs import definitions, ending, launch, waiting
from perpetual.sandbox.ecs.constraints import check_constraints
from perpetual.sandbox.ecs.core import Core
from perpetual.sandbox.ecs.ending import USER, Stop
from perpetual.sandbox.ecs.errors import CONFLICT, EcsError, client, invalid
from perpetual.sandbox.ecs.model import Cluster, Task
from perpetual.sandbox.ecs.names import last
from perpetual.sandbox.ecs.operations.lookup import (
    Request,
    cluster,
    instance,
    page,
    refuse_more_than,
    service_arn,
    task,
)
from perpetual.sandbox.ecs.operations.providers import strategy_of
from perpetual.sandbox.ecs.records import Document
from perpetual.sandbox.ecs.shapes import failure, tag_map
from perpetual.sandbox.ecs.shapes import tasks as shapes

RUN_AT_ONCE: Final = 10
DESCRIBED_AT_ONCE: Final = 100


def run(core: Core, request: Request) -> dict[str, Any]:
    """Start standalone tasks; those without a place are failures, or wait for managed scaling.

    Raises:
        EcsError: The request does not fit, or there is no host at all.
    """
    token = request.get("clientToken")
    if token in core.state.tokens:
        return _again(core, request, core.state.tokens[token])
    owner = cluster(core, request.get("cluster"))
    document = definitions.usable(core, request["taskDefinition"])
    count = request.get("count") or 1
    if not 1 <= count <= RUN_AT_ONCE:
        raise invalid(f"Count should be between 1 and {RUN_AT_ONCE}.")
    new = _new(core, owner, document, request)
    managed = any(waiting.waits_for_hosts(core, one["capacityProvider"]) for one in new.strategy)
    if not owner.instances and not managed:
        raise invalid("No Container Instances were found in your cluster.")
    begun = launch.begin(core, new, count)
    if len(begun.tasks) < count and managed:
        raise client("The limit of tasks in PROVISIONING state has been reached in this cluster.")
    if token:
        core.state.tokens[token] = (dict(request), [one.arn for one in begun.tasks])
    return {
        "tasks": [shapes.task(core, one, tags=True) for one in begun.tasks],
        "failures": [failure(one.instance, one.reason) for one in begun.lacking]
        if len(begun.tasks) < count
        else [],
    }


def _again(core: Core, request: Request, known: tuple[Request, list[str]]) -> dict[str, Any]:
    """Answer a repeated request with the tasks of the first.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
    """
    first, arns = known
    if first != dict(request):
        raise EcsError(
            CONFLICT, "The client token is already in use with a different RunTask request."
        )
    tasks = [core.state.tasks[arn] for arn in arns if arn in core.state.tasks]
    return {"tasks": [shapes.task(core, one, tags=True) for one in tasks], "failures": []}


def _new(core: Core, owner: Cluster, document: Document, request: Request) -> launch.New:
    overrides = request.get("overrides") or {}
    _check_overrides(document, overrides)
    _check_run(document, request)
    tags = tag_map(request.get("tags"))
    if request.get("propagateTags") == "TASK_DEFINITION":
        tags = definitions.tags(core, document["taskDefinitionArn"]) | tags
    if request.get("enableECSManagedTags"):
        tags = {"aws:ecs:clusterName": owner.name, **tags}
    return launch.New(
        cluster=owner,
        definition=document,
        group=request.get("group") or f"family:{document['family']}",
        started_by=request.get("startedBy"),
        strategy=strategy_of(owner, request),
        placement=request.get("placementStrategy", ()),
        constraints=request.get("placementConstraints", ()),
        network=request.get("networkConfiguration"),
        overrides=overrides,
        execute_command=bool(request.get("enableExecuteCommand")),
        tags=tags,
    )


def _check_overrides(document: Document, overrides: Request) -> None:
    for one in overrides.get("containerOverrides", ()):
        if definitions.container(document, one.get("name", "")) is None:
            raise invalid(
                f"Override for container named {one.get('name')} is not a container in the "
                "TaskDefinition."
            )


def _check_run(document: Document, request: Request) -> None:
    awsvpc = document.get("networkMode") == "awsvpc"
    network = (request.get("networkConfiguration") or {}).get("awsvpcConfiguration")
    if awsvpc and not network:
        raise invalid(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        )
    if network and not awsvpc:
        raise invalid(
            "Network Configuration is not valid for the given networkMode of this task definition."
        )
    if (request.get("group") or "").startswith("service:"):
        raise invalid("Invalid namespace for group.")
    if request.get("propagateTags") == "SERVICE":
        raise invalid("The SERVICE option of propagateTags is only valid for services.")
    role = (request.get("overrides") or {}).get("taskRoleArn") or document.get("taskRoleArn")
    if request.get("enableExecuteCommand") and not role:
        raise invalid(
            "A valid taskRoleArn is not being used. Specify a valid task role in your task "
            "definition or overrides and try again."
        )
    check_constraints(request.get("placementConstraints", ()))


def stop(core: Core, request: Request) -> dict[str, Any]:
    """Stop a task at once: its containers are told to end without waiting for connections.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html

    Raises:
        EcsError: There is none.
    """
    owner = cluster(core, request.get("cluster"))
    found = task(core, owner, request["task"])
    if found is None:
        raise invalid("The referenced task was not found.")
    reason = request.get("reason") or "Task stopped by user"
    ending.stop(core, found, Stop(code=USER, reason=reason))
    return {"task": shapes.task(core, found, tags=True)}


def describe(core: Core, request: Request) -> dict[str, Any]:
    """Describe tasks; what does not exist, or stopped long ago, is a failure."""
    owner = cluster(core, request.get("cluster"))
    wanted = request["tasks"]
    refuse_more_than(wanted, DESCRIBED_AT_ONCE, "tasks")
    tags = "TAGS" in request.get("include", ())
    found, failures = [], []
    for reference in wanted:
        one = task(core, owner, reference)
        if one is None:
            failures.append(failure(core.account.arn("task", owner.name, last(reference))))
        else:
            found.append(shapes.task(core, one, tags=tags))
    return {"tasks": found, "failures": failures}


def listed(core: Core, request: Request) -> dict[str, Any]:
    """List tasks by what they are to be, which is RUNNING unless asked otherwise.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html

    Raises:
        EcsError: The service or host named is not there, or `startedBy` is not the only filter.
    """
    owner = cluster(core, request.get("cluster"))
    others = {"family", "serviceName", "containerInstance", "launchType"} & request.keys()
    if request.get("startedBy") and others:
        raise invalid("startedBy cannot be combined with other filters.")
    where = _place_filter(core, owner, request)
    stopping = request.get("desiredStatus", "RUNNING") == "STOPPED"
    arns = [
        one.arn
        for one in core.state.tasks.values()
        if one.cluster == owner.name and one.stopping == stopping and _matches(one, request, where)
    ]
    if request.get("desiredStatus") == "PENDING":
        arns = []
    return page(arns, request, "taskArns")


def _place_filter(core: Core, owner: Cluster, request: Request) -> dict[str, str]:
    where: dict[str, str] = {}
    if "serviceName" in request:
        arn = service_arn(core, owner, request["serviceName"])
        if arn not in core.state.services:
            raise EcsError("ServiceNotFoundException", "Service not found.")
        where["service"] = arn
    if "containerInstance" in request:
        found = instance(core, owner, request["containerInstance"])
        if found is None:
            raise invalid("The specified container instance was not found.")
        where["instance"] = found.arn
    return where


def _matches(one: Task, request: Request, where: dict[str, str]) -> bool:
    return (
        request.get("family") in (None, one.definition["family"])
        and request.get("startedBy") in (None, one.started_by)
        and request.get("launchType") in (None, one.launch_type)
        and all(getattr(one, key) == value for key, value in where.items())
    )


OPERATIONS: Final = {
    "RunTask": run,
    "StopTask": stop,
    "DescribeTasks": describe,
    "ListTasks": listed,
}
