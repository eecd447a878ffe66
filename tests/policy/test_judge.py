"""How rules are run: a rule that fails is a finding, and takes no other with it."""

from collections.abc import Iterator
from dataclasses import replace

from graph import Graph
from rules import LAWS, SEGREGATED_SUBNETS, Finding, Severity, judge
from rules.thresholds import Thresholds

FINDING = Finding("broken", Severity.LOW, "urn:a", "first", (), "fix it")


def _breaks(_: Graph, __: Thresholds) -> Iterator[Finding]:
    yield FINDING
    raise KeyError("subnetIds")


def test_a_rule_that_raises_is_a_finding_against_itself() -> None:
    """What it found until then stays, and the other rules run."""
    broken = replace(SEGREGATED_SUBNETS, name="broken", check=_breaks)
    other = replace(
        SEGREGATED_SUBNETS, name="other", check=lambda _, __: iter([replace(FINDING, rule="other")])
    )
    first, failure, last = judge([broken, other], Graph.of([]))
    assert first == FINDING
    assert (failure.rule, failure.resource, failure.undetermined) == ("broken", "", True)
    assert "KeyError" in failure.message
    assert last.rule == "other"


def test_the_same_finding_is_reported_once() -> None:
    """Two ways to one finding are one finding."""
    twice = replace(SEGREGATED_SUBNETS, check=lambda _, __: iter([FINDING, FINDING]))
    assert judge([twice], Graph.of([])) == [FINDING]


def test_a_stack_without_networks_and_databases_is_clean() -> None:
    """Nothing to judge is not a finding."""
    assert judge(LAWS, Graph.of([])) == []


def test_the_text_has_one_thing_a_line() -> None:
    """What, path, whether it could be told, and the way out."""
    found = replace(FINDING, witness=("a", "b"), undetermined=True)
    what, path, undetermined, fix = found.text.splitlines()
    assert what == "first"
    assert path == "path: a -> b"
    assert undetermined.startswith("undetermined: ")
    assert fix == "fix: fix it"
