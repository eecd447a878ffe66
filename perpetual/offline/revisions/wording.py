"""What the reports of a comparison call its parts: titles by kind, and one line for all."""

from collections.abc import Iterator, Mapping
from typing import Final

from perpetual.offline.reports.entries import counted
from perpetual.offline.revisions.comparison import Comparison
from perpetual.offline.revisions.kinds import Kind
from perpetual.offline.revisions.resources import Entry

TITLES: Final[Mapping[Kind, str]] = {
    Kind.LOSS: "Lost, or asked to shrink",
    Kind.EXPOSURE: "New ways in from the internet",
    Kind.PROTECTION: "Protections dropped, permissions widened",
    Kind.REPLACEMENT: "Replaced",
    Kind.PATH: "New ways inside",
    Kind.FINDING: "New findings",
    Kind.REMOVED: "Removed",
    Kind.CHANGED: "Changed",
    Kind.ADDED: "Added",
    Kind.MOVED: "The same under another name",
    Kind.PATH_CLOSED: "Ways closed",
    Kind.FINDING_FIXED: "Findings fixed",
}

_COUNTED: Final[Mapping[Kind, tuple[str, str]]] = {
    Kind.LOSS: ("loss", "losses"),
    Kind.EXPOSURE: ("new way from the internet", "new ways from the internet"),
    Kind.PROTECTION: ("protection dropped", "protections dropped"),
    Kind.REPLACEMENT: ("replacement", "replacements"),
    Kind.PATH: ("new way inside", "new ways inside"),
    Kind.FINDING: ("new finding", "new findings"),
    Kind.REMOVED: ("removed", "removed"),
    Kind.CHANGED: ("changed", "changed"),
    Kind.ADDED: ("added", "added"),
    Kind.MOVED: ("moved", "moved"),
    Kind.PATH_CLOSED: ("way closed", "ways closed"),
    Kind.FINDING_FIXED: ("finding fixed", "findings fixed"),
}


def summary(comparison: Comparison) -> str:
    """Return the number of entries of each kind in one line, riskiest first."""
    found = [counted(number, *_COUNTED[kind]) for kind, number in comparison.counts().items()]
    return ", ".join(found) or "no change"


def groups(comparison: Comparison) -> Iterator[tuple[Kind, list[Entry]]]:
    """Yield the entries by kind, riskiest first."""
    for kind in comparison.counts():
        yield kind, comparison.of(kind)


def place(entry: Entry) -> str:
    """Return where the entry's resource is made, as `components/data.py:12`, or nothing."""
    return f"{entry.source[0]}:{entry.source[1]}" if entry.source else ""
