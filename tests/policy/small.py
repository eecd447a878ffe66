"""A small compliant stack of plain AWS resources, and the ways to change one thing in it."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pulumi
import pulumi_aws as aws

Stack = SimpleNamespace
"""The resources made so far, by name; dashes read as underscores."""

Extra = Callable[[Stack], None]

CLASSES: dict[str, Callable[..., Any]] = {
    "vpc": aws.ec2.Vpc,
    "main_table": aws.ec2.DefaultRouteTable,
    "igw": aws.ec2.InternetGateway,
    "public_a": aws.ec2.Subnet,
    "private_a": aws.ec2.Subnet,
    "data_a": aws.ec2.Subnet,
    "data_b": aws.ec2.Subnet,
    "public_table": aws.ec2.RouteTable,
    "private_table": aws.ec2.RouteTable,
    "data_table": aws.ec2.RouteTable,
    "nat": aws.ec2.NatGateway,
    "public_route": aws.ec2.Route,
    "private_route": aws.ec2.Route,
    "public_a_table": aws.ec2.RouteTableAssociation,
    "private_a_table": aws.ec2.RouteTableAssociation,
    "data_a_table": aws.ec2.RouteTableAssociation,
    "data_b_table": aws.ec2.RouteTableAssociation,
    "data_acl": aws.ec2.NetworkAcl,
    "data_acl_in": aws.ec2.NetworkAclRule,
    "balancer_group": aws.ec2.SecurityGroup,
    "service_group": aws.ec2.SecurityGroup,
    "database_group": aws.ec2.SecurityGroup,
    "world_in": aws.vpc.SecurityGroupIngressRule,
    "balancer_in": aws.vpc.SecurityGroupIngressRule,
    "database_in": aws.vpc.SecurityGroupIngressRule,
    "subnet_group": aws.rds.SubnetGroup,
    "parameters": aws.rds.ParameterGroup,
    "database": aws.rds.Instance,
    "replica": aws.rds.Instance,
    "template": aws.ec2.LaunchTemplate,
    "hosts": aws.autoscaling.Group,
    "balancer": aws.lb.LoadBalancer,
    "task": aws.ecs.TaskDefinition,
    "service": aws.ecs.Service,
}
"""What the stack is made of, in the order of creation."""

FORCE_SSL = {"name": "rds.force_ssl", "value": "1", "apply_method": "pending-reboot"}


def container(**changes: Any) -> dict[str, Any]:
    """Return a container as ECS spells it, that connects to the database as it should."""
    return {
        "name": "release",
        "image": "example/release:1",
        "environment": [{"name": "PGSSLMODE", "value": "verify-full"}],
        "secrets": [{"name": "DATABASE_URL", "valueFrom": "arn:aws:ssm:eu-west-1:1:parameter/x"}],
        **changes,
    }


def arguments(name: str, made: Stack) -> dict[str, Any]:
    """Return the compliant arguments of one resource."""
    if name in NETWORK:
        return NETWORK[name](made)
    return REST[name](made)


def _subnet(cidr: str, tier: str) -> Callable[[Stack], dict[str, Any]]:
    return lambda made: {
        "vpc_id": made.vpc.id,
        "cidr_block": cidr,
        "tags": {"perpetual:tier": tier},
    }


def _table(made: Stack) -> dict[str, Any]:
    return {"vpc_id": made.vpc.id}


def _association(subnet: str, table: str) -> Callable[[Stack], dict[str, Any]]:
    return lambda made: {
        "subnet_id": getattr(made, subnet).id,
        "route_table_id": getattr(made, table).id,
    }


NETWORK: dict[str, Callable[[Stack], dict[str, Any]]] = {
    "vpc": lambda _: {"cidr_block": "10.0.0.0/16"},
    "main_table": lambda made: {"default_route_table_id": made.vpc.default_route_table_id},
    "igw": _table,
    "public_a": _subnet("10.0.0.0/24", "public"),
    "private_a": _subnet("10.0.1.0/24", "private"),
    "data_a": _subnet("10.0.2.0/24", "data"),
    "data_b": _subnet("10.0.3.0/24", "data"),
    "public_table": _table,
    "private_table": _table,
    "data_table": _table,
    "nat": lambda made: {"subnet_id": made.public_a.id, "allocation_id": "eipalloc-1"},
    "public_route": lambda made: {
        "route_table_id": made.public_table.id,
        "destination_cidr_block": "0.0.0.0/0",
        "gateway_id": made.igw.id,
    },
    "private_route": lambda made: {
        "route_table_id": made.private_table.id,
        "destination_cidr_block": "0.0.0.0/0",
        "nat_gateway_id": made.nat.id,
    },
    "public_a_table": _association("public_a", "public_table"),
    "private_a_table": _association("private_a", "private_table"),
    "data_a_table": _association("data_a", "data_table"),
    "data_b_table": _association("data_b", "data_table"),
    "data_acl": lambda made: {
        "vpc_id": made.vpc.id,
        "subnet_ids": [made.data_a.id, made.data_b.id],
    },
    "data_acl_in": lambda made: {
        "network_acl_id": made.data_acl.id,
        "rule_number": 100,
        "protocol": "tcp",
        "rule_action": "allow",
        "cidr_block": "10.0.1.0/24",
        "from_port": 5432,
        "to_port": 5432,
    },
}


def _admit(group: str, port: int, **peer: Any) -> Callable[[Stack], dict[str, Any]]:
    def values(made: Stack) -> dict[str, Any]:
        given = {
            key: getattr(made, value).id if key == "referenced_security_group_id" else value
            for key, value in peer.items()
        }
        return {
            "security_group_id": getattr(made, group).id,
            "ip_protocol": "tcp",
            "from_port": port,
            "to_port": port,
            **given,
        }

    return values


REST: dict[str, Callable[[Stack], dict[str, Any]]] = {
    "balancer_group": _table,
    "service_group": _table,
    "database_group": _table,
    "world_in": _admit("balancer_group", 443, cidr_ipv4="0.0.0.0/0"),
    "balancer_in": _admit("service_group", 5000, referenced_security_group_id="balancer_group"),
    "database_in": _admit("database_group", 5432, referenced_security_group_id="service_group"),
    "subnet_group": lambda made: {"subnet_ids": [made.data_a.id, made.data_b.id]},
    "parameters": lambda _: {"family": "postgres17", "parameters": [FORCE_SSL]},
    "database": lambda made: {
        "engine": "postgres",
        "engine_version": "17",
        "instance_class": "db.t4g.small",
        "db_subnet_group_name": made.subnet_group.name,
        "vpc_security_group_ids": [made.database_group.id],
        "parameter_group_name": made.parameters.name,
        "publicly_accessible": False,
        "ca_cert_identifier": "rds-ca-rsa2048-g1",
        "port": 5432,
    },
    "replica": lambda made: {
        "replicate_source_db": made.database.identifier,
        "instance_class": "db.t4g.small",
        "vpc_security_group_ids": [made.database_group.id],
        "ca_cert_identifier": "rds-ca-rsa2048-g1",
    },
    "template": lambda made: {"vpc_security_group_ids": [made.service_group.id]},
    "hosts": lambda made: {
        "min_size": 1,
        "max_size": 2,
        "vpc_zone_identifiers": [made.private_a.id],
        "launch_template": {"id": made.template.id, "version": "$Latest"},
    },
    "balancer": lambda made: {
        "internal": False,
        "security_groups": [made.balancer_group.id],
        "subnets": [made.public_a.id],
    },
    "task": lambda _: {
        "family": "release",
        "container_definitions": json.dumps([container()]),
    },
    "service": lambda made: {
        "task_definition": made.task.arn,
        "network_configuration": {
            "subnets": [made.private_a.id],
            "security_groups": [made.service_group.id],
        },
    },
}


def small(extra: Extra | None = None, **changes: Any) -> Callable[[], None]:
    """Return a program that makes the small stack with `changes`.

    A change names a resource; it is `None` to leave it out, a mapping of arguments, or a function
    from the resources made so far to one. `extra` may make more, at the end.
    """

    def program() -> None:
        made = Stack()
        for name, resource in CLASSES.items():
            change = changes.get(name, {})
            if change is None:
                continue
            values = arguments(name, made) | (change(made) if callable(change) else change)
            setattr(made, name, resource(name.replace("_", "-"), **values))
        if extra:
            extra(made)

    return program


class Holder(pulumi.ComponentResource):
    """A component with inputs of its own, as the stack's components have."""

    def __init__(self, name: str, props: dict[str, Any]) -> None:
        """Register it with `props`."""
        super().__init__("test:index:Holder", name, props)
        self.register_outputs({})
