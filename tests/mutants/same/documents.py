"""The same documents in other words: text or object, one or many, split or together."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from graph import Resource
from tests.mutants.bad.permissions import POLICY, ROLE, ROLE_POLICY
from tests.mutants.documents import (
    KEYS,
    Container,
    Statement,
    listed,
    policies,
    tasks,
    with_containers,
)
from tests.mutants.operators import Made, Operator, operator, operators
from tests.mutants.stack import Stack

Document = dict[str, Any]


def _statements(change: Callable[[Statement], list[Statement]]) -> Callable[[Document], Document]:
    def changed(document: Document) -> Document:
        held = [new for item in document["Statement"] for new in change(item)]
        return {**document, "Statement": held}

    return changed


def _many(statement: Statement) -> list[Statement]:
    keys = ("Action", "NotAction", "Resource")
    return [{key: listed(value) if key in keys else value for key, value in statement.items()}]


def _single(statement: Statement) -> list[Statement]:
    return [
        {
            key: value[0] if isinstance(value, list) and len(value) == 1 else value
            for key, value in statement.items()
        }
    ]


def _by(key: str) -> Callable[[Statement], list[Statement]]:
    """Return the change of an allowing statement into one for each action or resource."""

    def split(statement: Statement) -> list[Statement]:
        if statement["Effect"] != "Allow" or key not in statement:
            return [statement]
        rest = {name: value for name, value in statement.items() if name != "Sid"}
        return [{**rest, key: value} for value in listed(statement[key])]

    return split


def _anonymous(statement: Statement) -> list[Statement]:
    return [{key: value for key, value in statement.items() if key != "Sid"}]


def _principals(statement: Statement) -> list[Statement]:
    held = statement.get("Principal")
    if isinstance(held, Mapping):
        return [{**statement, "Principal": {key: listed(value) for key, value in held.items()}}]
    return [{**statement, "Principal": {"AWS": "*"}} if held == "*" else statement]


def _conditions(
    change: Callable[[str, Any], tuple[str, Any]],
) -> Callable[[Statement], list[Statement]]:
    def changed(statement: Statement) -> list[Statement]:
        if "Condition" not in statement:
            return [statement]
        held = {
            name: dict(change(key, value) for key, value in keys.items())
            for name, keys in statement["Condition"].items()
        }
        return [{**statement, "Condition": held}]

    return changed


def _shouted(statement: Statement) -> list[Statement]:
    if "Action" not in statement:
        return [statement]
    return [{**statement, "Action": [str(item).upper() for item in listed(statement["Action"])]}]


def _backwards(document: Document) -> Document:
    return {**document, "Statement": [*reversed(document["Statement"])]}


def _twice(document: Document) -> Document:
    bare = [item for one in document["Statement"] for item in _anonymous(one)]
    return {**document, "Statement": [*document["Statement"], *bare]}


def _lone(document: Document) -> Document:
    held = document["Statement"]
    return {**document, "Statement": held[0]} if len(held) == 1 else document


SIZES: Final = {POLICY: 6144, ROLE: 2048, ROLE_POLICY: 10240}
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length"""

REWRITES: Final[dict[str, tuple[str, Callable[[Document], Any]]]] = {
    "as-object": ("the SDK takes a document as text or as an object", lambda held: held),
    "pretty": ("white space", lambda held: json.dumps(held, indent=4)),
    "sorted": ("keys have no order", lambda held: json.dumps(held, sort_keys=True)),
    "statements-backwards": ("statements have no order", _backwards),
    "statements-twice": ("saying it twice allows no more", _twice),
    "statement-alone": ("one statement may stand without a list", _lone),
    "lists": ("one is a list of one", _statements(_many)),
    "singles": ("a list of one is one", _statements(_single)),
    "split-by-action": ("two statements allow what one did", _statements(_by("Action"))),
    "split-by-resource": ("two statements allow what one did", _statements(_by("Resource"))),
    "without-sids": ("a Sid is a name", _statements(_anonymous)),
    "principals-listed": ("one principal is a list of one", _statements(_principals)),
    "conditions-listed": (
        "one value is a list of one",
        _statements(_conditions(lambda key, value: (key, listed(value)))),
    ),
    "condition-keys-lower": (
        "condition keys are not case-sensitive",
        _statements(_conditions(lambda key, value: (key.lower(), value))),
    ),
    "actions-upper": ("actions are not case-sensitive", _statements(_shouted)),
}


def _fits(resource: Resource, document: Any) -> bool:
    """Tell whether AWS takes a policy of this size; white space does not count."""
    text = json.dumps(document, separators=(",", ":"))
    return len(text) <= SIZES.get(resource.type, len(text))


def _rewrite(name: str, why: str, change: Callable[[Document], Any]) -> Operator:
    def make(stack: Stack) -> Made:
        every, of_kind = stack, {}
        for resource, key, document in policies(stack):
            new = change(document)
            text = new if name in ("as-object", "pretty", "sorted") else json.dumps(new)
            if text != json.dumps(document) and _fits(resource, new):
                every = every.put(resource, key, text)
                label, changed = f"{resource.name} {key}", stack.put(resource, key, text)
                of_kind[resource.type, key] = (label, changed)
        yield from of_kind.values()
        yield "everything", every

    return Operator(f"policy-{name}", "IAM", why, make)


POLICIES = tuple(_rewrite(name, *item) for name, item in REWRITES.items())


@operator("IAM", "every document at once, as objects")
def all_documents_as_objects(stack: Stack) -> Made:
    """Give every document of the stack as an object."""

    def change(item: Resource) -> Resource:
        held = dict(item.properties)
        for key in (*KEYS, "containerDefinitions"):
            if isinstance(held.get(key), str):
                held[key] = json.loads(str(held[key]))
        return replace(item, properties=held)

    yield "policies and containers", stack.each(change)


def _ordered(item: Any) -> Any:
    if isinstance(item, dict):
        return {key: _ordered(item[key]) for key in sorted(item)}
    return [_ordered(one) for one in item] if isinstance(item, list) else item


CONTAINERS: Final[dict[str, tuple[str, Callable[[Container], Container]]]] = {
    "environment backwards": (
        "variables have no order",
        lambda item: {**item, "environment": [*reversed(item["environment"])]},
    ),
    "secrets backwards": (
        "secrets have no order",
        lambda item: {**item, "secrets": [*reversed(item["secrets"])]},
    ),
    "keys sorted": ("keys have no order", _ordered),
    "privileged said": ("the default, said", lambda item: {**item, "privileged": False}),
    "nothing mounted": (
        "the default, said",
        lambda item: {**item, "mountPoints": [], "volumesFrom": [], "systemControls": []},
    ),
    "protocol unsaid": (
        "TCP is the default",
        lambda item: {
            **item,
            "portMappings": [
                {key: value for key, value in port.items() if key not in ("protocol", "hostPort")}
                for port in item["portMappings"]
            ],
        },
    ),
    "user by number": ("another name of nobody", lambda item: {**item, "user": "65534:65534"}),
    "one more variable": (
        "harmless",
        lambda item: {
            **item,
            "environment": [*item["environment"], {"name": "LOG_LEVEL", "value": "info"}],
        },
    ),
    "one more label": ("harmless", lambda item: {**item, "dockerLabels": {"team": "core"}}),
    "longer to stop": ("more time is no less", lambda item: {**item, "stopTimeout": 90}),
    "drops capabilities": (
        "less is allowed",
        lambda item: {
            **item,
            "linuxParameters": {**item["linuxParameters"], "capabilities": {"drop": ["ALL"]}},
        },
    ),
    "read-only root": ("less is allowed", lambda item: {**item, "readonlyRootFilesystem": True}),
    "by digest": (
        "a digest names one image for ever",
        lambda item: {
            **item,
            "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/perpetual/prod@sha256:"
            + "a" * 64,
        },
    ),
}


def _container(name: str, why: str, change: Callable[[Container], Container]) -> Operator:
    def make(stack: Stack) -> Made:
        for task in tasks(stack):
            yield f"{task.name} {name}", with_containers(stack, task, change)

    return Operator(f"container-{name.replace(' ', '-')}", "ecs", why, make)


EACH = tuple(_container(name, *item) for name, item in CONTAINERS.items())

OPERATORS: Final = operators(globals())
