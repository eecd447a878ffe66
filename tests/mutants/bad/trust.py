"""Trust in strangers: roles that anybody, or any pipeline, may assume."""

from typing import Any, Final

from tests.mutants.bad.permissions import ROLE
from tests.mutants.documents import each_statement, policies, with_policy
from tests.mutants.operators import Made, operator, operators
from tests.mutants.stack import Stack

STRANGER: Final = "arn:aws:iam::999988887777:root"


@operator("IAM", "a role of strangers is a stranger's role")
def trust_strangers(stack: Stack) -> Made:
    """Let everybody, or another account, assume each role."""
    principals: dict[str, Any] = {
        "everybody": "*",
        "every account": {"AWS": "*"},
        "every account listed": {"AWS": ["*"]},
        "a stranger": {"AWS": STRANGER},
    }
    for resource, key, document in policies(stack, ROLE):
        if key != "assumeRolePolicy":
            continue
        for name, principal in principals.items():
            new = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
            more = {**document, "Statement": [*document["Statement"], new]}
            yield f"{resource.name} {name}", with_policy(stack, resource, key, more)


@operator("IAM", "a pipeline of anybody gets the role")
def trust_other_pipelines(stack: Stack) -> Made:
    """Widen or drop the subject and audience of each role for pipelines."""
    for name, statement, replaced in each_statement(stack, ROLE):
        equal = statement.get("Condition", {}).get("StringEquals", {})
        subject = next((key for key in equal if key.endswith(":sub")), None)
        if subject is None:
            continue
        audience = subject.removesuffix("sub") + "aud"
        for value in ("*", "repo:*", "repo:example/*", "repo:*/app:*", "repo:exam*"):
            like = {"StringEquals": {audience: equal[audience]}, "StringLike": {subject: value}}
            yield f"{name} {value}", replaced({**statement, "Condition": like})
        for key in (subject, audience):
            rest = {held: value for held, value in equal.items() if held != key}
            yield (
                f"{name} without {key[-3:]}",
                replaced({**statement, "Condition": {"StringEquals": rest}}),
            )
        bare = {held: value for held, value in statement.items() if held != "Condition"}
        yield f"{name} without conditions", replaced(bare)


@operator("IAM", "a service is talked into using the role for somebody else's resource")
def trust_services_for_anybody(stack: Stack) -> Made:
    """Take the conditions from each trust in a service."""
    for name, statement, replaced in each_statement(stack, ROLE):
        if "Service" in statement["Principal"] and statement.get("Condition"):
            bare = {key: value for key, value in statement.items() if key != "Condition"}
            yield name, replaced(bare)


OPERATORS: Final = operators(globals())
