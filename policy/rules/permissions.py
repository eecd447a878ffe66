"""What a principal may do: the set its policies allow, less Denies, within its boundary. Pure.

A call is allowed if a policy of the principal allows it, its boundary does too, and nothing denies
it: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
Conditions are not decided: an Allow keeps its own, and a Deny under a condition takes nothing away.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from graph import Resource
from rules.globs import arns_overlap, covers, overlaps
from rules.statements import Statement, statements

Condition = tuple[str, str, tuple[str, ...]]
"""Operator, key in lower case, values."""


@dataclass(frozen=True)
class Clause:
    """A statement, prepared to be asked: patterns of actions in lower case, and of resources.

    `label` and `path` say where it stands. With `but_actions` or `but_resources` it speaks of
    everything except these.
    """

    label: str
    path: str
    allows: bool
    actions: tuple[str, ...]
    but_actions: bool
    resources: tuple[str, ...]
    but_resources: bool
    conditions: tuple[Condition, ...]

    @cached_property
    def _literal(self) -> frozenset[str]:
        return frozenset(item for item in self.actions if not set("*?") & set(item))

    @cached_property
    def _patterns(self) -> tuple[str, ...]:
        return tuple(item for item in self.actions if item not in self._literal)

    @cached_property
    def services(self) -> frozenset[str] | None:
        """Prefixes of its actions; `None` if one is a pattern. Most questions end here."""
        found = frozenset(item.partition(":")[0] for item in self.actions)
        return None if any(set("*?") & set(item) for item in found) else found

    def speaks_of(self, action: str) -> bool:
        """Tell whether an action, in lower case and without wildcards, is one of its."""
        named = self.services is None or action.partition(":")[0] in self.services
        if named:
            named = action in self._literal or any(covers(item, action) for item in self._patterns)
        return named != self.but_actions

    def within(self, wanted: str) -> Iterator[str]:
        """Yield the parts of the resources `wanted` that it speaks of, perhaps too much of each."""
        if self.but_resources:
            if not any(covers(item, wanted) for item in self.resources):
                yield wanted
            return
        for item in self.resources:
            if covers(item, wanted):
                yield wanted
            elif arns_overlap(item, wanted):
                yield item

    def takes(self, wanted: str) -> bool:
        """Tell whether it speaks of all resources `wanted`."""
        if self.but_resources:
            return not any(overlaps(item, wanted) for item in self.resources)
        return any(covers(item, wanted) for item in self.resources)


@dataclass(frozen=True)
class Grant:
    """Something allowed: the action, the resources as a pattern, and under which conditions."""

    action: str
    resource: str
    clause: Clause
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, eq=False)
class Holder:
    """A principal and its permissions.

    `managed` are ARNs of attached policies that are not in the stack, `unread` what is not known.
    Without a `boundary`, or with one that is `boundary_unread`, nothing is limited.
    """

    resource: Resource
    clauses: tuple[Clause, ...]
    managed: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    boundary: tuple[Clause, ...] | None = None
    boundary_unread: bool = False

    @cached_property
    def _services(self) -> frozenset[str] | None:
        """Return the prefixes of all that is allowed; `None` if they are not few."""
        found: set[str] = set()
        for clause in self.clauses:
            if clause.allows:
                if clause.services is None or clause.but_actions:
                    return None
                found |= clause.services
        return frozenset(found)

    def grants(self, action: str, on: str = "*") -> list[Grant]:
        """Return what allows an action, without wildcards, on any of the resources `on`."""
        asked = action.lower()
        if self._services is not None and asked.partition(":")[0] not in self._services:
            return []
        return [
            Grant(action, resource, clause, clause.conditions + more)
            for clause in self._speaking(asked)
            if clause.allows
            for target in clause.within(on)
            for resource, more in self._limited(asked, target)
            if not any(item.takes(resource) for item in self._denials(asked) if not item.conditions)
        ]

    def denials(self, action: str, on: str = "*") -> list[Clause]:
        """Return what denies an action on all resources `on`, under whatever conditions."""
        return [item for item in self._denials(action.lower()) if item.takes(on)]

    def _limited(self, action: str, target: str) -> Iterator[tuple[str, tuple[Condition, ...]]]:
        if self.boundary is None:
            yield target, ()
            return
        for clause in self.boundary:
            if clause.allows and clause.speaks_of(action):
                for resource in clause.within(target):
                    yield resource, clause.conditions

    def _denials(self, action: str) -> Iterator[Clause]:
        limits = (item for item in self.boundary or () if item.speaks_of(action))
        for clause in (*self._speaking(action), *limits):
            if not clause.allows:
                yield clause

    def _speaking(self, action: str) -> tuple[Clause, ...]:
        """Return its own clauses that speak of an action; several rules ask about the same."""
        if action not in self._asked:
            self._asked[action] = tuple(item for item in self.clauses if item.speaks_of(action))
        return self._asked[action]

    @cached_property
    def _asked(self) -> dict[str, tuple[Clause, ...]]:
        return {}


def clauses(label: str, path: str, body: Mapping[str, Any]) -> Iterator[Clause]:
    """Yield the statements of a document, prepared; its label and path say where it stands."""
    for item in statements(body):
        yield _clause(label, f"{path}.{item.path}", item)


def _clause(label: str, path: str, item: Statement) -> Clause:
    but_actions, but_resources = "NotAction" in item.body, "NotResource" in item.body
    actions = item.texts("NotAction" if but_actions else "Action")
    return Clause(
        label,
        path,
        item.allows,
        tuple(action.lower() for action in actions),
        but_actions,
        tuple(item.texts("NotResource" if but_resources else "Resource")),
        but_resources,
        tuple((operator, key, tuple(values)) for operator, key, values in item.conditions),
    )


# --- conditions

_AROUND: Final = frozenset(
    {
        "aws:currenttime",
        "aws:epochtime",
        "aws:multifactorauthage",
        "aws:multifactorauthpresent",
        "aws:requestedregion",
        "aws:securetransport",
        "aws:sourceip",
        "aws:useragent",
        "aws:username",
    }
)
"""Keys that say when, whence or by whom a call is made: they do not limit what it does."""


def demanded(conditions: tuple[Condition, ...], key: str) -> tuple[str, ...] | None:
    """Return the values that a key must have one of, if any condition demands that."""
    for operator, name, values in conditions:
        if name == key and not _loose(operator) and "*" not in values:
            return values
    return None


def limited(conditions: tuple[Condition, ...]) -> bool:
    """Tell whether conditions limit what a call does: its targets, or what it asks for."""
    return any(
        name not in _AROUND and not _loose(operator) and "*" not in values
        for operator, name, values in conditions
    )


def _loose(operator: str) -> bool:
    """Tell whether an operator also holds where the key is absent, or has another value."""
    return (
        "Not" in operator
        or operator == "Null"
        or operator.endswith("IfExists")
        or operator.startswith("ForAllValues:")
    )
