"""The contract as commands read it: what the program publishes, and nothing else passes."""

import json
from collections.abc import Mapping
from typing import Any

import boto3  # type: ignore[import-untyped]  # boto3 ships no types
import pytest
from moto import mock_aws

from perpetual import contract
from perpetual.aws import published
from perpetual.aws.session import Clients
from perpetual.errors import OperatorError
from tests.support.stacks import captured

pytestmark = pytest.mark.usefixtures("few_policies")

ACCOUNT = "123456789012"
"""The account that moto's credentials belong to."""


def content(stack: str = "prod") -> dict[str, Any]:
    """Return the contract that the program itself publishes, as if made in moto's account."""
    made = captured(stack, f"account={ACCOUNT}", known=True)
    name = f"/perpetual/{stack}/contract"
    (found,) = [
        item for item in made.of_type("aws:ssm/parameter:Parameter") if item.inputs["name"] == name
    ]
    parsed: dict[str, Any] = json.loads(found.inputs["insecureValue"])
    return parsed


HERE = contract.Stack(name="prod", account=ACCOUNT, region="eu-west-1")


def put(given: Mapping[str, Any] | str, region: str = "eu-west-1") -> None:
    """Publish a contract in moto."""
    text = given if isinstance(given, str) else json.dumps(given)
    boto3.client("ssm", region_name=region).put_parameter(
        Name="/perpetual/prod/contract", Value=text, Type="String"
    )


@mock_aws
def test_what_the_program_publishes_is_what_commands_read() -> None:
    """Of the real program: no field is missing, and none is misread."""
    given = content()
    put(given)
    found = published.read(Clients(region="eu-west-1"), "prod")
    assert found.stack == HERE
    assert found.architecture == "arm64"
    assert found.protected is True
    assert found.repository == HERE.repository_url
    assert found.image_source == "deployed"
    assert found.pull_document == HERE.pull_document
    assert found.host_group == "perpetual-prod-hosts"
    assert found.roles["deployment"] == HERE.role_arn(HERE.deployment_role)
    assert found.content == given
    service = found.service
    assert (service.cluster, service.name, service.family) == (
        HERE.cluster,
        HERE.service,
        HERE.family,
    )
    assert (service.container, service.port, service.desired) == ("release", 5000, 3)
    assert service.autoscaling is False
    assert (service.log_group, service.log_stream_prefix) == ("/perpetual/prod/release", "web")
    assert len(service.subnets) == 3
    assert service.security_group.startswith("sg-")
    assert service.secrets["DATABASE_URL"] == HERE.secret("DATABASE_URL")
    assert service.migration_family == HERE.migration_family
    assert service.migration_secret == HERE.secret("MIGRATOR_DATABASE_URL")
    assert found.balancer.url == "https://app.example.com"
    assert found.balancer.name.startswith("app/perpetual-prod/")
    assert ":targetgroup/" in found.balancer.target_group
    assert found.database.identifier == "perpetual-prod-postgres"
    assert found.database.replicas == ("perpetual-prod-postgres-replica-1",)


@pytest.mark.parametrize("stack", ["prod", "dev"])
def test_both_stacks_can_be_read(stack: str) -> None:
    """Whatever their settings."""
    here = contract.Stack(name=stack, account=ACCOUNT, region="eu-west-1")
    assert published.parse(json.dumps(content(stack)), here).stack.name == stack


@mock_aws
def test_no_contract_names_account_region_and_who_asked() -> None:
    """A wrong account or region shows as one without the stack."""
    put(content(), region="eu-central-1")
    with pytest.raises(OperatorError, match=f"account {ACCOUNT} has no contract") as raised:
        published.read(Clients(region="eu-west-1"), "prod")
    assert "eu-west-1" in raised.value.message
    assert "--profile" in raised.value.hint
    assert "arn:aws:sts" in raised.value.detail


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("account", "999999999999", "about account 999999999999"),
        ("region", "us-east-1", "about region us-east-1"),
        ("stack", "blue", "about stack blue"),
    ],
)
def test_a_contract_of_somewhere_else_is_refused(key: str, value: str, says: str) -> None:
    """A parameter can be copied; a stack cannot."""
    with pytest.raises(OperatorError, match=says):
        published.parse(json.dumps(content() | {key: value}), HERE)


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_version_is_refused(version: object) -> None:
    """What it means is not known here."""
    with pytest.raises(OperatorError, match=f"version {version!r}, and this command reads"):
        published.parse(json.dumps(content() | {"version": version}), HERE)


def test_a_damaged_contract_is_refused() -> None:
    """With the parameter, what is wrong, and how to publish it anew."""
    for text in ("nonsense", "[]"):
        with pytest.raises(OperatorError, match="cannot be read") as raised:
            published.parse(text, HERE)
        assert "/perpetual/prod/contract" in raised.value.detail
        assert "pulumi up" in raised.value.hint
    without = content()
    del without["service"]["cluster"]
    with pytest.raises(OperatorError, match="KeyError: 'cluster'"):
        published.parse(json.dumps(without), HERE)


@pytest.mark.parametrize(("key", "value"), [("port", "5000"), ("port", True), ("cluster", 7)])
def test_a_value_of_another_kind_is_refused(key: str, value: object) -> None:
    """Before it ends up in a call."""
    wrong = content()
    wrong["service"][key] = value
    with pytest.raises(OperatorError, match=f"{value!r} where "):
        published.parse(json.dumps(wrong), HERE)


@pytest.mark.parametrize("name", ["", "Prod", "a/b", "../x", "a" * 31])
def test_a_name_that_no_stack_has_is_refused_before_aws_is_asked(name: str) -> None:
    """It would become part of a path."""
    with pytest.raises(OperatorError, match="no stack's name"):
        published.read(Clients(region="eu-west-1"), name)
