"""The network: VPC, subnets, routes, access lists, endpoints, flow logs and security groups."""

from components.network.network import Network, NetworkArgs
from components.network.security_groups import SecurityGroups, SecurityGroupsArgs

__all__ = ["Network", "NetworkArgs", "SecurityGroups", "SecurityGroupsArgs"]
