"""Rules on what holds data at rest: buckets, images, keys, logs and parameters."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from graph import UNKNOWN
from rules import secrets
from rules.rule import Level, Rule, Severity
from rules.statements import statements
from rules.subject import (
    Fault,
    Subject,
    at_least,
    on,
    only_if,
    per_document,
    present,
    requires,
    rule,
    unknown,
)

BUCKETS: Final = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
BUCKET_POLICY: Final = "aws:s3/bucketPolicy:BucketPolicy"
ACCESS_BLOCK: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
LIFECYCLES: Final = (
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
)
REPOSITORY: Final = "aws:ecr/repository:Repository"
REPOSITORY_POLICY: Final = "aws:ecr/repositoryPolicy:RepositoryPolicy"
LIFECYCLE_POLICY: Final = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
KEY: Final = "aws:kms/key:Key"
LOG_GROUP: Final = "aws:cloudwatch/logGroup:LogGroup"
PARAMETER: Final = "aws:ssm/parameter:Parameter"

_S3: Final = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
_ECR: Final = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/"
_KMS: Final = "https://docs.aws.amazon.com/kms/latest/developerguide/"
_LOGS: Final = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/"
# The canned ACLs that let others in; there are no more, and AWS refuses any other word:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
_ACLS: Final = (
    *("public-read", "public-read-write", "authenticated-read", "aws-exec-read"),
    *("log-delivery-write", "bucket-owner-read", "bucket-owner-full-control"),
)
_FLAGS: Final = (
    "blockPublicAcls",
    "blockPublicPolicy",
    "ignorePublicAcls",
    "restrictPublicBuckets",
)


def _blocked(subject: Subject) -> Iterator[Fault]:
    blocks = subject.peers("bucket", ACCESS_BLOCK)
    if not blocks:
        yield Fault("has no public access block", "bucket")
    for block in blocks:
        for flag in _FLAGS:
            value = block.properties.get(flag)
            if value is UNKNOWN:
                yield unknown(f"{block.name}.{flag}")
            elif not on(value):
                yield Fault(f"may become public: {flag} is off", f"{block.name}.{flag}")


def _demands_tls(body: Mapping[str, Any]) -> bool:
    return any(
        not item.allows
        and key == "aws:securetransport"
        and operator.startswith("Bool")
        and [value.lower() for value in values] == ["false"]
        and {"s3:*", "*"} & set(item.texts("Action"))
        for item in statements(body)
        for operator, key, values in item.conditions
    )


def _tls(subject: Subject) -> Iterator[Fault]:
    policies = subject.peers("bucket", BUCKET_POLICY)
    if not policies:
        yield Fault("has no policy that refuses plain HTTP", "policy")
    for item in policies:
        yield from per_document("policy", test=_plain_http)(Subject(subject.graph, item))


def _plain_http(path: str, body: Mapping[str, Any]) -> Iterator[Fault]:
    if not _demands_tls(body):
        yield Fault("has a policy that does not refuse plain HTTP", path)


def _public(path: str, body: Mapping[str, Any]) -> Iterator[Fault]:
    for item in statements(body):
        if item.allows and item.public:
            yield Fault("lets everybody in", f"{path}.{item.path}")


def _lifecycle(path: str, *tokens: str) -> Any:
    def test(subject: Subject) -> Iterator[Fault]:
        if not subject.peers(path, *tokens):
            yield Fault("keeps everything for ever: it has no lifecycle", path)

    return test


def _symmetric(subject: Subject) -> bool:
    return subject.at("customerMasterKeySpec") in (None, UNKNOWN, "SYMMETRIC_DEFAULT")


def _parameter(subject: Subject) -> Iterator[Fault]:
    kind, name = subject.at("type"), subject.at("name")
    if kind == "SecureString":
        return
    held = [subject.at(key) for key in ("value", "insecureValue")]
    texts = [value for value in held if isinstance(value, str)]
    called = name.rpartition("/")[2] if isinstance(name, str) else ""
    doubtful = UNKNOWN in held and secrets.named(called)
    if kind is UNKNOWN or doubtful:
        yield unknown("type" if kind is UNKNOWN else "value")
    for text in texts:
        if why := secrets.why(called, text):
            yield Fault(f"holds a secret as plain text: {why}", "value")


BLOCKED: Final = rule(
    _blocked,
    *BUCKETS,
    name="s3-public-access-blocked",
    title="Buckets block public access",
    severity=Severity.HIGH,
    why="One wrong policy or ACL publishes what is in the bucket",
    fix="add a BucketPublicAccessBlock with all four switched on",
    url=f"{_S3}access-control-block-public-access.html",
    controls=("FSBP S3.2", "FSBP S3.3", "FSBP S3.8", "CIS 3.1.4", "CIS5 2.1.4"),
)
TLS: Final = rule(
    _tls,
    *BUCKETS,
    name="s3-tls-only",
    title="Buckets refuse plain HTTP",
    severity=Severity.MEDIUM,
    why="Objects and signatures cross the network for everybody on the way to read",
    fix="deny s3:* to everybody where aws:SecureTransport is false",
    url=f"{_S3}security-best-practices.html",
    controls=("FSBP S3.5", "CIS 3.1.1", "CIS5 2.1.1"),
)
NOT_PUBLIC: Final = rule(
    per_document("policy", test=_public),
    BUCKET_POLICY,
    name="s3-policy-not-public",
    title="Bucket policies name whom they let in",
    severity=Severity.CRITICAL,
    why="Everybody may do what the statement allows",
    fix="name principals, or narrow the statement by account or organization",
    url=f"{_S3}access-control-block-public-access.html",
    controls=("FSBP S3.2", "FSBP S3.3", "FSBP S3.6", "CIS 2.21"),
)
ACL: Final = rule(
    requires("acl", lambda value: value not in _ACLS, "grants access by ACL"),
    *BUCKETS,
    "aws:s3/bucketAcl:BucketAcl",
    name="s3-no-acl",
    title="Buckets grant nothing by ACL",
    severity=Severity.HIGH,
    why="ACLs are a second, hidden set of permissions, with everybody among the grantees",
    fix="remove acl and grant by policy",
    url=f"{_S3}about-object-ownership.html",
    controls=("FSBP S3.12",),
)
BUCKET_LIFECYCLE: Final = rule(
    _lifecycle("bucket", *LIFECYCLES),
    *BUCKETS,
    name="s3-lifecycle",
    title="Buckets have a lifecycle",
    severity=Severity.LOW,
    why="Logs that nobody deletes are paid for, and lost, for ever",
    fix="add a BucketLifecycleConfiguration",
    url=f"{_S3}object-lifecycle-mgmt.html",
    controls=("FSBP S3.13",),
    level=Level.ADVISORY,
)
SCANNED: Final = rule(
    requires("imageScanningConfiguration.scanOnPush", on, "does not scan images"),
    REPOSITORY,
    name="ecr-scan",
    title="Images are scanned when they are pushed",
    severity=Severity.MEDIUM,
    why="Known holes in the base image go unnoticed",
    fix="set scan_on_push to true",
    url=f"{_ECR}image-scanning.html",
    controls=("FSBP ECR.1",),
)
IMMUTABLE: Final = rule(
    requires(
        "imageTagMutability",
        lambda value: str(value).startswith("IMMUTABLE"),
        "lets a tag be moved to another image",
    ),
    REPOSITORY,
    name="ecr-immutable",
    title="Tags of images are immutable",
    severity=Severity.MEDIUM,
    why="What was tested under a name may not be what runs under it",
    fix="set image_tag_mutability to IMMUTABLE",
    url=f"{_ECR}image-tag-mutability.html",
    controls=("FSBP ECR.2",),
)
IMAGE_LIFECYCLE: Final = rule(
    _lifecycle("repository", LIFECYCLE_POLICY),
    REPOSITORY,
    name="ecr-lifecycle",
    title="Repositories have a lifecycle",
    severity=Severity.LOW,
    why="Images that nobody deletes are paid for, and fill the repository",
    fix="add a LifecyclePolicy",
    url=f"{_ECR}LifecyclePolicies.html",
    controls=("FSBP ECR.3",),
    level=Level.ADVISORY,
)
REPOSITORY_CLOSED: Final = rule(
    per_document("policy", test=_public),
    REPOSITORY_POLICY,
    name="ecr-not-public",
    title="Repository policies name whom they let in",
    severity=Severity.CRITICAL,
    why="Everybody may pull the image, or push another",
    fix="name the accounts",
    url=f"{_ECR}repository-policies.html",
)
ROTATED: Final = rule(
    only_if(_symmetric, requires("enableKeyRotation", on, "keeps the same key for ever")),
    KEY,
    name="kms-rotation",
    title="Keys rotate",
    severity=Severity.MEDIUM,
    why="The longer one key is used, the more it opens",
    fix="set enable_key_rotation to true",
    url=f"{_KMS}rotate-keys.html",
    controls=("FSBP KMS.4", "CIS 4.6", "CIS5 3.6"),
)
KEY_CLOSED: Final = rule(
    per_document("policy", test=_public),
    KEY,
    name="kms-not-public",
    title="Key policies name who may use the key",
    severity=Severity.CRITICAL,
    why="Encryption that everybody may undo is none",
    fix="name principals, or narrow the statement by kms:CallerAccount",
    url=f"{_KMS}key-policies.html",
    controls=("FSBP KMS.5", "CIS 2.21"),
)
RETAINED: Final = rule(
    requires("retentionInDays", at_least(1), "keeps its events for ever"),
    LOG_GROUP,
    name="logs-retention",
    title="Log groups say how long they keep events",
    severity=Severity.LOW,
    why="Never is the default: the bill grows, and so does what a leak holds",
    fix="set retention_in_days",
    url=f"{_LOGS}Working-with-log-groups-and-streams.html",
    controls=("FSBP CloudWatch.16",),
)
LOGS_ENCRYPTED: Final = rule(
    only_if(
        # The ARN of a key that this `up` makes is not known, and is there all the same.
        lambda subject: subject.at("kmsKeyId") is not UNKNOWN,
        requires("kmsKeyId", present, "is not encrypted with a key of the stack"),
    ),
    LOG_GROUP,
    name="logs-encrypted",
    title="Log groups are encrypted with a key of the stack",
    severity=Severity.LOW,
    why="Who reads the log can then be told, and stopped, by the key",
    fix="set kms_key_id",
    url=f"{_LOGS}encrypt-log-data-kms.html",
    level=Level.ADVISORY,
)
SECURE_STRING: Final = rule(
    _parameter,
    PARAMETER,
    name="ssm-secure-string",
    title="Secret parameters are SecureStrings",
    severity=Severity.HIGH,
    why="A String is readable with ssm:GetParameter alone, and by whoever sees the history",
    fix="set type to SecureString, with a key of the stack; then replace the secret",
    url="https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html",
)

RULES: Final[tuple[Rule, ...]] = (
    BLOCKED,
    TLS,
    NOT_PUBLIC,
    ACL,
    BUCKET_LIFECYCLE,
    SCANNED,
    IMMUTABLE,
    IMAGE_LIFECYCLE,
    REPOSITORY_CLOSED,
    ROTATED,
    KEY_CLOSED,
    RETAINED,
    LOGS_ENCRYPTED,
    SECURE_STRING,
)
