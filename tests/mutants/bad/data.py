"""Worse databases: public, plain, unprotected, in one zone, or of a kind AWS refuses late."""

from typing import Any, Final

from graph.tokens import (
    DB_CLUSTER,
    DB_CLUSTER_INSTANCE,
    DB_INSTANCE,
    DB_PROXY,
    DB_SUBNET_GROUP,
    SECURITY_GROUP,
    SUBNET,
)
from tests.mutants.bad.network import subnets
from tests.mutants.operators import Made, false, is_set, operator, operators, over, true, weaken
from tests.mutants.stack import DROP, Ref, Stack, within

DATABASES = (
    *weaken(
        "data",
        DB_INSTANCE,
        ("publiclyAccessible", (True,), "RDS gives it an address of the internet", false),
        ("backupRetentionPeriod", (0, 1, DROP), "yesterday is gone", over(1)),
        ("autoMinorVersionUpgrade", (False,), "known holes stay open", true),
        ("iamDatabaseAuthenticationEnabled", (False, DROP), "a password is the only way in", true),
        ("enabledCloudwatchLogsExports", ([], DROP), "nobody sees what was asked", is_set),
        ("monitoringInterval", (0, DROP), "nobody sees the host's memory and disk", over(0)),
        ("copyTagsToSnapshot", (False, DROP), "snapshots belong to nobody", true),
        ("username", ("postgres", "admin"), "the first name everybody tries", is_set),
        ("performanceInsightsEnabled", (False, DROP), "nobody sees what waits for what", true),
        ("engineVersion", ("11", "12.4"), "out of support: nobody closes its holes", is_set),
    ),
    *weaken(
        "KMS",
        DB_INSTANCE,
        ("kmsKeyId", (DROP,), "AWS's own key cannot be taken away from anybody", is_set),
        ("performanceInsightsKmsKeyId", (DROP,), "the same for its queries", is_set),
    ),
    *weaken(
        "protection",
        DB_INSTANCE,
        ("deletionProtection", (False, DROP), "one wrong key and the rows are gone", true),
        ("skipFinalSnapshot", (True,), "a deletion cannot be undone", false),
        ("deleteAutomatedBackups", (True, DROP), "backups go with the database", false),
    ),
    *weaken(
        "availability",
        DB_INSTANCE,
        ("multiAz", (False, DROP), "the loss of one zone takes the database down", true),
        ("applyImmediately", (True,), "a change restarts the database at noon", false),
        ("maxAllocatedStorage", (DROP, 0), "a full disk stops the database", over(0)),
    ),
)


@operator("data", "the disk and its snapshots are readable")
def store_in_plain(stack: Stack) -> Made:
    """Let each database store in plain; a replica that says nothing has its source's key."""
    for item in stack.of(DB_INSTANCE):
        yield f"{item.name} off", stack.put(item, "storageEncrypted", value=False)
        if not is_set(within(item, "replicateSourceDb")):
            yield f"{item.name} dropped", stack.cut(item, "storageEncrypted")


ILLEGAL: Final[tuple[tuple[str, Any, str], ...]] = (
    ("allocatedStorage", 5, "gp3 starts at 20 GiB"),
    ("maxAllocatedStorage", 10, "the most is less than the least"),
    ("storageType", "io1", "io1 needs iops"),
    ("identifier", "perpetual--postgres", "two hyphens in a row"),
    ("identifier", "1st-postgres", "a name begins with a letter"),
    ("dbName", "app-main", "a name has no hyphen"),
    ("dbName", "1app", "a name begins with a letter"),
    ("username", "rdsadmin", "the name is RDS's own"),
    ("monitoringRoleArn", DROP, "enhanced monitoring needs a role"),
    ("backupWindow", "04:30-05:30", "it overlaps the maintenance window on Sunday"),
    ("performanceInsightsRetentionPeriod", 30, "7, months of 31 days, or 731"),
    ("monitoringInterval", 7, "0, 1, 5, 10, 15, 30 or 60"),
    ("finalSnapshotIdentifier", DROP, "a final snapshot needs a name"),
    ("finalSnapshotIdentifier", "final--snapshot", "two hyphens in a row"),
    ("backupRetentionPeriod", 36, "35 days are the most"),
    ("port", 80, "RDS takes ports from 1150"),
    ("engineVersion", "99", "there is no such version"),
)
"""What RDS refuses, but only at the end of a long `up`."""


@operator("data", "AWS refuses it at the end of a long update, and the stack is half changed")
def ask_what_rds_refuses(stack: Stack) -> Made:
    """Set each illegal value where a legal one stands."""
    for item in stack.of(DB_INSTANCE):
        for path, value, why in ILLEGAL:
            if not is_set(within(item, path)) or (
                path == "backupRetentionPeriod" and within(item, path) == 0
            ):
                continue
            shown = "dropped" if value is DROP else repr(value)
            yield f"{item.name} {path} {shown} ({why})", stack.put(item, path, value)


@operator("data", "RDS refuses replicas of what has no backups, or whose password it manages")
def break_the_source_of_a_replica(stack: Stack) -> Made:
    """Let each source of a replica be one that RDS refuses to copy."""
    for replica in stack.of(DB_INSTANCE):
        for source in stack.targets(replica, "replicateSourceDb", DB_INSTANCE):
            yield f"{source.name} backups", stack.put(source, "backupRetentionPeriod", 0)
            managed = stack.cut(source, "password").put(source, "manageMasterUserPassword", True)  # noqa: FBT003 - a property's value
            yield f"{source.name} managed password", managed


@operator("data", "rows in plain sight: a copy of the database for every account, or for this one")
def share_snapshots(stack: Stack) -> Made:
    """Add a snapshot that is shared with everybody."""
    for item in stack.of(DB_INSTANCE):
        yield (
            item.name,
            stack.plus(
                "aws:rds/snapshot:Snapshot",
                "shared",
                dbInstanceIdentifier=Ref(item.urn, "identifier"),
                dbSnapshotIdentifier="shared",
                sharedAccounts=["all"],
            ),
        )


@operator(
    "data", "a proxy without TLS, or in front of another group, undoes what the database demands"
)
def add_a_bad_proxy(stack: Stack) -> Made:
    """Put a proxy before the database that takes plain connections, or in the wrong tier."""
    group = stack.targets(stack.of(DB_INSTANCE)[0], "vpcSecurityGroupIds", SECURITY_GROUP)[0]
    for name, tier, tls in (("plain", "data", False), ("public", "public", True)):
        yield (
            name,
            stack.plus(
                DB_PROXY,
                "proxy",
                engineFamily="POSTGRESQL",
                requireTls=tls,
                vpcSubnetIds=[Ref(item.urn) for item in subnets(stack, tier)],
                vpcSecurityGroupIds=[Ref(group.urn)],
                roleArn="arn:aws:iam::111122223333:role/proxy",
                auths=[
                    {
                        "authScheme": "SECRETS",
                        "secretArn": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db",
                    }
                ],
            ),
        )


CLUSTER: Final[dict[str, Any]] = {
    "engine": "aurora-postgresql",
    "engineVersion": "17.4",
    "storageEncrypted": True,
    "backupRetentionPeriod": 14,
    "deletionProtection": True,
    "manageMasterUserPassword": True,
    "masterUsername": "perpetual",
    "enabledCloudwatchLogsExports": ["postgresql"],
    "iamDatabaseAuthenticationEnabled": True,
    "copyTagsToSnapshot": True,
    "finalSnapshotIdentifier": "aurora-final",
    "skipFinalSnapshot": False,
}


@operator("data", "the same fault in Aurora's spelling")
def add_a_bad_cluster(stack: Stack) -> Made:
    """Add an Aurora cluster with one fault of an instance."""
    faults: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "plain storage": ({"storageEncrypted": False}, {}),
        "public": ({}, {"publiclyAccessible": True}),
        "old certificate": ({}, {"caCertIdentifier": "rds-ca-2019"}),
        "version before TLS by default": ({"engineVersion": "15.4"}, {}),
        "one day of backups": ({"backupRetentionPeriod": 1}, {}),
        "no logs": ({"enabledCloudwatchLogsExports": []}, {}),
        "first name everybody tries": ({"masterUsername": "postgres"}, {}),
    }
    group = stack.targets(stack.of(DB_INSTANCE)[0], "vpcSecurityGroupIds", SECURITY_GROUP)[0]
    for name, (cluster, member) in faults.items():
        made = stack.plus(
            DB_CLUSTER,
            "aurora",
            **CLUSTER | cluster,
            clusterIdentifier="aurora",
            dbSubnetGroupName=Ref(stack.one(DB_SUBNET_GROUP).urn, "name"),
            vpcSecurityGroupIds=[Ref(group.urn)],
        )
        made = made.plus(
            DB_CLUSTER_INSTANCE,
            "aurora-a",
            clusterIdentifier=Ref(made.named("aurora").urn, "clusterIdentifier"),
            engine="aurora-postgresql",
            instanceClass="db.r8g.large",
            **{"caCertIdentifier": "rds-ca-rsa2048-g1", "publiclyAccessible": False} | member,
        )
        yield name, made


@operator("availability", "a database that is in one zone goes with it")
def keep_databases_in_one_zone(stack: Stack) -> Made:
    """Leave one subnet in each subnet group."""
    for group in stack.of(DB_SUBNET_GROUP):
        for subnet in stack.targets(group, "subnetIds", SUBNET):
            yield f"{group.name} {subnet.name}", stack.relink(group, "subnetIds", [subnet])


OPERATORS: Final = operators(globals())
