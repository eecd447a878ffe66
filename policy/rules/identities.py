"""Rules on users, on policies that AWS manages, and on trust in accounts and services."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from graph import UNKNOWN
from rules.documents import RESOURCE
from rules.holders import ATTACHED, PRINCIPALS, ROLE, USER
from rules.rule import Level, Rule, Severity
from rules.statements import Statement, statements
from rules.subject import Fault, Subject, per_document, present, rule, unknown

_GUIDE: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
_USER_POLICIES: Final = (
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/policyAttachment:PolicyAttachment",
)
_BROAD: Final = re.compile(
    r"arn:[\w-]+:iam::aws:policy/(.*/)?(\w+FullAccess|AdministratorAccess\S*|PowerUserAccess)"
)
_ROOT: Final = re.compile(r"arn:[\w-]+:iam::\d+:root|\d{12}")
# Services that say so of their roles; others, such as EC2 and Lambda, set neither key:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
_SAYING: Final = re.compile(
    r"(ecs-tasks|vpc-flow-logs|monitoring\.rds|scheduler|ssm|codebuild|bedrock|backup"
    r"|logs\.[\w-]+|logs)\.amazonaws\.com"
)
_SOURCES: Final = (
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
)
_KEYS_SOURCES: Final = ("kms:viaservice", "kms:calleraccount", "kms:encryptioncontext")


def _user(subject: Subject) -> Iterator[Fault]:
    path = "users" if subject.type == _USER_POLICIES[-1] else "user"
    value = subject.at(path)
    if value is UNKNOWN and path == "users":
        yield unknown(path)
    elif present(value) or path == "user":
        yield Fault("gives permissions to a single user", path)


def _broad(subject: Subject) -> Iterator[Fault]:
    path = "managedPolicyArns" if subject.type in PRINCIPALS else "policyArn"
    value = subject.at(path)
    for arn in value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(arn, str) and _BROAD.fullmatch(arn):
            yield Fault(f"gives all that {arn.rpartition('/')[2]} does", path)
        elif arn is UNKNOWN and not _own(subject, path):
            yield unknown(path)


def _own(subject: Subject, path: str) -> bool:
    """Tell whether an unknown ARN is that of a policy which this stack makes."""
    policies = ("aws:iam/policy:Policy",)
    return bool(subject.graph.index.sources(subject.resource, path, policies))


def _principals(item: Statement, kind: str) -> list[str]:
    principal = item.body.get("Principal")
    value = principal.get(kind) if isinstance(principal, Mapping) else None
    named = value if isinstance(value, (list, tuple)) else [value]
    return [one for one in named if isinstance(one, str)]


def _whole_accounts(path: str, body: Mapping[str, Any]) -> Iterator[Fault]:
    for item in statements(body):
        roots = [one for one in _principals(item, "AWS") if _ROOT.fullmatch(one)]
        if item.allows and roots and not _demands(item, "sts:externalid", "aws:principal"):
            yield Fault(f"trusts everybody in an account, {roots[0]}", f"{path}.{item.path}")


def _demands(item: Statement, *keys: str) -> bool:
    """Tell whether a statement demands a value of one of these keys, or of one that begins so."""
    return any(
        key.startswith(keys)
        and "Not" not in operator
        and not operator.endswith("IfExists")
        and operator != "Null"
        and "*" not in values
        for operator, key, values in item.conditions
    )


def _deputies(path: str, body: Mapping[str, Any]) -> Iterator[Fault]:
    for item in statements(body):
        services = [one for one in _principals(item, "Service") if _SAYING.fullmatch(one)]
        if item.allows and services and not _demands(item, *_SOURCES):
            yield Fault(f"trusts {services[0]} on behalf of every account", f"{path}.{item.path}")


def _sources(path: str, body: Mapping[str, Any]) -> Iterator[Fault]:
    for item in statements(body):
        services = _principals(item, "Service")
        if item.allows and services and not _demands(item, *_SOURCES, *_KEYS_SOURCES):
            yield Fault(f"lets {services[0]} in on behalf of every account", f"{path}.{item.path}")


def _exists(_: Subject) -> Iterator[Fault]:
    yield Fault("is a user, with credentials that never expire", "name")


NO_USER_POLICIES: Final = rule(
    _user,
    *_USER_POLICIES,
    name="iam-no-user-policies",
    title="Users have permissions by groups and roles only",
    severity=Severity.LOW,
    why="What one person may do is then found nowhere else, and stays when the work changes",
    fix="give the policy to a group or a role",
    url=f"{_GUIDE}access_policies_managed-vs-inline.html",
    controls=("FSBP IAM.2",),
)
NO_USERS: Final = rule(
    _exists,
    USER,
    name="iam-no-users",
    title="The stack makes no users",
    severity=Severity.LOW,
    why="Their passwords and keys last until somebody remembers them",
    fix="use IAM Identity Center for people, roles for programs",
    url=f"{_GUIDE}best-practices.html#bp-users-federation-idp",
    level=Level.ADVISORY,
)
NARROW_MANAGED: Final = rule(
    _broad,
    *PRINCIPALS,
    *ATTACHED,
    name="iam-no-broad-managed-policies",
    title="No principal gets a policy that allows a whole service",
    severity=Severity.HIGH,
    why="AWS writes them for every account, and they grow with the service",
    fix="write a policy of the actions and resources that are needed",
    url=f"{_GUIDE}best-practices.html#bp-use-aws-defined-policies",
)
NO_WHOLE_ACCOUNT: Final = rule(
    per_document("assumeRolePolicy", test=_whole_accounts),
    ROLE,
    name="iam-trust-not-whole-account",
    title="Roles trust principals, not whole accounts",
    severity=Severity.MEDIUM,
    why="Whoever administers that account decides who has the role, and everybody else may ask",
    fix="name the principals, or demand sts:ExternalId or aws:PrincipalArn",
    url=f"{_GUIDE}id_roles_common-scenarios_third-party.html",
    level=Level.ADVISORY,
)
TRUST_SOURCE: Final = rule(
    per_document("assumeRolePolicy", test=_deputies),
    ROLE,
    name="iam-trust-source",
    title="Roles for services say for which account and resource",
    severity=Severity.MEDIUM,
    why="Another customer of the service can make it act under this role",
    fix="add a condition on aws:SourceAccount or aws:SourceArn",
    url=f"{_GUIDE}confused-deputy.html",
    level=Level.ADVISORY,
)
POLICY_SOURCE: Final = rule(
    per_document("policy", test=_sources),
    *RESOURCE,
    name="policy-service-source",
    title="Policies that let services in say for which account and resource",
    severity=Severity.MEDIUM,
    why="Another customer of the service can make it write or read here",
    fix="add a condition on aws:SourceAccount or aws:SourceArn",
    url=f"{_GUIDE}confused-deputy.html",
    level=Level.ADVISORY,
)

RULES: Final[tuple[Rule, ...]] = (
    NO_USER_POLICIES,
    NO_USERS,
    NARROW_MANAGED,
    NO_WHOLE_ACCOUNT,
    TRUST_SOURCE,
    POLICY_SOURCE,
)
