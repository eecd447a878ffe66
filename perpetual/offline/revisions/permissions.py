"""What an identity, or whoever a resource's policy names, may do in the head and could not before.

A policy is taken as pairs of action and resource. A pair is gained when no pair of the base covers
it by its wildcards, under the same conditions and for the same principals. This finds what a text
gains; boundaries and organization policies may still refuse it.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from perpetual.offline.records import UNKNOWN

DOCUMENTS: Final[Mapping[str, str]] = {
    "aws:iam/policy:Policy": "policy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:iam/role:Role": "assumeRolePolicy",
    "aws:kms/key:Key": "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
}
"""Where a type keeps its policy document."""

ATTACHMENTS: Final = frozenset(
    {
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/userPolicyAttachment:UserPolicyAttachment",
        "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    }
)
"""Types that, once added, give an identity more."""


@dataclass(frozen=True)
class Grant:
    """One thing that one statement says: an action on a resource, for whom, on what condition."""

    effect: str
    action: str
    resource: str
    principal: str
    condition: str

    def covers(self, other: "Grant") -> bool:
        """Tell whether this says everything that `other` says."""
        return (
            self.effect == other.effect
            and self.condition in ("", other.condition)
            and _matches(self.principal, other.principal)
            and _matches(self.action.lower(), other.action.lower())
            and _matches(self.resource, other.resource)
        )

    def __str__(self) -> str:
        """Return it in few words."""
        who = f" for {self.principal}" if self.principal else ""
        on = f" on {self.resource}" if self.resource else ""
        when = " under a condition" if self.condition else ""
        return f"{self.action}{on}{who}{when}"


@dataclass(frozen=True)
class Widened:
    """What a document gains: allowed pairs, denials that are gone, or that nobody can tell."""

    gained: tuple[Grant, ...] = ()
    undenied: tuple[Grant, ...] = ()
    unreadable: bool = False

    def __bool__(self) -> bool:
        """Tell whether there is anything to say."""
        return bool(self.gained or self.undenied or self.unreadable)


def widened(before: Any, after: Any) -> Widened:
    """Return what `after` permits beyond `before`; both are documents, as text or objects."""
    if before == after:
        return Widened()
    old, new = _grants(before), _grants(after)
    if old is None or new is None:
        return Widened(unreadable=True)
    allowed = [grant for grant in old if grant.effect == "Allow"]
    denied = [grant for grant in new if grant.effect == "Deny"]
    return Widened(
        gained=tuple(
            grant
            for grant in new
            if grant.effect == "Allow" and not any(item.covers(grant) for item in allowed)
        ),
        undenied=tuple(
            grant
            for grant in old
            if grant.effect == "Deny" and not any(item.covers(grant) for item in denied)
        ),
    )


def _grants(document: Any) -> list[Grant] | None:
    """Return what a document says; None where it cannot be read."""
    if document is None:
        return []
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return None
    if not isinstance(document, dict):
        return None
    statements = _listed(document.get("Statement"))
    if not all(isinstance(statement, dict) for statement in statements):
        return None
    return list(dict.fromkeys(grant for item in statements for grant in _said(item)))


def _said(statement: Mapping[str, Any]) -> Iterator[Grant]:
    condition = statement.get("Condition")
    when = json.dumps(condition, sort_keys=True) if condition else ""
    actions = [str(item) for item in _listed(statement.get("Action"))]
    # All but these: whatever the list is, it is another set than any list of actions.
    actions += [f"all but {item}" for item in _listed(statement.get("NotAction"))]
    resources = [str(item) for item in _listed(statement.get("Resource"))]
    resources += [f"all but {item}" for item in _listed(statement.get("NotResource"))]
    for action in actions:
        for resource in resources or [""]:
            for principal in _principals(statement.get("Principal")):
                effect = str(statement.get("Effect"))
                yield Grant(effect, action, resource, principal, when)


def _principals(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [f"{kind} {item}" for kind, items in value.items() for item in _listed(items)]
    return [str(value)] if value else [""]


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _matches(pattern: str, text: str) -> bool:
    if pattern == text:
        return True
    # Two unknown values are one only where the whole is, which is above.
    return UNKNOWN not in pattern and bool(_compiled(pattern).fullmatch(text))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"([*?])", pattern)
    return re.compile(
        "".join({"*": ".*", "?": "."}.get(part, re.escape(part)) for part in parts), re.DOTALL
    )
