"""The access layer: which resources there are, what they say, and that AWS would accept it."""

import fnmatch
import json
from typing import Any, Final

import botocore.session  # type: ignore[import-untyped]  # botocore ships no types
import pytest

from components.access import AccessArgs, boundary, pull
from components.access.statements import POLICY_CHARACTERS
from perpetual import contract
from perpetual.offline.capture import UNKNOWN, Capture, Registration
from settings import models
from tests.components.access.given import (
    EVERYBODY,
    LONGEST,
    STACK,
    Network,
    published,
    register,
    registered,
)

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/policy:Policy"
ROLES = ("deployment", "development", "infrastructure")


def counts(captured: Capture) -> dict[str, int]:
    """Return how many resources of each type there are."""
    found: dict[str, int] = {}
    for item in captured.registrations:
        found[item.type] = found.get(item.type, 0) + 1
    return found


def statements(captured: Capture) -> list[dict[str, Any]]:
    """Return every statement of every policy and trust policy."""
    texts = [item.inputs["policy"] for item in captured.registrations if "policy" in item.inputs]
    texts += [item.inputs["assumeRolePolicy"] for item in captured.of_type(ROLE)]
    return [statement for text in texts for statement in json.loads(text)["Statement"]]


def named(statement: dict[str, Any]) -> list[str]:
    """Return the actions that a statement names."""
    actions = statement["Action" if "Action" in statement else "NotAction"]
    return [actions] if isinstance(actions, str) else actions


def one(captured: Capture, token: str) -> Registration:
    """Return the only resource of a type."""
    (found,) = captured.of_type(token)
    return found


def test_the_layer_makes_exactly_this() -> None:
    """Everybody configured, no bastion."""
    assert counts(registered()) == {
        "perpetual:access:Access": 1,
        "aws:ssm/document:Document": 1,
        ROLE: 3,
        POLICY: 7,
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment": 6,
    }


def test_a_role_nobody_may_assume_is_not_made() -> None:
    """Nor are its policies; the hosts' one command is always there."""
    assert counts(register(models.Access())) == {
        "perpetual:access:Access": 1,
        "aws:ssm/document:Document": 1,
    }
    alone = register(models.Access(deployment=EVERYBODY.deployment))
    assert [item.inputs["name"] for item in alone.of_type(ROLE)] == [STACK.deployment_role]
    assert len(alone.of_type(POLICY)) == 2


def test_every_document_is_readable_at_preview() -> None:
    """A rule on a document that is unknown would be blind."""
    for bastion in models.Bastion:
        for item in registered(bastion).registrations:
            for key in ("policy", "assumeRolePolicy", "content", "permissionsBoundary", "name"):
                if key in item.inputs:
                    assert UNKNOWN not in item.inputs[key], (item.name, key)


def test_only_the_infrastructure_role_is_bounded_and_the_boundary_comes_first() -> None:
    """The other two cannot change a role, so a boundary would say nothing."""
    captured = registered()
    found = {item.inputs["name"]: item for item in captured.of_type(ROLE)}
    bounded = [name for name, item in found.items() if "permissionsBoundary" in item.inputs]
    assert bounded == [STACK.infrastructure_role]
    role = found[STACK.infrastructure_role]
    assert role.inputs["permissionsBoundary"] == STACK.policy_arn("perpetual-prod-boundary")
    limits = captured.named("access-infrastructure-boundary")
    assert limits.inputs["policy"] == boundary.policy(STACK)
    assert limits.urn in role.request.dependencies


def test_sessions_end_soon() -> None:
    """An hour for a release; longer only where the work takes longer."""
    found = {item.inputs["name"]: item.inputs for item in registered().of_type(ROLE)}
    hours = {name: found[f"perpetual-prod-{name}"]["maxSessionDuration"] / 3600 for name in ROLES}
    assert hours == {"deployment": 1, "development": 4, "infrastructure": 2}


@pytest.mark.parametrize("bastion", models.Bastion)
def test_every_policy_fits_for_the_longest_names(bastion: models.Bastion) -> None:
    """Of a 30-character stack in the partition with the longest name."""
    settings = EVERYBODY.model_copy(update={"bastion": bastion})
    balancer = models.Balancer(domain=f"{'a' * 60}.{'b' * 60}.example.com", zone_id=f"Z{'A' * 30}")
    captured = register(settings, stack=LONGEST, balancer=balancer)
    for item in captured.of_type(POLICY):
        assert len("".join(item.inputs["policy"].split())) <= POLICY_CHARACTERS, item.name
        assert len(item.inputs["name"]) <= contract.Limit.POLICY
    for item in captured.of_type(ROLE):
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
        assert len(item.inputs["assumeRolePolicy"]) <= 2048
        assert len(item.inputs["name"]) <= contract.Limit.ROLE


def test_statement_names_are_unique_and_plain() -> None:
    """IAM accepts letters and digits, once each in a document."""
    for item in registered(models.Bastion.PUBLIC).of_type(POLICY):
        sids = [statement["Sid"] for statement in json.loads(item.inputs["policy"])["Statement"]]
        assert all(sid.isalnum() for sid in sids)
        assert len(set(sids)) == len(sids)


def test_no_statement_allows_everything_on_everything() -> None:
    """And a service's every action only under the stack's tag, or as a ceiling."""
    for item in registered(models.Bastion.PUBLIC).of_type(POLICY):
        for statement in json.loads(item.inputs["policy"])["Statement"]:
            if statement["Effect"] == "Deny" or item.name == "access-infrastructure-boundary":
                continue
            assert "NotAction" not in statement
            assert "*" not in statement["Action"]
            if any(action.endswith(":*") for action in statement["Action"]):
                assert statement["Condition"] == {
                    "StringEquals": {"aws:ResourceTag/perpetual:stack": "prod"}
                }


CLIENTS: Final = {"elasticloadbalancing": "elbv2"}
"""Service prefixes that botocore spells otherwise."""

PERMISSIONS: Final = {
    "iam:PassRole",
    "ssm:UpdateInstanceInformation",  # the agent's own
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
}
"""Actions that no API operation of that name has."""


def test_every_action_is_one_that_exists() -> None:
    """A misspelt action is a permission that is missing, or a denial that never holds."""
    session = botocore.session.get_session()
    actions = {
        action
        for bastion in models.Bastion
        for statement in statements(registered(bastion))
        for action in named(statement)
    } - PERMISSIONS
    known: dict[str, list[str]] = {}
    for action in sorted(actions - {"*"}):
        service, _, operation = action.partition(":")
        if service == "s3":
            continue  # its permissions are named after no operation
        if service not in known:
            model = session.get_service_model(CLIENTS.get(service, service))
            known[service] = list(model.operation_names)
        assert fnmatch.filter(known[service], operation), action


def test_the_pull_document_takes_a_digest_and_nothing_else() -> None:
    """No text of the caller's reaches a shell but 64 hexadecimal digits."""
    found = one(registered(), "aws:ssm/document:Document").inputs
    content = json.loads(found["content"])
    assert found["name"] == STACK.pull_document
    assert found["documentType"] == "Command"
    assert content["parameters"].keys() == {"digest"}
    assert content["parameters"]["digest"]["allowedPattern"] == "^sha256:[0-9a-f]{64}$"
    assert "default" not in content["parameters"]["digest"]
    (step,) = content["mainSteps"]
    script = "\n".join(step["inputs"]["runCommand"])
    assert script.count("{{") == 1
    assert f"{STACK.repository_url}@{{{{ digest }}}}" in script
    assert script == "\n".join(pull.script(STACK))


def test_what_was_made_is_published() -> None:
    """Role ARNs and the bastion's group as plain text; nothing of what was not made."""
    assert published(EVERYBODY) == {
        "pullDocument": "perpetual-prod-pull",
        "deploymentRole": "arn:aws:iam::111122223333:role/perpetual-prod-deployment",
        "developmentRole": "arn:aws:iam::111122223333:role/perpetual-prod-development",
        "infrastructureRole": "arn:aws:iam::111122223333:role/perpetual-prod-infrastructure",
    }
    assert published(models.Access(bastion=models.Bastion.SSM)) == {
        "pullDocument": "perpetual-prod-pull",
        "bastion": "ssm",
        "bastionGroup": "perpetual-prod-bastion",
    }


def test_a_bastion_without_its_security_group_is_refused() -> None:
    """With what is missing and where it comes from."""
    with pytest.raises(ValueError, match="has no security group"):
        AccessArgs(
            stack=STACK,
            settings=models.Access(bastion=models.Bastion.SSM),
            balancer=models.Balancer(domain="app.example.com"),
            architecture=models.Architecture.ARM64,
            network=Network(),
            tags={"environment": "test"},
            security_group_id=None,
        )


def test_without_a_zone_no_record_can_be_changed() -> None:
    """The stack has none then, whoever answers for the domain."""
    captured = register(balancer=models.Balancer(domain="app.example.com", certificate_arn=None))
    assert "route53:ChangeResourceRecordSets" not in json.dumps(statements(captured))
    assert "route53:ChangeResourceRecordSets" in json.dumps(statements(registered()))
