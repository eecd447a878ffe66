"""The documents of a role, as a captured program registered them."""

from dataclasses import dataclass

from perpetual.offline.capture import Capture
from tests.support.iam import Call, Decision, decide


@dataclass(frozen=True)
class RoleDocuments:
    """A role's trust policy, the text of its policies, and its boundary's."""

    trust: str
    policies: tuple[str, ...]
    boundary: str | None

    def decide(self, call: Call) -> Decision:
        """Judge a call made with this role's credentials."""
        return decide(call, self.policies, self.boundary)


def documents(captured: Capture, role: str) -> RoleDocuments:
    """Return the documents of the role with this physical name; raise `LookupError` without one."""
    found = [item for item in captured.of_type("aws:iam/role:Role") if item.inputs["name"] == role]
    if len(found) != 1:
        message = f"{len(found)} roles are named {role!r}"
        raise LookupError(message)
    policies = {item.urn: item for item in captured.of_type("aws:iam/policy:Policy")}
    attached = [
        policies[urn].inputs["policy"]
        for item in captured.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        if item.inputs["role"] == role
        for urn in item.property_dependencies["policyArn"]
    ]
    inline = [
        item.inputs["policy"]
        for item in captured.of_type("aws:iam/rolePolicy:RolePolicy")
        if item.inputs["role"] == role
    ]
    arn = found[0].inputs.get("permissionsBoundary")
    boundaries = [
        item.inputs["policy"]
        for item in policies.values()
        if arn is not None and arn.endswith(f":policy/{item.inputs['name']}")
    ]
    if (arn is None) != (not boundaries):
        message = f"the boundary {arn} of {role!r} is not among the program's policies"
        raise LookupError(message)
    return RoleDocuments(
        trust=found[0].inputs["assumeRolePolicy"],
        policies=tuple(attached + inline),
        boundary=boundaries[0] if boundaries else None,
    )
