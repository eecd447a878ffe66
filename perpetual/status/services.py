"""The service: what it wants and has, whether it still moves, and what keeps it from its rest."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from perpetual.deploy.budget import INSUFFERABLE
from perpetual.offline.reports.entries import counted
from perpetual.status.model import Deployment, Reason, Rollout, Section, Service, Weight
from perpetual.status.words import last, since

Raw = Mapping[str, Any]

_STEADY: Final = "has reached a steady state"
_UNPLACEABLE: Final = "unable to place a task"
"""Parts of ECS's events:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html"""

_ROLLED_BACK: Final = frozenset(
    {"ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"}
)


def service(raw: Raw, targets: Sequence[Raw] | None) -> Service:
    """Return the service."""
    listed = [_deployment(item) for item in raw.get("deployments", ())]
    primary = [
        found
        for found, item in zip(listed, raw.get("deployments", ()), strict=True)
        if item["status"] == "PRIMARY"
    ]
    states = Counter(item["TargetHealth"]["State"] for item in targets or ())
    healthy = None if targets is None else states["healthy"]
    current = primary[0] if primary else None
    return Service(
        name=raw["serviceName"],
        state=raw["status"],
        desired=raw["desiredCount"],
        running=raw["runningCount"],
        pending=raw["pendingCount"],
        healthy=healthy,
        targets=dict(sorted(states.items())),
        deployment=current,
        older=tuple(item for item in listed if item is not current),
        stable=_stable(raw, listed, healthy),
    )


def _deployment(raw: Raw) -> Deployment:
    return Deployment(
        ident=raw["id"],
        revision=last(raw["taskDefinition"]),
        state=raw.get("rolloutState", "COMPLETED"),
        reason=raw.get("rolloutStateReason", ""),
        desired=raw["desiredCount"],
        running=raw["runningCount"],
        pending=raw["pendingCount"],
        failed=raw.get("failedTasks", 0),
        created=raw["createdAt"],
        updated=raw["updatedAt"],
    )


def _stable(raw: Raw, deployments: Sequence[Deployment], healthy: int | None) -> bool:
    return (
        raw["status"] == "ACTIVE"
        and [item.state for item in deployments] == ["COMPLETED"]
        and raw["pendingCount"] == 0
        and raw["runningCount"] == raw["desiredCount"]
        and (healthy is None or healthy >= raw["desiredCount"])
    )


def rollout(raw: Raw | None) -> Rollout | None:
    """Return the last deployment as ECS judged it."""
    if raw is None:
        return None
    reason = raw.get("rollback", {}).get("reason") or raw.get("statusReason", "")
    return Rollout(
        status=raw["status"],
        why=reason,
        started=raw.get("startedAt") or raw["createdAt"],
        finished=raw.get("finishedAt") or raw.get("stoppedAt"),
    )


@dataclass(frozen=True, kw_only=True)
class Given:
    """What the service is judged by; `draining` tells whether a host lets its tasks go."""

    service: Service
    raw: Raw
    targets: Sequence[Raw]
    draining: bool
    now: datetime


def judged(given: Given) -> list[Reason]:
    """Return what keeps the service from its rest, the worst first."""
    found = given.service
    if found.state != "ACTIVE":
        says = f"service {found.name} is {found.state}: it was deleted"
        return [_reason(Weight.FAULT, says, "`pulumi up` makes it again.")]
    if found.desired == 0:
        hint = "`perpetual deploy` starts it once the database is set up and the secrets are there."
        return [_reason(Weight.FAULT, "the service wants no task, so nothing serves", hint)]
    return [
        *_serving(given),
        *_deploying(given),
        *_placing(given),
        *_ill_targets(given),
    ]


def _moves(found: Service) -> bool:
    """Tell whether a deployment goes on."""
    current = found.deployment
    return current is not None and (current.state == "IN_PROGRESS" or bool(found.older))


def _floor(given: Given) -> int:
    """Return how many tasks have to serve: all, or the minimum while ECS itself moves some."""
    found = given.service
    if not _moves(found) and not given.draining:
        return found.desired
    minimum: int = given.raw.get("deploymentConfiguration", {}).get("minimumHealthyPercent", 100)
    return math.ceil(found.desired * minimum / 100)


def _serving(given: Given) -> list[Reason]:
    found, floor = given.service, _floor(given)
    serving = found.running if found.healthy is None else min(found.running, found.healthy)
    if serving >= found.desired:
        return []
    says = f"{serving} of {counted(found.desired, 'task')} serve"
    if serving >= floor:
        # A deployment tells itself how far it is.
        return [] if _moves(found) else [_reason(Weight.NOTE, f"{says} while a host drains")]
    if floor < found.desired:
        says += f", and at least {floor} have to while tasks are moved"
    hint = "What happened: perpetual logs platform --since 1h"
    return [_reason(Weight.FAULT, says, hint)]


def _deploying(given: Given) -> list[Reason]:
    current = given.service.deployment
    if current is None:
        return []
    found = []
    age = since(current.created, given.now)
    if current.state == "FAILED":
        says = f"the deployment of {current.revision} failed: {current.reason}"
        found.append(_reason(Weight.FAULT, says))
    elif _moves(given.service):
        says = f"the deployment of {current.revision} goes on for {age}: {current.running} of "
        says += f"{counted(current.desired, 'task')} run"
        says += "".join(
            f"; {counted(item.running, 'task')} of {item.revision} left"
            for item in given.service.older
        )
        if given.now - current.created > timedelta(seconds=INSUFFERABLE):
            says += ". That is long"
        found.append(_reason(Weight.NOTE, says))
    if current.failed:
        says = f"{counted(current.failed, 'task')} of {current.revision} failed"
        found.append(_reason(Weight.FAULT, says))
    return found


def _placing(given: Given) -> list[Reason]:
    """Return why a task finds no place, if that is the last that was heard of it."""
    if given.service.running >= given.service.desired and not _moves(given.service):
        return []
    events = sorted(given.raw.get("events", ()), key=lambda item: item["createdAt"], reverse=True)
    for event in events:
        if _STEADY in event["message"]:
            return []
        if _UNPLACEABLE in event["message"]:
            enough = given.service.running >= given.service.desired
            weight = Weight.NOTE if enough else Weight.FAULT
            return [_reason(weight, event["message"])]
    return []


def _ill_targets(given: Given) -> list[Reason]:
    ill = [item for item in given.targets if item["TargetHealth"]["State"].startswith("unhealthy")]
    if not ill:
        return []
    health = ill[0]["TargetHealth"]
    why = health.get("Description") or health.get("Reason", "no reason given")
    says = f"the balancer finds {counted(len(ill), 'task')} unhealthy: {why}"
    return [Reason(section=Section.TARGETS, weight=Weight.NOTE, says=says)]


def judged_rollout(last_rollout: Rollout | None, now: datetime) -> list[Reason]:
    """Return that the last deployment did not succeed; what serves is what served before."""
    if last_rollout is None:
        return []
    status = last_rollout.status
    why = f": {last_rollout.why}" if last_rollout.why else ""
    ago = since(last_rollout.finished or last_rollout.started, now)
    if status in _ROLLED_BACK:
        says = f"the last deployment, {ago} ago, was rolled back{why}"
        weight = Weight.NOTE
    elif status == "ROLLBACK_FAILED":
        says, weight = (
            f"the last deployment, {ago} ago, could not be rolled back{why}",
            Weight.FAULT,
        )
    elif status in {"STOPPED", "STOP_REQUESTED"}:
        says, weight = f"the last deployment, {ago} ago, was stopped{why}", Weight.NOTE
    else:
        return []
    return [Reason(section=Section.DEPLOYMENTS, weight=weight, says=says)]


def _reason(weight: Weight, says: str, hint: str = "") -> Reason:
    return Reason(section=Section.SERVICE, weight=weight, says=says, hint=hint)
