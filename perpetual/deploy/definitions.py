"""Task definitions of a release: Pulumi's own, registered once more with another image.

The newest revision of the family is the template, so that changed settings are never lost.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from perpetual import contract
from perpetual.aws.calls import Call
from perpetual.errors import OperatorError

DATABASE_URL: Final = "DATABASE_URL"

REGISTERED: Final = (
    "family",
    "taskRoleArn",
    "executionRoleArn",
    "networkMode",
    "containerDefinitions",
    "volumes",
    "placementConstraints",
    "requiresCompatibilities",
    "cpu",
    "memory",
    "pidMode",
    "ipcMode",
    "proxyConfiguration",
    "ephemeralStorage",
    "runtimePlatform",
    "enableFaultInjection",
)
"""What of a described task definition is asked for again; the rest ECS adds itself.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
"""

Definition = Mapping[str, Any]


def describe_definition(named: str) -> Call:
    """Return the call that reads a task definition: a revision, or the newest of a family."""
    request = {"taskDefinition": named, "include": ["TAGS"]}
    return Call(service="ecs", operation="DescribeTaskDefinition", request=request)


def image_of(definition: Definition, container: str) -> str:
    """Return the image that a container of a task definition runs.

    Raises:
        OperatorError: It has no such container.
    """
    for item in definition["containerDefinitions"]:
        if item["name"] == container:
            return str(item["image"])
    named = f"{definition['family']}:{definition['revision']}"
    raise OperatorError(
        f"the task definition {named} has no container {container}",
        hint="It is none of this stack's: `perpetual logs platform` tells who gave it to the "
        "service, and `pulumi up` makes the stack's own anew.",
    )


def register(
    definition: Definition, tags: Sequence[Mapping[str, str]], container: str, image: str
) -> Call:
    """Return the call that registers a task definition once more, with another image."""
    request = {key: definition[key] for key in REGISTERED if definition.get(key)}
    request["containerDefinitions"] = [
        {**item, "image": image} if item["name"] == container else item
        for item in definition["containerDefinitions"]
    ]
    if tags:
        request["tags"] = list(tags)
    return Call(service="ecs", operation="RegisterTaskDefinition", request=request)


def registered(definition: Definition, call: Call) -> bool:
    """Tell whether a task definition is what a call would register once more."""
    there = {key: definition[key] for key in REGISTERED if definition.get(key)}
    return there == {key: call.request[key] for key in REGISTERED if call.request.get(key)}


def register_migration(
    stack: contract.Stack,
    definition: Definition,
    tags: Sequence[Mapping[str, str]],
    container: str,
    image: str,
) -> Call:
    """Return the call that registers the release's twin for migrations.

    It is the same but for its family and the database's user: the release itself has no right to
    change the schema, and its service cannot be given a definition of this family.
    """
    request = dict(register(definition, tags, container, image).request)
    request["family"] = stack.migration_family
    request["containerDefinitions"] = [
        {
            **item,
            "secrets": [
                {**secret, "valueFrom": stack.parameter_arn("secrets", contract.MIGRATOR)}
                if secret["name"] == DATABASE_URL
                else secret
                for secret in item.get("secrets", ())
            ],
        }
        for item in request["containerDefinitions"]
    ]
    return Call(service="ecs", operation="RegisterTaskDefinition", request=request)
