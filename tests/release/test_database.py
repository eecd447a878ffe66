"""The database: who gets in, what the application may do there, and what `apply` puts right."""

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from psycopg.sql import SQL

from perpetual.database import connection, execute
from perpetual.errors import OperatorError
from perpetual.release.environment import DATABASE, Environment

PERMITTED = (
    "SELECT count(*) FROM schema_migrations",
    "SELECT 1",
)
REFUSED = (
    "CREATE TABLE public.mine (id int)",
    "CREATE SCHEMA mine",
    "CREATE TEMPORARY TABLE mine (id int)",
    "CREATE ROLE mine",
    "CREATE DATABASE mine",
    "DELETE FROM schema_migrations",
    "TRUNCATE schema_migrations",
    "DROP TABLE schema_migrations",
    "ALTER TABLE schema_migrations ADD COLUMN mine int",
    "SET ROLE app_owner",
    "COPY schema_migrations TO PROGRAM 'true'",
)


def test_the_right_authority_and_name_get_tls_1_3(environment: Environment) -> None:
    """As the server itself sees the connection."""
    with connection.connect(environment.server()) as held:
        row = held.execute("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        assert row.fetchone() == ("TLSv1.3",)


def test_plaintext_is_refused(environment: Environment) -> None:
    """Even with the right password."""
    server = environment.server()
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(
            host=server.host,
            port=server.port,
            user=server.user,
            password=server.password,
            dbname=server.database,
            sslmode="disable",
        )


def test_another_authority_is_refused(environment: Environment, authority: Path) -> None:
    """One that did not sign the server's certificate."""
    server = replace(environment.server(), ca_file=authority)
    with (
        pytest.raises(OperatorError, match="none of the authorities"),
        connection.connect(server),
    ):
        pass


def test_another_host_name_is_refused(environment: Environment) -> None:
    """The same machine, by a name that its certificate is not for."""
    server = replace(environment.server(), host="127.0.0.1")
    with (
        pytest.raises(OperatorError, match=r"is for another host than 127\.0\.0\.1"),
        connection.connect(server),
    ):
        pass


def test_a_wrong_password_is_a_sentence(environment: Environment) -> None:
    """It does not repeat the password."""
    server = replace(environment.server(), password="wrong-one")  # noqa: S106 - a wrong one
    with (
        pytest.raises(OperatorError, match="is not the right one") as caught,
        connection.connect(server),
    ):
        pass
    assert "wrong-one" not in str(caught.value) + caught.value.detail


@pytest.mark.parametrize("statement", PERMITTED)
def test_the_application_may(environment: Environment, statement: str) -> None:
    """Read, among others, which migrations ran."""
    server = replace(environment.server("app_rw"), database=DATABASE)
    with connection.connect(server) as held:
        assert held.execute(SQL(statement)).fetchone() is not None


@pytest.mark.parametrize("statement", REFUSED)
def test_the_application_may_not(environment: Environment, statement: str) -> None:
    """Change the database's shape, its roles, or the record of migrations."""
    server = replace(environment.server("app_rw"), database=DATABASE)
    with connection.connect(server) as held, pytest.raises(errors.InsufficientPrivilege):
        held.execute(SQL(statement))


def test_the_migrator_works_as_the_owner(environment: Environment) -> None:
    """What it makes is the owner's."""
    server = replace(environment.server("app_migrator"), database=DATABASE)
    with connection.connect(server) as held:
        found = held.execute("SELECT session_user::text, current_user::text").fetchone()
    assert found == ("app_migrator", "app_owner")


DRIFTS = (
    ("GRANT TRUNCATE ON schema_migrations TO app_rw", "app_rw has TRUNCATE"),
    ("ALTER ROLE app_rw CREATEDB", "app_rw has CREATEDB"),
    ("GRANT app_owner TO app_rw", "app_rw is in app_owner"),
    ("ALTER ROLE app_rw PASSWORD 'other'", "the password of app_rw is not the wanted one"),
    ("ALTER ROLE app_owner LOGIN", "app_owner may log in"),
)


@pytest.mark.parametrize(("statement", "says"), DRIFTS)
def test_drift_is_reported_and_put_right(
    environment: Environment, statement: str, says: str
) -> None:
    """By one `apply`; the next changes nothing."""
    server, wanted = environment.server(), environment.wanted()
    with connection.connect(replace(server, database=DATABASE)) as held:
        held.execute(SQL(statement))
    assert any(says in one.says for one in execute.plan(server, wanted))
    execute.apply(server, wanted)
    assert execute.apply(server, wanted) == []
