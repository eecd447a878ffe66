"""A report as JUnit XML, for test viewers: one test case a policy.

A policy with findings that refuse the stack has failed, with all of them in the failure's text; one
with advice alone has passed, and what it advises is its output.
"""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from perpetual.offline.report import Report
from perpetual.offline.reports.entries import Entry, counted, entries, line, place, visible


def render(report: Report) -> str:
    """Return the report as an XML document."""
    judgement = report.judgement
    found: dict[str, list[Entry]] = {policy.name: [] for policy in judgement.policies}
    for entry in entries(report):
        found.setdefault(entry.finding.policy, []).append(entry)
    failed = sum(any(entry.finding.fails for entry in of) for of in found.values())
    totals = {"tests": str(len(found)), "failures": str(failed), "errors": "0"}
    root = ET.Element("testsuites", totals)
    own = {
        "name": visible(f"{report.project}/{report.stack}"),
        "skipped": "0",
        "time": f"{report.seconds['total']:.3f}",
    }
    suite = ET.SubElement(root, "testsuite", own | totals)
    for policy, of in found.items():
        case = ET.SubElement(
            suite, "testcase", name=visible(policy), classname=visible(judgement.pack), time="0"
        )
        _outcome(case, of)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False)


def _outcome(case: ET.Element, found: Sequence[Entry]) -> None:
    refusing = [entry for entry in found if entry.finding.fails]
    advice = [entry for entry in found if not entry.finding.fails]
    if refusing:
        first = refusing[0]
        number = counted(sum(len(entry.places) for entry in refusing), "finding")
        failure = ET.SubElement(
            case, "failure", message=visible(f"{number}: {first.message}"), type=first.grade
        )
        failure.text = _text(refusing)
    if advice:
        ET.SubElement(case, "system-out").text = _text(advice)


def _text(found: Sequence[Entry]) -> str:
    return visible("\n\n".join(_described(entry) for entry in found))


def _described(entry: Entry) -> str:
    rows = [
        f"{entry.grade.upper()} {entry.kind} {entry.finding.rule}: {entry.message}",
        *entry.details,
    ]
    if entry.remedy:
        rows.append(f"fix: {entry.remedy}")
    rows += [f"on {place(item)} {line(item)}".rstrip() for item in entry.places]
    return "\n".join(rows)
