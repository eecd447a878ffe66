"""Rules on the separation of roles: who deploys or enters a release changes and reads nothing else.

Roles are known by what they may do: one that may make clusters builds the stack; one that may
register tasks, update services or enter containers uses it. The tag `perpetual:access` on a role
says it plainly: `infrastructure`, `deployment` or `development`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from graph import Graph
from rules.escalation import held
from rules.escalation_ways import ALONE, PROBE
from rules.globs import arns_overlap
from rules.holders import PRINCIPALS
from rules.permissions import Grant, Holder, limited
from rules.rule import Rule, Severity
from rules.subject import Fault, Subject, rule

TAG: Final = "perpetual:access"
_USERS: Final = ("deployment", "development")
_BUILDS: Final = ("ecs:CreateCluster", "ec2:CreateVpc", "cloudformation:CreateStack")
_USES: Final = (
    "ecs:UpdateService",
    "ecs:RegisterTaskDefinition",
    "ecs:ExecuteCommand",
    "codedeploy:CreateDeployment",
)
_CHANGES: Final = (
    "ec2:CreateSubnet",
    "ec2:DeleteSubnet",
    "ec2:ModifySubnetAttribute",
    "ec2:CreateRoute",
    "ec2:ReplaceRoute",
    "ec2:DeleteRoute",
    "ec2:AssociateRouteTable",
    "ec2:AttachInternetGateway",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:AuthorizeSecurityGroupEgress",
    "ec2:ModifySecurityGroupRules",
    "ec2:CreateNetworkAclEntry",
    "ec2:ReplaceNetworkAclEntry",
    "ec2:RunInstances",
    "ec2:TerminateInstances",
    "rds:CreateDBInstance",
    "rds:ModifyDBInstance",
    "rds:DeleteDBInstance",
    "rds:ModifyDBParameterGroup",
    "rds:RestoreDBInstanceFromDBSnapshot",
    "rds:ModifyDBCluster",
    "elasticloadbalancing:ModifyListener",
    "elasticloadbalancing:DeleteLoadBalancer",
    "autoscaling:UpdateAutoScalingGroup",
    "ecs:DeleteCluster",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "s3:PutBucketPolicy",
    "s3:DeleteBucket",
    "logs:DeleteLogGroup",
    "route53:ChangeResourceRecordSets",
    "iam:CreateRole",
    "iam:DeleteRole",
    *(action for action in ALONE if action.startswith("iam:")),
)
_READS: Final = (
    "secretsmanager:GetSecretValue",
    "secretsmanager:BatchGetSecretValue",
    "rds-data:ExecuteStatement",
    "rds-db:connect",
    "rds:CopyDBSnapshot",
    "rds:ModifyDBSnapshotAttribute",
)
_PARAMETERS: Final = (
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
    "ssm:GetParameterHistory",
)
_ANY_PARAMETER: Final = f"arn:*:ssm:*:*:parameter/{PROBE}"
_SECRET: Final = re.compile(r"secret|passw|credential|private", re.IGNORECASE)
_DATA: Final = re.compile(r"log|data|backup|export|dump|snapshot", re.IGNORECASE)
_GUIDE: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"


def _uses(subject: Subject, holder: Holder) -> bool:
    """Tell whether a principal uses the stack, and does not build it."""
    tags = subject.at("tags")
    said = tags.get(TAG) if isinstance(tags, Mapping) else None
    if isinstance(said, str):
        return said in _USERS
    builds = any(holder.grants(action) for action in _BUILDS)
    return not builds and any(holder.grants(action) for action in _USES)


def _changing(subject: Subject, holder: Holder) -> Iterator[Fault]:
    if not _uses(subject, holder):
        return
    found = [(action, grants[0]) for action in _CHANGES if (grants := holder.grants(action))]
    if found:
        named = ", ".join(action for action, _ in found[:4])
        rest = f" and {len(found) - 4} more" if len(found) > 4 else ""  # noqa: PLR2004 - enough
        yield Fault(
            f"uses the stack and can change it, by {named}{rest} ({found[0][1].clause.label})",
            found[0][1].clause.path,
        )


def _reading(subject: Subject, holder: Holder) -> Iterator[Fault]:
    if not _uses(subject, holder):
        return
    found = [(action, grant) for action in _READS for grant in holder.grants(action)[:1]]
    found += [
        (action, grant)
        for action in _PARAMETERS
        for grant in holder.grants(action)
        if _secret_parameter(subject.graph, grant.resource)
    ][:1]
    found += [("kms:Decrypt", grant) for grant in holder.grants("kms:Decrypt") if _any_key(grant)]
    found += [
        ("s3:GetObject", grant)
        for grant in holder.grants("s3:GetObject")
        if _stored_data(subject.graph, grant.resource)
    ][:1]
    for action, grant in found:
        yield Fault(
            f"uses the stack and can read its data, by {action} ({grant.clause.label})",
            grant.clause.path,
        )


def _any_key(grant: Grant) -> bool:
    return not limited(grant.conditions)


def _secret_parameter(graph: Graph, pattern: str) -> bool:
    """Tell whether a pattern of parameters fits any, one of this stack's secrets, or says so."""
    if arns_overlap(pattern, _ANY_PARAMETER) or _SECRET.search(pattern):
        return True
    return any(
        item.properties.get("type") == "SecureString"
        and isinstance(name := item.properties.get("name"), str)
        and arns_overlap(pattern, f"arn:*:ssm:*:*:parameter/{name.removeprefix('/')}")
        for item in graph.index.of("aws:ssm/parameter:Parameter")
    )


def _stored_data(graph: Graph, pattern: str) -> bool:
    """Tell whether a pattern of objects fits any bucket, or one of this stack's that holds data."""
    if arns_overlap(pattern, f"arn:*:s3:::{PROBE}/{PROBE}"):
        return True
    return any(
        isinstance(name := item.properties.get("bucket"), str)
        and _DATA.search(name)
        and arns_overlap(pattern, f"arn:*:s3:::{name}/*")
        for item in graph.index.of("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
    )


CHANGES_NOTHING: Final = rule(
    held(_changing),
    *PRINCIPALS,
    name="iam-deployer-changes-nothing",
    title="Who deploys or enters a release cannot change the infrastructure",
    severity=Severity.HIGH,
    why="A pipeline's credentials are the most exposed ones; they would open network and database",
    fix="leave changes of infrastructure to a role of their own",
    url=f"{_GUIDE}best-practices.html#grant-least-privilege",
)
READS_NOTHING: Final = rule(
    held(_reading),
    *PRINCIPALS,
    name="iam-deployer-reads-nothing",
    title="Who deploys or enters a release cannot read secrets and data",
    severity=Severity.HIGH,
    why="A pipeline's credentials are the most exposed ones; they would be the database's, too",
    fix="leave secrets to the execution role, and data to the release",
    url=f"{_GUIDE}best-practices.html#grant-least-privilege",
)

RULES: Final[tuple[Rule, ...]] = (CHANGES_NOTHING, READS_NOTHING)
