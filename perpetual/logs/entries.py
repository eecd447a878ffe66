"""What happened to the platform, from AWS's several logs: one form, and an identity for each."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from perpetual.status import tasks
from perpetual.status.words import last

Raw = Mapping[str, Any]


class Source(StrEnum):
    """Where an entry is from."""

    SERVICE = "service"
    DEPLOYMENTS = "deployments"
    TASKS = "tasks"
    HOSTS = "hosts"
    GROUP = "group"
    SCALING = "scaling"
    ALARMS = "alarms"
    DATABASE = "database"


class Level(StrEnum):
    """How bad it is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that happened; `ident` is the same whenever it is read again."""

    at: datetime
    source: Source
    level: Level
    subject: str
    text: str
    ident: str


_BAD_EVENTS: Final = ("unable", "unhealthy", "failed", "rolling back", "error")
_FAILED: Final = frozenset({"ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED", "STOPPED"})
_ON_ITS_WAY: Final = frozenset({"STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"})
_UNDONE: Final = frozenset({"Failed", "Cancelled", "Unfulfilled"})
_BAD_CATEGORIES: Final = frozenset({"failure", "failover", "low storage"})


def events(service: Raw) -> Iterator[Entry]:
    """Yield the service's events, of which ECS keeps the last hundred."""
    for raw in service.get("events", ()):
        text = raw["message"]
        bad = any(word in text for word in _BAD_EVENTS)
        yield Entry(
            at=raw["createdAt"],
            source=Source.SERVICE,
            level=Level.WARNING if bad else Level.INFO,
            subject=service["serviceName"],
            text=text.removeprefix(f"(service {service['serviceName']}) "),
            ident=f"event {raw['id']}",
        )


def deployments(found: Iterable[Raw]) -> Iterator[Entry]:
    """Yield the beginning, the way back and the end of each deployment."""
    for raw in found:
        arn = raw["serviceDeploymentArn"]
        revision = last(raw.get("targetServiceRevision", {}).get("arn", ""))
        begun = raw.get("startedAt") or raw["createdAt"]
        yield _deployment(arn, begun, Level.INFO, f"begun, to revision {revision}")
        back = raw.get("rollback", {})
        if "startedAt" in back:
            text = f"rolled back: {back.get('reason', 'no reason given')}"
            yield _deployment(arn, back["startedAt"], Level.ERROR, text)
        ended = raw.get("finishedAt") or raw.get("stoppedAt")
        # What is on its way back was stopped, and has not come to its end.
        if ended is not None and raw["status"] not in _ON_ITS_WAY:
            level = Level.ERROR if raw["status"] in _FAILED else Level.INFO
            reason = f": {raw['statusReason']}" if raw.get("statusReason") else ""
            text = f"ended as {raw['status'].lower().replace('_', ' ')}{reason}"
            yield _deployment(arn, ended, level, text)


def _deployment(arn: str, at: datetime, level: Level, text: str) -> Entry:
    return Entry(
        at=at,
        source=Source.DEPLOYMENTS,
        level=level,
        subject=last(arn),
        text=text,
        ident=f"deployment {arn} {text}",
    )


def stopped(found: Iterable[Raw], service: str) -> Iterator[Entry]:
    """Yield the tasks that stopped, each with its reason.

    One that is told to stop is an entry of its own, for how it ended is known only afterwards.
    """
    raws = list(found)
    for stop, raw in zip(tasks.stops(raws, service), _latest_first(raws), strict=True):
        kind = "one-off task" if stop.one_off else "task"
        over = raw["lastStatus"] == "STOPPED"
        what = "stopped" if over else "is stopping"
        yield Entry(
            at=stop.at,
            source=Source.TASKS,
            level=Level.ERROR if stop.failed else Level.INFO,
            subject=stop.ident,
            text=f"{kind} of {stop.revision} {what}: {stop.why}",
            ident=f"{'stop' if over else 'stopping'} {raw['taskArn']}",
        )


def _latest_first(raws: Iterable[Raw]) -> list[Raw]:
    return sorted(raws, key=tasks.stopped_at, reverse=True)


def hosts(found: Iterable[Raw], now: datetime) -> Iterator[Entry]:
    """Yield hosts that joined, and those that drain or lost their agent.

    When a drain began is recorded nowhere: its time is when it was first seen.
    """
    for raw in found:
        instance = raw.get("ec2InstanceId", last(raw["containerInstanceArn"]))
        arn = raw["containerInstanceArn"]
        if "registeredAt" in raw:
            yield _host(raw["registeredAt"], Level.INFO, instance, "joined the cluster", arn)
        count = raw["runningTasksCount"]
        if raw["status"] == "DRAINING":
            text = f"drains, with {count} tasks left" if count != 1 else "drains, with 1 task left"
            yield _host(now, Level.WARNING, instance, text, arn)
        if not raw["agentConnected"]:
            yield _host(now, Level.WARNING, instance, "its agent is not connected", arn)


def _host(at: datetime, level: Level, instance: str, text: str, arn: str) -> Entry:
    return Entry(
        at=at,
        source=Source.HOSTS,
        level=level,
        subject=instance,
        text=text,
        ident=f"host {arn} {text}",
    )


def activities(found: Iterable[Raw]) -> Iterator[Entry]:
    """Yield what the hosts' group began and ended."""
    for raw in found:
        ident = f"activity {raw['ActivityId']}"
        yield from _activity(raw, Source.GROUP, raw["AutoScalingGroupName"], ident)


def scalings(found: Iterable[Raw]) -> Iterator[Entry]:
    """Yield changes of the number of tasks that autoscaling began and ended."""
    for raw in found:
        ident = f"scaling {raw['ActivityId']}"
        yield from _activity(raw, Source.SCALING, last(raw["ResourceId"]), ident)


def _activity(raw: Raw, source: Source, subject: str, ident: str) -> Iterator[Entry]:
    """Yield an activity's beginning, and its end at its own time: it may come much later."""
    what, status = raw.get("Description", "activity"), raw["StatusCode"]
    yield Entry(
        at=raw["StartTime"],
        source=source,
        level=Level.INFO,
        subject=subject,
        text=f"{what}: {raw['Cause']}",
        ident=ident,
    )
    if "EndTime" not in raw and status not in _UNDONE:
        return
    why = f": {raw['StatusMessage']}" if raw.get("StatusMessage") else ""
    yield Entry(
        at=raw.get("EndTime", raw["StartTime"]),
        source=source,
        level=Level.ERROR if status in _UNDONE else Level.INFO,
        subject=subject,
        text=f"{what} ended as {status}{why}",
        ident=f"{ident} {status}",
    )


def alarms(found: Iterable[Raw], names: Iterable[str], prefix: str) -> Iterator[Entry]:
    """Yield changes of state of the alarms with these names; the account has others, too."""
    own = set(names)
    for raw in found:
        if raw["AlarmName"] not in own:
            continue
        state, reason = _state(raw)
        firing = state == "ALARM"
        yield Entry(
            at=raw["Timestamp"],
            source=Source.ALARMS,
            level=Level.ERROR if firing else Level.INFO,
            subject=raw["AlarmName"].removeprefix(f"{prefix}-"),
            text=raw["HistorySummary"] + (f": {reason}" if reason else ""),
            ident=f"alarm {raw['AlarmName']} {raw['Timestamp'].isoformat()} {state}",
        )


def _state(raw: Raw) -> tuple[str, str]:
    """Return an alarm's new state and its reason, which stand in JSON within the answer."""
    try:
        state = json.loads(raw.get("HistoryData", "{}")).get("newState", {})
    except (ValueError, AttributeError):
        state = {}
    return state.get("stateValue", ""), state.get("stateReason", "")


def databases(found: Iterable[Raw]) -> Iterator[Entry]:
    """Yield what happened to the database and its replicas."""
    seen: dict[str, int] = {}
    for raw in found:
        bad = _BAD_CATEGORIES & set(raw.get("EventCategories", ()))
        what = f"database {raw['SourceIdentifier']} {raw['Date'].isoformat()} {raw['Message']}"
        # RDS gives its events no ids, and may say the same twice in one second.
        seen[what] = seen.get(what, 0) + 1
        yield Entry(
            at=raw["Date"],
            source=Source.DATABASE,
            level=Level.ERROR if bad else Level.INFO,
            subject=raw["SourceIdentifier"],
            text=raw["Message"],
            ident=f"{what} {seen[what]}",
        )


def merged(found: Iterable[Entry], since: datetime) -> list[Entry]:
    """Return the entries from a moment on, by time; those of one moment by source."""
    order = list(Source)
    kept = [entry for entry in found if entry.at >= since]
    return sorted(kept, key=lambda entry: (entry.at, order.index(entry.source), entry.ident))
