"""A report as styled lines, for people at a terminal."""

from collections.abc import Iterator, Sequence
from itertools import groupby
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

Line = tuple[tuple[str, str], ...]
"""A line of output: pieces of text, each with a style's name, which may be empty."""

_COLOURS: Final = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}
_WIDTH: Final = 96


def to_lines(report: Report) -> Iterator[Line]:
    """Yield the report as lines: the tree by layer, the counts, the findings, the verdict."""
    yield (("bold", f"{report.project} / {report.stack}"),)
    for layer, tops in report.layers.items():
        total = report.counts()["layers"][layer]["total"]
        yield ()
        yield (("bold cyan", layer), ("dim", f"  {counted(total, 'resource')}"))
        yield from _tree(report, tops, "")
    yield ()
    yield from _summary(report)
    yield from changing_lines(report)


def findings_lines(report: Report) -> Iterator[Line]:
    """Yield the findings, worst first: rule by rule, and under each rule cause by cause."""
    for (rule, grade, kind), group in groupby(
        entries(report), key=lambda entry: (entry.finding.rule, entry.grade, entry.kind)
    ):
        causes = list(group)
        finding = causes[0].finding
        style = _COLOURS.get(finding.severity, "red" if finding.fails else "yellow")
        yield ()
        yield ((style, f"{grade.upper()}  "), ("bold", visible(rule)), ("dim", f"  {kind}"))
        yield from _paragraphs(finding.description, "  ")
        for entry in causes:
            yield from _cause(entry)
        if finding.url:
            yield (("dim", f"  {visible(finding.url)}"),)


def changing_lines(report: Report) -> Iterator[Line]:
    """Yield what may differ from one judgement to the next: findings, exceptions, the verdict."""
    yield from findings_lines(report)
    yield from exceptions_lines(report)
    yield ()
    yield verdict_line(report)


def exceptions_lines(report: Report) -> Iterator[Line]:
    """Yield what exceptions silence: which finding, until when, on whose word, and why."""
    silenced = report.judgement.excepted
    if not silenced:
        return
    yield ()
    yield (("bold", f"EXCEPTED  {counted(len(silenced), 'finding')}"),)
    for item in silenced:
        resource = report.by_urn.get(item.finding.urn)
        yield (("bold", f"  {visible(item.finding.rule)}"), ("", f"  {visible(place(resource))}"))
        yield from _paragraphs(item.finding.witness.partition("\n")[0], "    ")
        yield from _paragraphs(item.terms, "    ")


def verdict_line(report: Report) -> Line:
    """Return the one line that says whether the stack may be deployed."""
    judgement = report.judgement
    failing = sum(finding.fails for finding in judgement.findings)
    advice = len(judgement.findings) - failing
    noted = f", {advice} advisory" if advice else ""
    if judgement.excepted:
        noted += f", {len(judgement.excepted)} excepted"
    checked = f"{judged(judgement)} of {judgement.pack}"
    took = f"{report.seconds['total']:.1f} s"
    stack = f"{report.stack}: "
    if judgement.clean:
        found = "no finding" if not advice else "nothing that refuses it"
        return (
            ("bold green", "✓ "),
            ("bold", f"{stack}{found}"),
            ("", f"{noted} ({checked}, {took})"),
        )
    text = f"{stack}{counted(failing, 'finding')}"
    return (("bold red", "✗ "), ("bold", text), ("", f"{noted} ({checked}, {took})"))


def _tree(report: Report, resources: Sequence[Resource], indent: str) -> Iterator[Line]:
    wide = max((len(item.short_type) for item in resources if not item.component), default=0)
    for position, resource in enumerate(resources, 1):
        last = position == len(resources)
        children = report.children.get(resource.urn, [])
        branch = "└─ " if last else "├─ "
        kind = resource.short_type if resource.component else resource.short_type.ljust(wide)
        style = "bold" if resource.component else ""
        yield (("dim", indent + branch), ("cyan", kind), (style, f"  {visible(resource.name)}"))
        yield from _tree(report, children, indent + ("   " if last else "│  "))


def _summary(report: Report) -> Iterator[Line]:
    counts = report.counts()
    layers = ", ".join(f"{name} {of['total']}" for name, of in counts["layers"].items())
    text = counted(counts["total"], "resource") + (f": {layers}" if layers else "")
    yield from _paragraphs(text, "")


def _cause(entry: Entry) -> Iterator[Line]:
    for resource in entry.places:
        where = f"  {line(resource)}" if line(resource) else ""
        yield (("bold", f"  {visible(place(resource))}"), ("dim", visible(where)))
    if entry.message != entry.finding.description:
        yield from _paragraphs(entry.message, "    ")
    for detail in entry.details:
        yield from _paragraphs(detail, "    ")
    if entry.remedy:
        yield from _paragraphs(f"fix: {entry.remedy}", "    ")
    if not entry.same:
        about = place(entry.places[0])
        yield from _paragraphs(f"(as found on {about}; the others differ in name and path)", "    ")


def _paragraphs(text: str, indent: str) -> Iterator[Line]:
    """Yield text in lines of at most the report's width; further lines are indented more."""
    for paragraph in visible(text).splitlines():
        inner = indent + paragraph[: len(paragraph) - len(paragraph.lstrip())]
        row = inner
        for word in paragraph.split():
            if len(row) + len(word) > _WIDTH and row.strip():
                yield (("", row.rstrip()),)
                row = f"{inner}  "
            row += f"{word} "
        yield (("", row.rstrip()),)
