"""The controls of others: known by id, each with a status that has its reason, and no drift."""

import pytest

from rules.controls import ELSEWHERE, HUB
from rules.controls_cis import CIS
from rules.coverage import FRAMEWORKS, RULES, Status, document, rows
from tests.support.stacks import ROOT

NAMES = {
    **{f"FSBP {item.id}": item for item in HUB},
    **{f"CIS {item.id}": item for item in CIS},
}
FIFTH = {"1.3", "1.13", "1.15", "1.16", "2.1.1", "2.1.4", "2.2.1", "2.2.2", "2.2.3", "2.2.4"} | {
    *("3.6", "3.7", "5.1.1", "5.1.2", "5.2", "5.3", "5.4", "5.5", "5.6", "5.7")
}
"""Numbers of CIS 5.0 that rules may name:
https://docs.aws.amazon.com/securityhub/latest/userguide/cis-aws-foundations-benchmark.html"""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_names_controls_that_exist(rule: object) -> None:
    """An id from memory that belongs to something else would be a false claim."""
    for control in getattr(rule, "controls", ()):
        framework, _, name = control.partition(" ")
        if framework == "CIS5":
            assert name in FIFTH, control
        else:
            assert control in NAMES or name in ELSEWHERE, control


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda item: item.key)
def test_every_control_has_a_status_and_its_reason(framework: object) -> None:
    """Met or partial by rules; out of scope with a reason; open ones are named in the report."""
    for item in FRAMEWORKS:
        if item is not framework:
            continue
        for row in rows(item):
            assert bool(row.rules) == (row.status in (Status.MET, Status.PARTIAL)), row.control.id
            assert row.rules or row.note, row.control.id


def test_what_is_out_of_scope_is_met_by_no_rule() -> None:
    """A rule that meets a control proves that it can be met: the reason would be false."""
    met = {control for rule in RULES for control in rule.controls}
    contradictions = {name for name, item in NAMES.items() if item.outside and name in met}
    assert contradictions == set()


def test_no_control_is_listed_twice() -> None:
    """Counts would be wrong."""
    assert len({item.id for item in HUB}) == len(HUB)
    assert len({item.id for item in CIS}) == len(CIS) == 70


def test_the_page_is_what_the_rules_say() -> None:
    """Run `make schema` after a change of a rule's controls."""
    assert (ROOT / "docs" / "coverage.md").read_text() == document()
