"""The rules find the mutants of the project's own stacks, and nothing in what is equivalent.

Every operator is tried on some of its targets, on other ones in each stack and form; `make mutants`
judges all of them.
"""

from itertools import product

import pytest

from tests.mutants.every import SAME, WORSE
from tests.mutants.operators import AREAS
from tests.mutants.score import FORMS, STACKS, Sample, base, changes, findings
from tests.mutants.survivors import SURVIVORS
from tests.mutants.verdict import verdict

PAIRS = [pytest.param(stack, form, id=f"{stack}-{form}") for stack in STACKS for form in FORMS]
EVERY = 8
"""Of how many targets of an operator one is tried."""
SAMPLES = [
    pytest.param(stack, form, Sample(EVERY, number * EVERY // 4), id=f"{stack}-{form}")
    for number, (stack, form) in enumerate(product(STACKS, FORMS))
]


@pytest.mark.parametrize(("stack", "form"), PAIRS)
def test_the_stacks_themselves_are_clean(stack: str, form: str) -> None:
    """Otherwise a finding of theirs could hide what a change brings."""
    assert findings(base(stack, form)) == []


@pytest.mark.parametrize(("stack", "form", "sample"), SAMPLES)
def test_mutants_are_found_and_equivalent_changes_are_not(
    stack: str, form: str, sample: Sample
) -> None:
    """A mutant that is not found is explained."""
    held = verdict(stack, form, sample)
    assert {item.operator for item in (*held.worse, *held.same)} == {
        item.operator.name for item in changes(base(stack, form), (*WORSE, *SAME))
    }
    assert held.unexplained == []
    assert held.reported == []


@pytest.mark.parametrize(("stack", "form"), PAIRS)
def test_every_explanation_is_of_a_mutant(stack: str, form: str) -> None:
    """One that is about nothing would hide what comes to bear its name."""
    made = [(item.operator.name, item.target) for item in changes(base(stack, form), WORSE)]
    held = [entry for entry in SURVIVORS if entry.about(stack, form)]
    assert [entry for entry in held if not any(entry.explains(*item) for item in made)] == []


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
