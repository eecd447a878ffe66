"""What rules are made of."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from settings.models import Group
from settings.problems import Problem

Problems = Iterator[Problem]

Rule = Callable[..., Problems]
"""A pure function from the groups it names as parameters to what is wrong with them."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What a rule may know beside the settings; `root` is the folder of `Pulumi.yaml`."""

    project: str
    stack: str
    root: Path


class UnreadError(Exception):
    """A rule asked for a setting that has an error of its own."""


class Partial:
    """Stands for a group of which some settings have errors; the others can be read."""

    def __init__(self, group: Group) -> None:
        """Keep what was read."""
        self._group = group

    def __getattr__(self, name: str) -> Any:
        """Return a setting; raise `UnreadError` for one that has an error."""
        if name not in type(self._group).model_fields:
            raise UnreadError(name)
        return getattr(self._group, name)


def judge(rules: Iterable[Rule], settings: Mapping[str, Any], program: Program) -> Problems:
    """Yield what all rules find.

    A rule that lacks a setting because of another error says what it found until then: so one run
    shows as much as can be known.
    """
    known = {**settings, "program": program}
    for rule in rules:
        names = inspect.signature(rule).parameters
        if names.keys() <= known.keys():
            yield from _until_unread(rule(**{name: known[name] for name in names}))


def _until_unread(problems: Problems) -> Problems:
    try:
        yield from problems
    except UnreadError:
        return


def repeated(items: Iterable[Any]) -> list[Any]:
    """Return the items that occur more than once, each once, in order."""
    kept = list(items)
    return [item for item in dict.fromkeys(kept) if kept.count(item) > 1]
