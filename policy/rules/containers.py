"""Reading the containers of a task definition, from its document or its structured twin."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from graph import UNKNOWN
from graph.tasks import TWIN
from rules.subject import Fault, Subject, Test, elements, unknown, within

Container = Mapping[str, Any]


def containers(subject: Subject) -> tuple[list[tuple[str, Container]], list[Fault]]:
    """Return a task's containers with their paths, from the document or its structured twin.

    What cannot be read is a fault: unknown, or a document that is no list of objects.
    """
    value = subject.at(TWIN)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            return [], [Fault(f"has no JSON list of objects in {TWIN}", TWIN)]
    if value is UNKNOWN:
        for ancestor in subject.graph.index.ancestors(subject.resource):
            value = ancestor.properties.get(TWIN, value)
    if value is UNKNOWN:
        return [], [unknown(TWIN)]
    return elements(value, TWIN)


def called(path: str, item: Container) -> str:
    """Return what messages call a container: by its name, or its path where that is not known."""
    name = item.get("name")
    return f"container {name if isinstance(name, str) else path}"


def each_container(test: Callable[[str, str, Container], Iterator[Fault]]) -> Test:
    """Return the test of every container: its path, its name, itself."""

    def tested(subject: Subject) -> Iterator[Fault]:
        found, faults = containers(subject)
        yield from faults
        for path, item in found:
            yield from test(path, called(path, item), item)

    return tested


def container_property(key: str, accept: Callable[[Any], bool], says: str) -> Test:
    """Return the test of one property of every container."""

    def test(path: str, called: str, item: Container) -> Iterator[Fault]:
        value = within(item, key)
        if value is UNKNOWN:
            yield unknown(f"{path}.{key}")
        elif not accept(value):
            yield Fault(f"{says.format(called)}", f"{path}.{key}")

    return each_container(test)
