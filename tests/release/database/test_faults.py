"""Faults half-way: what stands is said, and a second run does the rest."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.sql import Composed

from perpetual.database import execute, session
from perpetual.errors import OperatorError
from tests.release.database.catalogs import snapshot
from tests.release.database.servers import Database

VERSIONS = (17,)

Before = Callable[[Connection[Any], int], None]

UNCHANGED = "Nothing has been changed."


def changes(monkeypatch: pytest.MonkeyPatch, before: Before) -> None:
    """Call a function before each statement that changes something, with its number from 1."""
    numbers = iter(range(1, 1000))
    unchanged = Connection.execute

    def run(self: Connection[Any], query: Any, *given: Any, **options: Any) -> Any:
        if isinstance(query, Composed) and "lock_timeout" not in query.as_string():
            before(self, next(numbers))
        return unchanged(self, query, *given, **options)

    monkeypatch.setattr(Connection, "execute", run)


def killed(database: Database, at: int) -> bool:
    """Apply in a process of its own that SIGKILL ends at a statement; tell whether it got there."""
    child = os.fork()
    if child == 0:
        with pytest.MonkeyPatch.context() as patch:

            def end(_: Connection[Any], number: int) -> None:
                if number == at:
                    os.kill(os.getpid(), signal.SIGKILL)

            changes(patch, end)
            try:
                database.apply()
            finally:
                os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("at", [1, 5, 8, 9, 10, 13, 17])
def test_a_run_that_was_killed_is_taken_up(new: Database, at: int) -> None:
    """Wherever it was: among the roles, before and after the database was made, inside it."""
    assert killed(new, at)
    new.apply()
    assert new.plan() == []


def test_every_statement_was_reached(new: Database) -> None:
    """The numbers above are all of an `apply`, and none beyond."""
    assert len(new.plan()) == 17
    assert not killed(new, 18)
    assert new.plan() == []


@pytest.mark.parametrize(
    ("at", "stands"),
    [(3, "role"), (8, "database"), (9, "database"), (14, "schema")],
)
def test_a_lost_connection_is_a_sentence(
    new: Database, monkeypatch: pytest.MonkeyPatch, at: int, stands: str
) -> None:
    """Ended by the server in the middle; a second run does the rest."""

    def end(connection: Connection[Any], number: int) -> None:
        if number == at:
            with new.postgres.superuser() as other:
                other.execute(f"SELECT pg_terminate_backend({connection.info.backend_pid}, 5000)")

    with monkeypatch.context() as patch:
        changes(patch, end)
        with pytest.raises(OperatorError) as caught:
            new.apply()
    assert caught.value.message == "the connection to localhost was lost"
    assert "goes on from what stands" in caught.value.hint
    left = new.plan()
    assert any(stands in one for one in left), left
    new.apply()
    assert new.plan() == []


@pytest.mark.parametrize(
    ("at", "stands"),
    [
        (5, UNCHANGED),
        (10, "The roles are as they should be; all else is unchanged."),
        (15, "Roles and database are as they should be; what it holds is unchanged."),
    ],
)
def test_a_refused_statement_says_what_stands(
    new: Database, monkeypatch: pytest.MonkeyPatch, at: int, stands: str
) -> None:
    """And that much does."""

    def fail(_: Connection[Any], number: int) -> None:
        if number == at:
            message = "refused for this test"
            raise psycopg.errors.InsufficientPrivilege(message)

    before = snapshot(new)
    with monkeypatch.context() as patch:
        changes(patch, fail)
        with pytest.raises(OperatorError, match="master could not change that") as caught:
            new.apply()
    assert caught.value.hint.startswith(stands)
    assert caught.value.detail == "refused for this test"
    if stands == UNCHANGED:
        assert snapshot(new) == before
    new.apply()
    assert new.plan() == []


def test_two_at_once_do_it_once(new: Database) -> None:
    """One after the other: who comes second has nothing left to do."""
    with ThreadPoolExecutor() as pool:
        at_once = [pool.submit(new.apply) for _ in range(4)]
    assert sorted(len(one.result()) for one in at_once) == [0, 0, 0, 17]
    assert new.plan() == []


def test_who_waits_says_for_whom(new: Database) -> None:
    """Until the other one has ended."""
    said: SimpleQueue[str] = SimpleQueue()
    with ThreadPoolExecutor() as pool, session.session(new.server, new.wanted) as other:
        session.take_turn(other, said.put)
        waiting = pool.submit(execute.apply, new.server, new.wanted, said.put)
        line = said.get(timeout=60)
        holder = f"process {other.info.backend_pid}, master from "
        assert line.startswith(f"waiting for another `db apply`: {holder}")
        assert not waiting.done()
    assert len(waiting.result()) == 17


def test_the_wait_ends(new: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a sentence, and nothing changed."""
    monkeypatch.setattr(session, "_SECONDS", 1)
    before = snapshot(new)
    with session.session(new.server, new.wanted) as other:
        session.take_turn(other, print)
        with pytest.raises(OperatorError, match="another `db apply` has not ended") as caught:
            new.apply()
    assert caught.value.hint.startswith(UNCHANGED)
    assert snapshot(new) == before


def test_a_table_in_use_is_not_waited_for(
    migrated: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever needs it next would queue behind the one that waits."""
    monkeypatch.setattr(execute, "_LOCK_SECONDS", 1)
    migrated.run("superuser", "ALTER TABLE notes OWNER TO {other}")
    with migrated.connect("rw") as using, using.transaction():
        using.execute("SELECT * FROM notes")
        with pytest.raises(OperatorError, match="in use, for up to 1 s") as caught:
            migrated.apply()
        assert "what it holds is unchanged" in caught.value.hint
    migrated.apply()
    assert migrated.plan() == []


def test_a_deadlock_is_a_sentence(new: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a migration that holds what this one needs, and needs what it holds."""

    def fail(_: Connection[Any], number: int) -> None:
        if number == 17:
            message = "deadlock detected"
            raise psycopg.errors.DeadlockDetected(message)

    with monkeypatch.context() as patch:
        changes(patch, fail)
        with pytest.raises(OperatorError, match="it was in use") as caught:
            new.apply()
    assert "migration" in caught.value.hint
    new.apply()
    assert new.plan() == []


def test_a_replica_is_told_from_the_primary(ready: Database) -> None:
    """It can be looked at, and takes no changes."""
    with ready.postgres.superuser() as other:
        other.execute("ALTER ROLE master SET default_transaction_read_only = on")
    try:
        assert ready.plan() == []
        with pytest.raises(OperatorError, match="localhost takes no changes") as caught:
            ready.apply()
        assert "primary" in caught.value.hint
    finally:
        with ready.postgres.superuser() as other:
            other.execute("ALTER ROLE master RESET default_transaction_read_only")
