"""Each way to break a law is a finding that names the resource and the path, in both forms."""

import pytest

from rules import Finding
from tests.policy.breaking_exposure import EXPOSED
from tests.policy.breaking_subnets import SEGREGATION
from tests.policy.breaking_tls import PLAIN
from tests.policy.case import Case
from tests.policy.support import findings

CASES = [*SEGREGATION, *EXPOSED, *PLAIN]
EACH = [(case, form) for case in CASES for form in case.forms]


def _walks(found: Finding, path: str) -> bool:
    """Tell whether the witness passes through the words of `path`, in their order."""
    steps = iter(found.witness)
    return all(any(word in step for step in steps) for word in path.split(" > "))


@pytest.mark.parametrize(
    ("case", "form"), EACH, ids=[f"{case.rule}: {case.name} ({form})" for case, form in EACH]
)
def test_breaking_a_law_is_a_finding(case: Case, form: str) -> None:
    """The finding has the law, the resource and the path, and says whether it could be told."""
    found = findings(case.program, form)
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
