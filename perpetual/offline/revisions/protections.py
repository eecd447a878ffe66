"""What kept a resource, its data or its reach safe in the base, and does not in the head."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from perpetual.offline.records import UNKNOWN, Registration
from perpetual.offline.revisions.values import Secret

Lost = Callable[[Any, Any], bool]


@dataclass(frozen=True)
class Guard:
    """An argument that protects: when it is `lost`, `says` goes on after the resource's name."""

    path: str
    lost: Lost
    says: str


def _switched_off(before: Any, after: Any) -> bool:
    return _on(before) and not _on(after)


def _switched_on(before: Any, after: Any) -> bool:
    return not _on(before) and _on(after)


def _taken_away(before: Any, after: Any) -> bool:
    return before not in (None, "", [], {}) and after in (None, "", [], {})


def _reduced(before: Any, after: Any) -> bool:
    counts = [0 if value is None else value for value in (before, after)]
    return all(isinstance(value, (int, float)) for value in counts) and counts[1] < counts[0]


def _shortened(before: Any, after: Any) -> bool:
    """Tell whether logs are kept shorter than before; 0 and unset keep them for ever."""
    kept = [value or float("inf") for value in (before, after)]
    return all(isinstance(value, (int, float)) for value in kept) and kept[1] < kept[0]


def _was(value: str) -> Lost:
    return lambda before, after: before == value and after != value


def _on(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")


GUARDS: Final[Mapping[str, tuple[Guard, ...]]] = {
    "aws:rds/instance:Instance": (
        Guard("deletionProtection", _switched_off, "loses its deletion protection"),
        Guard("skipFinalSnapshot", _switched_on, "is deleted without a final snapshot"),
        Guard("deleteAutomatedBackups", _switched_on, "takes its backups with it when deleted"),
        Guard("storageEncrypted", _switched_off, "loses its encryption"),
        Guard("multiAz", _switched_off, "loses its standby in a second zone"),
        Guard("backupRetentionPeriod", _reduced, "keeps its backups for fewer days"),
        Guard("publiclyAccessible", _switched_on, "gets a public address"),
    ),
    "aws:rds/cluster:Cluster": (
        Guard("deletionProtection", _switched_off, "loses its deletion protection"),
        Guard("skipFinalSnapshot", _switched_on, "is deleted without a final snapshot"),
        Guard("storageEncrypted", _switched_off, "loses its encryption"),
        Guard("backupRetentionPeriod", _reduced, "keeps its backups for fewer days"),
    ),
    "aws:lb/loadBalancer:LoadBalancer": (
        Guard("enableDeletionProtection", _switched_off, "loses its deletion protection"),
        Guard("dropInvalidHeaderFields", _switched_off, "lets invalid headers through"),
        Guard("accessLogs.enabled", _switched_off, "writes no access logs any more"),
    ),
    "aws:cloudwatch/logGroup:LogGroup": (
        Guard("retentionInDays", _shortened, "keeps its logs for fewer days"),
        Guard("kmsKeyId", _taken_away, "loses its encryption key"),
        Guard("deletionProtectionEnabled", _switched_off, "loses its deletion protection"),
    ),
    "aws:kms/key:Key": (
        Guard("enableKeyRotation", _switched_off, "is no longer rotated"),
        Guard("deletionWindowInDays", _reduced, "waits fewer days before it is deleted"),
    ),
    "aws:s3/bucket:Bucket": (
        Guard("forceDestroy", _switched_on, "is deleted with everything in it"),
        Guard("versioning.enabled", _switched_off, "loses its versioning"),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": (
        Guard("versioningConfiguration.status", _was("Enabled"), "loses its versioning"),
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": tuple(
        Guard(path, _switched_off, f"no longer has {path}")
        for path in (
            "blockPublicAcls",
            "blockPublicPolicy",
            "ignorePublicAcls",
            "restrictPublicBuckets",
        )
    ),
    "aws:ecr/repository:Repository": (
        Guard("forceDelete", _switched_on, "is deleted with all images in it"),
        Guard("imageTagMutability", _was("IMMUTABLE"), "lets tags be moved to other images"),
    ),
    "aws:ecs/capacityProvider:CapacityProvider": (
        Guard(
            "autoScalingGroupProvider.managedTerminationProtection",
            _was("ENABLED"),
            "may end hosts that run tasks",
        ),
    ),
    "aws:autoscaling/group:Group": (
        Guard("protectFromScaleIn", _switched_off, "may end hosts that run tasks"),
    ),
    "aws:ec2/instance:Instance": (
        Guard("disableApiTermination", _switched_off, "loses its termination protection"),
    ),
    "aws:iam/role:Role": (
        Guard("permissionsBoundary", _taken_away, "loses its permissions boundary"),
    ),
}
"""The protections by type, in the SDK's spelling; unset reads as AWS's default, which is off."""

PROTECTORS: Final[Mapping[str, str]] = {
    "aws:ec2/flowLog:FlowLog": "the VPC's flow logs",
    "aws:s3/bucketPolicy:BucketPolicy": "the bucket's policy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "the bucket's public access block",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "the bucket's encryption"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": "the bucket's versioning",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "an alarm",
}
"""Types whose removal is the loss of a protection."""


@dataclass(frozen=True)
class Drop:
    """A protection that is gone: the end of a sentence, and the argument as it was and is."""

    says: str
    path: str
    before: Any
    after: Any


def dropped(old: Registration, new: Registration, before: Any, after: Any) -> Iterator[Drop]:
    """Yield the protections that a resource loses; `before` and `after` are its inputs."""
    if old.request.protect and not new.request.protect:
        says = "can be deleted by Pulumi: its `protect` is gone"
        yield Drop(says, "protect", before=True, after=False)
    if old.request.retainOnDelete and not new.request.retainOnDelete:
        says = "is deleted in AWS once the program drops it: its `retainOnDelete` is gone"
        yield Drop(says, "retainOnDelete", before=True, after=False)
    for guard in GUARDS.get(new.type, ()):
        was, is_ = _at(before, guard.path), _at(after, guard.path)
        if was == is_ or isinstance(was, Secret):
            continue
        if UNKNOWN in (was, is_):
            # An unknown key or boundary is one that another resource of the stack makes.
            if guard.lost is _taken_away and is_ == UNKNOWN:
                continue
            if was == UNKNOWN and not guard.lost("known", is_):
                continue
        if guard.lost(was, is_):
            yield Drop(guard.says, guard.path, was, is_)


def _at(value: Any, path: str) -> Any:
    for key in path.split("."):
        if isinstance(value, list):
            value = value[0] if value else None
        value = value.get(key) if isinstance(value, dict) else None
    return value
