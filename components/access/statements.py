"""The words access documents are made of: statements, conditions, and their text.

Every document is plain text from plain values, so that a preview shows it whole.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from perpetual import contract

Statement = dict[str, Any]
Condition = Mapping[str, Mapping[str, str | Sequence[str]]]

POLICY_CHARACTERS: Final = 6144
"""Longest managed policy, white space not counted.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

RESOURCE_STACK: Final = f"aws:ResourceTag/{contract.STACK_TAG}"
REQUEST_STACK: Final = f"aws:RequestTag/{contract.STACK_TAG}"


def allow(
    sid: str, actions: Sequence[str], on: str | Sequence[str] = "*", when: Condition | None = None
) -> Statement:
    """Return a statement that allows `actions` on the ARNs `on`, where the condition holds."""
    return _statement("Allow", sid, {"Action": actions}, on, when)


def deny(
    sid: str, actions: Sequence[str], on: str | Sequence[str] = "*", when: Condition | None = None
) -> Statement:
    """Return a statement that forbids `actions` whatever else allows them."""
    return _statement("Deny", sid, {"Action": actions}, on, when)


def deny_all_but(
    sid: str, actions: Sequence[str], on: str | Sequence[str] = "*", when: Condition | None = None
) -> Statement:
    """Return a statement that forbids everything except `actions`."""
    return _statement("Deny", sid, {"NotAction": actions}, on, when)


def _statement(
    effect: str,
    sid: str,
    actions: Mapping[str, Sequence[str]],
    on: str | Sequence[str],
    when: Condition | None,
) -> Statement:
    statement: Statement = {"Sid": sid, "Effect": effect, **actions, "Resource": on}
    return statement | ({"Condition": when} if when else {})


def document(statements: Sequence[Statement]) -> str:
    """Return the text of a policy; without white space, which is also how AWS counts it."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))


def no_secrets(stack: contract.Stack) -> list[Statement]:
    """Return what keeps secrets away from a role, whatever else is ever attached to it.

    Other keys stay possible: that of Pulumi's own state, for one.
    """
    return [
        deny(
            "NoSecrets",
            ["secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"],
        ),
        deny(
            "NoSecretParameters",
            [
                "ssm:DeleteParameter*",
                "ssm:GetParameter",
                "ssm:GetParameterHistory",
                "ssm:GetParameters*",
                "ssm:PutParameter",
            ],
            # The path itself too: one call can read everything below it.
            [stack.parameter_arn("secrets"), stack.parameter_arn("secrets", "*")],
        ),
        deny("NoDecryption", ["kms:Decrypt"], stack.arn("kms", "key/*"), own_key(stack)),
    ]


def own_key(stack: contract.Stack) -> Condition:
    """Return the condition that the key is the stack's, by its alias: its id is not known yet.

    https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
    """
    return {"ForAnyValue:StringEquals": {"kms:ResourceAliases": stack.key_alias}}
