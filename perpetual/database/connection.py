"""Connections to Postgres, over TLS that verifies the server, and their faults as sentences."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import Connection

from perpetual.database.model import Server
from perpetual.errors import OperatorError

_SECONDS: Final = 10

# What libpq or the server says, in lower case, what that means, and the way out.
_FAULTS: Final = (
    (
        "certificate verify failed",
        "none of the authorities in {ca_file} signed the server's certificate, or it has expired",
        "Give the file of the authority that signed it; for RDS that is its global bundle.",
    ),
    (
        "does not match host name",
        "the server's certificate is for another host than {host}",
        "Connect by the name that the certificate is for.",
    ),
    (
        "password authentication failed",
        "the password of {user} is not the right one",
        "Give the one in use.",
    ),
    (
        "no encryption",
        "the server refuses connections without TLS",
        "This should not happen: every connection asks for TLS. Is there a proxy in between?",
    ),
    (
        "server does not support ssl",
        "the server at {host} does not speak TLS",
        "Switch TLS on; passwords do not go over plain connections.",
    ),
    ("connection refused", "nobody listens at {host}, port {port}", "Is Postgres running there?"),
    ("does not exist", "{database} does not exist on {host}", "Create it: `perpetual db apply`."),
    ("translate host name", "there is no host {host}", "Correct the name."),
    ("timeout expired", "{host}, port {port}, did not answer", "Is there a way to it from here?"),
    (
        "root certificate file",
        "there is no file of authorities at {ca_file}",
        "Name it with --ca-file.",
    ),
)


@contextmanager
def connect(server: Server) -> Iterator[Connection[tuple[Any, ...]]]:
    """Connect, each statement its own transaction.

    Raises:
        OperatorError: There is no connection; TLS with an unverified server is none.
    """
    try:
        connection = psycopg.connect(
            host=server.host,
            port=server.port,
            user=server.user,
            password=server.password,
            dbname=server.database,
            sslmode="verify-full",
            sslrootcert=str(server.ca_file),
            connect_timeout=_SECONDS,
            application_name="perpetual",
            autocommit=True,
        )
    except psycopg.OperationalError as error:
        raise _fault(server, str(error)) from error
    with connection:
        yield connection


def answers(server: Server) -> bool:
    """Tell whether the server lets this user in."""
    try:
        with connect(server):
            return True
    except OperatorError:
        return False


def _fault(server: Server, said: str) -> OperatorError:
    lower = said.lower()
    for words, meaning, hint in _FAULTS:
        if words in lower:
            message = meaning.format(
                host=server.host,
                port=server.port,
                user=server.user,
                database=server.database,
                ca_file=server.ca_file,
            )
            return OperatorError(message, hint=hint, detail=said.strip())
    return OperatorError(
        f"there is no connection to {server.host}, port {server.port}", detail=said.strip()
    )
