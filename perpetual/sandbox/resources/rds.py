"""RDS: instances and their replicas, parameter and subnet groups.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/
"""

from collections.abc import Mapping
from typing import Any, Final

from perpetual.sandbox.resources import tagging, values
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.kind import Kind, Values, names

_RDS: Final = "rds"
_RETAG: Final = tagging.by(_RDS, "add_tags_to_resource", "remove_tags_from_resource")


def _tags(aws: Cloud, found: Mapping[str, Any], key: str) -> tagging.Tags:
    if "TagList" in found:
        return tagging.read(found["TagList"])
    listed = aws.call(_RDS, "list_tags_for_resource", ResourceName=found[key])
    return tagging.read(listed["TagList"])


# --- instances

_ALWAYS: Final = (
    "instanceClass storageType maxAllocatedStorage port multiAz copyTagsToSnapshot "
    "deletionProtection monitoringInterval monitoringRoleArn performanceInsightsKmsKeyId "
    "autoMinorVersionUpgrade caCertIdentifier iamDatabaseAuthenticationEnabled "
    "performanceInsightsEnabled performanceInsightsRetentionPeriod vpcSecurityGroupIds "
    "parameterGroupName databaseInsightsMode"
)
"""What can be said whenever an instance is made or changed, however it begins."""
_MAKING: Final = "publiclyAccessible enabledCloudwatchLogsExports"
_PRIMARY: Final = (
    "allocatedStorage backupRetentionPeriod backupWindow maintenanceWindow dbName "
    "dbSubnetGroupName engine engineVersion engineLifecycleSupport kmsKeyId "
    "manageMasterUserPassword masterUserSecretKmsKeyId password storageEncrypted username"
)
_RESTORED: Final = "dbSubnetGroupName engineLifecycleSupport backupRetentionPeriod backupWindow"
_AFTERWARDS: Final = (
    "backupRetentionPeriod backupWindow maintenanceWindow caCertIdentifier maxAllocatedStorage "
    "monitoringInterval monitoringRoleArn performanceInsightsEnabled "
    "performanceInsightsKmsKeyId performanceInsightsRetentionPeriod databaseInsightsMode "
    "deletionProtection"
)
"""What a restored or replicated instance takes only once it exists."""
_CHANGING: Final = (
    "allocatedStorage backupRetentionPeriod backupWindow maintenanceWindow engineVersion "
    "manageMasterUserPassword "
    "masterUserSecretKmsKeyId password publiclyAccessible"
)
_NAMES: Final = {
    "identifier": "DBInstanceIdentifier",
    "arn": "DBInstanceArn",
    "instanceClass": "DBInstanceClass",
    "multiAz": "MultiAZ",
    "backupWindow": "PreferredBackupWindow",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "caCertIdentifier": "CACertificateIdentifier",
    "dbName": "DBName",
    "dbSubnetGroupName": "DBSubnetGroupName",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "parameterGroupName": "DBParameterGroupName",
    "password": "MasterUserPassword",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
    "resourceId": "DbiResourceId",
    "status": "DBInstanceStatus",
    "username": "MasterUsername",
}
_SAID: Final = {
    **_NAMES,
    "enabledCloudwatchLogsExports": "EnabledCloudwatchLogsExports",
    "iamDatabaseAuthenticationEnabled": "IAMDatabaseAuthenticationEnabled",
    "performanceInsightsEnabled": "PerformanceInsightsEnabled",
}


def _create_instance(aws: Cloud, inputs: Values) -> str:
    method, wanted, more = _beginning(inputs)
    aws.call(_RDS, method, inputs, f"{wanted} tagsAll", _NAMES, **more)
    # The provider's id is the one that RDS makes up; moto gives a replica that of its source.
    return str(inputs["identifier"])


def _beginning(inputs: Values) -> tuple[str, str, dict[str, Any]]:
    """Return the call that makes an instance, of which arguments, and what it calls otherwise."""
    always = f"{_ALWAYS} {_MAKING}"
    late = names(_AFTERWARDS)
    restored = " ".join(sorted(names(f"{always} {_RESTORED}") - late))
    identifier = str(inputs["identifier"])
    if inputs.get("replicateSourceDb"):
        wanted = " ".join(sorted(names(always) - {"caCertIdentifier"}))
        more = {"SourceDBInstanceIdentifier": inputs["replicateSourceDb"]}
        return "create_db_instance_read_replica", f"identifier {wanted}", more
    if inputs.get("snapshotIdentifier"):
        more = {"DBSnapshotIdentifier": inputs["snapshotIdentifier"]}
        return "restore_db_instance_from_db_snapshot", f"identifier {restored}", more
    if inputs.get("restoreToPointInTime"):
        moment = inputs["restoreToPointInTime"]
        more = {
            "TargetDBInstanceIdentifier": identifier,
            "SourceDBInstanceIdentifier": moment["sourceDbInstanceIdentifier"],
        }
        if moment.get("useLatestRestorableTime"):
            more["UseLatestRestorableTime"] = True
        else:
            more["RestoreTime"] = moment["restoreTime"]
        return "restore_db_instance_to_point_in_time", restored, more
    return "create_db_instance", f"identifier {always} {_PRIMARY}", {}


def _settle_instance(aws: Cloud, _identifier: str, inputs: Values) -> None:
    begun = ("replicateSourceDb", "snapshotIdentifier", "restoreToPointInTime")
    if any(inputs.get(key) for key in begun):
        wanted = f"identifier {_AFTERWARDS}"
        aws.call(_RDS, "modify_db_instance", inputs, wanted, _NAMES, ApplyImmediately=True)


def _instance(aws: Cloud, identifier: str) -> dict[str, Any] | None:
    return aws.find(_RDS, "describe_db_instances", "DBInstances", DBInstanceIdentifier=identifier)


def _read_instance(aws: Cloud, identifier: str, state: Values) -> Values | None:
    found = _instance(aws, identifier)
    if found is None or found["DBInstanceStatus"] == "deleting":
        return None
    said = aws.told(_RDS, "DBInstance", found, _SAID)
    place = found.get("Endpoint", {})
    groups = [item["VpcSecurityGroupId"] for item in found.get("VpcSecurityGroups", ())]
    parameters = found.get("DBParameterGroups") or [{}]
    secret = found.get("MasterUserSecret")
    return {
        **said,
        "address": place.get("Address"),
        "port": place.get("Port"),
        "endpoint": f"{place.get('Address')}:{place.get('Port')}",
        "engineVersion": _asked_version(str(found["EngineVersion"]), state),
        "engineVersionActual": found["EngineVersion"],
        "dbSubnetGroupName": found.get("DBSubnetGroup", {}).get("DBSubnetGroupName"),
        "vpcSecurityGroupIds": groups,
        "parameterGroupName": parameters[0].get("DBParameterGroupName"),
        "manageMasterUserPassword": True if secret else None,
        "masterUserSecrets": [aws.told(_RDS, "MasterUserSecret", secret)] if secret else [],
        "masterUserSecretKmsKeyId": secret.get("KmsKeyId") if secret else None,
        "replicateSourceDb": found.get("ReadReplicaSourceDBInstanceIdentifier") or None,
        "replicas": found.get("ReadReplicaDBInstanceIdentifiers", []),
        "snapshotIdentifier": state.get("snapshotIdentifier"),
        "restoreToPointInTime": state.get("restoreToPointInTime"),
        # Nobody can ask RDS for a password.
        "password": state.get("password"),
        # It moves on by itself: as a difference it would tell nothing.
        "latestRestorableTime": state.get("latestRestorableTime")
        or said.get("latestRestorableTime"),
        "tagsAll": _tags(aws, found, "DBInstanceArn"),
    }


def _asked_version(actual: str, state: Values) -> str:
    """Return the version as it was asked for, where that is a prefix of the one that runs."""
    asked = str(state.get("engineVersion") or actual)
    return asked if f"{actual}.".startswith(f"{asked}.") else actual


def _update_instance(aws: Cloud, identifier: str, state: Values, inputs: Values) -> None:
    """Ask for what is not as it should be: RDS would take the rest for a wish as well."""
    there = _read_instance(aws, identifier, state) or {}
    own = {"allowMajorVersionUpgrade", "applyImmediately"}
    wanted = own | {
        key
        for key in f"{_ALWAYS} {_CHANGING}".split()
        if key in inputs and not values.covers(there.get(key), inputs[key])
    }
    old = set(state.get("enabledCloudwatchLogsExports") or ())
    new = set(inputs.get("enabledCloudwatchLogsExports") or ())
    exports = {"EnableLogTypes": sorted(new - old), "DisableLogTypes": sorted(old - new)}
    aws.call(
        _RDS,
        "modify_db_instance",
        inputs,
        " ".join(sorted(wanted)),
        {**_NAMES, "port": "DBPortNumber"},
        DBInstanceIdentifier=identifier,
        **({"CloudwatchLogsExportConfiguration": exports} if old != new else {}),
    )


def _delete_instance(aws: Cloud, identifier: str, state: Values) -> None:
    if _instance(aws, identifier) is None:
        return
    final: dict[str, Any] = {"SkipFinalSnapshot": bool(state.get("skipFinalSnapshot"))}
    if not final["SkipFinalSnapshot"] and state.get("finalSnapshotIdentifier"):
        final["FinalDBSnapshotIdentifier"] = state["finalSnapshotIdentifier"]
    if "deleteAutomatedBackups" in state:
        final["DeleteAutomatedBackups"] = bool(state["deleteAutomatedBackups"])
    aws.call(_RDS, "delete_db_instance", DBInstanceIdentifier=identifier, **final)


INSTANCE: Final = Kind(
    "aws:rds/instance:Instance",
    inputs=names(
        f"{_ALWAYS} {_MAKING} {_PRIMARY} identifier replicateSourceDb snapshotIdentifier "
        "restoreToPointInTime"
    ),
    own=names(
        "allowMajorVersionUpgrade applyImmediately deleteAutomatedBackups "
        "finalSnapshotIdentifier skipFinalSnapshot"
    ),
    outputs=names(
        "address arn endpoint engineVersionActual latestRestorableTime "
        "masterUserSecrets replicas resourceId status"
    ),
    create=_create_instance,
    settle=_settle_instance,
    read=_read_instance,
    update=_update_instance,
    delete=_delete_instance,
    retag=_RETAG,
    secret=names("password"),
    name="identifier",
)


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
        "tagsAll": _tags(aws, found, "DBParameterGroupArn"),
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
    retag=_RETAG,
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
        "tagsAll": _tags(aws, found, "DBSubnetGroupArn"),
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
    retag=_RETAG,
    name="name",
)

KINDS: Final = (INSTANCE, PARAMETER_GROUP, SUBNET_GROUP)
