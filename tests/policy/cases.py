"""Ways to break the laws, each with the finding that must come of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from tests.policy.small import FORCE_SSL, Extra, Holder, Stack, container, small
from tests.policy.support import FORMS, PREVIEW

SUBNETS, EXPOSURE, TLS = "segregated-subnets", "no-public-rds", "tls-only-postgres"
EVERYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One way to break a law: what to change, and which finding names whom by which path.

    `path` are words of which each must appear in the witness, in this order.
    """

    name: str
    rule: str
    resource: str
    path: str
    changes: dict[str, Any] = field(default_factory=dict)
    extra: Extra | None = None
    undetermined: bool = False
    forms: tuple[str, ...] = FORMS

    @property
    def program(self) -> Callable[[], None]:
        """Return the program that breaks the law."""
        return small(self.extra, **self.changes)


def route(table: str, **target: str) -> Extra:
    """Return a standalone default route from `table` to a resource or a literal id."""

    def extra(made: Stack) -> None:
        values: dict[str, Any] = {
            key: getattr(made, item).id if item in vars(made) else item
            for key, item in target.items()
        }
        destination: dict[str, Any] = (
            {"destination_ipv6_cidr_block": "::/0"}
            if "egress_only_gateway_id" in target
            else {"destination_cidr_block": EVERYWHERE}
        )
        aws.ec2.Route("leak", route_table_id=getattr(made, table).id, **destination, **values)

    return extra


def _shared_table(made: Stack) -> dict[str, Any]:
    return {"route_table_id": made.public_table.id}


def _inline(**target: str) -> Callable[[Stack], dict[str, Any]]:
    return lambda made: {
        "routes": [
            {"cidr_block": EVERYWHERE}
            | {
                key: getattr(made, item).id if item in vars(made) else item
                for key, item in target.items()
            }
        ]
    }


def _propagation(made: Stack) -> None:
    gateway = aws.ec2.VpnGateway("vpn", vpc_id=made.vpc.id)
    aws.ec2.VpnGatewayRoutePropagation(
        "vpn", vpn_gateway_id=gateway.id, route_table_id=made.data_table.id
    )


def _main_association(made: Stack) -> None:
    aws.ec2.MainRouteTableAssociation(
        "main", vpc_id=made.vpc.id, route_table_id=made.private_table.id
    )


def _stray_association(made: Stack) -> None:
    subnet = pulumi.Output.all(made.data_a.id, made.public_a.id).apply(lambda ids: ids[0])
    aws.ec2.RouteTableAssociation("stray", subnet_id=subnet, route_table_id=made.public_table.id)


def _cache(made: Stack) -> None:
    group = aws.elasticache.SubnetGroup("cache", subnet_ids=[made.private_a.id])
    aws.elasticache.ReplicationGroup("cache", description="x", subnet_group_name=group.name)


def _instance(made: Stack) -> None:
    aws.ec2.Instance("lone", subnet_id=made.public_a.id)


def _world(**rule: Any) -> dict[str, Any]:
    base = {"protocol": "tcp", "from_port": 5432, "to_port": 5432}
    return {"database_in": None, "database_group": {"ingress": [base | rule]}}


def _prefix_list(made: Stack) -> None:
    entries: list[Any] = [{"cidr": "0.0.0.0/1"}, {"cidr": "128.0.0.0/1"}]
    listed = aws.ec2.ManagedPrefixList("all", address_family="IPv4", max_entries=2, entries=entries)
    _database_rule(made, prefix_list_id=listed.id)


def _database_rule(made: Stack, **peer: Any) -> None:
    values: dict[str, Any] = {"ip_protocol": "tcp", "from_port": 5432, "to_port": 5432, **peer}
    aws.vpc.SecurityGroupIngressRule("leak", security_group_id=made.database_group.id, **values)


def _in_subnet(subnet: str) -> dict[str, Any]:
    return {"subnet_group": lambda made: {"subnet_ids": [made.data_a.id, getattr(made, subnet).id]}}


def _outside(routes: list[dict[str, str]] | None, tier: str = "data") -> Extra:
    def extra(_: Stack) -> None:
        entry: dict[str, Any] = {"id": "subnet-0aa", "tier": tier, "cidrBlock": "10.9.0.0/24"}
        if routes is not None:
            entry["routes"] = routes
        Holder("existing", {"existingSubnets": [entry]})

    return extra


_OUTSIDE_GROUP = {"subnet_group": {"subnet_ids": ["subnet-0aa"]}}


def _parameters(*entries: dict[str, Any], family: str = "postgres17") -> dict[str, Any]:
    return {"parameters": {"family": family, "parameters": list(entries)}}


def _environment(*pairs: tuple[str, str], **changes: Any) -> dict[str, Any]:
    variables = [{"name": name, "value": value} for name, value in pairs]
    document = json.dumps([container(environment=variables, **changes)])
    return {"task": {"container_definitions": document}}


def _url(query: str) -> dict[str, Any]:
    url = f"postgres://user:hunter2@db.example/app{query}"
    return _environment(("PGSSLMODE", "verify-full"), ("DATABASE_URL", url), secrets=[])


def _unknown(made: Stack, value: Any) -> Any:
    return made.vpc.id.apply(lambda _: value)


def _twin(made: Stack) -> None:
    holder = Holder(
        "twin", {"containerDefinitions": [container(environment=[], image=made.vpc.id)]}
    )
    document = made.vpc.id.apply(lambda image: json.dumps([container(environment=[], image=image)]))
    aws.ecs.TaskDefinition(
        "twin",
        family="twin",
        container_definitions=document,
        opts=pulumi.ResourceOptions(parent=holder),
    )


def _aurora(made: Stack) -> None:
    aws.rds.Cluster(
        "aurora",
        engine="aurora-postgresql",
        engine_version="15.4",
        db_subnet_group_name=made.subnet_group.name,
        vpc_security_group_ids=[made.database_group.id],
        db_cluster_parameter_group_name="default.aurora-postgresql15",
    )


def _member(made: Stack) -> None:
    cluster = aws.rds.Cluster(
        "aurora",
        engine="aurora-postgresql",
        engine_version="17.4",
        db_subnet_group_name=made.subnet_group.name,
        vpc_security_group_ids=[made.database_group.id],
        port=5432,
    )
    aws.rds.ClusterInstance(
        "member",
        cluster_identifier=cluster.id,
        engine=aws.rds.EngineType.AURORA_POSTGRESQL,
        instance_class="db.r7g.large",
        publicly_accessible=True,
        ca_cert_identifier="rds-ca-2019",
    )


def _proxy(made: Stack) -> None:
    aws.rds.Proxy(
        "proxy",
        engine_family="POSTGRESQL",
        role_arn="arn:aws:iam::123456789012:role/proxy",
        vpc_subnet_ids=[made.data_a.id],
        auths=[{"auth_scheme": "SECRETS"}],
    )


def _route_to_outside(_: Stack) -> None:
    """Add a way out to a route table that is not in the stack."""
    aws.ec2.Route(
        "leak", route_table_id="rtb-0aa", destination_cidr_block=EVERYWHERE, gateway_id="igw-0aa"
    )


def _old_rule(made: Stack) -> None:
    aws.ec2.SecurityGroupRule(
        "old",
        type="ingress",
        security_group_id=made.database_group.id,
        cidr_blocks=[EVERYWHERE],
        protocol="tcp",
        from_port=0,
        to_port=65535,
    )


def _stray_rule(_: Stack) -> None:
    """Open a group that is not in the stack."""
    aws.vpc.SecurityGroupIngressRule(
        "leak",
        security_group_id="sg-0aa",
        ip_protocol="tcp",
        from_port=5432,
        to_port=5432,
        cidr_ipv4=EVERYWHERE,
    )


SEGREGATION = [
    Case(
        name="data table with an internet route",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > data-table > 0.0.0.0/0 > igw",
        extra=route("data_table", gateway_id="igw"),
    ),
    Case(
        name="data table with a NAT route",
        rule=SUBNETS,
        resource="data-b",
        path="data-b > data-table > 0.0.0.0/0 > nat",
        extra=route("data_table", nat_gateway_id="nat"),
    ),
    Case(
        name="data table with an egress-only route",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > data-table > ::/0 > egress-only-gateway eigw-1",
        extra=route("data_table", egress_only_gateway_id="eigw-1"),
    ),
    Case(
        name="data table with a transit gateway route",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > data-table > transit-gateway tgw-1",
        extra=route("data_table", transit_gateway_id="tgw-1"),
    ),
    Case(
        name="data table with a peering route",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > data-table > peering pcx-1",
        extra=route("data_table", vpc_peering_connection_id="pcx-1"),
    ),
    Case(
        name="data table with a NAT instance",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > data-table > interface eni-1",
        extra=route("data_table", network_interface_id="eni-1"),
    ),
    Case(
        name="data table with an appliance endpoint",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > data-table > appliance-endpoint vpce-1",
        extra=route("data_table", vpc_endpoint_id="vpce-1"),
    ),
    Case(
        name="data table with a VPN gateway by id",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > data-table > vpn-gateway vgw-1",
        extra=route("data_table", gateway_id="vgw-1"),
    ),
    Case(
        name="data table with propagated routes",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > data-table > propagated routes",
        extra=_propagation,
    ),
    Case(
        name="data table with an inline internet route",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > data-table > 0.0.0.0/0 > igw",
        changes={"data_table": _inline(gateway_id="igw")},
    ),
    Case(
        name="data subnet in the public table",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > public-table > igw",
        changes={"data_a_table": _shared_table},
    ),
    Case(
        name="data subnet falls back to a main table with a way out",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > main-table > nat",
        changes={"data_a_table": None},
        extra=route("main_table", nat_gateway_id="nat"),
    ),
    Case(
        name="main table with a way out that nobody uses",
        rule=SUBNETS,
        resource="main-table",
        path="vpc > main-table > 0.0.0.0/0 > igw",
        extra=route("main_table", gateway_id="igw"),
    ),
    Case(
        name="main table replaced by one with a way out",
        rule=SUBNETS,
        resource="private-table",
        path="vpc > private-table > nat",
        extra=_main_association,
    ),
    Case(
        name="private table with an internet gateway",
        rule=SUBNETS,
        resource="private-a",
        path="private-a > private-table > igw",
        changes={"private_route": lambda made: {"nat_gateway_id": None, "gateway_id": made.igw.id}},
    ),
    Case(
        name="public subnet without an internet gateway",
        rule=SUBNETS,
        resource="public-a",
        path="public-a > public-table",
        changes={"public_route": None},
    ),
    Case(
        name="private subnet with public addresses at launch",
        rule=SUBNETS,
        resource="private-a",
        path="private-a > mapPublicIpOnLaunch",
        changes={"private_a": {"map_public_ip_on_launch": True}},
    ),
    Case(
        name="data subnet with public addresses at launch, not known",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > mapPublicIpOnLaunch",
        undetermined=True,
        forms=(PREVIEW,),
        changes={"data_a": lambda made: {"map_public_ip_on_launch": _unknown(made, value=False)}},
    ),
    Case(
        name="subnet that claims no tier",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > perpetual:tier",
        changes={"data_a": {"tags": {}}},
    ),
    Case(
        name="subnet that claims a tier of its own",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > perpetual:tier",
        changes={"data_a": {"tags": {"perpetual:tier": "dmz"}}},
    ),
    Case(
        name="subnet whose claim is not known",
        rule=SUBNETS,
        resource="data-a",
        path="data-a > perpetual:tier",
        undetermined=True,
        forms=(PREVIEW,),
        changes={"data_a": lambda made: {"tags": {"perpetual:tier": _unknown(made, "data")}}},
    ),
    Case(
        name="association that cannot be told",
        rule=SUBNETS,
        resource="stray",
        path="subnetId",
        extra=_stray_association,
        undetermined=True,
        forms=(PREVIEW,),
    ),
    Case(
        name="route whose table cannot be told",
        rule=SUBNETS,
        resource="leak",
        path="routeTableId",
        undetermined=True,
        extra=_route_to_outside,
    ),
    Case(
        name="database in a private subnet",
        rule=SUBNETS,
        resource="database",
        path="database > subnet-group > private-a",
        changes=_in_subnet("private_a"),
    ),
    Case(
        name="replica in the subnets of its source",
        rule=SUBNETS,
        resource="replica",
        path="replica > database > subnet-group > private-a",
        changes=_in_subnet("private_a"),
    ),
    Case(
        name="database without a subnet group",
        rule=SUBNETS,
        resource="database",
        path="database",
        changes={"database": {"db_subnet_group_name": None}},
        undetermined=True,
    ),
    Case(
        name="cache in a private subnet",
        rule=SUBNETS,
        resource="cache",
        path="cache > cache > private-a",
        extra=_cache,
    ),
    Case(
        name="hosts in public subnets",
        rule=SUBNETS,
        resource="hosts",
        path="hosts > public-a > igw",
        changes={
            "hosts": lambda made: {"vpc_zone_identifiers": [made.private_a.id, made.public_a.id]}
        },
    ),
    Case(
        name="hosts in data subnets",
        rule=SUBNETS,
        resource="hosts",
        path="hosts > data-a",
        changes={"hosts": lambda made: {"vpc_zone_identifiers": [made.data_a.id]}},
    ),
    Case(
        name="hosts with public addresses by template",
        rule=SUBNETS,
        resource="hosts",
        path="hosts > networkInterfaces",
        changes={"template": {"network_interfaces": [{"associate_public_ip_address": "true"}]}},
    ),
    Case(
        name="a host of no role in a public subnet",
        rule=SUBNETS,
        resource="lone",
        path="lone > public-a",
        extra=_instance,
    ),
    Case(
        name="tasks in public subnets",
        rule=SUBNETS,
        resource="service",
        path="service > public-a",
        changes={
            "service": lambda made: {"network_configuration": {"subnets": [made.public_a.id]}}
        },
    ),
    Case(
        name="tasks with public addresses",
        rule=SUBNETS,
        resource="service",
        path="service > networkConfiguration.assignPublicIp",
        changes={
            "service": lambda made: {
                "network_configuration": {"subnets": [made.private_a.id], "assign_public_ip": True}
            }
        },
    ),
    Case(
        name="balancer for the internet in private subnets",
        rule=SUBNETS,
        resource="balancer",
        path="balancer > private-a",
        changes={"balancer": lambda made: {"subnets": [made.private_a.id]}},
    ),
    Case(
        name="internal balancer in data subnets",
        rule=SUBNETS,
        resource="balancer",
        path="balancer > data-a",
        changes={"balancer": lambda made: {"internal": True, "subnets": [made.data_a.id]}},
    ),
    Case(
        name="data subnets under the VPC's default ACL",
        rule=SUBNETS,
        resource="data-a",
        path="default acl > data-a",
        changes={"data_acl": None, "data_acl_in": None},
    ),
    Case(
        name="data ACL open in two halves",
        rule=SUBNETS,
        resource="data-b",
        path="data-acl rule 100 > data-b",
        changes={"data_acl_in": {"cidr_block": "128.0.0.0/1"}},
    ),
    Case(
        name="data ACL open by IPv6",
        rule=SUBNETS,
        resource="data-a",
        path="data-acl > data-a",
        changes={"data_acl_in": {"cidr_block": None, "ipv6_cidr_block": "::/0"}},
    ),
    Case(
        name="data ACL whose range is not known",
        rule=SUBNETS,
        resource="data-a",
        path="data-acl > data-a",
        undetermined=True,
        forms=(PREVIEW,),
        changes={
            "data_acl_in": lambda made: {"cidr_block": made.igw.id.apply(lambda _: "10.0.0.0/8")}
        },
    ),
    Case(
        name="database in a subnet that nobody describes",
        rule=SUBNETS,
        resource="database",
        path="database > subnet-group > subnet-0aa",
        changes=_OUTSIDE_GROUP,
        undetermined=True,
    ),
    Case(
        name="database in an existing subnet with a way out",
        rule=SUBNETS,
        resource="existing",
        path="subnet-0aa > existing rtb > 0.0.0.0/0 > nat-gateway",
        changes=_OUTSIDE_GROUP,
        extra=_outside([{"destination": EVERYWHERE, "target": "nat-gateway"}]),
    ),
    Case(
        name="database in an existing private subnet",
        rule=SUBNETS,
        resource="database",
        path="database > subnet-group > subnet-0aa",
        changes=_OUTSIDE_GROUP,
        extra=_outside([{"destination": "10.9.0.0/16", "target": "local"}], "private"),
    ),
    Case(
        name="existing subnet with an endpoint for a range",
        rule=SUBNETS,
        resource="existing",
        path="subnet-0aa > 0.0.0.0/0 > appliance-endpoint",
        extra=_outside([{"destination": EVERYWHERE, "target": "vpc-endpoint"}]),
    ),
    Case(
        name="existing subnet with a word nobody knows",
        rule=SUBNETS,
        resource="existing",
        path="subnet-0aa > other",
        extra=_outside([{"destination": EVERYWHERE, "target": "teleport"}]),
    ),
    Case(
        name="existing subnet without routes",
        rule=SUBNETS,
        resource="existing",
        path="subnet-0aa > existingSubnets",
        extra=_outside(None),
        undetermined=True,
    ),
]


EXPOSED = [
    Case(
        name="publicly accessible",
        rule=EXPOSURE,
        resource="database",
        path="internet > public address > database",
        changes={"database": {"publicly_accessible": True}},
    ),
    Case(
        name="publicly accessible replica",
        rule=EXPOSURE,
        resource="replica",
        path="internet > replica",
        changes={"replica": {"publicly_accessible": True}},
    ),
    Case(
        name="publicly accessible, not known",
        rule=EXPOSURE,
        resource="database",
        path="database > publiclyAccessible",
        undetermined=True,
        forms=(PREVIEW,),
        changes={"database": lambda made: {"publicly_accessible": _unknown(made, value=False)}},
    ),
    Case(
        name="database in a public subnet",
        rule=EXPOSURE,
        resource="database",
        path="internet > igw > 0.0.0.0/0 > public-table > public-a > subnet-group > database",
        changes=_in_subnet("public_a"),
    ),
    Case(
        name="public member of a cluster",
        rule=EXPOSURE,
        resource="member",
        path="internet > member",
        extra=_member,
    ),
    Case(
        name="group open to everybody",
        rule=EXPOSURE,
        resource="database",
        path="internet > 0.0.0.0/0 > tcp 5432 > database-group > database",
        changes=_world(cidr_blocks=[EVERYWHERE]),
    ),
    Case(
        name="group open in two halves",
        rule=EXPOSURE,
        resource="database",
        path="internet > 128.0.0.0/1 > database-group",
        changes=_world(cidr_blocks=["0.0.0.0/1", "128.0.0.0/1"]),
    ),
    Case(
        name="group open by IPv6",
        rule=EXPOSURE,
        resource="database",
        path="internet > ::/0 > database-group",
        extra=lambda made: _database_rule(made, cidr_ipv6="::/0"),
    ),
    Case(
        name="group open to an office",
        rule=EXPOSURE,
        resource="database",
        path="internet > 203.0.113.0/24 > database-group",
        extra=lambda made: _database_rule(made, cidr_ipv4="203.0.113.0/24"),
    ),
    Case(
        name="group open to a little more than private ranges",
        rule=EXPOSURE,
        resource="replica",
        path="internet > 172.0.0.0/8 > database-group > replica",
        extra=lambda made: _database_rule(made, cidr_ipv4="172.0.0.0/8"),
    ),
    Case(
        name="all ports open",
        rule=EXPOSURE,
        resource="database",
        path="internet > 0.0.0.0/0 > all > database-group",
        changes=_world(protocol="-1", from_port=0, to_port=0, cidr_blocks=[EVERYWHERE]),
    ),
    Case(
        name="a span of ports open",
        rule=EXPOSURE,
        resource="database",
        path="internet > 0.0.0.0/0 > tcp 1024-65535 > database-group",
        changes=_world(from_port=1024, to_port=65535, cidr_blocks=[EVERYWHERE]),
    ),
    Case(
        name="another port, but the database listens there",
        rule=EXPOSURE,
        resource="database",
        path="internet > 0.0.0.0/0 > tcp 6000",
        changes={
            **_world(from_port=6000, to_port=6000, cidr_blocks=[EVERYWHERE]),
            "database": {"port": 6000},
        },
    ),
    Case(
        name="open to a prefix list that holds the world",
        rule=EXPOSURE,
        resource="database",
        path="internet > all > database-group",
        extra=_prefix_list,
    ),
    Case(
        name="open to a prefix list of somebody else",
        rule=EXPOSURE,
        resource="database",
        path="prefix list pl-0aa > database-group",
        undetermined=True,
        extra=lambda made: _database_rule(made, prefix_list_id="pl-0aa"),
    ),
    Case(
        name="open to a range that is not known",
        rule=EXPOSURE,
        resource="database",
        path="(unknown range) > database-group",
        undetermined=True,
        forms=(PREVIEW,),
        extra=lambda made: _database_rule(
            made, cidr_ipv4=made.igw.id.apply(lambda _: "10.0.0.0/8")
        ),
    ),
    Case(
        name="open to a private range, not to a group",
        rule=EXPOSURE,
        resource="database",
        path="10.0.0.0/16 > tcp 5432 > database-group",
        extra=lambda made: _database_rule(made, cidr_ipv4="10.0.0.0/16"),
    ),
    Case(
        name="open to the balancer's group",
        rule=EXPOSURE,
        resource="database",
        path="internet > balancer-group > database-group > database",
        changes={
            "database_in": lambda made: {"referenced_security_group_id": made.balancer_group.id}
        },
    ),
    Case(
        name="open to a group of another stack",
        rule=EXPOSURE,
        resource="database",
        path="sg-0aa > database-group > database",
        undetermined=True,
        extra=lambda made: _database_rule(made, referenced_security_group_id="sg-0aa"),
    ),
    Case(
        name="open by a rule of the old kind",
        rule=EXPOSURE,
        resource="database",
        path="internet > 0.0.0.0/0 > tcp > database-group",
        extra=_old_rule,
    ),
    Case(
        name="inline rules that are not known",
        rule=EXPOSURE,
        resource="database",
        path="database-group > database",
        undetermined=True,
        forms=(PREVIEW,),
        changes={"database_group": lambda made: {"ingress": _unknown(made, [])}},
    ),
    Case(
        name="no security group",
        rule=EXPOSURE,
        resource="database",
        path="database > vpcSecurityGroupIds",
        undetermined=True,
        changes={"database": {"vpc_security_group_ids": None}},
    ),
    Case(
        name="a security group of another stack",
        rule=EXPOSURE,
        resource="database",
        path="database > vpcSecurityGroupIds",
        undetermined=True,
        changes={"database": {"vpc_security_group_ids": ["sg-0aa"]}},
    ),
    Case(
        name="a rule that opens another stack's group",
        rule=EXPOSURE,
        resource="leak",
        path="internet > 0.0.0.0/0 > leak > sg-0aa",
        undetermined=True,
        extra=_stray_rule,
    ),
]


PLAIN = [
    Case(
        name="force_ssl is 0",
        rule=TLS,
        resource="database",
        path="database > parameters > rds.force_ssl = 0",
        changes=_parameters({**FORCE_SSL, "value": "0"}),
    ),
    Case(
        name="the replica takes over force_ssl 0",
        rule=TLS,
        resource="replica",
        path="replica > database > parameters > rds.force_ssl = 0",
        changes=_parameters({**FORCE_SSL, "value": "0"}),
    ),
    Case(
        name="the replica has a worse group of its own",
        rule=TLS,
        resource="replica",
        path="replica > default.postgres14",
        changes={"replica": {"parameter_group_name": "default.postgres14"}},
    ),
    Case(
        name="force_ssl is off in capitals",
        rule=TLS,
        resource="database",
        path="parameters > rds.force_ssl = 0",
        changes=_parameters({"name": "RDS.Force_SSL", "value": "0"}),
    ),
    Case(
        name="force_ssl twice, once 0",
        rule=TLS,
        resource="database",
        path="parameters > rds.force_ssl = 0",
        changes=_parameters(FORCE_SSL, {**FORCE_SSL, "value": "0"}),
    ),
    Case(
        name="force_ssl not known",
        rule=TLS,
        resource="database",
        path="parameters > rds.force_ssl",
        undetermined=True,
        forms=(PREVIEW,),
        changes={
            "parameters": lambda made: {"parameters": [{**FORCE_SSL, "value": _unknown(made, "1")}]}
        },
    ),
    Case(
        name="a parameter whose name is not known",
        rule=TLS,
        resource="database",
        path="parameters > rds.force_ssl",
        undetermined=True,
        forms=(PREVIEW,),
        changes={
            "parameters": lambda made: {
                "parameters": [FORCE_SSL, {"name": _unknown(made, "x"), "value": "0"}]
            }
        },
    ),
    Case(
        name="version 14 by default",
        rule=TLS,
        resource="database",
        path="database > no parameter group > default rds.force_ssl = 0",
        changes={"database": {"parameter_group_name": None, "engine_version": "14.17"}},
    ),
    Case(
        name="a group of version 14 that sets nothing",
        rule=TLS,
        resource="database",
        path="database > parameters > default rds.force_ssl = 0",
        changes={**_parameters(family="postgres14"), "database": {"engine_version": "14"}},
    ),
    Case(
        name="version 14 forces TLS only after a reboot",
        rule=TLS,
        resource="database",
        path="parameters > apply_method",
        undetermined=True,
        changes={
            **_parameters(FORCE_SSL, family="postgres14"),
            "database": {"engine_version": "14"},
        },
    ),
    Case(
        name="no group and no version",
        rule=TLS,
        resource="database",
        path="database > no parameter group > rds.force_ssl",
        undetermined=True,
        changes={"database": {"parameter_group_name": None, "engine_version": None}},
    ),
    Case(
        name="a parameter group of another stack",
        rule=TLS,
        resource="database",
        path="database > parameter group shared",
        undetermined=True,
        changes={"database": {"parameter_group_name": "shared"}},
    ),
    Case(
        name="an Aurora cluster with the default group of 15",
        rule=TLS,
        resource="aurora",
        path="aurora > default.aurora-postgresql15 > default rds.force_ssl = 0",
        extra=_aurora,
    ),
    Case(
        name="an authority of 2019",
        rule=TLS,
        resource="database",
        path="database > CA rds-ca-2019",
        changes={"database": {"ca_cert_identifier": "rds-ca-2019"}},
    ),
    Case(
        name="an authority of 2019 on a cluster's instance",
        rule=TLS,
        resource="member",
        path="member > CA rds-ca-2019",
        extra=_member,
    ),
    Case(
        name="no authority named",
        rule=TLS,
        resource="replica",
        path="replica > CA certificate",
        undetermined=True,
        changes={"replica": {"ca_cert_identifier": None}},
    ),
    Case(
        name="a proxy that takes plain connections",
        rule=TLS,
        resource="proxy",
        path="proxy > requireTls",
        extra=_proxy,
    ),
    *(
        Case(
            name=f"PGSSLMODE={mode}",
            rule=TLS,
            resource="task",
            path=f"task > container release > PGSSLMODE={mode}",
            changes=_environment(("PGSSLMODE", mode)),
        )
        for mode in ("verify-ca", "require", "prefer", "allow", "disable")
    ),
    Case(
        name="no PGSSLMODE",
        rule=TLS,
        resource="task",
        path="container release > no PGSSLMODE",
        changes=_environment(),
    ),
    Case(
        name="PGSSLMODE from a secret",
        rule=TLS,
        resource="task",
        path="release > PGSSLMODE",
        undetermined=True,
        changes=_environment(secrets=[{"name": "PGSSLMODE", "valueFrom": "x"}]),
    ),
    Case(
        name="a literal URL that only requires",
        rule=TLS,
        resource="task",
        path="release > sslmode=require",
        changes=_url("?sslmode=require"),
    ),
    Case(
        name="a literal URL without a mode",
        rule=TLS,
        resource="task",
        path="release > DATABASE_URL",
        changes=_url(""),
    ),
    Case(
        name="a literal URL with TLS off",
        rule=TLS,
        resource="task",
        path="release > ssl=false",
        changes=_url("?ssl=false&sslmode=verify-full"),
    ),
    Case(
        name="TLS off by a switch",
        rule=TLS,
        resource="task",
        path="release > DATABASE_SSL=false",
        changes=_environment(("PGSSLMODE", "verify-full"), ("DATABASE_SSL", "false")),
    ),
    Case(
        name="a command that turns TLS off",
        rule=TLS,
        resource="task",
        path="release > sslmode=disable",
        changes=_environment(
            ("PGSSLMODE", "verify-full"), command=["psql", "host=db sslmode=disable"]
        ),
    ),
    Case(
        name="a second container that does not verify",
        rule=TLS,
        resource="task",
        path="task > container worker > no PGSSLMODE",
        changes={
            "task": {
                "container_definitions": json.dumps(
                    [container(), container(name="worker", environment=[])]
                )
            }
        },
    ),
    Case(
        name="a document that cannot be read",
        rule=TLS,
        resource="task",
        path="task > containerDefinitions",
        undetermined=True,
        forms=(PREVIEW,),
        changes={"task": lambda made: {"container_definitions": _unknown(made, "[]")}},
    ),
    Case(
        name="a twin that shows no PGSSLMODE",
        rule=TLS,
        resource="twin",
        path="twin > container release > no PGSSLMODE",
        extra=_twin,
    ),
]

CASES = [*SEGREGATION, *EXPOSED, *PLAIN]
