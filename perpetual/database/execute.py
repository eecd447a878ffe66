"""Plan and apply: the differences of a living server, shown or removed.

`apply` changes the roles in one transaction, the database from outside in a second, and its
contents in a third. Before the second a database is made where there is none, for which Postgres
allows no transaction. What interrupts it leaves one of these states, and a second run goes on.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import psycopg
from psycopg.sql import SQL

from perpetual.database import faults, read
from perpetual.database.connection import Session, password_holds
from perpetual.database.contents import contents
from perpetual.database.differences.contents import of_contents
from perpetual.database.differences.database import of_database
from perpetual.database.differences.roles import of_roles
from perpetual.database.model import Difference, Kind, Server, Wanted
from perpetual.database.session import AGAIN, Say, session, take_turn
from perpetual.database.state import NEW
from perpetual.errors import OperatorError

Find = Callable[[], Iterable[Difference]]

_ROUNDS: Final = 3
"""How often what remains is looked for: a right that was handed on leaves a gap when it goes."""

_LOCK_SECONDS: Final = 5
"""Longest wait for a table in use: whoever needs it next queues behind the one that waits."""


def plan(server: Server, wanted: Wanted) -> list[Difference]:
    """Return what differs; nothing is changed.

    Raises:
        OperatorError: There is no connection, or the user may not read what it needs to.
    """
    with session(server, wanted) as connection:
        refused = _refused(connection, server, wanted)
        return _differences(connection, server, wanted, refused)


def apply(server: Server, wanted: Wanted, say: Say = lambda _: None) -> list[Difference]:
    """Remove the differences and return them; `say` is told if another one has to end first.

    It may be repeated at any time: what is done is not done again, and what an interruption left
    undone is.

    Raises:
        OperatorError: Something cannot be put right. Nothing is changed if that is known before,
            and the hint says what stands if not.
    """
    with session(server, wanted) as connection, _telling(server) as progress:
        take_turn(connection, say)
        refused = _refused(connection, server, wanted)
        _refuse(_differences(connection, server, wanted, refused))
        done = _roles(connection, wanted, refused)
        progress.stands = "The roles are as they should be; all else is unchanged."
        done += _database(connection, wanted)
        progress.stands = "Roles and database are as they should be; what it holds is unchanged."
        return done + _inside(server, wanted)


# --- the steps


def _roles(connection: Session, wanted: Wanted, refused: frozenset[str]) -> list[Difference]:
    left = [refused]

    def found() -> list[Difference]:
        # Once: what a transaction has not committed yet cannot be tried from outside.
        passwords = left.pop() if left else frozenset()
        state = read.server(connection, wanted, passwords)
        return [*of_roles(state, wanted, partial(_verifier, connection))]

    with connection.transaction():
        return _settled(connection, found)


def _database(connection: Session, wanted: Wanted) -> list[Difference]:
    def found() -> list[Difference]:
        return [*of_database(read.server(connection, wanted, frozenset()), wanted)]

    made = _run(connection, [one for one in found() if one.kind is Kind.MISSING])
    with connection.transaction():
        return made + _settled(connection, found)


def _inside(server: Server, wanted: Wanted) -> list[Difference]:
    with session(replace(server, database=wanted.database), wanted) as connection:

        def found() -> list[Difference]:
            state = read.server(connection, wanted, frozenset())
            return [*of_contents(contents(connection), state, wanted)]

        with connection.transaction():
            connection.execute(SQL("SET LOCAL lock_timeout = {}").format(f"{_LOCK_SECONDS}s"))
            return _settled(connection, found)


def _settled(connection: Session, find: Find) -> list[Difference]:
    """Remove what `find` finds until it finds nothing, and return all of it."""
    done: list[Difference] = []
    for _ in range(_ROUNDS):
        found = [*find()]
        if not found:
            return done
        done += _run(connection, found)
    if left := [*find()]:
        raise OperatorError(
            f"{left[0].says}, and {connection.info.user} could not change that",
            detail="Postgres took the statement and did nothing.",
            hint=AGAIN,
        )
    return done


def _run(connection: Session, found: Iterable[Difference]) -> list[Difference]:
    done = []
    for difference in found:
        try:
            for statement in difference.statements:
                connection.execute(statement)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
            raise OperatorError(
                f"{difference.says}, and it was in use, for up to {_LOCK_SECONDS} s",
                detail=str(error).strip(),
                hint="Run the command again when no migration or long transaction is under way.",
            ) from error
        except psycopg.Error as error:
            if connection.closed:
                raise
            raise OperatorError(
                f"{difference.says}, and {connection.info.user} could not change that",
                detail=str(error).strip(),
                hint=AGAIN,
            ) from error
        done.append(difference)
    return done


# --- what the steps need to know


@dataclass
class _Progress:
    """What stands when a step fails."""

    stands: str = "Nothing has been changed."


@contextmanager
def _telling(server: Server) -> Iterator[_Progress]:
    """Say with a fault what stands in spite of it; not where a lost answer leaves that open."""
    progress = _Progress()
    try:
        yield progress
    except psycopg.Error as error:
        raise faults.ended(server, error) from error
    except faults.EndedError:
        raise
    except OperatorError as error:
        error.hint = f"{progress.stands} {error.hint}".strip()
        raise


def _differences(
    connection: Session, server: Server, wanted: Wanted, refused: frozenset[str]
) -> list[Difference]:
    state = read.server(connection, wanted, refused)
    found = [*of_roles(state, wanted, partial(_verifier, connection)), *of_database(state, wanted)]
    if state.database is None:
        return [*found, *of_contents(NEW, state, wanted)]
    if not state.database.enters:
        return found
    with session(replace(server, database=wanted.database), wanted) as inside:
        return [*found, *of_contents(contents(inside), state, wanted)]


def _refused(connection: Session, server: Server, wanted: Wanted) -> frozenset[str]:
    """Return the roles whose password is not the wanted one."""
    return frozenset(
        name
        for name in sorted(read.present(connection, wanted.passwords))
        if not password_holds(replace(server, user=name, password=wanted.passwords[name]))
    )


def _refuse(found: Iterable[Difference]) -> None:
    """Raise what nobody can put right, before anything is changed."""
    barred = [one for one in found if not one.statements]
    if barred:
        first, *others = barred
        detail = "\n".join(f"and {one.says}" for one in others)
        raise OperatorError(first.says, hint=first.hint, detail=detail)


def _verifier(connection: Session, role: str, password: str) -> str:
    """Return what Postgres stores of a password, so that no log of statements can hold it."""
    stored = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    return stored.decode()
