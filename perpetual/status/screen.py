"""How a stack is, on one screen: the verdict and its reasons first, then what there is."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from perpetual.offline.reports.entries import counted, visible
from perpetual.status.databases import MISSING
from perpetual.status.edge import FIRING, LACKING
from perpetual.status.fleet import UNHEALTHY
from perpetual.status.model import (
    Alarm,
    Health,
    Host,
    Hosts,
    Instance,
    Release,
    Service,
    Task,
    Verdict,
    Weight,
)
from perpetual.status.words import gib, since

if TYPE_CHECKING:
    from perpetual.offline.reports.text import Line

Row = tuple[str, ...]

_HEAD: Final = 13
_INDENT: Final = " " * 10
_SHORT: Final = 8
_DIGEST: Final = 19
_VERDICTS: Final = {
    Verdict.HEALTHY: "bold green",
    Verdict.UNHEALTHY: "bold red",
    Verdict.UNKNOWN: "bold yellow",
}
_WEIGHTS: Final = {Weight.FAULT: "red", Weight.UNREAD: "yellow", Weight.NOTE: "cyan"}


def to_lines(health: Health) -> "Iterator[Line]":
    """Yield the screen's lines."""
    yield (
        ("bold", health.stack),
        ("", "  is "),
        (_VERDICTS[health.verdict], health.verdict.value),
        ("dim", f"   {health.account} {health.region}   {_moment(health.at)}"),
    )
    yield (("dim", f"  {visible(health.url)}"),)
    yield from _reasons(health)
    yield ()
    yield _headed("release", _release(health.release, health.at))
    yield _headed("service", _service(health.service))
    yield from _deployments(health)
    yield from _tasks(health.tasks, health.at)
    yield from _hosts(health.hosts, health.at)
    yield from _database(health.database)
    yield _headed("certificate", _certificate(health))
    yield _headed("alarms", _alarms(health.alarms))


def summary(health: Health) -> str:
    """Return the state in one line, without anything that time alone changes."""
    parts = [f"{health.stack} is {health.verdict}"]
    if health.service is not None:
        parts.append(_service(health.service))
        if health.service.deployment is not None:
            current = health.service.deployment
            parts.append(f"{current.revision} {current.state.lower().replace('_', ' ')}")
    weights = Counter(reason.weight for reason in health.reasons)
    if weights[Weight.FAULT]:
        parts.append(counted(weights[Weight.FAULT], "fault"))
    if weights[Weight.UNREAD]:
        parts.append(f"{weights[Weight.UNREAD]} unread")
    return visible("; ".join(parts))


def _reasons(health: Health) -> "Iterator[Line]":
    for reason in health.reasons:
        style = _WEIGHTS[reason.weight]
        says = visible(reason.says).replace("\n", f"\n{_INDENT}")
        yield ((style, f"  {reason.weight.value:6}  "), ("", says))
        if reason.hint and reason.weight is not Weight.NOTE:
            yield (("dim", f"{_INDENT}{visible(reason.hint)}"),)


def _release(found: Release | None, now: datetime) -> str:
    if found is None:
        return _unread()
    image = f"{found.digest[:_DIGEST]}…" if found.digest else found.image
    if found.number is None or found.at is None:
        return f"{image}, set {since(found.changed, now)} ago"
    took = f" in {found.seconds:g} s" if found.seconds else ""
    commit = f" ({found.commit[:_SHORT]})" if found.commit else ""
    ago = since(found.at, now)
    return f"{found.number}  {found.tag}{commit} by {found.by}, {ago} ago{took}  {image}"


def _service(found: Service | None) -> str:
    if found is None:
        return _unread()
    healthy = "" if found.healthy is None else f", {found.healthy} healthy"
    pending = f", {found.pending} starting" if found.pending else ""
    rest = "stable" if found.stable else "not stable"
    return f"{found.desired} wanted, {found.running} running{pending}{healthy}; {rest}"


def _deployments(health: Health) -> "Iterator[Line]":
    if health.service is None:
        return
    current = health.service.deployment
    for item in (*((current,) if current else ()), *health.service.older):
        head = "deployment" if item is current else "  before"
        state = item.state.lower().replace("_", " ")
        text = f"{item.revision}  {state}, {item.running} of {item.desired} running"
        text += f", {item.failed} failed" if item.failed else ""
        yield _headed(head, f"{text}, begun {since(item.created, health.at)} ago")


def _tasks(found: Sequence[Task] | None, now: datetime) -> "Iterator[Line]":
    if found is None:
        yield _headed("tasks", _unread())
        return
    zones = sorted({task.zone for task in found if not task.one_off})
    yield _headed("tasks", f"{len(found)}" + (f" in {', '.join(zones)}" if zones else ""))
    rows = [
        (
            task.ident[:_SHORT],
            task.revision,
            task.state + (", one-off" if task.one_off else ""),
            task.health,
            task.zone,
            task.host,
            since(task.since, now),
        )
        for task in found
    ]
    yield from _table(rows)


def _hosts(found: Hosts | None, now: datetime) -> "Iterator[Line]":
    if found is None:
        yield _headed("hosts", _unread())
        return
    text = f"{len(found.hosts)}"
    if found.desired is not None:
        text += f", {found.desired} wanted ({found.minimum} to {found.maximum})"
        full = [host for host in found.hosts if host.reported == UNHEALTHY]
        # What ECS knows of disks is nothing; a host looks at its own, and reports it when full.
        text += "" if full else "; none reports a full disk"
    yield _headed("hosts", text)
    yield from _table([_host(host, now) for host in found.hosts])


def _host(host: Host, now: datetime) -> Row:
    state = host.state + (", unhealthy" if host.reported == UNHEALTHY else "")
    if host.since is None:
        return (host.instance, host.zone, host.kind, state)
    agent = f"agent {host.agent}" if host.connected else "agent lost"
    return (
        host.instance,
        host.zone,
        host.kind,
        state,
        agent,
        f"CPU {host.cpu.free}/{host.cpu.total}",
        f"RAM {host.memory.free}/{host.memory.total} MiB free",
        counted(host.tasks, "task") + (f" + {host.pending}" if host.pending else ""),
        since(host.since, now),
    )


def _database(found: Sequence[Instance] | None) -> "Iterator[Line]":
    if found is None:
        yield _headed("database", _unread())
        return
    for instance in found:
        text = instance.status if instance.status == MISSING else _instance(instance)
        yield _headed("database" if instance.role == "primary" else "  replica", text)


def _instance(found: Instance) -> str:
    zones = "Multi-AZ" if found.multi_zone else "one zone"
    left = "" if found.free is None else f", {gib(found.free)} free"
    until = f" until {_day(found.authority_until)}" if found.authority_until else ""
    return (
        f"{found.status}  {found.kind}  {found.engine}  {zones}  "
        f"{gib(found.size)}{left}  {found.authority}{until}"
    )


def _certificate(health: Health) -> str:
    found = health.certificate
    if found is None:
        return _unread()
    until = (
        f" until {_day(found.until)} ({(found.until - health.at).days} d)" if found.until else ""
    )
    renewal = f", renewal {found.renewal.lower()}" if found.renewal else ""
    return f"{found.domain}  {found.status.lower()}{until}{renewal}"


def _alarms(found: Sequence[Alarm] | None) -> str:
    if found is None:
        return _unread()
    firing = sum(alarm.state == FIRING for alarm in found)
    lacking = sum(alarm.state == LACKING for alarm in found)
    return f"{len(found) - firing - lacking} ok, {firing} firing, {lacking} without data"


def _unread() -> str:
    return "could not be read"


def _headed(head: str, text: str) -> "Line":
    return (("cyan", head.ljust(_HEAD)), ("", visible(text)))


def _table(rows: Sequence[Row]) -> "Iterator[Line]":
    """Yield rows with their columns aligned."""
    wide = max(map(len, rows), default=0)
    padded = [row + ("",) * (wide - len(row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*padded, strict=True)]
    for row in padded:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width)
        yield (("", " " * _HEAD + visible("  ".join(cells))),)


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
