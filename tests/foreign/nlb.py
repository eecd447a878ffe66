"""Two network balancers for a message broker: an old one without groups, a new one with."""

import pulumi_aws as aws


def program() -> None:
    """Register the stack."""
    vpc = aws.ec2.Vpc("broker", cidr_block="10.7.0.0/16")
    gateway = aws.ec2.InternetGateway("broker", vpc_id=vpc.id)
    table = aws.ec2.RouteTable("public", vpc_id=vpc.id)
    aws.ec2.Route(
        "out",
        route_table_id=table.id,
        destination_cidr_block="0.0.0.0/0",
        gateway_id=gateway.id,
    )
    closed = aws.ec2.RouteTable("closed", vpc_id=vpc.id)
    subnets = {}
    for number, (name, routes) in enumerate(
        {"edge-a": table, "edge-b": table, "inner-a": closed, "inner-b": closed}.items()
    ):
        subnets[name] = aws.ec2.Subnet(
            name,
            vpc_id=vpc.id,
            cidr_block=f"10.7.{number}.0/24",
            availability_zone=f"eu-west-1{name[-1]}",
        )
        aws.ec2.RouteTableAssociation(name, subnet_id=subnets[name].id, route_table_id=routes.id)

    edge = aws.ec2.SecurityGroup("edge", vpc_id=vpc.id, description="New balancer")
    broker = aws.ec2.SecurityGroup("broker", vpc_id=vpc.id, description="Broker")
    aws.vpc.SecurityGroupIngressRule(
        "edge-in",
        security_group_id=edge.id,
        cidr_ipv4="198.51.100.0/24",
        ip_protocol="tcp",
        from_port=8883,
        to_port=8883,
    )
    aws.vpc.SecurityGroupEgressRule(
        "edge-out",
        security_group_id=edge.id,
        referenced_security_group_id=broker.id,
        ip_protocol="tcp",
        from_port=8883,
        to_port=8883,
    )
    aws.vpc.SecurityGroupIngressRule(
        "broker-in",
        security_group_id=broker.id,
        referenced_security_group_id=edge.id,
        ip_protocol="tcp",
        from_port=8883,
        to_port=8883,
    )
    aws.vpc.SecurityGroupIngressRule(
        "broker-vpc",
        security_group_id=broker.id,
        cidr_ipv4=vpc.cidr_block,
        ip_protocol="tcp",
        from_port=1883,
        to_port=1883,
    )
    outer = [subnets["edge-a"].id, subnets["edge-b"].id]
    old = aws.lb.LoadBalancer("old", load_balancer_type="network", subnets=outer)
    new = aws.lb.LoadBalancer(
        "new",
        load_balancer_type="network",
        subnet_mappings=[{"subnet_id": subnet} for subnet in outer],
        security_groups=[edge.id],
        enable_cross_zone_load_balancing=True,
    )
    host = aws.ec2.Instance(
        "broker",
        ami="ami-0abcdef1234567890",
        instance_type="m7g.large",
        subnet_id=subnets["inner-a"].id,
        vpc_security_group_ids=[broker.id],
        metadata_options={"http_tokens": "required"},
    )
    for name, balancer, port in (("old", old, 1883), ("new", new, 8883)):
        target = aws.lb.TargetGroup(
            name, port=port, protocol="TCP", target_type="instance", vpc_id=vpc.id
        )
        aws.lb.TargetGroupAttachment(name, target_group_arn=target.arn, target_id=host.id)
        aws.lb.Listener(
            name,
            load_balancer_arn=balancer.arn,
            port=port,
            protocol="TCP",
            default_actions=[{"type": "forward", "target_group_arn": target.arn}],
        )
