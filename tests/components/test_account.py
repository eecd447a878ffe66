"""Whose account this is: the right one is taken, any other refused before a resource exists."""

from typing import Any

import pulumi
import pytest

from components.account import identify, provider
from perpetual import contract
from perpetual.offline.capture import Capture, capture
from settings import models

SETTINGS = models.Settings(
    account="111122223333",
    region="eu-west-1",
    balancer=models.Balancer(domain="app.example.com"),
)


def invokes(
    account: str = "111122223333", region: str = "eu-west-1", partition: str = "aws"
) -> Any:
    """Return AWS's answers about caller, region and partition."""
    return {
        "aws:index/getCallerIdentity:getCallerIdentity": lambda _: {"accountId": account},
        "aws:index/getRegion:getRegion": lambda _: {"region": region},
        "aws:index/getPartition:getPartition": lambda _: {"partition": partition},
    }


def identified(**answers: str) -> contract.Stack:
    """Return the identity that the program finds."""
    found: list[contract.Stack] = []
    capture(
        lambda: found.append(identify(SETTINGS)),
        project="shop",
        stack="prod",
        config={},
        invokes=invokes(**answers),
    )
    return found[0]


def test_a_stack_knows_itself() -> None:
    """Name from the engine, account and region from the settings, partition from AWS."""
    assert identified() == contract.Stack(
        name="prod", account="111122223333", region="eu-west-1", partition="aws"
    )
    assert identified(partition="aws-us-gov").arn("ecs", "x").startswith("arn:aws-us-gov:ecs:")


def test_another_account_is_refused() -> None:
    """The sentence names both accounts, and where each comes from."""
    with pytest.raises(pulumi.RunError) as caught:
        identified(account="444455556666")
    message = str(caught.value)
    assert "belongs to account 111122223333" in message
    assert "account 444455556666" in message
    assert "AWS_PROFILE" in message
    assert "Pulumi.prod.yaml" in message


def test_another_region_is_refused() -> None:
    """A stack must not be made twice, once in each region."""
    with pytest.raises(pulumi.RunError, match="region eu-west-1, but AWS answers from us-east-1"):
        identified(region="us-east-1")


def captured(tags: dict[str, str]) -> Capture:
    """Return what `provider` registers."""

    def program() -> None:
        provider(SETTINGS.stack("prod", "aws"), tags)

    return capture(
        program,
        project="shop",
        stack="prod",
        config={},
        invokes={},
    )


def test_the_provider_reaches_one_account_and_region() -> None:
    """Even with other credentials in the environment at the moment of the update."""
    (found,) = captured({}).registrations
    assert found.type == "pulumi:providers:aws"
    assert found.inputs["region"] == "eu-west-1"
    assert "111122223333" in str(found.inputs["allowedAccountIds"])
    assert "444455556666" not in str(found.inputs["allowedAccountIds"])


def test_every_resource_is_tagged_by_stack_and_project() -> None:
    """The user's tags join, and never replace the program's."""
    (found,) = captured({"team": "shop", contract.STACK_TAG: "other"}).registrations
    text = str(found.inputs["defaultTags"])
    for part in ("perpetual:stack", "prod", "perpetual:project", "shop", "team"):
        assert part in text
    assert "other" not in text
