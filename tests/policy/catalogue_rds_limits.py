"""Cases of the rules on what RDS refuses."""

from graph import UNKNOWN
from tests.policy.catalogue_case import ABSENT, Case, one

INSTANCE = "aws:rds/instance:Instance"
CLUSTER = "aws:rds/cluster:Cluster"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
SUBNETS = "aws:rds/subnetGroup:SubnetGroup"
SUBNET = "aws:ec2/subnet:Subnet"
REPLICA = (INSTANCE, "replica", {"replicateSourceDb": "subject"})
MYSQL = {"engine": "mysql", "engineVersion": "8.0.36"}
POSTGRES = {"engine": "postgres", "allocatedStorage": 20}


def gp3(**changes: object) -> dict[str, object]:
    """Return Postgres on a small gp3 volume, with these changes."""
    return {**POSTGRES, "storageType": "gp3", **changes}


def grouped(family: object, **changes: object) -> dict[str, object]:
    """Return Postgres 17 beside the parameter group that it names."""
    held = {"engine": "postgres", "engineVersion": "17.2", "parameterGroupName": "own", **changes}
    return {**held, "beside": ((PARAMETERS, "own", {"name": "own", "family": family}),)}


def parameter(
    name: object, method: object = ABSENT, family: str = "postgres17"
) -> dict[str, object]:
    """Return a parameter group that sets one parameter."""
    held = {"name": name, "value": "1"}
    return {
        "family": family,
        "parameters": [held if method is ABSENT else {**held, "applyMethod": method}],
    }


def zoned(*zones: object) -> dict[str, object]:
    """Return a subnet group of one subnet in each of these zones."""
    return {
        "subnetIds": [f"subnet-{number}" for number in range(len(zones))],
        "beside": tuple(
            (SUBNET, f"subnet-{number}", {"id": f"subnet-{number}", "availabilityZone": zone})
            for number, zone in enumerate(zones)
        ),
    }


REFUSED = [
    Case(
        rule="rds-names-legal",
        type=INSTANCE,
        good=({}, {"identifier": "a"}, {"identifier": "a" * 63}, {"identifier": "a-1-b"}),
        bad=(
            {"identifier": "1st"},
            {"identifier": "a--b"},
            {"identifier": "a-"},
            {"identifier": "a_b"},
            {"identifier": "a" * 64},
            {"identifier": "a\n"},
        ),
        unknown=({"identifier": UNKNOWN},),
    ),
    Case(
        rule="rds-names-legal",
        type=SUBNETS,
        **one("name", ("data.a_b c", "default", "1st", "a" * 256)),
    ),
    Case(rule="rds-names-legal", type=PARAMETERS, **one("name", ("pg-17", "pg.17", "-pg"))),
    Case(rule="rds-names-legal", type=CLUSTER, **one("clusterIdentifier", ("main", "a" * 64))),
    Case(
        rule="rds-credentials-legal",
        type=INSTANCE,
        good=(
            {},
            {"engine": "postgres", "username": "a" * 63, "dbName": "app", "password": UNKNOWN},
            {"engine": "mysql", "password": "hunter2-" + "x" * 33},
            {"engine": "postgres", "password": "hunter2 long enough"},
        ),
        bad=(
            {"engine": "postgres", "username": "rdsadmin"},
            {"engine": "postgres", "username": "1st"},
            {"engine": "mysql", "username": "a" * 33},
            {"engine": "postgres", "dbName": "my-app"},
            {"engine": "postgres", "dbName": "template1"},
            {"engine": "sqlserver-ex", "dbName": "app"},
            {"engine": "postgres", "password": "hunter2"},
            {"engine": "postgres", "password": "hunter2@home"},
            {"engine": "mysql", "password": "hunter2-" + "x" * 34},
            {"password": "hunter2-long", "manageMasterUserPassword": True},
        ),
        unknown=({"username": UNKNOWN}, {"engine": UNKNOWN}),
    ),
    Case(
        rule="rds-managed-password-with-replica",
        type=INSTANCE,
        good=(
            {"manageMasterUserPassword": True, "engine": "sqlserver-se", "beside": (REPLICA,)},
            {"manageMasterUserPassword": True, "engine": "oracle-ee", "restoreToPointInTime": {}},
        ),
        bad=(
            {"manageMasterUserPassword": True, "blueGreenUpdate": {"enabled": True}},
            {"manageMasterUserPassword": True, "replicateSourceDb": "main"},
            {"manageMasterUserPassword": True, "restoreToPointInTime": {"a": 1}},
        ),
        unknown=({"manageMasterUserPassword": UNKNOWN, "replicateSourceDb": "main"},),
    ),
    Case(
        rule="rds-windows-legal",
        type=INSTANCE,
        good=(
            {},
            {"backupWindow": "02:00-03:00", "maintenanceWindow": "Sun:03:00-Sun:04:00"},
            {"backupWindow": "23:45-00:15", "maintenanceWindow": "mon:00:15-mon:00:45"},
        ),
        bad=(
            {"backupWindow": "2:00-3:00"},
            {"backupWindow": "24:00-25:00"},
            {"backupWindow": "02:00-02:29"},
            {"maintenanceWindow": "03:00-04:00"},
            {"maintenanceWindow": "sun:03:00-sun:03:10"},
            {"backupWindow": "02:00-03:00", "maintenanceWindow": "sun:02:59-sun:03:59"},
            {"backupWindow": "23:30-00:30", "maintenanceWindow": "sun:00:00-sun:01:00"},
        ),
        unknown=({"backupWindow": UNKNOWN},),
    ),
    Case(
        rule="rds-backup-period-legal",
        type=INSTANCE,
        good=({}, {"backupRetentionPeriod": 35}, {"backupRetentionPeriod": 0}),
        bad=(
            {"backupRetentionPeriod": 36},
            {"backupRetentionPeriod": -1},
            {"backupRetentionPeriod": 0, "beside": (REPLICA,)},
        ),
        unknown=({"backupRetentionPeriod": UNKNOWN},),
    ),
    Case(rule="rds-backup-period-legal", type=CLUSTER, **one("backupRetentionPeriod", (1, 0))),
    Case(rule="rds-port-legal", type=INSTANCE, **one("port", (1150, 1149, 65536, "x"))),
    Case(
        rule="rds-final-snapshot-named",
        type=INSTANCE,
        good=(
            {"skipFinalSnapshot": True},
            {"finalSnapshotIdentifier": "last-one"},
            {"replicateSourceDb": "main"},
        ),
        bad=({}, {"skipFinalSnapshot": False}, {"finalSnapshotIdentifier": "last--one"}),
        unknown=({"skipFinalSnapshot": UNKNOWN}, {"finalSnapshotIdentifier": UNKNOWN}),
    ),
    Case(
        rule="rds-storage-legal",
        type=INSTANCE,
        good=(
            {},
            gp3(),
            gp3(iops=3000, storageThroughput=125),
            gp3(allocatedStorage=400, iops=12000, storageThroughput=500),
            gp3(allocatedStorage=400.0, iops=64000, storageThroughput=4000),
            gp3(engine="sqlserver-se", iops=4000),
            gp3(storageType="io1", allocatedStorage=100, iops=5000),
            gp3(storageType="io2", allocatedStorage=100, iops=100000),
        ),
        bad=(
            gp3(iops=4000),
            gp3(allocatedStorage=399, storageThroughput=500),
            gp3(allocatedStorage=19),
            gp3(allocatedStorage=65537),
            gp3(allocatedStorage=400, iops=11999),
            gp3(allocatedStorage=400, storageThroughput=4001),
            gp3(storageType="gp2", iops=3000),
            gp3(storageType="gp2", storageThroughput=125),
            gp3(storageType="io1", allocatedStorage=100),
            gp3(storageType="io1", allocatedStorage=100, iops=5001),
            gp3(storageType="io1", allocatedStorage=100, iops=999),
            gp3(storageType="io2", allocatedStorage=99, iops=1000),
            gp3(storageType="ssd"),
        ),
        unknown=(gp3(iops=UNKNOWN), gp3(allocatedStorage=UNKNOWN)),
    ),
    Case(
        rule="rds-storage-growth-legal",
        type=INSTANCE,
        good=(
            {"allocatedStorage": 100, "maxAllocatedStorage": 110},
            {"allocatedStorage": 100, "maxAllocatedStorage": 0},
            {"maxAllocatedStorage": 100},
        ),
        bad=(
            {"allocatedStorage": 100, "maxAllocatedStorage": 109},
            {"allocatedStorage": 100, "maxAllocatedStorage": 50},
            {"allocatedStorage": 100, "maxAllocatedStorage": 200, "storageType": "standard"},
        ),
        unknown=({"allocatedStorage": UNKNOWN, "maxAllocatedStorage": 100},),
    ),
    Case(
        rule="rds-origin-legal",
        type=INSTANCE,
        good=(POSTGRES, {"replicateSourceDb": UNKNOWN}, {"engine": "aurora-postgresql"}),
        bad=(
            {},
            {"engine": "postgres"},
            {"replicateSourceDb": "main", "snapshotIdentifier": "nightly"},
        ),
        unknown=({"engine": UNKNOWN},),
    ),
    Case(
        rule="rds-class-legal",
        type=INSTANCE,
        good=(
            {},
            {"engine": "postgres", "engineVersion": "13.7", "instanceClass": "db.r7g.large"},
            {"engine": "sqlserver-ex", "instanceClass": "db.t3.small"},
        ),
        bad=(
            {"instanceClass": "t4g.micro"},
            {"engine": "postgres", "engineVersion": "11.22", "instanceClass": "db.t4g.micro"},
            {"engine": "postgres", "engineVersion": "12.19", "instanceClass": "db.m7g.large"},
            {"engine": "mysql", "engineVersion": "5.7.44", "instanceClass": "db.t4g.micro"},
            {"engine": "oracle-se2", "instanceClass": "db.m6g.large"},
        ),
        unknown=({"engine": "mysql", "instanceClass": UNKNOWN},),
    ),
    Case(
        rule="rds-insights-legal",
        type=INSTANCE,
        good=(
            {"performanceInsightsRetentionPeriod": 8},
            {"performanceInsightsEnabled": True, "performanceInsightsRetentionPeriod": 93},
            {
                "performanceInsightsEnabled": True,
                "engine": "postgres",
                "instanceClass": "db.t3.micro",
            },
        ),
        bad=(
            {"performanceInsightsEnabled": True, "performanceInsightsRetentionPeriod": 94},
            {"performanceInsightsEnabled": True, "performanceInsightsRetentionPeriod": 744},
            {
                "performanceInsightsEnabled": True,
                "engine": "mysql",
                "instanceClass": "db.t4g.micro",
            },
            {
                "performanceInsightsEnabled": True,
                "performanceInsightsRetentionPeriod": 7,
                "databaseInsightsMode": "advanced",
            },
        ),
        unknown=({"performanceInsightsEnabled": UNKNOWN},),
    ),
    Case(
        rule="rds-monitoring-legal",
        type=INSTANCE,
        good=(
            {},
            {"monitoringInterval": 60, "monitoringRoleArn": UNKNOWN},
            {"monitoringInterval": 0},
        ),
        bad=(
            {"monitoringInterval": 60},
            {"monitoringInterval": 20, "monitoringRoleArn": UNKNOWN},
            {"monitoringRoleArn": "arn:aws:iam::111122223333:role/monitor"},
        ),
        unknown=({"monitoringInterval": UNKNOWN},),
    ),
    Case(
        rule="rds-parameters-fit",
        type=INSTANCE,
        good=(
            {},
            grouped("postgres17"),
            grouped("mysql8.0", **MYSQL),
        ),
        bad=(
            grouped("postgres16"),
            grouped("aurora-postgresql17"),
            grouped("mysql8.0", engine="mysql", engineVersion="8.4.3"),
        ),
        unknown=(grouped(UNKNOWN), grouped("postgres17", engineVersion=UNKNOWN)),
    ),
    Case(
        rule="rds-static-parameters",
        type=PARAMETERS,
        good=(
            {},
            parameter("max_connections", "pending-reboot"),
            parameter("work_mem"),
            parameter("max_connections", family="mysql8.0"),
        ),
        bad=(parameter("max_connections"), parameter("shared_buffers", "immediate")),
        unknown=(
            {"family": "postgres17", "parameters": UNKNOWN},
            parameter("max_connections", UNKNOWN),
            parameter(UNKNOWN),
        ),
    ),
    Case(
        rule="rds-subnets-two-zones",
        type=SUBNETS,
        good=(zoned("eu-west-1a", "eu-west-1b"), {"subnetIds": ["subnet-x", "subnet-y"]}),
        bad=(zoned("eu-west-1a"), zoned("eu-west-1a", "eu-west-1a"), {}),
        unknown=({"subnetIds": UNKNOWN},),
    ),
]
