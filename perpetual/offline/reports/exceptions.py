"""The accepted findings of a report, as a section of the HTML page."""

from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from perpetual.offline.findings import Excepted
from perpetual.offline.report import Report, Resource
from perpetual.offline.reports.entries import line, place
from perpetual.offline.reports.markup import element


def section(report: Report) -> Iterator[Element]:
    """Yield the section, where the report has exceptions."""
    excepted = report.judgement.excepted
    if not excepted:
        return
    yield element(
        "section",
        element("h2", f"Exceptions ({len(excepted)})"),
        *(_entry(item, report.by_urn) for item in excepted),
    )


def _entry(item: Excepted, places: Mapping[str, Resource]) -> Element:
    finding = item.finding
    resource = places.get(finding.urn)
    message = (finding.witness.splitlines() or [finding.description])[0]
    where = line(resource)
    return element(
        "article",
        element(
            "h3",
            element("code", finding.rule),
            " ",
            element("span", f"{finding.severity or finding.level} · excepted", class_="muted"),
        ),
        element("p", message),
        element(
            "ul",
            element("li", place(resource), " ", element("code", where) if where else None),
        ),
        element("dl", element("dt", "excepted"), element("dd", item.terms)),
        class_="entry excepted",
    )
