"""Who holds permissions: roles, users and groups, with the policies that reach them.

Policies come inline, attached, in lists of the principal itself, and through a user's groups, with
ids known or not.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from graph import UNKNOWN, Graph, Link, Resource
from rules.permissions import Clause, Holder, clauses
from rules.subject import MalformedError, document, doubtful

ROLE: Final = "aws:iam/role:Role"
USER: Final = "aws:iam/user:User"
GROUP: Final = "aws:iam/group:Group"
PRINCIPALS: Final = (ROLE, USER, GROUP)
POLICY: Final = "aws:iam/policy:Policy"
INLINE: Final = MappingProxyType(
    {
        "aws:iam/rolePolicy:RolePolicy": ("role", ROLE),
        "aws:iam/userPolicy:UserPolicy": ("user", USER),
        "aws:iam/groupPolicy:GroupPolicy": ("group", GROUP),
    }
)
"""Types of inline policies: the property that names the principal, and the principal's type."""
ATTACHED: Final = MappingProxyType(
    {
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (("role", ROLE),),
        "aws:iam/userPolicyAttachment:UserPolicyAttachment": (("user", USER),),
        "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": (("group", GROUP),),
        "aws:iam/policyAttachment:PolicyAttachment": (
            ("roles", ROLE),
            ("users", USER),
            ("groups", GROUP),
        ),
    }
)
"""Types of attachments: the properties that name principals, and the principals' types."""
_MEMBERSHIP: Final = (
    ("aws:iam/userGroupMembership:UserGroupMembership", "user", "groups"),
    ("aws:iam/groupMembership:GroupMembership", "users", "group"),
)


@lru_cache(maxsize=2)
def holders(graph: Graph) -> Mapping[str, Holder]:
    """Return the principals of a stack that hold permissions, by URN."""
    collected = {item.urn: _Collected(graph, item) for item in graph.index.of(*PRINCIPALS)}
    for found in collected.values():
        found.read_own()
    for token, (key, kind) in INLINE.items():
        for policy in graph.index.of(token):
            for urn in _led(graph, policy, key, kind):
                collected[urn].read(policy, "policy", policy.properties.get("policy"))
    for token, keys in ATTACHED.items():
        for attachment in graph.index.of(token):
            for key, kind in keys:
                for urn in _led(graph, attachment, key, kind):
                    value = attachment.properties.get("policyArn")
                    collected[urn].attach(attachment, "policyArn", value)
    for member, group in _members(graph):
        collected[member].inherit(collected[group])
    return {urn: found.holder() for urn, found in collected.items()}


def _led(graph: Graph, resource: Resource, key: str, kind: str) -> list[str]:
    """Return the principals that a property leads to, as URNs."""
    links = graph.index.links(resource, key, resource.properties.get(key), (kind,))
    return [urn for link in links for urn in ((link.urn,) if link.urn else link.candidates)]


def _members(graph: Graph) -> Iterator[tuple[str, str]]:
    """Yield each membership: the user's URN and the group's."""
    for token, one, other in _MEMBERSHIP:
        for item in graph.index.of(token):
            for member in _led(graph, item, one, USER):
                for group in _led(graph, item, other, GROUP):
                    yield member, group


class _Collected:
    """What is known of one principal while its policies are collected."""

    def __init__(self, graph: Graph, principal: Resource) -> None:
        self._graph = graph
        self._principal = principal
        self._clauses: list[Clause] = []
        self._managed: list[str] = []
        self._unread: list[str] = []

    def read_own(self) -> None:
        """Read what the principal itself lists."""
        held = self._principal.properties
        arns = held.get("managedPolicyArns")
        for value in arns if isinstance(arns, (list, tuple)) else [arns] if arns else []:
            self.attach(self._principal, "managedPolicyArns", value)
        inline = held.get("inlinePolicies")
        for item in inline if isinstance(inline, (list, tuple)) else [inline] if inline else []:
            value = item.get("policy") if isinstance(item, Mapping) else UNKNOWN
            self.read(self._principal, "inlinePolicies", value)

    def attach(self, resource: Resource, path: str, value: Any) -> None:
        """Read the policy that a reference leads to, or keep its ARN if it is outside."""
        link = self._graph.index.link(resource, path, value, (POLICY,))
        if link is None:
            return
        for policy in self._policies(link):
            self.read(policy, "policy", policy.properties.get("policy"))
        if not self._policies(link):
            kept = self._managed if link.id else self._unread
            kept.append(link.id or f"{resource.name}.{path}")

    def read(self, resource: Resource, path: str, value: Any) -> None:
        """Read a document; a malformed one grants nothing, and is another rule's finding."""
        found, known = _document(self._graph.label(resource.urn), path, value)
        self._clauses += found
        if not known:
            self._unread.append(f"{resource.name}.{path}")

    def inherit(self, group: "_Collected") -> None:
        """Add what a user gets from a group."""
        self._clauses += group._clauses  # noqa: SLF001 - of its own class
        self._managed += group._managed  # noqa: SLF001 - of its own class
        self._unread += group._unread  # noqa: SLF001 - of its own class

    def holder(self) -> Holder:
        """Return the principal as it was collected."""
        boundary = self._boundary()
        said = self._principal.properties.get("permissionsBoundary") not in (None, "")
        return Holder(
            self._principal,
            tuple(self._clauses),
            tuple(self._managed),
            tuple(self._unread),
            boundary,
            boundary_unread=said and boundary is None,
        )

    def _boundary(self) -> tuple[Clause, ...] | None:
        """Return the boundary's clauses; `None` without one that can be read: it limits nothing."""
        value = self._principal.properties.get("permissionsBoundary")
        link = self._graph.index.link(self._principal, "permissionsBoundary", value, (POLICY,))
        found = self._policies(link) if link else []
        if len(found) != 1:
            return None
        label = self._graph.label(found[0].urn)
        read, known = _document(label, "policy", found[0].properties.get("policy"))
        return tuple(read) if known else None

    def _policies(self, link: Link) -> list[Resource]:
        """Return the policies of this stack that a reference leads to, by an ARN's name too."""
        urns = [link.urn] if link.urn else list(link.candidates)
        if urns:
            return [self._graph.index.by_urn[urn] for urn in urns]
        name = (link.id or "").rpartition("/")[2]
        outside = (link.id or "").partition(":policy/")[0].endswith(":aws")
        policies = [] if outside or not name else self._graph.index.of(POLICY)
        return [item for item in policies if item.properties.get("name") == name]


def _document(label: str, path: str, value: Any) -> tuple[list[Clause], bool]:
    """Return a document's clauses, and whether all of it is known."""
    try:
        found = document(value)
    except MalformedError:
        return [], True
    if found is None:
        return [], True
    if found is UNKNOWN:
        return [], False
    return list(clauses(label, path, found)), isinstance(value, str) or not doubtful(found)
