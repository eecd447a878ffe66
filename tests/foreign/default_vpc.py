"""A beginner's first program: the default VPC, everything open, a password in the text."""

import json

import pulumi
import pulumi_aws as aws


def program() -> None:
    """Register the stack."""
    vpc = aws.ec2.DefaultVpc("default")
    ami = aws.ec2.get_ami(
        most_recent=True,
        owners=["amazon"],
        filters=[{"name": "name", "values": ["al2023-ami-*-x86_64"]}],
    )
    group = aws.ec2.SecurityGroup(
        "web",
        description="Enable SSH and HTTP",
        ingress=[
            {"protocol": "tcp", "from_port": port, "to_port": port, "cidr_blocks": ["0.0.0.0/0"]}
            for port in (22, 80)
        ],
        egress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}],
    )
    server = aws.ec2.Instance(
        "web",
        instance_type="t2.micro",
        vpc_security_group_ids=[group.id],
        ami=ami.id,
        user_data="#!/bin/bash\nexport DB_PASSWORD=hunter2hunter2\npython3 -m http.server 80 &",
    )
    open_group = aws.ec2.SecurityGroup(
        "anything",
        vpc_id=vpc.id,
        ingress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}],
    )
    db = aws.rds.Instance(
        "db",
        allocated_storage=10,
        engine="postgres",
        engine_version="13",
        instance_class="db.t3.micro",
        db_name="app",
        username="postgres",
        password="hunter2hunter2",  # noqa: S106 - a beginner's mistake, to be found
        publicly_accessible=True,
        vpc_security_group_ids=[open_group.id],
        skip_final_snapshot=True,
    )
    bucket = aws.s3.Bucket("site")
    aws.s3.BucketPolicy(
        "site",
        bucket=bucket.id,
        policy=bucket.arn.apply(
            lambda arn: json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": "*",
                            "Action": ["s3:GetObject"],
                            "Resource": [f"{arn}/*"],
                        }
                    ],
                }
            )
        ),
    )
    pulumi.export("address", server.public_ip)
    pulumi.export("database", db.endpoint)
