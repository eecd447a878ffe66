"""Rules on tags: what AWS takes, and what a team demands."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from graph import UNKNOWN
from graph.tokens import (
    AUTOSCALING_GROUP,
    DB_CLUSTER,
    DB_INSTANCE,
    ECS_SERVICE,
    INSTANCE,
    LAUNCH_TEMPLATE,
    NAT_GATEWAY,
    SECURITY_GROUP,
    SUBNET,
    TASK_DEFINITION,
    VPC,
)
from rules.balancer import BALANCERS, TARGET_GROUPS
from rules.limits import LATE, shown
from rules.rule import Rule, Severity
from rules.subject import Fault, Subject, elements, rule, unknown

_TAGGED: Final = (
    *(VPC, SUBNET, SECURITY_GROUP, NAT_GATEWAY, INSTANCE, LAUNCH_TEMPLATE, AUTOSCALING_GROUP),
    *(DB_INSTANCE, DB_CLUSTER, ECS_SERVICE, TASK_DEFINITION, *BALANCERS, *TARGET_GROUPS),
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:dynamodb/table:Table",
    "aws:ecr/repository:Repository",
    "aws:ecs/cluster:Cluster",
    "aws:efs/fileSystem:FileSystem",
    "aws:iam/policy:Policy",
    "aws:iam/role:Role",
    "aws:kms/key:Key",
    "aws:lambda/function:Function",
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketV2:BucketV2",
    "aws:secretsmanager/secret:Secret",
    "aws:sns/topic:Topic",
    "aws:sqs/queue:Queue",
    "aws:ssm/parameter:Parameter",
)
_PROVIDER: Final = "pulumi:providers:aws"
_GUIDE: Final = "https://docs.aws.amazon.com/tag-editor/latest/userguide/"
_MOST: Final = 50
_KEY: Final = re.compile(r"[\w\s+\-=.:/@]{1,128}")
_VALUE: Final = re.compile(r"[\w\s+\-=.:/@]{0,256}")


def _tags(subject: Subject) -> Mapping[str, Any] | None:
    """Return a resource's own tags, `None` where they are not known."""
    held = subject.at("tags")
    if subject.type == AUTOSCALING_GROUP or isinstance(held, list):
        items, faults = elements(held, "tags")
        return None if faults else {str(item.get("key")): item.get("value") for _, item in items}
    if held is UNKNOWN:
        return None
    return held if isinstance(held, Mapping) else {}


def _defaults(subject: Subject) -> set[str]:
    """Return the keys of the tags that every AWS provider of the stack adds."""
    found = []
    for provider in subject.graph.index.of(_PROVIDER):
        held = provider.properties.get("defaultTags")
        if isinstance(held, str):
            try:
                held = json.loads(held)
            except ValueError:
                held = None
        tags = held.get("tags") if isinstance(held, Mapping) else None
        found.append({*tags} if isinstance(tags, Mapping) else set())
    return set.intersection(*found) if found else set()


def _legal(subject: Subject) -> Iterator[Fault]:
    tags = _tags(subject)
    if tags is None:
        yield unknown("tags")
        return
    if len(tags) > _MOST:
        yield Fault(f"has {len(tags)} tags, more than {_MOST}", "tags")
    for key, value in tags.items():
        if key.lower().startswith("aws:"):
            yield Fault(f"has the tag {key}, and AWS keeps keys with aws: first", "tags")
        elif not _KEY.fullmatch(key):
            yield Fault(
                f"has the tag {shown(key)}, not 1 to 128 letters, digits, spaces and _.:/=+-@",
                "tags",
            )
        if isinstance(value, str) and not _VALUE.fullmatch(value):
            says = "whose value is not up to 256 letters, digits, spaces and _.:/=+-@"
            yield Fault(f"has the tag {key}, {says}", "tags")


def _required(subject: Subject) -> Iterator[Fault]:
    wanted = subject.thresholds.required_tags
    if not wanted:
        return
    tags = _tags(subject)
    if tags is None:
        yield unknown("tags")
        return
    missing = [key for key in wanted if key not in tags and key not in _defaults(subject)]
    if missing:
        yield Fault(f"has no tag {', '.join(missing)}", "tags")


LEGAL: Final = rule(
    _legal,
    *_TAGGED,
    name="tags-legal",
    title="Tags are ones that AWS takes",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="use 50 tags or fewer, of plain characters, without aws: in front",
    url=f"{_GUIDE}tagging.html",
)
REQUIRED: Final = rule(
    _required,
    *_TAGGED,
    name="tags-required",
    title="Resources have the tags that the team demands",
    severity=Severity.LOW,
    why="Bills, permissions and on-call go by tags, and miss what has none",
    fix="add the tag to the resource, or to the provider's default_tags",
    url=f"{_GUIDE}tagging.html",
)

RULES: Final[tuple[Rule, ...]] = (LEGAL, REQUIRED)
