"""What RDS is asked for: the arguments of the primary and of its replicas, for every source."""

from dataclasses import dataclass
from typing import Any, Final

import pulumi_aws as aws
from pulumi import Input, Output

from components.data import names
from settings import models
from settings.models import DatabaseSource, MasterPassword

ENGINE: Final = "postgres"

INSIGHTS_DAYS: Final = {"standard": 7, "advanced": 465}
"""Days of performance data each Database Insights mode keeps; advanced accepts no fewer.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DatabaseInsights.html
"""

PASSWORD_LENGTH: Final = 40
SPECIALS: Final = "!#$%^*()-_=+[]{}<>?"
"""Special characters of a bootstrap password. RDS refuses `/`, `"`, `@` and spaces.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
"""

CREATION_ONLY: Final = ("snapshotIdentifier", "restoreToPointInTime")
"""Arguments that say how an instance began. A change later would replace the living database."""

RESTORED_AS_IT_WAS: Final = ("kmsKeyId", "storageEncrypted")
"""Arguments that a restored instance takes over from its source, and can not change in place."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What an instance is placed into; `monitoring_role_arn` is None without monitoring."""

    subnet_group: Input[str]
    security_group_id: Input[str]
    parameter_group: Input[str]
    key_arn: Input[str]
    monitoring_role_arn: Input[str] | None


def primary(
    identifier: str,
    config: models.Database,
    around: Surroundings,
    *,
    protect: bool,
    password: Input[str] | None,
) -> aws.rds.InstanceArgs:
    """Return the primary's arguments; `password` is None where RDS manages it.

    Not asked for: `blue_green_update`, which RDS refuses with a managed password, and which
    `apply_immediately=False` leaves without use: changes wait for the maintenance window.
    """
    return aws.rds.InstanceArgs(
        **_common(identifier, config, around, protect=protect),
        **_origin(config, around),
        **_credentials(config, around, password),
        **_ending(identifier, protect=protect),
        engine=ENGINE,
        # With a bare major RDS chooses the minor, and the provider compares by prefix: a minor
        # upgrade is no difference. A named minor is kept: see `auto_minor_version_upgrade`.
        engine_version=config.engine_version,
        # Changing the major in the settings is the decision; without this RDS refuses it.
        allow_major_version_upgrade=True,
        engine_lifecycle_support="open-source-rds-extended-support-disabled",
        # Under storage autoscaling the provider ignores that RDS has more than this.
        allocated_storage=config.storage_gib,
        multi_az=config.multi_az,
        backup_retention_period=config.backup_retention_days,
        backup_window=config.backup_window,
        db_subnet_group_name=around.subnet_group,
        database_insights_mode=config.insights,
        performance_insights_retention_period=INSIGHTS_DAYS[config.insights],
    )


def replica(
    identifier: str,
    config: models.Database,
    around: Surroundings,
    *,
    protect: bool,
    source: Input[str],
) -> aws.rds.InstanceArgs:
    """Return the arguments of a read replica of `source`, an identifier in the same region.

    Engine, version, subnet group, key, storage size and users are the source's own. RDS keeps
    replicas in standard Database Insights mode:
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html
    """
    return aws.rds.InstanceArgs(
        **_common(identifier, config, around, protect=protect),
        replicate_source_db=source,
        storage_encrypted=True,
        multi_az=False,
        backup_retention_period=0,
        performance_insights_retention_period=INSIGHTS_DAYS["standard"],
        skip_final_snapshot=True,  # RDS takes none of a replica
    )


def ignored_changes(config: models.Database) -> list[str]:
    """Return the primary's arguments whose later changes are no concern of Pulumi.

    A bootstrap password is to be replaced in RDS at once; what Pulumi knows of it is void then.
    """
    ignored = [*CREATION_ONLY]
    if config.source is not DatabaseSource.CREATE:
        ignored += RESTORED_AS_IT_WAS
    if config.master_password is MasterPassword.SECRET:
        ignored.append("password")
    return ignored


def master_secret(primary: aws.rds.Instance, config: models.Database) -> Output[str] | None:
    """Return the ARN of the secret in which RDS keeps the master password, if it does."""
    if config.master_password is MasterPassword.SECRET:
        return None
    return primary.master_user_secrets.apply(
        lambda secrets: str(secrets[0].secret_arn) if secrets else ""
    )


def _common(
    identifier: str, config: models.Database, around: Surroundings, *, protect: bool
) -> dict[str, Any]:
    return {
        "identifier": identifier,
        "instance_class": config.instance_class,
        "storage_type": "gp3",
        "max_allocated_storage": config.max_storage_gib,
        "publicly_accessible": False,
        "port": config.port,
        "vpc_security_group_ids": [around.security_group_id],
        "parameter_group_name": around.parameter_group,
        "ca_cert_identifier": config.ca_certificate,
        "iam_database_authentication_enabled": True,
        "maintenance_window": config.maintenance_window,
        "auto_minor_version_upgrade": "." not in config.engine_version,
        "apply_immediately": False,
        "copy_tags_to_snapshot": True,
        "deletion_protection": protect,
        "enabled_cloudwatch_logs_exports": list(names.LOG_EXPORTS),
        "monitoring_interval": config.monitoring_seconds,
        "monitoring_role_arn": around.monitoring_role_arn,
        "performance_insights_enabled": True,
        "performance_insights_kms_key_id": around.key_arn,
    }


def _origin(config: models.Database, around: Surroundings) -> dict[str, Any]:
    """Return how the instance begins: empty, or from what else there is.

    Empty means without a database: RDS would make one with the operating system's locale, whose
    order changes with its updates; `perpetual db apply` makes it with Postgres's own.
    A restored one brings its key, its database and its users; RDS accepts none of them anew.
    """
    match config.source:
        case DatabaseSource.SNAPSHOT:
            return {"storage_encrypted": True, "snapshot_identifier": config.snapshot}
        case DatabaseSource.POINT_IN_TIME:
            return {"storage_encrypted": True, "restore_to_point_in_time": _moment(config)}
        case _:
            return {
                "storage_encrypted": True,
                "kms_key_id": around.key_arn,
                "username": config.username,
            }


def _moment(config: models.Database) -> aws.rds.InstanceRestoreToPointInTimeArgs:
    latest = config.restore_time == "latest"
    return aws.rds.InstanceRestoreToPointInTimeArgs(
        source_db_instance_identifier=config.restore_from,
        use_latest_restorable_time=True if latest else None,
        restore_time=None if latest else config.restore_time,
    )


def _credentials(
    config: models.Database, around: Surroundings, password: Input[str] | None
) -> dict[str, Any]:
    if config.master_password is MasterPassword.SECRET:
        return {"password": password}
    return {"manage_master_user_password": True, "master_user_secret_kms_key_id": around.key_arn}


def _ending(identifier: str, *, protect: bool) -> dict[str, Any]:
    """Return what is left once the instance is deleted: with `protect`, everything.

    A second final snapshot of the same name is refused by RDS, so none is ever overwritten.
    """
    return {
        "skip_final_snapshot": not protect,
        "final_snapshot_identifier": f"{identifier}-final" if protect else None,
        "delete_automated_backups": not protect,
    }
