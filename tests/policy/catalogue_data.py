"""Cases of the rules on databases, buckets, images, keys, logs and parameters."""

from collections.abc import Mapping

from graph import UNKNOWN
from tests.policy.catalogue_case import ABSENT, Case, allow, one, policy

INSTANCE = "aws:rds/instance:Instance"
BUCKET = "aws:s3/bucket:Bucket"
REPOSITORY = "aws:ecr/repository:Repository"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
KEY = "aws:kms/key:Key"
PARAMETER = "aws:ssm/parameter:Parameter"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
REPLICA = (INSTANCE, "replica", {"replicateSourceDb": "subject"})

ALL_BLOCKED = {
    "bucket": "subject",
    "blockPublicAcls": True,
    "blockPublicPolicy": True,
    "ignorePublicAcls": True,
    "restrictPublicBuckets": True,
}
TLS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
EVERYBODY = allow("s3:GetObject", Principal="*")
ONE_ACCOUNT = allow("s3:GetObject", Principal={"AWS": "arn:aws:iam::111122223333:root"})
OWN_CALLERS = allow(
    "kms:Decrypt",
    Principal={"AWS": "*"},
    Condition={"StringEquals": {"kms:CallerAccount": "111122223333"}},
)
LOOSE_CALLERS = allow(
    "kms:Decrypt",
    Principal={"AWS": ["*"]},
    Condition={"StringNotEquals": {"kms:CallerAccount": "111122223333"}},
)


def blocked(**changes: object) -> dict[str, object]:
    """Return a bucket with a public access block that differs in these."""
    return {"beside": ((BLOCK, "block", {**ALL_BLOCKED, **changes}),)}


def guarded(*statements: Mapping[str, object], **changes: object) -> dict[str, object]:
    """Return a bucket with a policy of these statements."""
    held = {"bucket": "subject", **policy(*statements), **changes}
    return {"beside": ((BUCKET_POLICY, "policy", held),)}


RDS = [
    Case(
        rule="rds-storage-encrypted",
        type=INSTANCE,
        good=({"storageEncrypted": True}, {"storageEncrypted": "true"}),
        bad=({}, {"storageEncrypted": False}),
        unknown=({"storageEncrypted": UNKNOWN}, {"snapshotIdentifier": "nightly"}),
    ),
    Case(
        rule="rds-backups-on",
        type=INSTANCE,
        good=({"backupRetentionPeriod": 1.0}, {"replicateSourceDb": "primary"}),
        bad=({}, {"backupRetentionPeriod": 0}),
        unknown=({"backupRetentionPeriod": UNKNOWN},),
    ),
    Case(
        rule="rds-backups-kept",
        type=INSTANCE,
        good=({"backupRetentionPeriod": 7}, {"replicateSourceDb": UNKNOWN}),
        bad=({}, {"backupRetentionPeriod": 6}),
        unknown=({"backupRetentionPeriod": UNKNOWN},),
    ),
    Case(
        rule="rds-deletion-protected",
        type=INSTANCE,
        **one("deletionProtection", (True, ABSENT, False)),
    ),
    Case(
        rule="rds-final-snapshot",
        type=INSTANCE,
        good=({}, {"skipFinalSnapshot": False}, {"replicateSourceDb": "a", "skipFinalSnapshot": 1}),
        bad=({"skipFinalSnapshot": True}, {"skipFinalSnapshot": "true"}),
        unknown=({"skipFinalSnapshot": UNKNOWN},),
    ),
    Case(rule="rds-multi-az", type=INSTANCE, **one("multiAz", (True, ABSENT, False))),
    Case(
        rule="rds-logs-exported",
        type=INSTANCE,
        good=(
            {"engine": "postgres", "enabledCloudwatchLogsExports": ["postgresql"]},
            {"engine": "mysql", "enabledCloudwatchLogsExports": ["error"]},
        ),
        bad=(
            {"engine": "postgres"},
            {"engine": "postgres", "enabledCloudwatchLogsExports": ["upgrade"]},
            {"engine": "mysql", "enabledCloudwatchLogsExports": []},
        ),
        unknown=(
            {"engine": "postgres", "enabledCloudwatchLogsExports": UNKNOWN},
            {"engine": "postgres", "enabledCloudwatchLogsExports": [UNKNOWN]},
        ),
    ),
    Case(
        rule="rds-enhanced-monitoring",
        type=INSTANCE,
        **one("monitoringInterval", (60, ABSENT, 0)),
    ),
    Case(
        rule="rds-minor-upgrades",
        type=INSTANCE,
        good=({}, {"autoMinorVersionUpgrade": True}),
        bad=({"autoMinorVersionUpgrade": False}, {"autoMinorVersionUpgrade": "false"}),
        unknown=({"autoMinorVersionUpgrade": UNKNOWN},),
    ),
    Case(rule="rds-tags-copied", type=INSTANCE, **one("copyTagsToSnapshot", (True, ABSENT, False))),
    Case(
        rule="rds-iam-authentication",
        type=INSTANCE,
        **one("iamDatabaseAuthenticationEnabled", (True, ABSENT, False)),
    ),
    Case(
        rule="rds-admin-name", type=INSTANCE, **one("username", ("perpetual", "postgres", "Admin"))
    ),
    Case(rule="rds-port", type=INSTANCE, **one("port", (6543, 5432, 3306, ABSENT))),
    Case(
        rule="rds-managed-password-with-replica",
        type=INSTANCE,
        good=({"manageMasterUserPassword": True, "beside": ()}, {}),
        bad=({"manageMasterUserPassword": True}, {"manageMasterUserPassword": "true"}),
        unknown=({"manageMasterUserPassword": UNKNOWN},),
        beside=(REPLICA,),
    ),
]

STORAGE = [
    Case(
        rule="s3-public-access-blocked",
        type=BUCKET,
        good=(blocked(),),
        bad=({}, blocked(blockPublicPolicy=False), blocked(bucket="another")),
        unknown=(blocked(ignorePublicAcls=UNKNOWN),),
    ),
    Case(
        rule="s3-tls-only",
        type=BUCKET,
        good=(guarded(TLS_ONLY), guarded(ONE_ACCOUNT, TLS_ONLY)),
        bad=(
            {},
            guarded(ONE_ACCOUNT),
            guarded({**TLS_ONLY, "Effect": "Allow"}),
            guarded({**TLS_ONLY, "Action": "s3:PutObject"}),
            guarded({**TLS_ONLY, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
            guarded(TLS_ONLY, policy="[]"),
        ),
        unknown=(guarded(TLS_ONLY, policy=UNKNOWN),),
    ),
    Case(
        rule="s3-policy-not-public",
        type=BUCKET_POLICY,
        good=(policy(TLS_ONLY, ONE_ACCOUNT), {"policy": {"Statement": ONE_ACCOUNT}}),
        bad=(
            policy(EVERYBODY),
            policy({**EVERYBODY, "Principal": {"AWS": ["*"]}}),
            policy({**EVERYBODY, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
            {"policy": "not JSON"},
        ),
        unknown=({"policy": UNKNOWN},),
    ),
    Case(
        rule="s3-no-acl", type=BUCKET, **one("acl", (ABSENT, "public-read", "authenticated-read"))
    ),
    Case(
        rule="s3-lifecycle",
        type=BUCKET,
        good=(
            {
                "beside": (
                    (
                        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
                        "lifecycle",
                        {"bucket": "subject"},
                    ),
                )
            },
        ),
        bad=({}, blocked()),
    ),
    Case(
        rule="ecr-scan",
        type=REPOSITORY,
        **one("imageScanningConfiguration.scanOnPush", (True, ABSENT, False)),
    ),
    Case(
        rule="ecr-immutable",
        type=REPOSITORY,
        **one("imageTagMutability", ("IMMUTABLE", ABSENT, "MUTABLE")),
    ),
    Case(
        rule="ecr-lifecycle",
        type=REPOSITORY,
        good=(
            {
                "beside": (("aws:ecr/lifecyclePolicy:LifecyclePolicy", "x", {"repository": "r"}),),
                "name": "r",
            },
        ),
        bad=(
            {},
            {
                "beside": (("aws:ecr/lifecyclePolicy:LifecyclePolicy", "x", {"repository": "q"}),),
                "name": "r",
            },
        ),
    ),
    Case(
        rule="ecr-not-public",
        type="aws:ecr/repositoryPolicy:RepositoryPolicy",
        good=(policy(ONE_ACCOUNT),),
        bad=(policy(EVERYBODY), policy(ONE_ACCOUNT, EVERYBODY)),
        unknown=({"policy": UNKNOWN},),
    ),
    Case(
        rule="kms-rotation",
        type=KEY,
        good=({"enableKeyRotation": True}, {"customerMasterKeySpec": "RSA_4096"}),
        bad=({}, {"enableKeyRotation": False}),
        unknown=({"enableKeyRotation": UNKNOWN},),
    ),
    Case(
        rule="kms-not-public",
        type=KEY,
        good=({}, policy(ONE_ACCOUNT), policy(OWN_CALLERS)),
        bad=(policy(EVERYBODY), policy(LOOSE_CALLERS), {"policy": "3"}),
        unknown=({"policy": UNKNOWN},),
    ),
    Case(rule="logs-retention", type=LOG_GROUP, **one("retentionInDays", (30, ABSENT, 0))),
    Case(
        rule="logs-encrypted",
        type=LOG_GROUP,
        good=({"kmsKeyId": "arn:aws:kms:eu-west-1:1:key/a"}, {"kmsKeyId": UNKNOWN}),
        bad=({}, {"kmsKeyId": ""}),
    ),
    Case(
        rule="ssm-secure-string",
        type=PARAMETER,
        good=(
            {"type": "SecureString", "name": "/app/DB_PASSWORD", "value": "hunter2"},
            {"type": "String", "name": "/app/release", "value": "sha256:" + "a1" * 32},
            {"type": "String", "name": "/app/contract", "insecureValue": UNKNOWN},
        ),
        bad=(
            {"type": "String", "name": "/app/DB_PASSWORD", "value": "hunter2"},
            {"type": "String", "name": "/app/database", "value": "postgres://a:hunter2@db/app"},
            {"type": "String", "name": "/app/key", "insecureValue": "AKIA" + "ABCDEFGH12345678"},
        ),
        unknown=(
            {"type": UNKNOWN, "name": "/app/x", "value": "x"},
            {"type": "String", "name": "/app/DB_PASSWORD", "value": UNKNOWN},
        ),
    ),
]
