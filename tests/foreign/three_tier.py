"""A web shop as tutorials draw it: three tiers by name, rules inline, routes inline."""

import base64
from typing import Any

import pulumi
import pulumi_aws as aws

SETUP = """#!/bin/bash
dnf install -y nginx
systemctl enable --now nginx
"""


def program() -> None:
    """Register the stack."""
    tags = {"Project": "shop"}
    vpc = aws.ec2.Vpc(
        "shop", cidr_block="10.1.0.0/16", enable_dns_hostnames=True, tags={**tags, "Name": "shop"}
    )
    igw = aws.ec2.InternetGateway("shop", vpc_id=vpc.id, tags=tags)
    zones = aws.get_availability_zones(state="available").names[:2]

    public = aws.ec2.RouteTable(
        "public",
        vpc_id=vpc.id,
        routes=[aws.ec2.RouteTableRouteArgs(cidr_block="0.0.0.0/0", gateway_id=igw.id)],
    )
    web_subnets: list[pulumi.Output[str]] = []
    app_subnets: list[pulumi.Output[str]] = []
    db_subnets: list[pulumi.Output[str]] = []
    for number, zone in enumerate(zones):
        subnet = aws.ec2.Subnet(
            f"web-{number}",
            vpc_id=vpc.id,
            cidr_block=f"10.1.{number}.0/24",
            availability_zone=zone,
            map_public_ip_on_launch=True,
        )
        aws.ec2.RouteTableAssociation(
            f"web-{number}", subnet_id=subnet.id, route_table_id=public.id
        )
        web_subnets.append(subnet.id)
    address = aws.ec2.Eip("nat", domain="vpc")
    nat = aws.ec2.NatGateway("nat", subnet_id=web_subnets[0], allocation_id=address.id)
    private = aws.ec2.RouteTable(
        "private",
        vpc_id=vpc.id,
        routes=[aws.ec2.RouteTableRouteArgs(cidr_block="0.0.0.0/0", nat_gateway_id=nat.id)],
    )
    for tier, base, subnets in (("app", 10, app_subnets), ("db", 20, db_subnets)):
        for number, zone in enumerate(zones):
            subnet = aws.ec2.Subnet(
                f"{tier}-{number}",
                vpc_id=vpc.id,
                cidr_block=f"10.1.{base + number}.0/24",
                availability_zone=zone,
            )
            aws.ec2.RouteTableAssociation(
                f"{tier}-{number}", subnet_id=subnet.id, route_table_id=private.id
            )
            subnets.append(subnet.id)

    everywhere: Any = {"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}
    web = aws.ec2.SecurityGroup(
        "web",
        vpc_id=vpc.id,
        description="Web",
        ingress=[
            {"protocol": "tcp", "from_port": port, "to_port": port, "cidr_blocks": ["0.0.0.0/0"]}
            for port in (80, 443)
        ],
        egress=[everywhere],
    )
    app = aws.ec2.SecurityGroup(
        "app",
        vpc_id=vpc.id,
        description="Application",
        ingress=[
            {"protocol": "tcp", "from_port": 8080, "to_port": 8080, "security_groups": [web.id]}
        ],
        egress=[everywhere],
    )
    db = aws.ec2.SecurityGroup(
        "db",
        vpc_id=vpc.id,
        description="Database",
        ingress=[
            {"protocol": "tcp", "from_port": 3306, "to_port": 3306, "security_groups": [app.id]}
        ],
        egress=[everywhere],
    )

    template = aws.ec2.LaunchTemplate(
        "app",
        image_id="ami-0abcdef1234567890",
        instance_type="t3.small",
        vpc_security_group_ids=[app.id],
        user_data=base64.b64encode(SETUP.encode()).decode(),
    )
    balancer = aws.lb.LoadBalancer(
        "web", load_balancer_type="application", security_groups=[web.id], subnets=web_subnets
    )
    target = aws.lb.TargetGroup("app", port=8080, protocol="HTTP", vpc_id=vpc.id)
    aws.lb.Listener(
        "web",
        load_balancer_arn=balancer.arn,
        port=80,
        default_actions=[{"type": "forward", "target_group_arn": target.arn}],
    )
    aws.autoscaling.Group(
        "app",
        min_size=2,
        max_size=4,
        vpc_zone_identifiers=app_subnets,
        target_group_arns=[target.arn],
        launch_template={"id": template.id, "version": "$Latest"},
    )
    group = aws.rds.SubnetGroup("db", subnet_ids=db_subnets)
    config = pulumi.Config()
    aws.rds.Instance(
        "db",
        engine="mysql",
        engine_version="8.0",
        instance_class="db.t3.medium",
        allocated_storage=20,
        db_name="shop",
        username="admin",
        password=config.get_secret("dbPassword"),
        db_subnet_group_name=group.name,
        vpc_security_group_ids=[db.id],
        multi_az=True,
        storage_encrypted=True,
        skip_final_snapshot=True,
    )
    pulumi.export("url", balancer.dns_name)
