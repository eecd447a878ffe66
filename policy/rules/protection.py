"""What must last cannot be deleted by mistake: not by AWS, or not by Pulumi."""

from collections.abc import Iterator
from typing import Final

from graph import UNKNOWN
from graph.tokens import CACHE_GROUP, DB_CLUSTER, DB_INSTANCE, MEMORY_CLUSTER
from rules.rds import GLOBAL_CLUSTER
from rules.rule import Level, Rule, Severity
from rules.subject import Fault, Subject, number, on, present, rule

# Where AWS itself refuses to delete: the property that says so.
_GUARDED: Final = {
    DB_INSTANCE: "deletionProtection",
    DB_CLUSTER: "deletionProtection",
    GLOBAL_CLUSTER: "deletionProtection",
    "aws:cloudwatch/logGroup:LogGroup": "deletionProtectionEnabled",
    "aws:cognito/userPool:UserPool": "deletionProtection",
    "aws:dynamodb/table:Table": "deletionProtectionEnabled",
}
_STATEFUL: Final = (
    *_GUARDED,
    CACHE_GROUP,
    MEMORY_CLUSTER,
    "aws:ecr/repository:Repository",
    "aws:efs/fileSystem:FileSystem",
    "aws:kms/key:Key",
    "aws:opensearch/domain:Domain",
    "aws:route53/zone:Zone",
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketV2:BucketV2",
    "aws:secretsmanager/secret:Secret",
)
_FORCED: Final = "forceDelete"
"""A repository's; buckets have a rule of their own for theirs."""
_LOG_GROUP: Final = "aws:cloudwatch/logGroup:LogGroup"
_ARCHIVE_DAYS: Final = 365
"""Days from which on a log is an archive; 0 or nothing keeps it for ever."""
_FALLBACK: Final = ("ACTIVE",)


def _short_log(subject: Subject) -> bool:
    days = subject.at("retentionInDays")
    return subject.type == _LOG_GROUP and 0 < (number(days) or 0) < _ARCHIVE_DAYS


def _protected(subject: Subject) -> Iterator[Fault]:
    if on(subject.at(_FORCED)):
        yield Fault("is deleted with all that it holds", _FORCED)
        return
    if subject.resource.protect or _short_log(subject) or present(subject.at("replicateSourceDb")):
        return
    path = _GUARDED.get(subject.type, "protect")
    value = subject.at(path)
    if on(value) or value in _FALLBACK:
        return
    if value is UNKNOWN or subject.resource.protect is None:
        yield Fault("is protected from deletion", path, undetermined=True)
    else:
        yield Fault("can be deleted, by Pulumi and by AWS", path)


PROTECTED: Final = rule(
    _protected,
    *_STATEFUL,
    name="stateful-protected",
    title="What holds data is protected from deletion",
    severity=Severity.HIGH,
    why="A renamed resource is a deleted one, and what it held is gone before anybody reads",
    fix="set protect=True in its ResourceOptions, or AWS's own protection where it has one",
    url="https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/"
    "rel_backing_up_data_identified_backups_data.html",
    level=Level.DISABLED,
    production=Level.MANDATORY,
)

RULES: Final[tuple[Rule, ...]] = (PROTECTED,)
