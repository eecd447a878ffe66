"""A content system on ECS hosts: Redis for its cache, EFS for its files."""

import pulumi
import pulumi_aws as aws


def program() -> None:
    """Register the stack."""
    vpc = aws.ec2.Vpc("cms", cidr_block="10.12.0.0/16")
    public, private, files = (
        [
            aws.ec2.Subnet(
                f"{name}-{zone}",
                vpc_id=vpc.id,
                cidr_block=f"10.12.{base + number}.0/24",
                availability_zone=f"eu-north-1{zone}",
                tags={"Name": f"{name}-{zone}", "perpetual:tier": tier},
            )
            for number, zone in enumerate("ab")
        ]
        for name, base, tier in (
            ("public", 0, "public"),
            ("app", 10, "private"),
            ("store", 20, "data"),
        )
    )
    igw = aws.ec2.InternetGateway("cms", vpc_id=vpc.id)
    nat = aws.ec2.NatGateway(
        "cms", subnet_id=public[0].id, allocation_id=aws.ec2.Eip("nat").allocation_id
    )
    world = aws.ec2.RouteTableRouteArgs
    for name, subnets, routes in (
        ("public", public, [world(cidr_block="0.0.0.0/0", gateway_id=igw.id)]),
        ("app", private, [world(cidr_block="0.0.0.0/0", nat_gateway_id=nat.id)]),
        ("store", files, []),
    ):
        table = aws.ec2.RouteTable(name, vpc_id=vpc.id, routes=routes)
        for number, subnet in enumerate(subnets):
            aws.ec2.RouteTableAssociation(
                f"{name}-{number}", subnet_id=subnet.id, route_table_id=table.id
            )

    app = aws.ec2.SecurityGroup(
        "app",
        vpc_id=vpc.id,
        description="Hosts",
        egress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}],
    )

    def store(name: str, port: int) -> aws.ec2.SecurityGroup:
        return aws.ec2.SecurityGroup(
            name,
            vpc_id=vpc.id,
            description=name,
            ingress=[
                {"protocol": "tcp", "from_port": port, "to_port": port, "security_groups": [app.id]}
            ],
        )

    aws.elasticache.ReplicationGroup(
        "cache",
        description="Cache",
        engine="redis",
        node_type="cache.t4g.small",
        num_cache_clusters=2,
        automatic_failover_enabled=True,
        at_rest_encryption_enabled=True,
        transit_encryption_enabled=True,
        subnet_group_name=aws.elasticache.SubnetGroup(
            "cache", subnet_ids=[subnet.id for subnet in files]
        ).name,
        security_group_ids=[store("cache", 6379).id],
    )
    system = aws.efs.FileSystem("files", encrypted=True)
    nfs = store("files", 2049)
    for zone, subnet in zip("ab", files, strict=True):
        aws.efs.MountTarget(
            f"files-{zone}",
            file_system_id=system.id,
            subnet_id=subnet.id,
            security_groups=[nfs.id],
        )
    cluster = aws.ecs.Cluster("cms")
    template = aws.ec2.LaunchTemplate(
        "hosts",
        image_id="ami-0abcdef1234567890",
        instance_type="t4g.medium",
        network_interfaces=[{"security_groups": [app.id], "associate_public_ip_address": "false"}],
        metadata_options={"http_tokens": "required", "http_put_response_hop_limit": 2},
    )
    aws.autoscaling.Group(
        "hosts",
        min_size=2,
        max_size=2,
        vpc_zone_identifiers=[subnet.id for subnet in private],
        mixed_instances_policy={
            "launch_template": {
                "launch_template_specification": {"launch_template_id": template.id}
            }
        },
    )
    task = aws.ecs.TaskDefinition(
        "cms",
        family="cms",
        network_mode="bridge",
        container_definitions=pulumi.Output.json_dumps(
            [
                {
                    "name": "cms",
                    "image": "example/cms:5",
                    "memory": 512,
                    "privileged": True,
                    "mountPoints": [{"sourceVolume": "files", "containerPath": "/files"}],
                }
            ]
        ),
        volumes=[{"name": "files", "efs_volume_configuration": {"file_system_id": system.id}}],
    )
    aws.ecs.Service("cms", cluster=cluster.id, task_definition=task.arn, desired_count=2)
