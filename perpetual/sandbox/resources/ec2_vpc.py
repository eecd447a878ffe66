"""EC2: the VPC, its subnets and its flow logs.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/
"""

from typing import Any, Final

from perpetual.sandbox.resources import tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.kind import Kind, Values, names

_EC2: Final = "ec2"
_DNS: Final = ("enableDnsSupport", "enableDnsHostnames")


def filters(**wanted: str) -> list[dict[str, Any]]:
    """Return EC2's filters: `vpc_id="vpc-1"` asks for what has this `vpc-id`."""
    return [
        {"Name": name.replace("__", ".").replace("_", "-"), "Values": [value]}
        for name, value in wanted.items()
    ]


def arn(aws: Cloud, kind: str, identifier: str) -> str:
    """Return the ARN of an EC2 resource of this account."""
    return aws.arn("ec2", f"{kind}/{identifier}")


# --- VPC


def _create_vpc(aws: Cloud, inputs: Values) -> str:
    made = aws.call(
        _EC2,
        "create_vpc",
        inputs,
        "cidrBlock instanceTenancy",
        TagSpecifications=tagging.specification("vpc", inputs),
    )
    return str(made["Vpc"]["VpcId"])


def _settle_vpc(aws: Cloud, identifier: str, inputs: Values) -> None:
    for key in _DNS:
        if key in inputs:
            name = key[0].upper() + key[1:]
            value = {"Value": bool(inputs[key])}
            aws.call(_EC2, "modify_vpc_attribute", VpcId=identifier, **{name: value})


def _read_vpc(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = aws.find(_EC2, "describe_vpcs", "Vpcs", VpcIds=[identifier])
    if found is None:
        return None
    main = _default(
        aws, "describe_route_tables", "RouteTables", identifier, association__main="true"
    )
    acl = _default(aws, "describe_network_acls", "NetworkAcls", identifier, default="true")
    group = _default(
        aws, "describe_security_groups", "SecurityGroups", identifier, group_name="default"
    )
    dns = {
        key: aws.call(_EC2, "describe_vpc_attribute", VpcId=identifier, Attribute=key)[
            key[0].upper() + key[1:]
        ]["Value"]
        for key in _DNS
    }
    return {
        **aws.told(_EC2, "Vpc", found),
        **dns,
        "arn": arn(aws, "vpc", identifier),
        "defaultRouteTableId": main["RouteTableId"],
        "mainRouteTableId": main["RouteTableId"],
        "defaultNetworkAclId": acl["NetworkAclId"],
        "defaultSecurityGroupId": group["GroupId"],
        "ownerId": aws.account,
        "tagsAll": tagging.read(found.get("Tags")),
    }


def _default(aws: Cloud, method: str, key: str, vpc: str, **wanted: str) -> dict[str, Any]:
    return aws.find(_EC2, method, key, Filters=filters(vpc_id=vpc, **wanted)) or {}


def _delete_vpc(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_EC2, "delete_vpc", VpcId=identifier)


VPC: Final = Kind(
    "aws:ec2/vpc:Vpc",
    inputs=names("cidrBlock instanceTenancy enableDnsSupport enableDnsHostnames"),
    outputs=names(
        "arn defaultNetworkAclId defaultRouteTableId defaultSecurityGroupId dhcpOptionsId "
        "mainRouteTableId ownerId"
    ),
    create=_create_vpc,
    settle=_settle_vpc,
    read=_read_vpc,
    delete=_delete_vpc,
    retag=tagging.ec2,
)


# --- subnet


def _create_subnet(aws: Cloud, inputs: Values) -> str:
    made = aws.call(
        _EC2,
        "create_subnet",
        inputs,
        "vpcId cidrBlock availabilityZone",
        TagSpecifications=tagging.specification("subnet", inputs),
    )
    return str(made["Subnet"]["SubnetId"])


def _settle_subnet(aws: Cloud, identifier: str, inputs: Values) -> None:
    public = {"Value": bool(inputs.get("mapPublicIpOnLaunch"))}
    aws.call(_EC2, "modify_subnet_attribute", SubnetId=identifier, MapPublicIpOnLaunch=public)


def _read_subnet(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = aws.find(_EC2, "describe_subnets", "Subnets", SubnetIds=[identifier])
    return found and {
        **aws.told(_EC2, "Subnet", found, {"arn": "SubnetArn"}),
        "tagsAll": tagging.read(found.get("Tags")),
    }


def _delete_subnet(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_EC2, "delete_subnet", SubnetId=identifier)


SUBNET: Final = Kind(
    "aws:ec2/subnet:Subnet",
    inputs=names("vpcId cidrBlock availabilityZone mapPublicIpOnLaunch"),
    outputs=names("arn ownerId availabilityZoneId"),
    create=_create_subnet,
    settle=_settle_subnet,
    read=_read_subnet,
    delete=_delete_subnet,
    retag=tagging.ec2,
)


# --- flow logs

_FLOW: Final = (
    "logDestination logDestinationType iamRoleArn trafficType maxAggregationInterval logFormat"
)
_FLOW_NAMES: Final = {"iamRoleArn": "DeliverLogsPermissionArn"}


def _create_flow_log(aws: Cloud, inputs: Values) -> str:
    made = aws.call(
        _EC2,
        "create_flow_logs",
        inputs,
        _FLOW,
        _FLOW_NAMES,
        ResourceType="VPC",
        ResourceIds=[inputs["vpcId"]],
        TagSpecifications=tagging.specification("vpc-flow-log", inputs),
    )
    if made.get("Unsuccessful"):
        raise RuntimeError(made["Unsuccessful"][0]["Error"]["Message"])
    return str(made["FlowLogIds"][0])


def _read_flow_log(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = aws.find(_EC2, "describe_flow_logs", "FlowLogs", FlowLogIds=[identifier])
    return found and {
        **aws.told(_EC2, "FlowLog", found, {**_FLOW_NAMES, "vpcId": "ResourceId"}),
        "arn": arn(aws, "vpc-flow-log", identifier),
        "tagsAll": tagging.read(found.get("Tags")),
    }


def _delete_flow_log(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_EC2, "delete_flow_logs", FlowLogIds=[identifier])


FLOW_LOG: Final = Kind(
    "aws:ec2/flowLog:FlowLog",
    inputs=names(f"{_FLOW} vpcId"),
    outputs=names("arn"),
    create=_create_flow_log,
    read=_read_flow_log,
    delete=_delete_flow_log,
    retag=tagging.ec2,
)

KINDS: Final = (VPC, SUBNET, FLOW_LOG)
