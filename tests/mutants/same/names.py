"""The same stack by other names, in another order, or half of it already there."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from graph import UNKNOWN, Resource
from tests.mutants.operators import Made, operator, operators
from tests.mutants.stack import Stack


def renamed(stack: Stack, urns: set[str]) -> Stack:
    """Return the stack with these resources under other logical names, wherever they are named."""
    new = {urn: f"{urn}-renamed" if urn in urns else urn for urn in stack.resources}

    def change(item: Resource) -> Resource:
        return replace(
            item,
            urn=new[item.urn],
            name=new[item.urn].rsplit("::", 1)[-1],
            parent=new.get(item.parent or "", item.parent),
            dependencies=[new.get(urn, urn) for urn in item.dependencies],
            property_dependencies={
                key: [new.get(urn, urn) for urn in urns]
                for key, urns in item.property_dependencies.items()
            },
        )

    return stack.each(change)


def first_of_each_type(stack: Stack) -> list[Resource]:
    """Return one resource of each type."""
    return list({item.type: item for item in reversed([*stack.resources.values()])}.values())


@operator("network", "a logical name is the program's own business")
def rename(stack: Stack) -> Made:
    """Rename one resource of each type, and all."""
    for item in first_of_each_type(stack):
        yield item.name, renamed(stack, {item.urn})
    yield "everything", renamed(stack, set(stack.resources))


@operator("network", "resources are registered in whatever order the program makes them")
def register_in_another_order(stack: Stack) -> Made:
    """Register everything backwards, by type, or by name."""
    items = list(stack.resources.values())
    orders = {
        "backwards": list(reversed(items)),
        "by type": sorted(items, key=lambda item: (item.type, item.name)),
        "by name": sorted(items, key=lambda item: item.name[::-1]),
    }
    for name, order in orders.items():
        yield name, Stack.holding(stack.name, order, known=stack.known)


@operator("network", "the SDK keeps what a property was computed from as a set")
def shuffle_dependencies(stack: Stack) -> Made:
    """Give what each property was computed from in another order."""

    def backwards(item: Resource) -> Resource:
        held = {key: [*reversed(urns)] for key, urns in item.property_dependencies.items()}
        return replace(item, property_dependencies=held)

    def twice(item: Resource) -> Resource:
        held = {key: [*urns, *urns] for key, urns in item.property_dependencies.items()}
        return replace(item, property_dependencies=held)

    yield "backwards", stack.each(backwards)
    yield "twice", stack.each(twice)


PARTS: Final = 8


@operator("network", "an update that stopped half-way leaves some ids known, and the rest unknown")
def know_a_part(stack: Stack) -> Made:
    """Let the ids of a part of the resources be known, in preview form."""
    if stack.known:
        return
    from tests.mutants.score import base  # noqa: PLC0415 - score imports the operators' package

    after = base(stack.name, "update")
    urns = list(stack.resources)
    for part in range(1, PARTS + 1):
        known = set(urns[: len(urns) * part // PARTS])
        yield f"first {part}/{PARTS}", _known(stack, after, known)
        others = {urn for at, urn in enumerate(urns) if at % PARTS == part - 1}
        yield f"every {PARTS}th from {part}", _known(stack, after, others)


def _known(stack: Stack, after: Stack, urns: set[str]) -> Stack:
    """Return the stack as if these resources had been made already."""
    values = {
        value
        for urn in urns
        for key, value in after.resources[urn].properties.items()
        if isinstance(value, str) and key not in stack.resources[urn].properties
    }

    def change(item: Resource) -> Resource:
        later = after.resources[item.urn].properties
        seen = {key: _seen(value, later.get(key), values) for key, value in item.properties.items()}
        return replace(item, properties={**later, **seen} if item.urn in urns else seen)

    return stack.each(change)


def _seen(now: Any, later: Any, values: set[str]) -> Any:
    """Return a value with those parts known that are among `values`."""
    if now is UNKNOWN:
        return later if isinstance(later, str) and later in values else now
    if isinstance(now, Mapping) and isinstance(later, Mapping):
        return {key: _seen(item, later.get(key), values) for key, item in now.items()}
    if isinstance(now, list) and isinstance(later, list) and len(now) == len(later):
        return [_seen(item, other, values) for item, other in zip(now, later, strict=True)]
    return now


OPERATORS: Final = operators(globals())
