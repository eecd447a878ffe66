"""The upper of two stacks: its network comes from another one, by StackReference."""

import pulumi
import pulumi_aws as aws


def program() -> None:
    """Register the stack."""
    network = pulumi.StackReference("acme/network/live")
    vpc_id = network.require_output("vpcId")
    group = aws.ec2.SecurityGroup("api", vpc_id=vpc_id, description="API")
    aws.vpc.SecurityGroupIngressRule(
        "api",
        security_group_id=group.id,
        referenced_security_group_id=network.require_output("balancerGroupId"),
        ip_protocol="tcp",
        from_port=4000,
        to_port=4000,
    )
    aws.vpc.SecurityGroupEgressRule(
        "api-database",
        security_group_id=group.id,
        referenced_security_group_id=network.require_output("databaseGroupId"),
        ip_protocol="tcp",
        from_port=5432,
        to_port=5432,
    )
    aws.vpc.SecurityGroupIngressRule(
        "database",
        security_group_id=network.require_output("databaseGroupId"),
        referenced_security_group_id=group.id,
        ip_protocol="tcp",
        from_port=5432,
        to_port=5432,
    )
    template = aws.ec2.LaunchTemplate(
        "api",
        image_id="ami-0abcdef1234567890",
        instance_type="c7g.large",
        vpc_security_group_ids=[group.id],
        metadata_options={"http_tokens": "required", "http_put_response_hop_limit": 1},
    )
    aws.autoscaling.Group(
        "api",
        min_size=2,
        max_size=6,
        vpc_zone_identifiers=network.require_output("privateSubnetIds"),
        launch_template={"id": template.id, "version": "$Latest"},
    )
