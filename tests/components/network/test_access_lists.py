"""Network ACLs, asked what they do with a packet."""

from functools import cache
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

from perpetual.offline.capture import Capture
from tests.components.network.build import build

WORLD = "203.0.113.7"
"""An address outside the VPC; inside it are the three below."""
PUBLIC_A, PRIVATE_A, DATA_B = "10.0.0.1", "10.0.32.1", "10.0.72.1"


def _admits(entries: list[dict[str, Any]], address: str, port: int, protocol: str = "6") -> bool:
    """Judge as AWS does: entries by number, the first that matches decides, else deny."""
    for entry in sorted(entries, key=lambda item: int(item["ruleNo"])):
        inside = IPv4Address(address) in IPv4Network(entry["cidrBlock"])
        same = entry["protocol"] == protocol and entry["fromPort"] <= port <= entry["toPort"]
        if inside and (entry["protocol"] == "-1" or same):
            return str(entry["action"]) == "allow"
    return False


@cache
def _default() -> Capture:
    return build()


def _acl(found: Capture, tier: str) -> dict[str, Any]:
    return found.named(f"network-acl-{tier}").inputs


@pytest.mark.parametrize(
    ("tier", "source", "port", "admitted"),
    [
        ("data", PRIVATE_A, 5432, True),
        ("data", PRIVATE_A, 22, False),
        ("data", PRIVATE_A, 40000, False),
        ("data", DATA_B, 5432, True),
        ("data", DATA_B, 40000, True),
        ("data", DATA_B, 22, False),
        ("data", PUBLIC_A, 5432, False),
        ("data", WORLD, 5432, False),
        ("data", WORLD, 40000, False),
        ("private", PUBLIC_A, 5000, True),
        ("private", WORLD, 40000, True),
        ("private", WORLD, 22, False),
        ("private", WORLD, 443, False),
        ("public", WORLD, 80, True),
        ("public", WORLD, 443, True),
        ("public", WORLD, 40000, True),
        ("public", WORLD, 22, False),
        ("public", WORLD, 25, False),
        ("public", PRIVATE_A, 1024, True),
    ],
)
def test_what_may_enter_a_tier(
    tier: str,
    source: str,
    port: int,
    admitted: bool,  # noqa: FBT001 - an expected value
) -> None:
    """Postgres from private and data ranges; from the world only HTTP(S) and answers."""
    assert _admits(_acl(_default(), tier)["ingress"], source, port) is admitted


@pytest.mark.parametrize(
    ("target", "port", "admitted"),
    [
        (PRIVATE_A, 40000, True),
        (DATA_B, 5432, True),
        (PUBLIC_A, 40000, False),
        (WORLD, 443, False),
        (WORLD, 40000, False),
        (PRIVATE_A, 443, False),
    ],
)
def test_what_may_leave_the_data_tier(
    target: str,
    port: int,
    admitted: bool,  # noqa: FBT001 - an expected value
) -> None:
    """Answers to clients and talk among data subnets; nothing to the world."""
    assert _admits(_acl(_default(), "data")["egress"], target, port) is admitted


def test_udp_from_the_world_reaches_high_ports_only() -> None:
    """Answers to what was asked through NAT come back; services below 1024 stay out of reach."""
    entries = _acl(_default(), "private")["ingress"]
    assert not _admits(entries, WORLD, 53, "17")
    assert _admits(entries, WORLD, 40000, "17")


def test_another_port_of_postgres_is_followed() -> None:
    """The list opens the port the database listens on and no other."""
    entries = _acl(build(arguments={"database_port": 6000}), "data")["ingress"]
    assert _admits(entries, PRIVATE_A, 6000)
    assert not _admits(entries, PRIVATE_A, 5432)


def test_a_public_bastion_opens_ssh_to_public_and_postgres_from_public() -> None:
    """Both, so that it works; neither without it, as the tables above show."""
    found = build(arguments={"public_clients": True})
    assert _admits(_acl(found, "public")["ingress"], WORLD, 22)
    assert _admits(_acl(found, "data")["ingress"], PUBLIC_A, 5432)
    assert _admits(_acl(found, "data")["egress"], PUBLIC_A, 40000)
    assert not _admits(_acl(found, "data")["ingress"], PUBLIC_A, 22)


def test_a_full_vpc_stays_within_twenty_entries() -> None:
    """AWS's default quota per direction.

    https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
    """
    found = build(zones=list("abcd"), arguments={"public_clients": True})
    lists = found.of_type("aws:ec2/networkAcl:NetworkAcl")
    sizes = [len(item.inputs[way]) for item in lists for way in ("ingress", "egress")]
    assert len(sizes) == 6
    assert max(sizes) <= 20


def test_every_subnet_has_the_list_of_its_tier() -> None:
    """None is left with the emptied default, which would cut it off."""
    found = build(zones=list("abc"))
    by_id = {item.id: item.name for item in found.registrations if item.id}
    joined = {
        by_id[item.inputs["subnetId"]]: by_id[item.inputs["networkAclId"]]
        for item in found.of_type("aws:ec2/networkAclAssociation:NetworkAclAssociation")
    }
    assert joined == {
        f"network-{tier}-{zone}": f"network-acl-{tier}"
        for tier in ("public", "private", "data")
        for zone in "abc"
    }
