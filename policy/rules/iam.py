"""Rules on permissions and trust: policy documents read as such, never as text."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from rules.rule import Rule, Severity
from rules.statements import Statement, statements
from rules.subject import Fault, Subject, Test, only_if, per_document, present, rule

ROLE: Final = "aws:iam/role:Role"
POLICY: Final = "aws:iam/policy:Policy"
ATTACHMENTS: Final = (
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/policyAttachment:PolicyAttachment",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
)
GRANTS: Final = (
    POLICY,
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
)
ROLES: Final = (ROLE,)

_GUIDE: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
_GITHUB: Final = "token.actions.githubusercontent.com"
_SERVICE: Final = re.compile(r"[a-z0-9-]+:\*", re.IGNORECASE)
_SUBJECT: Final = re.compile(r"repo:[^*?/:]+/[^*?/:]+:.+")

Check = Callable[[Statement], str | None]


def _granted(check: Check) -> Test:
    """Return the test of every statement that allows, in policies that grant something."""

    def document(path: str, body: Mapping[str, Any]) -> Iterator[Fault]:
        for item in statements(body):
            says = check(item) if item.allows else None
            if says:
                yield Fault(says, f"{path}.{item.path}")

    return only_if(grants, per_document("policy", test=document))


def grants(subject: Subject) -> bool:
    """Tell whether a policy grants: one that is only a boundary limits, and is broad on purpose."""
    if subject.type != POLICY or subject.peers("policyArn", *ATTACHMENTS):
        return True
    name = subject.at("name")
    return not any(
        isinstance(name, str) and str(boundary).endswith(f"policy/{name}")
        for role in subject.graph.index.of(ROLE)
        if (boundary := role.properties.get("permissionsBoundary"))
    )


def _trusted(check: Check) -> Test:
    def document(path: str, body: Mapping[str, Any]) -> Iterator[Fault]:
        for item in statements(body):
            says = check(item) if item.allows else None
            if says:
                yield Fault(says, f"{path}.{item.path}")

    return per_document("assumeRolePolicy", test=document)


def _everywhere(item: Statement) -> bool:
    return "*" in item.texts("Resource")


def _admin(item: Statement) -> str | None:
    if "*" in item.texts("Action") or "*:*" in item.texts("Action"):
        return "allows every action" if _everywhere(item) else "allows every action on something"
    return None


def _service(item: Statement) -> str | None:
    wide = [action for action in item.texts("Action") if _SERVICE.fullmatch(action)]
    if not wide or not _everywhere(item) or present(item.body.get("Condition")):
        return None
    return f"allows {', '.join(wide)} on every resource"


def _pass_role(item: Statement) -> str | None:
    passes = {"iam:passrole", "iam:*", "iam:pass*", "*"} & {
        action.lower() for action in item.texts("Action")
    }
    anyone = any(
        text == "*" or text.endswith((":role/*", ":role*", "iam::*:*"))
        for text in item.texts("Resource")
    )
    return "allows to pass any role to a service" if passes and anyone else None


def _negated(item: Statement) -> str | None:
    named = [key for key in ("NotAction", "NotResource") if key in item.body]
    return f"allows by {named[0]}: everything but a list" if named else None


def _anyone(item: Statement) -> str | None:
    return "can be assumed by everybody" if item.public else None


def _github(item: Statement) -> str | None:
    principal = item.body.get("Principal")
    federated = principal.get("Federated") if isinstance(principal, Mapping) else None
    if _GITHUB not in str(federated):
        return None
    subjects = [
        (operator, value)
        for operator, key, values in item.conditions
        if key == f"{_GITHUB}:sub"
        for value in values
    ]
    if not subjects:
        return "can be assumed by every repository of GitHub: it names no subject"
    for operator, value in subjects:
        if "Not" in operator or operator.endswith("IfExists"):
            return f"names GitHub subjects by {operator}, which admits others"
        if not _SUBJECT.fullmatch(value):
            return f"can be assumed by GitHub subjects like {value}: owner or repository is open"
    return None


def _audience(item: Statement) -> str | None:
    principal = item.body.get("Principal")
    federated = principal.get("Federated") if isinstance(principal, Mapping) else None
    if "oidc-provider/" not in str(federated):
        return None
    if any(key.endswith(":aud") for _, key, _ in item.conditions):
        return None
    return "can be assumed with tokens made for others: it names no audience"


def _key(_: Subject) -> Iterator[Fault]:
    yield Fault("is a key that never expires", "id")


NO_ADMIN: Final = rule(
    _granted(_admin),
    *GRANTS,
    name="iam-no-admin",
    title="No policy allows everything",
    severity=Severity.CRITICAL,
    why="Whoever gets hold of it has the account",
    fix="name the actions that are needed",
    url=f"{_GUIDE}best-practices.html#grant-least-privilege",
    controls=("FSBP IAM.1", "FSBP IAM.21", "CIS 2.14"),
)
NO_SERVICE: Final = rule(
    _granted(_service),
    *GRANTS,
    name="iam-no-service-wildcard",
    title="No policy allows a whole service on everything",
    severity=Severity.HIGH,
    why="It includes what the service learns to do tomorrow, and the resources of other stacks",
    fix="name actions or resources, or narrow the statement by a condition",
    url=f"{_GUIDE}best-practices.html#grant-least-privilege",
    controls=("FSBP IAM.21",),
)
PASS_ROLE: Final = rule(
    _granted(_pass_role),
    *GRANTS,
    name="iam-pass-role-scoped",
    title="Only named roles may be passed to services",
    severity=Severity.CRITICAL,
    why="Passing a stronger role to a host or a task of one's own is becoming it",
    fix="name the roles, and the service by iam:PassedToService",
    url=f"{_GUIDE}id_roles_use_passrole.html",
)
NO_NEGATION: Final = rule(
    _granted(_negated),
    *GRANTS,
    name="iam-no-allow-by-exception",
    title="No policy allows everything but a list",
    severity=Severity.HIGH,
    why="What AWS adds tomorrow is allowed today",
    fix="list what is allowed; keep NotAction and NotResource to Deny",
    url=f"{_GUIDE}reference_policies_elements_notaction.html",
)
TRUST: Final = rule(
    _trusted(_anyone),
    *ROLES,
    name="iam-trust-named",
    title="Roles say who may assume them",
    severity=Severity.CRITICAL,
    why="Every AWS account in the world can try, and does",
    fix="name accounts, roles or services as principals, or narrow them by organization",
    url=f"{_GUIDE}reference_policies_elements_principal.html",
    controls=("CIS 2.21",),
)
GITHUB: Final = rule(
    _trusted(_github),
    *ROLES,
    name="iam-github-subject",
    title="Roles for GitHub name owner and repository",
    severity=Severity.CRITICAL,
    why="Any workflow that the subject matches, of anybody, gets the role",
    fix="set the subject to repo:<owner>/<repository>:environment:<name>, without wildcards before",
    url=f"{_GUIDE}id_roles_providers_create_oidc.html",
)
AUDIENCE: Final = rule(
    _trusted(_audience),
    *ROLES,
    name="iam-oidc-audience",
    title="Roles for OIDC name their audience",
    severity=Severity.MEDIUM,
    why="A token that was made for another service opens this role",
    fix="add a condition on the provider's aud, such as sts.amazonaws.com",
    url=f"{_GUIDE}id_roles_providers_create_oidc.html",
)
ACCESS_KEYS: Final = rule(
    _key,
    "aws:iam/accessKey:AccessKey",
    name="iam-no-access-keys",
    title="The stack makes no access keys",
    severity=Severity.HIGH,
    why="They never expire, and their secret half lies in the state",
    fix="use a role: OIDC for pipelines, IAM Identity Center for people",
    url=f"{_GUIDE}best-practices.html#bp-workloads-use-roles",
    controls=("FSBP IAM.3", "CIS 2.12"),
)

RULES: Final[tuple[Rule, ...]] = (
    NO_ADMIN,
    NO_SERVICE,
    PASS_ROLE,
    NO_NEGATION,
    TRUST,
    GITHUB,
    AUDIENCE,
    ACCESS_KEYS,
)
