"""Each trap, planted in a good project, is found: its rule, file and line, and nothing else."""

from collections.abc import Mapping

import pytest

from perpetual.release.lint.rules import RULES
from tests.release_units.lint.cases import (
    cluster,
    configuration,
    database,
    docker,
    endpoint,
    migrations,
    nodes,
    scripts,
)
from tests.release_units.lint.good import GOOD, Change, changed, found, line_of

CASES = [
    case
    for module in (
        endpoint,
        configuration,
        database,
        migrations,
        cluster,
        nodes,
        scripts,
        docker,
    )
    for case in module.CASES
]
FROM_FILES = {"unreadable"}
"""Rules on what only a folder has; `test_reading` plants their traps."""


def test_the_good_project_is_clean() -> None:
    """It is the recipe for Phoenix, and the minimum around it."""
    assert found(GOOD) == []


@pytest.mark.parametrize(("rule", "file", "text", "changes"), CASES)
def test_a_trap_is_found_where_it_is(
    rule: str, file: str, text: str, changes: Mapping[str, Change]
) -> None:
    """One change, one rule that finds it."""
    project = changed(changes)
    assert (rule, file, line_of(project, file, text)) in found(project)
    assert {name for name, *_ in found(project)} == {rule}


def test_every_rule_has_a_trap() -> None:
    """A rule that nothing trips over might find nothing."""
    assert {case.values[0] for case in CASES} | FROM_FILES == {rule.name for rule in RULES}
