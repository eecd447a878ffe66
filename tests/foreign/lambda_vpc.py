"""Functions in a VPC without a way out: they reach a database, S3 and Secrets Manager."""

import json

import pulumi
import pulumi_aws as aws


def program() -> None:
    """Register the stack."""
    vpc = aws.ec2.Vpc(
        "jobs", cidr_block="10.8.0.0/16", enable_dns_hostnames=True, enable_dns_support=True
    )
    table = aws.ec2.RouteTable("jobs", vpc_id=vpc.id)
    subnets = []
    for number, zone in enumerate(("eu-central-1a", "eu-central-1b")):
        subnet = aws.ec2.Subnet(
            f"jobs-{number}",
            vpc_id=vpc.id,
            cidr_block=f"10.8.{number}.0/24",
            availability_zone=zone,
        )
        aws.ec2.RouteTableAssociation(
            f"jobs-{number}", subnet_id=subnet.id, route_table_id=table.id
        )
        subnets.append(subnet.id)

    functions = aws.ec2.SecurityGroup("functions", vpc_id=vpc.id, description="Functions")
    endpoints = aws.ec2.SecurityGroup("endpoints", vpc_id=vpc.id, description="Endpoints")
    database = aws.ec2.SecurityGroup("database", vpc_id=vpc.id, description="Database")
    for name, group, peer, port in (
        ("endpoints", endpoints, functions, 443),
        ("database", database, functions, 5432),
    ):
        aws.vpc.SecurityGroupIngressRule(
            name,
            security_group_id=group.id,
            referenced_security_group_id=peer.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
        )
        aws.vpc.SecurityGroupEgressRule(
            name,
            security_group_id=peer.id,
            referenced_security_group_id=group.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
        )
    region = aws.get_region().region
    aws.ec2.VpcEndpoint(
        "s3",
        vpc_id=vpc.id,
        service_name=f"com.amazonaws.{region}.s3",
        route_table_ids=[table.id],
    )
    aws.ec2.VpcEndpoint(
        "secrets",
        vpc_id=vpc.id,
        service_name=f"com.amazonaws.{region}.secretsmanager",
        vpc_endpoint_type="Interface",
        subnet_ids=subnets,
        security_group_ids=[endpoints.id],
        private_dns_enabled=True,
    )
    role = aws.iam.Role(
        "jobs",
        assume_role_policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        ),
        managed_policy_arns=[aws.iam.ManagedPolicy.AWS_LAMBDA_VPC_ACCESS_EXECUTION_ROLE],
    )
    db = aws.rds.Instance(
        "jobs",
        engine="postgres",
        engine_version="16",
        instance_class="db.t4g.micro",
        allocated_storage=20,
        storage_encrypted=True,
        db_subnet_group_name=aws.rds.SubnetGroup("jobs", subnet_ids=subnets).name,
        vpc_security_group_ids=[database.id],
        username="jobs",
        manage_master_user_password=True,
        skip_final_snapshot=True,
    )
    aws.lambda_.Function(
        "import",
        runtime="python3.12",
        handler="main.handler",
        role=role.arn,
        code=pulumi.AssetArchive({"main.py": pulumi.StringAsset("def handler(*_): ...")}),
        vpc_config={"subnet_ids": subnets, "security_group_ids": [functions.id]},
        environment={
            "variables": {"DATABASE_HOST": db.address, "DATABASE_PASSWORD": "correct-horse"}
        },
        timeout=60,
    )
    aws.lambda_.Function(
        "notify",
        runtime="python3.12",
        handler="main.handler",
        role=role.arn,
        code=pulumi.AssetArchive({"main.py": pulumi.StringAsset("def handler(*_): ...")}),
    )
