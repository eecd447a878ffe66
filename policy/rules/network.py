"""Rules on what a network needs beside routes and groups: endpoints, peerings, interfaces, ACLs."""

from collections.abc import Iterator
from typing import Any, Final

from graph import UNKNOWN, Addresses, Target
from graph.tokens import (
    INSTANCE,
    NETWORK_ACL,
    NETWORK_ACL_ASSOCIATION,
    NETWORK_INTERFACE,
    ROUTE,
    ROUTE_TABLE,
    VPC,
    VPC_ENDPOINT,
)
from rules.rule import Level, Rule, Severity
from rules.subject import Fault, Subject, Test, not_off, only_if, present, requires, rule, unknown

PUBLIC_ACCESS: Final = "aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions"
_GUIDE: Final = "https://docs.aws.amazon.com/vpc/latest/userguide/"
_LINK: Final = "https://docs.aws.amazon.com/vpc/latest/privatelink/"
_WIDE: Final = 2**16
"""Addresses of a /16: a route this wide leads to whole networks, not to what is needed there."""


def _endpoints(*services: str) -> Test:
    """Return the test that a VPC has an endpoint for each service."""

    def test(subject: Subject) -> Iterator[Fault]:
        names = [
            item.properties.get("serviceName") for item in subject.peers("vpcId", VPC_ENDPOINT)
        ]
        known = [name for name in names if isinstance(name, str)]
        lacking = [
            service for service in services if not any(_serves(name, service) for name in known)
        ]
        if lacking and UNKNOWN in names:
            yield unknown("serviceName of an endpoint")
        elif lacking:
            yield Fault(f"has no endpoint for {', '.join(lacking)}", "vpcId")

    return test


def _serves(name: str, service: str) -> bool:
    """Tell whether `com.amazonaws.eu-west-1.ecr.api` is the endpoint of `ecr.api`."""
    return name.split(".", 3)[-1] == service


def _used(subject: Subject) -> Iterator[Fault]:
    if subject.peers("networkAclId", NETWORK_ACL_ASSOCIATION):
        return
    yield from requires("subnetIds", present, "guards no subnet")(subject)


def _blocks(value: object) -> bool:
    return value in ("block-bidirectional", "block-ingress")


def _peered(subject: Subject) -> Iterator[Fault]:
    tables = subject.graph.routing.tables.values()
    ranges = [vpc.own for vpc in subject.graph.vpcs.values()]
    for route in (item for table in tables for item in table.routes):
        if route.source.urn != subject.resource.urn or route.target is not Target.PEERING:
            continue
        where = route.source.path or "destinationCidrBlock"
        if not isinstance(route.addresses, Addresses):
            yield Fault(f"leads no further than needed: {where} is not known", where, True)  # noqa: FBT003 - a fault's own word
        elif _vast(route.addresses, ranges):
            yield Fault(f"leads to all of a network: {route.destination} over {route.via}", where)


def _vast(addresses: Addresses, ranges: list[Addresses]) -> bool:
    v4 = sum(high - low + 1 for low, high in addresses.v4.spans)
    return v4 >= _WIDE or any(held and held <= addresses for held in ranges)


def _unmanaged(subject: Subject) -> bool:
    """Tell whether somebody made the interface, rather than a service of AWS."""
    kind: Any = subject.at("interfaceType")
    return kind in (None, "", UNKNOWN, "interface", "efa", "branch")


S3_ENDPOINT: Final = rule(
    _endpoints("s3"),
    VPC,
    name="vpc-storage-endpoint",
    title="S3 is reached by a gateway endpoint",
    severity=Severity.LOW,
    why="Image layers and logs go over NAT, which costs by the gigabyte and by the outage",
    fix="add a gateway VpcEndpoint for S3 to the private route tables; it costs nothing",
    url=f"{_LINK}vpc-endpoints-s3.html",
    controls=("CIS 6.8",),
    level=Level.ADVISORY,
)
SERVICE_ENDPOINTS: Final = rule(
    _endpoints("ec2", "ecr.api", "ecr.dkr", "ssm"),
    VPC,
    name="vpc-service-endpoints",
    title="AWS is reached by interface endpoints",
    severity=Severity.LOW,
    why="Calls to AWS leave the network, and stop with its way out",
    fix="add interface VpcEndpoints for ec2, ecr.api, ecr.dkr and ssm; each is billed by the hour",
    url=f"{_LINK}create-interface-endpoint.html",
    controls=("FSBP EC2.10", "FSBP EC2.55", "FSBP EC2.56", "FSBP EC2.57", "CIS 6.8"),
    level=Level.DISABLED,
)
UNUSED_ACL: Final = rule(
    _used,
    NETWORK_ACL,
    name="nacl-used",
    title="Network ACLs guard a subnet",
    severity=Severity.LOW,
    why="A list that guards nothing reads as if it did",
    fix="associate it with subnets, or remove it",
    url=f"{_GUIDE}vpc-network-acls.html",
    controls=("FSBP EC2.16",),
    level=Level.ADVISORY,
)
BLOCKED: Final = rule(
    requires(
        "internetGatewayBlockMode",
        _blocks,
        "lets internet gateways pass traffic",
    ),
    PUBLIC_ACCESS,
    name="vpc-block-public-access",
    title="VPC Block Public Access, where a stack sets it, blocks",
    severity=Severity.MEDIUM,
    why="A setting of the whole region that is managed and off looks like protection",
    fix="set internet_gateway_block_mode, and make exclusions for the VPCs that serve the internet",
    url=f"{_GUIDE}security-vpc-bpa.html",
    controls=("FSBP EC2.172",),
    level=Level.ADVISORY,
)
SOURCE_CHECK: Final = rule(
    only_if(
        _unmanaged,
        requires("sourceDestCheck", not_off, "forwards what is not its own"),
    ),
    NETWORK_INTERFACE,
    INSTANCE,
    name="eni-source-dest-check",
    title="Interfaces check source and destination",
    severity=Severity.MEDIUM,
    why="A host that forwards can be a way around routes and groups",
    fix="leave source_dest_check on; use a NAT gateway rather than a host of your own",
    url="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html",
    controls=("FSBP EC2.180",),
    level=Level.ADVISORY,
)
PEERING_ROUTES: Final = rule(
    _peered,
    ROUTE,
    ROUTE_TABLE,
    name="vpc-peering-narrow",
    title="Routes over a peering lead to what is needed there",
    severity=Severity.LOW,
    why="All of a peered network is within reach, also what comes to it later",
    fix="route single subnets over the peering",
    url="https://docs.aws.amazon.com/vpc/latest/peering/peering-configurations-partial-access.html",
    controls=("CIS 6.6", "CIS5 5.6"),
    level=Level.ADVISORY,
)

RULES: Final[tuple[Rule, ...]] = (
    S3_ENDPOINT,
    SERVICE_ENDPOINTS,
    UNUSED_ACL,
    BLOCKED,
    SOURCE_CHECK,
    PEERING_ROUTES,
)
