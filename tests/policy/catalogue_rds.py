"""Cases of the rules on clusters, proxies, snapshots and notifications."""

from graph import UNKNOWN
from tests.policy.catalogue_case import ABSENT, Case, one

INSTANCE = "aws:rds/instance:Instance"
CLUSTER = "aws:rds/cluster:Cluster"
MEMBER = "aws:rds/clusterInstance:ClusterInstance"
GLOBAL = "aws:rds/globalCluster:GlobalCluster"
PROXY = "aws:rds/proxy:Proxy"
SNAPSHOT = "aws:rds/snapshot:Snapshot"
COPY = "aws:rds/snapshotCopy:SnapshotCopy"
EVENTS = "aws:rds/eventSubscription:EventSubscription"


def members(*identifiers: object) -> dict[str, object]:
    """Return a cluster beside instances of these clusters."""
    return {
        "beside": tuple(
            (MEMBER, f"member-{number}", {"clusterIdentifier": identifier})
            for number, identifier in enumerate(identifiers)
        )
    }


def scaled(low: object, high: object, **more: object) -> dict[str, object]:
    """Return a serverless cluster of these capacities."""
    return {"serverlessv2ScalingConfiguration": {"minCapacity": low, "maxCapacity": high, **more}}


def subscribed(**held: object) -> dict[str, object]:
    """Return a database beside one subscription."""
    return {"beside": ((EVENTS, "events", held),)}


def speaking(version: object) -> dict[str, object]:
    """Return a parameter group that asks for at least this version of TLS."""
    return {"parameters": [{"name": "ssl_min_protocol_version", "value": version}]}


CLUSTERS = [
    Case(
        rule="rds-storage-encrypted",
        type=INSTANCE,
        good=(
            {
                "replicateSourceDb": "main",
                "beside": ((INSTANCE, "main", {"identifier": "main", "storageEncrypted": True}),),
            },
        ),
        bad=({}, {"replicateSourceDb": "main", "storageEncrypted": False}),
        unknown=({"replicateSourceDb": "outside"},),
    ),
    Case(rule="rds-storage-encrypted", type=GLOBAL, **one("storageEncrypted", (True, ABSENT))),
    Case(
        rule="rds-deletion-protected",
        type=GLOBAL,
        **one("deletionProtection", (True, ABSENT, False)),
    ),
    Case(
        rule="rds-cluster-two-instances",
        type=CLUSTER,
        good=(members("subject", "subject"), {"dbClusterInstanceClass": "db.m6gd.large"}),
        bad=({}, members("subject"), members("subject", "other")),
        unknown=(members("subject", UNKNOWN),),
    ),
    Case(
        rule="rds-cluster-admin-name",
        type=CLUSTER,
        good=({"masterUsername": "perpetual"}, {"snapshotIdentifier": "nightly"}),
        bad=({"masterUsername": "postgres"}, {"masterUsername": "Admin"}),
        unknown=({"masterUsername": UNKNOWN},),
    ),
    Case(
        rule="rds-serverless-legal",
        type=CLUSTER,
        good=({}, scaled(0.5, 1), scaled(0, 256, secondsUntilAutoPause=300)),
        bad=(
            scaled(2, 1),
            scaled(0.3, 1),
            scaled(0, 257),
            scaled(0, 0.5),
            scaled(0, 1, secondsUntilAutoPause=60),
            scaled(1, 2, secondsUntilAutoPause=300),
        ),
        unknown=(scaled(UNKNOWN, 2), scaled(1, UNKNOWN)),
    ),
    Case(rule="rds-proxy-tls", type=PROXY, **one("requireTls", (True, ABSENT, False))),
    Case(rule="rds-proxy-quiet", type=PROXY, **one("debugLogging", (False, True, "true"))),
    Case(
        rule="rds-snapshot-private",
        type=SNAPSHOT,
        good=({}, {"sharedAccounts": ["111122223333"]}),
        bad=({"sharedAccounts": ["all"]}, {"sharedAccounts": ["111122223333", "all", UNKNOWN]}),
        unknown=({"sharedAccounts": UNKNOWN}, {"sharedAccounts": [UNKNOWN]}),
    ),
    Case(
        rule="rds-snapshot-encrypted",
        type=SNAPSHOT,
        good=({"dbInstanceIdentifier": "db"},),
        bad=(
            {"dbInstanceIdentifier": "db", "beside": ((INSTANCE, "db", {"identifier": "db"}),)},
            {
                "dbInstanceIdentifier": "db",
                "beside": ((INSTANCE, "db", {"identifier": "db", "storageEncrypted": False}),),
            },
        ),
        unknown=({"dbInstanceIdentifier": "outside"}, {"dbInstanceIdentifier": UNKNOWN}),
        beside=((INSTANCE, "db", {"identifier": "db", "storageEncrypted": True}),),
    ),
    Case(
        rule="rds-snapshot-encrypted",
        type=COPY,
        good=({"kmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/1"}, {"kmsKeyId": UNKNOWN}),
        bad=(),
        unknown=({},),
    ),
    Case(
        rule="rds-events",
        type=INSTANCE,
        good=(
            subscribed(),
            subscribed(sourceType="db-instance"),
            subscribed(eventCategories=["maintenance", "configuration change", "failure", "x"]),
        ),
        bad=(
            {},
            subscribed(enabled=False),
            subscribed(sourceType="db-snapshot"),
            subscribed(sourceType="db-instance", eventCategories=["failure"]),
            subscribed(sourceType="db-instance", sourceIds=["other"]),
        ),
        unknown=(subscribed(eventCategories=UNKNOWN), subscribed(enabled=UNKNOWN)),
    ),
    Case(
        rule="rds-insights-key",
        type=INSTANCE,
        good=(
            {},
            {"performanceInsightsEnabled": True, "performanceInsightsKmsKeyId": UNKNOWN},
        ),
        bad=(
            {"performanceInsightsEnabled": True},
            {"performanceInsightsEnabled": "true", "performanceInsightsKmsKeyId": ""},
        ),
        unknown=({"performanceInsightsEnabled": UNKNOWN},),
    ),
    Case(
        rule="rds-no-literal-password",
        type=INSTANCE,
        good=({}, {"manageMasterUserPassword": True}, {"password": UNKNOWN}),
        bad=({"password": "hunter2hunter2"}, {"masterPassword": "hunter2hunter2"}),
    ),
    Case(
        rule="rds-tls-version",
        type="aws:rds/parameterGroup:ParameterGroup",
        good=({}, speaking("TLSv1.2"), speaking("TLSv1.3")),
        bad=(speaking("TLSv1"), speaking("TLSv1.1")),
        unknown=(speaking(UNKNOWN),),
    ),
]
