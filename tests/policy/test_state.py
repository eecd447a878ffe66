"""Resources out of an exported state, and inputs joined with outputs."""

from typing import Any

from graph import UNKNOWN, Graph, joined
from graph.state import resources
from rules import LAWS, judge

VPC = "urn:pulumi:prod::app::aws:ec2/vpc:Vpc::vpc"
SUBNET = "urn:pulumi:prod::app::aws:ec2/subnet:Subnet::data-a"
SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105 - how a state marks special values
KIND = "1b47061264138c4ac30d75fd1eb44270"


def _state(*extra: dict[str, Any]) -> dict[str, Any]:
    vpc = {
        "urn": VPC,
        "type": "aws:ec2/vpc:Vpc",
        "custom": True,
        "id": "vpc-1",
        "inputs": {"cidrBlock": "10.0.0.0/16"},
        "outputs": {"defaultRouteTableId": "rtb-1"},
    }
    subnet = {
        "urn": SUBNET,
        "type": "aws:ec2/subnet:Subnet",
        "custom": True,
        "id": "subnet-1",
        "inputs": {"vpcId": "vpc-1", "tags": {"perpetual:tier": "private"}},
        "propertyDependencies": {"vpcId": [VPC], "tags": None},
    }
    return {"version": 3, "deployment": {"resources": [vpc, subnet, *extra]}}


def _route(**changes: Any) -> dict[str, Any]:
    return {
        "urn": "urn:pulumi:prod::app::aws:ec2/route:Route::leak",
        "type": "aws:ec2/route:Route",
        "custom": True,
        "id": "r-1",
        "inputs": {
            "routeTableId": "rtb-1",
            "destinationCidrBlock": "0.0.0.0/0",
            "gatewayId": "igw-1",
        },
        **changes,
    }


def test_a_state_is_judged_by_its_ids() -> None:
    """A private subnet that falls back to a main table with an internet route is found."""
    assert judge(LAWS, Graph.of(resources(_state()))) == []
    found = judge(LAWS, Graph.of(resources(_state(_route()))))
    assert SUBNET in {item.resource for item in found}


def test_what_a_state_is_about_to_delete_does_not_count() -> None:
    """An old copy that waits for its deletion is not part of the stack."""
    assert judge(LAWS, Graph.of(resources(_state(_route(delete=True))))) == []


def test_secrets_of_a_state_are_unknown_unless_they_are_plain() -> None:
    """Ciphertext and redacted values say nothing; plaintext secrets are values."""
    held = {
        "cipher": {SECRET: KIND, "ciphertext": "x"},
        "plain": {SECRET: KIND, "value": [1]},
        "redacted": "[secret]",
    }
    (resource,) = resources({"resources": [{"urn": "urn::a", "type": "t", "inputs": held}]})
    assert resource.properties == {"cipher": UNKNOWN, "plain": [1], "redacted": UNKNOWN}


def test_inputs_win_and_outputs_add() -> None:
    """Ids come from outputs; collections that echo other resources do not."""
    token = "aws:ec2/routeTable:RouteTable"  # noqa: S105 - a type
    outputs = {"id": "rtb-1", "vpcId": "old", "routes": [{"gatewayId": "igw-1"}]}
    assert joined(token, {"vpcId": UNKNOWN}, outputs) == {"id": "rtb-1", "vpcId": UNKNOWN}
    assert joined(token, None, outputs) == outputs
