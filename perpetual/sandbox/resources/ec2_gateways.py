"""EC2: ways out of a VPC.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/
"""

from collections.abc import Mapping
from typing import Any, Final

from perpetual.sandbox.resources import tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.ec2_vpc import arn
from perpetual.sandbox.resources.kind import Kind, Values, names

_EC2: Final = "ec2"


# --- internet gateway


def _create_gateway(aws: Cloud, inputs: Values) -> str:
    made = aws.call(
        _EC2,
        "create_internet_gateway",
        TagSpecifications=tagging.specification("internet-gateway", inputs),
    )
    return str(made["InternetGateway"]["InternetGatewayId"])


def _settle_gateway(aws: Cloud, identifier: str, inputs: Values) -> None:
    attached = _attached_to(_gateway(aws, identifier) or {})
    wanted = inputs.get("vpcId")
    if attached and attached != wanted:
        aws.call(_EC2, "detach_internet_gateway", InternetGatewayId=identifier, VpcId=attached)
    if wanted and attached != wanted:
        aws.call(_EC2, "attach_internet_gateway", InternetGatewayId=identifier, VpcId=wanted)


def _gateway(aws: Cloud, identifier: str) -> dict[str, Any] | None:
    return aws.find(
        _EC2, "describe_internet_gateways", "InternetGateways", InternetGatewayIds=[identifier]
    )


def _attached_to(gateway: Mapping[str, Any]) -> str | None:
    return next((str(item["VpcId"]) for item in gateway.get("Attachments", ())), None)


def _read_gateway(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = _gateway(aws, identifier)
    return found and {
        "vpcId": _attached_to(found),
        "arn": arn(aws, "internet-gateway", identifier),
        "ownerId": aws.account,
        "tagsAll": tagging.read(found.get("Tags")),
    }


def _delete_gateway(aws: Cloud, identifier: str, _state: Values) -> None:
    _settle_gateway(aws, identifier, {})
    aws.call(_EC2, "delete_internet_gateway", InternetGatewayId=identifier)


INTERNET_GATEWAY: Final = Kind(
    "aws:ec2/internetGateway:InternetGateway",
    inputs=names("vpcId"),
    outputs=names("arn ownerId"),
    create=_create_gateway,
    settle=_settle_gateway,
    read=_read_gateway,
    delete=_delete_gateway,
    retag=tagging.ec2,
)


# --- addresses and NAT gateways


def _create_address(aws: Cloud, inputs: Values) -> str:
    made = aws.call(
        _EC2,
        "allocate_address",
        inputs,
        "domain",
        TagSpecifications=tagging.specification("elastic-ip", inputs),
    )
    return str(made["AllocationId"])


def _read_address(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = aws.find(_EC2, "describe_addresses", "Addresses", AllocationIds=[identifier])
    if found is None:
        return None
    dashed = str(found["PublicIp"]).replace(".", "-")
    return {
        **aws.told(_EC2, "Address", found),
        "arn": arn(aws, "elastic-ip", identifier),
        "allocationId": identifier,
        "publicDns": f"ec2-{dashed}.{aws.region}.compute.amazonaws.com",
        "tagsAll": tagging.read(found.get("Tags")),
    }


def _delete_address(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_EC2, "release_address", AllocationId=identifier)


ADDRESS: Final = Kind(
    "aws:ec2/eip:Eip",
    inputs=names("domain"),
    outputs=names("allocationId arn publicDns publicIp"),
    create=_create_address,
    read=_read_address,
    delete=_delete_address,
    retag=tagging.ec2,
)


def _create_nat(aws: Cloud, inputs: Values) -> str:
    made = aws.call(
        _EC2,
        "create_nat_gateway",
        inputs,
        "subnetId allocationId connectivityType",
        TagSpecifications=tagging.specification("natgateway", inputs),
    )
    return str(made["NatGateway"]["NatGatewayId"])


def _read_nat(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = aws.find(_EC2, "describe_nat_gateways", "NatGateways", NatGatewayIds=[identifier])
    if found is None or found["State"] in {"deleting", "deleted"}:
        return None
    (address, *_) = found.get("NatGatewayAddresses") or [{}]
    return {
        **aws.told(_EC2, "NatGatewayAddress", address),
        **aws.told(_EC2, "NatGateway", found),
        "tagsAll": tagging.read(found.get("Tags")),
    }


def _delete_nat(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_EC2, "delete_nat_gateway", NatGatewayId=identifier)


NAT_GATEWAY: Final = Kind(
    "aws:ec2/natGateway:NatGateway",
    inputs=names("subnetId allocationId connectivityType"),
    outputs=names("networkInterfaceId privateIp publicIp"),
    create=_create_nat,
    read=_read_nat,
    delete=_delete_nat,
    retag=tagging.ec2,
)

KINDS: Final = (INTERNET_GATEWAY, ADDRESS, NAT_GATEWAY)
