"""A comparison in its forms: order, limits, escapes, and the schema's words."""

import json
import re
from importlib.resources import files
from typing import Any, Final

import jsonschema
import pytest

from perpetual.offline.findings import Judgement
from perpetual.offline.report import Report
from perpetual.offline.reports.markdown import LIMIT
from perpetual.offline.revisions import forms, freight
from perpetual.offline.revisions.comparison import Comparison
from perpetual.offline.revisions.kinds import RISKS, Kind
from perpetual.offline.revisions.resources import Entry
from perpetual.offline.revisions.wording import TITLES, summary
from tests.offline.revisions.compared import captured
from tests.offline.revisions.test_reaching import WEB, _host

SHAPE: Final = json.loads(files("perpetual.offline.revisions").joinpath("schema.json").read_text())
COMMIT: Final = "0123456789" * 4


def _report() -> Report:
    return Report(
        project="shop",
        stack="dev",
        resources=[],
        outputs=[],
        judgement=Judgement(pack="tiny", policies=(), findings=()),
        seconds={"total": 1.0},
    )


def _comparison(*entries: Entry) -> Comparison:
    return Comparison(base="main (012345678)", commit=COMMIT, entries=entries)


def _text(comparison: Comparison) -> str:
    lines = forms.to_lines(_report(), comparison)
    return "\n".join("".join(piece for _, piece in line) for line in lines)


def test_the_schema_knows_every_kind() -> None:
    """In the order of risk, as the reports have it."""
    assert SHAPE["$defs"]["kind"]["enum"] == [kind.value for kind in Kind]
    assert list(Kind)[: len(RISKS)] == list(RISKS)
    assert set(TITLES) == set(Kind)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_words_in_every_form(kind: Kind) -> None:
    """One of it, and two."""
    one = Entry(kind=kind, message="something happens", details=("a: 1 -> 2",))
    for number in (1, 2):
        comparison = _comparison(*[one] * number)
        assert summary(comparison).startswith(f"{number} ")
        assert TITLES[kind] in _text(comparison)
        assert "something happens" in forms.render_markdown(_report(), comparison)
        result: dict[str, Any] = forms.to_json(_report(), comparison)
        jsonschema.validate(result, SHAPE, jsonschema.Draft202012Validator)


def test_a_comment_holds_what_github_takes_and_counts_the_rest() -> None:
    """The riskiest stay."""
    entries = [Entry(kind=Kind.LOSS, message="the database goes")]
    entries += [Entry(kind=Kind.ADDED, message=f"number {n} " + "x" * 900) for n in range(200)]
    text = forms.render_markdown(_report(), _comparison(*entries))
    assert len(text.encode()) <= LIMIT
    assert "the database goes" in text
    shown = len(re.findall(r"number \d+", text))
    assert f"**{len(entries) - 1 - shown} of {len(entries)} entries left out:**" in text


def test_nothing_of_a_program_becomes_markup() -> None:
    """Names come from the pull request's own code."""
    evil = Entry(kind=Kind.ADDED, message="</p><script> @everyone #1 \x1b[31m", details=("`x`",))
    text = forms.render_markdown(_report(), _comparison(evil))
    assert "<script" not in text
    assert "@everyone" not in text
    assert "`x`" not in text
    assert "\x1b" not in _text(_comparison(evil))


def test_a_capture_survives_its_way_between_processes() -> None:
    """Every request as it was made, and what was exported."""
    made = captured(_host(WEB))
    again = freight.loads(freight.dumps(made))
    assert again == made
    assert [item.inputs for item in again.registrations] == [
        item.inputs for item in made.registrations
    ]
