"""EC2: endpoints of AWS services in a VPC.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/
"""

import zlib
from typing import Any, Final

from perpetual.sandbox.resources import tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.ec2_vpc import arn, filters
from perpetual.sandbox.resources.kind import Kind, Values, names

_EC2: Final = "ec2"


_ENDPOINT: Final = "vpcId vpcEndpointType serviceName privateDnsEnabled subnetIds securityGroupIds"
_ENDPOINT_NAMES: Final = {"policy": "PolicyDocument"}


def _create_endpoint(aws: Cloud, inputs: Values) -> str:
    made = aws.call(
        _EC2,
        "create_vpc_endpoint",
        inputs,
        f"{_ENDPOINT} policy",
        _ENDPOINT_NAMES,
        TagSpecifications=tagging.specification("vpc-endpoint", inputs),
    )
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def _endpoint(aws: Cloud, identifier: str) -> dict[str, Any] | None:
    found = aws.find(_EC2, "describe_vpc_endpoints", "VpcEndpoints", VpcEndpointIds=[identifier])
    return None if found is None or found["State"] in {"deleting", "deleted"} else found


def _read_endpoint(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = _endpoint(aws, identifier)
    if found is None:
        return None
    said = aws.told(_EC2, "VpcEndpoint", found, _ENDPOINT_NAMES)
    lists = aws.call(
        _EC2, "describe_prefix_lists", Filters=filters(prefix_list_name=str(found["ServiceName"]))
    )["PrefixLists"]
    groups = [item["GroupId"] for item in found.get("Groups", ())]
    return {
        "requesterManaged": False,
        **said,
        **({"securityGroupIds": groups} if groups else {}),
        "prefixListId": lists[0]["PrefixListId"] if lists else None,
        "cidrBlocks": lists[0].get("Cidrs", []) if lists else [],
        "arn": arn(aws, "vpc-endpoint", identifier),
        "ownerId": aws.account,
        "tagsAll": tagging.read(found.get("Tags")),
    }


def _update_endpoint(aws: Cloud, identifier: str, state: Values, inputs: Values) -> None:
    change: dict[str, Any] = {}
    for key, word in (("subnetIds", "Subnet"), ("securityGroupIds", "SecurityGroup")):
        old, new = set(state.get(key) or ()), set(inputs.get(key) or ())
        if inputs.get(key) and old != new:
            change[f"Add{word}Ids"] = sorted(new - old)
            change[f"Remove{word}Ids"] = sorted(old - new)
    aws.call(
        _EC2,
        "modify_vpc_endpoint",
        inputs,
        "policy privateDnsEnabled",
        _ENDPOINT_NAMES,
        VpcEndpointId=identifier,
        **change,
    )


def _delete_endpoint(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_EC2, "delete_vpc_endpoints", VpcEndpointIds=[identifier])


ENDPOINT: Final = Kind(
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    inputs=names(f"{_ENDPOINT} policy"),
    outputs=names(
        "arn cidrBlocks dnsEntries networkInterfaceIds ownerId prefixListId requesterManaged "
        "routeTableIds state"
    ),
    create=_create_endpoint,
    read=_read_endpoint,
    update=_update_endpoint,
    delete=_delete_endpoint,
    retag=tagging.ec2,
)


def _create_endpoint_route(aws: Cloud, inputs: Values) -> str:
    table = str(inputs["routeTableId"])
    aws.call(_EC2, "modify_vpc_endpoint", inputs, "vpcEndpointId", AddRouteTableIds=[table])
    # The provider's own form of an id, as for a route.
    return f"a-{inputs['vpcEndpointId']}{zlib.crc32(table.encode())}"


def _read_endpoint_route(aws: Cloud, _identifier: str, state: Values) -> Values | None:
    found = _endpoint(aws, str(state["vpcEndpointId"]))
    if found is None or state["routeTableId"] not in found.get("RouteTableIds", ()):
        return None
    return {key: state[key] for key in ("vpcEndpointId", "routeTableId")}


def _delete_endpoint_route(aws: Cloud, _identifier: str, state: Values) -> None:
    table = str(state["routeTableId"])
    aws.call(_EC2, "modify_vpc_endpoint", state, "vpcEndpointId", RemoveRouteTableIds=[table])


ENDPOINT_ROUTE: Final = Kind(
    "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation",
    inputs=names("vpcEndpointId routeTableId"),
    part_of=names("vpcEndpointId"),
    create=_create_endpoint_route,
    read=_read_endpoint_route,
    delete=_delete_endpoint_route,
)

KINDS: Final = (ENDPOINT, ENDPOINT_ROUTE)
