"""What would become of each resource between two captures: the plan, as far as it can be told."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from perpetual.offline.records import Capture, Registration
from perpetual.offline.revisions import replacements
from perpetual.offline.revisions.matching import Matches
from perpetual.offline.revisions.values import Difference, differences, inputs, masked, unknown

_DERIVED: Final = "computed from other resources"


class Kind(StrEnum):
    """What happens to a resource."""

    REPLACED = "replaced"
    REMOVED = "removed"
    CHANGED = "changed"
    ADDED = "added"
    MOVED = "moved"


@dataclass(frozen=True, kw_only=True)
class Property:
    """An argument that differs, its values as text that may be shown; `forces` a replacement."""

    path: str
    before: str
    after: str
    forces: bool = False


@dataclass(frozen=True, kw_only=True)
class Change:
    """What happens to one resource.

    `old` is its URN in the base where that is another; `reason` says in words why it is replaced,
    `notes` what else there is to know. `base` and `head` are the registrations themselves.
    """

    kind: Kind
    urn: str
    type: str
    name: str
    old: str = ""
    properties: tuple[Property, ...] = ()
    reason: str = ""
    notes: tuple[str, ...] = ()
    delete_first: bool = False
    base: Registration | None = None
    head: Registration | None = None

    @property
    def stateful(self) -> bool:
        """Tell whether the resource holds what nobody can make again."""
        return self.type in replacements.STATEFUL

    @property
    def routine(self) -> bool:
        """Tell whether this replacement is how such a resource changes."""
        return self.kind is Kind.REPLACED and self.type in replacements.ROUTINE and not self.old


def changes(
    matches: Matches, base: Capture, head: Capture, folders: tuple[str, str]
) -> list[Change]:
    """Return what happens to each resource that does not stay as it is, in the head's order.

    `folders` are where the base's and the head's files are: a path in a value is no difference.
    """
    plan = _Plan(matches, {folders[0]: folders[1]})
    order = {item.urn: number for number, item in enumerate(head.registrations)}
    pairs = [(old, new, True) for old, new in matches.same]
    pairs += [(old, new, False) for old, new in matches.alike]
    found = [
        change
        for old, new, same in sorted(pairs, key=lambda pair: order[pair[1].urn])
        if (change := plan.pair(old, new, same=same))
    ]
    found += [_only(Kind.ADDED, item) for item in matches.added]
    last = len(order)
    found.sort(key=lambda change: order.get(change.urn, last))
    before = {item.urn: number for number, item in enumerate(base.registrations)}
    gone = sorted(matches.removed, key=lambda item: before[item.urn])
    return found + [_only(Kind.REMOVED, item) for item in gone]


class _Plan:
    """The pairs one by one, in the head's order: what depends on a new resource comes after it."""

    def __init__(self, matches: Matches, folders: Mapping[str, str]) -> None:
        self._renamed = {**matches.renamed, **{old.urn: new.urn for old, new in matches.alike}}
        self._folders = folders
        self._anew: dict[str, str] = {}
        """What has another identity than before, by URN, and what it is called."""

    def pair(self, old: Registration, new: Registration, *, same: bool) -> Change | None:
        before = inputs(old, {**self._folders, **_moved(self._renamed)})
        after = inputs(new)
        ignored = [] if not same else list(new.request.ignoreChanges)
        found = [item for item in differences(before, after) if not _ignored(item.path, ignored)]
        found = [*found, *self._derived(old, new, after, found, ignored)]
        forcing = replacements.forcing(new.type, found, new.request.replaceOnChanges)
        properties = tuple(_property(item, before, after, forcing) for item in found)
        if not same:
            self._anew[new.urn] = new.name
            return self._renaming(old, new, properties, before, after)
        moved = old.urn if old.urn != new.urn else ""
        if forcing and new.request.custom:
            self._anew[new.urn] = new.name
            return _change(
                Kind.REPLACED,
                old,
                new,
                moved,
                properties,
                reason=f"{_listed(forcing)} cannot be changed in place",
                notes=_taken_note(new, before, after),
            )
        if properties:
            return _change(Kind.CHANGED, old, new, moved, properties)
        return _change(Kind.MOVED, old, new, moved) if moved else None

    def _derived(
        self,
        old: Registration,
        new: Registration,
        after: Mapping[str, Any],
        found: Iterable[Difference],
        ignored: list[str],
    ) -> Iterator[Difference]:
        """Yield the arguments, unknown on both sides, that come from other or new resources."""
        listed = {item.top for item in found}
        for key, value in after.items():
            if key in listed or _ignored(key, ignored) or not unknown(value):
                continue
            were = {self._renamed.get(urn, urn) for urn in old.property_dependencies.get(key, ())}
            are = set(new.property_dependencies.get(key, ()))
            fresh = sorted(self._anew[urn] for urn in are if urn in self._anew)
            if fresh:
                yield Difference(key, "as it is", f"from the new {_listed(fresh)}")
            elif were != are:
                yield Difference(key, _DERIVED, f"{_DERIVED} than before")

    def _renaming(
        self,
        old: Registration,
        new: Registration,
        properties: tuple[Property, ...],
        before: Mapping[str, Any],
        after: Mapping[str, Any],
    ) -> Change:
        if old.name == new.name:
            what = "it has another parent and no alias"
        else:
            what = f"it was called {old.name} and has no alias"
        return _change(
            Kind.REPLACED,
            old,
            new,
            old.urn,
            properties,
            reason=f"{what}, so the engine deletes the one and creates the other",
            notes=(*_taken_note(new, before, after), f"keep it: aliases=[{_alias(old, new)}]"),
        )


def _change(  # noqa: PLR0913 - the parts of a change
    kind: Kind,
    old: Registration,
    new: Registration,
    moved: str,
    properties: tuple[Property, ...] = (),
    *,
    reason: str = "",
    notes: tuple[str, ...] = (),
) -> Change:
    return Change(
        kind=kind,
        urn=new.urn,
        type=new.type,
        name=new.name,
        old=moved,
        properties=properties,
        reason=reason,
        notes=notes,
        delete_first=new.request.deleteBeforeReplace and not (moved and kind is Kind.REPLACED),
        base=old,
        head=new,
    )


def _only(kind: Kind, item: Registration) -> Change:
    notes = []
    if kind is Kind.REMOVED and item.request.retainOnDelete:
        notes.append("retained: it stays in AWS, and Pulumi forgets it")
    if kind is Kind.REMOVED and item.request.protect:
        notes.append("it is protected: the engine refuses until `protect` has been taken off first")
    return Change(
        kind=kind,
        urn=item.urn,
        type=item.type,
        name=item.name,
        notes=tuple(notes),
        base=item if kind is Kind.REMOVED else None,
        head=item if kind is Kind.ADDED else None,
    )


def _property(
    item: Difference, before: Mapping[str, Any], after: Mapping[str, Any], forcing: list[str]
) -> Property:
    texts = [masked(before, item.path, item.before), masked(after, item.path, item.after)]
    if isinstance(item.before, str) and item.before.startswith(("as it is", _DERIVED)):
        texts = [item.before, item.after]
    elif texts[0] == texts[1]:
        texts[1] = f"another {texts[1]}"
    return Property(path=item.path, before=texts[0], after=texts[1], forces=item.path in forcing)


def _taken_note(
    new: Registration, before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return a note where AWS refuses the new resource for as long as the old one is there."""
    key = replacements.TAKEN.get(new.type, "")
    value = after.get(key)
    if not key or value is None or unknown(value) or value != before.get(key):
        return ()
    if new.request.deleteBeforeReplace:
        return ()
    return (
        f"AWS refuses the new one while the old one has the same {key}: the update stops there",
    )


def _ignored(path: str, ignored: Iterable[str]) -> bool:
    return any(name in {"*", path} or path.startswith((f"{name}.", f"{name}[")) for name in ignored)


def _moved(renamed: Mapping[str, str]) -> dict[str, str]:
    return {old: new for old, new in renamed.items() if old != new}


def _alias(old: Registration, new: Registration) -> str:
    if old.name != new.name:
        return f'pulumi.Alias(name="{old.name}")'
    return f'"{old.urn}"'


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))
