"""Connections that do not come about, as sentences; servers here are sockets of the test's own."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from perpetual.database import connection, faults
from perpetual.database.model import Server
from perpetual.errors import OperatorError
from tests.database.authority import DAY, NOW, Authority

SERVER = Server(
    host="db.example",
    user="chief",
    password="hidden-one",  # noqa: S106 - of nothing
    ca_file=Path("ca.pem"),
    database="shop",
)

SAID = {
    'server certificate for "x" does not match host name "db.example"': (
        "the server's certificate is for another host than db.example"
    ),
    'FATAL:  password authentication failed for user "chief"': (
        "the password of chief is not the right one"
    ),
    'FATAL:  PAM authentication failed for user "chief"': (
        "the password of chief is not the right one"
    ),
    'FATAL:  no pg_hba.conf entry for host "1.2.3.4", user "chief", no encryption': (
        "the server refuses connections without TLS"
    ),
    'FATAL:  no pg_hba.conf entry for host "1.2.3.4", user "chief", SSL encryption': (
        "the server has no rule that lets chief into shop from here"
    ),
    "server does not support SSL, but SSL was required": (
        "the server at db.example does not speak TLS"
    ),
    "SSL error: unsupported protocol": "db.example speaks no version of TLS that is safe",
    "SSL error: tlsv1 alert protocol version": "db.example speaks no version of TLS that is safe",
    "Connection refused\n\tIs the server running": "nobody listens at db.example, port 5432",
    'FATAL:  database "shop" does not exist': "shop does not exist on db.example",
    "failed to resolve host 'db.example': [Errno -2] Name or service not known": (
        "there is no host db.example"
    ),
    "connection timeout expired": "db.example, port 5432, did not answer",
    "No route to host": "db.example, port 5432, did not answer",
    'root certificate file "ca.pem" does not exist': "there is no file of authorities at ca.pem",
    'could not read root certificate file "ca.pem": no certificate': (
        "ca.pem holds no certificate of an authority"
    ),
    "FATAL:  sorry, too many clients already": "db.example has no connection left for chief",
    "FATAL:  remaining connection slots are reserved": (
        "db.example has no connection left for chief"
    ),
    "FATAL:  the database system is starting up": (
        "Postgres at db.example is not ready yet, or no more"
    ),
    "something else": "there is no connection to db.example, port 5432",
}


@pytest.mark.parametrize(("said", "message"), SAID.items(), ids=map(str, range(len(SAID))))
def test_a_fault_is_a_sentence(monkeypatch: pytest.MonkeyPatch, said: str, message: str) -> None:
    """With the server's own words beside it, and the way out where there is one."""

    def fail(**_: object) -> None:
        raise psycopg.OperationalError(f"connection failed: {said}")

    monkeypatch.setattr(psycopg, "connect", fail)
    with pytest.raises(OperatorError) as caught, connection.connect(SERVER):
        pass
    assert caught.value.message == message
    assert said.partition("\n")[0] in caught.value.detail
    assert bool(caught.value.hint) is (said != "something else")
    assert not connection.answers(SERVER)


PASSWORDS = {
    'FATAL:  password authentication failed for user "chief"': False,
    'FATAL:  PAM authentication failed for user "chief"': False,
    'FATAL:  role "chief" is not permitted to log in': True,
    'FATAL:  permission denied for database "shop"': True,
    'FATAL:  too many connections for role "chief"': True,
    'FATAL:  too many connections for database "shop"': True,
    "FATAL:  remaining connection slots are reserved for roles": True,
    'FATAL:  database "shop" does not exist': True,
    'FATAL:  database "shop" is not currently accepting connections': True,
}


@pytest.mark.parametrize(("said", "holds"), PASSWORDS.items())
def test_a_password_is_told_from_a_way_in(
    monkeypatch: pytest.MonkeyPatch, said: str, *, holds: bool
) -> None:
    """Postgres looks at the password before anything else about a role."""

    def fail(**_: object) -> None:
        raise psycopg.OperationalError(said)

    monkeypatch.setattr(psycopg, "connect", fail)
    assert connection.password_holds(SERVER) is holds


@pytest.mark.parametrize("said", ["Connection refused", "sorry, too many clients already"])
def test_a_password_nobody_looked_at_is_unknown(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    """And not taken for a wrong one."""

    def fail(**_: object) -> None:
        raise psycopg.OperationalError(said)

    monkeypatch.setattr(psycopg, "connect", fail)
    with pytest.raises(OperatorError):
        connection.password_holds(SERVER)


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (psycopg.OperationalError("server closed the connection unexpectedly"), True),
        (psycopg.errors.AdminShutdown("terminating connection"), True),
        (psycopg.errors.CrashShutdown("terminating connection"), True),
        (psycopg.errors.InsufficientPrivilege("permission denied"), False),
        (psycopg.errors.UndefinedTable("no such table"), False),
    ],
)
def test_a_lost_connection_is_told_from_a_refusal(error: psycopg.Error, *, lost: bool) -> None:
    """After the first, nobody knows whether the last statement stands."""
    found = faults.ended(SERVER, error)
    assert isinstance(found, faults.EndedError) is lost
    assert ("was lost" in found.message) is lost


# --- certificates, over TLS


def serve(listening: socket.socket, context: ssl.SSLContext | None) -> None:
    """Answer as a server that has TLS, or has none, until nobody listens any more."""
    with suppress(OSError):
        while True:
            client, _ = listening.accept()
            with client, suppress(OSError):
                client.settimeout(30)
                client.recv(8)
                client.sendall(b"S" if context else b"N")
                if context:
                    with context.wrap_socket(client, server_side=True) as encrypted:
                        encrypted.recv(1)


@contextmanager
def listening(context: ssl.SSLContext | None) -> Iterator[int]:
    """Listen on loopback, and return the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=serve, args=(server, context))
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def fault(folder: Path, ca_file: Path, since: datetime, until: datetime) -> OperatorError:
    """Return the fault of a server whose certificate was valid for a time."""
    folder.mkdir()
    certificate, key = Authority(folder).sign("localhost", since, until)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with listening(context) as port:
        server = replace(SERVER, host="localhost", port=port, ca_file=ca_file)
        with pytest.raises(OperatorError) as caught, connection.connect(server):
            pass
    return caught.value


def test_an_expired_certificate_is_named(tmp_path: Path) -> None:
    """As libpq does not."""
    folder = tmp_path / "one"
    found = fault(folder, folder / "ca.pem", NOW - 2 * DAY, NOW - DAY)
    assert found.message == "the certificate of localhost has expired"


def test_a_certificate_of_tomorrow_is_named(tmp_path: Path) -> None:
    """Or a clock of yesterday."""
    folder = tmp_path / "one"
    found = fault(folder, folder / "ca.pem", NOW + DAY, NOW + 2 * DAY)
    assert found.message == "the certificate of localhost is not valid yet"
    assert "clock" in found.hint


def test_another_authority_is_named(tmp_path: Path) -> None:
    """Even one by the same name, such as one made anew."""
    other = Authority(tmp_path).ca_file
    found = fault(tmp_path / "one", other, NOW - DAY, NOW + DAY)
    assert (
        found.message == f"none of the authorities in {other} signed the certificate of localhost"
    )
    assert "(" in found.detail


def test_a_server_without_tls_is_named(tmp_path: Path) -> None:
    """No password goes there."""
    with listening(None) as port:
        server = replace(SERVER, host="localhost", port=port, ca_file=Authority(tmp_path).ca_file)
        with pytest.raises(OperatorError, match="does not speak TLS"), connection.connect(server):
            pass
