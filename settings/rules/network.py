"""Rules on the network."""

from ipaddress import IPv4Network
from typing import Final

from settings.models import Balancer, Network, NetworkSource
from settings.problems import UNSET, Problem, listed
from settings.rules.base import Problems, Program, Rule, repeated

LONGEST_PREFIX: Final = 20
SHORTEST_PREFIX: Final = 16
"""https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html; a /20 still leaves each of
four zone slots a /22."""

PRIVATE: Final = tuple(
    map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"))
)
"""Ranges that the internet routes to nobody: RFC 1918 and RFC 6598."""

DOCKER: Final = IPv4Network("172.17.0.0/16")
"""Docker's bridge on every host: what is in this range, a host cannot reach outside itself."""

ZONE_COUNTS: Final = range(2, 5)
"""A balancer and a database's subnet group need two zones; there are four slots.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html
"""

SUBNETS: Final = {
    "publicSubnets": "public_subnets",
    "privateSubnets": "private_subnets",
    "dataSubnets": "data_subnets",
}


def cidr_fits(network: Network) -> Problems:
    """The range is private, of a size the zone slots fit in, and not Docker's."""
    cidr = network.cidr
    if not SHORTEST_PREFIX <= cidr.prefixlen <= LONGEST_PREFIX:
        base = IPv4Network(f"{cidr.network_address}/{SHORTEST_PREFIX}", strict=False)
        yield Problem(
            "network.cidr",
            cidr,
            f"a range of /{SHORTEST_PREFIX} to /{LONGEST_PREFIX}, which four zone slots fit in",
            f"set a length in these bounds, such as {base}",
        )
    if not any(cidr.subnet_of(range_) for range_ in PRIVATE):
        yield Problem(
            "network.cidr",
            cidr,
            f"a range inside {listed(PRIVATE)}",
            "set a private range, such as 10.0.0.0/16: a public one hides its true owners",
        )
    if cidr.overlaps(DOCKER):
        yield Problem(
            "network.cidr",
            cidr,
            f"a range apart from {DOCKER}, which is Docker's bridge on every host",
            "set another range, such as 10.0.0.0/16",
        )


def zones_fit(network: Network) -> Problems:
    """There are two to four zones, each named once."""
    zones = network.zones
    if len(zones) not in ZONE_COUNTS:
        yield Problem(
            "network.zones",
            zones,
            "two to four letters: balancer and database need two zones, and there are four slots",
            "add or remove letters at the end, so that no slot moves",
        )
    for zone in repeated(zones):
        yield Problem(
            "network.zones",
            zones,
            "each letter once",
            f"remove the second {zone}, or replace it by another zone's letter",
        )


def endpoints_are_named_once(network: Network) -> Problems:
    """A service gets one endpoint; those that `nat: none` needs come by themselves."""
    chosen = network.interface_endpoints
    for endpoint in repeated(chosen):
        yield Problem(
            "network.interfaceEndpoints",
            chosen,
            "each service once",
            f"remove the second {endpoint.value}",
        )


def adoption_is_whole(network: Network) -> Problems:
    """An adopted network names its VPC and one subnet per zone and tier; others name none."""
    if network.source != NetworkSource.ADOPT:
        yield from _unused(network, "adopt", {"vpcId": "vpc_id", **SUBNETS})
        return
    if network.vpc_id is None:
        yield Problem(
            "network.vpcId", UNSET, "the VPC to adopt", "copy its id from `aws ec2 describe-vpcs`"
        )
    for key, name in SUBNETS.items():
        yield from _one_per_zone(key, getattr(network, name), network.zones)
    everything = [item for name in SUBNETS.values() for item in getattr(network, name)]
    for subnet in repeated(everything):
        yield Problem(
            "network",
            subnet,
            "each subnet in one tier and zone only",
            "give every tier subnets of its own, or create the network",
        )


def _one_per_zone(key: str, subnets: tuple[str, ...], zones: tuple[str, ...]) -> Problems:
    if len(subnets) != len(zones):
        yield Problem(
            f"network.{key}",
            subnets or UNSET,
            f"{len(zones)} subnet ids, one for each of the zones {listed(zones, 'and')}",
            "list them in the order of network.zones, or correct network.zones",
        )


def created_only(network: Network) -> Problems:
    """Range and NAT of a network that is not created here are not this stack's to set."""
    if network.source == NetworkSource.CREATE:
        return
    defaults = Network()
    for key, name in (("cidr", "cidr"), ("nat", "nat")):
        if getattr(network, name) != getattr(defaults, name):
            yield Problem(
                f"network.{key}",
                getattr(network, name),
                "it only where network.source is create",
                "remove the line: the network that is used has its own",
            )


def upstream_is_whole(network: Network, program: Program) -> Problems:
    """A network from another stack is named and pinned."""
    yield from reference(
        "network", network.stack, network.pin, program, used=network.source == NetworkSource.STACK
    )


def reference(
    group: str, stack: str | None, pin: str | None, program: Program, *, used: bool
) -> Problems:
    """Yield what is wrong with a reference to another stack's layer, which is `used` or not."""
    stated = {"stack": stack, "pin": pin}
    for key, value in stated.items():
        if value is not None and not used:
            yield Problem(
                f"{group}.{key}",
                value,
                f"it only where {group}.source is stack",
                f"set {group}.source: stack, or remove the line",
            )
        if value is None and used:
            yield Problem(
                f"{group}.{key}",
                UNSET,
                f"the other stack's {key} where {group}.source is stack",
                "copy it from `pulumi stack output pins` of that stack"
                if key == "pin"
                else "write organization/project/stack as `pulumi stack ls --all` shows it",
            )
    if used and stack and stack.split("/")[1:] == [program.project, program.stack]:
        yield Problem(
            f"{group}.stack", stack, "another stack than this one", "name the stack that owns it"
        )


def private_zone_stands_apart(network: Network, balancer: Balancer) -> Problems:
    """A private zone hides the public one of the same name from everything in the VPC."""
    zone = network.private_zone
    if zone is None:
        return
    if zone.endswith(".perpetual.internal") or zone == "perpetual.internal":
        yield Problem(
            "network.privateZone",
            zone,
            "names outside perpetual.internal, which service discovery uses",
            "choose another name, such as internal.example.com",
        )
    if f".{balancer.domain}".endswith(f".{zone}"):
        yield Problem(
            "network.privateZone",
            zone,
            f"a zone that balancer.domain, {balancer.domain}, is not in: inside the VPC the "
            "private zone would hide the public record",
            f"choose a name below it, such as internal.{zone}",
        )


def _unused(group: Network, source: str, keys: dict[str, str]) -> Problems:
    for key, name in keys.items():
        value = getattr(group, name)
        if value:
            yield Problem(
                f"network.{key}",
                value,
                f"it only where network.source is {source}",
                f"set network.source: {source}, or remove the line",
            )


RULES: Final[tuple[Rule, ...]] = (
    cidr_fits,
    zones_fit,
    endpoints_are_named_once,
    adoption_is_whole,
    created_only,
    upstream_is_whole,
    private_zone_stands_apart,
)
