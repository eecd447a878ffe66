"""IAM: roles, policies and instance profiles.

https://docs.aws.amazon.com/IAM/latest/APIReference/
"""

import json
from typing import Any, Final
from urllib.parse import unquote

from perpetual.sandbox.resources import tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.kind import Kind, Values, names

_IAM: Final = "iam"
_VERSIONS: Final = 5
"""Versions of a policy that IAM keeps at most.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html
"""


def _document(found: Any) -> str:
    """Return a policy as text; IAM gives it quoted for addresses, and boto3 as what it says."""
    return unquote(found) if isinstance(found, str) else json.dumps(found)


# --- roles

_ROLE: Final = "name description path maxSessionDuration permissionsBoundary"
_ROLE_NAMES: Final = {
    "name": "RoleName",
    "assumeRolePolicy": "AssumeRolePolicyDocument",
    "uniqueId": "RoleId",
}


def _create_role(aws: Cloud, inputs: Values) -> str:
    aws.call(_IAM, "create_role", inputs, f"{_ROLE} assumeRolePolicy tagsAll", _ROLE_NAMES)
    return str(inputs["name"])


def _read_role(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = aws.find(_IAM, "get_role", "Role", RoleName=identifier)
    if found is None:
        return None
    attached = aws.call(_IAM, "list_attached_role_policies", RoleName=identifier)
    boundary = found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return {
        **aws.told(_IAM, "Role", found, _ROLE_NAMES),
        "assumeRolePolicy": _document(found["AssumeRolePolicyDocument"]),
        "permissionsBoundary": boundary,
        "managedPolicyArns": [item["PolicyArn"] for item in attached["AttachedPolicies"]],
        "tagsAll": tagging.read(found.get("Tags")),
    }


def _update_role(aws: Cloud, identifier: str, state: Values, inputs: Values) -> None:
    role = {"RoleName": identifier}
    aws.call(_IAM, "update_role", inputs, "description maxSessionDuration", **role)
    document = inputs["assumeRolePolicy"]
    aws.call(_IAM, "update_assume_role_policy", **role, PolicyDocument=document)
    if inputs.get("permissionsBoundary"):
        boundary = inputs["permissionsBoundary"]
        aws.call(_IAM, "put_role_permissions_boundary", **role, PermissionsBoundary=boundary)
    elif state.get("permissionsBoundary"):
        aws.call(_IAM, "delete_role_permissions_boundary", **role)


def _delete_role(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_IAM, "delete_role", RoleName=identifier)


ROLE: Final = Kind(
    "aws:iam/role:Role",
    inputs=names(f"{_ROLE} assumeRolePolicy"),
    outputs=names("arn createDate managedPolicyArns uniqueId"),
    create=_create_role,
    read=_read_role,
    update=_update_role,
    delete=_delete_role,
    retag=tagging.by(_IAM, "tag_role", "untag_role", subject="id"),
    name="name",
    regional=False,
)


# --- a role's own policies

_SEPARATOR: Final = ":"


def _put_policy(aws: Cloud, inputs: Values) -> str:
    aws.call(
        _IAM,
        "put_role_policy",
        inputs,
        "role name policy",
        {"role": "RoleName", "name": "PolicyName", "policy": "PolicyDocument"},
    )
    return f"{inputs['role']}{_SEPARATOR}{inputs['name']}"


def _rewrite_policy(aws: Cloud, _identifier: str, _state: Values, inputs: Values) -> None:
    _put_policy(aws, inputs)


def _read_own_policy(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    role, _, name = identifier.partition(_SEPARATOR)
    found = aws.ask(_IAM, "get_role_policy", RoleName=role, PolicyName=name)
    return found and {"role": role, "name": name, "policy": _document(found["PolicyDocument"])}


def _delete_own_policy(aws: Cloud, identifier: str, _state: Values) -> None:
    role, _, name = identifier.partition(_SEPARATOR)
    aws.call(_IAM, "delete_role_policy", RoleName=role, PolicyName=name)


ROLE_POLICY: Final = Kind(
    "aws:iam/rolePolicy:RolePolicy",
    inputs=names("role name policy"),
    create=_put_policy,
    read=_read_own_policy,
    update=_rewrite_policy,
    delete=_delete_own_policy,
    name="name",
    regional=False,
)


# --- managed policies

_POLICY_NAMES: Final = {"name": "PolicyName", "policy": "PolicyDocument"}


def _create_policy(aws: Cloud, inputs: Values) -> str:
    wanted = "name description path policy tagsAll"
    made = aws.call(_IAM, "create_policy", inputs, wanted, _POLICY_NAMES)
    return str(made["Policy"]["Arn"])


def _read_policy(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = aws.find(_IAM, "get_policy", "Policy", PolicyArn=identifier)
    if found is None:
        return None
    version = aws.call(
        _IAM, "get_policy_version", PolicyArn=identifier, VersionId=found["DefaultVersionId"]
    )["PolicyVersion"]
    return {
        **aws.told(_IAM, "Policy", found, _POLICY_NAMES),
        "policy": _document(version["Document"]),
        "tagsAll": tagging.read(found.get("Tags")),
    }


def _update_policy(aws: Cloud, identifier: str, _state: Values, inputs: Values) -> None:
    """Add a version and make it the one that counts; the oldest goes where there are too many."""
    others = _versions(aws, identifier)
    if len(others) + 1 >= _VERSIONS:
        aws.call(_IAM, "delete_policy_version", PolicyArn=identifier, VersionId=others[0])
    aws.call(
        _IAM,
        "create_policy_version",
        PolicyArn=identifier,
        PolicyDocument=inputs["policy"],
        SetAsDefault=True,
    )


def _versions(aws: Cloud, identifier: str) -> list[str]:
    """Return the versions that do not count, oldest first."""
    found = aws.call(_IAM, "list_policy_versions", PolicyArn=identifier)["Versions"]
    others = [item for item in found if not item["IsDefaultVersion"]]
    return [item["VersionId"] for item in sorted(others, key=lambda item: item["CreateDate"])]


def _delete_policy(aws: Cloud, identifier: str, _state: Values) -> None:
    for version in _versions(aws, identifier):
        aws.call(_IAM, "delete_policy_version", PolicyArn=identifier, VersionId=version)
    aws.call(_IAM, "delete_policy", PolicyArn=identifier)


POLICY: Final = Kind(
    "aws:iam/policy:Policy",
    inputs=names("name description path policy"),
    outputs=names("arn attachmentCount policyId"),
    create=_create_policy,
    read=_read_policy,
    update=_update_policy,
    delete=_delete_policy,
    retag=tagging.by(_IAM, "tag_policy", "untag_policy", subject="id"),
    name="name",
    regional=False,
)


def _attach(aws: Cloud, inputs: Values) -> str:
    aws.call(_IAM, "attach_role_policy", inputs, "role policyArn", {"role": "RoleName"})
    return f"{inputs['role']}/{inputs['policyArn']}"


def _read_attachment(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    role, _, policy = identifier.partition("/")
    found = aws.ask(_IAM, "list_attached_role_policies", RoleName=role) or {}
    attached = {item["PolicyArn"] for item in found.get("AttachedPolicies", ())}
    return {"role": role, "policyArn": policy} if policy in attached else None


def _detach(aws: Cloud, identifier: str, _state: Values) -> None:
    role, _, policy = identifier.partition("/")
    aws.call(_IAM, "detach_role_policy", RoleName=role, PolicyArn=policy)


ATTACHMENT: Final = Kind(
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    inputs=names("role policyArn"),
    create=_attach,
    read=_read_attachment,
    delete=_detach,
    regional=False,
)


# --- instance profiles

_PROFILE_NAMES: Final = {"name": "InstanceProfileName", "uniqueId": "InstanceProfileId"}


def _create_profile(aws: Cloud, inputs: Values) -> str:
    aws.call(_IAM, "create_instance_profile", inputs, "name path tagsAll", _PROFILE_NAMES)
    return str(inputs["name"])


def _settle_profile(aws: Cloud, identifier: str, inputs: Values) -> None:
    found = aws.find(
        _IAM, "get_instance_profile", "InstanceProfile", InstanceProfileName=identifier
    )
    there = [item["RoleName"] for item in (found or {}).get("Roles", ())]
    wanted = [inputs["role"]] if inputs.get("role") else []
    profile = {"InstanceProfileName": identifier}
    for role in there:
        if role not in wanted:
            aws.call(_IAM, "remove_role_from_instance_profile", **profile, RoleName=role)
    for role in wanted:
        if role not in there:
            aws.call(_IAM, "add_role_to_instance_profile", **profile, RoleName=role)


def _read_profile(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = aws.find(
        _IAM, "get_instance_profile", "InstanceProfile", InstanceProfileName=identifier
    )
    return found and {
        **aws.told(_IAM, "InstanceProfile", found, _PROFILE_NAMES),
        "role": next((item["RoleName"] for item in found.get("Roles", ())), None),
        "tagsAll": tagging.read(found.get("Tags")),
    }


def _delete_profile(aws: Cloud, identifier: str, _state: Values) -> None:
    _settle_profile(aws, identifier, {})
    aws.call(_IAM, "delete_instance_profile", InstanceProfileName=identifier)


INSTANCE_PROFILE: Final = Kind(
    "aws:iam/instanceProfile:InstanceProfile",
    inputs=names("name path role"),
    outputs=names("arn createDate uniqueId"),
    create=_create_profile,
    settle=_settle_profile,
    read=_read_profile,
    delete=_delete_profile,
    retag=tagging.by(_IAM, "tag_instance_profile", "untag_instance_profile", subject="id"),
    name="name",
    regional=False,
)

KINDS: Final = (ROLE, ROLE_POLICY, POLICY, ATTACHMENT, INSTANCE_PROFILE)
