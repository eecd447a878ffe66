"""`apply`: from nothing, again, and on what somebody else has made."""

from dataclasses import replace

import pytest
from psycopg.sql import SQL, Identifier

from perpetual.database import execute
from perpetual.database.connection import connect
from perpetual.errors import OperatorError
from tests.release.database import servers
from tests.release.database.catalogs import snapshot
from tests.release.database.servers import Database, Postgres


def test_a_plan_of_nothing_names_all_there_is_to_make(new: Database) -> None:
    """Roles and database first, and what they need after them."""
    said = new.plan()
    assert said[0] == f"there is no role {new.wanted.owner}"
    assert f"there is no database {new.name}" in said
    assert new.spelt("{rw} lacks USAGE on schema public") in said


def test_a_plan_changes_nothing(new: Database) -> None:
    """Neither of a server that lacks everything, nor of one with drift."""
    before = snapshot(new)
    assert new.plan()
    assert snapshot(new) == before
    new.apply()
    new.run("superuser", "GRANT ALL ON SCHEMA public TO PUBLIC")
    before = snapshot(new)
    assert new.plan()
    assert snapshot(new) == before


def test_apply_does_what_the_plan_said(new: Database) -> None:
    """Word for word."""
    planned = new.plan()
    assert [one.says for one in new.apply()] == planned


def test_a_second_apply_writes_nothing(ready: Database) -> None:
    """Not even the same again."""
    before = snapshot(ready)
    assert ready.apply() == []
    assert ready.plan() == []
    assert snapshot(ready) == before


def test_the_migrator_works_as_the_owner(ready: Database) -> None:
    """What it makes is the owner's, and the application's to use at once."""
    with ready.connect("migrator") as session:
        found = session.execute("SELECT session_user::text, current_user::text").fetchone()
    assert found == (ready.wanted.migrator, ready.wanted.owner)
    ready.migrate(
        "CREATE TABLE notes (id serial, body text)",
        "CREATE SCHEMA audit",
        "CREATE TABLE audit.entries (id bigint GENERATED ALWAYS AS IDENTITY, body text)",
    )
    ready.run(
        "rw",
        "INSERT INTO notes (body) VALUES ('made')",
        "INSERT INTO audit.entries (body) VALUES ('made')",
    )
    assert ready.plan() == []


def test_the_table_of_versions_is_the_applications_to_read(ready: Database) -> None:
    """From the first `apply` that finds it."""
    ready.migrate("CREATE TABLE schema_migrations (version bigint)")
    assert ready.plan() == [
        ready.spelt("{rw} has DELETE, INSERT, UPDATE on table public.schema_migrations")
    ]
    ready.apply()
    ready.run("rw", "SELECT * FROM schema_migrations")
    assert ready.plan() == []


def test_an_extension_is_nobodys_drift(ready: Database) -> None:
    """Its tables and functions belong to whoever the server says; on RDS that is not the master."""
    ready.migrate("CREATE EXTENSION citext", "CREATE EXTENSION hstore")
    assert ready.plan() == []


def test_a_restored_database_is_taken_over(new: Database) -> None:
    """Its objects came with the dump, and belong to whoever restored it."""
    with connect(new.server) as session:
        session.execute(SQL("CREATE DATABASE {} TEMPLATE template0").format(Identifier(new.name)))
    new.run(
        "master",
        "CREATE TABLE notes (id serial PRIMARY KEY, body text)",
        "CREATE TABLE schema_migrations (version bigint)",
        "CREATE VIEW bodies AS SELECT body FROM notes",
        "CREATE MATERIALIZED VIEW counts AS SELECT count(*) FROM notes",
        "CREATE TYPE mood AS ENUM ('good')",
        "CREATE DOMAIN short AS text CHECK (length(VALUE) < 9)",
        "CREATE TYPE pair AS (a int, b int)",
        "CREATE FUNCTION one(pair, mood) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE PROCEDURE nothing() LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA audit",
        "CREATE TABLE audit.entries (id bigint GENERATED ALWAYS AS IDENTITY, body text)",
        "INSERT INTO notes (body) VALUES ('old')",
    )
    accepted = servers.database(new.postgres, new.name, locale=_locale(new))
    accepted.apply()
    assert accepted.apply() == []
    with accepted.connect("rw") as session:
        assert session.execute("SELECT body FROM bodies").fetchall() == [("old",)]
        session.execute("INSERT INTO notes (body) VALUES ('new')")
        session.execute("INSERT INTO audit.entries (body) VALUES ('new')")
    accepted.migrate(
        "ALTER TYPE mood ADD VALUE 'bad'", "DROP FUNCTION one", "DROP SCHEMA audit CASCADE"
    )


def _locale(database: Database) -> str:
    """Return the locale that the server gives a database if nobody asks for another."""
    with connect(database.server) as session:
        row = session.execute("SELECT datcollate FROM pg_database WHERE datname = 'template0'")
        return f"libc {(row.fetchone() or ('',))[0]}"


def test_roles_that_are_there_already_are_set_right(new: Database) -> None:
    """Whatever they could before; a hand had made them."""
    with connect(new.server) as session:
        names = {"rw": Identifier(new.wanted.rw), "owner": Identifier(new.wanted.owner)}
        session.execute(SQL("CREATE ROLE {owner} LOGIN CREATEDB PASSWORD 'x'").format(**names))
        session.execute(SQL("CREATE ROLE {rw} CREATEROLE IN ROLE {owner}").format(**names))
    said = [one.says for one in new.apply()]
    for line in (
        "{owner} may log in",
        "{owner} has CREATEDB",
        "{rw} may not log in",
        "{rw} has CREATEROLE",
        "{rw} is in {owner}",
        "the password of {rw} is not the wanted one",
    ):
        assert new.spelt(line) in said
    assert new.apply() == []


def test_a_master_that_grants_itself_what_it_makes(new: Database) -> None:
    """As a setting of servers since 16 has it; nothing differs afterwards."""
    if new.postgres.version < 16:
        pytest.skip("Postgres 16 brought it")
    with new.postgres.superuser() as session:
        session.execute("ALTER ROLE master SET createrole_self_grant = 'set, inherit'")
    try:
        assert f"master may not act as {new.wanted.owner}" in new.plan()
        done = [one.says for one in new.apply()]
        assert f"master may not act as {new.wanted.owner}" in done
        assert new.plan() == []
    finally:
        with new.postgres.superuser() as session:
            session.execute("ALTER ROLE master RESET createrole_self_grant")


def test_a_master_that_begins_as_somebody_else(new: Database) -> None:
    """It makes roles as itself all the same."""
    with new.postgres.superuser() as session:
        session.execute("ALTER ROLE master SET role = 'rds_superuser'")
    try:
        new.apply()
        assert new.plan() == []
    finally:
        with new.postgres.superuser() as session:
            session.execute("ALTER ROLE master RESET role")


def test_a_superuser_may_do_it_as_well(new: Database) -> None:
    """On a server of one's own, where the master is one."""
    as_superuser = new.postgres.server(servers.SUPERUSER)
    assert execute.apply(as_superuser, new.wanted)
    assert execute.apply(as_superuser, new.wanted) == []
    new.run(
        "superuser",
        "ALTER ROLE {rw} SUPERUSER REPLICATION",
        "GRANT {owner} TO {rw}",
        "CREATE TABLE public.theirs (id int)",
    )
    assert len(execute.apply(as_superuser, new.wanted)) == 5
    assert execute.plan(as_superuser, new.wanted) == []


def test_two_masters_take_turns(new: Database) -> None:
    """Neither takes from the other what it needs for that."""
    if new.postgres.version < 16:
        pytest.skip("before Postgres 16 nothing tells who made a role")
    new.apply()
    with new.postgres.superuser() as session:
        session.execute("CREATE ROLE chief LOGIN CREATEDB CREATEROLE PASSWORD 'x'")
        for role in new.wanted.roles:
            session.execute(SQL("GRANT {} TO chief WITH ADMIN OPTION").format(Identifier(role)))
    chief = replace(new.server, user="chief", password="x")  # noqa: S106 - of this test alone
    assert execute.apply(chief, new.wanted) == []
    assert new.plan() == []
    new.run("superuser", "ALTER ROLE {owner} LOGIN")
    assert [one.says for one in execute.apply(chief, new.wanted)] == [
        new.spelt("{owner} may log in")
    ]
    assert new.plan() == []


@pytest.mark.parametrize("role", ["owner", "migrator", "rw"])
def test_none_of_the_three_sets_itself_right(new: Database, role: str) -> None:
    """A master of the same name would lock itself out of the server."""
    user = getattr(new.wanted, role)
    server = replace(new.server, user=user)
    with pytest.raises(OperatorError, match=f"{user} is one of the roles"):
        execute.apply(server, new.wanted)


def test_two_databases_of_a_server_are_strangers(ready: Database, postgres: Postgres) -> None:
    """Neither application gets into the other's."""
    other = servers.database(postgres)
    other.apply()
    assert ready.plan() == []
    server = replace(
        postgres.server(database=other.name),
        user=ready.wanted.rw,
        password=ready.wanted.rw_password,
    )
    with pytest.raises(OperatorError) as caught, connect(server):
        pass
    assert "permission denied for database" in caught.value.detail
