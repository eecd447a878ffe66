"""Which resource of the base is which of the head: by URN, by alias, or by likeness.

The engine knows URNs and aliases only. A likeness is for the reader: the engine deletes the one
and creates the other, and the report says so.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from perpetual.offline.records import Capture, Registration
from perpetual.offline.revisions.replacements import TAKEN
from perpetual.offline.revisions.values import differences, inputs, unknown

_STACK: Final = "pulumi:pulumi:Stack"
_ALIKE: Final = 1.0
"""Likeness from which two resources are taken for one under another name or parent."""
_TAGS: Final = frozenset({"tags", "tagsAll"})


@dataclass(frozen=True)
class Matches:
    """Pairs of base and head that the engine knows as one, pairs alike, and what is left over."""

    same: tuple[tuple[Registration, Registration], ...]
    alike: tuple[tuple[Registration, Registration], ...]
    removed: tuple[Registration, ...]
    added: tuple[Registration, ...]

    @property
    def renamed(self) -> dict[str, str]:
        """Return the head's URN for each of the base's that is the same resource."""
        return {old.urn: new.urn for old, new in self.same}


def match(base: Capture, head: Capture) -> Matches:
    """Return which resources are the same, and which only look so."""
    left = {item.urn: item for item in base.registrations}
    by_urn = {item.urn: item for item in head.registrations}
    same: list[tuple[Registration, Registration]] = []
    added: list[Registration] = []
    for item in head.registrations:
        names = [item.urn, *(urn for urn in _aliases(item, by_urn) if urn not in by_urn)]
        known = next((urn for urn in names if urn in left), None)
        if known is None:
            added.append(item)
        else:
            same.append((left.pop(known), item))
    alike = list(_alike(left, added))
    taken = {item.urn for pair in alike for item in pair}
    return Matches(
        same=tuple(same),
        alike=tuple(alike),
        removed=tuple(item for item in left.values() if item.urn not in taken),
        added=tuple(item for item in added if item.urn not in taken),
    )


def _aliases(item: Registration, by_urn: Mapping[str, Registration]) -> Iterator[str]:
    """Yield the URNs that a resource says it had, and those that its parents' aliases imply."""
    yield from item.request.aliasURNs
    parents = [item.parent, *_parents(item, by_urn)]
    for alias in item.request.aliases:
        if alias.urn:
            yield alias.urn
            continue
        spec = alias.spec
        above = [""] if spec.noParent else [spec.parentUrn] if spec.parentUrn else parents
        for parent in above:
            yield _urn(
                item,
                parent,
                spec.type or item.type,
                spec.name or item.name,
                spec.stack,
                spec.project,
            )
    holder = by_urn.get(item.parent)
    for parent in parents[1:]:
        old = parent.rpartition("::")[2]
        yield _urn(item, parent, item.type, item.name)
        if holder is not None and item.name.startswith(holder.name):
            yield _urn(item, parent, item.type, old + item.name.removeprefix(holder.name))


def _parents(item: Registration, by_urn: Mapping[str, Registration]) -> list[str]:
    parent = by_urn.get(item.parent)
    return list(_aliases(parent, by_urn)) if parent is not None else []


def _urn(  # noqa: PLR0913, PLR0917 - the parts of a URN
    item: Registration, parent: str, token: str, name: str, stack: str = "", project: str = ""
) -> str:
    start, own_project, _, _ = item.urn.split("::")
    own_stack = start.rpartition(":")[2]
    above = parent.split("::")[2] if parent else ""
    chain = f"{above}${token}" if above and above != _STACK else token
    return f"urn:pulumi:{stack or own_stack}::{project or own_project}::{chain}::{name}"


def _alike(
    left: Mapping[str, Registration], added: Iterable[Registration]
) -> Iterator[tuple[Registration, Registration]]:
    """Yield pairs that look like one resource under another name or parent, the likest first."""
    found = []
    for new in added:
        for old in left.values():
            if old.type == new.type and old.request.custom and new.request.custom:
                likeness = _likeness(old, new)
                if likeness >= _ALIKE:
                    found.append((likeness, old, new))
    taken: set[str] = set()
    for _, old, new in sorted(found, key=lambda item: -item[0]):
        if old.urn not in taken and new.urn not in taken:
            taken |= {old.urn, new.urn}
            yield old, new


def _likeness(old: Registration, new: Registration) -> float:
    """Return how alike two resources of one type are; 1 and more for what looks like one.

    Tags do not count, as they often hold the name. What AWS gives only once decides.
    """
    before, after = _compared(old), _compared(new)
    unique = TAKEN.get(new.type, "")
    taken = before.get(unique) if unique else None
    if taken is not None and not unknown(taken):
        return 2.0 if taken == after.get(unique) else 0.0
    keys = {*before, *after}
    equal = sum(not list(differences(before.get(key), after.get(key))) for key in keys)
    share = equal / len(keys) if keys else 0.0
    return share + 0.5 if old.name == new.name else share


def _compared(item: Registration) -> dict[str, Any]:
    return {key: value for key, value in inputs(item).items() if key not in _TAGS}
