"""What a comparison says of resources: replaced, lost, shrunk, less protected, permitted more."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from perpetual.offline.records import Registration
from perpetual.offline.report import Resource
from perpetual.offline.revisions import permissions, protections, sizes
from perpetual.offline.revisions.changes import Change
from perpetual.offline.revisions.changes import Kind as What
from perpetual.offline.revisions.kinds import Kind
from perpetual.offline.revisions.matching import Matches
from perpetual.offline.revisions.values import inputs, shown

_LISTED: Final = 8
"""Grants that one entry lists at most."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that a reader should know. `message` is a sentence, `details` its evidence."""

    kind: Kind
    message: str
    details: tuple[str, ...] = ()
    urn: str = ""
    name: str = ""
    type: str = ""
    source: tuple[str, int] | None = None


def label(change: Change) -> str:
    """Return what sentences call a resource, such as `rds.Instance main`."""
    return called(change.type, change.name)


def called(token: str, name: str) -> str:
    """Return what sentences call a resource of a type."""
    component = not token.startswith("pulumi:") and token.count("/") == 0 and "index" not in token
    kind = Resource(urn="", type=token, name=name, parent="", component=component).short_type
    return f"{kind} {name}"


def _entry(kind: Kind, change: Change, message: str, details: Iterable[str], root: Path) -> Entry:
    return Entry(
        kind=kind,
        message=message,
        details=tuple(details),
        urn=change.urn,
        name=change.name,
        type=change.type,
        source=_source(change, root),
    )


def _source(change: Change, root: Path) -> tuple[str, int] | None:
    source = change.head.source if change.head else None
    if source and Path(source[0]).is_relative_to(root):
        return str(Path(source[0]).relative_to(root)), source[1]
    return source


# --- resources


def of_change(change: Change, root: Path) -> Iterator[Entry]:
    """Yield what there is to say of one change; files are shown relative to `root`."""
    details = [*_properties(change), *change.notes]
    match change.kind:
        case What.REPLACED:
            yield from _replaced(change, details, root)
        case What.REMOVED:
            yield from _removed(change, details, root)
        case What.CHANGED:
            yield from _shrunk(change, root)
            yield _entry(Kind.CHANGED, change, f"{label(change)} is changed", details, root)
        case What.ADDED:
            yield _entry(Kind.ADDED, change, f"{label(change)} is added", details, root)
        case What.MOVED:
            message = f"{label(change)} is the same under another URN, by its alias"
            yield _entry(Kind.MOVED, change, message, [f"was {change.old}"], root)


def _replaced(change: Change, details: list[str], root: Path) -> Iterator[Entry]:
    yield from _shrunk(change, root)
    if change.routine:
        message = f"{label(change)} gets a new revision"
        yield _entry(Kind.CHANGED, change, message, details, root)
        return
    order = "deleted first" if change.delete_first else "created first"
    what = f"{label(change)} is replaced: {change.reason} ({order})"
    replica = bool(change.head and inputs(change.head).get("replicateSourceDb"))
    if change.stateful and not replica:
        if change.base and change.base.request.protect:
            details = [*details, "it is protected at the base: the engine refuses"]
        what = f"{label(change)} is replaced, and what it holds is lost: {change.reason} ({order})"
        yield _entry(Kind.LOSS, change, what, details, root)
    else:
        yield _entry(Kind.REPLACEMENT, change, what, details, root)


def _removed(change: Change, details: list[str], root: Path) -> Iterator[Entry]:
    retained = change.base is not None and change.base.request.retainOnDelete
    replica = bool(change.base and inputs(change.base).get("replicateSourceDb"))
    if change.stateful and not retained and not replica:
        message = f"{label(change)} is removed, and what it holds is lost"
        yield _entry(Kind.LOSS, change, message, details, root)
        return
    protector = protections.PROTECTORS.get(change.type)
    if protector:
        message = f"{label(change)} is removed: {protector} is gone"
        yield _entry(Kind.PROTECTION, change, message, details, root)
        return
    yield _entry(Kind.REMOVED, change, f"{label(change)} is removed", details, root)


def _shrunk(change: Change, root: Path) -> Iterator[Entry]:
    if change.base and change.head:
        for says in sizes.shrunk(change.type, inputs(change.base), inputs(change.head)):
            yield _entry(Kind.LOSS, change, f"{label(change)} {says}", [], root)


def _properties(change: Change) -> Iterator[str]:
    for item in sorted(change.properties, key=lambda item: not item.forces):
        forces = "  (forces the replacement)" if item.forces else ""
        yield f"{item.path}: {item.before} -> {item.after}{forces}"


# --- protections and permissions


def dropped(matches: Matches, found: Iterable[Change], root: Path) -> Iterator[Entry]:
    """Yield the protections that resources lose while they stay."""
    by_urn = {change.urn: change for change in found}
    for old, new in (*matches.same, *matches.alike):
        change = by_urn.get(new.urn) or _unchanged(old, new)
        for drop in protections.dropped(old, new, inputs(old), inputs(new)):
            before, after = shown(drop.before, drop.path), shown(drop.after, drop.path)
            detail = f"{drop.path}: {before} -> {after}"
            message = f"{label(change)} {drop.says}"
            yield _entry(Kind.PROTECTION, change, message, [detail], root)


def _unchanged(old: Registration, new: Registration) -> Change:
    return Change(kind=What.CHANGED, urn=new.urn, type=new.type, name=new.name, base=old, head=new)


def widened(matches: Matches, found: Iterable[Change], root: Path) -> Iterator[Entry]:
    """Yield what policies permit beyond the base, by new text or by new attachments."""
    held = list(found)
    for change in held:
        path = permissions.DOCUMENTS.get(change.type)
        if path and change.base and change.head:
            before, after = inputs(change.base).get(path), inputs(change.head).get(path)
            wider = permissions.widened(before, after)
            if wider:
                message = f"{label(change)} permits more than before"
                if wider.unreadable:
                    message = f"{label(change)} may permit more: its document cannot be compared"
                yield _entry(Kind.PROTECTION, change, message, _grants(wider), root)
    stayed = {new.urn for _, new in matches.same}
    for change in held:
        if change.kind is What.ADDED and change.type in permissions.ATTACHMENTS and change.head:
            holders = [urn for urn in change.head.request.dependencies if urn in stayed]
            roles = [urn.rpartition("::")[2] for urn in holders if "aws:iam/role:" in urn]
            if roles:
                message = f"{label(change)} gives more to role {', '.join(roles)}"
                path = permissions.DOCUMENTS.get(change.type, "")
                wider = permissions.widened(None, inputs(change.head).get(path))
                yield _entry(Kind.PROTECTION, change, message, _grants(wider), root)


def _grants(wider: permissions.Widened) -> list[str]:
    lines = [f"now allowed: {grant}" for grant in wider.gained]
    lines += [f"no longer denied: {grant}" for grant in wider.undenied]
    more = len(lines) - _LISTED
    return [*lines[:_LISTED], *([f"and {more} more"] if more > 0 else [])]
