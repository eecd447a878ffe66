"""What exceptions silence, and the rules of a pack that lists them, in every report."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from perpetual import cli
from perpetual.offline.findings import Excepted, Finding, Judgement, Policy
from perpetual.offline.report import Report, Resource
from perpetual.offline.reports import document, junit, markdown, sarif, text
from perpetual.offline.revisions.comparison import Comparison
from perpetual.offline.revisions.forms import to_lines
from perpetual.output import Format
from tests.offline.test_reports import SARIF, SHAPE

DOOR = Resource(
    urn="urn:pulumi:dev::shop::aws:ec2/vpc:Vpc::front",
    type="aws:ec2/vpc:Vpc",
    name="front",
    parent="",
    component=False,
    source=("components/doors.py", 7),
)
OPEN = Finding(
    policy="advice",
    rule="open-door",
    level="advisory",
    severity="high",
    urn=DOOR.urn,
    witness="the door is open\nfix: shut it",
)
SILENCED = Excepted(
    finding=OPEN, until="2027-01-31", owner="me@example.com", ticket="T-1", reason="It is hot."
)
TERMS = "until 2027-01-31 by me@example.com (T-1): It is hot."
RULES = tuple(
    Policy(name=name, level=level, title=name, url="https://example.com/x", controls=("FSBP X.1",))
    for name, level in (("open-door", "mandatory"), ("quiet", "advisory"), ("off", "disabled"))
)
REPORT = Report(
    project="shop",
    stack="dev",
    resources=[DOOR],
    outputs=[],
    judgement=Judgement(
        pack="doors",
        policies=(Policy(name="stack", level="mandatory"), Policy(name="advice", level="advisory")),
        findings=(),
        rules=RULES,
        excepted=(SILENCED,),
    ),
    seconds={"total": 1.0},
)


def test_what_is_excepted_is_neither_refusal_nor_advice() -> None:
    """The verdict is clean, and counts it apart."""
    lines = ["".join(piece for _, piece in line) for line in text.to_lines(REPORT)]
    assert lines[-1] == "✓ dev: no finding, 1 excepted (2 rules of doors, 1.0 s)"
    at = lines.index("EXCEPTED  1 finding")
    assert "open-door" in lines[at + 1]
    assert "front" in lines[at + 1]
    assert lines[at + 2].strip() == "the door is open"
    assert lines[at + 3].strip() == TERMS


def test_a_comparison_shows_them() -> None:
    """Its text ends as the report of the head alone does."""
    comparison = Comparison(base="main", commit="0" * 40, entries=())
    lines = ["".join(piece for _, piece in line) for line in to_lines(REPORT, comparison)]
    assert "EXCEPTED  1 finding" in lines
    assert f"    {TERMS}" in lines


def test_a_watch_shows_them_after_every_save(capsys: pytest.CaptureFixture[str]) -> None:
    """Only the tree is left out of later judgements."""
    cli._show_again(REPORT, first=False, form=Format.TEXT)  # noqa: SLF001 - what --watch calls
    said = capsys.readouterr().out
    assert "EXCEPTED  1 finding" in said
    assert "it is hot" in said.lower()


def test_without_exceptions_no_report_mentions_them() -> None:
    """Nothing to say, nothing said."""
    report = replace(REPORT, judgement=replace(REPORT.judgement, excepted=()))
    lines = ["".join(piece for _, piece in line) for line in text.to_lines(report)]
    for said in ("\n".join(lines), markdown.render(report), junit.render(report)):
        assert "except" not in said.lower()


def test_json_has_them_apart() -> None:
    """Whole, with their terms."""
    shown = document.to_json(REPORT)
    jsonschema.validate(shown, SHAPE)
    (item,) = shown["exceptions"]
    assert item["finding"]["rule"] == "open-door"
    assert item["finding"]["resource"] == "front"
    assert (item["until"], item["owner"], item["ticket"]) == ("2027-01-31", "me@example.com", "T-1")
    assert shown["findings"] == []
    assert shown["pack"] == {"name": "doors", "policies": 2, "rules": 3}


def test_sarif_suppresses_them_and_lists_every_rule() -> None:
    """By the standard's own word, so that code scanning closes them."""
    log = sarif.to_sarif(REPORT)
    jsonschema.validate(log, SARIF)
    (run,) = log["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["open-door", "quiet", "off"]
    assert run["tool"]["driver"]["rules"][0]["properties"]["tags"] == ["security", "FSBP X.1"]
    (result,) = run["results"]
    assert result["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": TERMS}
    ]


def test_junit_has_one_case_a_rule() -> None:
    """What is excepted has passed and says so; what is off is skipped."""
    root = ET.fromstring(junit.render(REPORT))  # noqa: S314 - it was written here
    suite = root[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "0", "1")
    cases = {case.get("name"): case for case in suite}
    assert list(cases) == ["open-door", "quiet", "off"]
    assert f"EXCEPTED on front (ec2.Vpc) {TERMS}" in (
        cases["open-door"].findtext("system-out") or ""
    )
    assert [child.tag for child in cases["off"]] == ["skipped"]


@pytest.mark.parametrize("number", [1, 5_000])
def test_markdown_folds_them_within_the_limit(number: int) -> None:
    """And counts what it leaves out."""
    many = replace(REPORT, judgement=replace(REPORT.judgement, excepted=(SILENCED,) * number))
    shown = markdown.render(many)
    assert len(shown.encode()) <= markdown.LIMIT
    assert f"<summary>{number} finding" in shown
    assert shown.count("<details>") == shown.count("</details>") == 1
    assert ("more</li>" in shown) is (number > 1)
