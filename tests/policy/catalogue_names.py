"""Cases of the rules on names, texts, ranges, numbers, tags and protection."""

from typing import Any

from graph import UNKNOWN
from rules.thresholds import Thresholds
from tests.policy.catalogue_case import Case, one

ROLE = "aws:iam/role:Role"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
PARAMETER = "aws:ssm/parameter:Parameter"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
SCALING = "aws:autoscaling/group:Group"
DISCOVERY = "aws:servicediscovery/service:Service"
REPOSITORY = "aws:ecr/repository:Repository"
BUCKET = "aws:s3/bucket:Bucket"
ALIAS = "aws:kms/alias:Alias"
VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
ACL = "aws:ec2/networkAcl:NetworkAcl"
ACL_RULE = "aws:ec2/networkAclRule:NetworkAclRule"
NAT = "aws:ec2/natGateway:NatGateway"
TABLE = "aws:ec2/routeTable:RouteTable"
ROUTE = "aws:ec2/route:Route"
ATTACHED = "aws:ec2/routeTableAssociation:RouteTableAssociation"
INSTANCE = "aws:rds/instance:Instance"
KEY = "aws:kms/key:Key"
PROVIDER = "pulumi:providers:aws"
IN_VPC = (VPC, "main", {"id": "vpc-1", "cidrBlock": "10.0.0.0/16"})


def alarm(period: object, times: object, **held: Any) -> dict[str, Any]:
    """Return an alarm on one metric."""
    return {"metricName": "CPU", "period": period, "evaluationPeriods": times, **held}


def sizes(least: object, most: object, **held: Any) -> dict[str, Any]:
    """Return a group of so many hosts."""
    return {"minSize": least, "maxSize": most, **held}


def subnet(cidr: object, *others: str) -> dict[str, Any]:
    """Return a subnet of 10.0.0.0/16, beside others of these ranges."""
    beside = tuple(
        (SUBNET, f"other-{number}", {"vpcId": "vpc-1", "cidrBlock": other})
        for number, other in enumerate(others)
    )
    return {"vpcId": "vpc-1", "cidrBlock": cidr, "beside": (IN_VPC, *beside)}


def listed(*rules: tuple[object, object, object]) -> dict[str, Any]:
    """Return an ACL with these rules: number, first port, last port."""
    return {
        "ingress": [
            {"ruleNo": order, "fromPort": low, "toPort": high, "action": "allow"}
            for order, low, high in rules
        ]
    }


def zones(*names: object, **held: Any) -> dict[str, Any]:
    """Return a NAT gateway beside a private subnet in each of these zones."""
    parts: list[tuple[str, str, dict[str, Any]]] = [
        IN_VPC,
        (SUBNET, "public", {"id": "public", "vpcId": "vpc-1", "availabilityZone": "a"}),
        (TABLE, "private", {"id": "rtb", "vpcId": "vpc-1"}),
        (
            ROUTE,
            "out",
            {"routeTableId": "rtb", "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": "subject"},
        ),
    ]
    for number, name in enumerate(names):
        key = f"private-{number}"
        parts += [
            (SUBNET, key, {"id": key, "vpcId": "vpc-1", "availabilityZone": name}),
            (ATTACHED, key, {"subnetId": key, "routeTableId": "rtb"}),
        ]
    return {"subnetId": "public", "beside": tuple(parts), **held}


WORDS = [
    Case(rule="iam-names-legal", type=ROLE, **one("name", ("perpetual-prod", "a" * 65, "a b"))),
    Case(rule="iam-names-legal", type=ROLE, **one("maxSessionDuration", (3600, 60, 86400))),
    Case(
        rule="sg-text-legal",
        type=GROUP,
        good=({}, {"description": "Postgres of prod (5432)", "name": "db"}),
        bad=(
            {"description": "the team's own"},
            {"description": "a" * 256},
            {"name": "sg-database"},
            {"ingress": [{"description": "from → to"}]},
        ),
        unknown=({"description": UNKNOWN}, {"ingress": [{"description": UNKNOWN}]}),
    ),
    Case(rule="sg-text-legal", type=INGRESS, **one("description", ("from the balancer", "a'b"))),
    Case(
        rule="logs-names-legal",
        type=LOG_GROUP,
        good=({}, {"name": "/perpetual/prod/release", "retentionInDays": 90.0}),
        bad=({"name": "a b"}, {"name": "a" * 513}, {"retentionInDays": 100}),
        unknown=({"name": UNKNOWN}, {"retentionInDays": UNKNOWN}),
    ),
    Case(
        rule="ssm-parameter-legal",
        type=PARAMETER,
        good=(
            {"name": "/perpetual/prod/contract", "insecureValue": UNKNOWN},
            {"name": "plain", "value": "x" * 4096},
            {"name": "/a", "value": "x" * 8192, "tier": "Advanced"},
        ),
        bad=(
            {"name": "perpetual/prod"},
            {"name": "/aws/prod"},
            {"name": "/a b"},
            {"name": "/a" * 16},
            {"name": "/a", "value": "hunter2" * 600},
            {"name": "/a", "value": "é" * 2049},
        ),
        unknown=({"name": UNKNOWN},),
    ),
    Case(
        rule="alarm-legal",
        type=ALARM,
        good=(
            alarm(60, 5),
            alarm(3600, 168),
            {"metricQueries": [{"id": "m"}], "evaluationPeriods": 3},
        ),
        bad=(
            alarm(90, 1),
            alarm(60, 1441),
            alarm(3600, 169),
            alarm(60, 0),
            alarm(60, 3, datapointsToAlarm=4),
            alarm(60, 3, alarmActions=["a"] * 6),
            {"evaluationPeriods": 1},
            alarm(60, 1, name="a" * 256),
        ),
        unknown=(alarm(UNKNOWN, 1), alarm(60, 1, name=UNKNOWN)),
    ),
    Case(
        rule="asg-sizes-legal",
        type=SCALING,
        good=({}, sizes(1, 3, desiredCapacity=2), sizes(0, 0, maxInstanceLifetime=0)),
        bad=(
            sizes(3, 1),
            sizes(-1, 1),
            sizes(1, 3, desiredCapacity=4),
            sizes(1, 3, desiredCapacity=0),
            sizes(1, 3, maxInstanceLifetime=3600),
        ),
        unknown=(sizes(UNKNOWN, 3),),
    ),
    Case(rule="cloudmap-names-legal", type=DISCOVERY, **one("name", ("web.a", "a..b", "-a", "é"))),
    Case(rule="ecr-names-legal", type=REPOSITORY, **one("name", ("a/b_c", "A", "a//b", "a-", "a"))),
    Case(
        rule="s3-names-legal",
        type=BUCKET,
        **one("bucket", ("a.b-c", "ab", "A-b", "a..b", "10.0.0.1", "xn--a", "a-s3alias", "a_b")),
    ),
    Case(rule="kms-alias-legal", type=ALIAS, **one("name", ("alias/a", "a", "alias/aws/s3"))),
]

RANGES = [
    Case(
        rule="vpc-range-legal",
        type=VPC,
        **one("cidrBlock", ("10.0.0.0/16", "10.0.0.0/15", "10.0.0.0/29", "10.0.0.1/16", "x")),
    ),
    Case(
        rule="subnet-range-legal",
        type=SUBNET,
        good=(subnet("10.0.0.0/24", "10.0.1.0/24"), {"vpcId": "elsewhere"}),
        bad=(
            subnet("10.1.0.0/24"),
            subnet("10.0.0.0/29"),
            subnet("10.0.0.0/23", "10.0.1.0/24"),
            subnet("10.0.0.1/24"),
        ),
        unknown=(subnet(UNKNOWN),),
    ),
    Case(
        rule="nacl-rules-legal",
        type=ACL,
        good=({}, listed((1, 0, 65535), (32766, -1, -1))),
        bad=(
            listed((0, 1, 2)),
            listed((32767, 1, 2)),
            listed((100, 1, 2), (100.0, 3, 4)),
            listed((100, 2, 1)),
            listed((100, 1, 65536)),
        ),
        unknown=(listed((UNKNOWN, 1, 2)), listed((1, UNKNOWN, 2)), {"ingress": UNKNOWN}),
    ),
    Case(
        rule="nacl-rules-legal",
        type=ACL_RULE,
        good=(
            {"networkAclId": "acl", "ruleNumber": 100},
            {"networkAclId": "acl", "ruleNumber": 200, "egress": True},
            {"networkAclId": "other", "ruleNumber": 200},
        ),
        bad=({"networkAclId": "acl", "ruleNumber": 200}, {"networkAclId": "acl", "ruleNumber": 0}),
        unknown=({"networkAclId": "acl", "ruleNumber": UNKNOWN},),
        beside=((ACL_RULE, "first", {"networkAclId": "acl", "ruleNumber": 200}),),
    ),
    Case(
        rule="sg-ports-legal",
        type=INGRESS,
        good=({}, {"fromPort": 1, "toPort": 1}, {"fromPort": 8, "toPort": -1}),
        bad=({"fromPort": 2, "toPort": 1}, {"fromPort": 1, "toPort": 65536}),
        unknown=({"fromPort": UNKNOWN, "toPort": 1},),
    ),
    Case(
        rule="sg-ports-legal",
        type=GROUP,
        good=({"ingress": [{"fromPort": 1, "toPort": 2}]},),
        bad=({"ingress": [{"fromPort": 2, "toPort": 1}]},),
        unknown=({"egress": [{"fromPort": UNKNOWN, "toPort": 1}]},),
    ),
    Case(
        rule="nat-per-zone",
        type=NAT,
        good=(zones("a"), zones("a", "b", availabilityMode="regional"), {"subnetId": "elsewhere"}),
        bad=(zones("a", "b"), zones("b", "c", UNKNOWN)),
        unknown=({"subnetId": UNKNOWN},),
    ),
]

KEPT = [
    Case(
        rule="tags-legal",
        type=VPC,
        good=({}, {"tags": {"Name": "perpetual-prod", "perpetual:tier": "größe", "x": UNKNOWN}}),
        bad=(
            {"tags": {"aws:name": "x"}},
            {"tags": {"a" * 129: "x"}},
            {"tags": {"a": "x" * 257}},
            {"tags": {"a": "x;y"}},
            {"tags": {f"key-{number}": "x" for number in range(51)}},
        ),
        unknown=({"tags": UNKNOWN},),
    ),
    Case(
        rule="tags-legal",
        type=SCALING,
        good=({"tags": [{"key": "Name", "value": "host"}]},),
        bad=({"tags": [{"key": "AWS:x", "value": "host"}]},),
        unknown=({"tags": [UNKNOWN]},),
    ),
    Case(
        rule="tags-required",
        type=VPC,
        good=(
            {"tags": {"owner": "us"}},
            {"beside": ((PROVIDER, "aws", {"defaultTags": '{"tags": {"owner": "us"}}'}),)},
            {"beside": ((PROVIDER, "aws", {"defaultTags": {"tags": {"owner": UNKNOWN}}}),)},
        ),
        bad=(
            {},
            {"tags": {"Owner": "us"}},
            {
                "beside": (
                    (PROVIDER, "aws", {"defaultTags": {"tags": {"owner": "us"}}}),
                    (PROVIDER, "other", {"defaultTags": "{"}),
                )
            },
        ),
        unknown=({"tags": UNKNOWN},),
        thresholds=Thresholds(required_tags=("owner",)),
    ),
    Case(
        rule="stateful-protected",
        type=INSTANCE,
        good=(
            {"protect": True},
            {"protect": False, "deletionProtection": True},
            {"protect": False, "replicateSourceDb": "main"},
        ),
        bad=({"protect": False}, {"protect": False, "deletionProtection": False}),
        unknown=({}, {"protect": False, "deletionProtection": UNKNOWN}),
    ),
    Case(
        rule="stateful-protected",
        type=BUCKET,
        good=({"protect": True},),
        bad=({"protect": False},),
        unknown=({},),
    ),
    Case(
        rule="stateful-protected",
        type=LOG_GROUP,
        good=(
            {"protect": False, "retentionInDays": 90},
            {"protect": False, "deletionProtectionEnabled": True},
        ),
        bad=({"protect": False, "retentionInDays": 0}, {"protect": False, "retentionInDays": 365}),
        unknown=({},),
    ),
    Case(
        rule="stateful-protected",
        type=REPOSITORY,
        good=({"protect": True, "forceDelete": False},),
        bad=({"protect": True, "forceDelete": True}, {"protect": False}),
        unknown=({},),
    ),
    Case(rule="stateful-protected", type=KEY, good=({"protect": True},), bad=({"protect": False},)),
]
