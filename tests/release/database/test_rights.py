"""What each role may and may not do, statement by statement, run for real."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from psycopg.sql import SQL, Identifier

from perpetual.database.connection import connect
from perpetual.errors import OperatorError
from tests.release.database.servers import Database, Session

ROWS = (
    "SELECT * FROM notes",
    "INSERT INTO notes (body) VALUES ('new') RETURNING id",
    "UPDATE notes SET body = 'changed'",
    "DELETE FROM notes",
    "INSERT INTO comments (note) SELECT id FROM notes",
    "INSERT INTO months VALUES ('2026-06-02')",
    "SELECT * FROM june",
    "MERGE INTO notes n USING (VALUES (1)) v (id) ON n.id = v.id WHEN MATCHED THEN DELETE",
    "SELECT body FROM notes FOR UPDATE",
    "COPY notes TO STDOUT",
    "SELECT * FROM bodies",
    "INSERT INTO bodies VALUES ('by way of a view')",
    "SELECT * FROM counts",
    "SELECT * FROM audit.entries",
    "INSERT INTO audit.entries (body) VALUES ('new')",
    "SELECT * FROM schema_migrations",
    "SELECT nextval('loose'), currval('loose')",
    "SELECT nextval('notes_id_seq')",
    "SELECT 'good'::mood, 'short'::short, one(ROW(1, 2)::pair, '{{}}')",
    "CALL nothing()",
    "SELECT purge()",  # granted by its migration
)

SESSION = (
    "SELECT pg_advisory_lock(1), pg_advisory_unlock(1)",
    "LISTEN news",
    "NOTIFY news",
    "SET LOCAL statement_timeout = '1s'",
    "SET LOCAL work_mem = '8MB'",
    "LOCK TABLE notes IN SHARE MODE",
)
"""What libraries of the application do beside rows: locks, channels, limits of their own."""

TOLERATED = (
    "ALTER ROLE {rw} PASSWORD 'another'",
    "ALTER ROLE {rw} SET statement_timeout = '1s'",
    "SELECT lo_create(0)",
)
"""What Postgres lets every role do, and only a superuser could take away, whom RDS keeps for
itself: its own password, which a plan sees, its own settings, and large objects of its own."""

SHAPE = (
    "CREATE TABLE public.mine (id int)",
    "CREATE TABLE audit.mine (id int)",
    "CREATE TEMPORARY TABLE mine (id int)",
    "SELECT * INTO TEMPORARY mine FROM notes",
    "CREATE VIEW mine AS SELECT 1",
    "CREATE SEQUENCE mine",
    "CREATE TYPE mine AS ENUM ('x')",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA mine",
    "CREATE EXTENSION citext",
    "CREATE INDEX ON notes (body)",
    "CREATE TRIGGER mine BEFORE DELETE ON notes EXECUTE FUNCTION tsvector_update_trigger()",
    "CREATE POLICY mine ON notes",
    "CREATE RULE mine AS ON INSERT TO notes DO NOTHING",
    "ALTER TABLE notes ADD COLUMN mine int",
    "ALTER TABLE notes DISABLE TRIGGER ALL",
    "ALTER TABLE notes OWNER TO {rw}",
    "ALTER TYPE mood ADD VALUE 'bad'",
    "ALTER SEQUENCE loose RESTART",
    "ALTER SCHEMA public RENAME TO mine",
    "COMMENT ON TABLE notes IS 'mine'",
    "TRUNCATE notes",
    "DROP TABLE notes",
    "DROP FUNCTION one",
    "DROP SCHEMA audit CASCADE",
    "REFRESH MATERIALIZED VIEW counts",
    "SELECT setval('loose', 1)",
    "SELECT secret()",  # a migration made it, and granted it to nobody
    "INSERT INTO schema_migrations VALUES (1)",
    "UPDATE schema_migrations SET version = 1",
    "DELETE FROM schema_migrations",
    "TRUNCATE schema_migrations",
    "COPY schema_migrations FROM STDIN",
)

SERVER = (
    "SET ROLE {owner}",
    "SET ROLE {migrator}",
    "SET ROLE master",
    "SET SESSION AUTHORIZATION {owner}",
    "SET session_replication_role = 'replica'",
    "CREATE ROLE mine",
    "ALTER ROLE {rw} CREATEDB",
    "ALTER ROLE {owner} LOGIN",
    "GRANT {owner} TO {rw}",
    "CREATE DATABASE mine",
    "ALTER DATABASE {database} SET work_mem = '1GB'",
    "ALTER DATABASE {database} RENAME TO mine",
    "ALTER SYSTEM SET work_mem = '1GB'",
    "COPY notes TO PROGRAM 'true'",
    "COPY notes FROM PROGRAM 'true'",
    "COPY notes TO '/tmp/notes'",
    "COPY notes FROM '/etc/passwd'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(1, '/tmp/mine')",
    "SELECT pg_reload_conf()",
    "SELECT pg_switch_wal()",
    "SELECT * FROM pg_authid",
    "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION suppress()",
    "CREATE PUBLICATION mine FOR ALL TABLES",
    "CREATE TABLESPACE mine LOCATION '/tmp'",
)

MIGRATIONS = (
    "CREATE TABLE mine (id serial)",
    "ALTER TABLE notes ADD COLUMN mine int DEFAULT 1",
    "CREATE INDEX ON notes (body)",
    "CREATE TRIGGER mine BEFORE DELETE ON notes EXECUTE FUNCTION tsvector_update_trigger()",
    "CREATE TEMPORARY TABLE mine (id int)",
    "CREATE SCHEMA mine",
    "CREATE EXTENSION citext",
    "ALTER TYPE mood RENAME TO moods",
    "ALTER DOMAIN short DROP CONSTRAINT short_check",
    "CREATE OR REPLACE FUNCTION one(pair, int[]) RETURNS int LANGUAGE sql AS 'SELECT 2'",
    "ALTER SEQUENCE loose RESTART",
    "REFRESH MATERIALIZED VIEW counts",
    "TRUNCATE notes CASCADE",
    "DROP SCHEMA audit CASCADE",
    "DROP TABLE schema_migrations",
    "INSERT INTO schema_migrations VALUES (1)",
    "LOCK TABLE schema_migrations",
    "GRANT SELECT ON notes TO {rw}",
    "SET ROLE {owner}",
)

NOT_MIGRATIONS = (
    "SET ROLE master",
    "SET ROLE {rw}",
    "CREATE ROLE mine",
    "ALTER ROLE {owner} LOGIN",
    "ALTER ROLE {rw} PASSWORD 'x'",
    "GRANT {owner} TO {rw}",
    "CREATE DATABASE mine",
    "ALTER DATABASE {database} RENAME TO mine",
    "ALTER DATABASE {database} OWNER TO {rw}",
    "COPY notes TO PROGRAM 'true'",
    "SELECT pg_read_file('/etc/passwd')",
    "ALTER SYSTEM SET work_mem = '1GB'",
    "SELECT * FROM pg_authid",
)


def spelt(database: Database, statement: str) -> SQL:
    """Return a statement with the names of the roles in it."""
    return SQL(database.spelt(statement))


Sessions = Callable[[str], Session]


@pytest.fixture(scope="module")
def stack() -> Iterator[ExitStack]:
    """Return what closes the sessions of this module's tests, each of which serves many."""
    with ExitStack() as held:
        yield held


@pytest.fixture(scope="module")
def opened(stack: ExitStack) -> dict[tuple[str, str], Session]:  # noqa: ARG001 - they live as long
    """Return the sessions that are open, by database and role."""
    return {}


@pytest.fixture
def sessions(
    migrated: Database, stack: ExitStack, opened: dict[tuple[str, str], Session]
) -> Sessions:
    """Return a function that gives a role's session in the migrated database."""

    def session(role: str) -> Session:
        key = (migrated.name, role)
        if key not in opened:
            opened[key] = stack.enter_context(migrated.connect(role))
        return opened[key]

    return session


def permitted(session: Session, statement: SQL) -> None:
    """Run a statement, and leave nothing of it."""
    with session.transaction(force_rollback=True), session.cursor() as cursor:
        if "STDOUT" in statement.as_string():
            with cursor.copy(statement) as copy:
                assert list(copy)
        else:
            cursor.execute(statement)


@pytest.mark.parametrize("statement", [*ROWS, *SESSION, *TOLERATED])
def test_the_application_may(migrated: Database, sessions: Sessions, statement: str) -> None:
    """Do everything to rows, and what a session needs for that."""
    permitted(sessions("rw"), spelt(migrated, statement))


@pytest.mark.parametrize("statement", [*SHAPE, *SERVER])
def test_the_application_may_not(migrated: Database, sessions: Sessions, statement: str) -> None:
    """Change the database's shape, the record of migrations, or anything of the server."""
    with pytest.raises(InsufficientPrivilege):
        sessions("rw").execute(spelt(migrated, statement))


@pytest.mark.parametrize("statement", MIGRATIONS)
def test_a_migration_may(migrated: Database, sessions: Sessions, statement: str) -> None:
    """Change the database's shape."""
    permitted(sessions("migrator"), spelt(migrated, statement))


@pytest.mark.parametrize("statement", NOT_MIGRATIONS)
def test_a_migration_may_not(migrated: Database, sessions: Sessions, statement: str) -> None:
    """Change the server, or who may do what there."""
    with pytest.raises(InsufficientPrivilege):
        sessions("migrator").execute(spelt(migrated, statement))


def test_the_application_cannot_hand_on_what_it_has(migrated: Database) -> None:
    """Postgres warns in place of refusing; nothing has been granted."""
    with migrated.connect("rw") as session:
        warnings: list[str | None] = []
        session.add_notice_handler(lambda said: warnings.append(said.message_primary))
        session.execute("GRANT SELECT ON notes TO PUBLIC")
    assert warnings == ['no privileges were granted for "notes"']
    assert migrated.plan() == []


def test_the_owner_logs_in_nowhere(migrated: Database) -> None:
    """Not even with a password that somebody gave it."""
    owner = migrated.wanted.owner
    migrated.run("superuser", "ALTER ROLE {owner} PASSWORD 'x'")
    server = replace(migrated.server, user=owner, password="x")  # noqa: S106 - of this test alone
    with pytest.raises(OperatorError) as caught, connect(server):
        pass
    assert "not permitted to log in" in caught.value.detail


def test_a_stranger_does_not_get_in(migrated: Database) -> None:
    """A role that logs in elsewhere on the same server."""
    migrated.run("superuser", "ALTER ROLE {other} LOGIN PASSWORD 'x'")
    server = replace(
        migrated.server,
        user=migrated.spelt("{other}"),
        password="x",  # noqa: S106 - of this test alone
        database=migrated.name,
    )
    with pytest.raises(OperatorError) as caught, connect(server):
        pass
    assert "permission denied for database" in caught.value.detail


@pytest.mark.parametrize("role", ["rw", "migrator", "master"])
def test_rows_are_the_same_for_everybody(migrated: Database, role: str) -> None:
    """The master, who made all, reads them as well: it administers the server."""
    with migrated.connect(role) as session:
        assert session.execute("SELECT body FROM notes").fetchall() == [("first",)]


def test_a_name_of_the_catalogs_cannot_be_taken(migrated: Database) -> None:
    """What the master looks up is Postgres's own, whatever a migration puts in front of it."""
    function = (
        "CREATE FUNCTION public.pg_get_userbyid(oid) RETURNS name LANGUAGE plpgsql"
        " AS $$ BEGIN RAISE 'run as %', current_user; END $$"
    )
    with migrated.connect("migrator") as session:
        session.execute(function)
        statement = SQL("ALTER DATABASE {} SET search_path = public, pg_catalog")
        session.execute(statement.format(Identifier(migrated.name)))
    try:
        with migrated.connect("master") as session, pytest.raises(psycopg.errors.RaiseException):
            session.execute("SELECT pg_get_userbyid(10)")
        assert migrated.plan() == []
        assert migrated.apply() == []
    finally:
        migrated.migrate(
            "DROP FUNCTION public.pg_get_userbyid",
            "ALTER DATABASE {database} RESET search_path",
        )
