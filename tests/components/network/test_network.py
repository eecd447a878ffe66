"""A created network: counts, routes, subnets, and what a change of settings leaves alone."""

import json
from typing import Any

import pytest

from perpetual.contract import TIER_TAG, Limit
from perpetual.offline.capture import UNKNOWN, Capture
from tests.components.network.build import LONG, STACK, build, fields, types, ways

BASE = {
    "Network": 1,
    "Routes": 1,
    "AccessLists": 1,
    "FlowLogs": 1,
    "Vpc": 1,
    "InternetGateway": 1,
    "DefaultSecurityGroup": 1,
    "DefaultNetworkAcl": 1,
    "DefaultRouteTable": 1,
    "NetworkAcl": 3,
    "VpcEndpoint": 1,
    "LogGroup": 1,
    "Role": 1,
    "RolePolicy": 1,
    "FlowLog": 1,
}


def per_zone(zones: int) -> dict[str, int]:
    """Return how many resources of each type come with the zones, NAT apart."""
    return {
        "Subnet": 3 * zones,
        "RouteTable": 2 + zones,
        "RouteTableAssociation": 3 * zones,
        "NetworkAclAssociation": 3 * zones,
        "VpcEndpointRouteTableAssociation": zones,
    }


@pytest.mark.parametrize("zones", ["a", "ab", "cab", "abcd"])
@pytest.mark.parametrize(
    ("nat", "gateways"), [("per-zone", None), ("single", 1)], ids=["per-zone", "single"]
)
def test_a_created_network_is_exactly_this(zones: str, nat: str, gateways: int | None) -> None:
    """Every type and count is listed: an undeclared resource fails."""
    count = gateways or len(zones)
    assert types(build(zones=list(zones), nat=nat)) == {
        **BASE,
        **per_zone(len(zones)),
        "NatGateway": count,
        "Eip": count,
        "Route": 1 + len(zones),
    }


def test_without_nat_there_is_one_route_only_and_the_endpoints_hosts_live_by() -> None:
    """No NAT gateway and no address; interface endpoints come along by themselves."""
    assert types(build(nat="none")) == {
        **BASE,
        **per_zone(2),
        "Route": 1,
        "Endpoints": 1,
        "SecurityGroup": 1,
        "VpcEndpoint": 1 + 10,
    }


@pytest.mark.parametrize(
    ("nat", "home"),
    [
        ("per-zone", {"a": "network-routes-nat-a", "b": "network-routes-nat-b"}),
        ("single", {"a": "network-routes-nat-a", "b": "network-routes-nat-a"}),
        ("none", {}),
    ],
)
def test_each_tier_has_its_ways_and_no_other(nat: str, home: dict[str, str]) -> None:
    """Public goes to the internet, private through NAT and to S3, data nowhere."""
    expected: dict[str, dict[str, str]] = {}
    for zone in "ab":
        way_out = {"0.0.0.0/0": home[zone]} if zone in home else {}
        expected[f"network-public-{zone}"] = {"0.0.0.0/0": "network-routes-gateway"}
        expected[f"network-private-{zone}"] = {"s3": "network-routes-storage", **way_out}
        expected[f"network-data-{zone}"] = {}
    assert ways(build(nat=nat)) == expected


def test_subnets_lie_where_the_plan_says_and_give_nobody_a_public_address() -> None:
    """All inputs of a subnet are compared, its tier tag among them."""
    found = build(cidr="10.8.0.0/18", zones=["c", "a"])
    vpc = found.named("network-vpc").id
    expected = {
        "network-public-c": ("10.8.0.0/23", "eu-west-1c"),
        "network-data-c": ("10.8.2.0/23", "eu-west-1c"),
        "network-private-c": ("10.8.8.0/21", "eu-west-1c"),
        "network-public-a": ("10.8.16.0/23", "eu-west-1a"),
        "network-data-a": ("10.8.18.0/23", "eu-west-1a"),
        "network-private-a": ("10.8.24.0/21", "eu-west-1a"),
    }
    assert {item.name: item.inputs for item in found.of_type("aws:ec2/subnet:Subnet")} == {
        name: {
            "vpcId": vpc,
            "cidrBlock": cidr,
            "availabilityZone": zone,
            "mapPublicIpOnLaunch": False,
            "tags": {
                "Name": name.replace("network", "perpetual-prod"),
                TIER_TAG: name.split("-")[1],
            },
        }
        for name, (cidr, zone) in expected.items()
    }


def _inputs(found: Capture) -> dict[str, dict[str, Any]]:
    return {item.name: item.inputs for item in found.registrations}


@pytest.mark.parametrize("nat", ["per-zone", "single"])
@pytest.mark.parametrize("order", ["bda", "abc"])
def test_adding_a_zone_changes_nothing_but_the_data_access_list(nat: str, order: str) -> None:
    """Each resource keeps its name and its inputs; every order is gone through with the plan.

    The data list grows by the new zone's ranges; the numbers of its entries stay.
    """
    before = _inputs(build(zones=list(order[:2]), nat=nat))
    after = _inputs(build(zones=list(order), nat=nat))
    changed = {name for name, inputs in before.items() if after.get(name) != inputs}
    assert changed == {"network-acl-data"}
    for direction in ("ingress", "egress"):
        old, new = (found["network-acl-data"][direction] for found in (before, after))
        assert [entry for entry in new if entry in old] == old


def test_a_single_nat_gateway_keeps_its_place_when_every_zone_gets_one() -> None:
    """Its address may be allowed elsewhere; only the other zones' routes change their target."""
    single, each = _inputs(build(nat="single")), _inputs(build(nat="per-zone"))
    assert {name for name in single if each.get(name) != single[name]} == {
        "network-routes-private-b-internet"
    }


def test_nat_gateways_and_addresses_go_before_the_internet_gateway_does() -> None:
    """They depend on it, so that it is deleted after them."""
    found = build(nat="per-zone")
    gateway = found.named("network-routes-gateway").urn
    waiting = {item.name for item in found.registrations if gateway in item.request.dependencies}
    assert {
        f"network-routes-nat-{zone}{what}" for zone in "ab" for what in ("", "-address")
    } <= waiting


def test_whoever_uses_a_subnet_waits_for_its_way_and_lets_go_of_it_first() -> None:
    """A host that starts before its NAT route, or drains after it, never reaches ECS."""
    found = build(nat="single", interfaceEndpoints=["logs"], zones=["a", "b"])
    user = found.named("network-endpoints-logs")
    before = {urn.rsplit("::", 1)[1] for urn in user.property_dependencies["subnetIds"]}
    assert before == {
        f"network-{part}-private-{zone}{what}"
        for zone in "ab"
        for part, what in (
            ("routes", "-association"),
            ("routes", "-internet"),
            ("routes", "-storage"),
            ("acl", ""),
        )
    } | {"network-private-a", "network-private-b"}
    nat = {
        urn.rsplit("::", 1)[1] for urn in found.named("network-routes-nat-a").request.dependencies
    }
    assert {
        "network-acl-public-a",
        "network-routes-public-a-association",
        "network-routes-public-internet",
    } <= nat


def test_the_defaults_of_the_vpc_are_emptied() -> None:
    """They have no rule and no route left, and say in their name that nobody should use them."""
    found = build()
    tags = {"Name": "perpetual-prod-default-unused"}
    assert found.named("network-default-group").inputs == {
        "vpcId": found.named("network-vpc").id,
        "ingress": [],
        "egress": [],
        "tags": tags,
    }
    table = found.named("network-default-table").inputs
    assert (table["routes"], table["tags"]) == ([], tags)
    acl = found.named("network-default-acl")
    assert (acl.inputs["ingress"], acl.inputs["egress"], acl.inputs["tags"]) == ([], [], tags)
    assert list(acl.request.ignoreChanges) == ["subnetIds"]


def test_all_that_lies_in_the_vpc_is_seen_to_depend_on_it() -> None:
    """At preview an unknown VPC id is told by its dependency alone: it must lead to the VPC."""
    found = build(known=False, interfaceEndpoints=["logs"], privateZone="i.example.com")
    vpc = found.named("network-vpc").urn
    inside = [item for item in found.registrations if "vpcId" in item.inputs]
    assert len(inside) == 1 + 1 + 6 + 4 + 3 + 2 + 1 + 1
    assert all(item.property_dependencies["vpcId"] == [vpc] for item in inside)


def test_the_vpc_resolves_names() -> None:
    """Private DNS of endpoints and service discovery need both switches."""
    assert build().named("network-vpc").inputs == {
        "cidrBlock": "10.0.0.0/16",
        "enableDnsSupport": True,
        "enableDnsHostnames": True,
        "tags": {"Name": "perpetual-prod"},
    }


def test_documents_are_readable_at_preview() -> None:
    """None of them is unknown in a first preview, when no id is."""
    found = build(known=False)
    documents = [
        found.named("network-routes-storage").inputs["policy"],
        found.named("network-flow-role").inputs["assumeRolePolicy"],
        found.named("network-flow-policy").inputs["policy"],
    ]
    assert all(json.loads(text)["Version"] == "2012-10-17" for text in documents)
    assert found.named("network-vpc").state.get("id", UNKNOWN) == UNKNOWN


def test_the_s3_endpoint_admits_this_account_and_reads_of_named_buckets_only() -> None:
    """A principal of another account gets nothing through it, and nobody else may write."""
    ours, theirs = json.loads(build().named("network-routes-storage").inputs["policy"])["Statement"]
    assert ours["Condition"] == {"StringEquals": {"aws:PrincipalAccount": STACK.account}}
    assert theirs["Action"] == "s3:GetObject"
    assert "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*" in theirs["Resource"]
    assert not [arn for arn in theirs["Resource"] if arn.count("*") != 1]


def test_flow_logs_cover_the_vpc_encrypted_and_for_the_days_asked() -> None:
    """The group's name, key and retention, and a role that writes to this group alone."""
    found = build(flowLogRetentionDays=90)
    assert found.named("network-flow-group").inputs == {
        "name": "/perpetual/prod/flow",
        "kmsKeyId": "arn:key",
        "retentionInDays": 90,
    }
    log = found.named("network-flow-log").inputs
    assert (log["vpcId"], log["trafficType"]) == (found.named("network-vpc").id, "ALL")
    write, _ = json.loads(found.named("network-flow-policy").inputs["policy"])["Statement"]
    group = "arn:aws:logs:eu-west-1:111122223333:log-group:/perpetual/prod/flow"
    assert write["Resource"] == [group, f"{group}:*"]


def test_a_private_zone_is_made_when_it_is_named() -> None:
    """And none otherwise: the counts above have no zone."""
    found = build(privateZone="internal.example.com")
    zone = found.named("network-zone").inputs
    assert zone["name"] == "internal.example.com"
    assert zone["vpcs"] == [{"vpcId": found.named("network-vpc").id}]


def test_published_fields_describe_every_subnet_with_its_routes() -> None:
    """What a downstream stack learns is what the route tables do."""
    found = build(zones=["a"], nat="per-zone")
    shown = fields(found)
    prefix_list = found.named("network-routes-storage").state["prefixListId"]
    local = {"destination": "10.0.0.0/16", "target": "local"}
    routes = {
        "public": [local, {"destination": "0.0.0.0/0", "target": "internet-gateway"}],
        "data": [local],
        "private": [
            local,
            {"destination": prefix_list, "target": "vpc-endpoint"},
            {"destination": "0.0.0.0/0", "target": "nat-gateway"},
        ],
    }
    ranges = {"public": "10.0.0.0/21", "data": "10.0.8.0/21", "private": "10.0.32.0/19"}
    ids = {tier: found.named(f"network-{tier}-a").id for tier in ranges}
    assert shown == {
        "vpcId": found.named("network-vpc").id,
        "cidr": "10.0.0.0/16",
        "zones": ["a"],
        "publicSubnets": [ids["public"]],
        "privateSubnets": [ids["private"]],
        "dataSubnets": [ids["data"]],
        "endpointGroup": "",
        "subnets": [
            {
                "id": ids[tier],
                "tier": tier,
                "availabilityZone": "eu-west-1a",
                "cidrBlock": ranges[tier],
                "routes": routes[tier],
            }
            for tier in ("public", "data", "private")
        ],
    }


def test_no_name_is_too_long_for_a_stack_of_thirty_characters() -> None:
    """Role 64, log group 512, security group 255, tag value 256 characters."""
    found = build(LONG, zones=["a", "b", "c", "d"], nat="none")
    limits = {
        "aws:iam/role:Role": Limit.ROLE,
        "aws:cloudwatch/logGroup:LogGroup": 512,
        "aws:ec2/securityGroup:SecurityGroup": 255,
    }
    named = [(item, item.inputs["name"]) for item in found.registrations if item.type in limits]
    assert len(named) == len(limits)
    assert all(LONG.name in name for _, name in named)
    assert all(len(name) <= limits[item.type] for item, name in named)
    tags = [item.inputs["tags"]["Name"] for item in found.registrations if "tags" in item.inputs]
    assert tags
    assert max(map(len, tags)) <= 256
