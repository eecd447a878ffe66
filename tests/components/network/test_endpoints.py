"""Interface endpoints: which services a word stands for, and where they listen."""

from typing import Any

import pytest

from components.network.endpoints import SERVICES, services
from settings.models import Endpoint
from tests.components.network.build import build, settings

ISOLATED = [
    "autoscaling",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "ecs",
    "ecs-agent",
    "ecs-telemetry",
    "logs",
    "ssm",
    "ssmmessages",
]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, []),
        ({"interfaceEndpoints": ["ecr"]}, ["ecr.api", "ecr.dkr"]),
        ({"interfaceEndpoints": ["logs"]}, ["logs"]),
        ({"interfaceEndpoints": ["ssm"]}, ["ec2messages", "ssm", "ssmmessages"]),
        ({"interfaceEndpoints": ["secretsmanager"]}, ["secretsmanager"]),
        ({"nat": "none"}, ISOLATED),
        (
            {"nat": "none", "interfaceEndpoints": ["secretsmanager"]},
            sorted([*ISOLATED, "secretsmanager"]),
        ),
        ({"nat": "none", "source": "adopt"}, []),
        ({"nat": "none", "source": "stack"}, []),
    ],
)
def test_a_word_stands_for_its_services(chosen: dict[str, Any], expected: list[str]) -> None:
    """Without NAT those that hosts live by come along; a network made elsewhere has its own."""
    assert services(settings(**chosen)) == expected


def test_every_word_of_the_settings_has_services() -> None:
    """A word without one would be a setting without effect."""
    assert set(SERVICES) == set(Endpoint)


def test_endpoints_listen_in_every_private_subnet_behind_their_own_group() -> None:
    """Private DNS makes the services' usual names lead there; the group has no inline rule."""
    found = build(interfaceEndpoints=["ecr"], zones=["a", "b", "c"])
    group = found.named("network-endpoints-group")
    assert group.inputs == {
        "name": "perpetual-prod-endpoints",
        "description": "Interface endpoints of AWS services",
        "vpcId": found.named("network-vpc").id,
        "tags": {"Name": "perpetual-prod-endpoints"},
    }
    private = [found.named(f"network-private-{zone}").id for zone in "abc"]
    for service in ("ecr.api", "ecr.dkr"):
        label = service.replace(".", "-")
        assert found.named(f"network-endpoints-{label}").inputs == {
            "vpcId": found.named("network-vpc").id,
            "vpcEndpointType": "Interface",
            "serviceName": f"com.amazonaws.eu-west-1.{service}",
            "privateDnsEnabled": True,
            "subnetIds": private,
            "securityGroupIds": [group.id],
            "tags": {"Name": f"perpetual-prod-{label}"},
        }
