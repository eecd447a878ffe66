"""What no statement changes, or none of the master's: said with a way out, and left alone."""

from dataclasses import replace

import pytest
from psycopg.sql import SQL, Identifier

from perpetual.database import execute
from perpetual.database.connection import connect
from perpetual.database.model import Kind
from perpetual.errors import OperatorError
from tests.release.database import servers
from tests.release.database.catalogs import snapshot
from tests.release.database.servers import Database

OTHER_LOCALE = {
    "libc": ("LOCALE 'C'", "libc C"),
    "icu": ("LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8'", "icu en-US"),
}


def made(new: Database, how: str) -> None:
    """Make the database as somebody else would."""
    with connect(new.server) as session:
        start = SQL("CREATE DATABASE {} TEMPLATE template0 ").format(Identifier(new.name))
        session.execute(start + SQL(how))


def refused(database: Database) -> OperatorError:
    """Return why `apply` does nothing, after seeing that it did nothing."""
    before = snapshot(database)
    with pytest.raises(OperatorError) as caught:
        database.apply()
    assert snapshot(database) == before
    return caught.value


@pytest.mark.parametrize(("how", "locale"), OTHER_LOCALE.values(), ids=OTHER_LOCALE)
def test_another_locale_is_left_alone(new: Database, how: str, locale: str) -> None:
    """And to keep it takes a word."""
    made(new, how)
    due = new.wanted.locale_at(new.postgres.version)
    says = f"database {new.name} has the locale {locale}, not {due}"
    assert says in new.plan()
    fault = refused(new)
    assert fault.message == says
    assert f"--locale '{locale}'" in fault.hint
    accepted = replace(new, wanted=replace(new.wanted, locale=locale))
    accepted.apply()
    assert accepted.plan() == []


@pytest.mark.parametrize("locale", ["libc C/C.UTF-8", "icu de-DE"])
def test_a_locale_can_be_asked_for(new: Database, locale: str) -> None:
    """And is what the database then has."""
    asked = replace(new, wanted=replace(new.wanted, locale=locale))
    asked.apply()
    assert asked.plan() == []


def test_the_default_locale_is_postgress_own_since_17(ready: Database) -> None:
    """Letters and case as Unicode has them, order by code point."""
    provider = {17: "b", 15: "c"}[ready.postgres.version]
    with ready.connect("rw") as session:
        row = session.execute(
            "SELECT datlocprovider::text, upper('é'), 'É' ILIKE 'é', 'Z' < 'a'"
            " FROM pg_database WHERE datname = current_database()"
        )
        assert row.fetchone() == (provider, "É", True, True)


def test_a_locale_that_the_version_lacks_is_a_sentence(new: Database) -> None:
    """Before anything is changed."""
    if new.postgres.version >= 17:
        pytest.skip("it has the provider")
    asked = replace(new, wanted=replace(new.wanted, locale="builtin C.UTF-8"))
    assert "came with 17" in refused(asked).hint


def test_a_locale_that_nobody_has_leaves_the_roles(new: Database) -> None:
    """Postgres refuses it, and a run without it goes on from there."""
    asked = replace(new, wanted=replace(new.wanted, locale="libc xx_XX"))
    with pytest.raises(OperatorError, match="there is no database") as caught:
        asked.apply()
    assert "xx_XX" in caught.value.detail
    assert caught.value.hint.startswith("The roles are as they should be")
    new.apply()
    assert new.plan() == []


def test_another_encoding_is_left_alone(new: Database) -> None:
    """Nobody is offered to keep it: the release speaks UTF-8."""
    made(new, "ENCODING 'LATIN1' LOCALE 'C'")
    fault = refused(new)
    assert fault.message == f"database {new.name} has the encoding LATIN1, not UTF8"
    assert fault.detail == f"and database {new.name} has the locale libc C, not " + (
        new.wanted.locale_at(new.postgres.version)
    )
    assert "--locale" not in fault.hint


def test_an_empty_database_of_another_locale_can_be_dropped(new: Database) -> None:
    """As the hint says of the one that RDS makes."""
    made(new, "LOCALE 'C'")
    assert "dropped" in refused(new).hint
    with connect(new.server) as session:
        session.execute(SQL("DROP DATABASE {}").format(Identifier(new.name)))
    new.apply()
    assert new.plan() == []


def test_what_a_superuser_owns_is_left_alone(ready: Database) -> None:
    """RDS's own never gives it away; to leave it takes a word."""
    ready.run("superuser", "CREATE TABLE public.theirs (id int)", "CREATE SCHEMA inside")
    ready.run("superuser", "CREATE TABLE inside.theirs (id int)")
    assert "table public.theirs belongs to rdsadmin" in ready.plan()
    fault = refused(ready)
    assert fault.message == "schema inside belongs to rdsadmin"
    assert "--leave rdsadmin" in fault.hint
    left = replace(ready, wanted=replace(ready.wanted, leave=frozenset({servers.SUPERUSER})))
    assert left.plan() == []


def test_a_superuser_of_ours_is_left_alone(ready: Database) -> None:
    """Only another superuser takes that away."""
    ready.run("superuser", "ALTER ROLE {rw} SUPERUSER")
    assert ready.plan() == [ready.spelt("{rw} is a superuser")]
    assert "NOSUPERUSER" in refused(ready).hint
    ready.run("superuser", "ALTER ROLE {rw} NOSUPERUSER")
    assert ready.plan() == []


@pytest.mark.parametrize("power", ["REPLICATION", "BYPASSRLS"])
def test_a_power_that_the_master_lacks_stays(ready: Database, power: str) -> None:
    """Postgres refuses, and nothing has been changed; RDS's master may be able to."""
    ready.run("superuser", f"ALTER ROLE {{rw}} {power}", "ALTER ROLE {owner} LOGIN")
    fault = refused(ready)
    assert fault.message == ready.spelt("{rw} has " + power + ", and master could not change that")
    assert fault.hint.startswith("Nothing has been changed.")


def test_a_membership_that_the_master_did_not_grant_stays(ready: Database) -> None:
    """From 16 on; before, who granted it did not matter."""
    ready.run("superuser", "GRANT pg_read_all_data TO {rw}")
    assert ready.plan() == [ready.spelt("{rw} is in pg_read_all_data")]
    if ready.postgres.version < 16:
        ready.apply()
        assert ready.plan() == []
    else:
        fault = refused(ready)
        assert "could not change that" in fault.message
        assert "ADMIN option" in fault.detail


def test_roles_that_somebody_else_made_stay(new: Database) -> None:
    """From 16 on the master administers what it made; with the ADMIN OPTION, others' too."""
    with new.postgres.superuser() as session:
        for role in (*new.wanted.passwords, new.wanted.owner):
            session.execute(SQL("CREATE ROLE {} LOGIN").format(Identifier(role)))
    if new.postgres.version >= 16:
        assert "ADMIN" in refused(new).detail
        with new.postgres.superuser() as session:
            for role in (*new.wanted.passwords, new.wanted.owner):
                grant = SQL("GRANT {} TO master WITH ADMIN OPTION")
                session.execute(grant.format(Identifier(role)))
    new.apply()
    assert new.plan() == []


def test_a_role_that_is_left_keeps_what_it_has(ready: Database) -> None:
    """Such as one that reads for reports."""
    ready.migrate("CREATE TABLE notes (id int)")
    ready.run(
        "master",
        "CREATE ROLE {other}",
        "GRANT CONNECT ON DATABASE {database} TO {other}",
        "GRANT SELECT ON notes TO {other}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT ON TABLES TO {other}",
        "GRANT {owner} TO {other}",
    )
    assert len(ready.plan()) == 4
    left = replace(ready, wanted=replace(ready.wanted, leave=frozenset({ready.spelt("{other}")})))
    assert left.plan() == []
    ready.apply()
    assert ready.plan() == []


def test_the_plan_tells_what_apply_cannot(ready: Database) -> None:
    """A difference without statements comes with its way out."""
    ready.run("superuser", "CREATE TYPE theirs AS ENUM ()")
    (found,) = execute.plan(ready.server, ready.wanted)
    assert (found.kind, found.subject, found.statements) == (Kind.OWNER, "type public.theirs", ())
    assert found.hint
