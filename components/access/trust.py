"""Who may assume a role: principals, GitHub's pipelines, an account with an external id."""

from collections.abc import Sequence
from typing import Any, Final

from components.access.statements import Statement, document
from perpetual import contract
from settings import models

GITHUB: Final = "token.actions.githubusercontent.com"
"""GitHub's identity provider. An account has it once, whatever the number of stacks, so no stack
makes it: `aws iam create-open-id-connect-provider` does, on the account's first day.

https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
"""


def assumable(role: models.Role) -> bool:
    """Return whether anybody is named who may assume the role."""
    return bool(role.principals or role.github or role.vendor_account)


def policy(stack: contract.Stack, role: models.Role, *, mfa: bool) -> str:
    """Return the trust policy of an access role.

    With `mfa`, IAM users must have signed in with a second factor. Roles cannot be asked: the
    session of a role carries no such mark, it was checked where the person signed in.

    Raises:
        ValueError: If nobody may assume the role, or an account comes without its external id.
    """
    if not assumable(role):
        message = "nobody may assume the role: name a principal, a GitHub subject or an account"
        raise ValueError(message)
    if role.vendor_account and not role.external_id:
        message = (
            f"account {role.vendor_account} needs an external id: without one its other customers "
            "could use the role through it"
        )
        raise ValueError(message)
    users = [arn for arn in role.principals if mfa and ":user/" in arn]
    others = [arn for arn in role.principals if arn not in users]
    return document(
        [
            *([_principals("Principals", others)] if others else []),
            *([_users(users)] if users else []),
            *([_github(stack, role.github)] if role.github else []),
            *([_vendor(stack, role)] if role.vendor_account else []),
        ]
    )


def _principals(sid: str, arns: Sequence[str], **condition: Any) -> Statement:
    statement: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": list(arns)},
        "Action": "sts:AssumeRole",
    }
    return statement | ({"Condition": condition} if condition else {})


def _users(arns: Sequence[str]) -> Statement:
    # `Bool`, not `BoolIfExists`: long-lived keys alone do not carry the mark at all.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
    return _principals("Users", arns, Bool={"aws:MultiFactorAuthPresent": "true"})


def _vendor(stack: contract.Stack, role: models.Role) -> Statement:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
    return _principals(
        "Vendor",
        [f"arn:{stack.partition}:iam::{role.vendor_account}:root"],
        StringEquals={"sts:ExternalId": role.external_id},
    )


def _github(stack: contract.Stack, subjects: Sequence[str]) -> Statement:
    exact = not any(set("*?") & set(subject) for subject in subjects)
    audience = {f"{GITHUB}:aud": "sts.amazonaws.com"}
    subject = {f"{GITHUB}:sub": list(subjects)}
    condition = (
        {"StringEquals": audience | subject}
        if exact
        else {"StringEquals": audience, "StringLike": subject}
    )
    return {
        "Sid": "GitHub",
        "Effect": "Allow",
        "Principal": {"Federated": stack.arn("iam", f"oidc-provider/{GITHUB}", regional=False)},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
