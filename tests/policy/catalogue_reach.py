"""Cases of the rules on reachability."""

from typing import Any

from graph import UNKNOWN
from tests.policy.catalogue_case import Case, Properties

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
TABLE = "aws:ec2/routeTable:RouteTable"
LINK = "aws:ec2/routeTableAssociation:RouteTableAssociation"
GATEWAY = "aws:ec2/internetGateway:InternetGateway"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INSTANCE = "aws:ec2/instance:Instance"
DATABASE = "aws:rds/instance:Instance"
SUBNETS = "aws:rds/subnetGroup:SubnetGroup"
SERVICE = "aws:ecs/service:Service"
ACL = "aws:ec2/networkAcl:NetworkAcl"
Beside = tuple[str, str, Properties]


def subnet(name: str, number: int, table: str) -> tuple[Beside, ...]:
    """Return a subnet with its route table."""
    held = {
        "id": f"subnet-{name}",
        "vpcId": "vpc-1",
        "cidrBlock": f"10.0.{number}.0/24",
        "tags": {"perpetual:tier": name},
    }
    joined = {"subnetId": f"subnet-{name}", "routeTableId": table}
    return (SUBNET, name, held), (LINK, name, joined)


NETWORK: tuple[Beside, ...] = (
    (VPC, "vpc", {"id": "vpc-1", "cidrBlock": "10.0.0.0/16"}),
    (GATEWAY, "gateway", {"id": "igw-1", "vpcId": "vpc-1"}),
    (
        TABLE,
        "public",
        {
            "id": "rtb-public",
            "vpcId": "vpc-1",
            "routes": [{"cidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}],
        },
    ),
    (TABLE, "closed", {"id": "rtb-closed", "vpcId": "vpc-1"}),
    *subnet("public", 0, "rtb-public"),
    *subnet("private", 1, "rtb-closed"),
)
DATA = subnet("data", 2, "rtb-closed")


def group(name: str, port: int, *peers: Any, egress: Any = ()) -> Beside:
    """Return a group that admits ranges, or other groups by id, on one port."""
    rules = []
    for peer in peers:
        by_group = isinstance(peer, str) and peer.startswith("sg-")
        key = "securityGroups" if by_group else "cidrBlocks"
        rules.append({"protocol": "tcp", "fromPort": port, "toPort": port, key: [peer]})
    return (
        GROUP,
        name,
        {"id": f"sg-{name}", "vpcId": "vpc-1", "ingress": rules, "egress": egress},
    )


ALL_OUT = [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}]


def host(where: str, *groups: str, **more: Any) -> Properties:
    """Return an instance in a subnet."""
    held = {"subnetId": f"subnet-{where}", "vpcSecurityGroupIds": list(groups)}
    return {**held, "associatePublicIpAddress": False, **more}


def bastion(*groups: str, public: Any = True) -> Beside:
    """Return a host that is meant to be logged in to."""
    tags = {"perpetual:role": "bastion"}
    held = host("public", *groups, associatePublicIpAddress=public, tags=tags)
    return INSTANCE, "bastion", {"id": "i-bastion", **held}


OFFICE = "203.0.113.0/24"
DOOR = group("door", 22, OFFICE, egress=ALL_OUT)


def data(*groups: str, **more: Any) -> Properties:
    """Return a private database in the data subnet."""
    held = {"dbSubnetGroupName": "data", "vpcSecurityGroupIds": list(groups), **more}
    return {"engine": "postgres", "publiclyAccessible": False, "port": 5432, **held}


STORE = (*DATA, (SUBNETS, "data", {"id": "data", "name": "data", "subnetIds": ["subnet-data"]}))


def tasks(*peers: Any) -> Properties:
    """Return a service behind a balancer whose tasks admit `peers`."""
    return {
        "loadBalancers": [{"targetGroupArn": "tg"}],
        "networkConfiguration": {
            "subnets": ["subnet-private"],
            "securityGroups": ["sg-tasks"],
        },
        "beside": (*NETWORK, group("tasks", 5000, *peers), group("balancer", 443)),
    }


def guarded(*cidrs: Any) -> Properties:
    """Return the data subnet with an ACL of its own that admits these ranges."""
    entries = [
        {
            "protocol": "tcp",
            "ruleNo": 100 + number,
            "action": "allow",
            "cidrBlock": cidr,
            "fromPort": 5432,
            "toPort": 5432,
        }
        for number, cidr in enumerate(cidrs)
    ]
    out = [
        {
            "protocol": "-1",
            "ruleNo": 100,
            "action": "allow",
            "cidrBlock": "10.0.0.0/16",
            "fromPort": 0,
            "toPort": 0,
        }
    ]
    acl = {"vpcId": "vpc-1", "subnetIds": ["subject"], "ingress": entries, "egress": out}
    return {
        "vpcId": "vpc-1",
        "cidrBlock": "10.0.2.0/24",
        "beside": (
            *NETWORK,
            (LINK, "data", {"subnetId": "subject", "routeTableId": "rtb-closed"}),
            (ACL, "acl", {"id": "acl-1", **acl}),
        ),
    }


def beside(properties: Properties, *others: Beside) -> Properties:
    """Return a case's resource with the network and others around it."""
    return {**properties, "beside": (*NETWORK, *others)}


REACHABLE = [
    Case(
        rule="reach-no-logins",
        type=INSTANCE,
        good=(
            beside(host("private", "sg-door"), DOOR),
            beside(
                host("private", "sg-own"), group("own", 5000, "sg-door"), DOOR, bastion("sg-door")
            ),
            beside({**bastion("sg-door")[2]}, DOOR),
        ),
        bad=(
            beside(host("public", "sg-door", associatePublicIpAddress=True), DOOR),
            beside(
                host("private", "sg-own"), group("own", 22, "sg-door"), DOOR, bastion("sg-door")
            ),
        ),
        unknown=(
            beside(host("public", "sg-door", associatePublicIpAddress=UNKNOWN), DOOR),
            beside(host("private", "sg-own"), group("own", 22, UNKNOWN), DOOR, bastion("sg-door")),
        ),
    ),
    Case(
        rule="reach-no-database",
        type=DATABASE,
        good=(
            beside(
                data("sg-own"), *STORE, group("own", 5432, "sg-tasks"), DOOR, bastion("sg-door")
            ),
            beside(data("sg-own"), *STORE, group("own", 5432, "sg-door"), DOOR),
        ),
        bad=(
            beside(data("sg-own"), *STORE, group("own", 5432, "sg-door"), DOOR, bastion("sg-door")),
            beside(
                data("sg-own"), *STORE, group("own", 5432, "10.0.0.0/24"), DOOR, bastion("sg-door")
            ),
        ),
        unknown=(
            beside(data("sg-own"), *STORE, group("own", 5432, UNKNOWN), DOOR, bastion("sg-door")),
        ),
    ),
    Case(
        rule="reach-tasks-by-balancer",
        type=SERVICE,
        good=(
            tasks("sg-balancer"),
            {**tasks("10.0.0.0/16"), "loadBalancers": []},
            tasks("10.0.1.0/24"),
        ),
        bad=(tasks("10.0.0.0/16"), tasks("10.0.0.0/28"), tasks("0.0.0.0/0")),
        unknown=(tasks(UNKNOWN),),
    ),
    Case(
        rule="reach-public-not-data",
        type=SUBNET,
        good=(guarded("10.0.1.0/24"), guarded()),
        bad=(guarded("10.0.0.0/16"), guarded("10.0.1.0/24", "10.0.0.0/25")),
        unknown=(guarded(UNKNOWN),),
    ),
    Case(
        rule="reach-database-no-egress",
        type=DATABASE,
        good=(
            beside(data("sg-own"), *STORE, group("own", 5432, "10.0.1.0/24")),
            beside(
                data("sg-own"),
                *STORE,
                group("own", 5432, egress=[{**ALL_OUT[0], "cidrBlocks": ["10.0.0.0/16"]}]),
            ),
        ),
        bad=(
            beside(data("sg-own"), *STORE, group("own", 5432, egress=ALL_OUT)),
            beside(
                data("sg-own"),
                *STORE,
                group("own", 5432, egress=[{**ALL_OUT[0], "cidrBlocks": ["8.8.8.8/32"]}]),
            ),
        ),
        unknown=(
            beside(
                data("sg-own"),
                *STORE,
                group("own", 5432, egress=[{**ALL_OUT[0], "cidrBlocks": [UNKNOWN]}]),
            ),
        ),
    ),
]
