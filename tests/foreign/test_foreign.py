"""Programs that are not this project's: what the pack finds in each, exactly, and who reaches whom.

`python -m tests.foreign` shows what differs, `--write` takes it over after it was read.
"""

import pytest

from graph import may
from tests.foreign import support

NAMES = support.names()
CASES = [(name, form) for name in NAMES for form in support.FORMS]
QUESTIONS = [
    (name, form, asked)
    for name in NAMES
    for asked in support.expected(name).get("reach", ())
    for form in support.FORMS
]


def test_there_are_tables_for_all_programs() -> None:
    """Each says what it is about, and asks at least one question."""
    tables = {path.stem: support.expected(path.stem) for path in support.FOLDER.glob("*.yaml")}
    assert sorted(tables) == NAMES
    assert len(NAMES) >= 14
    assert all(table["about"] and table["reach"] for table in tables.values())


@pytest.mark.parametrize(("name", "form"), CASES, ids=[" ".join(case) for case in CASES])
def test_findings_are_exactly_the_expected_ones(name: str, form: str) -> None:
    """No rule misses anything, and none speaks without reason; `?` marks what is undetermined."""
    assert support.seen(name, form) == support.joined(support.expected(name), form)


@pytest.mark.parametrize("name", NAMES)
def test_every_note_is_about_something_that_is_found(name: str) -> None:
    """A note explains a finding; without it, the note is out of date."""
    found = {
        rule
        for form in support.FORMS
        for rules in support.seen(name, form).values()
        for rule in rules
    }
    assert set(support.expected(name)["notes"]) <= found


@pytest.mark.parametrize(
    ("name", "form", "asked"),
    QUESTIONS,
    ids=[f"{name} {form} {q['from']} to {q['to']} {q['port']}" for name, form, q in QUESTIONS],
)
def test_who_reaches_whom(name: str, form: str, asked: dict[str, str | int]) -> None:
    """The answer is the expected one, and says what it rests on."""
    graph = support.graph_of(name, form)
    source, target = (support.place(graph, str(asked[end])) for end in ("from", "to"))
    answer = may(graph, source, target, "tcp", int(asked["port"]))
    assert (answer.verdict, str(asked["says"]) in str(answer)) == (asked["verdict"], True), answer


def test_the_well_built_one_is_clean() -> None:
    """Neither a refusal nor advice: good programs are left alone, however they are built."""
    for form in support.FORMS:
        assert not any(support.seen("well_built", form).values())
