"""Hosts: the cluster's word on each, and the group's on those that come and go."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from perpetual.offline.reports.entries import counted
from perpetual.status.model import Host, Hosts, Left, Reason, Section, Weight

Raw = Mapping[str, Any]

ACTIVE: Final = "active"
DRAINING: Final = "draining"
UNHEALTHY: Final = "Unhealthy"
_NONE: Final = Left(free=0, total=0)
_LEAVING: Final = "Terminat"


def hosts(members: Sequence[Raw], group: Raw | None) -> Hosts:
    """Return the cluster's hosts, then those of the group that do not belong to it yet."""
    launched = {item["InstanceId"]: item for item in (group or {}).get("Instances", ())}
    joined = [_member(raw, launched.get(raw.get("ec2InstanceId", ""))) for raw in members]
    known = {host.instance for host in joined}
    others = [_launched(item) for name, item in launched.items() if name not in known]
    listed = sorted(joined, key=lambda host: (host.zone, host.instance))
    listed += sorted(others, key=lambda host: (host.zone, host.instance))
    bounds = group or {}
    return Hosts(
        hosts=tuple(listed),
        desired=bounds.get("DesiredCapacity"),
        minimum=bounds.get("MinSize"),
        maximum=bounds.get("MaxSize"),
    )


def _member(raw: Raw, launched: Raw | None) -> Host:
    attributes = {item["name"]: item.get("value", "") for item in raw.get("attributes", ())}
    version = raw.get("versionInfo", {})
    return Host(
        instance=raw.get("ec2InstanceId", ""),
        zone=attributes.get("ecs.availability-zone", ""),
        kind=attributes.get("ecs.instance-type", ""),
        state=raw["status"].lower(),
        connected=raw["agentConnected"],
        agent=version.get("agentVersion", ""),
        docker=version.get("dockerVersion", "").removeprefix("DockerVersion: "),
        cpu=_left(raw, "CPU"),
        memory=_left(raw, "MEMORY"),
        tasks=raw["runningTasksCount"],
        pending=raw["pendingTasksCount"],
        reported=(launched or {}).get("HealthStatus", ""),
        since=raw.get("registeredAt"),
    )


def _launched(raw: Raw) -> Host:
    leaving = raw["LifecycleState"].startswith(_LEAVING)
    return Host(
        instance=raw["InstanceId"],
        zone=raw["AvailabilityZone"],
        kind=raw.get("InstanceType", ""),
        state="leaving" if leaving else "joining",
        connected=False,
        agent="",
        docker="",
        cpu=_NONE,
        memory=_NONE,
        tasks=0,
        pending=0,
        reported=raw["HealthStatus"],
        since=None,
    )


def _left(raw: Raw, name: str) -> Left:
    def amount(key: str) -> int:
        found = (item["integerValue"] for item in raw.get(key, ()) if item["name"] == name)
        return int(next(found, 0))

    return Left(free=amount("remainingResources"), total=amount("registeredResources"))


def drains(members: Sequence[Raw]) -> bool:
    """Tell whether a host of the cluster lets its tasks go."""
    return any(raw["status"].lower() == DRAINING for raw in members)


def judged(found: Hosts) -> list[Reason]:
    """Return what there is to say about the hosts."""
    active = [host for host in found.hosts if host.state == ACTIVE]
    lost = [host for host in active if not host.connected]
    if not active:
        hint = "What the group does about it: perpetual logs platform --since 1h"
        return [_reason(Weight.FAULT, "no host takes tasks", hint)]
    reasons = []
    if lost:
        # Agents reconnect several times an hour, so one glance at one of several is no proof.
        weight = Weight.FAULT if len(lost) == len(active) else Weight.NOTE
        says = f"the agent of {_names(lost)} is not connected"
        hint = "It reconnects by itself now and then; if it stays away, terminate the instance."
        reasons.append(_reason(weight, says, hint))
    if draining := [host for host in found.hosts if host.state == DRAINING]:
        says = f"{_names(draining)} drains: its tasks move, then it goes"
        reasons.append(_reason(Weight.NOTE, says))
    if ill := [host for host in found.hosts if host.reported == UNHEALTHY]:
        says = f"{_names(ill)} was reported unhealthy, because its disk is full or its checks fail"
        reasons.append(_reason(Weight.NOTE, says, "The group replaces it by itself."))
    if found.desired is not None and len(active) < found.desired:
        says = f"{len(active)} of {counted(found.desired, 'host')} take tasks"
        reasons.append(_reason(Weight.NOTE, says))
    return reasons


def _names(found: Sequence[Host]) -> str:
    return ", ".join(host.instance for host in found)


def _reason(weight: Weight, says: str, hint: str = "") -> Reason:
    return Reason(section=Section.HOSTS, weight=weight, says=says, hint=hint)
