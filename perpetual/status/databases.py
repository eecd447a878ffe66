"""The database and its replicas, from RDS's descriptions."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from perpetual.status.model import Instance, Reason, Section, Weight
from perpetual.status.words import gib, span

Raw = Mapping[str, Any]

GIB: Final = 1024**3

MISSING: Final = "missing"
"""Stands where RDS would say a state, for an instance that is gone."""

SERVING: Final = frozenset(
    {
        "available",
        "backing-up",
        "configuring-enhanced-monitoring",
        "configuring-iam-database-auth",
        "configuring-log-exports",
        "modifying",
        "resetting-master-credentials",
        "storage-config-upgrade",
        "storage-initialization",
        "storage-optimization",
    }
)
"""States in which an instance answers.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
"""

_LITTLE: Final = 0.1
"""Share of the storage below which what is left is worth a word; an alarm has its own bound."""
_AUTHORITY_SOON: Final = timedelta(days=90)
_AUTHORITY_NOW: Final = timedelta(days=30)


def database(
    found: Mapping[str, Raw | None], free: Mapping[str, float | None] | None
) -> tuple[Instance, ...]:
    """Return the instances, the primary first; one that is gone has the status `missing`."""
    return tuple(
        _instance(
            identifier, raw, "replica" if position else "primary", (free or {}).get(identifier)
        )
        for position, (identifier, raw) in enumerate(found.items())
    )


def _instance(identifier: str, raw: Raw | None, role: str, free: float | None) -> Instance:
    raw = raw or {"DBInstanceStatus": MISSING}
    return Instance(
        identifier=identifier,
        role=role,
        status=raw["DBInstanceStatus"],
        kind=raw.get("DBInstanceClass", ""),
        engine=" ".join(filter(None, (raw.get("Engine"), raw.get("EngineVersion")))),
        zone=raw.get("AvailabilityZone", ""),
        multi_zone=raw.get("MultiAZ", False),
        size=raw.get("AllocatedStorage", 0) * GIB,
        free=None if free is None else round(free),
        authority=raw.get("CACertificateIdentifier", ""),
        authority_until=raw.get("CertificateDetails", {}).get("ValidTill"),
        pending=tuple(_pending(raw)),
    )


def _pending(raw: Raw) -> list[str]:
    """Return what is to change at the next restart or in the next window."""
    # RDS never tells the password's value; its name is enough.
    changes = [
        f"{key} {value}" if isinstance(value, str | int | bool) else key
        for key, value in sorted(raw.get("PendingModifiedValues", {}).items())
        if value not in ({}, [])
    ]
    waiting = [
        f"parameters of {item['DBParameterGroupName']}"
        for item in raw.get("DBParameterGroups", ())
        if item.get("ParameterApplyStatus") == "pending-reboot"
    ]
    return changes + waiting


def judged(found: tuple[Instance, ...], now: datetime) -> list[Reason]:
    """Return what there is to say about the instances."""
    return [reason for instance in found for reason in _judged(instance, now)]


def _judged(found: Instance, now: datetime) -> list[Reason]:
    name = f"{found.role} {found.identifier}"
    if found.status == MISSING:
        return [_reason(Weight.FAULT, f"{name} is not there")]
    reasons = []
    if found.status not in SERVING:
        reasons.append(_reason(Weight.FAULT, f"{name} is {found.status}"))
    elif found.status != "available":
        reasons.append(_reason(Weight.NOTE, f"{name} is {found.status}"))
    if found.free is not None and found.free < found.size * _LITTLE:
        says = f"{name} has {gib(found.free)} of {gib(found.size)} left"
        reasons.append(_reason(Weight.NOTE, says))
    if found.pending:
        says = f"{name} has changes that wait for a restart or its window: "
        reasons.append(_reason(Weight.NOTE, says + ", ".join(found.pending)))
    if found.authority_until is not None:
        left = found.authority_until - now
        if left < _AUTHORITY_SOON:
            weight = Weight.FAULT if left < _AUTHORITY_NOW else Weight.NOTE
            says = f"the authority {found.authority} of {name} ends in {span(left.total_seconds())}"
            hint = "Set `database.caCertificate` to a current one, and `pulumi up`."
            reasons.append(_reason(weight, says, hint))
    return reasons


def _reason(weight: Weight, says: str, hint: str = "") -> Reason:
    return Reason(section=Section.DATABASE, weight=weight, says=says, hint=hint)
