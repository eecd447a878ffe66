"""A database behind an RDS proxy, which functions use."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws


def program() -> None:
    """Register the stack."""
    vpc = aws.ec2.Vpc("pool", cidr_block="10.13.0.0/16")
    table = aws.ec2.RouteTable("pool", vpc_id=vpc.id)
    subnets = []
    for number, zone in enumerate(("us-east-2a", "us-east-2b")):
        subnet = aws.ec2.Subnet(
            f"pool-{number}",
            vpc_id=vpc.id,
            cidr_block=f"10.13.{number}.0/24",
            availability_zone=zone,
            tags={"perpetual:tier": "data"},
        )
        aws.ec2.RouteTableAssociation(
            f"pool-{number}", subnet_id=subnet.id, route_table_id=table.id
        )
        subnets.append(subnet.id)

    function = aws.ec2.SecurityGroup("function", vpc_id=vpc.id, description="Function")
    pool = aws.ec2.SecurityGroup("pool", vpc_id=vpc.id, description="Proxy")
    database = aws.ec2.SecurityGroup("database", vpc_id=vpc.id, description="Database")
    for source, target in ((function, pool), (pool, database)):
        name = f"{source._name}-{target._name}"  # noqa: SLF001 - as users do
        ends: dict[str, Any] = {"ip_protocol": "tcp", "from_port": 5432, "to_port": 5432}
        aws.vpc.SecurityGroupEgressRule(
            name,
            security_group_id=source.id,
            referenced_security_group_id=target.id,
            **ends,
        )
        aws.vpc.SecurityGroupIngressRule(
            name,
            security_group_id=target.id,
            referenced_security_group_id=source.id,
            **ends,
        )
    db = aws.rds.Instance(
        "main",
        engine="postgres",
        engine_version="16",
        instance_class="db.m7g.large",
        allocated_storage=100,
        storage_encrypted=True,
        multi_az=True,
        backup_retention_period=7,
        db_subnet_group_name=aws.rds.SubnetGroup("main", subnet_ids=subnets).name,
        vpc_security_group_ids=[database.id],
        username="main",
        manage_master_user_password=True,
        ca_cert_identifier="rds-ca-rsa2048-g1",
        skip_final_snapshot=True,
    )
    secret = db.master_user_secrets[0].secret_arn
    role = aws.iam.Role(
        "proxy",
        assume_role_policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "rds.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        ),
        inline_policies=[
            {
                "name": "secret",
                "policy": pulumi.Output.json_dumps(
                    {
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Action": "secretsmanager:GetSecretValue",
                                "Resource": secret,
                            }
                        ],
                    }
                ),
            }
        ],
    )
    proxy = aws.rds.Proxy(
        "main",
        engine_family="POSTGRESQL",
        role_arn=role.arn,
        vpc_subnet_ids=subnets,
        vpc_security_group_ids=[pool.id],
        require_tls=False,
        auths=[{"auth_scheme": "SECRETS", "secret_arn": secret, "iam_auth": "DISABLED"}],
    )
    targets = aws.rds.ProxyDefaultTargetGroup("main", db_proxy_name=proxy.name)
    aws.rds.ProxyTarget(
        "main",
        db_proxy_name=proxy.name,
        target_group_name=targets.name,
        db_instance_identifier=db.identifier,
    )
    aws.lambda_.Function(
        "api",
        package_type="Image",
        image_uri="123456789012.dkr.ecr.us-east-2.amazonaws.com/api:1",
        role=role.arn,
        vpc_config={"subnet_ids": subnets, "security_group_ids": [function.id]},
        environment={"variables": {"DATABASE_HOST": proxy.endpoint}},
    )
