"""Cases of the rules on endpoints, peerings, interfaces and groups of hosts."""

import json
from typing import Any

from graph import UNKNOWN
from tests.policy.catalogue_case import Case, Properties, allow, nested, one, policy
from tests.policy.catalogue_reach import INSTANCE, NETWORK, VPC, Beside

ROUTE = "aws:ec2/route:Route"
ACL = "aws:ec2/networkAcl:NetworkAcl"
ACL_LINK = "aws:ec2/networkAclAssociation:NetworkAclAssociation"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
PEERING = "aws:ec2/vpcPeeringConnection:VpcPeeringConnection"
SCALING = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
PROFILE = "aws:iam/instanceProfile:InstanceProfile"
ROLE = "aws:iam/role:Role"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
INLINE = "aws:iam/rolePolicy:RolePolicy"


def endpoints(*services: Any) -> Properties:
    """Return a VPC with endpoints for these services."""
    named = [item if item is UNKNOWN else f"com.amazonaws.eu-west-1.{item}" for item in services]
    return {
        "beside": tuple(
            (ENDPOINT, f"endpoint-{number}", {"vpcId": "subject", "serviceName": name})
            for number, name in enumerate(named)
        )
    }


def peered(cidr: Any) -> Properties:
    """Return a route over a peering."""
    return {
        "routeTableId": "rtb-closed",
        "destinationCidrBlock": cidr,
        "vpcPeeringConnectionId": "pcx-1",
        "beside": (*NETWORK, (PEERING, "peer", {"id": "pcx-1", "vpcId": "vpc-1"})),
    }


ALL = ("ec2", "ecr.api", "ecr.dkr", "ssm")
NETWORKS = [
    Case(
        rule="vpc-storage-endpoint",
        type=VPC,
        good=(endpoints("s3"), endpoints(UNKNOWN, "s3")),
        bad=({}, endpoints("s3express", "ssm")),
        unknown=(endpoints(UNKNOWN),),
    ),
    Case(
        rule="vpc-service-endpoints",
        type=VPC,
        good=(endpoints(*ALL),),
        bad=({}, endpoints(*ALL[1:])),
        unknown=(endpoints(*ALL[1:], UNKNOWN),),
    ),
    Case(
        rule="nacl-used",
        type=ACL,
        good=(
            {"subnetIds": ["subnet-1"]},
            {"beside": ((ACL_LINK, "link", {"networkAclId": "subject"}),)},
        ),
        bad=({}, {"subnetIds": []}, {"beside": ((ACL_LINK, "link", {"networkAclId": "acl-2"}),)}),
        unknown=({"subnetIds": UNKNOWN},),
    ),
    Case(
        rule="vpc-block-public-access",
        type="aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions",
        **one("internetGatewayBlockMode", ("block-ingress", "off", "")),
    ),
    Case(
        rule="eni-source-dest-check",
        type="aws:ec2/networkInterface:NetworkInterface",
        good=({}, {"sourceDestCheck": True}, {"sourceDestCheck": False, "interfaceType": "lambda"}),
        bad=(
            {"sourceDestCheck": False},
            {"sourceDestCheck": "false"},
            {"sourceDestCheck": False, "interfaceType": "efa"},
        ),
        unknown=({"sourceDestCheck": UNKNOWN},),
    ),
    Case(
        rule="eni-source-dest-check",
        type=INSTANCE,
        **one("sourceDestCheck", (True, False)),
    ),
    Case(
        rule="vpc-peering-narrow",
        type=ROUTE,
        good=(peered("10.1.2.0/24"), {**peered("0.0.0.0/0"), "vpcPeeringConnectionId": None}),
        bad=(peered("0.0.0.0/0"), peered("10.1.0.0/16"), peered("172.16.0.0/12")),
        unknown=(peered(UNKNOWN),),
    ),
]


def overrides(*types: str) -> Properties:
    """Return a group that mixes instance types."""
    listed = [{"instanceType": item} for item in types]
    return {"mixedInstancesPolicy": {"launchTemplate": {"overrides": listed}}}


def role(*others: Beside, **more: Any) -> Properties:
    """Return an instance profile with its role and the role's policies."""
    return {
        "role": "role-1",
        "beside": ((ROLE, "role", {"id": "role-1", "name": "role-1", **more}), *others),
    }


def attached(arn: Any) -> Beside:
    """Return a managed policy of the role."""
    return ATTACHMENT, "attached", {"role": "role-1", "policyArn": arn}


CORE = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
REGISTERS = json.dumps({"Statement": [{"Action": ["ssm:UpdateInstanceInformation"]}]})
FLEETS = [
    Case(
        rule="asg-balancer-health",
        type=SCALING,
        good=(
            {},
            {"targetGroupArns": [], "healthCheckType": "EC2"},
            {"targetGroupArns": ["tg"], "healthCheckType": "ELB"},
        ),
        bad=(
            {"targetGroupArns": ["tg"]},
            {"loadBalancers": ["old"], "healthCheckType": "EC2"},
            {
                "beside": (
                    (
                        "aws:autoscaling/attachment:Attachment",
                        "link",
                        {"autoscalingGroupName": "subject"},
                    ),
                )
            },
        ),
        unknown=({"targetGroupArns": UNKNOWN, "healthCheckType": UNKNOWN},),
    ),
    Case(
        rule="asg-mixed-types",
        type=SCALING,
        good=(
            overrides("m7g.large", "m6g.large"),
            {
                "mixedInstancesPolicy": {
                    "launchTemplate": {"overrides": [{"instanceRequirements": {"vcpu": 2}}]}
                }
            },
        ),
        bad=({}, overrides("m7g.large")),
        unknown=({"mixedInstancesPolicy": UNKNOWN},),
    ),
    Case(
        rule="ec2-instance-profile",
        type=TEMPLATE,
        good=({"iamInstanceProfile": {"arn": UNKNOWN}},),
        bad=({}, {"iamInstanceProfile": {}}),
        unknown=({"iamInstanceProfile": UNKNOWN},),
    ),
    Case(
        rule="ec2-instance-profile",
        type=INSTANCE,
        good=({"iamInstanceProfile": "hosts"}, {"launchTemplate": {"id": "lt-1"}}),
        bad=({}, {"iamInstanceProfile": ""}),
        unknown=({"iamInstanceProfile": UNKNOWN},),
    ),
    Case(
        rule="ec2-session-manager",
        type=PROFILE,
        good=(
            role(attached(CORE)),
            role((INLINE, "own", {"role": "role-1", "policy": REGISTERS})),
            role(managedPolicyArns=[CORE]),
            {"role": "elsewhere"},
        ),
        bad=(
            role(),
            role(attached("arn:aws:iam::aws:policy/AmazonEC2ContainerServiceforEC2Role")),
        ),
        unknown=({"role": UNKNOWN}, role(attached(UNKNOWN))),
    ),
]


METRICS = "visibilityConfig.cloudwatchMetricsEnabled"
SNS = "arn:aws:sns:eu-west-1:123456789012:alarms"


def published(principal: object, **more: Any) -> Properties:
    """Return a topic's policy that lets somebody publish."""
    return policy(allow("sns:Publish", SNS, Principal=principal, **more))


SIGNALS = [
    Case(
        rule="sns-encrypted",
        type="aws:sns/topic:Topic",
        good=({"kmsMasterKeyId": "alias/app"}, {"kmsMasterKeyId": UNKNOWN}),
        bad=({}, {"kmsMasterKeyId": ""}),
    ),
    Case(
        rule="sns-not-public",
        type="aws:sns/topicPolicy:TopicPolicy",
        good=(
            published({"Service": "cloudwatch.amazonaws.com"}),
            published("*", Condition={"StringEquals": {"aws:SourceAccount": "123456789012"}}),
        ),
        bad=(published("*"), published({"AWS": ["*"]}), {"policy": "[]"}),
        unknown=({"policy": UNKNOWN},),
    ),
    Case(
        rule="sns-not-public",
        type="aws:sns/topic:Topic",
        good=({},),
        bad=(published("*"),),
        unknown=({"policy": {"Statement": [UNKNOWN]}},),
    ),
    Case(
        rule="waf-metrics",
        type="aws:wafv2/webAcl:WebAcl",
        good=(
            nested(METRICS, value=True),
            {**nested(METRICS, value=True), "rules": [nested(METRICS, value=True)]},
        ),
        bad=(
            {},
            nested(METRICS, value=False),
            {**nested(METRICS, value=True), "rules": [{"name": "all"}]},
        ),
        unknown=(nested(METRICS, value=UNKNOWN), {**nested(METRICS, value=True), "rules": UNKNOWN}),
    ),
]
