"""A service in the layout of a component library: a VPC component, a cluster, a Fargate service."""

import json
from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws


class Vpc(pulumi.ComponentResource):
    """Public, private and isolated subnets in each zone, and one NAT gateway for each zone."""

    def __init__(
        self,
        name: str,
        zones: Sequence[str],
        cidr: str = "10.0",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create it."""
        super().__init__("crosswalk:ec2:Vpc", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.vpc = aws.ec2.Vpc(name, cidr_block=f"{cidr}.0.0/16", opts=child)
        inside = pulumi.ResourceOptions(parent=self.vpc)
        self.gateway = aws.ec2.InternetGateway(name, vpc_id=self.vpc.id, opts=inside)
        self.public, self.private, self.isolated = [], [], []
        for number, zone in enumerate(zones, 1):
            public = self._subnet(f"{name}-public-{number}", f"{cidr}.{number}.0/24", zone)
            self.public.append(public.id)
            address = aws.ec2.Eip(f"{name}-{number}", opts=inside)
            nat = aws.ec2.NatGateway(
                f"{name}-{number}",
                subnet_id=public.id,
                allocation_id=address.allocation_id,
                opts=inside,
            )
            self._route(f"{name}-public-{number}", public, gateway_id=self.gateway.id)
            private = self._subnet(f"{name}-private-{number}", f"{cidr}.{number + 10}.0/24", zone)
            self._route(f"{name}-private-{number}", private, nat_gateway_id=nat.id)
            self.private.append(private.id)
            isolated = self._subnet(f"{name}-isolated-{number}", f"{cidr}.{number + 20}.0/24", zone)
            self._route(f"{name}-isolated-{number}", isolated)
            self.isolated.append(isolated.id)
        self.register_outputs({"vpcId": self.vpc.id})

    def _subnet(self, name: str, cidr: str, zone: str) -> aws.ec2.Subnet:
        return aws.ec2.Subnet(
            name,
            vpc_id=self.vpc.id,
            cidr_block=cidr,
            availability_zone=zone,
            map_public_ip_on_launch="public" in name,
            opts=pulumi.ResourceOptions(parent=self.vpc),
        )

    def _route(self, name: str, subnet: aws.ec2.Subnet, **target: pulumi.Input[str]) -> None:
        below = pulumi.ResourceOptions(parent=subnet)
        table = aws.ec2.RouteTable(name, vpc_id=self.vpc.id, opts=below)
        aws.ec2.RouteTableAssociation(
            name, subnet_id=subnet.id, route_table_id=table.id, opts=below
        )
        if target:
            aws.ec2.Route(
                name,
                route_table_id=table.id,
                destination_cidr_block="0.0.0.0/0",
                opts=pulumi.ResourceOptions(parent=table),
                **target,
            )


class FargateService(pulumi.ComponentResource):
    """A balancer, and a service behind it."""

    def __init__(self, name: str, vpc: Vpc, image: str) -> None:
        """Create it."""
        super().__init__("crosswalk:ecs:FargateService", name)
        child = pulumi.ResourceOptions(parent=self)
        outward: Any = {
            "protocol": "-1",
            "from_port": 0,
            "to_port": 0,
            "cidr_blocks": ["0.0.0.0/0"],
        }
        balancer_group = aws.ec2.SecurityGroup(
            f"{name}-lb",
            vpc_id=vpc.vpc.id,
            ingress=[
                {
                    "protocol": "tcp",
                    "from_port": 80,
                    "to_port": 80,
                    "cidr_blocks": ["0.0.0.0/0"],
                    "ipv6_cidr_blocks": ["::/0"],
                }
            ],
            egress=[outward],
            opts=child,
        )
        group = aws.ec2.SecurityGroup(
            f"{name}-tasks",
            vpc_id=vpc.vpc.id,
            ingress=[
                {
                    "protocol": "tcp",
                    "from_port": 0,
                    "to_port": 65535,
                    "security_groups": [balancer_group.id],
                }
            ],
            egress=[outward],
            opts=child,
        )
        balancer = aws.lb.LoadBalancer(
            name, security_groups=[balancer_group.id], subnets=vpc.public, opts=child
        )
        target = aws.lb.TargetGroup(
            name, port=80, protocol="HTTP", target_type="ip", vpc_id=vpc.vpc.id, opts=child
        )
        listener = aws.lb.Listener(
            name,
            load_balancer_arn=balancer.arn,
            port=80,
            protocol="HTTP",
            default_actions=[{"type": "forward", "target_group_arn": target.arn}],
            opts=child,
        )
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "sts:AssumeRole",
                    "Effect": "Allow",
                    "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                }
            ],
        }
        role = aws.iam.Role(f"{name}-execution", assume_role_policy=json.dumps(trust), opts=child)
        aws.iam.RolePolicyAttachment(
            f"{name}-execution",
            role=role.name,
            policy_arn="arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
            opts=child,
        )
        log = aws.cloudwatch.LogGroup(name, retention_in_days=7, opts=child)
        task = aws.ecs.TaskDefinition(
            name,
            family=name,
            cpu="256",
            memory="512",
            network_mode="awsvpc",
            requires_compatibilities=["FARGATE"],
            execution_role_arn=role.arn,
            container_definitions=log.name.apply(
                lambda group_name: json.dumps(
                    [
                        {
                            "name": name,
                            "image": image,
                            "essential": True,
                            "portMappings": [{"containerPort": 80, "protocol": "tcp"}],
                            "logConfiguration": {
                                "logDriver": "awslogs",
                                "options": {"awslogs-group": group_name},
                            },
                        }
                    ]
                )
            ),
            opts=child,
        )
        cluster = aws.ecs.Cluster(name, opts=child)
        aws.ecs.Service(
            name,
            cluster=cluster.arn,
            launch_type="FARGATE",
            desired_count=2,
            task_definition=task.arn,
            network_configuration={
                "subnets": vpc.private,
                "security_groups": [group.id],
                "assign_public_ip": False,
            },
            load_balancers=[
                {"target_group_arn": target.arn, "container_name": name, "container_port": 80}
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[listener]),
        )
        self.register_outputs({"url": balancer.dns_name})


def program() -> None:
    """Register the stack."""
    zones = aws.get_availability_zones(state="available").names[:2]
    vpc = Vpc("custom", zones)
    FargateService("web", vpc, "nginx:latest")
