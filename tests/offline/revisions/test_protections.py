"""What stops protecting: options, arguments, whole resources, policies."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from perpetual.offline.findings import Finding
from perpetual.offline.revisions.kinds import Kind
from perpetual.offline.revisions.protections import GUARDS
from tests.offline.revisions.compared import entries, judgement, said
from tests.offline.revisions.test_replacements import _arguments


def _made(make: Callable[..., Any], **arguments: Any) -> Callable[[], None]:
    def program() -> None:
        make("it", **arguments)

    return program


@pytest.mark.parametrize(
    ("make", "before", "after", "says"),
    [
        (aws.rds.Instance, {"deletion_protection": True}, {}, "loses its deletion protection"),
        (aws.rds.Instance, {}, {"skip_final_snapshot": True}, "without a final snapshot"),
        (aws.rds.Instance, {"multi_az": True}, {"multi_az": False}, "standby"),
        (aws.rds.Instance, {"backup_retention_period": 14}, {"backup_retention_period": 7}, "days"),
        (aws.rds.Instance, {"backup_retention_period": 14}, {}, "fewer days"),
        (aws.cloudwatch.LogGroup, {"retention_in_days": 0}, {"retention_in_days": 30}, "days"),
        (aws.cloudwatch.LogGroup, {"retention_in_days": 90}, {"retention_in_days": 30}, "days"),
        (aws.kms.Key, {"enable_key_rotation": True}, {}, "no longer rotated"),
        (aws.s3.Bucket, {}, {"force_destroy": True}, "deleted with everything in it"),
        (
            aws.ecr.Repository,
            {"image_tag_mutability": "IMMUTABLE"},
            {"image_tag_mutability": "MUTABLE"},
            "lets tags be moved",
        ),
        (aws.lb.LoadBalancer, {"enable_deletion_protection": True}, {}, "deletion protection"),
    ],
)
def test_a_protection_that_is_dropped_is_named_with_its_argument(
    make: Callable[..., Any], before: dict[str, Any], after: dict[str, Any], says: str
) -> None:
    """And the other way round it is a change like any other."""
    given = {"instance_class": "db.t4g.micro"} if make is aws.rds.Instance else {}
    one, other = _made(make, **given, **before), _made(make, **given, **after)
    (entry,) = [item for item in entries(one, other) if item.kind is Kind.PROTECTION]
    assert says in entry.message
    assert " -> " in entry.details[0]
    assert not said(entries(other, one), Kind.PROTECTION)


@pytest.mark.parametrize("option", ["protect", "retain_on_delete"])
def test_an_option_of_the_engine_is_a_protection(option: str) -> None:
    """No argument changes, so the resource itself does not."""
    options = pulumi.ResourceOptions(**{option: True})  # type: ignore[arg-type]  # both are flags
    found = entries(_made(aws.s3.Bucket, opts=options), _made(aws.s3.Bucket))
    assert [entry.kind for entry in found] == [Kind.PROTECTION]


def test_a_resource_that_only_protects_is_missed() -> None:
    """Its removal alone says nothing about the bucket, which stays."""
    block = _made(aws.s3.BucketPublicAccessBlock, bucket="logs", block_public_acls=True)
    (message,) = said(entries(block, lambda: None), Kind.PROTECTION)
    assert message.endswith("is removed: the bucket's public access block is gone")


@pytest.mark.parametrize("token", [token for token in GUARDS if token.startswith("aws:")])
def test_every_guard_is_an_argument_of_the_sdk(token: str) -> None:
    """A misspelt one would protect nothing."""
    assert {guard.path.partition(".")[0] for guard in GUARDS[token]} <= _arguments(token)


def _role(policy: str | None, *, attached: bool = False) -> Callable[[], None]:
    def program() -> None:
        role = aws.iam.Role("role", assume_role_policy="{}")
        if policy:
            aws.iam.RolePolicy("inline", role=role.id, policy=policy)
        if attached:
            arn = "arn:aws:iam::aws:policy/AdministratorAccess"
            aws.iam.RolePolicyAttachment("admin", role=role.id, policy_arn=arn)

    return program


def _policy(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return json.dumps({"Statement": [statement]})


def test_a_wider_policy_names_what_it_gains() -> None:
    """By action and resource."""
    found = entries(_role(_policy("s3:Get*")), _role(_policy("s3:Get*", "s3:Put*")))
    (entry,) = [item for item in found if item.kind is Kind.PROTECTION]
    assert entry.message == "iam.RolePolicy inline permits more than before"
    assert entry.details == ("now allowed: s3:Put* on *",)
    assert not said(entries(_role(_policy("s3:*")), _role(_policy("s3:Get*"))), Kind.PROTECTION)


def test_a_policy_that_is_new_on_a_role_gives_it_more() -> None:
    """A role that is new itself is only added."""
    found = entries(_role(None), _role(_policy("s3:Get*"), attached=True))
    assert sorted(said(found, Kind.PROTECTION)) == [
        "iam.RolePolicy inline gives more to role role",
        "iam.RolePolicyAttachment admin gives more to role role",
    ]
    assert not said(entries(lambda: None, _role(_policy("s3:*"))), Kind.PROTECTION)


def test_findings_are_new_or_fixed() -> None:
    """By rule and resource; what both have is not repeated."""

    def finding(rule: str) -> Finding:
        return Finding(policy=rule, level="mandatory", severity="high", urn="urn:a", witness="bad")

    program = _made(aws.s3.Bucket)
    before, after = judgement(finding("old"), finding("both")), judgement(finding("both"))
    found = entries(program, program, before=before, after=after)
    assert [(item.kind, item.message) for item in found] == [
        (Kind.FINDING_FIXED, "old (high): bad")
    ]
    found = entries(program, program, before=after, after=before)
    assert [(item.kind, item.message) for item in found] == [(Kind.FINDING, "old (high): bad")]
