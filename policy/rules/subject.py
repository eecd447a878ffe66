"""One resource under judgement: what a rule of the catalogue reads, and what it answers.

A test is a function from a subject to its faults. None means that the resource complies; a rule
whose types a stack does not have is not applicable. A value that is not known is a fault as well,
marked undetermined: a rule that cannot decide never passes.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from graph import UNKNOWN, Graph, Resource, Unknown
from rules.rule import Finding, Level, Rule, Severity
from rules.thresholds import DEFAULTS, Thresholds

Accept = Callable[[Any], bool]

_NAMES: Final = ("id", "arn", "name", "bucket", "identifier")


@dataclass(frozen=True)
class Fault:
    """What is wrong with a subject: how the sentence about it goes on, and where it is said.

    `says` follows the subject's label, and never repeats a value that may be a secret.
    """

    says: str
    path: str
    undetermined: bool = False


@dataclass(frozen=True)
class Subject:
    """A resource, with the graph around it and what the pack's configuration demands."""

    graph: Graph
    resource: Resource
    thresholds: Thresholds = DEFAULTS

    @property
    def label(self) -> str:
        """Return what messages call it, such as `rds main`."""
        return self.graph.label(self.resource.urn)

    @property
    def type(self) -> str:
        """Return its type token."""
        return self.resource.type

    def at(self, path: str) -> Any:
        """Return the value at a dotted path: `None` where unset, `UNKNOWN` where not known.

        A list on the way stands for its first element: the SDK spells some blocks as a list of one.
        """
        return within(self.resource.properties, path)

    def peers(self, path: str, *tokens: str) -> list[Resource]:
        """Return the resources of these types whose property at `path` leads to this one."""
        held = [self.graph.index.referring(token, path, self.type) for token in tokens]
        found = [item for name in self._names for found in held for item in found.get(name, ())]
        return list({item.urn: item for item in found}.values())

    @property
    def _names(self) -> list[str]:
        """Return what others may call it: its URN, and each of its names that is known."""
        values = (self.resource.properties.get(key) for key in _NAMES)
        return [self.resource.urn, *(value for value in values if isinstance(value, str) and value)]


Test = Callable[[Subject], Iterator[Fault]]


def within(value: Any, path: str) -> Any:
    """Return what is below `value` at a dotted path; see `Subject.at`."""
    for key in path.split("."):
        if isinstance(value, (list, tuple)):
            value = value[0] if value else None
        if value is UNKNOWN:
            return UNKNOWN
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def unknown(path: str) -> Fault:
    """Return the fault of a value that is not known."""
    return Fault(f"complies: {path} is not known", path, undetermined=True)


def elements(value: Any, path: str) -> tuple[list[tuple[str, Mapping[str, Any]]], list[Fault]]:
    """Return the objects of a list with their paths, and a fault for each that is not known."""
    items = value if isinstance(value, (list, tuple)) else [] if value is None else [value]
    found = [(f"{path}[{number}]", item) for number, item in enumerate(items)]
    return (
        [(where, item) for where, item in found if isinstance(item, Mapping)],
        [unknown(where) for where, item in found if not isinstance(item, Mapping)],
    )


def requires(path: str, accept: Accept, says: str) -> Test:
    """Return the test that the value at `path` is acceptable; `None` reaches `accept` too."""

    def test(subject: Subject) -> Iterator[Fault]:
        value = subject.at(path)
        if value is UNKNOWN:
            yield unknown(path)
        elif not accept(value):
            yield Fault(says, path)

    return test


def only_if(applies: Callable[[Subject], bool], test: Test) -> Test:
    """Return `test` for the subjects it applies to."""

    def limited(subject: Subject) -> Iterator[Fault]:
        if applies(subject):
            yield from test(subject)

    return limited


def every(*tests: Test) -> Test:
    """Return the test that is all of these."""

    def tested(subject: Subject) -> Iterator[Fault]:
        for test in tests:
            yield from test(subject)

    return tested


def names(path: str, says: str) -> Test:
    """Return the test that something is named at `path`, known or not.

    The ARN of what this `up` makes is not known yet, and is one all the same.
    """

    def test(subject: Subject) -> Iterator[Fault]:
        value = subject.at(path)
        if value is not UNKNOWN and not present(value):
            yield Fault(says, path)

    return test


def rule(  # noqa: PLR0913 - these are the columns of a rule's row
    test: Test,
    *types: str,
    name: str,
    title: str,
    severity: Severity,
    why: str,
    fix: str,
    url: str,
    controls: tuple[str, ...] = (),
    level: Level = Level.MANDATORY,
    production: Level | None = None,
) -> Rule:
    """Return the rule that puts every resource of these types to a test."""

    def check(graph: Graph, thresholds: Thresholds) -> Iterator[Finding]:
        for resource in graph.index.of(*types):
            subject = Subject(graph, resource, thresholds)
            for fault in test(subject):
                start = "cannot tell whether " if fault.undetermined else ""
                yield Finding(
                    name,
                    severity,
                    resource.urn,
                    f"{start}{subject.label} {fault.says}",
                    (subject.label, fault.path),
                    fix,
                    fault.undetermined,
                )

    return Rule(
        name=name,
        title=title,
        description=f"{title}.",
        severity=severity,
        why=why,
        remediation=fix,
        url=url,
        controls=controls,
        level=level,
        production=production,
        types=types,
        check=check,
    )


# --- what is acceptable

_SPELLED: Final = {"true": True, "false": False}


def _flag(value: object) -> object:
    return _SPELLED.get(value.lower(), value) if isinstance(value, str) else value


def on(value: object) -> bool:
    """Accept what is switched on."""
    return _flag(value) is True


def not_off(value: object) -> bool:
    """Accept what is on, or left to a default that is."""
    return value is None or on(value)


def not_on(value: object) -> bool:
    """Accept what is off, or left to a default that is."""
    return value is None or _flag(value) is False


def present(value: object) -> bool:
    """Accept anything that is set."""
    return value not in (None, "", [], {})


def number(value: object) -> float | None:
    """Return a number, however it is spelled; `None` for anything else."""
    try:
        return float(value) if isinstance(value, (int, float, str)) else None
    except ValueError:
        return None


def count(value: object) -> int:
    """Return how many elements a list has, 0 for anything else."""
    return len(value) if isinstance(value, (list, tuple)) else 0


def at_least(least: float) -> Accept:
    """Accept numbers from `least` upwards."""
    return lambda value: (number(value) or 0) >= least


# --- documents


class MalformedError(ValueError):
    """A document that is no JSON object."""


@lru_cache(maxsize=512)
def _parsed(text: str) -> Any:
    return json.loads(text)


def document(value: object) -> Mapping[str, Any] | Unknown | None:
    """Return a document given as text or as an object; raise `MalformedError` on anything else."""
    if value is None or value is UNKNOWN:
        return UNKNOWN if value is UNKNOWN else None
    try:
        parsed = _parsed(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, Mapping):
        raise MalformedError
    return parsed


def doubtful(value: object) -> bool:
    """Tell whether anything in a document is not known, at any depth."""
    if isinstance(value, Mapping):
        return any(map(doubtful, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(doubtful, value))
    return value is UNKNOWN


def _ragged(body: Mapping[str, Any]) -> bool:
    listed = body.get("Statement", [])
    items = listed if isinstance(listed, (list, tuple)) else [listed]
    return not all(isinstance(item, Mapping) for item in items)


def per_document(*paths: str, test: Callable[[str, Mapping[str, Any]], Iterator[Fault]]) -> Test:
    """Return the test of each document at these paths; one that cannot be read is a fault."""

    def tested(subject: Subject) -> Iterator[Fault]:
        for path in paths:
            try:
                value = subject.at(path)
                found = document(value)
            except MalformedError:
                yield Fault(f"has no JSON object in {path}", path)
                continue
            # A text is known as a whole: only an object has values to be told apart.
            if found is UNKNOWN or (not isinstance(value, str) and doubtful(found)):
                yield unknown(path)
            elif found is not None and _ragged(found):
                yield Fault(f"has a statement in {path} that is no object", path)
            elif found is not None:
                yield from test(path, found)

    return tested
