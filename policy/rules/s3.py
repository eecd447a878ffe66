"""Rules on buckets."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from graph import UNKNOWN
from rules.policies import lifecycle, public
from rules.rule import Level, Rule, Severity
from rules.statements import statements
from rules.subject import (
    Fault,
    Subject,
    Test,
    elements,
    not_on,
    on,
    only_if,
    per_document,
    requires,
    rule,
    unknown,
    within,
)

BUCKETS: Final = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
BUCKET_POLICY: Final = "aws:s3/bucketPolicy:BucketPolicy"
ACCESS_BLOCK: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
LIFECYCLES: Final = (
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
)
OWNERSHIP: Final = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
VERSIONINGS: Final = (
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketVersioningV2:BucketVersioningV2",
)
LOGGINGS: Final = (
    "aws:s3/bucketLogging:BucketLogging",
    "aws:s3/bucketLoggingV2:BucketLoggingV2",
)
BUCKET_ACL: Final = "aws:s3/bucketAcl:BucketAcl"
_S3: Final = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
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


# What S3.6 forbids to other accounts: https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html
_OWNERS: Final = frozenset(
    {
        *("s3:deletebucketpolicy", "s3:putbucketacl", "s3:putbucketpolicy"),
        *("s3:putencryptionconfiguration", "s3:putobjectacl"),
    }
)
_EVERYBODY: Final = ("AllUsers", "AuthenticatedUsers")
_DELIVERY: Final = ("logdelivery.", "delivery.logs.", "logging.s3.", "cloudtrail.", "config.")


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
        and item.public  # a denial for some leaves plain HTTP to the others
        and {"s3:*", "*"} & {action.lower() for action in item.texts("Action")}
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


def _acl(subject: Subject) -> Iterator[Fault]:
    yield from requires("acl", lambda value: value not in _ACLS, "grants access by ACL")(subject)
    found, faults = elements(subject.at("accessControlPolicy.grants"), "accessControlPolicy.grants")
    yield from faults
    for path, item in found:
        group = within(item, "grantee.uri")
        if group is UNKNOWN:
            yield unknown(f"{path}.grantee.uri")
        elif isinstance(group, str) and group.endswith(_EVERYBODY):
            yield Fault("grants access to everybody by ACL", f"{path}.grantee.uri")


def _changing(path: str, body: Mapping[str, Any]) -> Iterator[Fault]:
    for item in statements(body):
        principal = item.body.get("Principal")
        accounts = principal.get("AWS") if isinstance(principal, Mapping) else principal
        found = sorted(_OWNERS & {action.lower() for action in item.texts("Action")})
        if item.allows and accounts and found:
            yield Fault(f"lets others change the bucket, by {found[0]}", f"{path}.{item.path}")


def _takes_logs(subject: Subject) -> bool:
    """Tell whether a bucket is where AWS delivers logs: nobody overwrites these.

    Logs of the reading of logs would have no end.
    """
    if subject.peers("targetBucket", *LOGGINGS):
        return True
    policies = subject.peers("bucket", BUCKET_POLICY)
    found = [item.properties.get("policy") for item in policies]
    return any(any(name in str(text) for name in _DELIVERY) for text in found)


def _set_apart(path: str, tokens: tuple[str, ...], key: str, says: str) -> Test:
    """Return the test of a setting that stands in the bucket or in a resource beside it."""

    def test(subject: Subject) -> Iterator[Fault]:
        values = [subject.at(path)]
        values += [within(item.properties, key) for item in subject.peers("bucket", *tokens)]
        if any(value is not UNKNOWN and (on(value) or value == "Enabled") for value in values):
            return
        if key == "targetBucket" and any(value not in (None, "", UNKNOWN) for value in values):
            return
        if UNKNOWN in values:
            yield unknown(path)
        else:
            yield Fault(says, path)

    return only_if(lambda subject: not _takes_logs(subject), test)


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
    per_document("policy", test=public),
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
    _acl,
    *BUCKETS,
    BUCKET_ACL,
    name="s3-no-acl",
    title="Buckets grant nothing by ACL",
    severity=Severity.HIGH,
    why="ACLs are a second, hidden set of permissions, with everybody among the grantees",
    fix="remove acl and grant by policy",
    url=f"{_S3}about-object-ownership.html",
    controls=("FSBP S3.12",),
)
LIFECYCLE: Final = rule(
    lifecycle("bucket", *LIFECYCLES),
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
CHANGED_BY_OWNER: Final = rule(
    per_document("policy", test=_changing),
    BUCKET_POLICY,
    name="s3-policy-keeps-control",
    title="Bucket policies let nobody else change the bucket",
    severity=Severity.HIGH,
    why="Whoever may change its policy or ACLs may publish it, or lock its owner out",
    fix="remove the actions; who manages the bucket has them by their own policies",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-6",
    controls=("FSBP S3.6",),
)
OWNED: Final = rule(
    requires(
        "rule.objectOwnership",
        lambda value: value == "BucketOwnerEnforced",
        "leaves access to ACLs of each object's writer",
    ),
    OWNERSHIP,
    name="s3-owner-enforced",
    title="Buckets own their objects",
    severity=Severity.MEDIUM,
    why="Whoever writes an object decides by ACL who reads it",
    fix="set object_ownership to BucketOwnerEnforced",
    url=f"{_S3}about-object-ownership.html",
    controls=("FSBP S3.12",),
)
VERSIONED: Final = rule(
    _set_apart(
        "versioning.enabled",
        VERSIONINGS,
        "versioningConfiguration.status",
        "forgets what is overwritten or deleted: it keeps no versions",
    ),
    *BUCKETS,
    name="s3-versioned",
    title="Buckets keep versions, unless AWS delivers logs there",
    severity=Severity.LOW,
    why="One wrong call overwrites or deletes what nobody can bring back",
    fix="add a BucketVersioning with status Enabled, and expire old versions",
    url=f"{_S3}Versioning.html",
    level=Level.ADVISORY,
)
LOGGED: Final = rule(
    _set_apart(
        "logging.targetBucket",
        LOGGINGS,
        "targetBucket",
        "does not record who reads and writes it",
    ),
    *BUCKETS,
    name="s3-access-logged",
    title="Buckets log access, unless AWS delivers logs there",
    severity=Severity.LOW,
    why="After a leak nobody can tell what was read, and by whom",
    fix="add a BucketLogging to a bucket of logs, or record data events by CloudTrail",
    url=f"{_S3}ServerLogs.html",
    controls=("FSBP S3.9",),
    level=Level.ADVISORY,
)
KEPT: Final = rule(
    requires("forceDestroy", not_on, "is deleted with all that is in it"),
    *BUCKETS,
    name="s3-no-force-destroy",
    title="Buckets are deleted only when they are empty",
    severity=Severity.HIGH,
    why="A renamed bucket is a deleted one, with every object in it",
    fix="set force_destroy to false; empty the bucket by hand before its end",
    url=f"{_S3}delete-bucket.html",
    level=Level.DISABLED,
    production=Level.MANDATORY,
)

RULES: Final[tuple[Rule, ...]] = (
    BLOCKED,
    TLS,
    NOT_PUBLIC,
    ACL,
    LIFECYCLE,
    CHANGED_BY_OWNER,
    OWNED,
    VERSIONED,
    LOGGED,
    KEPT,
)
