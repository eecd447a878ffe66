"""What policies permit beyond the base."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpetual.offline.records import UNKNOWN
from perpetual.offline.revisions.permissions import Grant, widened


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


READ = _allow("s3:GetObject", "arn:aws:s3:::a/*")
WHEN = {"StringEquals": {"aws:SourceAccount": "1"}}


@pytest.mark.parametrize(
    ("before", "after", "gained"),
    [
        ([READ], [READ], []),
        ([READ], [READ, READ], []),
        ([READ], [], []),
        ([READ], [_allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::a/*")], ["s3:PutObject"]),
        ([READ], [_allow("s3:GetObject", "*")], ["s3:GetObject on *"]),
        ([READ], [_allow("s3:GetObject", "arn:aws:s3:::a/b")], []),
        ([_allow("s3:*")], [READ], []),
        ([_allow("s3:get*")], [READ], []),
        ([{**READ, "Condition": WHEN}], [READ], ["s3:GetObject"]),
        ([READ], [{**READ, "Condition": WHEN}], []),
        (
            [_allow("s3:*")],
            [{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}],
            ["all but"],
        ),
        (
            [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2"}}],
            [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}],
            ["sts:AssumeRole for AWS *"],
        ),
    ],
)
def test_it_finds_what_is_gained(
    before: list[dict[str, Any]], after: list[dict[str, Any]], gained: list[str]
) -> None:
    """A pair that a wildcard of the base covers is none."""
    found = [str(grant) for grant in widened(_policy(*before), _policy(*after)).gained]
    assert len(found) == len(gained)
    for text, part in zip(found, gained, strict=True):
        assert part in text


def test_a_denial_that_goes_is_a_gain() -> None:
    """Even with nothing else allowed."""
    deny = {"Effect": "Deny", "Action": "kms:*", "Resource": "*"}
    found = widened(_policy(READ, deny), _policy(READ))
    assert [str(grant) for grant in found.undenied] == ["kms:* on *"]


@pytest.mark.parametrize("document", [UNKNOWN, "no JSON", "[1]", '{"Statement": ["text"]}'])
def test_what_cannot_be_read_is_said_to_be_so(document: str) -> None:
    """Never silence."""
    assert widened(_policy(READ), document).unreadable
    assert not widened(document, document)


@given(st.text(alphabet="ab*?:", max_size=8))
def test_a_grant_covers_itself_and_a_star_covers_all(action: str) -> None:
    """Whatever the pattern is."""
    grant = Grant("Allow", action, "arn", "", "")
    assert grant.covers(grant)
    assert Grant("Allow", "*", "*", "", "").covers(grant)
