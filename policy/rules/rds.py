"""Rules on databases: what keeps their data, and what tells about them."""

from collections.abc import Iterator
from typing import Final

from graph import UNKNOWN
from graph.tokens import DB_CLUSTER, DB_CLUSTER_INSTANCE, DB_INSTANCE
from rules.rule import Level, Rule, Severity
from rules.subject import (
    Fault,
    Subject,
    Test,
    at_least,
    not_off,
    not_on,
    number,
    on,
    only_if,
    present,
    requires,
    rule,
    unknown,
)

GLOBAL_CLUSTER: Final = "aws:rds/globalCluster:GlobalCluster"
_GUIDE: Final = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/"
_ADMINS: Final = frozenset({"admin", "administrator", "master", "postgres", "root", "sa", "user"})
_DEFAULT_PORTS: Final = frozenset({1433, 1521, 3306, 5432})
_INHERITED: Final = (
    "replicateSourceDb",
    "snapshotIdentifier",
    "restoreToPointInTime",
    "sourceDbClusterIdentifier",
)
_WEEK: Final = 7


def of_its_own(name: object) -> bool:
    """Accept a master user's name that is not among the first to be guessed."""
    return name is None or str(name).lower() not in _ADMINS


def _source(subject: Subject) -> bool:
    """Tell whether this is no replica: replicas have no backups and no standby of their own."""
    return not present(subject.at("replicateSourceDb")) and not present(
        subject.at("replicationSourceIdentifier")
    )


def _source_encrypted(subject: Subject) -> object:
    """Return what the source in this stack says of its encryption, which a replica shares."""
    path = "replicateSourceDb"
    link = subject.graph.index.link(subject.resource, path, subject.at(path), (DB_INSTANCE,))
    source = subject.graph.index.by_urn.get(link.urn or "") if link else None
    return source.properties.get("storageEncrypted") if source else None


def _encrypted(subject: Subject) -> Iterator[Fault]:
    value = subject.at("storageEncrypted")
    inherits = any(present(subject.at(key)) for key in _INHERITED)
    if value is None and on(_source_encrypted(subject)):
        return
    if value is UNKNOWN or (value is None and inherits):
        # A copy is as encrypted as what it copies, which this stack need not show.
        yield unknown("storageEncrypted")
    elif not on(value):
        yield Fault("keeps its storage unencrypted", "storageEncrypted")


def _logs(subject: Subject) -> Iterator[Fault]:
    value = subject.at("enabledCloudwatchLogsExports")
    known = [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
    wanted = "postgresql" if "postgres" in str(subject.at("engine")) else None
    if (known and not wanted) or wanted in known:
        return
    if value is UNKNOWN or (isinstance(value, list) and len(known) < len(value)):
        yield unknown("enabledCloudwatchLogsExports")
    else:
        says = f"does not export its {wanted or 'engine'} log to CloudWatch"
        yield Fault(says, "enabledCloudwatchLogsExports")


def _own(test: Test) -> Test:
    return only_if(_source, test)


STORAGE_ENCRYPTED: Final = rule(
    _encrypted,
    DB_INSTANCE,
    DB_CLUSTER,
    GLOBAL_CLUSTER,
    name="rds-storage-encrypted",
    title="Databases encrypt their storage",
    severity=Severity.HIGH,
    why="Encryption cannot be switched on later; snapshots and replicas are as plain as the source",
    fix="set storage_encrypted to true, at creation",
    url=f"{_GUIDE}Overview.Encryption.html",
    controls=("FSBP RDS.3", "FSBP RDS.27", "CIS 3.2.1", "CIS5 2.2.1"),
)
BACKUPS_ON: Final = rule(
    _own(requires("backupRetentionPeriod", at_least(1), "keeps no backups")),
    DB_INSTANCE,
    name="rds-backups-on",
    title="Databases have automated backups",
    severity=Severity.HIGH,
    why="Without them there is no point in time to restore to",
    fix="set backup_retention_period to 7 days or more",
    url=f"{_GUIDE}USER_WorkingWithAutomatedBackups.html",
    controls=("FSBP RDS.11",),
)
BACKUPS_KEPT: Final = rule(
    _own(requires("backupRetentionPeriod", at_least(_WEEK), "keeps backups for less than a week")),
    DB_INSTANCE,
    DB_CLUSTER,
    name="rds-backups-kept",
    title="Databases keep backups for a week",
    severity=Severity.MEDIUM,
    why="A mistake made on a Friday is often noticed on a Monday",
    fix="set backup_retention_period to 7 days or more",
    url=f"{_GUIDE}USER_WorkingWithAutomatedBackups.BackupRetention.html",
    controls=("FSBP RDS.11",),
    level=Level.ADVISORY,
)
DELETION_PROTECTED: Final = rule(
    requires("deletionProtection", on, "can be deleted by one call"),
    DB_INSTANCE,
    DB_CLUSTER,
    GLOBAL_CLUSTER,
    name="rds-deletion-protected",
    title="Databases are protected from deletion",
    severity=Severity.MEDIUM,
    why="One wrong call, by console or program, ends the database",
    fix="set deletion_protection to true",
    url=f"{_GUIDE}USER_DeleteInstance.html",
    controls=("FSBP RDS.7", "FSBP RDS.8"),
    level=Level.DISABLED,
    production=Level.MANDATORY,
)
FINAL_SNAPSHOT: Final = rule(
    _own(requires("skipFinalSnapshot", not_on, "leaves no snapshot when it is deleted")),
    DB_INSTANCE,
    DB_CLUSTER,
    name="rds-final-snapshot",
    title="Databases leave a final snapshot",
    severity=Severity.MEDIUM,
    why="Automated backups may go with the database",
    fix="set skip_final_snapshot to false and name the final snapshot",
    url=f"{_GUIDE}USER_DeleteInstance.html",
    level=Level.DISABLED,
    production=Level.MANDATORY,
)
MULTI_AZ: Final = rule(
    _own(requires("multiAz", on, "has no standby in a second zone")),
    DB_INSTANCE,
    name="rds-multi-az",
    title="Databases have a standby in a second zone",
    severity=Severity.MEDIUM,
    why="A zone's loss, or a repair of the host, stops the application until a restore is done",
    fix="set multi_az to true",
    url=f"{_GUIDE}Concepts.MultiAZ.html",
    controls=("FSBP RDS.5", "CIS 3.2.4", "CIS5 2.2.4"),
    level=Level.DISABLED,
    production=Level.MANDATORY,
)
LOGS_EXPORTED: Final = rule(
    _logs,
    DB_INSTANCE,
    DB_CLUSTER,
    name="rds-logs-exported",
    title="Databases export their logs",
    severity=Severity.MEDIUM,
    why="RDS itself forgets logs after days, and with the instance",
    fix='set enabled_cloudwatch_logs_exports, to ["postgresql", "upgrade"] for Postgres',
    url=f"{_GUIDE}USER_LogAccess.Procedural.UploadtoCloudWatch.html",
    controls=("FSBP RDS.9", "FSBP RDS.36", "FSBP RDS.37"),
)
MONITORED: Final = rule(
    requires("monitoringInterval", at_least(1), "has no enhanced monitoring"),
    DB_INSTANCE,
    DB_CLUSTER_INSTANCE,
    name="rds-enhanced-monitoring",
    title="Databases have enhanced monitoring",
    severity=Severity.LOW,
    why="The hypervisor's view shows neither processes nor memory of the database host",
    fix="set monitoring_interval to 60 and give it a role",
    url=f"{_GUIDE}USER_Monitoring.OS.html",
    controls=("FSBP RDS.6",),
    level=Level.ADVISORY,
)
MINOR_UPGRADES: Final = rule(
    requires("autoMinorVersionUpgrade", not_off, "takes no minor upgrades by itself"),
    DB_INSTANCE,
    DB_CLUSTER_INSTANCE,
    name="rds-minor-upgrades",
    title="Databases take minor upgrades",
    severity=Severity.MEDIUM,
    why="Minor versions are where security fixes arrive",
    fix="leave auto_minor_version_upgrade true",
    url=f"{_GUIDE}USER_UpgradeDBInstance.Upgrading.html",
    controls=("FSBP RDS.13", "FSBP RDS.35", "CIS 3.2.2", "CIS5 2.2.2"),
)
TAGS_COPIED: Final = rule(
    requires("copyTagsToSnapshot", on, "makes snapshots without its tags"),
    DB_INSTANCE,
    DB_CLUSTER,
    name="rds-tags-copied",
    title="Snapshots get their database's tags",
    severity=Severity.LOW,
    why="Permissions by tag, and bills by tag, miss a snapshot without tags",
    fix="set copy_tags_to_snapshot to true",
    url=f"{_GUIDE}USER_Tagging.html",
    controls=("FSBP RDS.16", "FSBP RDS.17", "FSBP RDS.47"),
    level=Level.ADVISORY,
)
IAM_AUTHENTICATION: Final = rule(
    requires("iamDatabaseAuthenticationEnabled", on, "does not accept IAM tokens"),
    DB_INSTANCE,
    DB_CLUSTER,
    name="rds-iam-authentication",
    title="Databases accept IAM authentication",
    severity=Severity.LOW,
    why="People would share passwords, which nobody can revoke one by one",
    fix="set iam_database_authentication_enabled to true",
    url=f"{_GUIDE}UsingWithRDS.IAMDBAuth.html",
    controls=("FSBP RDS.10", "FSBP RDS.12"),
    level=Level.ADVISORY,
)
ADMIN_NAME: Final = rule(
    only_if(
        lambda subject: not any(present(subject.at(key)) for key in _INHERITED),
        requires(
            "username",
            of_its_own,
            "has a master user whose name everybody guesses",
        ),
    ),
    DB_INSTANCE,
    name="rds-admin-name",
    title="Master users have a name of their own",
    severity=Severity.LOW,
    why="A name that is known is half of a credential",
    fix="choose another username, at creation",
    url=f"{_GUIDE}UsingWithRDS.MasterAccounts.html",
    controls=("FSBP RDS.25",),
    level=Level.ADVISORY,
)
PORT: Final = rule(
    requires(
        "port",
        lambda value: number(value) is not None and number(value) not in _DEFAULT_PORTS,
        "listens on its engine's default port",
    ),
    DB_INSTANCE,
    DB_CLUSTER,
    name="rds-port",
    title="Databases listen on a port of their own",
    severity=Severity.LOW,
    why="Scanners try default ports first; a database that nobody can reach gains little by it",
    fix="set port to another one",
    url=f"{_GUIDE}USER_ModifyInstance.Settings.html",
    controls=("FSBP RDS.23",),
    level=Level.DISABLED,
)

RULES: Final[tuple[Rule, ...]] = (
    STORAGE_ENCRYPTED,
    BACKUPS_ON,
    BACKUPS_KEPT,
    DELETION_PROTECTED,
    FINAL_SNAPSHOT,
    MULTI_AZ,
    LOGS_EXPORTED,
    MONITORED,
    MINOR_UPGRADES,
    TAGS_COPIED,
    IAM_AUTHENTICATION,
    ADMIN_NAME,
    PORT,
)
