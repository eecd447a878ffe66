"""Prefix lists: offices that may come in, and CloudFront's own list in front of a balancer."""

import pulumi_aws as aws


def program() -> None:
    """Register the stack."""
    vpc = aws.ec2.Vpc("site", cidr_block="10.11.0.0/16")
    igw = aws.ec2.InternetGateway("site", vpc_id=vpc.id)
    table = aws.ec2.RouteTable("site", vpc_id=vpc.id)
    aws.ec2.Route(
        "site", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", gateway_id=igw.id
    )
    subnets = []
    for number, zone in enumerate(("eu-west-3a", "eu-west-3b")):
        subnet = aws.ec2.Subnet(
            f"site-{number}",
            vpc_id=vpc.id,
            cidr_block=f"10.11.{number}.0/24",
            availability_zone=zone,
        )
        aws.ec2.RouteTableAssociation(
            f"site-{number}", subnet_id=subnet.id, route_table_id=table.id
        )
        subnets.append(subnet.id)

    offices = aws.ec2.ManagedPrefixList(
        "offices",
        address_family="IPv4",
        max_entries=5,
        entries=[
            {"cidr": "198.51.100.0/25", "description": "Paris"},
            {"cidr": "203.0.113.16/28", "description": "Lyon"},
        ],
    )
    partners = aws.ec2.ManagedPrefixList("partners", address_family="IPv4", max_entries=5)
    aws.ec2.ManagedPrefixListEntry("one", prefix_list_id=partners.id, cidr="192.0.2.0/24")
    aws.ec2.ManagedPrefixListEntry("all", prefix_list_id=partners.id, cidr="0.0.0.0/0")
    cloudfront = aws.ec2.get_managed_prefix_list(
        name="com.amazonaws.global.cloudfront.origin-facing"
    )

    front = aws.ec2.SecurityGroup(
        "front",
        vpc_id=vpc.id,
        description="Balancer",
        ingress=[
            {
                "protocol": "tcp",
                "from_port": 443,
                "to_port": 443,
                "prefix_list_ids": [cloudfront.id],
            },
        ],
        egress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}],
    )
    office = aws.ec2.SecurityGroup("office", vpc_id=vpc.id, description="From offices")
    aws.vpc.SecurityGroupIngressRule(
        "office",
        security_group_id=office.id,
        prefix_list_id=offices.id,
        ip_protocol="tcp",
        from_port=22,
        to_port=22,
    )
    partner = aws.ec2.SecurityGroup("partner", vpc_id=vpc.id, description="From partners")
    aws.vpc.SecurityGroupIngressRule(
        "partner",
        security_group_id=partner.id,
        prefix_list_id=partners.id,
        ip_protocol="tcp",
        from_port=22,
        to_port=22,
    )
    aws.lb.LoadBalancer(
        "site",
        security_groups=[front.id],
        subnets=subnets,
        enable_deletion_protection=True,
        drop_invalid_header_fields=True,
    )
    for name, group in (("office", office), ("partner", partner)):
        aws.ec2.Instance(
            name,
            ami="ami-0abcdef1234567890",
            instance_type="t3.micro",
            subnet_id=subnets[0],
            vpc_security_group_ids=[group.id],
            associate_public_ip_address=True,
            metadata_options={"http_tokens": "required", "http_put_response_hop_limit": 1},
            root_block_device={"encrypted": True},
        )
