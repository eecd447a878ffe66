"""Cases of the rules on buckets, keys, logs, parameters and secrets, beyond the first ones."""

import json
from typing import Any

from graph import UNKNOWN
from tests.policy.catalogue_case import ABSENT, Case, allow, one, policy

BUCKET = "aws:s3/bucket:Bucket"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
KEY = "aws:kms/key:Key"
INLINE = "aws:iam/rolePolicy:RolePolicy"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
PARAMETER = "aws:ssm/parameter:Parameter"
DOCUMENT = "aws:ssm/document:Document"
SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a type, not a secret
ROTATION = "aws:secretsmanager/secretRotation:SecretRotation"
ROOT = {"AWS": "arn:aws:iam::111122223333:root"}
ROLE = {"AWS": "arn:aws:iam::111122223333:role/app"}
EVERYBODY = allow("secretsmanager:GetSecretValue", Principal="*")
DELIVERED = policy(
    allow("s3:PutObject", Principal={"Service": "logdelivery.elasticloadbalancing.amazonaws.com"})
)


def beside(token: str, **held: Any) -> Any:
    """Return a subject with one resource beside it."""
    return {"beside": ((token, "other", held),)}


def versioned(status: Any) -> Any:
    """Return a bucket with its versioning."""
    return beside(
        "aws:s3/bucketVersioning:BucketVersioning",
        bucket="subject",
        versioningConfiguration={"status": status},
    )


def logged(target: Any, bucket: str = "subject") -> Any:
    """Return a bucket with its logging."""
    return beside("aws:s3/bucketLogging:BucketLogging", bucket=bucket, targetBucket=target)


def session(**inputs: Any) -> Any:
    """Return a session document."""
    return {
        "documentType": "Session",
        "content": json.dumps({"schemaVersion": "1.0", "inputs": inputs}),
    }


TO_LOGS = {"cloudWatchLogGroupName": "/sessions", "cloudWatchEncryptionEnabled": True}
BUCKETS = [
    Case(
        rule="s3-policy-keeps-control",
        type=BUCKET_POLICY,
        good=(
            policy(allow("s3:GetObject", Principal=ROLE)),
            policy({**allow("s3:PutBucketPolicy", Principal=ROLE), "Effect": "Deny"}),
        ),
        bad=(
            policy(allow("s3:PutBucketPolicy", Principal=ROLE)),
            policy(allow(["s3:GetObject", "S3:putobjectacl"], Principal=ROOT)),
        ),
        unknown=({"policy": UNKNOWN},),
    ),
    Case(
        rule="s3-no-acl",
        type="aws:s3/bucketAcl:BucketAcl",
        good=({"acl": "private"},),
        bad=(
            {"accessControlPolicy": {"grants": [{"grantee": {"uri": "http://x/AllUsers"}}]}},
            {"accessControlPolicy": [{"grants": [{"grantee": [{"uri": "AuthenticatedUsers"}]}]}]},
        ),
        unknown=({"accessControlPolicy": {"grants": UNKNOWN}},),
    ),
    Case(
        rule="s3-owner-enforced",
        type="aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        **one("rule.objectOwnership", ("BucketOwnerEnforced", "ObjectWriter", ABSENT)),
    ),
    Case(
        rule="s3-versioned",
        type=BUCKET,
        good=(
            versioned("Enabled"),
            {"versioning": {"enabled": True}},
            beside(BUCKET_POLICY, bucket="subject", **DELIVERED),
        ),
        bad=({}, versioned("Suspended"), {"versioning": {"enabled": False}}),
        unknown=(versioned(UNKNOWN),),
    ),
    Case(
        rule="s3-access-logged",
        type=BUCKET,
        good=(
            logged("logs"),
            {"logging": {"targetBucket": "logs"}},
            logged("subject", bucket="another"),
        ),
        bad=({}, logged("logs", bucket="another")),
        unknown=(logged(UNKNOWN),),
    ),
    Case(
        rule="s3-no-force-destroy",
        type=BUCKET,
        good=({}, {"forceDestroy": False}),
        bad=({"forceDestroy": True}, {"forceDestroy": "true"}),
        unknown=({"forceDestroy": UNKNOWN},),
    ),
]
KEYS = [
    Case(
        rule="kms-manageable",
        type=KEY,
        good=(
            {},
            policy(allow("kms:*", Principal=ROOT)),
            policy(
                allow("kms:Decrypt", Principal=ROLE), allow("kms:*", Principal={"AWS": ["1" * 12]})
            ),
        ),
        bad=(
            policy(allow("kms:*", Principal=ROLE)),
            policy(allow("kms:Decrypt", Principal=ROOT)),
            policy({**allow("kms:*", Principal=ROOT), "Effect": "Deny"}),
        ),
        unknown=({"policy": UNKNOWN},),
    ),
    Case(
        rule="kms-lockout-check",
        type=KEY,
        good=({}, {"bypassPolicyLockoutSafetyCheck": False}),
        bad=(
            {"bypassPolicyLockoutSafetyCheck": True},
            {"bypassPolicyLockoutSafetyCheck": "true"},
        ),
        unknown=({"bypassPolicyLockoutSafetyCheck": UNKNOWN},),
    ),
    Case(
        rule="kms-deletion-window",
        type=KEY,
        good=({}, {"deletionWindowInDays": 30}),
        bad=({"deletionWindowInDays": 7}, {"deletionWindowInDays": 29.0}),
        unknown=({"deletionWindowInDays": UNKNOWN},),
    ),
    Case(
        rule="kms-decrypt-scoped",
        type=INLINE,
        good=(
            policy(allow("kms:Decrypt", "arn:aws:kms:eu-west-1:1:key/a")),
            policy(allow("kms:GenerateDataKey")),
            policy(allow("kms:Decrypt", Condition={"StringEquals": {"kms:ViaService": "s3"}})),
        ),
        bad=(
            policy(allow("kms:Decrypt")),
            policy(allow(["kms:De*"], ["arn:aws:kms:*:*:key/*"])),
            policy(allow("kms:ReEncryptFrom", "arn:aws:kms:eu-west-1:1:*")),
            policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
        ),
        unknown=({"policy": UNKNOWN},),
    ),
]
LOGS = [
    Case(
        rule="logs-class-fits",
        type=LOG_GROUP,
        good=(
            {"logGroupClass": "INFREQUENT_ACCESS"},
            beside("aws:cloudwatch/logMetricFilter:LogMetricFilter", logGroupName="subject"),
        ),
        bad=(
            {
                "logGroupClass": "INFREQUENT_ACCESS",
                **beside("aws:cloudwatch/logMetricFilter:LogMetricFilter", logGroupName="subject"),
            },
            {
                "logGroupClass": "DELIVERY",
                **beside(
                    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter",
                    logGroup="subject",
                ),
            },
        ),
        unknown=(
            {
                "logGroupClass": UNKNOWN,
                **beside("aws:cloudwatch/logMetricFilter:LogMetricFilter", logGroupName="subject"),
            },
        ),
    ),
    Case(
        rule="logs-not-public",
        type="aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        good=(policy(allow("logs:PutLogEvents", Principal=ROOT), key="policyDocument"),),
        bad=(
            policy(allow("logs:PutLogEvents", Principal="*"), key="policyDocument"),
            policy(allow("logs:*", Principal={"AWS": "*"}), key="policyDocument"),
        ),
        unknown=({"policyDocument": UNKNOWN},),
    ),
]
SYSTEMS = [
    Case(
        rule="ssm-own-key",
        type=PARAMETER,
        good=(
            {"type": "String"},
            {"type": "SecureString", "keyId": "alias/app"},
            {"type": "SecureString", "keyId": UNKNOWN},
        ),
        bad=({"type": "SecureString"}, {"type": "SecureString", "keyId": ""}),
    ),
    Case(
        rule="ssm-document-private",
        type=DOCUMENT,
        good=({}, {"permissions": {"type": "Share", "accountIds": "111122223333"}}),
        bad=(
            {"permissions": {"type": "Share", "accountIds": "All"}},
            {"permissions": {"type": "Share", "accountIds": ["all"]}},
        ),
        unknown=({"permissions": UNKNOWN}, {"permissions": {"accountIds": UNKNOWN}}),
    ),
    Case(
        rule="ssm-sessions-recorded",
        type=DOCUMENT,
        good=(
            {"documentType": "Command", "content": "{}"},
            session(**TO_LOGS),
            session(s3BucketName="sessions", s3EncryptionEnabled=True),
        ),
        bad=(
            session(),
            session(cloudWatchLogGroupName="/sessions", cloudWatchEncryptionEnabled=False),
            session(**TO_LOGS, s3BucketName="sessions"),
            {"documentType": "Session", "content": "not JSON"},
        ),
        unknown=({"documentType": "Session", "content": UNKNOWN},),
    ),
    Case(
        rule="secretsmanager-rotated",
        type=SECRET,
        good=(beside(ROTATION, secretId="subject"),),
        bad=({}, beside(ROTATION, secretId="another")),
    ),
    Case(
        rule="secretsmanager-rotated-often",
        type=ROTATION,
        good=(
            {"rotationRules": {"automaticallyAfterDays": 30}},
            {"rotationRules": {"scheduleExpression": "rate(4 hours)"}},
            {"rotationRules": [{"scheduleExpression": "cron(0 4 1 * ? *)"}]},
        ),
        bad=(
            {},
            {"rotationRules": {"automaticallyAfterDays": 91}},
            {"rotationRules": {"scheduleExpression": "rate(365 days)"}},
        ),
        unknown=({"rotationRules": UNKNOWN},),
    ),
    Case(
        rule="secretsmanager-own-key",
        type=SECRET,
        good=({"kmsKeyId": "arn:key"}, {"kmsKeyId": UNKNOWN}),
        bad=({}, {"kmsKeyId": ""}),
    ),
    Case(
        rule="secretsmanager-recoverable",
        type=SECRET,
        good=({}, {"recoveryWindowInDays": 7}),
        bad=({"recoveryWindowInDays": 0}, {"recoveryWindowInDays": "0"}),
        unknown=({"recoveryWindowInDays": UNKNOWN},),
    ),
    Case(
        rule="secretsmanager-not-public",
        type="aws:secretsmanager/secretPolicy:SecretPolicy",
        good=(policy({**EVERYBODY, "Principal": ROLE}),),
        bad=(policy(EVERYBODY), policy({**EVERYBODY, "Principal": {"AWS": ["*"]}})),
        unknown=({"policy": UNKNOWN},),
    ),
]
MESSAGES = [
    Case(
        rule=rule,
        type=token,
        good=({}, policy(allow(action, Principal=ROLE))),
        bad=(
            policy(allow(action, Principal="*")),
            policy(allow(action, Principal={"AWS": "*"}), allow(action, Principal=ROLE)),
        ),
        unknown=({"policy": UNKNOWN},),
    )
    for rule, token, action in (
        ("sqs-not-public", "aws:sqs/queuePolicy:QueuePolicy", "sqs:SendMessage"),
    )
]
STORED = [*BUCKETS, *KEYS, *LOGS, *SYSTEMS, *MESSAGES]
