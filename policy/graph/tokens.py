"""Type tokens of the resources that the graph understands."""

from typing import Final

VPC: Final = "aws:ec2/vpc:Vpc"
VPC_CIDRS: Final = (
    "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation",
    "aws:ec2/vpcIpv6CidrBlockAssociation:VpcIpv6CidrBlockAssociation",
)
SUBNET: Final = "aws:ec2/subnet:Subnet"
ROUTE_TABLE: Final = "aws:ec2/routeTable:RouteTable"
DEFAULT_ROUTE_TABLE: Final = "aws:ec2/defaultRouteTable:DefaultRouteTable"
MAIN_ROUTE_TABLE: Final = "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation"
ROUTE_TABLE_ASSOCIATION: Final = "aws:ec2/routeTableAssociation:RouteTableAssociation"
ROUTE: Final = "aws:ec2/route:Route"
PROPAGATIONS: Final = (
    "aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation",
    "aws:vpc/routeServerPropagation:RouteServerPropagation",
)
INTERNET_GATEWAY: Final = "aws:ec2/internetGateway:InternetGateway"
EGRESS_ONLY_GATEWAY: Final = "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway"
NAT_GATEWAY: Final = "aws:ec2/natGateway:NatGateway"
VPN_GATEWAY: Final = "aws:ec2/vpnGateway:VpnGateway"
TRANSIT_GATEWAY: Final = "aws:ec2transitgateway/transitGateway:TransitGateway"
PEERING: Final = "aws:ec2/vpcPeeringConnection:VpcPeeringConnection"
NETWORK_INTERFACE: Final = "aws:ec2/networkInterface:NetworkInterface"
INTERFACE_ATTACHMENT: Final = "aws:ec2/networkInterfaceAttachment:NetworkInterfaceAttachment"
GROUP_ATTACHMENT: Final = (
    "aws:ec2/networkInterfaceSecurityGroupAttachment:NetworkInterfaceSecurityGroupAttachment"
)
ELASTIC_IP: Final = "aws:ec2/eip:Eip"
ELASTIC_IP_ASSOCIATION: Final = "aws:ec2/eipAssociation:EipAssociation"
VPC_ENDPOINT: Final = "aws:ec2/vpcEndpoint:VpcEndpoint"
ENDPOINT_ASSOCIATION: Final = (
    "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation"
)
ENDPOINT_GROUP: Final = "aws:ec2/securityGroupAssociation:SecurityGroupAssociation"
ENDPOINT_SUBNET: Final = "aws:ec2/vpcEndpointSubnetAssociation:VpcEndpointSubnetAssociation"

NETWORK_ACL: Final = "aws:ec2/networkAcl:NetworkAcl"
DEFAULT_NETWORK_ACL: Final = "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl"
NETWORK_ACL_RULE: Final = "aws:ec2/networkAclRule:NetworkAclRule"
NETWORK_ACL_ASSOCIATION: Final = "aws:ec2/networkAclAssociation:NetworkAclAssociation"

SECURITY_GROUP: Final = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_SECURITY_GROUP: Final = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
SECURITY_GROUP_RULE: Final = "aws:ec2/securityGroupRule:SecurityGroupRule"
INGRESS_RULE: Final = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS_RULE: Final = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
PREFIX_LIST: Final = "aws:ec2/managedPrefixList:ManagedPrefixList"
PREFIX_LIST_ENTRY: Final = "aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry"

DB_INSTANCE: Final = "aws:rds/instance:Instance"
DB_CLUSTER: Final = "aws:rds/cluster:Cluster"
DB_CLUSTER_INSTANCE: Final = "aws:rds/clusterInstance:ClusterInstance"
DB_SUBNET_GROUP: Final = "aws:rds/subnetGroup:SubnetGroup"
DB_PARAMETERS: Final = "aws:rds/parameterGroup:ParameterGroup"
DB_CLUSTER_PARAMETERS: Final = "aws:rds/clusterParameterGroup:ClusterParameterGroup"
DB_PROXY: Final = "aws:rds/proxy:Proxy"

CACHE_CLUSTER: Final = "aws:elasticache/cluster:Cluster"
CACHE_GROUP: Final = "aws:elasticache/replicationGroup:ReplicationGroup"
CACHE_SERVERLESS: Final = "aws:elasticache/serverlessCache:ServerlessCache"
CACHE_SUBNET_GROUP: Final = "aws:elasticache/subnetGroup:SubnetGroup"
MEMORY_CLUSTER: Final = "aws:memorydb/cluster:Cluster"
MEMORY_SUBNET_GROUP: Final = "aws:memorydb/subnetGroup:SubnetGroup"

INSTANCE: Final = "aws:ec2/instance:Instance"
SPOT_REQUEST: Final = "aws:ec2/spotInstanceRequest:SpotInstanceRequest"
AUTOSCALING_GROUP: Final = "aws:autoscaling/group:Group"
LAMBDA: Final = "aws:lambda/function:Function"
EFS_MOUNT_TARGET: Final = "aws:efs/mountTarget:MountTarget"
LAUNCH_TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
LAUNCH_CONFIGURATION: Final = "aws:ec2/launchConfiguration:LaunchConfiguration"
ECS_SERVICE: Final = "aws:ecs/service:Service"
ECS_TASK_SET: Final = "aws:ecs/taskSet:TaskSet"
TASK_DEFINITION: Final = "aws:ecs/taskDefinition:TaskDefinition"
CLASSIC_BALANCER: Final = "aws:elb/loadBalancer:LoadBalancer"
BALANCERS: Final = (
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:alb/loadBalancer:LoadBalancer",
    CLASSIC_BALANCER,
)

_SHORT: Final = {
    SUBNET: "subnet",
    ROUTE_TABLE: "rtb",
    DEFAULT_ROUTE_TABLE: "main rtb",
    INTERNET_GATEWAY: "igw",
    EGRESS_ONLY_GATEWAY: "eigw",
    NAT_GATEWAY: "nat",
    VPN_GATEWAY: "vgw",
    TRANSIT_GATEWAY: "tgw",
    PEERING: "peering",
    NETWORK_INTERFACE: "eni",
    VPC_ENDPOINT: "endpoint",
    NETWORK_ACL: "acl",
    DEFAULT_NETWORK_ACL: "default acl",
    SECURITY_GROUP: "sg",
    DEFAULT_SECURITY_GROUP: "default sg",
    DB_INSTANCE: "rds",
    DB_CLUSTER: "rds cluster",
    DB_CLUSTER_INSTANCE: "rds",
    DB_SUBNET_GROUP: "subnet group",
    DB_PARAMETERS: "parameter group",
    DB_CLUSTER_PARAMETERS: "parameter group",
    CACHE_SUBNET_GROUP: "subnet group",
    MEMORY_SUBNET_GROUP: "subnet group",
    AUTOSCALING_GROUP: "asg",
    ECS_SERVICE: "service",
    TASK_DEFINITION: "task",
    SECURITY_GROUP_RULE: "rule",
    INGRESS_RULE: "rule",
    EGRESS_RULE: "egress rule",
    NETWORK_ACL_RULE: "rule",
}


def short(token: str) -> str:
    """Return a type's name in paths: `igw`, `rtb`, or the token's last part in lower case."""
    return _SHORT.get(token, token.rsplit(":", 1)[-1].lower())
