"""Rules on what stands around database instances: clusters, proxies, snapshots, notifications."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from graph import UNKNOWN
from graph.tokens import DB_CLUSTER, DB_CLUSTER_INSTANCE, DB_INSTANCE, DB_PROXY
from rules.limits import LATE, outside
from rules.rds import of_its_own
from rules.rule import Level, Rule, Severity
from rules.subject import (
    Fault,
    Subject,
    not_on,
    number,
    on,
    only_if,
    present,
    requires,
    rule,
    unknown,
)

_SNAPSHOTS: Final = {
    "aws:rds/snapshot:Snapshot": ("dbInstanceIdentifier", DB_INSTANCE),
    "aws:rds/clusterSnapshot:ClusterSnapshot": ("dbClusterIdentifier", DB_CLUSTER),
}
_COPIES: Final = (
    "aws:rds/snapshotCopy:SnapshotCopy",
    "aws:rds/clusterSnapshotCopy:ClusterSnapshotCopy",
)
_SUBSCRIPTION: Final = "aws:rds/eventSubscription:EventSubscription"
_GUIDE: Final = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/"
_AURORA: Final = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
_MEMBERS: Final = 2
_CAPACITY: Final = "serverlessv2ScalingConfiguration"
_MOST: Final = 256

# https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html
_WANTED: Final = {
    DB_INSTANCE: ("db-instance", ("maintenance", "configuration change", "failure")),
    DB_CLUSTER: ("db-cluster", ("maintenance", "failure")),
}


def _members(subject: Subject) -> Iterator[Fault]:
    if present(subject.at("dbClusterInstanceClass")):
        return  # a Multi-AZ cluster: RDS itself makes three instances in three zones
    members = subject.peers("clusterIdentifier", DB_CLUSTER_INSTANCE)
    if len(members) < _MEMBERS:
        lost = [
            item
            for item in subject.graph.index.of(DB_CLUSTER_INSTANCE)
            if item.properties.get("clusterIdentifier") is UNKNOWN and item not in members
        ]
        if lost:
            yield Fault("has two instances or more", "clusterIdentifier", undetermined=True)
        else:
            yield Fault("has fewer than two instances, so none to fail over to", "id")


def _capacity(subject: Subject) -> Iterator[Fault]:
    held = subject.at(_CAPACITY)
    if held is None:
        return
    low, high = subject.at(f"{_CAPACITY}.minCapacity"), subject.at(f"{_CAPACITY}.maxCapacity")
    pause = subject.at(f"{_CAPACITY}.secondsUntilAutoPause")
    yield from outside(low, f"{_CAPACITY}.minCapacity", 0, _MOST, "ACUs")
    yield from outside(high, f"{_CAPACITY}.maxCapacity", 1, _MOST, "ACUs")
    yield from outside(pause, f"{_CAPACITY}.secondsUntilAutoPause", 300, 86400, "s")
    least, most = number(low), number(high)
    for value in (least, most):
        if value is not None and (value * 2) % 1:
            yield Fault(f"has {value:g} ACUs, which is no multiple of 0.5", _CAPACITY)
    if least is not None and most is not None and least > most:
        yield Fault(f"has at least {least:g} ACUs and at most {most:g}", _CAPACITY)
    if least and number(pause):
        yield Fault("pauses by itself, which takes a minCapacity of 0", _CAPACITY)


def _shared(subject: Subject) -> Iterator[Fault]:
    path = "sharedAccounts"
    value = subject.at(path)
    items = value if isinstance(value, list) else [value]
    if "all" in items:
        yield Fault("is shared with every AWS account", path)
    elif UNKNOWN in items:
        yield unknown(path)


def _snapshot_encrypted(subject: Subject) -> Iterator[Fault]:
    if subject.type in _COPIES:
        if subject.at("kmsKeyId") is None:
            yield unknown("kmsKeyId")  # as encrypted as what it copies
        return
    path, kind = _SNAPSHOTS[subject.type]
    link = subject.graph.index.link(subject.resource, path, subject.at(path), (kind,))
    source = subject.graph.index.by_urn.get(link.urn or "") if link else None
    encrypted = source.properties.get("storageEncrypted") if source else UNKNOWN
    if encrypted is UNKNOWN:
        yield unknown(path)
    elif not on(encrypted):
        yield Fault("is as plain as the database that it is taken of", path)


def _covered(held: Mapping[str, Any], kind: str, wanted: tuple[str, ...]) -> bool | None:
    """Tell whether a subscription covers these events; `None` if it cannot be told."""
    values = [held.get(key) for key in ("enabled", "sourceType", "eventCategories", "sourceIds")]
    enabled, source, categories, sources = values
    if not_on(enabled) and enabled is not None:
        return False
    if source not in (None, "", kind, UNKNOWN) or (present(sources) and sources is not UNKNOWN):
        return False
    if UNKNOWN in values or (isinstance(categories, list) and UNKNOWN in categories):
        return None
    return not categories or (isinstance(categories, list) and set(wanted) <= {*categories})


def _events(subject: Subject) -> Iterator[Fault]:
    kind, wanted = _WANTED[subject.type]
    found = [
        _covered(item.properties, kind, wanted) for item in subject.graph.index.of(_SUBSCRIPTION)
    ]
    if True in found:
        return
    if None in found:
        yield unknown("eventCategories")
    else:
        yield Fault(f"tells nobody of {', '.join(wanted)}", "id")


def _insights_key(subject: Subject) -> Iterator[Fault]:
    enabled = subject.at("performanceInsightsEnabled")
    if enabled is UNKNOWN:
        yield unknown("performanceInsightsEnabled")
    elif on(enabled) and subject.at("performanceInsightsKmsKeyId") in (None, ""):
        yield Fault("keeps its queries' texts under AWS's key", "performanceInsightsKmsKeyId")


MEMBERS: Final = rule(
    _members,
    DB_CLUSTER,
    name="rds-cluster-two-instances",
    title="Clusters have an instance to fail over to",
    severity=Severity.MEDIUM,
    why="A lost instance is made anew, which takes ten minutes, instead of failed over from",
    fix="add a ClusterInstance in another zone",
    url=f"{_AURORA}Concepts.AuroraHighAvailability.html",
    controls=("FSBP RDS.15",),
    level=Level.DISABLED,
    production=Level.MANDATORY,
)
ADMIN_NAME: Final = rule(
    only_if(
        lambda subject: (
            not any(
                present(subject.at(key))
                for key in ("snapshotIdentifier", "restoreToPointInTime", "globalClusterIdentifier")
            )
        ),
        requires(
            "masterUsername",
            of_its_own,
            "has a master user whose name everybody guesses",
        ),
    ),
    DB_CLUSTER,
    name="rds-cluster-admin-name",
    title="Master users of clusters have a name of their own",
    severity=Severity.LOW,
    why="A name that is known is half of a credential",
    fix="choose another master_username, at creation",
    url=f"{_AURORA}UsingWithRDS.MasterAccounts.html",
    controls=("FSBP RDS.24",),
    level=Level.ADVISORY,
)
CAPACITY: Final = rule(
    _capacity,
    DB_CLUSTER,
    name="rds-serverless-legal",
    title="Serverless clusters scale within what Aurora has",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="set min_capacity to 0 to 256 ACUs, and max_capacity to 1 to 256, not below it",
    url=f"{_AURORA}aurora-serverless-v2.setting-capacity.html",
)
PROXY_TLS: Final = rule(
    requires("requireTls", on, "takes plain connections"),
    DB_PROXY,
    name="rds-proxy-tls",
    title="Proxies take TLS connections only",
    severity=Severity.HIGH,
    why="Passwords and rows cross the network in plain text, whatever the database demands",
    fix="set require_tls to true",
    url=f"{_GUIDE}rds-proxy.howitworks.html",
    controls=("FSBP RDS.43",),
)
PROXY_DEBUG: Final = rule(
    requires("debugLogging", not_on, "writes the text of queries to its log"),
    DB_PROXY,
    name="rds-proxy-quiet",
    title="Proxies do not log queries",
    severity=Severity.MEDIUM,
    why="Queries hold what customers typed, and their log is read by more people than the database",
    fix="leave debug_logging false; RDS switches it off after a day anyway",
    url=f"{_GUIDE}rds-proxy-monitoring.html",
    level=Level.ADVISORY,
)
SNAPSHOT_PRIVATE: Final = rule(
    _shared,
    *_SNAPSHOTS,
    *_COPIES,
    name="rds-snapshot-private",
    title="Snapshots are shared with named accounts only",
    severity=Severity.CRITICAL,
    why="Whoever has an AWS account restores the database from it",
    fix="name accounts in shared_accounts, or none",
    url=f"{_GUIDE}USER_ShareSnapshot.html",
    controls=("FSBP RDS.1",),
)
SNAPSHOT_ENCRYPTED: Final = rule(
    _snapshot_encrypted,
    *_SNAPSHOTS,
    *_COPIES,
    name="rds-snapshot-encrypted",
    title="Snapshots are encrypted",
    severity=Severity.MEDIUM,
    why="A snapshot is the whole database, in one piece that can be shared",
    fix="encrypt the database, or copy the snapshot with a kms_key_id",
    url=f"{_GUIDE}USER_CopySnapshot.html",
    controls=("FSBP RDS.4",),
)
EVENTS: Final = rule(
    _events,
    *_WANTED,
    name="rds-events",
    title="Somebody is told of what happens to databases",
    severity=Severity.LOW,
    why="Failovers, full disks and forced maintenance show up as slow requests only",
    fix="add an EventSubscription for the database's kind, to a topic that somebody reads",
    url=f"{_GUIDE}USER_Events.overview.html",
    controls=("FSBP RDS.19", "FSBP RDS.20", "FSBP RDS.21"),
    level=Level.DISABLED,
)
INSIGHTS_KEY: Final = rule(
    _insights_key,
    DB_INSTANCE,
    DB_CLUSTER_INSTANCE,
    name="rds-insights-key",
    title="Performance Insights are encrypted with a key of the stack's",
    severity=Severity.LOW,
    why="Texts of queries may hold data, under a key whose use nobody can restrict",
    fix="set performance_insights_kms_key_id, at creation",
    url=f"{_GUIDE}USER_PerfInsights.access-control.html",
    level=Level.ADVISORY,
)

RULES: Final[tuple[Rule, ...]] = (
    MEMBERS,
    ADMIN_NAME,
    CAPACITY,
    PROXY_TLS,
    PROXY_DEBUG,
    SNAPSHOT_PRIVATE,
    SNAPSHOT_ENCRYPTED,
    EVENTS,
    INSIGHTS_KEY,
)
