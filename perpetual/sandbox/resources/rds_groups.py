"""RDS: parameter and subnet groups.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/
"""

from collections.abc import Mapping
from typing import Any, Final

from perpetual.sandbox.resources import tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.kind import Kind, Values, names

_RDS: Final = "rds"
RETAG: Final = tagging.by(_RDS, "add_tags_to_resource", "remove_tags_from_resource")


def tags(aws: Cloud, found: Mapping[str, Any], key: str) -> tagging.Tags:
    """Return the tags of what RDS has told of; `key` is its ARN's, for RDS may leave tags out."""
    if "TagList" in found:
        return tagging.read(found["TagList"])
    listed = aws.call(_RDS, "list_tags_for_resource", ResourceName=found[key])
    return tagging.read(listed["TagList"])


# --- parameter groups

_GROUP_NAMES: Final = {
    "name": "DBParameterGroupName",
    "family": "DBParameterGroupFamily",
    "arn": "DBParameterGroupArn",
}


def _create_parameters(aws: Cloud, inputs: Values) -> str:
    wanted = "name family description tagsAll"
    aws.call(_RDS, "create_db_parameter_group", inputs, wanted, _GROUP_NAMES)
    return str(inputs["name"])


def _settle_parameters(aws: Cloud, identifier: str, inputs: Values) -> None:
    wanted = {item["name"]: _parameter(item) for item in inputs.get("parameters") or ()}
    there = {item["ParameterName"]: item for item in _changed(aws, identifier)}
    group = {"DBParameterGroupName": identifier}
    if wanted:
        aws.call(_RDS, "modify_db_parameter_group", **group, Parameters=list(wanted.values()))
    gone = [
        {"ParameterName": name, "ApplyMethod": "pending-reboot"}
        for name in sorted(there.keys() - wanted.keys())
    ]
    if gone:
        aws.call(
            _RDS,
            "reset_db_parameter_group",
            **group,
            ResetAllParameters=False,
            Parameters=gone,
        )


def _parameter(item: Mapping[str, Any]) -> dict[str, str]:
    return {
        "ParameterName": item["name"],
        "ParameterValue": item["value"],
        "ApplyMethod": item.get("applyMethod") or "immediate",
    }


def _changed(aws: Cloud, identifier: str) -> list[dict[str, Any]]:
    """Return the parameters that somebody has set."""
    asked = {"DBParameterGroupName": identifier, "Source": "user"}
    found: list[dict[str, Any]] = aws.call(_RDS, "describe_db_parameters", **asked)["Parameters"]
    return [item for item in found if item.get("ParameterValue") is not None]


def _read_parameters(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = aws.find(
        _RDS,
        "describe_db_parameter_groups",
        "DBParameterGroups",
        DBParameterGroupName=identifier,
    )
    return found and {
        **aws.told(_RDS, "DBParameterGroup", found, _GROUP_NAMES),
        "parameters": [
            {
                "name": item["ParameterName"],
                "value": item["ParameterValue"],
                "applyMethod": item.get("ApplyMethod"),
            }
            for item in _changed(aws, identifier)
        ],
        "tagsAll": tags(aws, found, "DBParameterGroupArn"),
    }


def _delete_parameters(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_RDS, "delete_db_parameter_group", DBParameterGroupName=identifier)


PARAMETER_GROUP: Final = Kind(
    "aws:rds/parameterGroup:ParameterGroup",
    inputs=names("name family description parameters"),
    own=names("skipDestroy"),
    outputs=names("arn"),
    create=_create_parameters,
    settle=_settle_parameters,
    read=_read_parameters,
    delete=_delete_parameters,
    retag=RETAG,
    name="name",
)


# --- subnet groups

_SUBNET_NAMES: Final = {
    "name": "DBSubnetGroupName",
    "description": "DBSubnetGroupDescription",
    "arn": "DBSubnetGroupArn",
}


def _create_subnets(aws: Cloud, inputs: Values) -> str:
    wanted = "name description subnetIds tagsAll"
    aws.call(_RDS, "create_db_subnet_group", inputs, wanted, _SUBNET_NAMES)
    return str(inputs["name"])


def _read_subnets(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = aws.find(
        _RDS, "describe_db_subnet_groups", "DBSubnetGroups", DBSubnetGroupName=identifier
    )
    return found and {
        "supportedNetworkTypes": ["IPV4"],
        **aws.told(_RDS, "DBSubnetGroup", found, _SUBNET_NAMES),
        "subnetIds": [item["SubnetIdentifier"] for item in found["Subnets"]],
        "tagsAll": tags(aws, found, "DBSubnetGroupArn"),
    }


def _update_subnets(aws: Cloud, _identifier: str, _state: Values, inputs: Values) -> None:
    wanted = "name description subnetIds"
    aws.call(_RDS, "modify_db_subnet_group", inputs, wanted, _SUBNET_NAMES)


def _delete_subnets(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_RDS, "delete_db_subnet_group", DBSubnetGroupName=identifier)


SUBNET_GROUP: Final = Kind(
    "aws:rds/subnetGroup:SubnetGroup",
    inputs=names("name description subnetIds"),
    outputs=names("arn supportedNetworkTypes vpcId"),
    create=_create_subnets,
    read=_read_subnets,
    update=_update_subnets,
    delete=_delete_subnets,
    retag=RETAG,
    name="name",
)

KINDS: Final = (PARAMETER_GROUP, SUBNET_GROUP)
