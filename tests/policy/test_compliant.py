"""Stacks that keep the laws, in every shape that AWS allows, must stay clean."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from tests.policy.small import FORCE_SSL, Extra, Holder, Stack, container, small
from tests.policy.support import FORMS, findings

EVERYWHERE = "0.0.0.0/0"
AT_ONCE: Any = {**FORCE_SSL, "apply_method": "immediate"}

CLEAN: dict[str, dict[str, Any]] = {
    "the small stack itself": {},
    "data subnets that fall back to an empty main table": {
        "data_table": None,
        "data_a_table": None,
        "data_b_table": None,
    },
    "a main table that nobody manages": {
        "main_table": None,
        "data_table": None,
        "data_a_table": None,
        "data_b_table": None,
    },
    "inline routes": {
        "public_route": None,
        "private_route": None,
        "public_table": lambda made: {
            "routes": [{"cidr_block": EVERYWHERE, "gateway_id": made.igw.id}]
        },
        "private_table": lambda _: {"routes": []},
    },
    "a private subnet without any way out": {"private_route": None},
    "version 17 with its own default": {"parameters": {"parameters": []}},
    "version 17 without a parameter group": {"database": {"parameter_group_name": None}},
    "version 17 with the default group by name": {
        "database": {"parameter_group_name": "default.postgres17"}
    },
    "version 14 that forces TLS at once": {
        "parameters": {
            "family": "postgres14",
            "parameters": [{**FORCE_SSL, "apply_method": "immediate"}],
        },
        "database": {"engine_version": "14"},
    },
    "inline rules of a security group": {
        "database_in": None,
        "database_group": lambda made: {
            "ingress": [
                {
                    "protocol": "tcp",
                    "from_port": 5432,
                    "to_port": 5432,
                    "security_groups": [made.service_group.id],
                }
            ]
        },
    },
    "a group that admits itself": {
        "database_group": {
            "ingress": [{"protocol": "-1", "from_port": 0, "to_port": 0, "self": True}]
        }
    },
    "an inline network ACL": {
        "data_acl_in": None,
        "data_acl": {
            "ingress": [
                {
                    "rule_no": 100,
                    "action": "allow",
                    "protocol": "-1",
                    "from_port": 0,
                    "to_port": 0,
                    "cidr_block": "10.0.0.0/16",
                }
            ]
        },
    },
    "an ACL that denies the world before it allows everything": {
        "data_acl_in": None,
        "data_acl": {
            "ingress": [
                {"rule_no": number, "action": action, "protocol": "-1", "from_port": 0}
                | {"to_port": 0, "cidr_block": cidr}
                for number, action, cidr in (
                    (10, "allow", "10.0.0.0/8"),
                    (20, "deny", "0.0.0.0/1"),
                    (30, "deny", "128.0.0.0/1"),
                    (40, "allow", EVERYWHERE),
                )
            ]
        },
    },
    "a public subnet that gives public addresses": {"public_a": {"map_public_ip_on_launch": True}},
    "an internal balancer in private subnets": {
        "balancer": lambda made: {"internal": True, "subnets": [made.private_a.id]}
    },
    "a port that is not the database's, open to the world": {
        "database_group": {
            "ingress": [
                {"protocol": "icmp", "from_port": -1, "to_port": -1, "cidr_blocks": [EVERYWHERE]}
            ]
        }
    },
    "a replica with a parameter group of its own": {
        "replica": lambda made: {"parameter_group_name": made.parameters.name}
    },
    "a list of subnets computed as a whole": {
        "subnet_group": lambda made: {
            "subnet_ids": pulumi.Output.all(made.data_a.id, made.data_b.id)
        }
    },
    "a sidecar that has nothing to do with the database": {
        "task": {
            "container_definitions": json.dumps(
                [container(), container(name="proxy", environment=[], secrets=[])]
            )
        }
    },
    "a literal connection URL that verifies": {
        "task": {
            "container_definitions": json.dumps(
                [
                    container(
                        secrets=[],
                        environment=[
                            {"name": "PGSSLMODE", "value": "verify-full"},
                            {
                                "name": "DATABASE_URL",
                                "value": "postgres://u:p@db/app?sslmode=verify-full",
                            },
                        ],
                    )
                ]
            )
        }
    },
    "a service in bridge mode, placed by its hosts": {"service": {"network_configuration": None}},
}


def _ipv6(made: Stack) -> None:
    gateway = aws.ec2.EgressOnlyInternetGateway("egress", vpc_id=made.vpc.id)
    aws.ec2.Route(
        "private-out-v6",
        route_table_id=made.private_table.id,
        destination_ipv6_cidr_block="::/0",
        egress_only_gateway_id=gateway.id,
    )
    aws.ec2.Route(
        "public-out-v6",
        route_table_id=made.public_table.id,
        destination_ipv6_cidr_block="::/0",
        gateway_id=made.igw.id,
    )
    aws.ec2.NetworkAclRule(
        "data-acl-own-v6",
        network_acl_id=made.data_acl.id,
        rule_number=200,
        protocol="tcp",
        rule_action="allow",
        ipv6_cidr_block="fd00::/56",
        from_port=5432,
        to_port=5432,
    )


def _secondary_range(made: Stack) -> None:
    aws.ec2.VpcIpv4CidrBlockAssociation("second", vpc_id=made.vpc.id, cidr_block="198.18.0.0/16")
    aws.ec2.NetworkAclRule(
        "data-acl-second",
        network_acl_id=made.data_acl.id,
        rule_number=200,
        protocol="-1",
        rule_action="allow",
        cidr_block="198.18.0.0/16",
    )


def _gateway_endpoint(made: Stack) -> None:
    aws.ec2.VpcEndpoint(
        "s3",
        vpc_id=made.vpc.id,
        service_name="com.amazonaws.eu-west-1.s3",
        route_table_ids=[made.private_table.id, made.data_table.id],
    )


def _replaced_main_table(made: Stack) -> None:
    table = aws.ec2.RouteTable("second-main", vpc_id=made.vpc.id)
    aws.ec2.MainRouteTableAssociation("second-main", vpc_id=made.vpc.id, route_table_id=table.id)


def _old_rule(made: Stack) -> None:
    aws.ec2.SecurityGroupRule(
        "old",
        type="ingress",
        security_group_id=made.database_group.id,
        source_security_group_id=made.service_group.id,
        protocol="tcp",
        from_port=5432,
        to_port=5432,
    )


def _bastion(made: Stack) -> None:
    aws.ec2.Instance(
        "bastion",
        subnet_id=made.public_a.id,
        associate_public_ip_address=True,
        tags={"perpetual:role": "bastion"},
    )


def _cluster(made: Stack) -> None:
    parameters = aws.rds.ClusterParameterGroup(
        "aurora",
        family="aurora-postgresql16",
        parameters=[AT_ONCE],
    )
    cluster = aws.rds.Cluster(
        "aurora",
        engine="aurora-postgresql",
        engine_version="16.6",
        db_subnet_group_name=made.subnet_group.name,
        vpc_security_group_ids=[made.database_group.id],
        db_cluster_parameter_group_name=parameters.name,
        port=5432,
    )
    aws.rds.ClusterInstance(
        "aurora-1",
        cluster_identifier=cluster.id,
        engine=aws.rds.EngineType.AURORA_POSTGRESQL,
        instance_class="db.r7g.large",
        ca_cert_identifier="rds-ca-ecc384-g1",
    )


def _described_subnet(made: Stack) -> None:
    Holder(
        "existing",
        {
            "existingSubnets": [
                {
                    "id": "subnet-0aa",
                    "tier": "data",
                    "availabilityZone": "eu-west-1a",
                    "cidrBlock": "10.9.0.0/24",
                    "routes": [
                        {"destination": "10.9.0.0/16", "target": "local"},
                        {"destination": "pl-6da54004", "target": "vpc-endpoint"},
                    ],
                }
            ]
        },
    )
    group = aws.rds.SubnetGroup("outside", subnet_ids=["subnet-0aa"])
    aws.rds.Instance(
        "other",
        engine="postgres",
        engine_version="17",
        instance_class="db.t4g.small",
        db_subnet_group_name=group.name,
        vpc_security_group_ids=[made.database_group.id],
        ca_cert_identifier="rds-ca-rsa2048-g1",
    )


def _twin(made: Stack) -> None:
    holder = Holder("twin", {"containerDefinitions": [container(image=made.vpc.id)]})
    document = made.vpc.id.apply(lambda image: json.dumps([container(image=image)]))
    aws.ecs.TaskDefinition(
        "twin",
        family="twin",
        container_definitions=document,
        opts=pulumi.ResourceOptions(parent=holder),
    )


EXTRAS: list[Extra] = [
    _ipv6,
    _secondary_range,
    _gateway_endpoint,
    _replaced_main_table,
    _old_rule,
    _bastion,
    _cluster,
    _described_subnet,
    _twin,
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CLEAN)
def test_a_stack_that_keeps_the_laws_is_clean(name: str, form: str) -> None:
    """Each variant of the compliant stack has no finding."""
    assert findings(small(**CLEAN[name]), form) == []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("extra", EXTRAS, ids=lambda extra: extra.__name__.strip("_"))
def test_more_resources_that_keep_the_laws_stay_clean(extra: Extra, form: str) -> None:
    """What the laws allow beside the compliant stack has no finding."""
    assert findings(small(extra), form) == []
