"""What changes a stack: an operator, with the area it belongs to and why its changes are bad.

An operator enumerates its targets itself, from the resources of the stack that it is given.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graph import Resource
from tests.mutants.stack import DROP, Stack, within

Made = Iterator[tuple[str, Stack]]
"""The changed stacks, each with the target that it was changed at."""

AREAS: Final = (
    *("network", "groups", "data", "TLS", "ecs", "hosts", "image", "balancer"),
    *("IAM", "KMS", "secrets", "storage", "logs", "availability", "protection"),
)


@dataclass(frozen=True)
class Operator:
    """A way to change a stack; `why` says what is lost, or why nothing is."""

    name: str
    area: str
    why: str
    make: Callable[[Stack], Made]


@dataclass(frozen=True)
class Change:
    """One changed stack."""

    operator: Operator
    target: str
    stack: Stack

    @property
    def label(self) -> str:
        """Return what reports and the table of survivors call it."""
        return f"{self.operator.name}: {self.target}"


def operator(area: str, why: str) -> Callable[[Callable[[Stack], Made]], Operator]:
    """Make an operator of a generator of changes, named after the function."""

    def made(make: Callable[[Stack], Made]) -> Operator:
        return Operator(make.__name__.replace("_", "-"), area, why, make)

    return made


def operators(module: Mapping[str, Any]) -> tuple[Operator, ...]:
    """Return the operators that a module holds, alone or in tuples of them."""
    found: list[Operator] = []
    for value in module.values():
        held = value if isinstance(value, tuple) else (value,)
        found.extend(item for item in held if isinstance(item, Operator) and item not in found)
    return tuple(found)


# --- operators on one property

Held = Callable[[Any], bool]


def is_set(value: Any) -> bool:
    """Accept what holds anything, known or not."""
    return value not in (None, "", [], {})


def over(limit: float) -> Held:
    """Accept numbers above a limit."""
    return lambda value: isinstance(value, (int, float)) and value > limit


def under(limit: float) -> Held:
    """Accept numbers below a limit."""
    return lambda value: isinstance(value, (int, float)) and value < limit


@dataclass(frozen=True)
class Property:
    """What protects a resource: where it is, which values protect, which ones do not."""

    token: str
    path: str
    bad: tuple[Any, ...]
    why: str
    held: Held = is_set

    def on(self, stack: Stack, resource: Resource) -> Made:
        """Yield the stack with each bad value, if the resource is protected now."""
        if not self.held(within(resource, self.path)):
            return
        for value in self.bad:
            shown = "dropped" if value is DROP else repr(value)
            yield f"{resource.name} {self.path} {shown}", stack.put(resource, self.path, value)


def weaken(area: str, token: str, *properties: tuple[str, tuple[Any, ...], str, Held]) -> Any:
    """Return one operator for each property of a type."""
    return tuple(
        _weaken(area, Property(token, path, bad, why, held)) for path, bad, why, held in properties
    )


def _weaken(area: str, item: Property) -> Operator:
    def make(stack: Stack) -> Made:
        for resource in stack.of(item.token):
            yield from item.on(stack, resource)

    return Operator(f"weaken-{item.token.rsplit(':', 1)[-1]}.{item.path}", area, item.why, make)


def true(value: Any) -> bool:
    """Accept what is switched on, in either spelling."""
    return value is True or value == "true"


def false(value: Any) -> bool:
    """Accept what is switched off, in either spelling."""
    return value is False or value == "false"
