"""Cases of the catalogue: resources as a graph takes them in, one thing wrong at a time."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from graph import UNKNOWN, Graph, Resource
from rules.thresholds import DEFAULTS, Thresholds

Properties = dict[str, Any]
_NO_PROPERTIES = ("beside", "protect")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A rule's cases: what complies, what does not, and what cannot be told.

    `beside` are resources next to the one under judgement, as type, name and properties; they may
    refer to it by its id, `subject`. `protect` among the properties is Pulumi's own option.
    """

    rule: str
    type: str
    good: tuple[Properties, ...]
    bad: tuple[Properties, ...]
    unknown: tuple[Properties, ...] = ()
    beside: tuple[tuple[str, str, Properties], ...] = ()
    thresholds: Thresholds = DEFAULTS

    def graph(self, properties: Properties) -> Graph:
        """Return the graph of one case; `beside` in the properties replaces the case's own."""
        others = properties.get("beside", self.beside)
        kept = {key: value for key, value in properties.items() if key not in _NO_PROPERTIES}
        subject = _resource(self.type, "subject", {"id": "subject", **kept})
        return Graph.of(
            [
                replace(subject, protect=properties.get("protect")),
                *(_resource(token, name, held) for token, name, held in others),
            ]
        )


def _resource(token: str, name: str, properties: Properties) -> Resource:
    return Resource(
        urn=f"urn:pulumi:test::catalogue::{token}::{name}",
        type=token,
        name=name,
        properties=properties,
    )


def containers(*items: Properties) -> Properties:
    """Return a task definition's property with these containers, as text."""
    return {"containerDefinitions": json.dumps(list(items))}


def twin(*items: Properties) -> Properties:
    """Return the same as a structured value, which alone can hold what is not known."""
    return {"containerDefinitions": list(items)}


def policy(*statements: Mapping[str, Any], key: str = "policy") -> Properties:
    """Return a policy document as text, under `key`."""
    return {key: json.dumps({"Version": "2012-10-17", "Statement": list(statements)})}


def allow(action: Any, resource: Any = "*", **more: Any) -> Properties:
    """Return a statement that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def one(key: str, values: tuple[Any, ...]) -> dict[str, Any]:
    """Return the cases of a property at a dotted path: the first value complies, others do not."""
    good, *bad = (nested(key, value) for value in values)
    return {"good": (good,), "bad": tuple(bad), "unknown": (nested(key, UNKNOWN),)}


def nested(path: str, value: Any) -> Properties:
    """Return properties with `value` at a dotted path; `ABSENT` leaves it out."""
    first, _, rest = path.partition(".")
    if not rest:
        return {} if value is ABSENT else {first: value}
    return {first: nested(rest, value)}


ABSENT = object()
"""Stands for a property that is not set."""
