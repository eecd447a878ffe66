"""From what AWS said to how the stack is: pure, section by section."""

from collections.abc import Callable
from typing import Any, Final

from perpetual.status import databases, edge, fleet, releases, services, tasks
from perpetual.status.model import Health, Reason, Section, Weight
from perpetual.status.read import Snapshot
from perpetual.status.together import Unread, unknown_form

Parts = dict[str, Any]


def health(given: Snapshot) -> Health:
    """Return how the stack is; reasons are sorted, faults first."""
    parts: Parts = {}
    reasons: list[Reason] = []
    unread = {key: found for key, found in given.answers.items() if isinstance(found, Unread)}
    for section, name, build, judge in _PARTS:
        if section in unread:
            continue
        try:
            parts[name] = build(given)
            reasons += judge(given, parts)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            parts[name], unread[section] = None, unknown_form(error)
    reasons += _unread(unread)
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


def _unread(found: dict[Section, Unread]) -> list[Reason]:
    """Return one reason for each section without an answer; those alike are one."""
    alike: dict[Unread, list[Section]] = {}
    for section, answer in found.items():
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


# --- the parts, each from its sections, and what there is to say about it


def _last(given: Snapshot) -> Any:
    records, _ = given.get(Section.HISTORY)
    return releases.last(records)


def _under_way(given: Snapshot) -> Any:
    _, journal = given.get(Section.HISTORY)
    return releases.under_way(journal)


def _release(given: Snapshot) -> Any:
    records, _ = given.get(Section.HISTORY) or ((), None)
    return releases.release(given.get(Section.RELEASE), records)


def _service(given: Snapshot) -> Any:
    return services.service(given.get(Section.SERVICE), given.get(Section.TARGETS))


def _judged_service(given: Snapshot, parts: Parts) -> list[Reason]:
    judged = services.Given(
        service=parts["service"],
        raw=given.get(Section.SERVICE),
        targets=given.get(Section.TARGETS) or (),
        draining=fleet.drains(given.get(Section.HOSTS) or ()),
        now=given.at,
    )
    return services.judged(judged)


def _rollout(given: Snapshot) -> Any:
    return services.rollout(given.get(Section.DEPLOYMENTS))


def _tasks(given: Snapshot) -> Any:
    name, running = given.published.service.name, given.get(Section.TASKS)
    return tasks.tasks(running, name, given.get(Section.TARGETS), given.get(Section.HOSTS))


def _unreleased(given: Snapshot, parts: Parts) -> list[Reason]:
    """Return that what runs is not what was released, once nothing moves any more."""
    found, released = parts.get("service"), parts.get("release")
    if found is None or released is None or not released.digest or not found.stable:
        return []
    service = given.published.service
    running = tasks.images(given.get(Section.TASKS), service.name, service.container)
    others = running - {released.digest, ""}
    if not others:
        return []
    says = f"tasks run {', '.join(sorted(others))}, and released is {released.digest}"
    hint = "Was the service changed by other means? `perpetual deploy` makes them one again."
    return [Reason(section=Section.TASKS, weight=Weight.NOTE, says=says, hint=hint)]


def _stops(given: Snapshot) -> Any:
    return tasks.stops(given.get(Section.STOPPED), given.published.service.name)


def _hosts(given: Snapshot) -> Any:
    return fleet.hosts(given.get(Section.HOSTS), given.get(Section.GROUP))


def _database(given: Snapshot) -> Any:
    return databases.database(given.get(Section.DATABASE), given.get(Section.STORAGE))


def _certificate(given: Snapshot) -> Any:
    return edge.certificate(given.get(Section.CERTIFICATE))


def _alarms(given: Snapshot) -> Any:
    return edge.alarms(given.get(Section.ALARMS), given.published.stack.prefix)


Build = Callable[[Snapshot], Any]
Judge = Callable[[Snapshot, Parts], list[Reason]]

_PARTS: Final[tuple[tuple[Section, str, Build, Judge], ...]] = (
    (Section.HISTORY, "last", _last, lambda _, parts: releases.judged_last(parts["last"])),
    (
        Section.HISTORY,
        "under_way",
        _under_way,
        lambda _, parts: releases.judged_under_way(parts["under_way"]),
    ),
    (
        Section.RELEASE,
        "release",
        _release,
        lambda _, parts: releases.judged_release(parts["release"]),
    ),
    (Section.SERVICE, "service", _service, _judged_service),
    (
        Section.DEPLOYMENTS,
        "rollout",
        _rollout,
        lambda given, parts: services.judged_rollout(parts["rollout"], given.at),
    ),
    (Section.TASKS, "tasks", _tasks, _unreleased),
    (Section.STOPPED, "stops", _stops, lambda given, parts: tasks.judged(parts["stops"], given.at)),
    (Section.HOSTS, "hosts", _hosts, lambda _, parts: fleet.judged(parts["hosts"])),
    (
        Section.DATABASE,
        "database",
        _database,
        lambda given, parts: databases.judged(parts["database"], given.at),
    ),
    (
        Section.CERTIFICATE,
        "certificate",
        _certificate,
        lambda given, parts: edge.judged_certificate(parts["certificate"], given.at),
    ),
    (
        Section.ALARMS,
        "alarms",
        _alarms,
        lambda given, parts: edge.judged_alarms(parts["alarms"], given.at),
    ),
)
