"""Fargate tasks with public addresses, to save the NAT gateway; a service admin by hand."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws


def program() -> None:
    """Register the stack."""
    vpc = aws.ec2.Vpc("api", cidr_block="10.15.0.0/16")
    igw = aws.ec2.InternetGateway("api", vpc_id=vpc.id)
    table = aws.ec2.RouteTable("api", vpc_id=vpc.id)
    aws.ec2.Route(
        "api", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", gateway_id=igw.id
    )
    aws.ec2.MainRouteTableAssociation("api", vpc_id=vpc.id, route_table_id=table.id)
    subnets = [
        aws.ec2.Subnet(
            f"api-{zone}",
            vpc_id=vpc.id,
            cidr_block=f"10.15.{number}.0/24",
            availability_zone=f"ap-southeast-2{zone}",
        ).id
        for number, zone in enumerate("ab")
    ]
    front = aws.ec2.SecurityGroup("front", vpc_id=vpc.id, description="Balancer")
    tasks = aws.ec2.SecurityGroup("tasks", vpc_id=vpc.id, description="Tasks")
    rule: dict[str, Any] = {
        "ip_protocol": "tcp",
        "from_port": 443,
        "to_port": 443,
        "cidr_ipv4": "0.0.0.0/0",
    }
    aws.vpc.SecurityGroupIngressRule("front", security_group_id=front.id, **rule)
    aws.vpc.SecurityGroupIngressRule(
        "front-tasks",
        security_group_id=tasks.id,
        referenced_security_group_id=front.id,
        ip_protocol="tcp",
        from_port=4000,
        to_port=4000,
    )
    for name, group in (("front", front), ("tasks", tasks)):
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-out", security_group_id=group.id, ip_protocol="-1", cidr_ipv4="0.0.0.0/0"
        )
    zone = aws.route53.get_zone(name="example.com")
    certificate = aws.acm.Certificate("api", domain_name="api.example.com", validation_method="DNS")
    balancer = aws.lb.LoadBalancer("api", security_groups=[front.id], subnets=subnets)
    target = aws.lb.TargetGroup("api", port=4000, protocol="HTTP", target_type="ip", vpc_id=vpc.id)
    aws.lb.Listener(
        "api",
        load_balancer_arn=balancer.arn,
        port=443,
        protocol="HTTPS",
        ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06",
        certificate_arn=certificate.arn,
        default_actions=[{"type": "forward", "target_group_arn": target.arn}],
    )
    aws.route53.Record(
        "api",
        zone_id=zone.zone_id,
        name="api.example.com",
        type="A",
        aliases=[
            {
                "name": balancer.dns_name,
                "zone_id": balancer.zone_id,
                "evaluate_target_health": True,
            }
        ],
    )
    role = aws.iam.Role(
        "task",
        assume_role_policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        ),
    )
    aws.iam.RolePolicy(
        "task",
        role=role.id,
        policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "*", "Resource": "*"},
                ],
            }
        ),
    )
    cluster = aws.ecs.Cluster("api", settings=[{"name": "containerInsights", "value": "enabled"}])
    task = aws.ecs.TaskDefinition(
        "api",
        family="api",
        cpu="256",
        memory="512",
        network_mode="awsvpc",
        requires_compatibilities=["FARGATE"],
        task_role_arn=role.arn,
        execution_role_arn=role.arn,
        container_definitions=json.dumps(
            [
                {
                    "name": "api",
                    "image": "ghcr.io/example/api:main",
                    "portMappings": [{"containerPort": 4000}],
                    "environment": [
                        {
                            "name": "DATABASE_URL",
                            "value": "postgres://api:s3cret-pw@db.example.com/api",
                        },
                        {"name": "LOG_LEVEL", "value": "info"},
                    ],
                }
            ]
        ),
    )
    aws.ecs.Service(
        "api",
        cluster=cluster.arn,
        task_definition=task.arn,
        desired_count=1,
        launch_type="FARGATE",
        network_configuration={
            "assign_public_ip": True,
            "subnets": subnets,
            "security_groups": [tasks.id],
        },
        load_balancers=[
            {"target_group_arn": target.arn, "container_name": "api", "container_port": 4000}
        ],
        opts=pulumi.ResourceOptions(ignore_changes=["desired_count"]),
    )
