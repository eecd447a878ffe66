"""A public bastion with a key pair, and a database that admits it: the classic way in."""

import pulumi
import pulumi_aws as aws


def program() -> None:
    """Register the stack."""
    config = pulumi.Config()
    vpc = aws.ec2.Vpc("main", cidr_block="10.9.0.0/16")
    igw = aws.ec2.InternetGateway("main", vpc_id=vpc.id)
    # The main route table is taken over, and used for the public subnet.
    main = aws.ec2.DefaultRouteTable(
        "main",
        default_route_table_id=vpc.default_route_table_id,
        routes=[{"cidr_block": "0.0.0.0/0", "gateway_id": igw.id}],
    )
    private = aws.ec2.RouteTable("private", vpc_id=vpc.id)
    public_subnet = aws.ec2.Subnet(
        "public",
        vpc_id=vpc.id,
        cidr_block="10.9.0.0/24",
        availability_zone="us-east-1a",
        map_public_ip_on_launch=True,
    )
    private_subnets = []
    for number, zone in enumerate(("us-east-1a", "us-east-1b"), 1):
        subnet = aws.ec2.Subnet(
            f"private-{number}",
            vpc_id=vpc.id,
            cidr_block=f"10.9.{number}.0/24",
            availability_zone=zone,
        )
        aws.ec2.RouteTableAssociation(
            f"private-{number}", subnet_id=subnet.id, route_table_id=private.id
        )
        private_subnets.append(subnet.id)

    ssh = aws.ec2.SecurityGroup(
        "ssh",
        vpc_id=vpc.id,
        ingress=[{"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]}],
        egress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}],
    )
    database = aws.ec2.SecurityGroup(
        "database",
        vpc_id=vpc.id,
        ingress=[
            {"protocol": "tcp", "from_port": 5432, "to_port": 5432, "security_groups": [ssh.id]}
        ],
    )
    key = aws.ec2.KeyPair("admin", public_key=config.get("publicKey") or "ssh-ed25519 AAAA admin")
    bastion = aws.ec2.Instance(
        "bastion",
        ami="ami-0abcdef1234567890",
        instance_type="t3.nano",
        key_name=key.key_name,
        subnet_id=public_subnet.id,
        vpc_security_group_ids=[ssh.id],
        opts=pulumi.ResourceOptions(depends_on=[main]),
    )
    aws.rds.Instance(
        "main",
        engine="postgres",
        engine_version="14",
        instance_class="db.t3.micro",
        allocated_storage=20,
        db_subnet_group_name=aws.rds.SubnetGroup("main", subnet_ids=private_subnets).name,
        vpc_security_group_ids=[database.id],
        username="postgres",
        password=config.get_secret("password") or "postgres",
        skip_final_snapshot=True,
    )
    pulumi.export("ssh", pulumi.Output.concat("ec2-user@", bastion.public_ip))
