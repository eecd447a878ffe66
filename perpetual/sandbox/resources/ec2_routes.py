"""EC2: route tables, their routes, and which subnet uses which.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/
"""

import zlib
from collections.abc import Mapping
from typing import Any, Final

from perpetual.sandbox.resources import tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.ec2_vpc import arn, filters
from perpetual.sandbox.resources.kind import Kind, Values, names, nothing

_EC2: Final = "ec2"
_DESTINATIONS: Final = (
    "destinationCidrBlock",
    "destinationIpv6CidrBlock",
    "destinationPrefixListId",
)
_TARGETS: Final = (
    "gatewayId natGatewayId transitGatewayId egressOnlyGatewayId networkInterfaceId "
    "vpcEndpointId vpcPeeringConnectionId"
)
_ROUTE_NAMES: Final = {"egressOnlyGatewayId": "EgressOnlyInternetGatewayId"}
_MADE: Final = "CreateRoute"
"""Origin of the routes that somebody made; others come from AWS, with an endpoint for instance."""


def _table(aws: Cloud, identifier: str) -> dict[str, Any] | None:
    return aws.find(_EC2, "describe_route_tables", "RouteTables", RouteTableIds=[identifier])


def _create_table(aws: Cloud, inputs: Values) -> str:
    made = aws.call(
        _EC2,
        "create_route_table",
        inputs,
        "vpcId",
        TagSpecifications=tagging.specification("route-table", inputs),
    )
    return str(made["RouteTable"]["RouteTableId"])


def _read_table(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = _table(aws, identifier)
    return found and {
        "vpcId": found["VpcId"],
        "arn": arn(aws, "route-table", identifier),
        "ownerId": aws.account,
        "routes": [_inline(aws, item) for item in found["Routes"] if _own(item)],
        "tagsAll": tagging.read(found.get("Tags")),
    }


def _own(route: Mapping[str, Any]) -> bool:
    return route.get("Origin") == _MADE and not str(route.get("GatewayId", "")).startswith("vpce-")


def _inline(aws: Cloud, route: Mapping[str, Any]) -> dict[str, Any]:
    said = aws.told(_EC2, "Route", route, _ROUTE_NAMES)
    shorter = {
        "destinationCidrBlock": "cidrBlock",
        "destinationIpv6CidrBlock": "ipv6CidrBlock",
    }
    wanted = {*_DESTINATIONS, *_TARGETS.split()}
    return {shorter.get(key, key): value for key, value in said.items() if key in wanted}


def _delete_table(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_EC2, "delete_route_table", RouteTableId=identifier)


ROUTE_TABLE: Final = Kind(
    "aws:ec2/routeTable:RouteTable",
    inputs=names("vpcId"),
    outputs=names("arn ownerId routes"),
    create=_create_table,
    read=_read_table,
    delete=_delete_table,
    retag=tagging.ec2,
)


# --- the table that AWS makes with the VPC


def _settle_default_table(aws: Cloud, identifier: str, inputs: Values) -> None:
    """Remove every route but AWS's own; the program's default table has none."""
    if inputs.get("routes"):
        message = "a default route table with routes is not known here"
        raise NotImplementedError(message)
    found = _table(aws, identifier) or {"Routes": []}
    for route in filter(_own, found["Routes"]):
        where = {
            key: route[key]
            for key in (
                "DestinationCidrBlock",
                "DestinationIpv6CidrBlock",
                "DestinationPrefixListId",
            )
            if key in route
        }
        aws.call(_EC2, "delete_route", RouteTableId=identifier, **where)


def _create_default_table(aws: Cloud, inputs: Values) -> str:
    identifier = str(inputs["defaultRouteTableId"])
    tagging.ec2(aws, identifier, {}, dict(inputs.get("tagsAll") or {}), [])
    return identifier


def _read_default_table(aws: Cloud, identifier: str, state: Values) -> Values | None:
    found = _read_table(aws, identifier, state)
    return found and {**found, "defaultRouteTableId": identifier}


DEFAULT_ROUTE_TABLE: Final = Kind(
    "aws:ec2/defaultRouteTable:DefaultRouteTable",
    inputs=names("defaultRouteTableId routes"),
    outputs=names("arn ownerId vpcId"),
    create=_create_default_table,
    settle=_settle_default_table,
    read=_read_default_table,
    delete=nothing,
    retag=tagging.ec2,
)


# --- routes


def _destination(inputs: Values) -> str:
    return next(str(inputs[key]) for key in _DESTINATIONS if inputs.get(key))


def _create_route(aws: Cloud, inputs: Values) -> str:
    wanted = f"routeTableId {' '.join(_DESTINATIONS)} {_TARGETS}"
    aws.call(_EC2, "create_route", inputs, wanted, _ROUTE_NAMES)
    # The provider's own form of an id, for AWS gives a route none.
    return f"r-{inputs['routeTableId']}{zlib.crc32(_destination(inputs).encode())}"


def _read_route(aws: Cloud, _identifier: str, state: Values) -> Values | None:
    table = _table(aws, str(state["routeTableId"])) or {"Routes": []}
    for route in table["Routes"]:
        said = aws.told(_EC2, "Route", route, _ROUTE_NAMES)
        if any(said.get(key) == _destination(state) for key in _DESTINATIONS):
            return {**said, "routeTableId": state["routeTableId"]}
    return None


def _update_route(aws: Cloud, _identifier: str, _state: Values, inputs: Values) -> None:
    wanted = f"routeTableId {' '.join(_DESTINATIONS)} {_TARGETS}"
    aws.call(_EC2, "replace_route", inputs, wanted, _ROUTE_NAMES)


def _delete_route(aws: Cloud, _identifier: str, state: Values) -> None:
    wanted = f"routeTableId {' '.join(_DESTINATIONS)}"
    aws.call(_EC2, "delete_route", state, wanted, _ROUTE_NAMES)


ROUTE: Final = Kind(
    "aws:ec2/route:Route",
    inputs=names(f"routeTableId {' '.join(_DESTINATIONS)} {_TARGETS}"),
    outputs=names("origin state"),
    part_of=names("routeTableId"),
    create=_create_route,
    read=_read_route,
    update=_update_route,
    delete=_delete_route,
)


# --- which table a subnet uses


def _associate(aws: Cloud, inputs: Values) -> str:
    made = aws.call(_EC2, "associate_route_table", inputs, "routeTableId subnetId")
    return str(made["AssociationId"])


def _association(aws: Cloud, identifier: str, state: Values) -> dict[str, Any] | None:
    """Return an association by its id, or by its subnet: another table gives it another id."""
    subnet = str(state.get("subnetId") or "")
    asked = (
        filters(association__subnet_id=subnet)
        if subnet
        else filters(association__route_table_association_id=identifier)
    )
    table = aws.find(_EC2, "describe_route_tables", "RouteTables", Filters=asked) or {}
    for item in table.get("Associations", ()):
        if identifier == item["RouteTableAssociationId"] or subnet == item.get("SubnetId", "-"):
            return dict(item)
    return None


def _read_association(aws: Cloud, identifier: str, state: Values) -> Values | None:
    found = _association(aws, identifier, state)
    return found and aws.told(_EC2, "RouteTableAssociation", found)


def _update_association(aws: Cloud, identifier: str, state: Values, inputs: Values) -> None:
    found = _association(aws, identifier, state)
    current = found["RouteTableAssociationId"] if found else identifier
    aws.call(_EC2, "replace_route_table_association", inputs, "routeTableId", AssociationId=current)


def _disassociate(aws: Cloud, identifier: str, state: Values) -> None:
    found = _association(aws, identifier, state)
    if found:
        current = found["RouteTableAssociationId"]
        aws.call(_EC2, "disassociate_route_table", AssociationId=current)


ROUTE_TABLE_ASSOCIATION: Final = Kind(
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    inputs=names("routeTableId subnetId"),
    create=_associate,
    read=_read_association,
    update=_update_association,
    delete=_disassociate,
)

KINDS: Final = (ROUTE_TABLE, DEFAULT_ROUTE_TABLE, ROUTE, ROUTE_TABLE_ASSOCIATION)
