"""A comparison as text, JSON and Markdown: the risky first, then the head's own verdict."""

import json
from collections.abc import Iterator
from typing import Any, Final

from perpetual.offline.report import Report
from perpetual.offline.reports import document, markdown, text
from perpetual.offline.reports.entries import visible
from perpetual.offline.reports.markdown import LIMIT, escape
from perpetual.offline.reports.text import Line
from perpetual.offline.revisions.comparison import Comparison
from perpetual.offline.revisions.kinds import RISKS, Kind
from perpetual.offline.revisions.resources import Entry
from perpetual.offline.revisions.wording import TITLES, groups, place, summary

VERSION: Final = 1
_WIDTH: Final = 110
_RESERVE: Final = 400
_LONGEST: Final = 1_500


# --- text


def to_lines(report: Report, comparison: Comparison) -> Iterator[Line]:
    """Yield the comparison as lines, then the head's findings and verdict."""
    yield (("bold", f"{report.project} / {report.stack}"), ("", f" since {comparison.base}"))
    style = "red" if comparison.of(*RISKS) else ""
    yield ((style, summary(comparison)),)
    for kind, entries in groups(comparison):
        yield ()
        yield (("bold red" if kind in RISKS else "bold", TITLES[kind]),)
        for entry in entries:
            yield from _entry_lines(entry)
    yield from text.changing_lines(report)


def _entry_lines(entry: Entry) -> Iterator[Line]:
    where = place(entry) if entry.kind in RISKS else ""
    yield (("", f"  {visible(entry.message)}"), ("dim", f"  {where}" if where else ""))
    if entry.kind not in {Kind.ADDED, Kind.REMOVED}:
        for detail in entry.details:
            yield from _wrapped(visible(detail))
    else:
        for detail in entry.details:
            yield (("", f"      {visible(detail)}"),)


def _wrapped(detail: str) -> Iterator[Line]:
    row = "     "
    for word in detail.split():
        if len(row) + len(word) > _WIDTH and row.strip():
            yield (("dim", row),)
            row = "       "
        row += f" {word}"
    yield (("dim", row),)


# --- JSON


def to_json(report: Report, comparison: Comparison) -> dict[str, Any]:
    """Return the comparison in the shape of `schema.json` beside this file."""
    return {
        "version": VERSION,
        "project": report.project,
        "stack": report.stack,
        "base": {"revision": comparison.base, "commit": comparison.commit},
        "changed": bool(comparison.entries),
        "counts": {kind.value: number for kind, number in comparison.counts().items()},
        "entries": [
            {
                "kind": entry.kind.value,
                "risk": entry.kind in RISKS,
                "message": entry.message,
                "details": list(entry.details),
                "urn": entry.urn,
                "resource": entry.name,
                "type": entry.type,
                "source": (
                    {"file": entry.source[0], "line": entry.source[1]} if entry.source else None
                ),
            }
            for entry in comparison.entries
        ],
        "head": document.to_json(report),
    }


def render_json(report: Report, comparison: Comparison) -> str:
    """Return the comparison as JSON."""
    return json.dumps(to_json(report, comparison), indent=2)


# --- Markdown


def render_markdown(report: Report, comparison: Comparison) -> str:
    """Return the comparison and the head's verdict as Markdown within GitHub's limit.

    The entries come first, riskiest first; what does not fit is counted.
    """
    verdict = markdown.render(report)
    head = (
        f"### {escape(report.project)} / {escape(report.stack)} since {escape(comparison.base)}\n\n"
        f"{escape(summary(comparison))}"
    )
    room = LIMIT - _RESERVE - len(head.encode())
    blocks: list[str] = []
    left = len(comparison.entries)
    for kind, entries in groups(comparison):
        title = f"\n\n**{escape(TITLES[kind])}**\n"
        for entry in entries:
            block = f"{title}\n{_block(entry)}"
            room -= len(block.encode())
            if room < 0:
                break
            blocks.append(block)
            title, left = "", left - 1
        if room < 0:
            break
    if left:
        blocks.append(
            f"\n\n**{left} of {len(comparison.entries)} entries left out:** a comment holds "
            f"{LIMIT:,} characters. The riskiest are above."
        )
    elif len(verdict.encode()) + 2 <= room:
        blocks.append(f"\n\n{verdict}")
    else:
        blocks.append(f"\n\n{verdict.partition(chr(10))[0]}")
    return head + "".join(blocks)


def _block(entry: Entry) -> str:
    message = _short(entry.message)
    where = f" <code>{_short(place(entry))}</code>" if place(entry) else ""
    if not entry.details:
        return f"<p>{message}{where}</p>"
    body = "<br>".join(_short(detail) for detail in entry.details)
    return f"<details><summary>{message}{where}</summary><p>{body}</p></details>"


def _short(words: str) -> str:
    return escape(words if len(words) <= _LONGEST else f"{words[:_LONGEST]} … (cut)")
