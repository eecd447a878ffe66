"""The bastion: hardly a host, and never more open than configured."""

import json
from typing import Any

import pytest

from perpetual import contract
from perpetual.offline.capture import Capture
from settings.models import Access, Architecture, Bastion
from tests.components.access.given import STACK, register, registered
from tests.support.iam import Call, Decision
from tests.support.roles import documents

TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
GROUP = "aws:autoscaling/group:Group"
BASTIONS = (Bastion.SSM, Bastion.PUBLIC)


def inputs(captured: Capture, token: str) -> dict[str, Any]:
    """Return the inputs of the only resource of a type."""
    (found,) = captured.of_type(token)
    return found.inputs


def test_there_is_none_unless_configured() -> None:
    """Tunnel and console go through a task then."""
    assert not registered().of_type(TEMPLATE)
    assert not registered().of_type(GROUP)


@pytest.mark.parametrize("bastion", BASTIONS)
def test_a_lost_bastion_is_replaced(bastion: Bastion) -> None:
    """One, always, and a new one of the current image every month."""
    group = inputs(registered(bastion), GROUP)
    assert (group["minSize"], group["maxSize"]) == (1, 1)
    assert group["maxInstanceLifetime"] == 30 * 24 * 3600


def test_a_bastion_reached_through_ssm_has_no_public_address() -> None:
    """And stands in the private subnets."""
    captured = registered(Bastion.SSM)
    (interface,) = inputs(captured, TEMPLATE)["networkInterfaces"]
    assert interface["associatePublicIpAddress"] == "false"
    assert interface["securityGroups"] == ["sg-1"]
    assert inputs(captured, GROUP)["vpcZoneIdentifiers"] == ["subnet-3", "subnet-4"]


def test_a_public_bastion_has_one_and_no_key_pair() -> None:
    """EC2 Instance Connect lends a key for one minute."""
    captured = registered(Bastion.PUBLIC)
    template = inputs(captured, TEMPLATE)
    (interface,) = template["networkInterfaces"]
    assert interface["associatePublicIpAddress"] == "true"
    assert "keyName" not in template
    assert inputs(captured, GROUP)["vpcZoneIdentifiers"] == ["subnet-1", "subnet-2"]


@pytest.mark.parametrize("bastion", BASTIONS)
def test_metadata_and_disk_are_guarded(bastion: Bastion) -> None:
    """IMDSv2 for the host alone; nothing on the disk in the clear."""
    template = inputs(registered(bastion), TEMPLATE)
    assert template["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }
    (device,) = template["blockDeviceMappings"]
    assert device["ebs"]["encrypted"] == "true"
    assert device["ebs"]["volumeType"] == "gp3"
    assert "userData" not in template


@pytest.mark.parametrize(
    ("architecture", "kind", "image"),
    [(Architecture.ARM64, "t4g.nano", "arm64"), (Architecture.X86_64, "t3.nano", "x86_64")],
)
def test_type_and_image_follow_the_architecture(
    architecture: Architecture, kind: str, image: str
) -> None:
    """By a public name that EC2 resolves, not by an id that ages."""
    settings = Access(bastion=Bastion.SSM)
    template = inputs(register(settings, architecture=architecture), TEMPLATE)
    assert template["instanceType"] == kind
    assert template["imageId"].startswith(
        "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-"
    )
    assert template["imageId"].endswith(f"-{image}")


@pytest.mark.parametrize("bastion", BASTIONS)
def test_what_the_group_launches_carries_the_stacks_tags(bastion: Bastion) -> None:
    """The settings' own among them: the provider's default tags reach neither."""
    captured = registered(bastion)
    tags = {
        "environment": "test",
        "Name": "perpetual-prod-bastion",
        contract.STACK_TAG: "prod",
        contract.ROLE_TAG: "bastion",
    }
    given = inputs(captured, GROUP)["tags"]
    assert {tag["key"]: tag["value"] for tag in given} == tags
    assert all(tag["propagateAtLaunch"] for tag in given)
    specifications = inputs(captured, TEMPLATE)["tagSpecifications"]
    assert {item["resourceType"]: item["tags"] for item in specifications} == dict.fromkeys(
        ("instance", "volume", "network-interface"), tags
    )


def test_the_host_itself_may_hold_sessions_and_nothing_else() -> None:
    """Not even read parameters, which Amazon's own policy for it would allow."""
    role = documents(registered(Bastion.SSM), STACK.bastion_role)
    assert role.decide(Call("ssmmessages:OpenDataChannel")) is Decision.ALLOWED
    assert role.decide(Call("ssm:UpdateInstanceInformation")) is Decision.ALLOWED
    for action in ("ssm:GetParameter", "ssm:SendCommand", "s3:GetObject", "ec2:DescribeInstances"):
        assert role.decide(Call(action)) is Decision.IMPLICIT
    (statement,) = json.loads(role.trust)["Statement"]
    assert statement["Principal"] == {"Service": "ec2.amazonaws.com"}
