"""Two VPCs, peered: an application in one, its database in the other, admitted by range."""

import pulumi_aws as aws


def program() -> None:
    """Register the stack."""
    app_vpc = aws.ec2.Vpc("app", cidr_block="10.1.0.0/16")
    data_vpc = aws.ec2.Vpc("data", cidr_block="10.2.0.0/16")
    spare = aws.ec2.Vpc("spare", cidr_block="10.1.0.0/16")
    peering = aws.ec2.VpcPeeringConnection(
        "app-data", vpc_id=app_vpc.id, peer_vpc_id=data_vpc.id, auto_accept=True
    )
    app_table = aws.ec2.RouteTable(
        "app",
        vpc_id=app_vpc.id,
        routes=[{"cidr_block": "10.2.0.0/16", "vpc_peering_connection_id": peering.id}],
    )
    data_table = aws.ec2.RouteTable("data", vpc_id=data_vpc.id)
    aws.ec2.Route(
        "data-app",
        route_table_id=data_table.id,
        destination_cidr_block="10.1.0.0/16",
        vpc_peering_connection_id=peering.id,
    )
    subnets = {}
    for name, vpc, cidr, zone, table in (
        ("app", app_vpc, "10.1.1.0/24", "eu-west-1a", app_table),
        ("data-a", data_vpc, "10.2.1.0/24", "eu-west-1a", data_table),
        ("data-b", data_vpc, "10.2.2.0/24", "eu-west-1b", data_table),
        ("spare", spare, "10.1.1.0/24", "eu-west-1a", None),
    ):
        subnet = aws.ec2.Subnet(name, vpc_id=vpc.id, cidr_block=cidr, availability_zone=zone)
        if table is not None:
            aws.ec2.RouteTableAssociation(name, subnet_id=subnet.id, route_table_id=table.id)
        subnets[name] = subnet

    hosts = {}
    for name, vpc in (("app", app_vpc), ("spare", spare)):
        group = aws.ec2.SecurityGroup(
            name,
            vpc_id=vpc.id,
            description=f"Hosts of {name}",
            egress=[
                {
                    "protocol": "tcp",
                    "from_port": 5432,
                    "to_port": 5432,
                    "cidr_blocks": ["10.2.0.0/16"],
                }
            ],
        )
        hosts[name] = aws.ec2.Instance(
            name,
            ami="ami-0abcdef1234567890",
            instance_type="t4g.small",
            subnet_id=subnets[name].id,
            vpc_security_group_ids=[group.id],
        )
    database = aws.ec2.SecurityGroup(
        "database",
        vpc_id=data_vpc.id,
        description="Database",
        ingress=[
            {"protocol": "tcp", "from_port": 5432, "to_port": 5432, "cidr_blocks": ["10.1.1.0/24"]}
        ],
    )
    aws.rds.Instance(
        "main",
        engine="postgres",
        engine_version="16",
        instance_class="db.t4g.medium",
        allocated_storage=50,
        db_subnet_group_name=aws.rds.SubnetGroup(
            "main", subnet_ids=[subnets["data-a"].id, subnets["data-b"].id]
        ).name,
        vpc_security_group_ids=[database.id],
        username="app",
        manage_master_user_password=True,
        storage_encrypted=True,
        skip_final_snapshot=True,
    )
