"""An application in a VPC that somebody else made: read by id, subnets looked up or literal."""

import pulumi
import pulumi_aws as aws

OFFICE = "203.0.113.0/24"


def program() -> None:
    """Register the stack."""
    vpc = aws.ec2.Vpc.get("company", "vpc-0a1b2c3d4e5f60718")
    private = aws.ec2.get_subnets(
        filters=[
            {"name": "vpc-id", "values": ["vpc-0a1b2c3d4e5f60718"]},
            {"name": "tag:Tier", "values": ["private"]},
        ]
    )
    group = aws.ec2.SecurityGroup(
        "reports",
        vpc_id=vpc.id,
        description="Reports",
        ingress=[
            {"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": [OFFICE]},
        ],
        egress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}],
    )
    extra = aws.ec2.Subnet(
        "reports",
        vpc_id=vpc.id,
        cidr_block="172.20.99.0/24",
        availability_zone="eu-west-1a",
    )
    aws.ec2.Instance(
        "reports",
        ami="ami-0abcdef1234567890",
        instance_type="t3.medium",
        subnet_id=private.ids[0],
        vpc_security_group_ids=[group.id, "sg-0fedcba9876543210"],
        associate_public_ip_address=False,
        metadata_options={"http_tokens": "required", "http_put_response_hop_limit": 1},
        root_block_device={"encrypted": True},
    )
    database = aws.rds.Instance(
        "reports",
        engine="postgres",
        engine_version="17",
        instance_class="db.t4g.small",
        allocated_storage=20,
        storage_encrypted=True,
        db_subnet_group_name="company-databases",
        vpc_security_group_ids=["sg-00112233445566778"],
        username="reports",
        manage_master_user_password=True,
        skip_final_snapshot=True,
        publicly_accessible=False,
    )
    pulumi.export("subnet", extra.id)
    pulumi.export("database", database.address)
