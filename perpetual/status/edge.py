"""What users meet first, and what watches over all: certificate and alarms."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from perpetual.status.model import Alarm, Certificate, Reason, Section, Weight
from perpetual.status.words import since, span

Raw = Mapping[str, Any]

FIRING: Final = "ALARM"
LACKING: Final = "INSUFFICIENT_DATA"

_NOW: Final = timedelta(days=14)
_SOON: Final = timedelta(days=30)
"""ACM renews by itself, 45 to 60 days before the end: later than that, something is in its way.

https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
"""


def certificate(raw: Raw) -> Certificate:
    """Return the certificate."""
    return Certificate(
        domain=raw.get("DomainName", ""),
        status=raw.get("Status", ""),
        until=raw.get("NotAfter"),
        renewal=raw.get("RenewalSummary", {}).get("RenewalStatus", ""),
    )


def judged_certificate(found: Certificate, now: datetime) -> list[Reason]:
    """Return what there is to say about the certificate."""
    hint = "ACM renews it as long as its validation record is in DNS; see it in ACM's console."
    if found.status != "ISSUED":
        return [_edge(Weight.FAULT, f"the certificate of {found.domain} is {found.status}", hint)]
    reasons = []
    if found.renewal == "FAILED":
        says = f"the certificate of {found.domain} could not be renewed"
        reasons.append(_edge(Weight.FAULT, says, hint))
    if found.until is not None and found.until - now < _SOON:
        weight = Weight.FAULT if found.until - now < _NOW else Weight.NOTE
        left = span((found.until - now).total_seconds())
        reasons.append(_edge(weight, f"the certificate of {found.domain} ends in {left}", hint))
    return reasons


def _edge(weight: Weight, says: str, hint: str) -> Reason:
    return Reason(section=Section.CERTIFICATE, weight=weight, says=says, hint=hint)


def alarms(found: Sequence[Raw], prefix: str) -> tuple[Alarm, ...]:
    """Return the alarms by name; those that fire first, then those without data."""
    order = {FIRING: 0, LACKING: 1}
    listed = [
        Alarm(
            name=raw["AlarmName"].removeprefix(f"{prefix}-"),
            state=raw["StateValue"],
            since=raw.get("StateTransitionedTimestamp") or raw.get("StateUpdatedTimestamp"),
            why=raw.get("AlarmDescription") or raw.get("StateReason", ""),
        )
        for raw in found
    ]
    return tuple(sorted(listed, key=lambda alarm: (order.get(alarm.state, 2), alarm.name)))


def judged_alarms(found: Sequence[Alarm], now: datetime) -> list[Reason]:
    """Return what there is to say about the alarms: one reason for each that fires."""
    reasons = []
    for alarm in found:
        if alarm.state == FIRING:
            ago = f" for {since(alarm.since, now)}" if alarm.since else ""
            says = f"alarm {alarm.name} fires{ago}: {alarm.why}"
            reasons.append(_alarm(Weight.FAULT, says))
    if lacking := [alarm.name for alarm in found if alarm.state == LACKING]:
        reasons.append(_alarm(Weight.NOTE, f"no data for alarms {', '.join(lacking)}"))
    if not found:
        says = "no alarm watches this stack"
        reasons.append(_alarm(Weight.NOTE, says, "`pulumi up` makes those it should have."))
    return reasons


def _alarm(weight: Weight, says: str, hint: str = "") -> Reason:
    return Reason(section=Section.ALARMS, weight=weight, says=says, hint=hint)
