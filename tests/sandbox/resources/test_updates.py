"""Every change in place that the two stacks' stories do not need: made, read back, undone."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from perpetual.sandbox.fronts.provider import Made, Provider
from perpetual.sandbox.resources import values
from tests.sandbox.resources import stories
from tests.sandbox.resources.emulated import REGION

Inputs = dict[str, Any]
TRUST: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


@dataclass
class Ground:
    """An account with what other resources stand on, made when it is first asked for."""

    provider: Provider
    made: dict[str, Made] = field(default_factory=dict)

    def make(self, token: str, **inputs: Any) -> Made:
        """Make a resource as a program would."""
        checked, problems = self.provider.check(token, "thing", inputs, {}, b"seed")
        assert problems == []
        return self.provider.create(token, checked)

    def once(self, label: str, token: str, **inputs: Any) -> str:
        """Return the id of a resource that is made the first time; labels are by type."""
        key = f"{token} {label}"
        if key not in self.made:
            self.made[key] = self.make(token, **inputs)
        return self.made[key].id

    @property
    def vpc(self) -> str:
        """Return a VPC's id."""
        return self.once("vpc", "aws:ec2/vpc:Vpc", cidrBlock="10.7.0.0/16")

    def subnet(self, number: int) -> str:
        """Return the id of one of its subnets, each in a zone of its own."""
        place = {"availabilityZone": f"{REGION}{'abc'[number]}"}
        cidr = f"10.7.{number}.0/24"
        token = "aws:ec2/subnet:Subnet"  # noqa: S105 - a type
        return self.once(f"subnet {number}", token, vpcId=self.vpc, cidrBlock=cidr, **place)

    def group(self, name: str) -> str:
        """Return a security group's id."""
        token = "aws:ec2/securityGroup:SecurityGroup"  # noqa: S105 - a type
        return self.once(name, token, name=name, description=name, vpcId=self.vpc)

    def gateway(self, number: int) -> str:
        """Return the id of a NAT gateway."""
        address = self.once(f"address {number}", "aws:ec2/eip:Eip", domain="vpc")
        token = "aws:ec2/natGateway:NatGateway"  # noqa: S105 - a type
        kind = {"connectivityType": "public"}
        subnet = self.subnet(0)
        return self.once(f"nat {number}", token, subnetId=subnet, allocationId=address, **kind)

    def table(self, name: str) -> str:
        """Return a route table's id."""
        return self.once(name, "aws:ec2/routeTable:RouteTable", vpcId=self.vpc)

    def key(self, name: str) -> str:
        """Return a key's id."""
        return self.once(name, "aws:kms/key:Key", description=name)

    def role(self, name: str) -> str:
        """Return a role's name."""
        return self.once(name, "aws:iam/role:Role", name=name, assumeRolePolicy=TRUST)


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """Yield an account."""
    with stories.fresh("dev") as found:
        yield Ground(Provider(cloud=found.cloud, default_tags={"stack": "test"}))


@dataclass(frozen=True)
class Case:
    """A type, its arguments first, and changes of them, None for what is no longer given."""

    token: str
    first: Callable[[Ground], Inputs]
    changes: Callable[[Ground], list[Inputs]]


def _policy(word: str) -> str:
    allowed = {"Effect": "Allow", "Action": f"s3:{word}", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allowed]})


def _rule(ground: Ground) -> Inputs:
    ports = {"ipProtocol": "tcp", "fromPort": 80, "toPort": 80}
    return {"securityGroupId": ground.group("one"), "cidrIpv4": "10.0.0.0/8", **ports}


def _health(path: str) -> Inputs:
    times = {"interval": 10, "timeout": 5, "healthyThreshold": 2, "unhealthyThreshold": 2}
    return {"enabled": True, "path": path, "protocol": "HTTP", "port": "traffic-port", **times}


def _template(ground: Ground) -> Inputs:
    token = "aws:ec2/launchTemplate:LaunchTemplate"  # noqa: S105 - a type
    image = {"imageId": "ami-0123456789abcdef0", "instanceType": "t4g.nano"}
    return {"id": ground.once("template", token, name="plain", **image), "version": "1"}


def _fleet(ground: Ground) -> Inputs:
    return {
        "name": "fleet",
        "minSize": 1,
        "maxSize": 2,
        "launchTemplate": _template(ground),
        "vpcZoneIdentifiers": [ground.subnet(0)],
        "enabledMetrics": ["GroupDesiredCapacity", "GroupInServiceInstances"],
        "protectFromScaleIn": True,
        "tags": [
            {"key": "a", "value": "1", "propagateAtLaunch": True},
            {"key": "b", "value": "2", "propagateAtLaunch": False},
        ],
    }


def _capacity(ground: Ground, target: int) -> Inputs:
    token = "aws:autoscaling/group:Group"  # noqa: S105 - a type
    label = ground.once("two", token, **{**_fleet(ground), "name": "two"})
    arn = ground.made[f"{token} {label}"].state["arn"]
    scaling = {"status": "ENABLED", "targetCapacity": target}
    return {"autoScalingGroupArn": arn, "managedScaling": scaling}


def _record(weight: int, name: str) -> Inputs:
    return {
        "zoneId": "Z9876543210JIHGFEDCBA",
        "name": "www.dev.example.com",
        "type": "A",
        "ttl": 60,
        "records": [f"192.0.2.{weight}"],
        "setIdentifier": name,
        "weightedRoutingPolicies": [{"weight": weight}],
    }


CASES: Final[Mapping[str, Case]] = {
    "a role's words, trust and boundary": Case(
        "aws:iam/role:Role",
        lambda _ground: {"name": "worker", "assumeRolePolicy": TRUST, "description": "one"},
        lambda _ground: [
            {"description": "two", "permissionsBoundary": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
            {"permissionsBoundary": None},
        ],
    ),
    "a policy more often than IAM keeps versions": Case(
        "aws:iam/policy:Policy",
        lambda _ground: {"name": "rules", "policy": _policy("GetObject")},
        lambda _ground: [{"policy": _policy(f"Get{number}")} for number in range(6)],
    ),
    "a role's own policy": Case(
        "aws:iam/rolePolicy:RolePolicy",
        lambda ground: {"role": ground.role("holder"), "name": "own", "policy": _policy("Get")},
        lambda _ground: [{"policy": _policy("Put")}],
    ),
    "the role of a profile": Case(
        "aws:iam/instanceProfile:InstanceProfile",
        lambda ground: {"name": "profile", "role": ground.role("one")},
        lambda ground: [{"role": ground.role("two")}],
    ),
    "a key's policy and rotation": Case(
        "aws:kms/key:Key",
        lambda _ground: {"description": "one", "enableKeyRotation": True},
        lambda _ground: [
            {"description": "two", "policy": _policy("kms")},
            {"description": "three"},
        ],
    ),
    "whose name an alias is": Case(
        "aws:kms/alias:Alias",
        lambda ground: {"name": "alias/ours", "targetKeyId": ground.key("one")},
        lambda ground: [{"targetKeyId": ground.key("two")}],
    ),
    "a log group's key and retention": Case(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda _ground: {"name": "/a", "retentionInDays": 7},
        lambda ground: [
            {"kmsKeyId": f"arn:aws:kms:{REGION}:1:key/{ground.key('one')}"},
            {"kmsKeyId": None, "retentionInDays": None},
        ],
    ),
    "a namespace's words": Case(
        "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace",
        lambda ground: {"name": "a.internal", "description": "one", "vpc": ground.vpc},
        lambda _ground: [{"description": "two"}],
    ),
    "a document": Case(
        "aws:ssm/document:Document",
        lambda _ground: {"name": "pull", "documentType": "Command", "content": _script("one")},
        lambda _ground: [{"content": _script("two")}],
    ),
    "a topic's name to show": Case(
        "aws:sns/topic:Topic",
        lambda _ground: {"name": "bell", "displayName": "one", "signatureVersion": 2},
        lambda _ground: [{"displayName": "two"}],
    ),
    "where a route leads": Case(
        "aws:ec2/route:Route",
        lambda ground: {
            "routeTableId": ground.table("routed"),
            "destinationCidrBlock": "0.0.0.0/0",
            "natGatewayId": ground.gateway(1),
        },
        lambda ground: [{"natGatewayId": ground.gateway(2)}],
    ),
    "which table a subnet uses": Case(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        lambda ground: {"subnetId": ground.subnet(0), "routeTableId": ground.table("one")},
        lambda ground: [{"routeTableId": ground.table("two")}],
    ),
    "a rule's ports and peer": Case(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        _rule,
        lambda _ground: [{"fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/16"}],
    ),
    "an access list": Case(
        "aws:ec2/networkAcl:NetworkAcl",
        lambda ground: {"vpcId": ground.vpc, "ingress": [_entry(100, 80)], "egress": []},
        lambda _ground: [{"ingress": [_entry(100, 443), _entry(200, 80)]}, {"ingress": []}],
    ),
    "an endpoint's subnets, groups and policy": Case(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda ground: {
            "vpcId": ground.vpc,
            "vpcEndpointType": "Interface",
            "serviceName": f"com.amazonaws.{REGION}.logs",
            "privateDnsEnabled": True,
            "subnetIds": [ground.subnet(0)],
            "securityGroupIds": [ground.group("one")],
        },
        lambda ground: [{"subnetIds": [ground.subnet(0), ground.subnet(1)]}],
    ),
    "a group's hosts, metrics and tags": Case(
        "aws:autoscaling/group:Group",
        _fleet,
        lambda ground: [
            {
                "maxSize": 3,
                "vpcZoneIdentifiers": [ground.subnet(0), ground.subnet(1)],
                "enabledMetrics": ["GroupDesiredCapacity"],
                "tags": [{"key": "a", "value": "3", "propagateAtLaunch": True}],
            }
        ],
    ),
    "how full a capacity provider keeps its hosts": Case(
        "aws:ecs/capacityProvider:CapacityProvider",
        lambda ground: {"name": "room", "autoScalingGroupProvider": _capacity(ground, 100)},
        lambda ground: [{"autoScalingGroupProvider": _capacity(ground, 80)}],
    ),
    "a cluster's settings": Case(
        "aws:ecs/cluster:Cluster",
        lambda _ground: {
            "name": "many",
            "settings": [{"name": "containerInsights", "value": "enabled"}],
        },
        lambda _ground: [{"settings": [{"name": "containerInsights", "value": "enhanced"}]}],
    ),
    "whether tags of images may move": Case(
        "aws:ecr/repository:Repository",
        lambda _ground: {
            "name": "shop",
            "imageTagMutability": "MUTABLE",
            "imageScanningConfiguration": {"scanOnPush": False},
        },
        lambda _ground: [
            {
                "imageTagMutability": "IMMUTABLE",
                "imageScanningConfiguration": {"scanOnPush": True},
            }
        ],
    ),
    "how a target group checks health": Case(
        "aws:lb/targetGroup:TargetGroup",
        lambda ground: {
            "name": "targets",
            "port": 80,
            "protocol": "HTTP",
            "targetType": "ip",
            "vpcId": ground.vpc,
            "healthCheck": _health("/health"),
            "deregistrationDelay": 30,
        },
        lambda _ground: [{"healthCheck": _health("/up"), "deregistrationDelay": 60}],
    ),
    "where a balancer stands": Case(
        "aws:lb/loadBalancer:LoadBalancer",
        lambda ground: {
            "name": "front",
            "loadBalancerType": "application",
            "internal": True,
            "ipAddressType": "ipv4",
            "subnets": [ground.subnet(0), ground.subnet(1)],
            "securityGroups": [ground.group("one")],
            "idleTimeout": 60,
        },
        lambda ground: [
            {
                "subnets": [ground.subnet(1), ground.subnet(2)],
                "securityGroups": [ground.group("two")],
                "ipAddressType": "dualstack",
                "idleTimeout": 90,
            }
        ],
    ),
    "a record's weight, and its name among others": Case(
        "aws:route53/record:Record",
        lambda _ground: _record(1, "one"),
        lambda _ground: [_record(2, "one"), _record(2, "two")],
    ),
    "a parameter group's parameters": Case(
        "aws:rds/parameterGroup:ParameterGroup",
        lambda _ground: {
            "name": "group",
            "family": "postgres17",
            "description": "one",
            "parameters": [_parameter("log_statement", "ddl"), _parameter("work_mem", "64")],
        },
        lambda _ground: [{"parameters": [_parameter("log_statement", "all")]}],
    ),
    "a dashboard": Case(
        "aws:cloudwatch/dashboard:Dashboard",
        lambda _ground: {"dashboardName": "board", "dashboardBody": '{"widgets": []}'},
        lambda _ground: [{"dashboardBody": '{"widgets": [], "start": "-PT1H"}'}],
    ),
}


def _script(word: str) -> str:
    step = {"action": "aws:runShellScript", "name": word, "inputs": {"runCommand": ["true"]}}
    return json.dumps({"schemaVersion": "2.2", "description": word, "mainSteps": [step]})


def _entry(number: int, port: int) -> Inputs:
    ports = {"fromPort": port, "toPort": port, "protocol": "6"}
    return {"ruleNo": number, "action": "allow", "cidrBlock": "0.0.0.0/0", **ports}


def _parameter(name: str, value: str) -> Inputs:
    return {"name": name, "value": value, "applyMethod": "pending-reboot"}


@pytest.mark.parametrize("name", CASES)
def test_a_change_in_place_is_what_aws_tells_afterwards(name: str, ground: Ground) -> None:
    """Of the arguments, and of the tags; deleted, there is nothing left to tell."""
    case, provider = CASES[name], ground.provider
    inputs = {**case.first(ground), "tags": {"Name": name, "first": "yes"}}
    if case.token in UNTAGGED:
        inputs = case.first(ground)
    made = ground.make(case.token, **inputs)
    for number, change in enumerate(case.changes(ground)):
        inputs = {key: value for key, value in {**inputs, **change}.items() if value is not None}
        if case.token not in UNTAGGED:
            inputs["tags"] = {"Name": f"{name} {number}"}
        checked, _ = provider.check(case.token, "thing", inputs, made.inputs)
        assert not provider.compare(case.token, made.inputs, checked).replacing
        made = provider.update(case.token, made.id, made.state, checked)
        found = provider.read(case.token, made.id, {}, {}) if case.token in KNOWN else None
        told = found.state if found else made.state
        for key, value in checked.items():
            assert values.covers(told.get(key), value), key
        again = provider.read(case.token, made.id, made.state, made.inputs)
        assert again is not None
        assert again.inputs == checked
        for gone in (key for key, value in change.items() if value is None):
            assert gone not in again.state
    provider.delete(case.token, made.id, made.state)
    assert provider.read(case.token, made.id, made.state, made.inputs) is None


UNTAGGED: Final = {
    "aws:autoscaling/group:Group",  # whose tags have a form of their own
    "aws:cloudwatch/dashboard:Dashboard",
    "aws:ec2/route:Route",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:kms/alias:Alias",
    "aws:route53/record:Record",
}
KNOWN: Final = {
    token
    for token in (case.token for case in CASES.values())
    if token
    not in {
        "aws:ec2/route:Route",
        "aws:route53/record:Record",
        # Cloud Map does not tell whose network a namespace is for.
        "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace",
    }
}
"""Types of which AWS tells everything by an id alone."""
