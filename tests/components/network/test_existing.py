"""Networks made elsewhere: what is asked, what is learnt, what is refused."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from perpetual import contract
from perpetual.offline.capture import UNKNOWN
from tests.components.network.build import STACK, build, fields, published, types

VPC = "vpc-0123456789abcdef0"
MAIN = "rtb-main"
PUBLIC_A, PUBLIC_B = "subnet-0000000000000001a", "subnet-0000000000000001b"
PRIVATE_A, PRIVATE_B = "subnet-0000000000000002a", "subnet-0000000000000002b"
DATA_A, DATA_B = "subnet-0000000000000003a", "subnet-0000000000000003b"
IDS = {
    "publicSubnets": [PUBLIC_A, PUBLIC_B],
    "privateSubnets": [PRIVATE_A, PRIVATE_B],
    "dataSubnets": [DATA_A, DATA_B],
}
ADOPT: dict[str, Any] = {"source": "adopt", "vpcId": VPC, **IDS}
TABLES: dict[str, list[dict[str, str]]] = {
    "rtb-public": [{"cidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}],
    "rtb-private": [
        {"cidrBlock": "0.0.0.0/0", "natGatewayId": "nat-1"},
        {"cidrBlock": "192.168.0.0/16", "transitGatewayId": "tgw-1"},
        {"cidrBlock": "172.16.0.0/16", "vpcPeeringConnectionId": "pcx-1"},
        {"ipv6CidrBlock": "::/0", "egressOnlyGatewayId": "eigw-1"},
        {"destinationPrefixListId": "pl-1", "vpcEndpointId": "vpce-1"},
        {"cidrBlock": "10.99.0.0/16", "gatewayId": "vgw-1"},
        {"cidrBlock": "10.98.0.0/16", "networkInterfaceId": "eni-1"},
    ],
    MAIN: [],
}
WORDS = [
    ("0.0.0.0/0", "nat-gateway"),
    ("192.168.0.0/16", "transit-gateway"),
    ("172.16.0.0/16", "peering"),
    ("::/0", "egress-only-gateway"),
    ("pl-1", "vpc-endpoint"),
    ("10.99.0.0/16", "other"),
    ("10.98.0.0/16", "other"),
]
LOCAL = [
    {"destination": "10.1.0.0/16", "target": "local"},
    {"destination": "100.64.0.0/16", "target": "local"},
]


def _vpc(_: dict[str, Any]) -> dict[str, Any]:
    ranges = [{"cidrBlock": item["destination"]} for item in LOCAL]
    return {
        "id": VPC,
        "cidrBlock": "10.1.0.0/16",
        "cidrBlockAssociations": ranges,
        "mainRouteTableId": MAIN,
    }


def _subnet(asked: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": asked["id"],
        "vpcId": VPC,
        "availabilityZone": f"eu-west-1{asked['id'][-1]}",
        "cidrBlock": f"10.1.{asked['id'][-2]}.0/24",
    }


def _tables(asked: dict[str, Any]) -> dict[str, Any]:
    (choice,) = asked["filters"]
    assert choice["name"] == "association.subnet-id"
    (subnet,) = choice["values"]
    own = {"1": ["rtb-public"], "2": ["rtb-private"], "3": []}
    return {"ids": own[subnet[-2]]}


def _table(asked: dict[str, Any]) -> dict[str, Any]:
    return {"routeTableId": asked["routeTableId"], "routes": TABLES[asked["routeTableId"]]}


def invokes(**replaced: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """Return AWS's answers about a VPC of two zones whose data subnets use the main table."""
    answers = {"getVpc": _vpc, "getSubnet": _subnet, "getRouteTables": _tables}
    answers |= {"getRouteTable": _table, **replaced}
    return {f"aws:ec2/{name}:{name}": answer for name, answer in answers.items()}


def test_an_adopted_network_is_read_and_nothing_in_it_is_made() -> None:
    """Two components are registered, and not one AWS resource; the ids pass through."""
    found = build(invokes=invokes(), known=False, **ADOPT)
    assert types(found) == {"Existing": 1, "Network": 1}
    shown = fields(found)
    assert {key: shown[key] for key in IDS} == IDS
    assert (shown["vpcId"], shown["cidr"], shown["zones"]) == (VPC, "10.1.0.0/16", ["a", "b"])
    assert shown["endpointGroup"] == ""


def test_adopted_subnets_are_shown_with_their_routes_to_the_policy_pack() -> None:
    """All of them, with the tier that the settings claim, at preview already."""
    found = build(invokes=invokes(), known=False, **ADOPT)
    subnets = found.named("network").inputs["existingSubnets"]
    assert subnets == fields(found)["subnets"]
    assert [(item["id"], item["tier"], item["availabilityZone"]) for item in subnets] == [
        (PUBLIC_A, "public", "eu-west-1a"),
        (PUBLIC_B, "public", "eu-west-1b"),
        (PRIVATE_A, "private", "eu-west-1a"),
        (PRIVATE_B, "private", "eu-west-1b"),
        (DATA_A, "data", "eu-west-1a"),
        (DATA_B, "data", "eu-west-1b"),
    ]
    shape = {"id", "tier", "availabilityZone", "cidrBlock", "routes"}
    assert all(item.keys() == shape for item in subnets)
    by_id = {item["id"]: item["routes"] for item in subnets}
    internet = {"destination": "0.0.0.0/0", "target": "internet-gateway"}
    assert by_id[PUBLIC_B] == [*LOCAL, internet]
    assert by_id[PRIVATE_A] == [
        *LOCAL,
        *({"destination": cidr, "target": word} for cidr, word in WORDS),
    ]


def test_a_subnet_without_a_table_of_its_own_has_the_routes_of_the_main_one() -> None:
    """A data subnet that nobody associated leaks as soon as the main table does."""
    leaking = [{"cidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}]

    def table(asked: dict[str, Any]) -> dict[str, Any]:
        return {"routes": leaking if asked["routeTableId"] == MAIN else []}

    found = build(invokes=invokes(getRouteTable=table), known=False, **ADOPT)
    routes = {
        item["id"]: item["routes"] for item in found.named("network").inputs["existingSubnets"]
    }
    assert routes[DATA_A][-1] == {"destination": "0.0.0.0/0", "target": "internet-gateway"}
    assert routes[PUBLIC_A] == LOCAL


def test_endpoints_asked_for_are_made_in_adopted_private_subnets() -> None:
    """They are the one thing added to an adopted VPC, because the settings ask for it."""
    found = build(invokes=invokes(), interfaceEndpoints=["logs"], **ADOPT)
    endpoint = found.named("network-endpoints-logs").inputs
    assert (endpoint["vpcId"], endpoint["subnetIds"]) == (VPC, IDS["privateSubnets"])
    assert fields(found)["endpointGroup"] == found.named("network-endpoints-group").id


@pytest.mark.parametrize(
    ("changed", "answers", "message"),
    [
        (
            {"privateSubnets": [PRIVATE_B, PRIVATE_A]},
            {},
            r"2b is in eu-west-1b and stands in the place of eu-west-1a: bring network\.private",
        ),
        (
            {},
            {"getSubnet": lambda asked: {**_subnet(asked), "vpcId": "vpc-other"}},
            rf"{PUBLIC_A} belongs to vpc-other, not to network\.vpcId {VPC}",
        ),
    ],
)
def test_subnets_that_are_not_what_the_settings_say_are_refused(
    changed: dict[str, Any], answers: dict[str, Any], message: str
) -> None:
    """Order and VPC are checked, and the sentence names the key to correct."""
    with pytest.raises(pulumi.RunError, match=message):
        build(invokes=invokes(**answers), **{**ADOPT, **changed})


def _refer(outputs: dict[str, Any], **chosen: Any) -> dict[str, Any]:
    reference = "acme/perpetual/shared"
    return {
        "source": "stack",
        "stack": reference,
        "pin": contract.pin(outputs["network"]),
        **chosen,
    }


def test_another_stacks_network_arrives_as_it_was_published() -> None:
    """Ids, zones, routes: what the upstream created is what the downstream sees and shows."""
    upstream = published(build(zones=["a", "b", "c"]))
    found = build(
        stacks={"shared": upstream}, known=False, **_refer(upstream, zones=["a", "b", "c"])
    )
    assert fields(found) == upstream["network"]
    assert found.named("network").inputs["existingSubnets"] == upstream["network"]["subnets"]
    assert types(found) == {"Existing": 1, "Network": 1, "Parameter": 1}


def test_a_stack_may_use_some_of_the_upstreams_zones_in_its_own_order() -> None:
    """A subnet is found by its zone's letter, not by its position."""
    upstream = published(build(zones=["a", "b", "c"]))
    found = build(stacks={"shared": upstream}, **_refer(upstream, zones=["c", "a"]))
    first, _, third = upstream["network"]["dataSubnets"]
    assert fields(found)["dataSubnets"] == [third, first]


def test_an_upstream_whose_outputs_are_unknown_leaves_the_facts_unknown() -> None:
    """Then a policy pack sees that it sees nothing, instead of seeing no subnet."""
    upstream = published(build())
    found = build(known=False, **_refer(upstream))
    assert found.named("network").inputs["existingSubnets"] == UNKNOWN


@pytest.mark.parametrize(
    ("there", "here", "message"),
    [
        ({}, {"zones": ["a", "d"]}, r"shared has no zone d: choose network\.zones among a, b\."),
        (
            {"interfaceEndpoints": ["logs"]},
            {},
            r"shared has interface endpoints: name them in network\.interfaceEndpoints",
        ),
        (
            {},
            {"interfaceEndpoints": ["logs"]},
            r"shared has no interface endpoints: empty network\.interfaceEndpoints",
        ),
    ],
)
def test_settings_that_do_not_fit_the_upstream_are_refused(
    there: dict[str, Any], here: dict[str, Any], message: str
) -> None:
    """Its zones and its endpoints are what they are; the sentence says what to set instead."""
    upstream = published(build(**there))
    with pytest.raises(pulumi.RunError, match=message):
        build(stacks={"shared": upstream}, **_refer(upstream, **here))


def test_the_endpoint_group_of_the_upstream_is_known_to_this_stack() -> None:
    """Security groups add their rules to it."""
    upstream = published(build(interfaceEndpoints=["logs"]))
    found = build(stacks={"shared": upstream}, **_refer(upstream, interfaceEndpoints=["ecr"]))
    assert fields(found)["endpointGroup"] == upstream["network"]["endpointGroup"] != ""


def test_the_claim_names_this_stack_and_lies_below_the_upstream() -> None:
    """It is a child of the component that read the contract."""
    upstream = published(build())
    settings = _refer(upstream)
    found = build(stacks={"shared": upstream}, **settings)
    claim = found.named("network-existing-claim")
    assert claim.inputs["name"] == f"/perpetual/shared/claims/{STACK.name}/network"
    assert claim.parent == found.named("network-existing").urn
