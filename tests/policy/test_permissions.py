"""What principals may do, against an evaluator of single calls that was written independently."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph import UNKNOWN, Graph, Resource
from rules.holders import GROUP, POLICY, ROLE, USER, holders
from rules.permissions import Holder, clauses, demanded, limited
from tests.support.iam import Call, Decision, decide

ACTIONS = ["s3:GetObject", "s3:PutObject", "ec2:RunInstances"]
RESOURCES = ["arn:aws:s3:::a/x", "arn:aws:s3:::a/y", "arn:aws:s3:::b/x", "arn:aws:ec2:r:1:i/z"]
named_actions = st.sampled_from([*ACTIONS, "*", "s3:*", "S3:get*", "s3:?utObject", "ec2:*"])
named_resources = st.sampled_from(
    [*RESOURCES, "*", "arn:aws:s3:::a/*", "arn:aws:s3:::?/x", "arn:*/x", "arn:aws:ec2:*"]
)


@st.composite
def statement(draw: st.DrawFn) -> dict[str, Any]:
    """Return a statement without conditions, in any of its forms."""
    action = draw(st.sampled_from(["Action", "NotAction"]))
    resource = draw(st.sampled_from(["Resource", "NotResource"]))
    return {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        action: draw(st.one_of(named_actions, st.lists(named_actions, min_size=1, max_size=2))),
        resource: draw(
            st.one_of(named_resources, st.lists(named_resources, min_size=1, max_size=2))
        ),
    }


documents = st.lists(statement(), min_size=1, max_size=4).map(
    lambda items: {"Version": "2012-10-17", "Statement": items}
)


def role(*bodies: dict[str, Any], boundary: dict[str, Any] | None = None) -> Holder:
    """Return a role with these documents."""
    resource = Resource(urn="urn:role", type=ROLE, name="role")
    held = tuple(clause for body in bodies for clause in clauses("policy", "policy", body))
    limits = None if boundary is None else tuple(clauses("boundary", "policy", boundary))
    return Holder(resource, held, boundary=limits)


@given(st.lists(documents, min_size=1, max_size=2), st.one_of(st.none(), documents))
def test_a_call_is_granted_exactly_where_iam_allows_it(
    bodies: list[dict[str, Any]], boundary: dict[str, Any] | None
) -> None:
    """Allows, Denies, boundary, and both negations, for every call of a small world."""
    holder = role(*bodies, boundary=boundary)
    texts = [json.dumps(body) for body in bodies]
    limit = None if boundary is None else json.dumps(boundary)
    for action in ACTIONS:
        for resource in RESOURCES:
            allowed = decide(Call(action, resource), texts, limit) is Decision.ALLOWED
            assert bool(holder.grants(action, resource)) == allowed, (action, resource)


@given(documents, st.one_of(st.none(), documents))
def test_a_question_about_many_resources_misses_none(
    body: dict[str, Any], boundary: dict[str, Any] | None
) -> None:
    """What is allowed on one of them is allowed on some; only too much may be said."""
    holder = role(body, boundary=boundary)
    for action in ACTIONS:
        single = any(holder.grants(action, resource) for resource in RESOURCES)
        assert not single or holder.grants(action)


def made(token: str, called: str, **properties: Any) -> Resource:
    """Return a resource."""
    return Resource(urn=f"urn:{token}:{called}", type=token, name=called, properties=properties)


BODY = json.dumps({"Statement": {"Effect": "Allow", "Action": "a:B", "Resource": "*"}})
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"


@pytest.mark.parametrize(
    "others",
    [
        [made("aws:iam/rolePolicy:RolePolicy", "p", role="r", policy=BODY)],
        [
            made(POLICY, "p", arn="arn:p", policy=BODY),
            made(ATTACHMENT, "a", role="r", policyArn="arn:p"),
        ],
        [
            made(POLICY, "p", name="named", policy=BODY),
            made(ATTACHMENT, "a", role="r", policyArn="arn:aws:iam::1:policy/named"),
        ],
        [
            made(POLICY, "p", arn="arn:p", policy=BODY),
            made("aws:iam/policyAttachment:PolicyAttachment", "a", roles=["r"], policyArn="arn:p"),
        ],
    ],
)
def test_a_policy_reaches_its_role_in_every_form(others: list[Resource]) -> None:
    """Inline, attached by ARN or by name, and attached to several at once."""
    subject = made(ROLE, "r", name="r")
    (holder,) = holders(Graph.of([subject, *others])).values()
    assert [grant.action for grant in holder.grants("A:b")] == ["A:b"]
    assert holder.unread == ()


def test_a_role_lists_its_own_policies() -> None:
    """As the deprecated arguments of the role itself do."""
    subject = made(
        ROLE,
        "r",
        inlinePolicies=[{"name": "p", "policy": BODY}],
        managedPolicyArns=["arn:aws:iam::aws:policy/ReadOnlyAccess"],
    )
    (holder,) = holders(Graph.of([subject])).values()
    assert holder.grants("a:B")
    assert holder.managed == ("arn:aws:iam::aws:policy/ReadOnlyAccess",)


def test_a_user_has_what_its_groups_have() -> None:
    """By membership from either side."""
    resources = [
        made(USER, "u", name="u"),
        made(GROUP, "g", name="g"),
        made("aws:iam/groupPolicy:GroupPolicy", "p", group="g", policy=BODY),
        made("aws:iam/userGroupMembership:UserGroupMembership", "m", user="u", groups=["g"]),
    ]
    found = holders(Graph.of(resources))
    assert all(holder.grants("a:B") for holder in found.values())
    assert len(found) == 2


@pytest.mark.parametrize(
    "value", [UNKNOWN, {"Statement": [{"Effect": "Allow", "Action": UNKNOWN, "Resource": "*"}]}]
)
def test_what_is_not_known_is_said(value: object) -> None:
    """A document that is unknown as a whole, or in parts."""
    resources = [
        made(ROLE, "r", name="r"),
        made("aws:iam/rolePolicy:RolePolicy", "p", role="r", policy=value),
    ]
    (holder,) = holders(Graph.of(resources)).values()
    assert holder.unread == ("p.policy",)


@pytest.mark.parametrize(
    ("operator", "key", "values", "limits"),
    [
        ("StringEquals", "iam:passedtoservice", ("ec2.amazonaws.com",), True),
        ("StringLike", "aws:resourcetag/stack", ("*",), False),
        ("StringNotEquals", "aws:resourcetag/stack", ("prod",), False),
        ("StringEqualsIfExists", "aws:resourcetag/stack", ("prod",), False),
        ("ForAllValues:StringEquals", "aws:tagkeys", ("a",), False),
        ("Bool", "aws:multifactorauthpresent", ("true",), False),
        ("Null", "aws:resourcetag/stack", ("false",), False),
    ],
)
def test_a_condition_limits_only_where_it_demands_a_value(
    operator: str,
    key: str,
    values: tuple[str, ...],
    limits: bool,  # noqa: FBT001 - a table's column
) -> None:
    """One that holds without the key, or says who asks, leaves the call as wide as it was."""
    conditions = ((operator, key, values),)
    assert limited(conditions) is limits
    if limits:
        assert demanded(conditions, key) == values
