"""A dual-stack network: IPv6 in by the balancer, out by an egress-only gateway."""

from typing import Any

import pulumi_aws as aws

EVERYWHERE: Any = {"cidr_blocks": ["0.0.0.0/0"], "ipv6_cidr_blocks": ["::/0"]}

OUT = aws.ec2.SecurityGroupEgressArgs(protocol="-1", from_port=0, to_port=0, **EVERYWHERE)


def program() -> None:
    """Register the stack."""
    vpc = aws.ec2.Vpc("dual", cidr_block="10.6.0.0/16", assign_generated_ipv6_cidr_block=True)
    gateway = aws.ec2.InternetGateway("dual", vpc_id=vpc.id)
    egress = aws.ec2.EgressOnlyInternetGateway("dual", vpc_id=vpc.id)
    public = aws.ec2.RouteTable(
        "public",
        vpc_id=vpc.id,
        routes=[
            {"cidr_block": "0.0.0.0/0", "gateway_id": gateway.id},
            {"ipv6_cidr_block": "::/0", "gateway_id": gateway.id},
        ],
    )
    private = aws.ec2.RouteTable(
        "private",
        vpc_id=vpc.id,
        routes=[{"ipv6_cidr_block": "::/0", "egress_only_gateway_id": egress.id}],
    )

    def subnet(name: str, number: int, zone: str, table: aws.ec2.RouteTable) -> aws.ec2.Subnet:
        made = aws.ec2.Subnet(
            name,
            vpc_id=vpc.id,
            cidr_block=f"10.6.{number}.0/24",
            ipv6_cidr_block=vpc.ipv6_cidr_block.apply(
                lambda block: block.replace("00::/56", f"{number:02x}::/64")
            ),
            assign_ipv6_address_on_creation=True,
            availability_zone=zone,
        )
        aws.ec2.RouteTableAssociation(name, subnet_id=made.id, route_table_id=table.id)
        return made

    front = [subnet(f"front-{zone}", n, f"eu-west-1{zone}", public) for n, zone in enumerate("ab")]
    back = [subnet(f"back-{z}", n + 8, f"eu-west-1{z}", private) for n, z in enumerate("ab")]

    web = aws.ec2.SecurityGroup(
        "web",
        vpc_id=vpc.id,
        description="Balancer",
        ingress=[
            aws.ec2.SecurityGroupIngressArgs(
                protocol="tcp", from_port=443, to_port=443, **EVERYWHERE
            )
        ],
        egress=[OUT],
    )
    app = aws.ec2.SecurityGroup(
        "app",
        vpc_id=vpc.id,
        description="Hosts",
        ingress=[
            {"protocol": "tcp", "from_port": 8080, "to_port": 8080, "security_groups": [web.id]},
            {"protocol": "tcp", "from_port": 22, "to_port": 22, "ipv6_cidr_blocks": ["::/0"]},
        ],
        egress=[OUT],
    )
    aws.lb.LoadBalancer(
        "web",
        ip_address_type="dualstack",
        security_groups=[web.id],
        subnets=[item.id for item in front],
        drop_invalid_header_fields=True,
    )
    for name, where in (("app", back[0]), ("edge", front[0])):
        aws.ec2.Instance(
            name,
            ami="ami-0abcdef1234567890",
            instance_type="t4g.small",
            subnet_id=where.id,
            vpc_security_group_ids=[app.id],
            metadata_options={"http_tokens": "required", "http_put_response_hop_limit": 1},
            root_block_device={"encrypted": True},
        )
