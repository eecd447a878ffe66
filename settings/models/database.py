"""Settings of the database."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from settings import forms
from settings.models.base import Maybe, Text, Upstream


class DatabaseSource(StrEnum):
    """Where the database comes from."""

    CREATE = "create"
    SNAPSHOT = "snapshot"
    POINT_IN_TIME = "pointInTime"
    STACK = "stack"


class MasterPassword(StrEnum):
    """Who keeps the master password: RDS itself, or a secret to replace after the first `up`."""

    MANAGED = "managed"
    SECRET = "secret"  # noqa: S105 - the name of a mode


class Certificate(StrEnum):
    """Certificate authorities of RDS that have not been retired.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
    """

    RSA_2048 = "rds-ca-rsa2048-g1"
    RSA_4096 = "rds-ca-rsa4096-g1"
    ECC_384 = "rds-ca-ecc384-g1"


ParameterName = Annotated[str, AfterValidator(forms.PARAMETER_NAME)]


class Database(Upstream):
    """Postgres on RDS."""

    source: DatabaseSource = Field(
        default=DatabaseSource.CREATE,
        description=(
            "`create` an empty database, restore a `snapshot` or a `pointInTime`, or use another "
            "`stack`'s by pin."
        ),
    )
    snapshot: Maybe[Annotated[str, AfterValidator(forms.SNAPSHOT)]] = Field(
        default=None, description="Snapshot identifier or ARN to restore."
    )
    restore_from: Maybe[Annotated[str, AfterValidator(forms.DB_IDENTIFIER)]] = Field(
        default=None, description="Identifier of the instance to restore from for `pointInTime`."
    )
    restore_time: Annotated[str, AfterValidator(forms.RESTORE_TIME)] = Field(
        default="latest",
        description="Moment to restore, as `latest` or UTC `2026-11-22T20:00:00Z`.",
    )
    engine_version: Annotated[
        str, BeforeValidator(forms.version_text), AfterValidator(forms.ENGINE_VERSION)
    ] = Field(
        default="17",
        description=(
            "PostgreSQL version: a major (RDS keeps the minor current), or `major.minor` in quotes."
        ),
    )
    instance_class: Annotated[str, AfterValidator(forms.INSTANCE_CLASS)] = Field(
        default="db.t4g.small", description="RDS instance class."
    )
    storage_gib: int = Field(
        default=20, ge=20, le=65_536, description="Allocated gp3 storage, GiB, 20 to 65536."
    )
    max_storage_gib: int = Field(
        default=100,
        ge=0,
        le=65_536,
        description=(
            "Ceiling of storage autoscaling, GiB, at least a tenth above `storageGib`; 0 turns it "
            "off."
        ),
    )
    multi_az: bool = Field(default=False, description="Standby in a second zone.")
    replicas: int = Field(default=0, ge=0, le=15, description="Read replicas, 0 to 15.")
    backup_retention_days: int = Field(
        default=14, ge=0, le=35, description="Days of automated backups, 0 (none) to 35."
    )
    backup_window: Annotated[str, AfterValidator(forms.BACKUP_WINDOW)] = Field(
        default="03:00-03:45", description="Daily backup window, UTC."
    )
    maintenance_window: Annotated[str, AfterValidator(forms.MAINTENANCE_WINDOW)] = Field(
        default="sun:04:00-sun:05:00", description="Weekly maintenance window, UTC."
    )
    master_password: MasterPassword = Field(
        default=MasterPassword.MANAGED,
        description="`managed` by RDS, or `secret`, which replicas and restores need.",
    )
    name: Annotated[str, AfterValidator(forms.DB_NAME)] = Field(
        default="app", description="Name of the database inside the instance."
    )
    username: Annotated[str, AfterValidator(forms.DB_USERNAME)] = Field(
        default="perpetual", description="Master user; the application never uses it."
    )
    port: int = Field(
        default=5432, ge=1150, le=65_535, description="Port Postgres listens on, 1150 to 65535."
    )
    ca_certificate: Certificate = Field(
        default=Certificate.RSA_2048, description="RDS certificate authority of the server."
    )
    # `rds.force_ssl: "0"` passes here on purpose: refusing it is the policy pack's law, which sees
    # every program, and a second guard here would keep that law from ever being tried by config.
    parameters: dict[ParameterName, Text] = Field(
        default={}, description="Additional Postgres parameters, name to value; applied at reboot."
    )
    monitoring_seconds: Literal[0, 1, 5, 10, 15, 30, 60] = Field(
        default=60, description="Interval of enhanced monitoring, seconds; 0 turns it off."
    )
    insights: Literal["standard", "advanced"] = Field(
        default="standard", description="Database Insights mode."
    )
