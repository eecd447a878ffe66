"""Keys, secrets, buckets and logs that no longer keep what they were made to keep."""

import json
from typing import Any, Final

from graph import Resource
from tests.mutants.bad.trust import STRANGER
from tests.mutants.documents import each_statement
from tests.mutants.operators import Made, false, is_set, operator, operators, over, true, weaken
from tests.mutants.stack import DROP, Ref, Stack, top, within

ALIAS: Final = "aws:kms/alias:Alias"
KEY: Final = "aws:kms/key:Key"
BUCKET: Final = "aws:s3/bucket:Bucket"
BUCKET_POLICY: Final = "aws:s3/bucketPolicy:BucketPolicy"
BLOCK: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
LOG_GROUP: Final = "aws:cloudwatch/logGroup:LogGroup"
TOPIC: Final = "aws:sns/topic:Topic"
TOPIC_POLICY: Final = "aws:sns/topicPolicy:TopicPolicy"
ALARM: Final = "aws:cloudwatch/metricAlarm:MetricAlarm"
PARAMETER: Final = "aws:ssm/parameter:Parameter"
ENDPOINT: Final = "aws:ec2/vpcEndpoint:VpcEndpoint"
MANAGED: Final = "aws:secretsmanager/secret:Secret"
GUARDED: Final = (KEY, BUCKET_POLICY, TOPIC_POLICY, ENDPOINT)
EXPIRY: Final = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
FLAGS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")

PROTECTIONS = (
    *weaken(
        "KMS",
        KEY,
        ("enableKeyRotation", (False, DROP), "the longer one key is used, the more it opens", true),
    ),
    *weaken(
        "protection",
        KEY,
        (
            "deletionWindowInDays",
            (7,),
            "a week is short to notice that every byte will be lost",
            over(7),
        ),
    ),
    *weaken(
        "KMS",
        TOPIC,
        ("kmsMasterKeyId", (DROP,), "messages are stored in plain text", is_set),
    ),
    *weaken(
        "storage",
        BLOCK,
        *(
            (flag, (False, DROP), "one wrong policy or ACL publishes the bucket", true)
            for flag in FLAGS
        ),
    ),
    *weaken(
        "protection",
        BUCKET,
        ("forceDestroy", (True,), "a deletion takes the logs along", false),
    ),
    *weaken(
        "logs",
        LOG_GROUP,
        ("retentionInDays", (0, DROP), "what a leak holds grows for ever", over(0)),
    ),
    *weaken(
        "KMS",
        LOG_GROUP,
        ("kmsKeyId", (DROP,), "who reads the log cannot be stopped by the key", is_set),
    ),
    *weaken(
        "availability",
        ALARM,
        ("alarmActions", ([], DROP), "nobody hears of it", is_set),
    ),
    *weaken(
        "secrets",
        "random:index/randomPassword:RandomPassword",
        ("length", (8,), "short enough to be tried", over(8)),
    ),
)


@operator("protection", "a renamed resource is a deleted one, with all that it held")
def stop_protecting(stack: Stack) -> Made:
    """Take Pulumi's protection from what holds data, and AWS's own where it has one."""
    own = ("deletionProtection", "deletionProtectionEnabled", "enableDeletionProtection")
    for item in stack.resources.values():
        if item.protect and item.type != ALIAS:
            held = {key: value for key, value in item.properties.items() if key not in own}
            yield item.name, stack.changed(item, protect=False, properties=held)


@operator("KMS", "what everybody may use protects from nobody")
def open_resource_policies(stack: Stack) -> Made:
    """Let each statement of a key, bucket, topic or endpoint hold for everybody or a stranger."""
    for name, statement, replaced in each_statement(stack, *GUARDED):
        if statement["Principal"] == "*":
            continue
        bare = {key: value for key, value in statement.items() if key != "Condition"}
        for label, principal in (
            ("everybody", "*"),
            ("all", {"AWS": "*"}),
            ("stranger", {"AWS": STRANGER}),
        ):
            yield f"{name} {label}", replaced({**bare, "Principal": principal})


@operator("KMS", "the condition is what narrows everybody, or a service, to this account")
def drop_conditions_of_resource_policies(stack: Stack) -> Made:
    """Take the conditions from each allowing statement of a key, bucket, topic or endpoint."""
    for name, statement, replaced in each_statement(stack, *GUARDED):
        if statement.get("Condition"):
            yield (
                name,
                replaced({key: value for key, value in statement.items() if key != "Condition"}),
            )


@operator("storage", "the bucket's protections are resources of their own")
def drop_protections_of_buckets(stack: Stack) -> Made:
    """Take each resource away that protects a bucket."""
    for resource in stack.resources.values():
        if resource.type in (BLOCK, BUCKET_POLICY, EXPIRY):
            yield resource.name, stack.without(resource)


@operator("storage", "a second, hidden set of permissions, with everybody among the grantees")
def publish_by_acl(stack: Stack) -> Made:
    """Give each bucket a public ACL, in each form."""
    for bucket in stack.of(BUCKET):
        for acl in ("public-read", "public-read-write", "authenticated-read"):
            yield f"{bucket.name} {acl}", stack.put(bucket, "acl", acl)
            beside = stack.plus(
                "aws:s3/bucketAcl:BucketAcl", "acl", bucket=Ref(bucket.urn, "bucket"), acl=acl
            )
            yield f"{bucket.name} {acl} beside", beside
    for item in stack.of("aws:s3/bucketOwnershipControls:BucketOwnershipControls"):
        yield f"{item.name} ObjectWriter", stack.put(item, "rule.objectOwnership", "ObjectWriter")


@operator("storage", "a new bucket has none of it")
def add_a_bare_bucket(stack: Stack) -> Made:
    """Add a bucket without protections."""
    yield "bucket", stack.plus(BUCKET, "bare", bucket="perpetual-bare")
    yield (
        "bucket of the old token",
        stack.plus("aws:s3/bucketV2:BucketV2", "bare", bucket="perpetual-bare"),
    )


@operator("logs", "who asked what is told to somebody else")
def log_elsewhere(stack: Stack) -> Made:
    """Send access logs to a bucket that is not this stack's."""
    for item in stack.of("aws:lb/loadBalancer:LoadBalancer"):
        own = [other.urn for other in stack.targets(item, "accessLogs", BUCKET, BUCKET_POLICY)]
        yield item.name, stack.put(item, "accessLogs.bucket", "somebody-elses-logs", own)


@operator("logs", "without the group the service makes one that keeps everything, in plain text")
def drop_log_groups(stack: Stack) -> Made:
    """Take each log group away that something writes to."""
    for group in stack.of(LOG_GROUP):
        users = [item for item in stack.resources.values() if _uses(item, group)]
        if not users:
            yield group.name, stack.without(group)


def _uses(item: Resource, group: Resource) -> bool:
    return any(group.urn in urns for urns in item.property_dependencies.values())


@operator("secrets", "a secret as a String is readable with one permission, and in the history")
def store_plain_secrets(stack: Stack) -> Made:
    """Add parameters that hold a secret as plain text, told by name, shape or entropy."""
    told = {
        "name": ("/perpetual/prod/secrets/API_TOKEN", "tXk3Qm9vZs7LpRw2Yb8NcJd5"),
        "password": ("/perpetual/prod/db-password", "x9Kq2vLr8TzN4wYb"),
        "shape": ("/perpetual/prod/upstream", "AKIAIOSFODNN7EXAMPLB"),
        "key": ("/perpetual/prod/signing", "-----BEGIN PRIVATE KEY-----"),
        "url": ("/perpetual/prod/queue", "postgres://app:x9Kq2vLr8TzN4wYb@db.internal/app"),
    }
    for name, (path, value) in told.items():
        for key in ("value", "insecureValue"):
            held: dict[str, Any] = {"name": path, "type": "String", key: value}
            yield f"{name} {key}", stack.plus(PARAMETER, "plain", **held)


@operator("secrets", "a secret that everybody may read, or that is gone at once")
def add_bad_secrets(stack: Stack) -> Made:
    """Add a secret with a public policy, without recovery, or with its value in the program."""
    allowed = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    rotated = {"name": "api", "kmsKeyId": Ref(stack.one(KEY).urn, "arn")}
    yield "public", stack.plus(MANAGED, "api", **rotated, policy=document)
    made = stack.plus(MANAGED, "api", **rotated)
    secret = Ref(made.named("api").urn, "arn")
    yield (
        "public beside",
        made.plus(
            "aws:secretsmanager/secretPolicy:SecretPolicy",
            "open",
            secretArn=secret,
            policy=document,
        ),
    )
    yield "no recovery", stack.plus(MANAGED, "api", **rotated, recoveryWindowInDays=0)
    value = {"secretId": secret, "secretString": "tXk3Qm9vZs7LpRw2Yb8NcJd5"}
    yield (
        "value in the program",
        made.plus("aws:secretsmanager/secretVersion:SecretVersion", "value", **value),
    )


@operator("secrets", "a password in the program is in its history, and in the state")
def write_the_password_down(stack: Stack) -> Made:
    """Give each database with a password one that stands in the program."""
    for item in stack.of("aws:rds/instance:Instance"):
        if is_set(within(item, "password")):
            gone = item.property_dependencies.get(top("password"), ())
            yield item.name, stack.put(item, "password", "x9Kq2vLr8TzN4wYb", gone)


OPERATORS: Final = operators(globals())
