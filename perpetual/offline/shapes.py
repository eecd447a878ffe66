"""How AWS shapes the ids and ARNs of the resource types that a stack may hold."""

import re
from typing import Final

# Prefix of the ids that AWS makes up, by type; 17 hexadecimal digits follow.
PREFIXES: Final = {
    "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl": "acl",
    "aws:ec2/defaultRouteTable:DefaultRouteTable": "rtb",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "sg",
    "aws:ec2/eip:Eip": "eipalloc",
    "aws:ec2/flowLog:FlowLog": "fl",
    "aws:ec2/instance:Instance": "i",
    "aws:ec2/internetGateway:InternetGateway": "igw",
    "aws:ec2/launchTemplate:LaunchTemplate": "lt",
    "aws:ec2/natGateway:NatGateway": "nat",
    "aws:ec2/networkAcl:NetworkAcl": "acl",
    "aws:ec2/route:Route": "r-rtb",
    "aws:ec2/routeTable:RouteTable": "rtb",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "rtbassoc",
    "aws:ec2/securityGroup:SecurityGroup": "sg",
    "aws:ec2/subnet:Subnet": "subnet",
    "aws:ec2/vpc:Vpc": "vpc",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "vpce",
    "aws:rds/instance:Instance": "db",
    "aws:route53/zone:Zone": "Z",
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": "ns",
    "aws:servicediscovery/service:Service": "srv",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "sgr",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "sgr",
}

# Last part of an ARN, by type, where it is not `<resource>/<id>`; see each service's page in
# https://docs.aws.amazon.com/service-authorization/latest/reference/
ARNS: Final = {
    "aws:acm/certificate:Certificate": "certificate/{uuid}",
    "aws:autoscaling/group:Group": "autoScalingGroup:{uuid}:autoScalingGroupName/{name}",
    "aws:cloudwatch/logGroup:LogGroup": "log-group:{name}",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "alarm:{name}",
    "aws:ec2/eip:Eip": "elastic-ip/{id}",
    "aws:ecr/repository:Repository": "repository/{name}",
    "aws:ecs/capacityProvider:CapacityProvider": "capacity-provider/{name}",
    "aws:ecs/cluster:Cluster": "cluster/{name}",
    "aws:ecs/service:Service": "service/{name}",
    "aws:ecs/taskDefinition:TaskDefinition": "task-definition/{name}:1",
    "aws:iam/instanceProfile:InstanceProfile": "instance-profile/{name}",
    "aws:iam/policy:Policy": "policy/{name}",
    "aws:iam/role:Role": "role/{name}",
    "aws:kms/alias:Alias": "{name}",
    "aws:kms/key:Key": "key/{uuid}",
    "aws:lb/listener:Listener": "listener/app/{name}/{hex}/{hex}",
    "aws:lb/listenerRule:ListenerRule": "listener-rule/app/{name}/{hex}/{hex}/{hex}",
    "aws:lb/loadBalancer:LoadBalancer": "loadbalancer/app/{name}/{hex}",
    "aws:lb/targetGroup:TargetGroup": "targetgroup/{name}/{hex}",
    "aws:rds/instance:Instance": "db:{name}",
    "aws:rds/parameterGroup:ParameterGroup": "pg:{name}",
    "aws:rds/subnetGroup:SubnetGroup": "subgrp:{name}",
    "aws:s3/bucket:Bucket": "{name}",
    "aws:sns/topic:Topic": "{name}",
    "aws:ssm/parameter:Parameter": "parameter{name}",
}
SERVICES: Final = {"lb": "elasticloadbalancing", "vpc": "ec2"}
LOGS: Final = "aws:cloudwatch/logGroup:LogGroup"

# Types whose id is their ARN, and inputs that name a resource, first match first.
ARN_IS_ID: Final = frozenset(
    {
        "aws:acm/certificate:Certificate",
        "aws:ecs/capacityProvider:CapacityProvider",
        "aws:ecs/cluster:Cluster",
        "aws:ecs/service:Service",
        "aws:iam/policy:Policy",
        "aws:lb/listener:Listener",
        "aws:lb/listenerRule:ListenerRule",
        "aws:lb/loadBalancer:LoadBalancer",
        "aws:lb/targetGroup:TargetGroup",
        "aws:sns/topic:Topic",
    }
)
NAMES: Final = ("name", "bucket", "identifier", "family", "dashboardName", "domainName")
ID_KINDS: Final = (
    (re.compile(r"(?i)routetableid$"), "rtb"),
    (re.compile(r"(?i)securitygroupid$"), "sg"),
    (re.compile(r"(?i)networkaclid$"), "acl"),
    (re.compile(r"(?i)networkinterfaceid$"), "eni"),
    (re.compile(r"(?i)vpcid$"), "vpc"),
    (re.compile(r"(?i)subnetid$"), "subnet"),
    (re.compile(r"(?i)prefixlistid$"), "pl"),
)
