"""From what AWS said to how the stack is: pure, section by section."""

from typing import Any

from perpetual.status import databases, edge, fleet, releases, services, tasks
from perpetual.status.model import (
    Health,
    Instance,
    Reason,
    Release,
    Section,
    Service,
    Weight,
)
from perpetual.status.read import Snapshot
from perpetual.status.together import Unread


def health(given: Snapshot) -> Health:
    """Return how the stack is; reasons are sorted, faults first."""
    parts = _parts(given)
    reasons = [*_unread(given), *_judged(given, parts)]
    order = list(Weight)
    stack = given.published.stack
    return Health(
        stack=stack.name,
        account=stack.account,
        region=stack.region,
        url=given.published.balancer.url,
        at=given.at,
        reasons=tuple(sorted(reasons, key=lambda reason: order.index(reason.weight))),
        **parts,
    )


def _unread(given: Snapshot) -> list[Reason]:
    """Return one reason for each section without an answer; those alike are one."""
    alike: dict[Unread, list[Section]] = {}
    for section, answer in given.answers.items():
        if isinstance(answer, Unread):
            alike.setdefault(answer, []).append(section)
    return [
        Reason(
            section=sections[0],
            weight=Weight.UNREAD,
            says=f"could not be read ({', '.join(sections)}): {answer.why}",
            hint=answer.hint,
        )
        for answer, sections in alike.items()
    ]


def _parts(given: Snapshot) -> dict[str, Any]:
    """Return each part that can be told from what there is."""
    at, name = given.get, given.published.service.name
    records, journal = at(Section.HISTORY) or ((), None)
    parameter, raw, running = at(Section.RELEASE), at(Section.SERVICE), at(Section.TASKS)
    stopped, members = at(Section.STOPPED), at(Section.HOSTS)
    database, shown, watching = at(Section.DATABASE), at(Section.CERTIFICATE), at(Section.ALARMS)
    targets = at(Section.TARGETS)
    return {
        "release": None if parameter is None else releases.release(parameter, records),
        "last": releases.last(records),
        "under_way": releases.under_way(journal),
        "service": None if raw is None else services.service(raw, targets),
        "rollout": services.rollout(at(Section.DEPLOYMENTS)),
        "tasks": None if running is None else tasks.tasks(running, name, targets, members),
        "stops": None if stopped is None else tasks.stops(stopped, name),
        "hosts": None if members is None else fleet.hosts(members, at(Section.GROUP)),
        "database": None if database is None else _database(given, database),
        "certificate": None if shown is None else edge.certificate(shown),
        "alarms": None if watching is None else edge.alarms(watching, given.published.stack.prefix),
    }


def _database(given: Snapshot, found: Any) -> tuple[Instance, ...]:
    return databases.database(found, given.get(Section.STORAGE))


def _judged(given: Snapshot, parts: dict[str, Any]) -> list[Reason]:
    now = given.at
    reasons = releases.judged(parts["release"], parts["last"], parts["under_way"])
    if parts["service"] is not None:
        judged = services.Given(
            service=parts["service"],
            raw=given.get(Section.SERVICE),
            targets=given.get(Section.TARGETS) or (),
            now=now,
        )
        reasons += services.judged(judged, parts["rollout"])
        reasons += _unreleased(given, parts["service"], parts["release"])
    if parts["stops"]:
        reasons += tasks.judged(parts["stops"], now)
    if parts["hosts"] is not None:
        reasons += fleet.judged(parts["hosts"])
    if parts["database"] is not None:
        reasons += databases.judged(parts["database"], now)
    if parts["certificate"] is not None:
        reasons += edge.judged_certificate(parts["certificate"], now)
    if parts["alarms"] is not None:
        reasons += edge.judged_alarms(parts["alarms"], now)
    return reasons


def _unreleased(given: Snapshot, found: Service, released: Release | None) -> list[Reason]:
    """Return that what runs is not what was released, once nothing moves any more."""
    running = given.get(Section.TASKS)
    if released is None or running is None or not released.digest or not found.stable:
        return []
    service = given.published.service
    others = tasks.images(running, service.name, service.container) - {released.digest, ""}
    if not others:
        return []
    says = f"tasks run {', '.join(sorted(others))}, and released is {released.digest}"
    hint = "Was the service changed by other means? `perpetual deploy` makes them one again."
    return [Reason(section=Section.TASKS, weight=Weight.NOTE, says=says, hint=hint)]
