"""What the program asks AWS without making anything: its data sources, answered by boto3."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from perpetual.offline import answers
from perpetual.sandbox.resources import tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.ec2_vpc import arn, filters
from perpetual.sandbox.resources.kind import Values

_EC2: Final = "ec2"
_TARGETS: Final = {
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "cidrBlock": "DestinationCidrBlock",
    "ipv6CidrBlock": "DestinationIpv6CidrBlock",
}
_LOCAL: Final = "local"

Function = Callable[[Cloud, Values], dict[str, Any]]


def _caller(aws: Cloud, _arguments: Values) -> dict[str, Any]:
    said = aws.call("sts", "get_caller_identity")
    account = said["Account"]
    return {"id": account, "accountId": account, "arn": said["Arn"], "userId": said["UserId"]}


def _here(token: str) -> Function:
    """Return an answer that follows from the region alone, as for a preview."""

    def answer(aws: Cloud, _arguments: Values) -> dict[str, Any]:
        known = answers.standard(account=aws.account, region=aws.region)
        return answers.invokes(known)[token]({})

    return answer


def _vpc(aws: Cloud, arguments: Values) -> dict[str, Any]:
    found = _one(aws, "describe_vpcs", "Vpcs", VpcIds=[arguments["id"]])
    asked = filters(vpc_id=str(arguments["id"]), association__main="true")
    main = _one(aws, "describe_route_tables", "RouteTables", Filters=asked)
    associations = found.get("CidrBlockAssociationSet", ())
    return {
        **aws.told(_EC2, "Vpc", found),
        "id": found["VpcId"],
        "arn": arn(aws, "vpc", found["VpcId"]),
        "mainRouteTableId": main["RouteTableId"],
        "cidrBlockAssociations": [
            {
                "associationId": item["AssociationId"],
                "cidrBlock": item["CidrBlock"],
                "state": item["CidrBlockState"]["State"],
            }
            for item in associations
        ],
        "tags": tagging.read(found.get("Tags")),
    }


def _subnet(aws: Cloud, arguments: Values) -> dict[str, Any]:
    found = _one(aws, "describe_subnets", "Subnets", SubnetIds=[arguments["id"]])
    said = aws.told(_EC2, "Subnet", found, {"arn": "SubnetArn"})
    return {**said, "id": found["SubnetId"], "tags": tagging.read(found.get("Tags"))}


def _table(aws: Cloud, arguments: Values) -> dict[str, Any]:
    wanted = [arguments["routeTableId"]]
    found = _one(aws, "describe_route_tables", "RouteTables", RouteTableIds=wanted)
    return {
        "id": found["RouteTableId"],
        "routeTableId": found["RouteTableId"],
        "vpcId": found["VpcId"],
        # The provider leaves out what every table has, and what endpoints have put there.
        "routes": [
            aws.told(_EC2, "Route", item, _TARGETS)
            for item in found["Routes"]
            if item.get("GatewayId") != _LOCAL
            and not str(item.get("GatewayId", "")).startswith("vpce-")
        ],
        "associations": [
            aws.told(_EC2, "RouteTableAssociation", item) for item in found["Associations"]
        ],
        "tags": tagging.read(found.get("Tags")),
    }


def _tables(aws: Cloud, arguments: Values) -> dict[str, Any]:
    wanted = [
        {"Name": item["name"], "Values": item["values"]} for item in arguments.get("filters") or ()
    ]
    found = aws.call(_EC2, "describe_route_tables", Filters=wanted)["RouteTables"]
    return {"id": aws.region, "ids": [item["RouteTableId"] for item in found]}


def _one(aws: Cloud, method: str, key: str, **request: Any) -> dict[str, Any]:
    found = aws.find(_EC2, method, key, **request)
    if found is None:
        message = f"AWS has none of these {key}: {request}"
        raise LookupError(message)
    return found


FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType(
    {
        answers.CALLER: _caller,
        answers.REGION: _here(answers.REGION),
        answers.PARTITION: _here(answers.PARTITION),
        "aws:ec2/getVpc:getVpc": _vpc,
        "aws:ec2/getSubnet:getSubnet": _subnet,
        "aws:ec2/getRouteTable:getRouteTable": _table,
        "aws:ec2/getRouteTables:getRouteTables": _tables,
    }
)
"""Every data source of the program, by its token."""
