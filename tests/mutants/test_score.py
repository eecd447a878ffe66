"""The rules find every mutant of the project's own stacks, and nothing in what is equivalent."""

from functools import cache

import pytest

from tests.mutants.every import SAME, WORSE
from tests.mutants.operators import AREAS
from tests.mutants.score import FORMS, STACKS, base, changes, findings
from tests.mutants.verdict import Verdict, verdict

PAIRS = [pytest.param(stack, form, id=f"{stack}-{form}") for stack in STACKS for form in FORMS]


@cache
def judged(stack: str, form: str) -> Verdict:
    """Return the verdict on one stack in one form, reckoned once per process."""
    return verdict(stack, form)


@pytest.mark.parametrize(("stack", "form"), PAIRS)
def test_the_stacks_themselves_are_clean(stack: str, form: str) -> None:
    """Otherwise a finding of theirs could hide what a change brings."""
    assert findings(base(stack, form)) == []


@pytest.mark.parametrize(("stack", "form"), PAIRS)
def test_every_mutant_is_found_and_no_equivalent_change_is(stack: str, form: str) -> None:
    """A mutant that is not found is explained; an explanation that is not needed is none."""
    held = judged(stack, form)
    assert held.unexplained == []
    assert held.reported == []
    assert held.unused == []


@pytest.mark.parametrize(("stack", "form"), PAIRS)
def test_changes_are_many_of_every_area_and_each_is_one(stack: str, form: str) -> None:
    """No operator is idle by mistake: each area has mutants, and no two have the same name."""
    for operators in (WORSE, SAME):
        made = list(changes(base(stack, form), operators))
        labels = [item.label for item in made]
        assert len(set(labels)) == len(labels) >= 150
    assert {item.area for item in WORSE} == set(AREAS)
    assert {item.area for item in SAME} <= set(AREAS)


def test_every_operator_makes_something_somewhere() -> None:
    """An operator that finds no target any more tests nothing."""
    made = {
        change.operator.name
        for stack in STACKS
        for form in FORMS
        for change in changes(base(stack, form), (*WORSE, *SAME))
    }
    assert {item.name for item in (*WORSE, *SAME)} - made == set()
