"""Reachability against a simulator that walks single packets, on small random networks.

The simulator shares nothing with the graph: plain `ipaddress`, dictionaries and loops over every
address and port that can make a difference.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from hypothesis import event, given, settings
from hypothesis import strategies as st

from graph import INTERNET, Graph, Intervals, Resource, Verdict, may

VPC = ("10.0.0.0/24", "fd00::/120")
SUBNETS = [("10.0.0.0/30", "fd00::/126"), ("10.0.0.8/30", "fd00::8/126"), ("10.0.0.16/30", "")]
WORLD = ("8.8.8.8", "1.1.1.1", "2600::1", "2a00::1")
PORTS = (22, 443, 5432)
OUT, IN = True, False
CLIENTS = (1024, 2000, 3000, 5500, 40000)  # one of each part that rules can tell apart
RANGES = [
    *(["0.0.0.0/0"] * 4),
    *(["::/0"] * 2),
    "10.0.0.0/29",
    "10.0.0.0/24",
    "10.0.0.9/32",
    "8.0.0.0/8",
    "fd00::8/125",
]
SPANS = [*([(0, 65535)] * 4), (22, 443), (443, 443), (1024, 2999), (1024, 65535), (5000, 6000)]


@dataclass
class Net:
    """A small network, as the test draws it."""

    subnets: int
    routes: list[list[tuple[str, str]]]
    nat_in: int
    acls: list[list[tuple[bool, int, bool, str, tuple[int, int]]] | None]
    groups: list[list[tuple[bool, object, tuple[int, int]]]]
    boxes: list[tuple[int, set[int], bool, bool]] = field(default_factory=list)


acl_rule = st.tuples(
    st.booleans(),
    st.integers(1, 9),
    st.booleans(),
    st.sampled_from(RANGES),
    st.sampled_from(SPANS),
)
# AWS keeps one rule for each number and direction.
listed = st.lists(acl_rule, min_size=1, max_size=5, unique_by=lambda rule: rule[:2])
TAIL = [
    (egress, number, True, cidr, (0, 65535))
    for egress in (False, True)
    for number, cidr in ((20, "0.0.0.0/0"), (21, "::/0"))
]
# Most ACLs end by allowing the rest, so that what a rule denies makes the difference.
acl = st.none() | listed | listed.map(lambda rules: [*rules, *TAIL])
group_rule = st.tuples(st.booleans(), st.sampled_from([*RANGES, 0, 1, 2]), st.sampled_from(SPANS))
some_rules = st.lists(group_rule, min_size=1, max_size=4)
WIDE = [(egress, cidr, (0, 65535)) for egress in (False, True) for cidr in ("0.0.0.0/0", "::/0")]
group = some_rules | some_rules.map(lambda rules: [*rules, *WIDE])
route = st.sampled_from(
    [
        ("0.0.0.0/0", "igw"),
        ("0.0.0.0/0", "nat"),
        ("8.0.0.0/8", "igw"),
        ("8.0.0.0/8", "nat"),
        ("::/0", "igw"),
        ("::/0", "eigw"),
        ("2600::/16", "igw"),
    ]
)
routes = st.lists(route, min_size=1, max_size=4, unique_by=lambda item: item[0])


@st.composite
def nets(draw: st.DrawFn) -> Net:
    """Draw a network of two or three subnets, three groups and two boxes."""
    count = draw(st.integers(2, 3))
    every = st.integers(0, count - 1)
    return Net(
        count,
        [draw(routes) for _ in range(count)],
        draw(every),
        [draw(acl) for _ in range(count)],
        [draw(group) for _ in range(3)],
        [
            (
                draw(every),
                draw(st.sets(st.integers(0, 2), min_size=1, max_size=2)),
                draw(st.sampled_from([True, True, False])),
                draw(st.booleans()),
            )
            for _ in range(2)
        ],
    )


# --- the same network as resources


def resource(kind: str, name: str, **properties: object) -> Resource:
    """Return a resource whose id is its name."""
    return Resource(urn=f"urn::{name}", type=kind, name=name, properties={"id": name} | properties)


def built(net: Net) -> Graph:
    """Return the graph of a network, ids known."""
    made = [
        resource("aws:ec2/vpc:Vpc", "vpc", cidrBlock=VPC[0], ipv6CidrBlock=VPC[1]),
        resource("aws:ec2/internetGateway:InternetGateway", "igw", vpcId="vpc"),
        resource("aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway", "eigw"),
        resource("aws:ec2/natGateway:NatGateway", "nat", subnetId=f"subnet{net.nat_in}"),
    ]
    for number in range(net.subnets):
        made += _subnet(net, number)
    for number, rules in enumerate(net.groups):
        group = f"group{number}"
        made.append(resource("aws:ec2/securityGroup:SecurityGroup", group, vpcId="vpc"))
        for position, (egress, peer, (low, high)) in enumerate(rules):
            kind = "Egress" if egress else "Ingress"
            key = "referencedSecurityGroupId" if isinstance(peer, int) else "cidrIpv4"
            if isinstance(peer, str) and ":" in peer:
                key = "cidrIpv6"
            made.append(
                resource(
                    f"aws:vpc/securityGroup{kind}Rule:SecurityGroup{kind}Rule",
                    f"{group}-{position}",
                    securityGroupId=group,
                    ipProtocol="tcp",
                    fromPort=low,
                    toPort=high,
                    **{key: f"group{peer}" if isinstance(peer, int) else peer},
                )
            )
    for number, (subnet, held, public, v6) in enumerate(net.boxes):
        made.append(
            resource(
                "aws:ec2/instance:Instance",
                f"box{number}",
                subnetId=f"subnet{subnet}",
                vpcSecurityGroupIds=[f"group{item}" for item in sorted(held)],
                associatePublicIpAddress=public,
                ipv6AddressCount=int(v6),
            )
        )
    return Graph.of(made)


def _subnet(net: Net, number: int) -> Iterator[Resource]:
    name, (v4, v6) = f"subnet{number}", SUBNETS[number]
    yield resource("aws:ec2/subnet:Subnet", name, vpcId="vpc", cidrBlock=v4, ipv6CidrBlock=v6)
    targets = {"igw": "gatewayId", "nat": "natGatewayId", "eigw": "egressOnlyGatewayId"}
    inline = [
        {"ipv6CidrBlock" if ":" in to else "cidrBlock": to, targets[via]: via}
        for to, via in net.routes[number]
    ]
    yield resource("aws:ec2/routeTable:RouteTable", f"table{number}", vpcId="vpc", routes=inline)
    yield resource(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        f"uses{number}",
        subnetId=name,
        routeTableId=f"table{number}",
    )
    rules = net.acls[number]
    if rules is not None:
        sides: dict[str, list[dict[str, object]]] = {"ingress": [], "egress": []}
        for egress, rank, allow, cidr, (low, high) in rules:
            sides["egress" if egress else "ingress"].append(
                {
                    "ruleNo": rank,
                    "action": "allow" if allow else "deny",
                    "protocol": "tcp",
                    "ipv6CidrBlock" if ":" in cidr else "cidrBlock": cidr,
                    "fromPort": low,
                    "toPort": high,
                }
            )
        yield resource(
            "aws:ec2/networkAcl:NetworkAcl", f"acl{number}", vpcId="vpc", subnetIds=[name], **sides
        )


# --- the simulator


def inside(address: str, cidr: str) -> bool:
    """Tell whether an address is in a range of its own family."""
    network = ip_network(cidr, strict=False)
    return ip_address(address).version == network.version and ip_address(address) in network


def acl_passes(net: Net, subnet: int, egress: object, address: str, port: int) -> bool:
    """Walk the rules of a subnet's ACL; without one of its own it has the default, open one."""
    rules = net.acls[subnet]
    if rules is None:
        return True
    for side, _, allow, cidr, (low, high) in sorted(rules, key=lambda rule: rule[1]):
        if side == egress and inside(address, cidr) and low <= port <= high:
            return allow
    return False


def next_hop(net: Net, subnet: int, address: str) -> str | None:
    """Return where a subnet sends a packet: the longest prefix wins."""
    table = [(VPC[0], "local"), (VPC[1], "local"), *net.routes[subnet]]
    fitting = [(ip_network(to).prefixlen, via) for to, via in table if inside(address, to)]
    return max(fitting)[1] if fitting else None


def group_passes(  # noqa: PLR0913, PLR0917 - a packet and where it is
    net: Net, box: int, egress: object, peer: int | None, address: str, port: int
) -> bool:
    """Tell whether some rule of some group of a box admits the peer."""
    for group in net.boxes[box][1]:
        for side, whom, (low, high) in net.groups[group]:
            if side != egress or not low <= port <= high:
                continue
            if isinstance(whom, str) and inside(address, whom):
                return True
            if isinstance(whom, int) and peer is not None and whom in net.boxes[peer][1]:
                return True
    return False


def addresses_of(net: Net, box: int) -> list[str]:
    """Return every address that a box may have."""
    subnet, _, _, v6 = net.boxes[box]
    v4_range, v6_range = SUBNETS[subnet]
    ranges = [v4_range, *([v6_range] if v6 and v6_range else [])]
    return [str(address) for cidr in ranges for address in ip_network(cidr)]


def walks_between(net: Net, port: int) -> bool:
    """Send every packet from box 0 to box 1, and every answer back."""
    (here, *_), (there, *_) = net.boxes
    for source in addresses_of(net, 0):
        for target in addresses_of(net, 1):
            if ip_address(source).version != ip_address(target).version:
                continue
            if not group_passes(net, 0, OUT, 1, target, port):
                continue
            if not group_passes(net, 1, IN, 0, source, port):
                continue
            if here == there:
                return True
            for client in CLIENTS:
                if (
                    acl_passes(net, here, OUT, target, port)
                    and acl_passes(net, there, IN, source, port)
                    and acl_passes(net, there, OUT, source, client)
                    and acl_passes(net, here, IN, target, client)
                ):
                    return True
    return False


def walks_in(net: Net, port: int) -> bool:
    """Send packets from the world to box 1, and the answers back."""
    subnet, _, public, _ = net.boxes[1]
    for target in addresses_of(net, 1):
        six = ":" in target
        for world in WORLD:
            if (":" in world) != six or next_hop(net, subnet, world) != "igw":
                continue
            if not (six or public) or not group_passes(net, 1, IN, None, world, port):
                continue
            for client in CLIENTS:
                if acl_passes(net, subnet, IN, world, port) and acl_passes(
                    net,
                    subnet,
                    OUT,
                    world,
                    client,
                ):
                    return True
    return False


def leaves(net: Net, subnet: int, world: str, port: int) -> bool:
    """Tell whether a packet to the world, and some answer to it, pass a subnet's ACL."""
    return acl_passes(net, subnet, OUT, world, port) and any(
        acl_passes(net, subnet, IN, world, client) for client in CLIENTS
    )


def walks_out(net: Net, port: int) -> bool:
    """Send packets from box 0 to the world, and the answers back; the box picks client ports."""
    subnet, _, public, _ = net.boxes[0]
    for source in addresses_of(net, 0):
        six = ":" in source
        for world in WORLD:
            if (":" in world) != six or not group_passes(net, 0, OUT, None, world, port):
                continue
            hop = next_hop(net, subnet, world)
            if (hop == "igw" and (six or public)) or hop == "eigw":
                if leaves(net, subnet, world, port):
                    return True
            elif hop == "nat" and by_nat(net, subnet, source, world, port):
                return True
    return False


def by_nat(net: Net, subnet: int, source: str, world: str, port: int) -> bool:
    """Walk on through the NAT gateway's subnet, whose table has to lead to the gateway."""
    if next_hop(net, net.nat_in, world) != "igw" or not leaves(net, net.nat_in, world, port):
        return False
    if net.nat_in == subnet:
        return True
    # One client port on the way from the box, for its own ACL and the NAT gateway's.
    for client in CLIENTS:
        if (
            acl_passes(net, subnet, OUT, world, port)
            and acl_passes(net, subnet, IN, world, client)
            and acl_passes(net, net.nat_in, IN, source, port)
            and acl_passes(net, net.nat_in, OUT, source, client)
        ):
            return True
    return False


@settings(max_examples=200)
@given(nets(), st.sampled_from(PORTS))
def test_boxes_reach_each_other_as_packets_walk(net: Net, port: int) -> None:
    """A yes is a walk; a no is none; only the way round by public addresses stays open."""
    answer = may(built(net), "urn::box0", "urn::box1", "tcp", port)
    walked = walks_between(net, port)
    event(str(answer.verdict))
    assert (answer.verdict is Verdict.YES) == walked, str(answer)
    if not walked:
        (_, _, public, v6) = net.boxes[1]
        around = (public or v6) and walks_out(net, port) and walks_in(net, port)
        assert answer.possible == bool(around), str(answer)


@settings(max_examples=200)
@given(nets(), st.sampled_from(PORTS))
def test_the_internet_comes_in_as_packets_walk(net: Net, port: int) -> None:
    """What comes in needs a public address, a gateway, and answers that leave the same way."""
    answer = may(built(net), INTERNET, "urn::box1", "tcp", port)
    event(str(answer.verdict))
    assert (answer.verdict is Verdict.YES) == walks_in(net, port), str(answer)
    assert answer.verdict is not Verdict.UNDETERMINED, str(answer)


@settings(max_examples=200)
@given(nets(), st.sampled_from(PORTS))
def test_boxes_go_out_as_packets_walk(net: Net, port: int) -> None:
    """Out by a gateway with a public address, or through NAT and the walls of its subnet."""
    answer = may(built(net), "urn::box0", INTERNET, "tcp", port)
    event(str(answer.verdict))
    assert (answer.verdict is Verdict.YES) == walks_out(net, port), str(answer)
    assert answer.verdict is not Verdict.UNDETERMINED, str(answer)


@settings(max_examples=100)
@given(nets(), st.sets(st.sampled_from(PORTS), min_size=1))
def test_a_set_of_ports_is_open_where_one_of_them_is(net: Net, ports: set[int]) -> None:
    """Ports are asked together as they are one by one."""
    graph = built(net)
    together = may(
        graph, "urn::box0", "urn::box1", "tcp", Intervals.of((port, port) for port in ports)
    )
    single = [may(graph, "urn::box0", "urn::box1", "tcp", port) for port in ports]
    assert (together.verdict is Verdict.YES) == any(item.verdict is Verdict.YES for item in single)
