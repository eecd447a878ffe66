"""RDS: instances and their replicas.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/
"""

from typing import Any, Final

from perpetual.sandbox.resources import values
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.kind import Kind, Values, names
from perpetual.sandbox.resources.rds_groups import RETAG, tags

_RDS: Final = "rds"


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
    "deletionProtection password"
)
"""What a restored or replicated instance takes only once it exists."""
_CHANGING: Final = (
    "allocatedStorage backupRetentionPeriod backupWindow maintenanceWindow engineVersion "
    "manageMasterUserPassword masterUserSecretKmsKeyId password publiclyAccessible"
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
        "tagsAll": tags(aws, found, "DBInstanceArn"),
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
    retag=RETAG,
    secret=names("password"),
    name="identifier",
)

KINDS: Final = (INSTANCE,)
