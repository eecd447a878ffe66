"""Connections to Postgres, over TLS that verifies the server."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import Connection

from perpetual.database import faults
from perpetual.database.model import Server
from perpetual.errors import OperatorError

Session = Connection[tuple[Any, ...]]

# A peer that vanished is noticed within the minute, at rest or while an answer is due.
_ALIVE: Final[dict[str, Any]] = {
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # ms
}

# What the server says only after the password was right.
_AFTER_PASSWORD: Final = re.compile(
    r"not permitted to log in|permission denied for database|too many connections for|"
    r'remaining connection slots|database "[^\n]*" (does not exist|is not currently accepting)'
)


@contextmanager
def connect(server: Server) -> Iterator[Session]:
    """Connect, each statement its own transaction.

    Raises:
        OperatorError: There is no connection; TLS with an unverified server is none.
    """
    try:
        connection = _open(server)
    except psycopg.OperationalError as error:
        raise faults.fault(server, str(error)) from error
    with connection:
        yield connection


def answers(server: Server) -> bool:
    """Tell whether the server lets this user in."""
    try:
        with connect(server):
            return True
    except OperatorError:
        return False


def password_holds(server: Server) -> bool:
    """Tell whether the password is this user's, whether or not it gets in with it.

    Nobody but a superuser reads what Postgres stores of one; whether it is right shows in its use.

    Raises:
        OperatorError: The server did not get as far as the password.
    """
    try:
        _open(server).close()
    except psycopg.OperationalError as error:
        said = str(error)
        if faults.WRONG_PASSWORD in said:
            return False
        if _AFTER_PASSWORD.search(said):
            return True
        raise faults.fault(server, said) from error
    return True


def _open(server: Server) -> Session:
    return psycopg.connect(
        host=server.host,
        port=server.port,
        user=server.user,
        password=server.password,
        dbname=server.database,
        sslmode="verify-full",
        sslrootcert=str(server.ca_file),
        # Kerberos's own encryption would come before TLS, and verifies another name.
        gssencmode="disable",
        connect_timeout=faults.SECONDS,
        application_name="perpetual",
        autocommit=True,
        **_ALIVE,
    )
