"""A host in the small stack, and who may reach it: what tests of the graph's forms share."""

from typing import Any

import pulumi_aws as aws

from graph import Graph
from tests.policy.case import EVERYWHERE
from tests.policy.small import Stack

SSH: Any = {
    "protocol": "tcp",
    "from_port": 22,
    "to_port": 22,
    "cidr_blocks": [EVERYWHERE],
}
ALL: Any = {"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": [EVERYWHERE]}
WEB: Any = {"protocol": "tcp", "from_port": 443, "to_port": 443}


def host(made: Stack, **changes: Any) -> aws.ec2.Instance:
    """Return a public host that nobody reaches, with changes."""
    values = {
        "ami": "ami-0abcdef1234567890",
        "instance_type": "t4g.nano",
        "subnet_id": made.public_a.id,
        "vpc_security_group_ids": [made.service_group.id],
        "associate_public_ip_address": True,
    }
    return aws.ec2.Instance("host", **(values | changes))


def open_group(made: Stack, **changes: Any) -> aws.ec2.SecurityGroup:
    """Return a group that admits everybody to SSH."""
    return aws.ec2.SecurityGroup("open", **({"vpc_id": made.vpc.id, "ingress": [SSH]} | changes))


def interface(made: Stack, subnet: str, group: aws.ec2.SecurityGroup) -> aws.ec2.NetworkInterface:
    """Return a network interface of its own."""
    return aws.ec2.NetworkInterface(
        "eni", subnet_id=getattr(made, subnet).id, security_groups=[group.id]
    )


def urn_of(graph: Graph, name: str, kind: str = "") -> str:
    """Return the URN of the one resource of this name, and of a type that ends so."""
    (urn,) = [
        item.urn
        for item in graph.index.by_urn.values()
        if item.name == name and item.type.endswith(kind)
    ]
    return urn
