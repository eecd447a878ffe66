"""Groups with classic `SecurityGroupRule`s, as most programs before 2023 have them."""

import pulumi_aws as aws


def program() -> None:
    """Register the stack."""
    vpc = aws.ec2.Vpc("classic", cidr_block="10.10.0.0/16")
    names = ("balancer", "app", "cache", "admin")
    groups = {name: aws.ec2.SecurityGroup(name, vpc_id=vpc.id) for name in names}
    table = aws.ec2.RouteTable("inner", vpc_id=vpc.id)
    subnets = []
    for number, zone in enumerate(("us-west-2a", "us-west-2b")):
        subnet = aws.ec2.Subnet(
            f"inner-{number}",
            vpc_id=vpc.id,
            cidr_block=f"10.10.{number}.0/24",
            availability_zone=zone,
        )
        aws.ec2.RouteTableAssociation(
            f"inner-{number}", subnet_id=subnet.id, route_table_id=table.id
        )
        subnets.append(subnet.id)

    def admit(name: str, group: str, source: str, low: int, high: int | None = None) -> None:
        aws.ec2.SecurityGroupRule(
            name,
            type="ingress",
            security_group_id=groups[group].id,
            source_security_group_id=groups[source].id,
            protocol="tcp",
            from_port=low,
            to_port=high or low,
        )

    aws.ec2.SecurityGroupRule(
        "world",
        type="ingress",
        security_group_id=groups["balancer"].id,
        cidr_blocks=["0.0.0.0/0"],
        ipv6_cidr_blocks=["::/0"],
        protocol="tcp",
        from_port=443,
        to_port=443,
    )
    aws.ec2.SecurityGroupRule(
        "admin",
        type="ingress",
        security_group_id=groups["admin"].id,
        # Two halves are the whole internet.
        cidr_blocks=["0.0.0.0/1", "128.0.0.0/1"],
        protocol="tcp",
        from_port=3000,
        to_port=4000,
    )
    admit("app", "app", "balancer", 8000, 8010)
    admit("cache", "cache", "app", 6379)
    aws.ec2.SecurityGroupRule(
        "gossip",
        type="ingress",
        security_group_id=groups["app"].id,
        self=True,
        protocol="-1",
        from_port=0,
        to_port=0,
    )
    for name, group in groups.items():
        aws.ec2.SecurityGroupRule(
            f"{name}-out",
            type="egress",
            security_group_id=group.id,
            cidr_blocks=["0.0.0.0/0"],
            protocol="all",
            from_port=0,
            to_port=0,
        )
    aws.elasticache.Cluster(
        "sessions",
        engine="redis",
        node_type="cache.t4g.micro",
        num_cache_nodes=1,
        subnet_group_name=aws.elasticache.SubnetGroup("sessions", subnet_ids=subnets).name,
        security_group_ids=[groups["cache"].id],
    )
    for name, group_names in (("app", ["app"]), ("admin", ["admin", "app"])):
        aws.ec2.Instance(
            name,
            ami="ami-0abcdef1234567890",
            instance_type="t3.small",
            subnet_id=subnets[0],
            vpc_security_group_ids=[groups[group].id for group in group_names],
            metadata_options={"http_tokens": "required"},
        )
