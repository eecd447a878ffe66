"""A captured stack that can be changed in one place, the same way whether ids are known or not.

Values that refer to other resources are written as `Ref`s: in update form a `Ref` becomes the
target's id, ARN or name; in preview form it is unknown, and the target joins what the property
depends on, as in the SDK.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from graph import UNKNOWN, Resource

DROP: Final = object()
"""Stands for a property that is taken away."""


@dataclass(frozen=True)
class Ref:
    """A reference to an attribute of the resource with this URN."""

    urn: str
    key: str = "id"


@dataclass(frozen=True)
class Stack:
    """A stack's resources, by URN in the order of registration; `known` says whether ids are."""

    name: str
    known: bool
    resources: Mapping[str, Resource]

    @classmethod
    def holding(cls, name: str, resources: Iterable[Resource], *, known: bool) -> "Stack":
        """Return the stack of these resources."""
        return cls(name, known, {item.urn: item for item in resources})

    # --- looking

    def of(self, *tokens: str) -> list[Resource]:
        """Return the resources of these types."""
        return [item for item in self.resources.values() if item.type in tokens]

    def one(self, token: str) -> Resource:
        """Return the only, or first, resource of a type."""
        return self.of(token)[0]

    def targets(self, resource: Resource, path: str, *tokens: str) -> list[Resource]:
        """Return the resources of these types that the property at `path` was computed from."""
        urns = dict.fromkeys(resource.property_dependencies.get(top(path), ()))
        found = (self.resources.get(urn) for urn in urns)
        return [item for item in found if item and item.type in tokens]

    def leading(self, token: str, path: str, target: Resource) -> list[Resource]:
        """Return the resources of a type whose property at `path` refers to `target`."""
        return [item for item in self.of(token) if target in self.targets(item, path, target.type)]

    # --- changing

    def put(self, resource: Resource, path: str, value: Any, drop: Iterable[str] = ()) -> "Stack":
        """Return the stack with `value` at a dotted path; `drop` no longer counts as its source."""
        urns: list[str] = []
        resolved = value if value is DROP else self._resolved(value, urns)
        properties = _put(self.now(resource).properties, path.split("."), resolved)
        gone = set(drop)
        before = self.now(resource).property_dependencies
        kept = [urn for urn in before.get(top(path), ()) if urn not in gone]
        after = {**before, top(path): list(dict.fromkeys((*kept, *urns)))}
        return self.changed(resource, properties=properties, property_dependencies=after)

    def relink(
        self, resource: Resource, path: str, targets: list[Resource], key: str = "id"
    ) -> "Stack":
        """Return the stack with the references at `path` leading to `targets` instead.

        The path holds a list afterwards if it does now, or if there is not exactly one target.
        """
        kinds = {target.type for target in targets}
        drop = [item.urn for item in self.targets(resource, path, *kinds)]
        refs = [Ref(target.urn, key) for target in targets]
        single = len(refs) == 1 and not isinstance(within(resource, path), list)
        return self.put(resource, path, refs[0] if single else refs, drop)

    def cut(self, resource: Resource, *paths: str) -> "Stack":
        """Return the stack without these properties of a resource."""
        stack = self
        for path in paths:
            gone = resource.property_dependencies.get(path, ()) if "." not in path else ()
            stack = stack.put(resource, path, DROP, gone)
        return stack

    def without(self, *resources: Resource) -> "Stack":
        """Return the stack without these resources."""
        gone = {item.urn for item in resources}
        return self._with({urn: item for urn, item in self.resources.items() if urn not in gone})

    def plus(self, token: str, name: str, /, **properties: Any) -> "Stack":
        """Return the stack with one more resource, which Pulumi protects, below no component."""
        root = next(iter(self.resources)).rsplit("::", 2)[0]
        urn = f"{root}::{token}::{name}"
        digest = hashlib.sha256(urn.encode()).hexdigest()[:17]
        kind = token.rsplit(":", 1)[-1].lower()
        held = {"id": f"{kind}-{digest}", "arn": f"arn:aws:{kind}:::{digest}"} if self.known else {}
        item = Resource(urn=urn, type=token, name=name, properties=held, protect=True)
        stack = self._with({**self.resources, urn: item})
        for key, value in properties.items():
            stack = stack.put(item, key, value)
        return stack

    def named(self, name: str) -> Resource:
        """Return the resource of this logical name, such as one just added."""
        return next(item for item in self.resources.values() if item.name == name)

    def changed(self, resource: Resource, **fields: Any) -> "Stack":
        """Return the stack with other fields of one resource."""
        return self._with({**self.resources, resource.urn: replace(self.now(resource), **fields)})

    def each(self, change: Callable[[Resource], Resource]) -> "Stack":
        """Return the stack with every resource changed; URNs may change as well."""
        return Stack.holding(self.name, map(change, self.resources.values()), known=self.known)

    def now(self, resource: Resource) -> Resource:
        """Return a resource as it is in this stack."""
        return self.resources[resource.urn]

    def _with(self, resources: Mapping[str, Resource]) -> "Stack":
        return replace(self, resources=resources)

    def _resolved(self, value: Any, urns: list[str]) -> Any:
        if isinstance(value, Ref):
            urns.append(value.urn)
            held = self.resources[value.urn].properties.get(value.key)
            return UNKNOWN if held is None else held
        if isinstance(value, Mapping):
            return {key: self._resolved(item, urns) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._resolved(item, urns) for item in value]
        return value


def top(path: str) -> str:
    """Return the top-level property of a dotted path."""
    return path.split(".", 1)[0]


def within(resource: Resource, path: str) -> Any:
    """Return the value at a dotted path, `None` where unset; digits go into lists."""
    value: Any = resource.properties
    for key in path.split("."):
        if isinstance(value, list):
            value = value[int(key)] if key.isdigit() and int(key) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _put(value: Any, keys: list[str], new: Any) -> Any:
    """Return a copy of `value` with `new` at `keys`."""
    if not keys:
        return new
    key, rest = keys[0], keys[1:]
    if isinstance(value, list):
        at = int(key)
        inner = _put(value[at] if at < len(value) else {}, rest, new)
        return [*value[:at], *([] if inner is DROP else [inner]), *value[at + 1 :]]
    held = dict(value) if isinstance(value, Mapping) else {}
    inner = _put(held.get(key), rest, new)
    if inner is DROP:
        held.pop(key, None)
    else:
        held[key] = inner
    return held
