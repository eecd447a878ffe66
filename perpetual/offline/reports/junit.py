"""A report as JUnit XML, for test viewers: one test case a rule, or a policy of a foreign pack.

One with findings that refuse the stack has failed, with all of them in the failure's text; one with
advice alone has passed, and what it advises is its output, as is what exceptions silence. A rule
that is off in this stack is skipped.
"""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from perpetual.offline.report import Report
from perpetual.offline.reports.entries import Entry, counted, entries, line, place, visible


def render(report: Report) -> str:
    """Return the report as an XML document."""
    judgement = report.judgement
    found: dict[str, list[Entry]] = {case.name: [] for case in judgement.cases}
    for entry in entries(report):
        found.setdefault(entry.finding.rule, []).append(entry)
    silenced: dict[str, list[str]] = {}
    for item in judgement.excepted:
        where = place(report.by_urn.get(item.finding.urn))
        silenced.setdefault(item.finding.rule, []).append(f"EXCEPTED on {where} {item.terms}")
    off = {
        case.name
        for case in judgement.cases
        if case.level == "disabled" and not found[case.name] and case.name not in silenced
    }
    failed = sum(any(entry.finding.fails for entry in of) for of in found.values())
    totals = {"tests": str(len(found)), "failures": str(failed), "errors": "0"}
    root = ET.Element("testsuites", totals)
    own = {
        "name": visible(f"{report.project}/{report.stack}"),
        "skipped": str(len(off)),
        "time": f"{report.seconds['total']:.3f}",
    }
    suite = ET.SubElement(root, "testsuite", own | totals)
    for name, of in found.items():
        case = ET.SubElement(
            suite, "testcase", name=visible(name), classname=visible(judgement.pack), time="0"
        )
        if name in off:
            ET.SubElement(case, "skipped", message="off in this stack")
        _outcome(case, of, silenced.get(name, ()))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False)


def _outcome(case: ET.Element, found: Sequence[Entry], silenced: Sequence[str]) -> None:
    refusing = [entry for entry in found if entry.finding.fails]
    advice = [entry for entry in found if not entry.finding.fails]
    if refusing:
        first = refusing[0]
        number = counted(sum(len(entry.places) for entry in refusing), "finding")
        failure = ET.SubElement(
            case, "failure", message=visible(f"{number}: {first.message}"), type=first.grade
        )
        failure.text = _text(refusing)
    told = [*([_text(advice)] if advice else []), *map(visible, silenced)]
    if told:
        ET.SubElement(case, "system-out").text = "\n\n".join(told)


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
