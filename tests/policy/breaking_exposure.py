"""Ways to break the law of no public RDS."""

from typing import Any

import pulumi_aws as aws

from tests.policy.case import EVERYWHERE, Case, in_subnet, unknown
from tests.policy.small import Stack
from tests.policy.support import PREVIEW

EXPOSURE = "no-public-rds"


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
        ca_cert_identifier="rds-ca-rsa2048-g1",
    )


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
        changes={"database": lambda made: {"publicly_accessible": unknown(made, value=False)}},
    ),
    Case(
        name="database in a public subnet",
        rule=EXPOSURE,
        resource="database",
        path="internet > igw > 0.0.0.0/0 > public-table > public-a > subnet-group > database",
        changes=in_subnet("public_a"),
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
        name="open to everybody on ports that are not known",
        rule=EXPOSURE,
        resource="database",
        path="internet > 0.0.0.0/0 > unknown ports > database-group",
        extra=lambda made: _database_rule(
            made, cidr_ipv4=EVERYWHERE, from_port=unknown(made, 22), to_port=unknown(made, 22)
        ),
        undetermined=True,
        forms=(PREVIEW,),
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
        changes={"database_group": lambda made: {"ingress": unknown(made, [])}},
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
        path="internet > 0.0.0.0/0 > leak (tcp 5432) > sg-0aa",
        undetermined=True,
        extra=_stray_rule,
    ),
]
