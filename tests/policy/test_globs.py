"""Patterns as sets, against every text of a small alphabet."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.globs import arns_overlap, covers, overlaps

SPACE = ["".join(text) for size in range(7) for text in itertools.product("ab", repeat=size)]
patterns = st.text("ab*?", max_size=3)


def meant(pattern: str) -> set[str]:
    """Return the texts of the small space that a pattern stands for, by the words of the manual."""
    expression = pattern.replace("?", ".").replace("*", ".*")
    return {text for text in SPACE if re.fullmatch(expression, text)}


@given(patterns, patterns)
def test_patterns_overlap_where_they_share_a_text(one: str, two: str) -> None:
    """Two patterns of three characters share one of six, if they share any."""
    assert overlaps(one, two) == bool(meant(one) & meant(two))


@given(patterns, patterns)
def test_a_pattern_that_covers_another_holds_all_its_texts(one: str, two: str) -> None:
    """What is taken for covered is; a literal that is held is also covered."""
    if covers(one, two):
        assert meant(two) <= meant(one)
    if not set("*?") & set(two):
        assert covers(one, two) == (two in meant(one))


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ("arn:*:iam::*:role/a", "arn:aws:iam::1:role/*", True),
        ("arn:*:iam::*:role/a", "arn:aws:iam::1:role/b*", False),
        ("arn:*:ec2:*:*:instance/a", "arn:aws:ecs:x:1:task/*", False),
        ("arn:*:iam::*:role/a", "*", True),
        ("arn:*:iam::*:role/a", "arn:aws:iam:*", True),
        ("arn:*:iam::*:role/a", "*/a", True),
        ("arn:*:iam::*:role/a", "arn:aws:s3:::*", False),
    ],
)
def test_the_parts_of_arns_are_compared_one_by_one(one: str, two: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    """A wildcard in one part of a full ARN never reaches into the next."""
    assert arns_overlap(one, two) is expected
    assert arns_overlap(two, one) is expected


@given(st.integers(1, 200))
def test_many_wildcards_take_no_time(number: int) -> None:
    """Patterns like these make naive matching run for ever."""
    assert overlaps("a*" * number + "b", "*a" * number + "b")
    assert not overlaps("a*" * number + "b", "*a" * number + "c")
