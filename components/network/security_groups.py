"""Who may open a connection to whom: one security group per role, and one table of rules."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Final, NamedTuple

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.network.network import Network
from perpetual import contract
from settings import models

HTTP: Final = 80
HTTPS: Final = 443
SSH: Final = 22
ANYWHERE: Final = IPv4Network("0.0.0.0/0")


class Role(StrEnum):
    """The parts of the stack that have a security group."""

    BALANCER = "balancer"
    SERVICE = "service"
    HOST = "host"
    DATABASE = "database"
    BASTION = "bastion"
    ENDPOINTS = "endpoints"


class Direction(StrEnum):
    """Whether the group of a rule receives or opens the connection."""

    IN = "in"
    OUT = "out"


Peer = Role | IPv4Network | IPv6Network

DESCRIPTIONS: Final = {
    Role.BALANCER: "Load balancer",
    Role.SERVICE: "Tasks of the release",
    Role.HOST: "ECS hosts",
    Role.DATABASE: "Postgres",
    Role.BASTION: "Bastion",
}
"""Never to be edited: AWS has no way to change a group's description but to replace the group."""


class Rule(NamedTuple):
    """One rule: TCP to `port`, from or to `peer`, seen by the group of `role`."""

    role: Role
    direction: Direction
    peer: Peer
    port: int
    purpose: str

    @property
    def key(self) -> str:
        """Return the rule's own name: by content, because a number would move with its list."""
        match self.peer:
            case Role():
                peer = self.peer.value
            case _:
                # Written out in full, an IPv6 address has no `::`, which separates parts of URNs.
                address = self.peer.network_address.exploded.replace(":", "-")
                peer = f"{address}-{self.peer.prefixlen}"
        return f"{self.role}-{self.direction}-{peer}-{self.port}"


def roles(settings: models.Settings) -> list[Role]:
    """Return the roles that get a group in this stack.

    Another stack's database has its group there, and `Database` adds the rules that join it.
    """
    found = [Role.BALANCER, Role.SERVICE, Role.HOST]
    if settings.database.source is not models.DatabaseSource.STACK:
        found.append(Role.DATABASE)
    if settings.access.bastion is not models.Bastion.NONE:
        found.append(Role.BASTION)
    return found


def rules(settings: models.Settings, *, endpoints: bool) -> list[Rule]:
    """Return every rule of the stack; `endpoints` says whether there are interface endpoints.

    No rule is needed for DNS, time, instance and task metadata: security groups do not filter them
    (https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html).
    """
    present = roles(settings)
    callers = [role for role in (Role.SERVICE, Role.HOST, Role.BASTION) if role in present]
    found = [
        *_balancer_rules(settings),
        *_service_rules(settings),
        *(_api_rule(role) for role in callers),
        *_bastion_rules(settings),
    ]
    if endpoints:
        found += [Rule(Role.ENDPOINTS, Direction.IN, role, HTTPS, "AWS APIs") for role in callers]
    if Role.DATABASE in present:
        port = settings.database.port
        clients = [role for role in (Role.SERVICE, Role.BASTION) if role in present]
        for role in clients:
            found.append(Rule(role, Direction.OUT, Role.DATABASE, port, "Postgres"))
            found.append(Rule(Role.DATABASE, Direction.IN, role, port, "Postgres"))
    return found


def _balancer_rules(settings: models.Settings) -> Iterable[Rule]:
    for cidr in dict.fromkeys(settings.balancer.ingress_cidrs):
        yield Rule(Role.BALANCER, Direction.IN, cidr, HTTP, "Redirected to HTTPS")
        yield Rule(Role.BALANCER, Direction.IN, cidr, HTTPS, "HTTPS")
    port = settings.service.port
    yield Rule(Role.BALANCER, Direction.OUT, Role.SERVICE, port, "Requests and health checks")
    yield Rule(Role.SERVICE, Direction.IN, Role.BALANCER, port, "Requests and health checks")


def _service_rules(settings: models.Settings) -> Iterable[Rule]:
    port = settings.service.distribution_port
    yield Rule(Role.SERVICE, Direction.IN, Role.SERVICE, port, "Erlang distribution")
    yield Rule(Role.SERVICE, Direction.OUT, Role.SERVICE, port, "Erlang distribution")


def _api_rule(role: Role) -> Rule:
    # To anywhere, because AWS APIs have no fixed addresses and no group to name: ECS, ECR, Systems
    # Manager and CloudWatch are reached through NAT or endpoints, and the release calls other
    # parties' HTTPS as well. The way there is the private subnets' routes to give or refuse.
    return Rule(role, Direction.OUT, ANYWHERE, HTTPS, "AWS APIs and other HTTPS")


def _bastion_rules(settings: models.Settings) -> Iterable[Rule]:
    if settings.access.bastion is models.Bastion.PUBLIC:
        for cidr in dict.fromkeys(settings.access.bastion_cidrs):
            yield Rule(Role.BASTION, Direction.IN, cidr, SSH, "SSH")


@dataclass(frozen=True, kw_only=True)
class SecurityGroupsArgs:
    """Arguments of `SecurityGroups`."""

    stack: contract.Stack
    settings: models.Settings
    network: Network


class SecurityGroups(Component):
    """The groups, without inline rules, and a standalone resource for each rule.

    Groups refer to groups, never to ranges inside the VPC. `database_id` is None when the database
    is another stack's, `bastion_id` when there is no bastion.
    """

    token = "perpetual:network:SecurityGroups"

    balancer_id: pulumi.Output[str]
    service_id: pulumi.Output[str]
    host_id: pulumi.Output[str]
    database_id: pulumi.Output[str] | None
    bastion_id: pulumi.Output[str] | None

    def __init__(
        self, name: str, args: SecurityGroupsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the groups, then the rules between them."""
        super().__init__(name, opts)
        ids = {role: self._create_group(name, role, args) for role in roles(args.settings)}
        self.balancer_id = ids[Role.BALANCER]
        self.service_id = ids[Role.SERVICE]
        self.host_id = ids[Role.HOST]
        self.database_id = ids.get(Role.DATABASE)
        self.bastion_id = ids.get(Role.BASTION)
        endpoints = args.network.endpoint_group_id
        if endpoints is not None:
            ids[Role.ENDPOINTS] = endpoints
        for rule in rules(args.settings, endpoints=endpoints is not None):
            self._create_rule(name, rule, ids)
        self.register_outputs({f"{role}Id": group for role, group in ids.items()})

    def _create_group(self, name: str, role: Role, args: SecurityGroupsArgs) -> pulumi.Output[str]:
        physical = args.stack.physical(role)
        group = aws.ec2.SecurityGroup(
            f"{name}-{role}",
            name=physical,
            description=DESCRIPTIONS[role],
            vpc_id=args.network.vpc_id,
            tags={"Name": physical},
            opts=self._child(),
        )
        return group.id

    def _create_rule(self, name: str, rule: Rule, ids: dict[Role, pulumi.Output[str]]) -> None:
        kind = (
            aws.vpc.SecurityGroupIngressRule
            if rule.direction is Direction.IN
            else aws.vpc.SecurityGroupEgressRule
        )
        peer = rule.peer
        kind(
            f"{name}-{rule.key}",
            security_group_id=ids[rule.role],
            referenced_security_group_id=ids[peer] if isinstance(peer, Role) else None,
            cidr_ipv4=str(peer) if isinstance(peer, IPv4Network) else None,
            cidr_ipv6=str(peer) if isinstance(peer, IPv6Network) else None,
            ip_protocol="tcp",
            from_port=rule.port,
            to_port=rule.port,
            description=rule.purpose,
            opts=self._child(),
        )
