"""Wider permissions: wildcards, escalation, trust in strangers, and roles that are one again."""

from fnmatch import fnmatchcase
from typing import Any, Final

from graph import Resource
from tests.mutants.documents import (
    Statement,
    each_statement,
    listed,
    policies,
    with_policy,
)
from tests.mutants.operators import Made, is_set, operator, operators, weaken
from tests.mutants.stack import DROP, Ref, Stack, within

ROLE: Final = "aws:iam/role:Role"
POLICY: Final = "aws:iam/policy:Policy"
ROLE_POLICY: Final = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT: Final = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
MANAGED: Final = {
    # https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonSSMManagedInstanceCore.html
    "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore": (
        "ssm:GetParameter",
        "ssm:GetParameters",
    ),
}
"""What policies of AWS's allow, of what policies of this stack deny."""
ESCALATIONS: Final[tuple[tuple[str, ...], ...]] = (
    ("iam:CreatePolicyVersion",),
    ("iam:SetDefaultPolicyVersion",),
    ("iam:AttachRolePolicy",),
    ("iam:PutRolePolicy",),
    ("iam:UpdateAssumeRolePolicy",),
    ("iam:CreateAccessKey",),
    ("iam:CreateLoginProfile",),
    ("iam:AddUserToGroup",),
    ("iam:PassRole", "ec2:RunInstances"),
    ("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"),
    ("iam:PassRole", "ecs:RegisterTaskDefinition", "ecs:RunTask"),
    ("iam:PassRole", "cloudformation:CreateStack"),
    ("sts:AssumeRole",),
    ("lambda:UpdateFunctionCode",),
    ("ssm:SendCommand",),
)
"""What leads from a role to a stronger one: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html"""


Grant = tuple[Resource, str, dict[str, Any]]


def given(stack: Stack, role: Resource) -> list[Grant]:
    """Return the stack's own policies that a role is given, inline or attached."""
    inline = stack.leading(ROLE_POLICY, "role", role)
    attached = {
        policy.urn
        for item in stack.leading(ATTACHMENT, "role", role)
        for policy in stack.targets(item, "policyArn", POLICY)
    }
    urns = {item.urn for item in inline} | attached
    return [item for item in policies(stack, POLICY, ROLE_POLICY) if item[0].urn in urns]


def unbounded(stack: Stack) -> list[Resource]:
    """Return the roles without a boundary, which would deny what their policies come to allow."""
    return [item for item in stack.of(ROLE) if not is_set(within(item, "permissionsBoundary"))]


def grants(stack: Stack) -> list[Grant]:
    """Return the policies that roles are given; a boundary gives nothing."""
    return [item for role in stack.of(ROLE) for item in given(stack, role)]


def denied(stack: Stack, role: Resource) -> list[str]:
    """Return the patterns of actions that a role's policies deny on everything, always."""
    return [
        str(action)
        for _, _, document in given(stack, role)
        for item in document["Statement"]
        if item["Effect"] == "Deny" and item["Resource"] == "*" and not item.get("Condition")
        for action in listed(item.get("Action", []))
    ]


def with_statement(
    stack: Stack, item: tuple[Resource, str, dict[str, Any]], new: Statement
) -> Stack:
    """Return the stack with one more statement in a policy."""
    resource, key, document = item
    return with_policy(
        stack, resource, key, {**document, "Statement": [*document["Statement"], new]}
    )


@operator("IAM", "whoever gets hold of the role has the account")
def allow_everything(stack: Stack) -> Made:
    """Add a statement to each policy that allows everything, or nearly."""
    for item in grants(stack):
        wide: dict[str, Statement] = {
            "*": {"Action": "*", "Resource": "*"},
            "*:*": {"Action": ["*:*"], "Resource": ["*"]},
            "all but": {"NotAction": ["organizations:*"], "Resource": "*"},
            "iam:*": {"Action": "iam:*", "Resource": "*"},
        }
        for name, new in wide.items():
            yield f"{item[0].name} {name}", with_statement(stack, item, {**new, "Effect": "Allow"})


@operator("IAM", "one service's whole power, over the resources of other stacks as well")
def allow_whole_services(stack: Stack) -> Made:
    """Widen each allowed action to its service, on everything."""
    for name, statement, replaced in each_statement(stack, POLICY, ROLE_POLICY):
        if "Action" not in statement or statement.get("Condition"):
            continue
        services = {str(action).split(":")[0] for action in listed(statement["Action"])}
        if "*" in services or len(services) > 1:
            continue
        wide = {**statement, "Action": f"{services.pop()}:*", "Resource": "*"}
        if wide != statement:
            yield name, replaced(wide)


@operator("IAM", "from this role to a stronger one")
def allow_escalation(stack: Stack) -> Made:
    """Add each known way of escalation to each role's first policy."""
    for item in [held[0] for role in unbounded(stack) if (held := given(stack, role))]:
        for actions in ESCALATIONS:
            new = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
            yield f"{item[0].name} {'+'.join(actions)}", with_statement(stack, item, new)


@operator("IAM", "the statement holds for any resource, or at any time, where it held for some")
def drop_limits_of_what_matters(stack: Stack) -> Made:
    """Take resources or conditions from each statement whose actions reach data, keys or roles."""
    matters = (
        "iam:PassRole",
        "kms:Decrypt",
        "ssm:GetParameter",
        "ssm:StartSession",
        "ecs:ExecuteCommand",
        "ecs:RunTask",
        "ssm:SendCommand",
        "kms:CreateGrant",
    )
    for name, statement, replaced in each_statement(stack, POLICY, ROLE_POLICY):
        actions = [str(action) for action in listed(statement.get("Action", []))]
        if not any(action.startswith(matters) for action in actions) or "boundary" in name:
            continue
        if listed(statement["Resource"]) != ["*"]:
            bare = {key: value for key, value in statement.items() if key != "Condition"}
            yield f"{name} on all, always", replaced({**bare, "Resource": "*"})


@operator("IAM", "what is denied is denied for a reason: data, secrets, sessions, other stacks")
def stop_denying(stack: Stack) -> Made:
    """Take each denying statement away that something allowed falls under."""
    for resource, key, document in policies(stack, POLICY, ROLE_POLICY):
        names = {id(item): at for at, item in enumerate(document["Statement"])}
        beside = [item for role in stack.of(ROLE) for item in _beside(stack, role, resource)]
        for item in document["Statement"]:
            if item["Effect"] == "Deny" and any(_meet(item, other) for other in beside):
                kept = [other for other in document["Statement"] if other is not item]
                name = f"{resource.name} {item.get('Sid', names[id(item)])}"
                yield name, with_policy(stack, resource, key, {**document, "Statement": kept})


def _beside(stack: Stack, role: Resource, resource: Resource) -> list[Statement]:
    """Return what a role is allowed, if `resource` is among its policies or is its boundary."""
    held = given(stack, role)
    if resource.urn not in {item[0].urn for item in held}:
        return []
    allowed = [
        item for grant in held for item in grant[2]["Statement"] if item["Effect"] == "Allow"
    ]
    for item in stack.leading(ATTACHMENT, "role", role):
        managed = MANAGED.get(str(item.properties.get("policyArn")), ())
        allowed.extend({"Action": action, "Resource": "*"} for action in managed)
    return allowed


def _meet(one: Statement, other: Statement) -> bool:
    """Tell whether two statements speak of the same action on the same resource."""
    return all(
        any(
            fnmatchcase(a, b) or fnmatchcase(b, a)
            for a in _texts(one, key)
            for b in _texts(other, key)
        )
        for key in ("Action", "Resource")
    )


def _texts(statement: Statement, key: str) -> list[str]:
    return [str(item) for item in listed(statement.get(key, "*"))]


@operator("IAM", "what was denied for a reason, data, secrets or sessions, is allowed")
def allow_what_is_denied(stack: Stack) -> Made:
    """Turn each denying statement of a role's policies round."""
    own = {item[0].name for role in unbounded(stack) for item in given(stack, role)}
    for name, statement, replaced in each_statement(stack, POLICY, ROLE_POLICY, effect="Deny"):
        if name.split()[0] in own and "NotAction" not in statement:
            yield name, replaced({**statement, "Effect": "Allow"})


@operator("IAM", "the account, by one attachment")
def attach_administration(stack: Stack) -> Made:
    """Attach a policy of AWS's that allows nearly everything to each role, in two forms."""
    for role in stack.of(ROLE):
        for policy in ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess"):
            arn = f"arn:aws:iam::aws:policy/{policy}"
            held = {"role": Ref(role.urn, "name"), "policyArn": arn}
            yield f"{role.name} {policy}", stack.plus(ATTACHMENT, "more", **held)
        arn = "arn:aws:iam::aws:policy/AdministratorAccess"
        listed_ = [*(within(role, "managedPolicyArns") or []), arn]
        yield f"{role.name} listed", stack.put(role, "managedPolicyArns", listed_)


@operator("IAM", "releases are made by people who may not read rows or change infrastructure")
def join_the_roles(stack: Stack) -> Made:
    """Give the deployment and development roles what is another role's business."""
    powers = {
        "change databases": ["rds:ModifyDBInstance", "rds:DeleteDBInstance"],
        "change networks": ["ec2:AuthorizeSecurityGroupIngress", "ec2:CreateRoute"],
        "read secrets": ["secretsmanager:GetSecretValue"],
        "read parameters": ["ssm:GetParameter", "ssm:GetParameters"],
        "copy data": ["rds:CreateDBSnapshot", "rds:ModifyDBSnapshotAttribute"],
        "log in to databases": ["rds-db:connect"],
        "enter containers": ["ecs:ExecuteCommand"],
    }
    for role in stack.of(ROLE):
        if not role.name.startswith(("access-deployment", "access-development")):
            continue
        for power, actions in powers.items():
            if power == "enter containers" and role.name == "access-development":
                continue
            if set(actions) <= set(denied(stack, role)):
                continue
            new = {"Effect": "Allow", "Action": actions, "Resource": "*"}
            for item in given(stack, role):
                yield f"{item[0].name} {power}", with_statement(stack, item, new)


@operator("IAM", "keys that never expire, and whose secret half lies in the state")
def make_access_keys(stack: Stack) -> Made:
    """Add a user with a key, and with everything."""
    made = stack.plus("aws:iam/user:User", "ci", name="ci")
    user = Ref(made.named("ci").urn, "name")
    yield "key", made.plus("aws:iam/accessKey:AccessKey", "key", user=user)
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    yield (
        "administrator",
        made.plus(
            "aws:iam/userPolicyAttachment:UserPolicyAttachment", "all", user=user, policyArn=arn
        ),
    )
    document = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    )
    yield (
        "user policy",
        made.plus("aws:iam/userPolicy:UserPolicy", "all", user=user, policy=document),
    )
    yield (
        "group policy",
        made.plus("aws:iam/groupPolicy:GroupPolicy", "all", group="ops", policy=document),
    )


ROLES = weaken(
    "IAM",
    ROLE,
    (
        "permissionsBoundary",
        (DROP, "arn:aws:iam::aws:policy/AdministratorAccess"),
        "nothing bounds who changes infrastructure",
        is_set,
    ),
)

OPERATORS: Final = operators(globals())
