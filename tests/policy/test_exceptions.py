"""Exceptions: what they silence, what they cannot, and when they are findings themselves."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import Graph, Resource
from rules import Finding, Severity, catalogue, exceptions
from rules.exceptions import Applied
from rules.outcome import outcome
from rules.thresholds import Thresholds

TODAY = date(2026, 3, 1)
STACK = "prod"
RULE = "rds-storage-encrypted"
OTHER = "rds-tags-copied"
LAW = "no-public-rds"
TYPE = "aws:rds/instance:Instance"
NAMES = ("orders", "orders-replica", "billing", "a:b::c", "x[1]")
GOOD = {
    "rule": RULE,
    "stack": STACK,
    "resource": "orders",
    "reason": "Migrated in May.",
    "owner": "data@example.com",
    "expires": "2026-06-30",
    "ticket": "OPS-7",
}


def graph(*names: str, stack: str = STACK) -> Graph:
    """Return databases of these names that comply with nothing."""
    return Graph.of(
        [
            Resource(
                urn=f"urn:pulumi:{stack}::shop::{TYPE}::{name}",
                type=TYPE,
                name=name,
                properties={"id": name},
            )
            for name in names or NAMES
        ]
    )


def finding(rule: str = RULE, name: str = "orders", stack: str = STACK) -> Finding:
    """Return a finding on a database."""
    urn = f"urn:pulumi:{stack}::shop::{TYPE}::{name}" if name else ""
    return Finding(rule, Severity.HIGH, urn, f"{name} is wrong", (), "mend it")


def apply(
    *entries: Mapping[str, Any], findings: list[Finding] | None = None, **changes: Any
) -> Applied:
    """Return the findings after exceptions in prod, by default one finding on one database."""
    return exceptions.apply(
        yaml.safe_dump([dict(entry) for entry in entries]),
        [finding()] if findings is None else findings,
        graph(),
        stack=STACK,
        today=TODAY,
        **changes,
    )


def said(applied: Applied) -> str:
    """Return what the one finding about exceptions says; there is exactly one."""
    (item,) = applied.findings
    assert item.rule == exceptions.NAME
    assert item.resource == ""
    assert item.remediation
    assert "exceptions.yaml" in item.witness[0]
    return item.message


# --- what is silenced


def test_an_exception_silences_its_rule_on_its_resource() -> None:
    """And says so, with owner, end, ticket and reason."""
    other = finding(OTHER)
    third = finding(name="billing")
    applied = apply(GOOD, findings=[finding(), other, third])
    assert applied.kept == (other, third)
    assert applied.findings == ()
    (excepted,) = applied.excepted
    assert excepted.finding == finding()
    assert excepted.text.splitlines()[-4:] == [
        "excepted: until 2026-06-30",
        "owner: data@example.com",
        "ticket: OPS-7",
        "reason: Migrated in May.",
    ]


def test_a_pattern_silences_what_it_matches() -> None:
    """In stack and resource alike."""
    findings = [finding(), finding(name="orders-replica"), finding(name="billing")]
    applied = apply(GOOD | {"stack": "prod*", "resource": "orders*"}, findings=findings)
    assert applied.kept == (findings[2],)
    assert len(applied.excepted) == 2
    assert applied.findings == ()


@pytest.mark.parametrize("name", ["a:b::c", "x[1]"])
def test_an_odd_name_is_still_a_name(name: str) -> None:
    """Colons and brackets mean themselves where the name is given whole."""
    applied = apply(GOOD | {"resource": name}, findings=[finding(name=name)])
    assert (applied.kept, applied.findings) == ((), ())


def test_the_last_day_still_holds() -> None:
    """`expires` is the last day, not the first one after."""
    assert apply(GOOD | {"expires": str(TODAY)}).kept == ()


def test_an_exception_of_another_stack_is_silent_here() -> None:
    """Neither used nor a finding."""
    applied = apply(GOOD | {"stack": "dev"})
    assert applied == Applied(kept=(finding(),), excepted=(), findings=())


def test_a_failed_rule_cannot_be_excepted() -> None:
    """It has decided nothing, about no resource in particular."""
    failed = finding(name="")
    applied = apply(GOOD | {"resource": "[!a]*z*"}, findings=[failed])
    assert applied.kept == (failed,)


@pytest.mark.parametrize("rule", [exceptions.NAME, catalogue.CONFIGURATION])
def test_neither_exceptions_nor_configuration_can_be_excepted(rule: str) -> None:
    """No rule of such a name is in the catalogue."""
    assert "none of this name" in said(apply(GOOD | {"rule": rule}, findings=[]))


@pytest.mark.parametrize("text", ["", "[]", "# nothing\n", "---\n", "null"])
def test_a_file_may_hold_nothing(text: str) -> None:
    """No exception, no finding."""
    applied = exceptions.apply(text, [finding()], graph(), stack=STACK, today=TODAY)
    assert applied == Applied(kept=(finding(),), excepted=(), findings=())


# --- what is at fault silences nothing

FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "expired": ({"expires": "2026-02-28"}, "expired on 2026-02-28"),
    "unused": ({"resource": "billing"}, "is not used"),
    "unused rule": ({"rule": OTHER}, "is not used"),
    "every resource": ({"resource": "*"}, "covers every resource, by '*'"),
    "every resource by a class": ({"resource": "[a-z]*-?"}, "covers every resource"),
    "every stack": ({"stack": "**"}, "covers every stack"),
    "too long": ({"expires": "2027-03-03"}, "in 367 days"),
    "law by pattern": ({"rule": LAW, "resource": "orders*"}, "is a law"),
    "law in stacks by pattern": ({"rule": LAW, "stack": "prod*"}, "is a law"),
    "unknown rule": ({"rule": "rds-storage-encrypt"}, "did you mean rds-storage-encrypted?"),
    "unknown key": ({"until": "2026-06-30"}, "unknown key 'until'"),
    "misspelt key": ({"tickets": "OPS-7"}, "did you mean ticket?"),
    "bad date": ({"expires": "2026-06-31"}, "'2026-06-31', which is no date"),
    "another form of date": ({"expires": "30.06.2026"}, "no date"),
    "week date": ({"expires": "2026-W20-1"}, "no date"),
    "no reason": ({"reason": " "}, "empty reason"),
    "null owner": ({"owner": None}, "empty owner"),
    "list of owners": ({"owner": ["a", "b"]}, "no text as owner"),
}


@pytest.mark.parametrize(("changes", "words"), FAULTS.values(), ids=FAULTS)
def test_an_exception_at_fault_is_a_finding_and_silences_nothing(
    changes: dict[str, Any], words: str
) -> None:
    """Each has its own sentence."""
    applied = apply(GOOD | changes)
    assert words in said(applied)
    assert applied.kept == (finding(),)
    assert applied.excepted == ()


@pytest.mark.parametrize("key", ["rule", "stack", "resource", "reason", "owner", "expires"])
def test_every_key_but_the_ticket_is_needed(key: str) -> None:
    """A missing key is named."""
    assert f"has no {key}" in said(apply({k: v for k, v in GOOD.items() if k != key}))


def test_a_ticket_may_be_missing() -> None:
    """Then it is not shown either."""
    (excepted,) = apply({k: v for k, v in GOOD.items() if k != "ticket"}).excepted
    assert "ticket" not in excepted.text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rule: x", "no list"),
        ("- just text", "no object"),
        ("- [a, b]", "no object"),
        ("- rule: [", "not YAML"),
        ("- !!python/object:os.system {}", "exception 1 has no rule"),
        ("\x00", "not YAML"),
        (b"\xff\xfe\xfa", "not YAML"),
        ("[" * 10_000, "not YAML"),
        ("- &a [*a]", "no object"),
        ("--- []\n--- []", "not YAML"),
    ],
    ids=range(10),
)
def test_a_file_that_cannot_be_read_is_a_finding(text: str | bytes, words: str) -> None:
    """The rest of the verdict is as without exceptions."""
    applied = exceptions.apply(text, [finding()], graph(), stack=STACK, today=TODAY)
    assert words in said(applied)
    assert applied.kept == (finding(),)


def test_a_finding_names_the_line() -> None:
    """Of the entry that is wrong."""
    text = yaml.safe_dump([GOOD, GOOD | {"resource": "billing"}], sort_keys=False)
    applied = exceptions.apply(text, [finding()], graph(), stack=STACK, today=TODAY)
    said(applied)
    assert applied.findings[0].witness == ("exceptions.yaml, line 8",)


def test_a_key_twice_and_an_exception_twice_are_findings() -> None:
    """YAML itself would silently take the last one."""
    text = yaml.safe_dump([GOOD]) + "  owner: someone@example.com\n"
    applied = exceptions.apply(text, [finding()], graph(), stack=STACK, today=TODAY)
    assert "has the key owner twice" in said(applied)
    twice = apply(GOOD, GOOD | {"reason": "Another."})
    assert "exception 2 repeats exception 1" in said(twice)
    assert len(twice.excepted) == 1


def test_an_exception_covers_few_resources() -> None:
    """Those that comply count as well: it would silence them, too."""
    entry = GOOD | {"resource": "orders*"}
    assert "covers 2 resources" in said(apply(entry, thresholds=Thresholds(exception_resources=1)))
    assert apply(entry, thresholds=Thresholds(exception_resources=2)).findings == ()


def test_a_team_sets_the_longest_time() -> None:
    """By its configuration."""
    entry = GOOD | {"expires": str(TODAY + timedelta(days=31))}
    assert "in 31 days" in said(apply(entry, thresholds=Thresholds(exception_days=30)))
    assert apply(entry, thresholds=Thresholds(exception_days=31)).findings == ()


# --- for any findings and any exceptions

PATTERNS = st.sampled_from([*NAMES, "*", "orders*", "?illing", "[ab]*", "no", "prod", "*r*", "dev"])
ENTRIES = st.fixed_dictionaries(
    {
        "rule": st.sampled_from([RULE, OTHER, LAW, "rds-port", "none"]),
        "stack": st.sampled_from([STACK, "dev", "p*", "*"]),
        "resource": PATTERNS,
        "reason": st.sampled_from(["because", ""]),
        "owner": st.just("me"),
        "expires": st.dates(date(2026, 1, 1), date(2027, 12, 31)).map(str),
    }
)
FINDINGS = st.builds(
    finding, st.sampled_from([RULE, OTHER, LAW]), st.sampled_from([*NAMES, "", "elsewhere"])
)


@given(entries=st.lists(ENTRIES, max_size=6), findings=st.lists(FINDINGS, max_size=8))
def test_nothing_is_excepted_that_no_exception_names(
    entries: list[dict[str, str]], findings: list[Finding]
) -> None:
    """And nothing is lost: each finding either stands or is excepted, in order."""
    applied = apply(*entries, findings=findings)
    excepted = [item.finding for item in applied.excepted]
    assert sorted(map(repr, [*applied.kept, *excepted])) == sorted(map(repr, findings))
    for item in applied.excepted:
        by, name = item.exemption, item.finding.resource.split("::", 3)[-1]
        assert item.finding.resource
        assert by.rule == item.finding.rule
        assert by.names(STACK)
        assert by.covers(name)
        assert TODAY <= by.expires <= TODAY + timedelta(days=366)
        assert by.resource != "*"
        assert by.stack != "*"
        assert by.reason
        assert by.rule != LAW or by.resource == name


@given(text=st.text() | st.binary())
@settings(max_examples=300)
def test_no_file_breaks_the_pack(text: str | bytes) -> None:
    """Whatever it holds, it silences nothing by accident."""
    applied = exceptions.apply(text, [finding()], graph(), stack=STACK, today=TODAY)
    assert applied.kept == (finding(),)


# --- in the outcome of all rules


def test_the_outcome_keeps_refusal_advice_and_exceptions_apart() -> None:
    """An excepted finding is in none of the others, whatever its level."""
    before = outcome(graph("orders"))
    entries = [GOOD, GOOD | {"rule": OTHER}]
    text = yaml.safe_dump(entries)
    after = outcome(graph("orders"), exempt=text, today=TODAY)
    assert {item.finding.rule for item in after.excepted} == {RULE, OTHER}
    assert {item.rule for item in before.refused} - {item.rule for item in after.refused} == {RULE}
    assert {item.rule for item in before.advised} - {item.rule for item in after.advised} == {OTHER}
    assert len(before.refused) + len(before.advised) == (
        len(after.refused) + len(after.advised) + len(after.excepted)
    )


def test_a_fault_of_an_exception_refuses_the_stack() -> None:
    """It is mandatory, wherever the pack runs."""
    text = yaml.safe_dump([GOOD | {"expires": "2025-01-01"}])
    refused = outcome(graph("orders"), exempt=text, today=TODAY).refused
    assert [item.message for item in refused if item.rule == exceptions.NAME] == [
        f"exception 1 ({RULE} on orders in prod) expired on 2025-01-01, and no longer holds"
    ]
