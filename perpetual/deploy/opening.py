"""How a run begins: under the lock, with the state of the service and what the run before left."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from perpetual.aws.calls import every, perform
from perpetual.aws.published import Published
from perpetual.deploy import (
    definitions,
    found,
    history,
    journal,
    lock,
    migration,
    preflight,
    requests,
)
from perpetual.deploy.clock import stamp
from perpetual.deploy.found import Found
from perpetual.deploy.history import Record, Result
from perpetual.deploy.journal import Journal
from perpetual.deploy.lock import Lock
from perpetual.deploy.migration import Migration
from perpetual.deploy.outcome import Interrupted, Phase
from perpetual.deploy.resume import Resumption
from perpetual.deploy.run import Desk, Options
from perpetual.deploy.store import Store
from perpetual.errors import OperatorError


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What there is before anything is changed.

    `records` are the releases until now, `before` a run that did not come to its end, `running` its
    migration.
    """

    published: Published
    store: Store
    found: Found
    records: Sequence[Record]
    before: Journal | None
    running: Migration | None


@contextmanager
def locked(desk: Desk, published: Published, what: str) -> Iterator[Lock]:
    """Hold the stack's lock.

    Raises:
        OperatorError: Somebody else holds it.
    """
    store = Store(desk.clients, published.stack, desk.clock)
    owner = lock.here(desk.clients.identity.who, what, desk.clock)
    held = Lock(store, published.stack, desk.clock, owner)
    desk.show.phase(Phase.PREFLIGHT)
    desk.show.line(_caller(desk, published))
    previous = held.take()
    if previous is not None:
        desk.show.line(f"took over the lock of {previous.says}: it gives no sign of life")
    try:
        yield held
    finally:
        # Without a network the lock stays; it belongs to nobody once this process is gone. A signal
        # now ends what is at its end: how it went is told all the same.
        with suppress(OperatorError, Interrupted):
            held.release()


def _caller(desk: Desk, published: Published) -> str:
    identity, stack = desk.clients.identity, published.stack
    by = f"by role {identity.role}" if identity.role else "by no role"
    return f"as {identity.who}, {by}, in account {stack.account}, {stack.region}"


def read(desk: Desk, published: Published, *, migrating: bool) -> Opening:
    """Return what there is; nothing is changed.

    Raises:
        OperatorError: AWS cannot be asked, or what it holds cannot be read.
    """
    store = Store(desk.clients, published.stack, desk.clock)
    before = journal.read(store)
    running = _migration(desk, published, before)
    if before is not None and running is not None:
        before = replace(before, migration=running.task)
    elif before is not None and before.phase is Phase.MIGRATE:
        # Of a task that ECS has forgotten nothing is known: it runs again, under another name.
        before = replace(before, migration="", run=journal.number())
    return Opening(
        published=published,
        store=store,
        found=found.find(desk.clients, published, migrating=migrating),
        records=history.read(store),
        before=before,
        running=running,
    )


def _migration(desk: Desk, published: Published, before: Journal | None) -> Migration | None:
    """Return the migration of the run before, if it started one that ECS still knows.

    A run may have been killed between the call and its journal: ECS knows who started a task.
    """
    if before is None or before.phase is not Phase.MIGRATE:
        return None
    tasks = [before.migration] if before.migration else []
    for status in ("RUNNING", "STOPPED") if not tasks else ():
        call = requests.list_started(published, before.run, status)
        tasks += every(desk.clients, call, "taskArns")
    if not tasks:
        return None
    said = perform(desk.clients, requests.describe_tasks(published, tasks))
    return migration.read(said["tasks"][0]) if said["tasks"] else None


def judge(desk: Desk, case: preflight.Case, options: Options) -> None:
    """Say what is worth knowing.

    Raises:
        OperatorError: Something stands in the way, and was not left out.
    """
    for objection in preflight.refuse(preflight.judge(case), options.without):
        desk.show.line(f"left out: {objection.says}")
    for notice in preflight.notices(case):
        desk.show.line(notice)


def settle(desk: Desk, opening: Opening, resumption: Resumption) -> Sequence[Record]:
    """Say what is made of the run before, write down how it ended, and return all records.

    Raises:
        OperatorError: AWS refuses or cannot be reached.
    """
    if resumption.says:
        desk.show.line(resumption.says)
    record = resumption.record
    if resumption.back and opening.before is not None:
        at = stamp(desk.clock)
        record = history.back(opening.records, opening.before, at=at)
    if record is None:
        return opening.records
    number = history.append(opening.store, record)
    if record.result is Result.RELEASED:
        container = opening.published.service.container
        named = definitions.image_of(opening.found.running, container)
        opening.store.write(opening.published.stack.release_parameter, named)
    others = [item for item in opening.records if item.number != number]
    return [*others, replace(record, number=number)]
