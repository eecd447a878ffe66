"""Rules on escalation: whether what a principal may do lets it do more, over all its policies."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

from graph import Graph, Resource
from rules.escalation_ways import (
    ADMINISTRATION,
    ALONE,
    ANY_ROLE,
    BY_PASSING,
    IN_PLACE,
    PROBE,
    Step,
)
from rules.globs import covers
from rules.holders import PRINCIPALS, ROLE, holders
from rules.permissions import Grant, Holder, demanded, limited
from rules.rule import Rule, Severity
from rules.subject import Fault, Subject, Test, rule

_GUIDE: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
_BOUNDARY: Final = "iam:permissionsboundary"
_OWN: Final = "${aws:username}"
_SERVICE: Final = "iam:passedtoservice"
_NEW: Final = (
    "iam:CreateRole",
    "iam:CreateUser",
    "iam:PutRolePolicy",
    "iam:AttachRolePolicy",
    "iam:PutUserPolicy",
    "iam:AttachUserPolicy",
)
"""Calls that AWS lets a policy limit to principals with a given boundary."""


def held(test: Callable[[Subject, Holder], Iterator[Fault]]) -> Test:
    """Return the test of a principal's permissions; a policy that is not known is a fault too.

    What is found is sure even so: an unknown policy can only add to it, but for its Denies. A
    boundary that cannot be read leaves it in doubt.
    """

    def tested(subject: Subject) -> Iterator[Fault]:
        holder = holders(subject.graph).get(subject.resource.urn)
        if holder is None:
            return
        found = list(test(subject, holder))
        for fault in found:
            yield _doubted(fault) if holder.boundary_unread else fault
        if holder.unread and not found:
            yield Fault(
                f"is limited so: {holder.unread[0]} is not known", "policy", undetermined=True
            )

    return tested


def _doubted(fault: Fault) -> Fault:
    return Fault(f"{fault.says}: its boundary cannot be read", fault.path, undetermined=True)


# --- a call alone, and calls on what is in place


def _bounded(holder: Holder, grant: Grant) -> bool:
    """Tell whether a call is limited to principals with a boundary, by Allow or by Deny."""
    return demanded(grant.conditions, _BOUNDARY) is not None or any(
        key == _BOUNDARY and "Not" in operator
        for clause in holder.denials(grant.action, grant.resource)
        for operator, key, _ in clause.conditions
    )


def _free(holder: Holder, step: Step) -> Grant | None:
    """Return what allows a call on whatever there is, or `None`."""
    found = None
    for resource in step.on:
        grants = (
            grant
            for grant in holder.grants(step.action, resource)
            if not limited(grant.conditions)
            and not _bounded(holder, grant)
            and _OWN not in grant.resource
        )
        found = next(grants, None)
        if found is None:
            return None
    return found


@lru_cache(maxsize=4096)
def _alone(holder: Holder) -> tuple[tuple[str, Grant], ...]:
    """Return the calls that give more by themselves, with what allows each."""
    steps = (Step(action, (resource,)) for action, resource in ALONE.items())
    return tuple(
        (step.action, found) for step in steps if (found := _free(holder, step)) is not None
    )


def _more(_: Subject, holder: Holder) -> Iterator[Fault]:
    alone = _alone(holder)
    if alone:
        yield Fault(
            f"can give itself more by {', '.join(action for action, _ in alone)}"
            f" ({alone[0][1].clause.label})",
            alone[0][1].clause.path,
        )
    for steps in IN_PLACE:
        found = [_free(holder, step) for step in steps]
        if None not in found and found[0]:
            calls = " + ".join(step.action for step in steps)
            yield Fault(
                f"can take over what runs under any role, by {calls} ({found[0].clause.label})",
                found[0].clause.path,
            )


# --- passing a role


def administers(graph: Graph, urn: str) -> bool:
    """Tell whether a principal of the stack can give itself whatever it wants."""
    holder = holders(graph)[urn]
    managed = {arn.rpartition("/")[2] for arn in holder.managed}
    return bool(_alone(holder)) or (
        holder.boundary is None and not managed.isdisjoint(ADMINISTRATION)
    )


def _passed(graph: Graph, holder: Holder, service: str) -> tuple[str, Grant] | None:
    """Return which role stronger than its own a principal may pass to a service, and by what."""
    for grant in _passes(holder, service, ANY_ROLE):
        return "any role", grant
    if administers(graph, holder.resource.urn):
        return None
    for role in administrators(graph):
        for grant in _passes(holder, service, _arn(role)):
            return graph.label(role.urn), grant
    return None


@lru_cache(maxsize=2)
def administrators(graph: Graph) -> tuple[Resource, ...]:
    """Return the roles of a stack that can give themselves whatever they want."""
    return tuple(role for role in graph.index.of(ROLE) if administers(graph, role.urn))


def _passes(holder: Holder, service: str, role: str) -> Iterator[Grant]:
    for grant in holder.grants("iam:PassRole", role):
        # The key is always there when a role is passed, so IfExists says no less.
        plain = tuple(
            (operator.removesuffix("IfExists"), key, values)
            for operator, key, values in grant.conditions
        )
        named = demanded(plain, _SERVICE)
        if named is None or any(covers(item, service) for item in named):
            yield grant


def _arn(role: Resource) -> str:
    """Return a role's ARN as a pattern; one whose name is not known fits no name."""
    name, path = role.properties.get("name"), role.properties.get("path")
    below = path if isinstance(path, str) else "/"
    return f"arn:*:iam::*:role{below}{name if isinstance(name, str) else PROBE}"


def _passing(subject: Subject, holder: Holder) -> Iterator[Fault]:
    if not holder.grants("iam:PassRole"):
        return
    for service in dict.fromkeys(service for service, _ in BY_PASSING):
        calls = _calls(holder, service)
        passed = _passed(subject.graph, holder, service) if calls else None
        if passed:
            yield Fault(
                f"can become {passed[0]}: iam:PassRole to {service}, with {' or '.join(calls)}",
                passed[1].clause.path,
            )


def _calls(holder: Holder, service: str) -> list[str]:
    return [
        " + ".join(calls)
        for name, calls in BY_PASSING
        if name == service and all(holder.grants(call) for call in calls)
    ]


# --- boundary


def _unbounded(_: Subject, holder: Holder) -> Iterator[Fault]:
    found = [
        (call, grant)
        for call in _NEW
        for grant in holder.grants(call)[:1]
        if not all(_bounded(holder, item) for item in holder.grants(call))
    ]
    if found:
        yield Fault(
            f"makes principals without a boundary, by {', '.join(call for call, _ in found)}",
            found[0][1].clause.path,
        )


ESCALATION: Final = rule(
    held(_more),
    *PRINCIPALS,
    name="iam-no-escalation",
    title="No principal can give itself more",
    severity=Severity.CRITICAL,
    why="Whoever may change permissions, or what runs under others, has all of them",
    fix="name the principals or resources, demand iam:PermissionsBoundary, or drop the action",
    url=f"{_GUIDE}access_policies_boundaries.html",
)
ESCALATION_BY_PASSING: Final = rule(
    held(_passing),
    *PRINCIPALS,
    name="iam-no-escalation-by-pass-role",
    title="No principal can run something under a role stronger than its own",
    severity=Severity.CRITICAL,
    why="What it starts has the passed role's credentials, and hands them over",
    fix="name the roles that may be passed, and the services by iam:PassedToService",
    url=f"{_GUIDE}id_roles_use_passrole.html",
)
BOUNDED: Final = rule(
    held(_unbounded),
    *PRINCIPALS,
    name="iam-new-principals-bounded",
    title="Whoever makes roles or gives them policies does so under a boundary",
    severity=Severity.HIGH,
    why="A role that it makes can do what it cannot, and it may assume that role",
    fix="add a condition on iam:PermissionsBoundary to each of these actions",
    url=f"{_GUIDE}access_policies_boundaries.html",
)

RULES: Final[tuple[Rule, ...]] = (ESCALATION, ESCALATION_BY_PASSING, BOUNDED)
