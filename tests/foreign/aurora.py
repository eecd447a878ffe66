"""An Aurora cluster with a writer and a reader, its clients' group, and a rotated password."""

import pulumi
import pulumi_aws as aws


def program() -> None:
    """Register the stack."""
    vpc = aws.ec2.Vpc("orders", cidr_block="10.20.0.0/16")
    aws.ec2.DefaultSecurityGroup("orders", vpc_id=vpc.id)
    zones = ("eu-west-1a", "eu-west-1b", "eu-west-1c")
    table = aws.ec2.RouteTable("isolated", vpc_id=vpc.id)
    subnets = []
    for number, zone in enumerate(zones):
        subnet = aws.ec2.Subnet(
            f"isolated-{number}",
            vpc_id=vpc.id,
            cidr_block=f"10.20.{number}.0/24",
            availability_zone=zone,
        )
        aws.ec2.RouteTableAssociation(
            f"isolated-{number}", subnet_id=subnet.id, route_table_id=table.id
        )
        subnets.append(subnet)

    clients = aws.ec2.SecurityGroup("clients", vpc_id=vpc.id, description="May use the database")
    group = aws.ec2.SecurityGroup("aurora", vpc_id=vpc.id, description="The database")
    aws.vpc.SecurityGroupIngressRule(
        "clients",
        security_group_id=group.id,
        referenced_security_group_id=clients.id,
        ip_protocol="tcp",
        from_port=5432,
        to_port=5432,
        description="Clients",
    )
    aws.vpc.SecurityGroupEgressRule(
        "database",
        security_group_id=clients.id,
        referenced_security_group_id=group.id,
        ip_protocol="tcp",
        from_port=5432,
        to_port=5432,
        description="The database",
    )
    parameters = aws.rds.ClusterParameterGroup(
        "aurora",
        family="aurora-postgresql16",
        parameters=[{"name": "rds.force_ssl", "value": "1"}],
    )
    cluster = aws.rds.Cluster(
        "aurora",
        engine=aws.rds.EngineType.AURORA_POSTGRESQL,
        engine_version="16.4",
        database_name="orders",
        master_username="orders",
        manage_master_user_password=True,
        db_subnet_group_name=aws.rds.SubnetGroup(
            "aurora", subnet_ids=[subnet.id for subnet in subnets]
        ).name,
        vpc_security_group_ids=[group.id],
        db_cluster_parameter_group_name=parameters.name,
        storage_encrypted=True,
        backup_retention_period=14,
        deletion_protection=True,
        final_snapshot_identifier="orders-last",
    )
    for number in range(2):
        aws.rds.ClusterInstance(
            f"aurora-{number}",
            cluster_identifier=cluster.id,
            instance_class="db.r6g.large",
            engine=aws.rds.EngineType.AURORA_POSTGRESQL,
            engine_version=cluster.engine_version,
            publicly_accessible=number == 1,
        )
    pulumi.export("endpoint", cluster.endpoint)
