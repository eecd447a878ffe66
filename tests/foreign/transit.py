"""A spoke of a company network: everything private goes by a transit gateway, and a VPN."""

import pulumi_aws as aws


def program() -> None:
    """Register the stack."""
    vpc = aws.ec2.Vpc("spoke", cidr_block="10.14.0.0/16")
    aws.ec2.VpcIpv4CidrBlockAssociation("second", vpc_id=vpc.id, cidr_block="100.64.0.0/16")
    gateway = aws.ec2transitgateway.TransitGateway("company", description="Company")
    vpn = aws.ec2.VpnGateway("branch", vpc_id=vpc.id)
    table = aws.ec2.RouteTable("company", vpc_id=vpc.id)
    data_table = aws.ec2.RouteTable("data", vpc_id=vpc.id)
    subnets = {}
    for name, cidr, zone, routes in (
        ("app-a", "10.14.1.0/24", "eu-west-2a", table),
        ("app-b", "10.14.2.0/24", "eu-west-2b", table),
        ("data-a", "100.64.1.0/24", "eu-west-2a", data_table),
        ("data-b", "100.64.2.0/24", "eu-west-2b", data_table),
    ):
        subnets[name] = aws.ec2.Subnet(
            name,
            vpc_id=vpc.id,
            cidr_block=cidr,
            availability_zone=zone,
            tags={"perpetual:tier": "private" if name.startswith("app") else "data"},
        )
        aws.ec2.RouteTableAssociation(name, subnet_id=subnets[name].id, route_table_id=routes.id)
    attachment = aws.ec2transitgateway.VpcAttachment(
        "company",
        transit_gateway_id=gateway.id,
        vpc_id=vpc.id,
        subnet_ids=[subnets["app-a"].id, subnets["app-b"].id],
    )
    aws.ec2.Route(
        "company",
        route_table_id=table.id,
        destination_cidr_block="10.0.0.0/8",
        transit_gateway_id=attachment.transit_gateway_id,
    )
    aws.ec2.VpnGatewayRoutePropagation(
        "branch", vpn_gateway_id=vpn.id, route_table_id=data_table.id
    )
    app = aws.ec2.SecurityGroup(
        "app",
        vpc_id=vpc.id,
        description="Hosts",
        ingress=[
            {"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["10.0.0.0/8"]}
        ],
        egress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["10.0.0.0/8"]}],
    )
    data = aws.ec2.SecurityGroup(
        "data",
        vpc_id=vpc.id,
        description="Database",
        ingress=[
            {"protocol": "tcp", "from_port": 1521, "to_port": 1521, "cidr_blocks": ["10.14.0.0/16"]}
        ],
    )
    aws.ec2.Instance(
        "app",
        ami="ami-0abcdef1234567890",
        instance_type="m6i.large",
        subnet_id=subnets["app-a"].id,
        vpc_security_group_ids=[app.id],
        metadata_options={"http_tokens": "required", "http_put_response_hop_limit": 1},
        root_block_device={"encrypted": True},
    )
    aws.rds.Instance(
        "ledger",
        engine="oracle-se2",
        license_model="license-included",
        instance_class="db.m6i.large",
        allocated_storage=200,
        port=1521,
        db_subnet_group_name=aws.rds.SubnetGroup(
            "ledger", subnet_ids=[subnets["data-a"].id, subnets["data-b"].id]
        ).name,
        vpc_security_group_ids=[data.id],
        username="ledger",
        manage_master_user_password=True,
        storage_encrypted=True,
        multi_az=True,
        skip_final_snapshot=True,
    )
