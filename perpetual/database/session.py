"""Sessions in which the database's roles and rights are looked at or changed, one at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg.sql import SQL

from perpetual.database import faults, read
from perpetual.database.connection import Session, connect
from perpetual.database.model import OLDEST, Server, Wanted
from perpetual.errors import OperatorError

Say = Callable[[str], None]

AGAIN: Final = "Run the command again once that is put right."

_LOCK: Final = 0x70657270
"""Key of the advisory lock that one `apply` at a time holds, in the server's own database."""
_SECONDS: Final = 60
"""Longest wait for another one to end; it takes seconds."""


@contextmanager
def session(server: Server, wanted: Wanted) -> Iterator[Session]:
    """Connect as nobody but the user itself, and find names where only Postgres puts them.

    Raises:
        OperatorError: There is no connection, it ends, or this is no server or user for the task.
    """
    if server.user in wanted.roles:
        raise OperatorError(
            f"{server.user} is one of the roles of {wanted.database}, and cannot set itself right",
            hint="Connect as the server's master user: --user.",
        )
    with connect(server) as connection:
        version = read.version(connection)
        if version < OLDEST:
            raise OperatorError(
                f"{server.host} runs Postgres {version}",
                hint=f"Move to {OLDEST} or later: before, everybody may fill the schema public.",
            )
        try:
            # A database's owner can set what its sessions begin as, and where they find functions.
            connection.execute("SET ROLE NONE")
            connection.execute("SET search_path = pg_catalog, pg_temp")
            yield connection
        except psycopg.Error as error:
            raise faults.ended(server, error) from error


def take_turn(connection: Session, say: Say) -> None:
    """Keep others from changing the same at the same time, until the session ends.

    Raises:
        OperatorError: The server takes no changes, or another one does not end.
    """
    if _value(connection, "SHOW transaction_read_only") == "on":
        raise OperatorError(
            f"{connection.info.host} takes no changes: it is a replica, or set to read only",
            hint="Give the primary's host.",
        )
    if not _value(connection, f"SELECT pg_try_advisory_lock({_LOCK})"):
        say(f"waiting for another `db apply`: {_holder(connection)}")
        connection.execute(SQL("SET lock_timeout = {}").format(f"{_SECONDS}s"))
        try:
            connection.execute(f"SELECT pg_advisory_lock({_LOCK})")
        except psycopg.errors.LockNotAvailable as error:
            raise OperatorError(
                f"another `db apply` has not ended for {_SECONDS} s: {_holder(connection)}",
                hint="Let it end, or end it, and run the command again.",
            ) from error
        connection.execute("RESET lock_timeout")


def _holder(connection: Session) -> str:
    """Return who holds the lock, in words."""
    row = connection.execute(
        "SELECT usename, coalesce(host(client_addr), 'the server itself'), pid,"
        " backend_start::timestamptz(0)::text"
        " FROM pg_locks JOIN pg_stat_activity USING (pid)"
        " WHERE locktype = 'advisory' AND objid = %s AND granted AND pid <> pg_backend_pid()",
        (_LOCK,),
    ).fetchone()
    if row is None:
        return "one that ends just now"
    user, address, pid, since = row
    return f"process {pid}, {user} from {address}, since {since}"


def _value(connection: Session, query: str) -> Any:
    row = connection.execute(query).fetchone()
    return row and row[0]
