"""Cases of the rules on security groups, balancers, hosts and their network's records."""

import base64
from typing import Any

from graph import UNKNOWN
from tests.policy.catalogue_case import ABSENT, Case, nested, one

GROUP = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
VPC = "aws:ec2/vpc:Vpc"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"
TARGETS = "aws:lb/targetGroup:TargetGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
INSTANCE = "aws:ec2/instance:Instance"
SCALING = "aws:autoscaling/group:Group"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
ACL = "aws:ec2/networkAcl:NetworkAcl"


def inline(low: Any, high: Any = None, protocol: Any = "tcp", *cidrs: Any, **more: Any) -> Any:
    """Return a group with one rule of its own; by default for the whole world."""
    item = {
        "protocol": protocol,
        "fromPort": low,
        "toPort": low if high is None else high,
        "cidrBlocks": list(cidrs) or ["0.0.0.0/0"],
        **more,
    }
    return {"ingress": [item]}


def standalone(port: Any, *cidrs: Any, key: str = "cidrIpv4") -> Any:
    """Return a group with a rule resource for each range."""
    return {
        "beside": tuple(
            (
                RULE,
                f"rule-{number}",
                {
                    "securityGroupId": "subject",
                    "ipProtocol": "tcp",
                    "fromPort": port,
                    "toPort": port,
                    key: cidr,
                },
            )
            for number, cidr in enumerate(cidrs)
        )
    }


def classic(port: int) -> Any:
    """Return a group with a rule of the old kind."""
    held = {
        "type": "ingress",
        "securityGroupId": "subject",
        "protocol": "tcp",
        "fromPort": port,
        "toPort": port,
        "cidrBlocks": ["0.0.0.0/0"],
    }
    return {"beside": ((OLD_RULE, "rule", held),)}


def listed(*rules: tuple[Any, str, str, Any, Any]) -> Any:
    """Return a network ACL: number, action, range and ports of each rule."""
    return {
        "ingress": [
            {
                "ruleNo": number,
                "action": action,
                "cidrBlock": cidr,
                "protocol": "6",
                "fromPort": low,
                "toPort": high,
            }
            for number, action, cidr, low, high in rules
        ]
    }


def encoded(text: str) -> Any:
    """Return a template's user data."""
    return {"userData": base64.b64encode(text.encode()).decode()}


def action(kind: Any, to: Any = "HTTPS", protocol: Any = "HTTP") -> Any:
    """Return a plain listener with one default action."""
    extra = {"redirect": {"protocol": to}} if kind == "redirect" else {}
    return {"protocol": protocol, "port": 80, "defaultActions": [{"type": kind, **extra}]}


WORLD = "0.0.0.0/0"
GROUPS = [
    Case(
        rule="sg-admin-ports-closed",
        type=GROUP,
        good=(
            {},
            inline(443),
            inline(22, None, "tcp", "10.0.0.0/8"),
            inline(22, None, "tcp", "203.0.113.7/32"),
            standalone(22, "198.51.100.0/24"),
        ),
        bad=(
            inline(22),
            inline(0, 65535),
            inline(3000, 4000),
            standalone(22, "0.0.0.0/1", "128.0.0.0/1"),
            standalone(3389, "::/0", key="cidrIpv6"),
            classic(22),
        ),
        unknown=(
            {"ingress": UNKNOWN},
            standalone(22, UNKNOWN),
            inline(22, None, "tcp", UNKNOWN),
            standalone(UNKNOWN, UNKNOWN),
        ),
    ),
    Case(
        rule="sg-high-risk-ports-closed",
        type=GROUP,
        good=({}, inline(443), inline(6379, None, "tcp", "10.1.0.0/16")),
        bad=(inline(5432), inline(9200, 9300), classic(6379)),
        unknown=({"ingress": UNKNOWN}, standalone(5432, UNKNOWN)),
    ),
    Case(
        rule="sg-no-all-traffic",
        type=GROUP,
        good=({}, inline(443), inline(0, 0, "-1", "10.0.0.0/8")),
        bad=(inline(0, 0, "-1"), inline(0, 0, "-1", "198.51.100.0/24"), inline(0, 0, "all")),
        unknown=({"ingress": UNKNOWN}, inline(0, 0, "-1", UNKNOWN)),
    ),
    Case(
        rule="sg-only-web-open",
        type=GROUP,
        good=(inline(443), inline(80), inline(8443, None, "tcp", "10.0.0.0/8")),
        bad=(inline(8443), inline(400, 500)),
        unknown=(inline(UNKNOWN), {"ingress": UNKNOWN}),
    ),
    Case(
        rule="sg-default-closed",
        type=DEFAULT_GROUP,
        good=({}, {"ingress": [], "egress": []}),
        bad=(inline(443), {"egress": inline(443)["ingress"]}, {"ingress": [{"self": True}]}),
        unknown=({"ingress": UNKNOWN},),
    ),
    Case(
        rule="sg-default-closed",
        type=VPC,
        good=({"beside": ((DEFAULT_GROUP, "default", {"vpcId": "subject"}),)},),
        bad=({}, {"beside": ((GROUP, "own", {"vpcId": "subject"}),)}),
    ),
    Case(
        rule="sg-described",
        type=GROUP,
        **one("description", ("Load balancer", ABSENT, "", "Managed by Pulumi")),
    ),
]

BALANCERS = [
    Case(
        rule="alb-http-redirects",
        type=LISTENER,
        good=(action("redirect"), action("fixed-response"), action("forward", protocol="HTTPS")),
        bad=(action("forward"), action("redirect", "HTTP"), action("redirect", "#{protocol}")),
        unknown=(
            action("redirect", UNKNOWN),
            action(UNKNOWN),
            action("forward", protocol=UNKNOWN),
            {"protocol": "HTTP", "defaultActions": UNKNOWN},
        ),
    ),
    Case(
        rule="alb-tls-policy",
        type=LISTENER,
        good=(
            {"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"},
            {"protocol": "HTTP"},
        ),
        bad=(
            {"protocol": "HTTPS"},
            {"protocol": "TLS", "sslPolicy": "ELBSecurityPolicy-2016-08"},
            {"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-TLS13-1-0-2021-06"},
        ),
        unknown=({"protocol": "HTTPS", "sslPolicy": UNKNOWN},),
    ),
    Case(
        rule="alb-certificate",
        type=LISTENER,
        good=({"protocol": "HTTPS", "certificateArn": UNKNOWN}, {"protocol": "HTTP"}),
        bad=({"protocol": "HTTPS"}, {"protocol": "TLS", "certificateArn": ""}),
    ),
    Case(
        rule="alb-drops-invalid-headers",
        type=BALANCER,
        good=({"dropInvalidHeaderFields": True}, {"loadBalancerType": "network"}),
        bad=({}, {"dropInvalidHeaderFields": False}),
        unknown=({"dropInvalidHeaderFields": UNKNOWN},),
    ),
    Case(
        rule="alb-desync-mitigation",
        type=BALANCER,
        **one("desyncMitigationMode", ("defensive", "monitor", "none")),
    ),
    Case(rule="alb-access-logs", type=BALANCER, **one("accessLogs.enabled", (True, ABSENT, False))),
    Case(
        rule="alb-deletion-protected",
        type=BALANCER,
        **one("enableDeletionProtection", (True, ABSENT, False)),
    ),
    Case(
        rule="alb-two-zones",
        type=BALANCER,
        good=({"subnets": ["subnet-a", UNKNOWN]}, {"subnetMappings": [{}, {}]}),
        bad=({"subnets": ["subnet-a"]}, {"subnetMappings": [{"subnetId": "subnet-a"}]}),
        unknown=({"subnets": UNKNOWN},),
    ),
    Case(
        rule="nlb-cross-zone",
        type=BALANCER,
        good=({"loadBalancerType": "network"}, {"enableCrossZoneLoadBalancing": False}),
        bad=(
            {"loadBalancerType": "network", "enableCrossZoneLoadBalancing": False},
            {"loadBalancerType": "network", "enableCrossZoneLoadBalancing": "false"},
        ),
        unknown=({"loadBalancerType": "network", "enableCrossZoneLoadBalancing": UNKNOWN},),
    ),
    Case(
        rule="target-health-check-times",
        type=TARGETS,
        good=({}, {"healthCheck": {"interval": 5, "timeout": 4}}),
        bad=(
            {"healthCheck": {"interval": 5, "timeout": 5}},
            {"healthCheck": {"timeout": 30}},
            {"healthCheck": {"interval": 301}},
        ),
        unknown=({"healthCheck": {"interval": UNKNOWN}}, {"healthCheck": UNKNOWN}),
    ),
]

HOSTS = [
    Case(
        rule="ec2-imdsv2",
        type=TEMPLATE,
        **one("metadataOptions.httpTokens", ("required", ABSENT, "optional")),
    ),
    Case(
        rule="ec2-hop-limit",
        type=TEMPLATE,
        **one("metadataOptions.httpPutResponseHopLimit", (1, 2, 64)),
    ),
    Case(
        rule="ec2-volumes-encrypted",
        type=TEMPLATE,
        good=(
            {},
            {"blockDeviceMappings": [{"ebs": {"encrypted": "true"}}, {"virtualName": "e0"}]},
        ),
        bad=(
            {"blockDeviceMappings": [{"ebs": {"volumeSize": 8}}]},
            {"blockDeviceMappings": [{"ebs": {"encrypted": True}}, {"ebs": {"encrypted": False}}]},
        ),
        unknown=(
            {"blockDeviceMappings": UNKNOWN},
            {"blockDeviceMappings": [{"ebs": UNKNOWN}]},
            {"blockDeviceMappings": [{"ebs": {"encrypted": UNKNOWN}}]},
        ),
    ),
    Case(
        rule="ec2-volumes-encrypted",
        type=INSTANCE,
        good=({"rootBlockDevice": {"encrypted": True}}, {"launchTemplate": {"id": "lt-1"}}),
        bad=(
            {},
            {"rootBlockDevice": {"encrypted": True}, "ebsBlockDevices": [{"encrypted": False}]},
        ),
        unknown=({"rootBlockDevice": {"encrypted": UNKNOWN}},),
    ),
    Case(
        rule="ebs-encrypted",
        type="aws:ebs/volume:Volume",
        **one("encrypted", (True, ABSENT, False)),
    ),
    Case(
        rule="ec2-no-public-address",
        type=TEMPLATE,
        good=(
            {"networkInterfaces": [{"associatePublicIpAddress": "false"}]},
            {"associatePublicIpAddress": True, "tags": {"perpetual:role": "bastion"}},
        ),
        bad=(
            {"networkInterfaces": [{"associatePublicIpAddress": "true"}]},
            {"associatePublicIpAddress": True},
        ),
        unknown=(
            {"networkInterfaces": UNKNOWN},
            {"networkInterfaces": [{"associatePublicIpAddress": UNKNOWN}]},
        ),
    ),
    Case(
        rule="ec2-no-secrets-in-user-data",
        type=TEMPLATE,
        good=(
            {},
            encoded("#!/bin/sh\necho ECS_CLUSTER=prod >> /etc/ecs/ecs.config\n"),
            encoded("DB_PASSWORD=$(aws ssm get-parameter --name /app/db)\n"),
        ),
        bad=(
            encoded("export DB_PASSWORD=hunter2\n"),
            encoded("-----BEGIN RSA PRIVATE KEY-----\n"),
            {"userData": "curl -H 'Authorization: ghp_" + "a1B2" * 9 + "'"},
        ),
        unknown=({"userData": UNKNOWN},),
    ),
    Case(
        rule="asg-two-zones",
        type=SCALING,
        good=({"vpcZoneIdentifiers": ["a", UNKNOWN]}, {"availabilityZones": ["a", "b"]}),
        bad=({}, {"vpcZoneIdentifiers": ["a"]}),
        unknown=({"vpcZoneIdentifiers": UNKNOWN},),
    ),
    Case(
        rule="asg-template",
        type=SCALING,
        good=({}, nested("launchTemplate.id", "lt-1")),
        bad=({"launchConfiguration": "old"}, {"launchConfiguration": "older"}),
        unknown=({"launchConfiguration": UNKNOWN},),
    ),
    Case(
        rule="vpc-flow-logs",
        type=VPC,
        good=({"beside": ((FLOW_LOG, "log", {"vpcId": "subject", "trafficType": "ALL"}),)},),
        bad=(
            {},
            {"beside": ((FLOW_LOG, "log", {"vpcId": "subject", "trafficType": "ACCEPT"}),)},
            {"beside": ((FLOW_LOG, "log", {"vpcId": "vpc-other"}),)},
        ),
        unknown=({"beside": ((FLOW_LOG, "log", {"vpcId": "subject", "trafficType": UNKNOWN}),)},),
    ),
    Case(
        rule="nacl-admin-ports-closed",
        type=ACL,
        good=(
            {},
            listed((100, "allow", WORLD, 443, 443)),
            listed((100, "deny", WORLD, 0, 1023), (200, "allow", WORLD, 0, 65535)),
            listed((100, "allow", WORLD, 1024, 65535)),
        ),
        bad=(
            listed((100, "allow", WORLD, 22, 22)),
            listed((100, "allow", WORLD, 0, 65535), (200, "deny", WORLD, 22, 22)),
            listed((100, "allow", "0.0.0.0/1", 1, 500)),
        ),
        unknown=({"ingress": UNKNOWN}, listed((100, "allow", WORLD, UNKNOWN, 22))),
    ),
]
