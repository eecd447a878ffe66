"""The evaluator against AWS's own rules: a wrong judge would pass any document."""

import json
from typing import Any

import pytest

from tests.support.iam import Call, Context, Decision, admits, decide


def policy(*statements: dict[str, Any]) -> str:
    """Return a document of statements that allow everything unless they say otherwise."""
    base = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [base | given for given in statements]}
    )


def when(condition: dict[str, Any], context: Context) -> bool:
    """Tell whether a statement with this condition applies to a request with this context."""
    answer = decide(Call("s3:GetObject", "*", context), [policy({"Condition": condition})])
    return answer is Decision.ALLOWED


def test_nothing_is_allowed_that_nobody_allows() -> None:
    """No statement, no permission."""
    assert decide(Call("s3:GetObject"), []) is Decision.IMPLICIT


def test_a_denial_wins_over_every_permission() -> None:
    """Also when it stands in another document."""
    denial = policy({"Effect": "Deny", "Action": "s3:Get*"})
    assert decide(Call("s3:GetObject"), [policy({}), denial]) is Decision.EXPLICIT
    assert decide(Call("s3:PutObject"), [policy({}), denial]) is Decision.ALLOWED


def test_a_boundary_allows_nothing_and_limits_everything() -> None:
    """What both allow is allowed; a boundary's denial counts as one."""
    reads = policy({"Action": "s3:Get*"})
    assert decide(Call("s3:GetObject"), [], reads) is Decision.IMPLICIT
    assert decide(Call("s3:GetObject"), [policy({})], reads) is Decision.ALLOWED
    assert decide(Call("s3:PutObject"), [policy({})], reads) is Decision.IMPLICIT
    denial = policy({}, {"Effect": "Deny", "Action": "s3:PutObject"})
    assert decide(Call("s3:PutObject"), [policy({})], denial) is Decision.EXPLICIT


def test_actions_ignore_case_and_resources_do_not() -> None:
    """As in the reference of policy elements."""
    document = policy({"Action": "S3:getobject", "Resource": "arn:aws:s3:::Box/?"})
    assert decide(Call("s3:GetObject", "arn:aws:s3:::Box/a"), [document]) is Decision.ALLOWED
    assert decide(Call("s3:GetObject", "arn:aws:s3:::box/a"), [document]) is Decision.IMPLICIT
    assert decide(Call("s3:GetObject", "arn:aws:s3:::Box/ab"), [document]) is Decision.IMPLICIT


def test_not_action_and_not_resource_take_the_rest() -> None:
    """Both in the form this project denies with."""
    document = policy(
        {}, {"Effect": "Deny", "Action": None, "NotAction": ["iam:Get*"], "Resource": "arn:x"}
    ).replace('"Action": null, ', "")
    assert decide(Call("iam:GetRole", "arn:x"), [document]) is Decision.ALLOWED
    assert decide(Call("iam:PutRole", "arn:x"), [document]) is Decision.EXPLICIT
    assert decide(Call("iam:PutRole", "arn:y"), [document]) is Decision.ALLOWED


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        ({"StringEquals": {"k": ["a", "b"]}}, {"k": "b"}, True),
        ({"StringEquals": {"k": "a"}}, {"k": "A"}, False),
        ({"StringEquals": {"k": "a"}}, {}, False),
        ({"StringEquals": {"K/Tag": "a"}}, {"k/tag": "a"}, True),
        ({"StringEqualsIfExists": {"k": "a"}}, {}, True),
        ({"StringEqualsIfExists": {"k": "a"}}, {"k": "b"}, False),
        ({"StringNotEquals": {"k": ["a", "b"]}}, {"k": "b"}, False),
        ({"StringNotEquals": {"k": ["a", "b"]}}, {"k": "c"}, True),
        ({"StringNotEquals": {"k": "a"}}, {}, True),
        ({"StringLike": {"k": "a*"}}, {"k": "abc"}, True),
        ({"StringEquals": {"k": "a*"}}, {"k": "abc"}, False),
        ({"StringEqualsIgnoreCase": {"k": "A"}}, {"k": "a"}, True),
        ({"Bool": {"k": "true"}}, {"k": "True"}, True),
        ({"Bool": {"k": "true"}}, {}, False),
        ({"BoolIfExists": {"k": "true"}}, {}, True),
        ({"Null": {"k": "true"}}, {}, True),
        ({"Null": {"k": "false"}}, {}, False),
        ({"Null": {"k": "false"}}, {"k": "x"}, True),
        ({"Null": {"k": "true", "l": "true"}}, {"l": "x"}, False),
        ({"ArnLike": {"k": "arn:aws:ecs:*:1:task/*"}}, {"k": "arn:aws:ecs:r:1:task/a"}, True),
        ({"ArnLike": {"k": "arn:aws:ecs:*"}}, {"k": "arn:aws:ecs:r:1:task/a"}, False),
        ({"ForAnyValue:StringEquals": {"k": "a"}}, {"k": ["a", "b"]}, True),
        ({"ForAnyValue:StringEquals": {"k": "a"}}, {}, False),
        ({"ForAllValues:StringLike": {"k": ["a*", "b"]}}, {"k": ["ab", "b"]}, True),
        ({"ForAllValues:StringLike": {"k": ["a*", "b"]}}, {"k": ["ab", "c"]}, False),
        ({"ForAllValues:StringLike": {"k": "a"}}, {}, True),
        ({"StringEquals": {"k": "a", "l": "b"}}, {"k": "a"}, False),
        ({"StringLike": {"k": "${aws:userid}"}}, {"k": "me", "aws:userid": "me"}, True),
        ({"StringLike": {"k": "${aws:userid}"}}, {"k": "me", "aws:userid": "you"}, False),
        ({"StringLike": {"k": "${aws:userid}"}}, {"k": ""}, False),
    ],
)
def test_conditions_hold_as_aws_documents(
    condition: dict[str, Any], context: Context, *, expected: bool
) -> None:
    """One row per rule of the operators."""
    assert when(condition, context) is expected


@pytest.mark.parametrize(
    "condition",
    [
        {"DateLessThan": {"k": "2026"}},
        {"ForSomeValue:StringEquals": {"k": "a"}},
        {"Strings": {"k": "a"}},
    ],
)
def test_an_unknown_operator_is_refused(condition: dict[str, Any]) -> None:
    """Rather than taken for one that holds, or does not."""
    with pytest.raises(NotImplementedError):
        when(condition, {"k": "a"})


def test_several_values_need_a_quantifier() -> None:
    """What AWS does without one is not worth relying on."""
    with pytest.raises(NotImplementedError, match="ForAnyValue"):
        when({"StringEquals": {"k": "a"}}, {"k": ["a"]})


def test_an_unknown_element_is_refused() -> None:
    """A misspelt element would change a statement's meaning."""
    with pytest.raises(NotImplementedError, match="Conditions"):
        decide(Call("s3:GetObject"), [policy({"Conditions": {}})])


def test_the_root_of_an_account_stands_for_its_principals() -> None:
    """And for those of no other account."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": "sts:AssumeRole",
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    assert admits(trust, "arn:aws:iam::111122223333:role/ci", "sts:AssumeRole", {})
    assert not admits(trust, "arn:aws:iam::444455556666:role/ci", "sts:AssumeRole", {})
    assert not admits(trust, "arn:aws:iam::111122223333:role/ci", "sts:TagSession", {})
