"""Documents inside resources: policies and containers, read and written back in their own form."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, Final

from graph import Resource
from graph.tokens import TASK_DEFINITION
from tests.mutants.stack import Stack

KEYS: Final = ("policy", "assumeRolePolicy")
Statement = dict[str, Any]


def policies(stack: Stack, *tokens: str) -> Iterator[tuple[Resource, str, dict[str, Any]]]:
    """Yield every policy document with statements, of these types or of all."""
    for resource in stack.resources.values():
        if tokens and resource.type not in tokens:
            continue
        for key in KEYS:
            value = resource.properties.get(key)
            document = json.loads(value) if isinstance(value, str) else None
            if isinstance(document, dict) and "Statement" in document:
                yield resource, key, document


def with_policy(stack: Stack, resource: Resource, key: str, document: Any) -> Stack:
    """Return the stack with another document, as JSON text."""
    return stack.put(resource, key, json.dumps(document))


def each_statement(
    stack: Stack, *tokens: str, effect: str = "Allow"
) -> Iterator[tuple[str, Statement, Callable[[Statement | None], Stack]]]:
    """Yield a name for each statement, the statement, and what replaces it (`None` removes it)."""
    for resource, key, document in policies(stack, *tokens):
        statements = document["Statement"]
        for at, statement in enumerate(statements):
            if statement["Effect"] != effect:
                continue
            name = f"{resource.name} {key}[{statement.get('Sid', at)}]"

            def replaced(
                new: Statement | None,
                at: int = at,
                resource: Resource = resource,
                key: str = key,
                document: dict[str, Any] = document,
            ) -> Stack:
                rest = document["Statement"]
                kept = [*rest[:at], *([] if new is None else [new]), *rest[at + 1 :]]
                return with_policy(stack, resource, key, {**document, "Statement": kept})

            yield name, deepcopy(statement), replaced


def listed(value: Any) -> list[Any]:
    """Return a value that may be one or many as a list."""
    return value if isinstance(value, list) else [value]


# --- containers

Container = dict[str, Any]


def tasks(stack: Stack) -> list[Resource]:
    """Return the task definitions."""
    return stack.of(TASK_DEFINITION)


def with_containers(
    stack: Stack, task: Resource, change: Callable[[Container], Container]
) -> Stack:
    """Return the stack with each container changed, in the document and in its twin alike."""
    value, twin = task.properties.get("containerDefinitions"), _twin(stack, task)
    if isinstance(value, str):
        changed = [change(item) for item in json.loads(value)]
        stack = stack.put(task, "containerDefinitions", json.dumps(changed))
    if twin:
        held: Any = twin.properties["containerDefinitions"]
        changed = [change(deepcopy(item)) for item in held]
        stack = stack.put(twin, "containerDefinitions", changed)
    return stack


def _twin(stack: Stack, task: Resource) -> Resource | None:
    parent = stack.resources.get(task.parent or "")
    return parent if parent and "containerDefinitions" in parent.properties else None
