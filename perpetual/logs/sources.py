"""The platform's several logs: how each is looked at, and how far back it goes."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import takewhile
from typing import Any, Final

from perpetual.aws.calls import every
from perpetual.aws.published import Published
from perpetual.aws.session import Clients
from perpetual.logs import entries
from perpetual.logs.entries import Entry, Source
from perpetual.status import asks, read, words

EVENTS_KEPT: Final = 100
"""Events that ECS keeps of a service:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages.html"""

KEPT: Final[Mapping[Source, timedelta]] = {
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
    Source.TASKS: timedelta(hours=1),
    # https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-verify-scaling-activity.html
    Source.GROUP: timedelta(weeks=6),
    # https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalingActivities.html
    Source.SCALING: timedelta(weeks=6),
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
    Source.ALARMS: timedelta(days=30),
    # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeEvents.html
    Source.DATABASE: timedelta(days=14),
}
"""How long AWS keeps what happened, where that is not for good."""

_LONGEST: Final = timedelta(days=1)
"""How long before a moment something may have begun that ended after it."""
_MARGIN: Final = timedelta(minutes=1)

Look = Callable[[datetime, datetime], list[Entry]]
"""Returns a source's entries since a moment, as seen at another; it may return earlier ones too."""


def sources(clients: Clients, published: Published) -> dict[Source, Look]:
    """Return how each source is looked at."""
    looks = {
        Source.SERVICE: _events,
        Source.DEPLOYMENTS: _deployments,
        Source.TASKS: _tasks,
        Source.HOSTS: _hosts,
        Source.GROUP: _activities,
        Source.SCALING: _scalings,
        Source.ALARMS: _alarms,
        Source.DATABASE: _databases,
    }
    return {source: partial(look, clients, published) for source, look in looks.items()}


def _events(
    clients: Clients, published: Published, _since: datetime, _now: datetime
) -> list[Entry]:
    return list(entries.events(read.service(clients, published)))


def _deployments(
    clients: Clients, published: Published, since: datetime, _now: datetime
) -> list[Entry]:
    found = read.described_deployments(clients, published, since - _LONGEST)
    return list(entries.deployments(found))


def _tasks(clients: Clients, published: Published, _since: datetime, _now: datetime) -> list[Entry]:
    stopped = read.stopped_tasks(clients, published)
    return list(entries.stopped(stopped, published.service.name))


def _hosts(clients: Clients, published: Published, _since: datetime, now: datetime) -> list[Entry]:
    return list(entries.hosts(read.hosts(clients, published), now))


def _activities(
    clients: Clients, published: Published, since: datetime, _now: datetime
) -> list[Entry]:
    found = every(clients, asks.activities(published), "Activities")
    return list(entries.activities(_recent(found, "StartTime", since)))


def _scalings(
    clients: Clients, published: Published, since: datetime, _now: datetime
) -> list[Entry]:
    found = every(clients, asks.scalings(published), "ScalingActivities")
    return list(entries.scalings(_recent(found, "StartTime", since)))


def _recent(found: Iterator[Any], key: str, since: datetime) -> Iterator[Any]:
    """Yield what began since a moment, and what may have ended since; the latest comes first."""
    return takewhile(lambda raw: raw[key] >= since - _LONGEST, found)


def _alarms(clients: Clients, published: Published, since: datetime, now: datetime) -> list[Entry]:
    names = [alarm["AlarmName"] for alarm in read.alarms(clients, published)]
    call = asks.alarm_history(max(since, _reach(Source.ALARMS, now)))
    found = every(clients, call, "AlarmHistoryItems")
    return list(entries.alarms(found, names, published.stack.prefix))


def _databases(
    clients: Clients, published: Published, since: datetime, now: datetime
) -> list[Entry]:
    start = max(since, _reach(Source.DATABASE, now))
    found = itertools.chain.from_iterable(
        every(clients, asks.database_events(identifier, start), "Events")
        for identifier in asks.databases(published)
    )
    return list(entries.databases(found))


def _reach(source: Source, now: datetime) -> datetime:
    """Return how far back a source may be asked: some refuse to look further than they can."""
    return now - KEPT[source] + _MARGIN


def gaps(found: Mapping[Source, list[Entry]], since: datetime, now: datetime) -> list[str]:
    """Return what AWS does not keep for as long as was asked."""
    said = [
        f"{source}: AWS keeps what happened for {words.span(kept.total_seconds())} only"
        for source, kept in KEPT.items()
        if since < now - kept - _MARGIN
    ]
    events = found.get(Source.SERVICE, [])
    if len(events) >= EVENTS_KEPT:
        oldest = min(entry.at for entry in events)
        if oldest > since:
            said.append(
                f"{Source.SERVICE}: ECS keeps the last {EVENTS_KEPT} events only, here those "
                f"since {oldest.astimezone(UTC):%Y-%m-%dT%H:%M:%S} UTC"
            )
    return said
