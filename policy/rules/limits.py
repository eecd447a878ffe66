"""Limits of AWS, as tests of single values: what it refuses, often at the end of a long update.

A value that is not set is AWS's or the provider's to choose, and complies.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from graph import UNKNOWN
from rules.subject import Fault, Subject, Test, number, unknown

_SHOWN: Final = 60

LATE: Final = "AWS refuses it at the end of a long `up`, when the network and much else is made"
"""Why a limit is worth a rule."""

_HYPHENS: Final = r"(?=.{1,%d}$)[A-Za-z](-?[A-Za-z0-9])*"
_HYPHENS_SAID: Final = (
    "1 to %d letters, digits and single hyphens, a letter first and no hyphen last"
)
IDENTIFIER: Final = (_HYPHENS % 63, _HYPHENS_SAID % 63)
"""Pattern of the identifiers of databases, and the same in words."""
LONG_IDENTIFIER: Final = (_HYPHENS % 255, _HYPHENS_SAID % 255)
"""The same for what goes with databases: groups and snapshots."""


def shown(value: object) -> str:
    """Return a value as messages spell it, cut where it is long."""
    text = f"{value:g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def spelled(path: str, pattern: str, accepted: str) -> Test:
    """Return the test that the text at `path` matches a pattern; `accepted` is it in words."""
    matches = re.compile(pattern).fullmatch

    def test(subject: Subject) -> Iterator[Fault]:
        yield from misspelled(subject.at(path), path, matches, accepted)

    return test


def misspelled(
    value: object, path: str, matches: Callable[[str], object], accepted: str
) -> Iterator[Fault]:
    """Yield the fault of one text that does not match."""
    if value is UNKNOWN:
        yield unknown(path)
    elif value not in (None, "") and not (isinstance(value, str) and matches(value)):
        yield Fault(f"has the {path} {shown(value)}, which AWS refuses: it takes {accepted}", path)


def ranged(path: str, low: float, high: float, unit: str = "") -> Test:
    """Return the test that the number at `path` is between two others, both included."""

    def test(subject: Subject) -> Iterator[Fault]:
        yield from outside(subject.at(path), path, low, high, unit)

    return test


def outside(value: object, path: str, low: float, high: float, unit: str = "") -> Iterator[Fault]:
    """Yield the fault of one number that is not between two others, both included."""
    if value is UNKNOWN:
        yield unknown(path)
    elif value is not None:
        found = number(value)
        if found is None or not low <= found <= high:
            limits = f"{low:g} to {high:g} {unit}".rstrip()
            yield Fault(
                f"has the {path} {shown(value)}, which AWS refuses: it takes {limits}", path
            )


def chosen(path: str, *accepted: object) -> Test:
    """Return the test that the value at `path` is one of these; numbers in any spelling."""

    def test(subject: Subject) -> Iterator[Fault]:
        value = subject.at(path)
        if value is UNKNOWN:
            yield unknown(path)
        elif value is not None and value not in accepted and number(value) not in accepted:
            choices = ", ".join(map(str, accepted))
            yield Fault(
                f"has the {path} {shown(value)}, which AWS refuses: it takes {choices}", path
            )

    return test


Values = Mapping[str, Any]


def together(*paths: str, test: Callable[[Values], Iterator[Fault]]) -> Test:
    """Return the test of values that only make sense together; one unknown leaves it undecided."""

    def tested(subject: Subject) -> Iterator[Fault]:
        values = {path: subject.at(path) for path in paths}
        lost = [path for path, value in values.items() if value is UNKNOWN]
        if lost:
            yield unknown(lost[0])
        else:
            yield from test(values)

    return tested
