"""Which arguments make a provider replace a resource: the table, and how to ask it.

The table is `replacements.json`, with the source of every type. What it does not name is updated
in place. The engine asks the provider itself; where they differ, the engine is right.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from perpetual.offline.revisions.values import Difference

STATEFUL: Final = frozenset(
    {
        "aws:dynamodb/table:Table",
        "aws:ebs/volume:Volume",
        "aws:ecr/repository:Repository",
        "aws:efs/fileSystem:FileSystem",
        "aws:elasticache/cluster:Cluster",
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:kms/key:Key",
        "aws:rds/cluster:Cluster",
        "aws:rds/clusterInstance:ClusterInstance",
        "aws:rds/instance:Instance",
        "aws:s3/bucket:Bucket",
        "aws:secretsmanager/secret:Secret",
    }
)
"""Types that hold what nobody can make again: removing or replacing one loses it."""

ROUTINE: Final = frozenset({"aws:ecs/taskDefinition:TaskDefinition"})
"""Types whose replacement is how they change: a new revision beside the old one."""

TAKEN: Final = {
    "aws:ec2/subnet:Subnet": "cidrBlock",
    "aws:ec2/securityGroup:SecurityGroup": "name",
    "aws:ecr/repository:Repository": "name",
    "aws:ecs/cluster:Cluster": "name",
    "aws:iam/role:Role": "name",
    "aws:kms/alias:Alias": "name",
    "aws:lb/loadBalancer:LoadBalancer": "name",
    "aws:lb/targetGroup:TargetGroup": "name",
    "aws:cloudwatch/logGroup:LogGroup": "name",
    "aws:rds/instance:Instance": "identifier",
    "aws:rds/parameterGroup:ParameterGroup": "name",
    "aws:rds/subnetGroup:SubnetGroup": "name",
    "aws:s3/bucket:Bucket": "bucket",
    "aws:ssm/parameter:Parameter": "name",
}
"""What AWS gives to one resource at a time: created first, the new one is refused."""


@cache
def _table() -> dict[str, Any]:
    text = files(__package__).joinpath("replacements.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)["types"]
    return found


def types() -> Mapping[str, Any]:
    """Return the table, by type token."""
    return _table()


def forcing(token: str, found: Iterable[Difference], more: Iterable[str] = ()) -> list[str]:
    """Return the paths, of those that differ, which force a replacement.

    `more` are the resource's own `replaceOnChanges`.
    """
    entry = _table().get(token, {})
    wanted = [*entry.get("replace", ()), *more]
    if token.startswith("aws:"):
        wanted.append("region")
    switch = entry.get("switch", ())
    return [
        item.path
        for item in found
        if any(_covers(name, item.path) for name in wanted)
        or (item.path in switch and None in (item.before, item.after))
    ]


def source(token: str) -> str:
    """Return where the table's entry is read from; empty for a type that it does not know."""
    return str(_table().get(token, {}).get("source", ""))


def _covers(name: str, path: str) -> bool:
    plain = "".join(part.partition("]")[2] if "]" in part else part for part in path.split("["))
    return name in {"*", plain} or plain.startswith(f"{name}.")
