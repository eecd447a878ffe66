"""Task definitions: their containers, read from the document or from its structured twin."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from graph.facts import Source
from graph.index import Index
from graph.read import mappings
from graph.resource import UNKNOWN, Resource, Unknown
from graph.tokens import TASK_DEFINITION

TWIN: Final = "containerDefinitions"
"""Property in which a component repeats its task's document, element by element."""


@dataclass(frozen=True)
class Variable:
    """One environment variable; a secret's value is held elsewhere and never read."""

    name: str | Unknown
    value: str | Unknown
    secret: bool = False


@dataclass(frozen=True)
class Container:
    """One container. `complete` is false where its environment cannot be read to the end."""

    name: str
    source: Source
    variables: tuple[Variable, ...]
    complete: bool
    texts: tuple[str, ...]
    files: bool = False


@dataclass(frozen=True)
class Task:
    """A task definition; `containers` is `None` where neither document nor twin can be read."""

    urn: str
    label: str
    containers: tuple[Container, ...] | None


def tasks(index: Index) -> list[Task]:
    """Return the task definitions of a stack."""
    return [
        Task(item.urn, index.label(item.urn), _containers(index, item))
        for item in index.of(TASK_DEFINITION)
    ]


def _containers(index: Index, item: Resource) -> tuple[Container, ...] | None:
    document = item.properties.get(TWIN)
    if isinstance(document, str):
        try:
            found = mappings(json.loads(document))
        except ValueError:
            return None
        return _read(item, found)
    for ancestor in index.ancestors(item):
        twin = ancestor.properties.get(TWIN)
        if twin is not None:
            return _read(ancestor, mappings(twin) if isinstance(twin, (list, tuple)) else None)
    return None


def _read(
    holder: Resource, found: list[Mapping[str, object]] | None
) -> tuple[Container, ...] | None:
    if not found:
        return None
    return tuple(_container(holder, position, item) for position, item in enumerate(found))


def _container(holder: Resource, position: int, item: Mapping[str, object]) -> Container:
    name = item.get("name")
    plain, secret = mappings(item.get("environment")), mappings(item.get("secrets"))
    variables = [
        *(Variable(_text(entry.get("name")), _text(entry.get("value"))) for entry in plain or []),
        *(Variable(_text(entry.get("name")), UNKNOWN, secret=True) for entry in secret or []),
    ]
    return Container(
        name if isinstance(name, str) else f"container {position}",
        Source(holder.urn, f"{TWIN}[{position}]"),
        tuple(variables),
        plain is not None and secret is not None,
        tuple(_texts(item)),
        bool(item.get("environmentFiles")),
    )


def _text(value: object) -> str | Unknown:
    return value if isinstance(value, str) else UNKNOWN


def _texts(value: object) -> Iterator[str]:
    """Yield every string of a document, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
