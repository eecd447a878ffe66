"""The controls of a framework and what the rules make of them, as lines and as JSON."""

from collections.abc import Iterator
from typing import Any, Final

from perpetual.errors import OperatorError
from perpetual.offline.reports.text import Line
from rules.coverage import FRAMEWORKS, Framework, Status, counts, rows

_COLOURS: Final = {
    Status.MET: "green",
    Status.PARTIAL: "yellow",
    Status.OPEN: "bold red",
    Status.OUT: "dim",
}


def framework(key: str) -> Framework:
    """Return the framework of this key; raise `OperatorError` if there is none."""
    for item in FRAMEWORKS:
        if item.key == key:
            return item
    accepted = ", ".join(item.key for item in FRAMEWORKS)
    raise OperatorError(f"there is no framework {key!r}", hint=f"Give one of {accepted}.")


def lines(key: str) -> Iterator[Line]:
    """Yield the controls of a framework, one a line, and their number by status."""
    item = framework(key)
    found = list(rows(item))
    yield (("bold cyan", item.title),)
    for row in found:
        names = ", ".join(rule.name for rule in row.rules)
        remark = "; ".join(part for part in (names, row.note) if part)
        yield (
            ("", f"  {row.control.id:<17}"),
            (_COLOURS[row.status], f"{row.status:<13}"),
            ("", row.control.about),
            ("dim", f"  [{remark}]" if remark else ""),
        )
    total = ", ".join(f"{number} {status}" for status, number in counts(found).items() if number)
    yield (("bold", f"{total}, of {len(found)}"),)
    yield (("dim", item.beyond),)
    yield ()


def entry(key: str) -> dict[str, Any]:
    """Return a framework as JSON shows it."""
    item = framework(key)
    found = list(rows(item))
    return {
        "framework": item.key,
        "title": item.title,
        "url": item.url,
        "beyond": item.beyond,
        "counts": {status.value: number for status, number in counts(found).items()},
        "controls": [
            {
                "id": row.control.id,
                "about": row.control.about,
                "status": row.status.value,
                "rules": [rule.name for rule in row.rules],
                "note": row.note,
            }
            for row in found
        ],
    }
