"""The accepted findings of a report, as a section of the HTML page."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from perpetual.offline.report import Report
from perpetual.offline.reports.markup import element


def section(report: Report) -> Iterator[Element]:
    """Yield the section, where the report has exceptions."""
    excepted = getattr(report.judgement, "excepted", ())
    if excepted:
        yield element("section", element("h2", f"Exceptions ({len(excepted)})"))
