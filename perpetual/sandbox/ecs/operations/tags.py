"""Tags of whatever has an ARN.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TagResource.html
"""

from typing import Any, Final

from perpetual.sandbox.ecs import definitions
from perpetual.sandbox.ecs.core import Core
from perpetual.sandbox.ecs.errors import EcsError, invalid
from perpetual.sandbox.ecs.names import last
from perpetual.sandbox.ecs.operations.lookup import Request
from perpetual.sandbox.ecs.records import Tags
from perpetual.sandbox.ecs.shapes import tag_list, tag_map

MOST: Final = 50


def _tags(core: Core, arn: str) -> Tags:
    """Return the tags of a resource, to be read or changed.

    Raises:
        EcsError: There is no such resource.
    """
    state = core.state
    resource = arn.partition(f":{core.account.number}:")[2]
    match resource.split("/"):
        case ["cluster", name] if name in state.clusters:
            return state.clusters[name].tags
        case ["service", _, _] if arn in state.services:
            return state.services[arn].tags
        case ["task", _, _] if arn in state.tasks:
            return state.tasks[arn].tags
        case ["container-instance", name, _] if name in state.clusters:
            if arn in state.clusters[name].instances:
                return state.clusters[name].instances[arn].tags
        case ["capacity-provider", name] if name in state.providers:
            return state.providers[name].tags
        case ["task-definition", _] if definitions.look_up(core, arn):
            family, revision = definitions.family_and_revision(last(arn))
            return state.families[family].tags.setdefault(revision or 0, {})
        case _:
            pass
    raise invalid(f"The specified resource {arn} was not found.")


def tag(core: Core, request: Request) -> dict[str, Any]:
    """Add tags, or change them.

    Raises:
        EcsError: There would be more than a resource can have.
    """
    tags = _tags(core, request["resourceArn"])
    added = tag_map(request["tags"])
    if len(tags | added) > MOST:
        raise EcsError("InvalidParameterException", f"A resource can have at most {MOST} tags.")
    tags.update(added)
    return {}


def untag(core: Core, request: Request) -> dict[str, Any]:
    """Remove tags by their keys."""
    tags = _tags(core, request["resourceArn"])
    for key in request["tagKeys"]:
        tags.pop(key, None)
    return {}


def listed(core: Core, request: Request) -> dict[str, Any]:
    """List the tags of a resource."""
    return {"tags": tag_list(_tags(core, request["resourceArn"]))}


OPERATIONS: Final = {
    "TagResource": tag,
    "UntagResource": untag,
    "ListTagsForResource": listed,
}
