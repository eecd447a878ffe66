"""Container instances.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateContainerInstancesState.html
"""

from typing import Any, Final

from perpetual.sandbox.ecs import fleet
from perpetual.sandbox.ecs.core import Core
from perpetual.sandbox.ecs.errors import invalid
from perpetual.sandbox.ecs.model import Instance
from perpetual.sandbox.ecs.names import last
from perpetual.sandbox.ecs.operations.lookup import (
    Request,
    cluster,
    instance,
    page,
    refuse_more_than,
)
from perpetual.sandbox.ecs.shapes import failure
from perpetual.sandbox.ecs.shapes import tasks as shapes

DESCRIBED_AT_ONCE: Final = 100
UPDATED_AT_ONCE: Final = 10
STATES: Final = frozenset({"ACTIVE", "DRAINING"})


def listed(core: Core, request: Request) -> dict[str, Any]:
    """List container instances, of one status where asked."""
    owner = cluster(core, request.get("cluster"))
    arns = [
        one.arn for one in owner.instances.values() if request.get("status") in (None, one.status)
    ]
    return page(arns, request, "containerInstanceArns")


def describe(core: Core, request: Request) -> dict[str, Any]:
    """Describe container instances; what does not exist is a failure."""
    found, failures = _found(core, request, DESCRIBED_AT_ONCE)
    tags = "TAGS" in request.get("include", ())
    return {
        "containerInstances": [shapes.container_instance(core, one, tags=tags) for one in found],
        "failures": failures,
    }


def _found(core: Core, request: Request, most: int) -> tuple[list[Instance], list[Any]]:
    owner = cluster(core, request.get("cluster"))
    wanted = request["containerInstances"]
    refuse_more_than(wanted, most, "containerInstances")
    found: list[Instance] = []
    failures = []
    for reference in wanted:
        one = instance(core, owner, reference)
        if one is None:
            arn = core.account.arn("container-instance", owner.name, last(reference))
            failures.append(failure(arn))
        else:
            found.append(one)
    return found, failures


def update_state(core: Core, request: Request) -> dict[str, Any]:
    """Drain container instances, or take them back.

    Raises:
        EcsError: Another status is asked for.
    """
    status = request["status"]
    if status not in STATES:
        raise invalid("The only valid values for status are ACTIVE and DRAINING.")
    found, failures = _found(core, request, UPDATED_AT_ONCE)
    for one in found:
        fleet.drain(core, one, status)
    return {
        "containerInstances": [shapes.container_instance(core, one) for one in found],
        "failures": failures,
    }


def deregister(core: Core, request: Request) -> dict[str, Any]:
    """Take a host out of its cluster.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterContainerInstance.html

    Raises:
        EcsError: It is not there, or has tasks and `force` is not given.
    """
    owner = cluster(core, request.get("cluster"))
    found = instance(core, owner, request["containerInstance"])
    if found is None:
        raise invalid("The specified container instance was not found.")
    if found.tasks and not request.get("force"):
        raise invalid("Found running tasks on the instance.")
    fleet.remove(core, found, "Container instance deregistration forced by user")
    return {"containerInstance": shapes.container_instance(core, found)}


OPERATIONS: Final = {
    "ListContainerInstances": listed,
    "DescribeContainerInstances": describe,
    "UpdateContainerInstancesState": update_state,
    "DeregisterContainerInstance": deregister,
}
