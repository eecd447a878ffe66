"""Tasks, those that run and those that stopped, from ECS's descriptions."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from perpetual.offline.reports.entries import counted
from perpetual.status.model import Reason, Section, Stop, Task, Weight
from perpetual.status.words import last, since

Raw = Mapping[str, Any]

_ITSELF: Final = frozenset(
    {"TaskFailedToStart", "EssentialContainerExited", "InfrastructureHealth"}
)
"""Stop codes of tasks that nobody had asked to stop.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

FAILING: Final = timedelta(minutes=10)
FAILING_TASKS: Final = 3
"""So many tasks that fail within `FAILING` are no accident."""


def tasks(
    found: Sequence[Raw], service: str, targets: Sequence[Raw] | None, hosts: Sequence[Raw] | None
) -> tuple[Task, ...]:
    """Return the running tasks by zone, with the balancer's word where it has one."""
    health = {item["Target"]["Id"]: item["TargetHealth"]["State"] for item in targets or ()}
    instances = {
        item["containerInstanceArn"]: item.get("ec2InstanceId", "") for item in hosts or ()
    }
    listed = [
        Task(
            ident=last(raw["taskArn"]),
            revision=last(raw["taskDefinitionArn"]),
            state=raw["lastStatus"].lower(),
            health=health.get(_address(raw), ""),
            zone=raw.get("availabilityZone", ""),
            host=instances.get(raw.get("containerInstanceArn", ""), ""),
            since=raw.get("startedAt") or raw["createdAt"],
            one_off=_one_off(raw, service),
        )
        for raw in found
    ]
    return tuple(sorted(listed, key=lambda task: (task.one_off, task.zone, task.since)))


def stops(found: Sequence[Raw], service: str) -> tuple[Stop, ...]:
    """Return the tasks that stopped, the last one first."""
    listed = [
        Stop(
            ident=last(raw["taskArn"]),
            revision=last(raw["taskDefinitionArn"]),
            at=stopped_at(raw),
            why=why(raw),
            failed=failed(raw, one_off=_one_off(raw, service)),
            one_off=_one_off(raw, service),
        )
        for raw in found
    ]
    return tuple(sorted(listed, key=lambda stop: stop.at, reverse=True))


def _one_off(raw: Raw, service: str) -> bool:
    return bool(raw.get("group") != f"service:{service}")


def stopped_at(raw: Raw) -> datetime:
    """Return when a task stopped, or when it was told to while it still does."""
    moments = (raw.get(key) for key in ("stoppedAt", "executionStoppedAt", "stoppingAt"))
    found: datetime = next(filter(None, moments), raw["createdAt"])
    return found


def why(raw: Raw) -> str:
    """Return why a task stopped: ECS's reason, and how each of its containers ended."""
    parts = [raw.get("stoppedReason") or "no reason given"]
    for container in raw.get("containers", ()):
        ended = []
        if "exitCode" in container:
            ended.append(f"exit code {container['exitCode']}")
        if container.get("reason"):
            ended.append(container["reason"])
        if ended:
            parts.append(f"{container['name']}: {', '.join(ended)}")
    return "; ".join(parts)


def failed(raw: Raw, *, one_off: bool) -> bool:
    """Tell whether a task stopped by itself, or because it was ill.

    The scheduler's own stops are told apart by their reason only, such as `Task failed ELB health
    checks in (target-group ...)`. A one-off task is meant to end, with exit code 0.
    """
    if raw.get("stopCode") == "ServiceSchedulerInitiated":
        return "failed" in raw.get("stoppedReason", "")
    codes = [container.get("exitCode") for container in raw.get("containers", ())]
    if one_off and codes and all(code == 0 for code in codes):
        return False
    return raw.get("stopCode") in _ITSELF


def judged(stopped: Sequence[Stop], now: datetime) -> list[Reason]:
    """Return what there is to say about tasks that failed."""
    found = []
    for one_off, singular in ((False, "task"), (True, "one-off task")):
        ill = [stop for stop in stopped if stop.failed and stop.one_off == one_off]
        if not ill:
            continue
        recent = [stop for stop in ill if now - stop.at <= FAILING]
        fault = not one_off and len(recent) >= FAILING_TASKS
        says = f"{counted(len(ill), singular)} failed in the last hour, the last one "
        says += f"{since(ill[0].at, now)} ago ({ill[0].revision}): {ill[0].why}"
        hint = f"Its lines: perpetual logs app --task {ill[0].ident[:8]} --since 1h"
        weight = Weight.FAULT if fault else Weight.NOTE
        found.append(Reason(section=Section.STOPPED, weight=weight, says=says, hint=hint))
    return found


def images(found: Sequence[Raw], service: str, container: str) -> set[str]:
    """Return the digests that the service's running tasks run."""
    return {
        item.get("image", "").partition("@")[2] or item.get("imageDigest", "")
        for raw in found
        if not _one_off(raw, service) and raw["lastStatus"] == "RUNNING"
        for item in raw.get("containers", ())
        if item["name"] == container
    }


def _address(raw: Raw) -> str:
    """Return the address of a task's own network interface, by which the balancer knows it."""
    for attachment in raw.get("attachments", ()):
        for detail in attachment.get("details", ()):
            if detail.get("name") == "privateIPv4Address":
                return str(detail["value"])
    return ""
