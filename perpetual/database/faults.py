"""Why there is no connection to Postgres, or no longer one: as sentences, each with its way out."""

import os
import re
import socket
import ssl
from typing import Final

import psycopg

from perpetual.database.model import Server
from perpetual.errors import OperatorError

WRONG_PASSWORD: Final = "authentication failed"  # noqa: S105 - what the server says of one
SECONDS: Final = 10
"""Longest wait for a server to answer at all."""

# Classes of SQLSTATE after which there is no session, such as 57P01, ended by an administrator:
# https://www.postgresql.org/docs/17/errcodes-appendix.html
_ENDS: Final = ("08", "57P")

# The second is what OpenSSL says of another authority by the same name.
_UNVERIFIED: Final = re.compile("certificate verify failed|signature failure")

_TLS_REQUEST: Final = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")
"""What a client says who wants TLS: https://www.postgresql.org/docs/17/protocol-message-formats.html"""

# What psycopg or the server says, what that means, and the way out.
_FAULTS: Final = tuple(
    (re.compile(words, re.IGNORECASE), meaning, hint)
    for words, meaning, hint in (
        (
            "does not match host name",
            "the server's certificate is for another host than {host}",
            "Connect by the certificate's name; through a tunnel, with PGHOSTADDR for its address.",
        ),
        (
            WRONG_PASSWORD,
            "the password of {user} is not the right one",
            "Give the one in use.",
        ),
        (
            "no encryption",
            "the server refuses connections without TLS",
            "This should not happen: every connection asks for TLS. Is there a proxy in between?",
        ),
        (
            "no pg_hba.conf entry",
            "the server has no rule that lets {user} into {database} from here",
            "See its pg_hba.conf, or connect from where it lets people in.",
        ),
        (
            "server does not support ssl",
            "the server at {host} does not speak TLS",
            "Switch TLS on; passwords do not go over plain connections.",
        ),
        (
            "protocol version|unsupported protocol",
            "{host} speaks no version of TLS that is safe",
            "Let it speak TLS 1.2 or 1.3: ssl_min_protocol_version and ssl_max_protocol_version.",
        ),
        (
            "connection refused",
            "nobody listens at {host}, port {port}",
            "Is Postgres running there?",
        ),
        (
            r'database "[^\n]*" does not exist',
            "{database} does not exist on {host}",
            "Create it: `perpetual db apply`.",
        ),
        ("failed to resolve host", "there is no host {host}", "Correct the name."),
        (
            "timeout expired|no route to host|network is unreachable",
            "{host}, port {port}, did not answer",
            "Is there a way to it from here? A stack's database is reached through its tunnel.",
        ),
        (
            'root certificate file "[^\n]*" does not exist',
            "there is no file of authorities at {ca_file}",
            "Name it with --ca-file.",
        ),
        (
            "could not read root certificate file",
            "{ca_file} holds no certificate of an authority",
            "Name a file in PEM form with --ca-file.",
        ),
        (
            "too many clients|remaining connection slots|too many connections",
            "{host} has no connection left for {user}",
            "Wait until some have gone, or raise max_connections.",
        ),
        (
            "starting up|shutting down|in recovery mode",
            "Postgres at {host} is not ready yet, or no more",
            "Run the command again in a moment.",
        ),
    )
)


class EndedError(OperatorError):
    """A connection that was lost under way: what it did last may or may not stand."""


def fault(server: Server, said: str) -> OperatorError:
    """Return what a failed attempt to connect means, from what psycopg said of it."""
    detail = said.strip()
    if _UNVERIFIED.search(said):
        return _unverified(server, detail)
    for words, meaning, hint in _FAULTS:
        if words.search(said):
            return OperatorError(_filled(meaning, server), hint=hint, detail=detail)
    message = f"there is no connection to {server.host}, port {server.port}"
    return OperatorError(message, detail=detail)


def _filled(meaning: str, server: Server) -> str:
    return meaning.format(
        host=server.host,
        port=server.port,
        user=server.user,
        database=server.database,
        ca_file=server.ca_file,
    )


def _unverified(server: Server, detail: str) -> OperatorError:
    """Return why a certificate is not trusted, which libpq does not tell."""
    why = _reason(server)
    if "expired" in why:
        return OperatorError(
            f"the certificate of {server.host} has expired",
            detail=detail,
            hint="Renew it; RDS does so by itself where its `ca_cert_identifier` is a current one.",
        )
    if "not yet valid" in why:
        return OperatorError(
            f"the certificate of {server.host} is not valid yet",
            detail=detail,
            hint="Is the clock of this machine right?",
        )
    return OperatorError(
        f"none of the authorities in {server.ca_file} signed the certificate of {server.host}",
        detail=f"{detail} ({why})" if why else detail,
        hint="Give the file of the authority that signed it; for RDS that is its global bundle.",
    )


def _reason(server: Server) -> str:
    """Shake hands once more, and return what is wrong with the certificate."""
    context = ssl.create_default_context()
    try:
        if str(server.ca_file) != "system":
            context = ssl.create_default_context(cafile=server.ca_file)
        # libpq's own variable, for a server that is reached by way of a tunnel.
        address = os.environ.get("PGHOSTADDR") or server.host
        with socket.create_connection((address, server.port), timeout=SECONDS) as plain:
            plain.sendall(_TLS_REQUEST)
            plain.recv(1)
            context.wrap_socket(plain, server_hostname=server.host).close()
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except (OSError, ValueError):
        return ""
    return ""


def ended(server: Server, error: psycopg.Error) -> OperatorError:
    """Return what to say of a connection that ended, or of a statement that was refused."""
    said = str(error).strip()
    if error.sqlstate is None or error.sqlstate.startswith(_ENDS):
        return EndedError(
            f"the connection to {server.host} was lost",
            detail=said,
            hint="Run the command again: it goes on from what stands.",
        )
    return OperatorError(f"Postgres at {server.host} refused a statement", detail=said)
