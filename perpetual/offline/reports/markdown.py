"""A report as Markdown, for a comment on a pull request or a job's summary.

Findings are HTML blocks, one a line. Every character in them that could mean something to HTML,
Markdown or GitHub is written as a number, which none of them takes for its markup.
"""

from typing import Final

from perpetual.offline.report import Report, Resource
from perpetual.offline.reports.entries import (
    Entry,
    counted,
    entries,
    judged,
    line,
    place,
    visible,
)

LIMIT: Final = 65_536
"""GitHub's limit for a comment, in characters; bytes are counted here, to be safe."""
_RESERVE: Final = 400
_PLACES: Final = 50
_LONGEST: Final = 2_000
_HARMLESS: Final = frozenset(" ,-/()='")


def render(report: Report) -> str:
    """Return the report as Markdown within GitHub's limit; what is left out is counted."""
    head = _head(report)
    listed = entries(report)
    size = len(head.encode())
    blocks: list[str] = []
    for entry in listed:
        block = f"\n\n{_block(entry)}"
        size += len(block.encode())
        if size > LIMIT - _RESERVE:
            break
        blocks.append(block)
    left = len(listed) - len(blocks)
    if left:
        blocks.append(
            f"\n\n**{left} of {counted(len(listed), 'entry', 'entries')} left out:** a comment "
            f"holds {LIMIT:,} characters. The worst are above; `perpetual preview` shows them all."
        )
    return head + "".join(blocks) + _exceptions(report, LIMIT - _RESERVE - size)


def _exceptions(report: Report, room: int) -> str:
    """Return what exceptions silence, folded, as much as there is room for (bytes)."""
    silenced = report.judgement.excepted
    if not silenced:
        return ""
    start = f"\n\n<details><summary>{counted(len(silenced), 'finding')} excepted</summary><ul>"
    end = "</ul></details>"
    items = ""
    for number, item in enumerate(silenced):
        where = _short(place(report.by_urn.get(item.finding.urn)))
        row = f"<li><code>{_short(item.finding.rule)}</code> {where} {_short(item.terms)}</li>"
        if len((start + items + row + end).encode()) > room:
            return f"{start}{items}<li>and {len(silenced) - number} more</li>{end}"
        items += row
    return start + items + end


def escape(text: str) -> str:
    """Return text that reads as itself inside a line of HTML or Markdown."""
    return "".join(_escaped(character) for character in " ".join(visible(text).split()))


def _escaped(character: str) -> str:
    if character in _HARMLESS or character.isalnum():
        return character
    # GitHub looks for mentions and issues after it has decoded numbers; a comment parts the text.
    gap = "<!-- -->" if character in "@#" else ""
    return f"&#{ord(character)};{gap}"


def _head(report: Report) -> str:
    judgement = report.judgement
    failing = sum(finding.fails for finding in judgement.findings)
    advice = len(judgement.findings) - failing
    undetermined = sum(finding.undetermined for finding in judgement.findings)
    mark, verdict = ("✅", "clean") if judgement.clean else ("❌", counted(failing, "finding"))
    counts = [counted(failing, "finding"), f"{advice} advisory"]
    if undetermined:
        counts.append(f"{undetermined} of all undetermined")
    if judgement.excepted:
        counts.append(f"{len(judgement.excepted)} excepted")
    return (
        f"### {mark} {_short(report.project)} / {_short(report.stack)}: {verdict}\n\n"
        f"{judged(judgement)} of {_short(judgement.pack)} judged "
        f"{counted(len(report.resources), 'resource')}: {', '.join(counts)}."
    )


def _block(entry: Entry) -> str:
    finding = entry.finding
    where = f" ({counted(len(entry.places), 'resource')})" if len(entry.places) > 1 else ""
    summary = (
        f"<b>{_short(entry.grade.upper())}</b> <code>{_short(finding.rule)}</code> "
        f"{_short(entry.message)}{where}"
    )
    rows = [_short(detail) for detail in entry.details]
    if finding.description != entry.message:
        rows.insert(0, _short(finding.description))
    if entry.remedy:
        rows.append(f"<b>fix</b> {_short(entry.remedy)}")
    rows.append(f"<i>{_short(entry.kind)}</i>{_reference(finding.url)}")
    items = [_item(resource) for resource in entry.places[:_PLACES]]
    if len(entry.places) > _PLACES:
        items.append(f"<li>and {len(entry.places) - _PLACES} more</li>")
    body = "<br>".join(filter(None, rows))
    return f"<details><summary>{summary}</summary><ul>{''.join(items)}</ul><p>{body}</p></details>"


def _item(resource: Resource | None) -> str:
    where = f" <code>{_short(line(resource))}</code>" if line(resource) else ""
    return f"<li>{_short(place(resource))}{where}</li>"


def _reference(url: str) -> str:
    if not url.startswith(("https://", "http://")) or not url.isprintable() or " " in url:
        return ""
    return f' <a href="{escape(url).replace("<!-- -->", "")}">reference</a>'


def _short(text: str) -> str:
    return escape(text if len(text) <= _LONGEST else f"{text[:_LONGEST]} … (cut)")
