"""Ways gained and lost, on a network of one public subnet and one host."""

from collections.abc import Callable, Sequence

import pulumi_aws as aws
import pytest

from perpetual.offline.revisions.kinds import Kind
from tests.offline.revisions.compared import entries, said


def _host(*rules: tuple[str, int], gateway: bool = True, name: str = "host") -> Callable[[], None]:
    def program() -> None:
        vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
        subnet = aws.ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block="10.0.1.0/24")
        table = aws.ec2.RouteTable("table", vpc_id=vpc.id)
        aws.ec2.RouteTableAssociation("joined", subnet_id=subnet.id, route_table_id=table.id)
        if gateway:
            _gateway(vpc, table)
        group = aws.ec2.SecurityGroup("group", vpc_id=vpc.id)
        _open(group, rules)
        aws.ec2.Instance(
            name,
            ami="ami-1",
            instance_type="t4g.nano",
            subnet_id=subnet.id,
            associate_public_ip_address=True,
            vpc_security_group_ids=[group.id],
        )

    return program


def _gateway(vpc: aws.ec2.Vpc, table: aws.ec2.RouteTable) -> None:
    gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id)
    aws.ec2.Route(
        "out",
        route_table_id=table.id,
        destination_cidr_block="0.0.0.0/0",
        gateway_id=gateway.id,
    )


def _open(group: aws.ec2.SecurityGroup, rules: Sequence[tuple[str, int]]) -> None:
    for cidr, port in rules:
        aws.vpc.SecurityGroupIngressRule(
            f"in-{cidr.replace('/', '-')}-{port}",
            security_group_id=group.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            cidr_ipv4=cidr,
        )


WEB = ("0.0.0.0/0", 443)
OFFICE = ("198.51.100.0/24", 22)


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ([WEB, OFFICE], "internet (198.51.100.0/24) to instance host by tcp 22"),
        ([WEB, ("0.0.0.0/0", 22)], "internet to instance host by tcp 22"),
    ],
)
def test_a_port_that_opens_is_a_way_from_the_internet_with_its_witness(
    rules: list[tuple[str, int]], says: str
) -> None:
    """Whichever part of it."""
    found = entries(_host(WEB), _host(*rules))
    (entry,) = [item for item in found if item.kind is Kind.EXPOSURE]
    assert entry.message == f"a way is open: {says}"
    assert " -> igw gateway -> 0.0.0.0/0 -> rtb table -> subnet subnet -> " in entry.details[0]
    assert entry.details[0].endswith("instance host")


def test_a_range_that_widens_is_a_new_way() -> None:
    """The port was open to somebody before; now it is to everybody."""
    found = entries(_host(OFFICE), _host(("0.0.0.0/0", 22)))
    (message,) = said(found, Kind.EXPOSURE)
    assert "internet to instance host by tcp 22" in message


def test_only_the_part_that_may_come_in_is_named() -> None:
    """Another part of the internet, named by another rule, stays out."""
    other = ("203.0.113.0/24", 443)
    found = entries(_host(other), _host(other, OFFICE))
    assert said(found, Kind.EXPOSURE) == [
        "a way is open: internet (198.51.100.0/24) to instance host by tcp 22"
    ]


def test_a_way_that_closes_names_its_wall() -> None:
    """The route is gone, and every port with it."""
    found = entries(_host(WEB), _host(WEB, gateway=False))
    closed = [item for item in found if item.kind is Kind.PATH_CLOSED]
    assert "internet to instance host by tcp 443" in closed[0].message
    assert "wall: subnet subnet has no route to an internet gateway" in closed[0].details


def test_a_renamed_host_keeps_its_ways() -> None:
    """It is another host to the engine, and the same door to the world."""
    found = entries(_host(WEB), _host(WEB, name="box"))
    assert said(found, Kind.REPLACEMENT)
    assert not said(found, Kind.EXPOSURE)
    assert not said(found, Kind.PATH_CLOSED)


def test_a_new_host_opens_the_ways_to_it() -> None:
    """What is not there cannot be reached."""
    (message,) = said(entries(lambda: None, _host(WEB)), Kind.EXPOSURE)
    assert "to instance host by tcp 443" in message
