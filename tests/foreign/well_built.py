"""A service as somebody careful builds it, with other names and other means than this project's."""

from typing import Any

import pulumi
import pulumi_aws as aws

OUT: dict[str, Any] = {
    "ip_protocol": "tcp",
    "from_port": 443,
    "to_port": 443,
    "cidr_ipv4": "0.0.0.0/0",
}
TIERS = ("public", "private", "data")


def program() -> None:
    """Register the stack."""
    key = aws.kms.Key("records", description="Records", enable_key_rotation=True)
    vpc = aws.ec2.Vpc("records", cidr_block="10.40.0.0/16")
    aws.ec2.DefaultSecurityGroup("closed", vpc_id=vpc.id)
    aws.ec2.FlowLog(
        "flows",
        vpc_id=vpc.id,
        traffic_type="ALL",
        log_destination_type="s3",
        log_destination="arn:aws:s3:::example-flow-logs",
    )
    subnets = _network(vpc)
    app = aws.ec2.SecurityGroup("app", vpc_id=vpc.id, description="Hosts")
    data = aws.ec2.SecurityGroup("data", vpc_id=vpc.id, description="Database")
    aws.vpc.SecurityGroupEgressRule("web", security_group_id=app.id, description="Web", **OUT)
    ends: dict[str, Any] = {
        "ip_protocol": "tcp",
        "from_port": 5432,
        "to_port": 5432,
        "description": "Postgres",
    }
    aws.vpc.SecurityGroupEgressRule(
        "postgres",
        security_group_id=app.id,
        referenced_security_group_id=data.id,
        **ends,
    )
    aws.vpc.SecurityGroupIngressRule(
        "postgres",
        security_group_id=data.id,
        referenced_security_group_id=app.id,
        **ends,
    )
    template = aws.ec2.LaunchTemplate(
        "app",
        image_id="ami-0abcdef1234567890",
        instance_type="t4g.small",
        iam_instance_profile={"arn": "arn:aws:iam::123456789012:instance-profile/app"},
        vpc_security_group_ids=[app.id],
        metadata_options={"http_tokens": "required", "http_put_response_hop_limit": 1},
        block_device_mappings=[{"device_name": "/dev/xvda", "ebs": {"encrypted": "true"}}],
    )
    aws.autoscaling.Group(
        "app",
        min_size=2,
        max_size=4,
        vpc_zone_identifiers=subnets["private"],
        launch_template={"id": template.id, "version": "$Latest"},
    )
    _database(key, subnets["data"], data)


def _network(vpc: aws.ec2.Vpc) -> dict[str, list[pulumi.Output[str]]]:
    gateway = aws.ec2.InternetGateway("records", vpc_id=vpc.id)
    tables = {name: aws.ec2.RouteTable(name, vpc_id=vpc.id) for name in TIERS}
    made: dict[str, list[pulumi.Output[str]]] = {name: [] for name in TIERS}
    for base, tier in enumerate(TIERS):
        for number, zone in enumerate(("eu-west-1a", "eu-west-1b")):
            subnet = aws.ec2.Subnet(
                f"{tier}-{number}",
                vpc_id=vpc.id,
                cidr_block=f"10.40.{base * 16 + number}.0/24",
                availability_zone=zone,
                tags={"perpetual:tier": tier},
            )
            aws.ec2.RouteTableAssociation(
                f"{tier}-{number}", subnet_id=subnet.id, route_table_id=tables[tier].id
            )
            made[tier].append(subnet.id)
    nat = aws.ec2.NatGateway(
        "records",
        subnet_id=made["public"][0],
        allocation_id=aws.ec2.Eip("nat", domain="vpc").allocation_id,
    )
    world: dict[str, Any] = {"destination_cidr_block": "0.0.0.0/0"}
    aws.ec2.Route("in", route_table_id=tables["public"].id, gateway_id=gateway.id, **world)
    aws.ec2.Route("out", route_table_id=tables["private"].id, nat_gateway_id=nat.id, **world)
    aws.ec2.VpcEndpoint(
        "s3",
        vpc_id=vpc.id,
        service_name="com.amazonaws.eu-west-1.s3",
        route_table_ids=[table.id for table in tables.values()],
    )
    inside: Any = {
        "protocol": "tcp",
        "action": "allow",
        "cidr_block": "10.40.16.0/20",
        "rule_no": 100,
    }
    aws.ec2.NetworkAcl(
        "data",
        vpc_id=vpc.id,
        subnet_ids=made["data"],
        ingress=[aws.ec2.NetworkAclIngressArgs(**inside, from_port=5432, to_port=5432)],
        egress=[aws.ec2.NetworkAclEgressArgs(**inside, from_port=1024, to_port=65535)],
    )
    return made


def _database(
    key: aws.kms.Key, subnets: list[pulumi.Output[str]], group: aws.ec2.SecurityGroup
) -> None:
    aws.rds.Instance(
        "records",
        engine="postgres",
        engine_version="17",
        instance_class="db.m7g.large",
        allocated_storage=100,
        storage_type="gp3",
        storage_encrypted=True,
        kms_key_id=key.arn,
        db_subnet_group_name=aws.rds.SubnetGroup("records", subnet_ids=subnets).name,
        vpc_security_group_ids=[group.id],
        publicly_accessible=False,
        multi_az=True,
        username="records",
        manage_master_user_password=True,
        master_user_secret_kms_key_id=key.arn,
        iam_database_authentication_enabled=True,
        ca_cert_identifier="rds-ca-rsa2048-g1",
        backup_retention_period=14,
        copy_tags_to_snapshot=True,
        auto_minor_version_upgrade=True,
        enabled_cloudwatch_logs_exports=["postgresql"],
        performance_insights_enabled=True,
        performance_insights_kms_key_id=key.arn,
        monitoring_interval=60,
        monitoring_role_arn="arn:aws:iam::123456789012:role/rds-monitoring",
        deletion_protection=True,
        final_snapshot_identifier="records-last",
    )
