"""Each way to break a law is a finding that names the resource and the path, in both forms.

The state that an update leaves behind is judged as the update was, from ids and outputs alone.
"""

import pytest

from graph import Graph
from graph.state import resources
from perpetual.offline.capture import Capture
from rules import LAWS, Finding, judge
from tests.policy.breaking_exposure import EXPOSED
from tests.policy.breaking_subnets import SEGREGATION
from tests.policy.breaking_tls import PLAIN
from tests.policy.case import Case
from tests.policy.support import PREVIEW, UPDATE, captured, findings, graph_of
from tests.support.state import exported

CASES = [*SEGREGATION, *EXPOSED, *PLAIN]
EACH = [(case, form) for case in CASES for form in case.forms]


def _told(found: list[Finding]) -> set[tuple[str, str, bool]]:
    return {(item.rule, item.resource, item.undetermined) for item in found}


def _of_state(capture: Capture) -> set[tuple[str, str, bool]]:
    """Return what the laws find in the state that a capture in update form leaves behind."""
    return _told(judge(LAWS, Graph.of(resources(exported(capture, stack="test")))))


def _walks(found: Finding, path: str) -> bool:
    """Tell whether the witness passes through the words of `path`, in their order."""
    steps = iter(found.witness)
    return all(any(word in step for step in steps) for word in path.split(" > "))


@pytest.mark.parametrize(
    ("case", "form"), EACH, ids=[f"{case.rule}: {case.name} ({form})" for case, form in EACH]
)
def test_breaking_a_law_is_a_finding(case: Case, form: str) -> None:
    """The finding has the law, the resource and the path, and says whether it could be told."""
    capture = captured(case.program, known=form == UPDATE)
    found = judge(LAWS, graph_of(capture))
    matching = [
        item
        for item in found
        if item.rule == case.rule
        and item.resource.endswith(f"::{case.resource}")
        and item.undetermined is case.undetermined
        and _walks(item, case.path)
    ]
    assert matching, "\n".join(f"{item.rule} {item.resource}\n{item.text}" for item in found)
    assert all(item.remediation for item in matching)
    assert form == PREVIEW or _of_state(capture) == _told(found)


@pytest.mark.parametrize(
    "case", [item for item in CASES if UPDATE not in item.forms], ids=lambda case: case.name
)
def test_a_state_is_judged_as_the_update_was(case: Case) -> None:
    """Also where only a preview breaks the law."""
    capture = captured(case.program, known=True)
    assert _of_state(capture) == _told(judge(LAWS, graph_of(capture)))


def test_no_finding_repeats_a_password() -> None:
    """Values of the environment may be secrets, and findings end up in pull requests."""
    (case,) = [item for item in CASES if item.name == "a literal URL without a mode"]
    assert not any("hunter2" in item.text for item in findings(case.program, "preview"))


def test_there_are_enough_ways_to_break_each_law() -> None:
    """The laws are tried from many sides, each under its own name."""
    names = [f"{case.rule}: {case.name}" for case in CASES]
    assert len(set(names)) == len(names)
    assert all(
        sum(case.rule == rule for case in CASES) > 20 for rule in {item.rule for item in CASES}
    )
