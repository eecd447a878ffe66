"""Who may assume a role, and who may not."""

import json
from typing import Any

import pytest

from components.access import trust
from settings.models import Role
from tests.components.access.given import STACK
from tests.support.iam import Context, admits

WEB = "sts:AssumeRoleWithWebIdentity"
PROVIDER = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
ADA = "arn:aws:iam::111122223333:user/ada"
PEOPLE = "arn:aws:iam::111122223333:role/people"
VENDOR = Role(vendor_account="444455556666", external_id="perpetual-7f3a")


def token(subject: str, audience: str = "sts.amazonaws.com") -> Context:
    """Return the context of a request with GitHub's token."""
    return {f"{trust.GITHUB}:sub": subject, f"{trust.GITHUB}:aud": audience}


def policy(*, mfa: bool = False, **role: Any) -> str:
    """Return the trust policy of a role."""
    return trust.policy(STACK, Role(**role), mfa=mfa)


def test_a_principal_is_admitted_by_its_own_name_only() -> None:
    """Not its neighbours, and by no other action."""
    document = policy(principals=(PEOPLE,))
    assert admits(document, PEOPLE, "sts:AssumeRole", {})
    assert not admits(document, PEOPLE + "2", "sts:AssumeRole", {})
    assert not admits(document, PEOPLE, "sts:TagSession", {})


def test_a_user_needs_a_second_factor_where_one_is_asked() -> None:
    """A role's session carries no such mark, so of roles none is asked."""
    document = policy(principals=(ADA, PEOPLE), mfa=True)
    assert admits(document, ADA, "sts:AssumeRole", {"aws:MultiFactorAuthPresent": "true"})
    assert not admits(document, ADA, "sts:AssumeRole", {"aws:MultiFactorAuthPresent": "false"})
    assert not admits(document, ADA, "sts:AssumeRole", {})
    assert admits(document, PEOPLE, "sts:AssumeRole", {})
    assert admits(policy(principals=(ADA,)), ADA, "sts:AssumeRole", {})


def test_github_is_admitted_by_subject_and_audience() -> None:
    """A pull request's token of the same repository is another subject."""
    document = policy(github=("repo:acme/shop:environment:prod",))
    assert admits(document, PROVIDER, WEB, token("repo:acme/shop:environment:prod"))
    assert not admits(document, PROVIDER, WEB, token("repo:acme/shop:pull_request"))
    assert not admits(document, PROVIDER, WEB, token("repo:acme/shop:environment:prod", "else"))
    assert not admits(
        document, PROVIDER, "sts:AssumeRole", token("repo:acme/shop:environment:prod")
    )
    assert not admits(document, PROVIDER, WEB, {})


def test_a_subject_with_a_wildcard_stays_within_its_repository() -> None:
    """The owner and the name are literal."""
    document = policy(github=("repo:acme/shop:ref:refs/heads/release-*",))
    assert admits(document, PROVIDER, WEB, token("repo:acme/shop:ref:refs/heads/release-1"))
    assert not admits(document, PROVIDER, WEB, token("repo:acme/shop:pull_request"))
    assert not admits(document, PROVIDER, WEB, token("repo:evil/shop:ref:refs/heads/release-1"))


def test_a_subject_without_wildcards_is_compared_exactly() -> None:
    """So that a wildcard in a token's own text means nothing."""
    (statement,) = json.loads(policy(github=("repo:acme/shop:pull_request",)))["Statement"]
    assert set(statement["Condition"]) == {"StringEquals"}


def test_a_vendor_must_present_the_external_id() -> None:
    """Against the confused deputy."""
    document = trust.policy(STACK, VENDOR, mfa=True)
    vendor = "arn:aws:iam::444455556666:role/support"
    assert admits(document, vendor, "sts:AssumeRole", {"sts:ExternalId": "perpetual-7f3a"})
    assert not admits(document, vendor, "sts:AssumeRole", {"sts:ExternalId": "guess"})
    assert not admits(document, vendor, "sts:AssumeRole", {})


def test_all_ways_in_stand_side_by_side() -> None:
    """Each with its own condition; none weakens another."""
    role = {"principals": (ADA, PEOPLE), "github": ("repo:acme/shop:pull_request",)}
    document = policy(mfa=True, **role, **VENDOR.model_dump(exclude_defaults=True))
    sids = [statement["Sid"] for statement in json.loads(document)["Statement"]]
    assert sids == ["Principals", "Users", "GitHub", "Vendor"]
    assert not admits(document, ADA, "sts:AssumeRole", {"sts:ExternalId": "perpetual-7f3a"})


def test_a_trust_of_nobody_is_refused() -> None:
    """A role nobody may assume is not made at all."""
    with pytest.raises(ValueError, match="nobody may assume"):
        policy()


def test_a_vendor_without_an_external_id_is_refused() -> None:
    """Settings refuse it too; a document without the condition must not exist."""
    with pytest.raises(ValueError, match="needs an external id"):
        policy(vendor_account="444455556666")
