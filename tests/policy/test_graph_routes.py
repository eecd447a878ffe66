"""Where routes lead, target by target, and what that makes of the subnets that use them."""

from typing import Any

import pulumi_aws as aws
import pytest

from graph import INTERNET, Target, Tier, Verdict, may
from tests.policy.case import EVERYWHERE
from tests.policy.forms import ALL, host, open_group, urn_of
from tests.policy.small import Stack, small
from tests.policy.support import FORMS, UPDATE, captured, graph_of

YES, NO = Verdict.YES, Verdict.NO
TARGETS: dict[str, tuple[dict[str, str], Target, Tier]] = {
    "an internet gateway": ({"gateway_id": "igw-0a"}, Target.INTERNET_GATEWAY, Tier.PUBLIC),
    "a carrier gateway": ({"carrier_gateway_id": "cagw-0a"}, Target.INTERNET_GATEWAY, Tier.PUBLIC),
    "a VPN gateway": ({"gateway_id": "vgw-0a"}, Target.VPN_GATEWAY, Tier.PRIVATE),
    "a NAT gateway": ({"nat_gateway_id": "nat-0a"}, Target.NAT_GATEWAY, Tier.PRIVATE),
    "an egress-only gateway": (
        {"egress_only_gateway_id": "eigw-0a"},
        Target.EGRESS_ONLY_GATEWAY,
        Tier.PRIVATE,
    ),
    "a transit gateway": ({"transit_gateway_id": "tgw-0a"}, Target.TRANSIT_GATEWAY, Tier.PRIVATE),
    "a peering": ({"vpc_peering_connection_id": "pcx-0a"}, Target.PEERING, Tier.PRIVATE),
    "an appliance": ({"vpc_endpoint_id": "vpce-0a"}, Target.APPLIANCE, Tier.PRIVATE),
    "an interface": ({"network_interface_id": "eni-0a"}, Target.INTERFACE, Tier.PRIVATE),
    "a local gateway": ({"local_gateway_id": "lgw-0a"}, Target.OTHER, Tier.PRIVATE),
    "a core network": (
        {"core_network_arn": "arn:aws:networkmanager::123456789012:core-network/a"},
        Target.OTHER,
        Tier.PRIVATE,
    ),
    "a service network": ({"gateway_id": "VpcLattice"}, Target.LATTICE, Tier.DATA),
    "nothing but the VPC": ({"gateway_id": "local"}, Target.LOCAL, Tier.DATA),
}


@pytest.mark.parametrize(("target", "kind", "tier"), TARGETS.values(), ids=TARGETS)
def test_a_route_makes_its_subnets_tier(target: dict[str, str], kind: Target, tier: Tier) -> None:
    """Standalone or inline, a route to that target opens the data subnets so far."""
    destination = "::/0" if "egress_only_gateway_id" in target else EVERYWHERE
    key = "destination_ipv6_cidr_block" if destination == "::/0" else "destination_cidr_block"

    route: dict[str, Any] = {key: destination, **target}
    inline: Any = {key.removeprefix("destination_"): destination, **target}

    def standalone(made: Stack) -> None:
        aws.ec2.Route("added", route_table_id=made.data_table.id, **route)

    for program in (small(standalone), small(data_table={"routes": [inline]})):
        graph = graph_of(captured(program))
        seen = graph.behaviours[urn_of(graph, "data-a", "Subnet")]
        assert seen.tier is tier
        assert not seen.gaps
        used = graph.subnets[urn_of(graph, "data-a", "Subnet")].tables
        assert [route.target for table in used for route in table.routes] == [kind]


@pytest.mark.parametrize("form", FORMS)
def test_a_regional_nat_gateway_lies_in_no_subnet(form: str) -> None:
    """It leads out all the same, and is nothing that anybody could connect to."""
    change = {
        "nat": lambda made: {
            "subnet_id": None,
            "allocation_id": None,
            "vpc_id": made.vpc.id,
            "availability_mode": "regional",
        }
    }

    def extra(made: Stack) -> None:
        group = open_group(made, egress=[ALL])
        host(made, subnet_id=made.private_a.id, vpc_security_group_ids=[group.id])

    graph = graph_of(captured(small(extra, **change), known=form == UPDATE))
    assert may(graph, urn_of(graph, "host"), INTERNET, "tcp", 443).verdict is YES
    assert may(graph, INTERNET, urn_of(graph, "host"), "tcp", 22).verdict is NO
    assert urn_of(graph, "nat") not in {item.urn for item in graph.interfaces}


def test_a_zonal_nat_gateway_that_says_so_lies_in_its_subnet() -> None:
    """The default, spelled out, is still the default."""
    graph = graph_of(captured(small(nat={"availability_mode": "zonal"})))
    assert urn_of(graph, "nat") in {item.urn for item in graph.interfaces}


@pytest.mark.parametrize("form", FORMS)
def test_an_address_range_added_to_a_vpc_is_its_own(form: str) -> None:
    """What is sent there stays in the VPC, and is nothing of the internet."""

    def extra(made: Stack) -> None:
        aws.ec2.VpcIpv4CidrBlockAssociation(
            "second", vpc_id=made.vpc.id, cidr_block="198.18.0.0/16"
        )
        subnet = aws.ec2.Subnet("second", vpc_id=made.vpc.id, cidr_block="198.18.1.0/24")
        group = open_group(made, egress=[ALL])
        host(made, vpc_security_group_ids=[group.id])
        aws.ec2.Instance(
            "other",
            ami="ami-0abcdef1234567890",
            instance_type="t4g.nano",
            subnet_id=subnet.id,
            vpc_security_group_ids=[group.id],
        )

    graph = graph_of(captured(small(extra), known=form == UPDATE))
    answer = may(graph, urn_of(graph, "host"), urn_of(graph, "other"), "tcp", 22)
    assert answer.verdict is YES
    assert "local" in answer.path
