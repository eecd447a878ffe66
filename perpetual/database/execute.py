"""Plan and apply: the differences of a living server, shown or removed."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any, Final

import psycopg
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from perpetual.database import differences, read
from perpetual.database.connection import connect
from perpetual.database.model import DatabaseState, Difference, Server, Wanted
from perpetual.errors import OperatorError

_EMPTY: Final = DatabaseState(
    schema_owner="pg_database_owner", schema={}, tables={}, sequences={}, relations={}
)
"""What a new database holds, as far as it concerns us; everybody's USAGE comes with it."""

Report = Callable[[Difference], None]


def plan(server: Server, wanted: Wanted) -> list[Difference]:
    """Return what differs; nothing is changed.

    Raises:
        OperatorError: There is no connection, or the user may not read what it needs to.
    """
    with connect(server) as connection:
        state = read.server(connection, server, wanted)
        found = [*differences.of_server(state, wanted, partial(_verifier, connection))]
    if state.database is None:
        fresh = replace(_EMPTY, schema={"": frozenset({"USAGE"})})
        return [*found, *differences.of_database(fresh, wanted)]
    with connect(replace(server, database=wanted.database)) as connection:
        return [*found, *differences.of_database(read.database(connection, wanted), wanted)]


def apply(server: Server, wanted: Wanted, report: Report = lambda _: None) -> list[Difference]:
    """Remove the differences, telling `report` each before it goes; return what was done.

    It may be repeated at any time: what is done is not done again, and what an interruption left
    undone is. Statements of the database run in one transaction.

    Raises:
        OperatorError: Something cannot be put right. Nothing is changed if that is known before.
    """
    _refuse(plan(server, wanted))
    done: list[Difference] = []
    with connect(server) as connection:
        state = read.server(connection, server, wanted)
        found = [*differences.of_server(state, wanted, partial(_verifier, connection))]
        done += _run(connection, found, report)
    with connect(replace(server, database=wanted.database)) as connection, connection.transaction():
        connection.execute(SQL("SET LOCAL ROLE {}").format(Identifier(wanted.owner)))
        found = [*differences.of_database(read.database(connection, wanted), wanted)]
        done += _run(connection, found, report)
    return done


def _refuse(found: Iterable[Difference]) -> None:
    for difference in found:
        if difference.statement is None:
            raise OperatorError(difference.says, hint=difference.hint)


def _run(
    connection: Connection[tuple[Any, ...]], found: Iterable[Difference], report: Report
) -> list[Difference]:
    done = []
    for difference in found:
        if difference.statement is None:
            continue
        report(difference)
        try:
            connection.execute(difference.statement)
        except psycopg.Error as error:
            raise OperatorError(
                f"{difference.says}, and {connection.info.user} could not change that",
                detail=str(error).strip(),
                hint="Run the command again once that is put right: what is done stays done.",
            ) from error
        done.append(difference)
    return done


def _verifier(connection: Connection[tuple[Any, ...]], role: str, password: str) -> str:
    """Return what Postgres stores of a password, so that no log of statements can hold it."""
    stored = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    return stored.decode()
