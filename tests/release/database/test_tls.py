"""Connections: TLS with a server that proves who it is, or none."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from perpetual.database import execute
from perpetual.database.connection import connect
from perpetual.database.model import Server
from perpetual.errors import OperatorError
from tests.database.authority import DAY, NOW, Authority
from tests.release.database import servers
from tests.release.database.servers import Database, Postgres

VERSIONS = (17,)


def refused(server: Server) -> OperatorError:
    """Return the fault of a connection that must not come about."""
    with pytest.raises(OperatorError) as caught, connect(server):
        pass
    return caught.value


def test_the_right_authority_and_name_get_tls_1_3(ready: Database) -> None:
    """As the server itself sees the connection, each role's alike."""
    for role in ("master", "migrator", "rw"):
        with ready.connect(role) as session, connect(ready.server) as looking:
            pid = session.info.backend_pid
            row = looking.execute("SELECT version FROM pg_stat_ssl WHERE pid = %s", (pid,))
            assert row.fetchone() == ("TLSv1.3",)


@pytest.mark.parametrize("role", ["master", "migrator", "rw"])
def test_plaintext_is_refused(ready: Database, role: str) -> None:
    """Even with the right password."""
    user, password = {
        "master": (servers.MASTER, ready.postgres.passwords[servers.MASTER]),
        "migrator": (ready.wanted.migrator, ready.wanted.migrator_password),
        "rw": (ready.wanted.rw, ready.wanted.rw_password),
    }[role]
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(
            host="localhost",
            port=ready.server.port,
            user=user,
            password=password,
            dbname=ready.name,
            sslmode="disable",
        )


def test_another_authority_is_refused(postgres: Postgres, tmp_path: Path) -> None:
    """One that did not sign the server's certificate."""
    other = servers.certificates(tmp_path) / "ca.pem"
    fault = refused(replace(postgres.server(), ca_file=other))
    assert (
        fault.message == f"none of the authorities in {other} signed the certificate of localhost"
    )
    assert "global bundle" in fault.hint


def test_the_systems_authorities_did_not_sign_it(postgres: Postgres) -> None:
    """As none of them signs those of RDS."""
    fault = refused(replace(postgres.server(), ca_file=Path("system")))
    assert fault.message.startswith("none of the authorities in system signed")


def test_another_host_name_is_refused(postgres: Postgres) -> None:
    """The same machine, by a name that its certificate is not for."""
    fault = refused(replace(postgres.server(), host="127.0.0.1"))
    assert fault.message == "the server's certificate is for another host than 127.0.0.1"
    assert "PGHOSTADDR" in fault.hint


def test_a_tunnel_keeps_the_servers_name(ready: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack's database is reached by way of loopback, and verified by its own name."""
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    through = replace(ready.server, host="database")
    assert execute.plan(through, ready.wanted) == []
    other = refused(replace(through, host="another.example"))
    assert other.message == "the server's certificate is for another host than another.example"


def test_a_wrong_password_is_a_sentence(postgres: Postgres) -> None:
    """It does not repeat the password."""
    fault = refused(replace(postgres.server(), password="wrong-one"))  # noqa: S106 - a wrong one
    assert fault.message == "the password of master is not the right one"
    assert "wrong-one" not in str(fault)


@pytest.fixture(scope="module")
def expired(bases: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:  # noqa: ARG001 - images first
    """Return a server whose certificate ended yesterday."""
    authority = Authority(tmp_path_factory.mktemp("expired"))
    authority.sign("localhost", since=NOW - 3 * DAY, until=NOW - DAY)
    with servers.running(17, authority.folder) as made:
        yield made


def test_an_expired_certificate_is_refused(expired: Postgres) -> None:
    """And told from one that somebody else signed."""
    fault = refused(expired.server())
    assert fault.message == "the certificate of localhost has expired"


@pytest.fixture(scope="module")
def plain(certificates: Path) -> Iterator[Postgres]:
    """Return a server without TLS."""
    with servers.running(17, certificates, ["ssl=off"]) as made:
        yield made


def test_a_server_without_tls_gets_no_password(plain: Postgres) -> None:
    """The connection ends before that."""
    fault = refused(plain.server())
    assert fault.message == "the server at localhost does not speak TLS"
    assert "user=master" not in plain.log
