"""Task definitions.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
"""

from typing import Any, Final

from perpetual.sandbox.ecs import definitions
from perpetual.sandbox.ecs.core import Core
from perpetual.sandbox.ecs.errors import client
from perpetual.sandbox.ecs.operations.lookup import Request, page, refuse_more_than
from perpetual.sandbox.ecs.shapes import failure, tag_list
from perpetual.sandbox.ecs.states import TaskStatus

DELETED_AT_ONCE: Final = 10
UNKNOWN: Final = "Unable to describe task definition."


def register(core: Core, request: Request) -> dict[str, Any]:
    """Register the next revision of a family."""
    document = definitions.register(core, request)
    tags = definitions.tags(core, document["taskDefinitionArn"])
    return {"taskDefinition": document, "tags": tag_list(tags)}


def describe(core: Core, request: Request) -> dict[str, Any]:
    """Describe a task definition; a family's name stands for its latest active revision.

    Raises:
        EcsError: There is none.
    """
    found = definitions.look_up(core, request["taskDefinition"])
    if found is None:
        raise client(UNKNOWN)
    if "TAGS" not in request.get("include", ()):
        return {"taskDefinition": found, "tags": []}
    tags = definitions.tags(core, found["taskDefinitionArn"])
    return {"taskDefinition": found, "tags": tag_list(tags)}


def listed(core: Core, request: Request) -> dict[str, Any]:
    """List task definitions by family, oldest revision first unless asked otherwise."""
    prefix, status = request.get("familyPrefix"), request.get("status", "ACTIVE")
    arns = [
        one["taskDefinitionArn"]
        for family in sorted(core.state.families.values(), key=lambda one: one.name)
        if prefix in (None, family.name)
        for one in family.revisions.values()
        if one["status"] == status
    ]
    if request.get("sort") == "DESC":
        arns.reverse()
    return page(arns, request, "taskDefinitionArns")


def families(core: Core, request: Request) -> dict[str, Any]:
    """List the names of families that have an active revision, or none, or any."""
    prefix, status = request.get("familyPrefix", ""), request.get("status", "ALL")
    names = []
    for family in core.state.families.values():
        active = any(one["status"] == "ACTIVE" for one in family.revisions.values())
        wanted = status == "ALL" or active == (status == "ACTIVE")
        if wanted and family.name.startswith(prefix):
            names.append(family.name)
    return page(sorted(names), request, "families")


def deregister(core: Core, request: Request) -> dict[str, Any]:
    """Make a revision inactive; what runs of it goes on.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterTaskDefinition.html

    Raises:
        EcsError: There is none, or no revision is given.
    """
    reference = request["taskDefinition"]
    if definitions.family_and_revision(reference)[1] is None:
        raise client("Missing version number.")
    found = definitions.look_up(core, reference)
    if found is None:
        raise client(UNKNOWN)
    if found["status"] == "ACTIVE":
        found["status"], found["deregisteredAt"] = "INACTIVE", core.now
    return {"taskDefinition": found}


def delete(core: Core, request: Request) -> dict[str, Any]:
    """Delete revisions that are inactive; those still in use only say that they will be.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteTaskDefinitions.html
    """
    wanted = request["taskDefinitions"]
    refuse_more_than(wanted, DELETED_AT_ONCE, "taskDefinitions")
    deleted: list[Any] = []
    failures = []
    for reference in wanted:
        found = definitions.look_up(core, reference)
        if found is None:
            failures.append(failure(reference, detail=UNKNOWN))
        elif found["status"] == "ACTIVE":
            detail = "The specified task definition is still in ACTIVE status. Deregister it first."
            failures.append(failure(reference, "TASK_DEFINITION_ACTIVE", detail))
        else:
            found["status"], found["deleteRequestedAt"] = "DELETE_IN_PROGRESS", core.now
            deleted.append(dict(found))
            _remove_unless_used(core, found)
    return {"taskDefinitions": deleted, "failures": failures}


def _remove_unless_used(core: Core, document: dict[str, Any]) -> None:
    arn = document["taskDefinitionArn"]
    running = any(
        one.definition["taskDefinitionArn"] == arn and one.status is not TaskStatus.STOPPED
        for one in core.state.tasks.values()
    )
    serving = any(
        each.revision.task_definition == arn
        for one in core.state.services.values()
        for each in (*one.deployments, *([one.candidate] if one.candidate else []))
        if one.status != "INACTIVE"
    )
    if not running and not serving:
        name, revision = definitions.family_and_revision(arn)
        del core.state.families[name].revisions[revision or 0]


OPERATIONS: Final = {
    "RegisterTaskDefinition": register,
    "DescribeTaskDefinition": describe,
    "ListTaskDefinitions": listed,
    "ListTaskDefinitionFamilies": families,
    "DeregisterTaskDefinition": deregister,
    "DeleteTaskDefinitions": delete,
}
