"""Rules on permissions against this project's own roles: as they are, and with one thing more."""

import json
from dataclasses import replace
from typing import Any

import pytest

from graph import Graph, Resource
from perpetual.offline import graphs
from rules import CATALOGUE, judge
from tests.support.stacks import captured

RULES = {rule.name: rule for rule in CATALOGUE}
DEPLOYMENT = "access-deployment-release"
DEVELOPMENT = "access-development-read"
INFRASTRUCTURE = "access-infrastructure-named"
BOUNDARY = "access-infrastructure-boundary"
ROLE = "arn:aws:iam::111122223333:role/"


def found(changed: str, statement: dict[str, Any] | None, *, unbound: bool = False) -> set[str]:
    """Return the rules that speak when a policy of the prod stack gets one more statement."""

    def change(item: Resource) -> Resource:
        held = dict(item.properties)
        if unbound:
            held.pop("permissionsBoundary", None)
        if item.name == changed and statement:
            document = json.loads(str(held["policy"]))
            document["Statement"].append(statement)
            held["policy"] = json.dumps(document)
        return replace(item, properties=held)

    graph = Graph.of(change(item) for item in graphs.resources(captured("prod")))
    rules = [rule for name, rule in RULES.items() if name.startswith(("iam-", "kms-", "policy-"))]
    return {item.rule for item in judge(rules, graph)}


def more(action: str, resource: str = "*") -> dict[str, Any]:
    """Return a statement that allows one thing more."""
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def test_our_roles_are_as_they_should_be() -> None:
    """Nothing to say of them, which is what makes the rest mean something."""
    assert found("", None) == set()


@pytest.mark.parametrize(
    ("changed", "statement", "rule"),
    [
        (DEPLOYMENT, more("iam:PassRole"), "iam-no-escalation-by-pass-role"),
        (DEPLOYMENT, more("iam:AttachRolePolicy", f"{ROLE}*"), "iam-no-escalation"),
        (DEPLOYMENT, more("iam:CreateRole"), "iam-new-principals-bounded"),
        (DEPLOYMENT, more("ssm:SendCommand"), "iam-no-escalation"),
        (DEPLOYMENT, more("ec2:AuthorizeSecurityGroupIngress"), "iam-deployer-changes-nothing"),
        (DEPLOYMENT, more("rds:ModifyDBInstance"), "iam-deployer-changes-nothing"),
        (DEPLOYMENT, more("ssm:GetParameter"), "iam-deployer-reads-nothing"),
        (DEPLOYMENT, more("rds-db:connect"), "iam-deployer-reads-nothing"),
        (DEVELOPMENT, more("ec2:CreateRoute"), "iam-deployer-changes-nothing"),
        (DEVELOPMENT, more("kms:Decrypt"), "kms-decrypt-scoped"),
        (DEVELOPMENT, more("sts:AssumeRole"), "iam-no-escalation"),
    ],
)
def test_one_permission_more_is_found(changed: str, statement: dict[str, Any], rule: str) -> None:
    """Added to one of several policies of the role."""
    assert rule in found(changed, statement)


def test_secrets_stay_denied_whatever_is_added() -> None:
    """The roles deny it themselves, so nothing is lost."""
    added = found(DEPLOYMENT, more("secretsmanager:GetSecretValue"))
    assert "iam-deployer-reads-nothing" not in added


@pytest.mark.parametrize("action", ["iam:PutRolePolicy", "iam:CreatePolicyVersion"])
def test_the_boundary_keeps_what_a_policy_adds_from_working(action: str) -> None:
    """The infrastructure role is safe from its own policies, and only by its boundary."""
    assert "iam-no-escalation" not in found(INFRASTRUCTURE, more(action))
    assert "iam-no-escalation" in found(INFRASTRUCTURE, more(action), unbound=True)


def test_a_wider_boundary_alone_gives_nothing() -> None:
    """It limits; what it does not limit must still be allowed."""
    assert "iam-no-escalation" not in found(BOUNDARY, more("iam:*"))
