"""Passwords: replaced while sessions go on, and nowhere to be read."""

import secrets
from dataclasses import replace

import pytest

from perpetual.database import execute
from perpetual.database.connection import answers, connect, password_holds
from perpetual.database.model import Server
from perpetual.errors import OperatorError
from tests.release.database.servers import Database

VERSIONS = (17,)

# Characters that SQL, a shell or a URL would take for their own.
AWKWARD = ('it\'s "so"; --', "\\back $1 %s {}", " päß→✓ ", "a" * 300)


def rotated(database: Database, rw: str, migrator: str | None = None) -> Database:
    """Return the database with other passwords wanted."""
    kept = database.wanted
    wanted = replace(kept, rw_password=rw, migrator_password=migrator or kept.migrator_password)
    return replace(database, wanted=wanted)


def as_rw(database: Database) -> Server:
    """Return how the application reaches the database."""
    wanted = database.wanted
    return replace(
        database.server, user=wanted.rw, password=wanted.rw_password, database=database.name
    )


def test_a_new_password_replaces_the_old(ready: Database) -> None:
    """The old one is refused, and nothing else has changed."""
    other = rotated(ready, secrets.token_urlsafe(12))
    assert [one.says for one in other.apply()] == [
        f"the password of {ready.wanted.rw} is not the wanted one"
    ]
    assert answers(as_rw(other))
    assert not answers(as_rw(ready))
    with other.connect("migrator"):
        pass
    assert other.apply() == []


def test_sessions_survive_a_rotation(ready: Database) -> None:
    """Postgres asks for the password at the beginning alone; so a pool drains in peace."""
    other = rotated(ready, secrets.token_urlsafe(12), secrets.token_urlsafe(12))
    with ready.connect("rw") as rows, ready.connect("migrator") as migration:
        migration.execute("CREATE TABLE under_way (id int)")
        assert len(other.apply()) == 2
        migration.execute("INSERT INTO under_way VALUES (1)")
        assert rows.execute("SELECT id FROM under_way").fetchall() == [(1,)]


@pytest.mark.parametrize("password", AWKWARD)
def test_any_password_serves(ready: Database, password: str) -> None:
    """Whatever its characters mean elsewhere."""
    other = rotated(ready, password, f"{password}, too")
    other.apply()
    assert answers(as_rw(other))
    assert other.plan() == []


def test_no_log_holds_a_password(new: Database) -> None:
    """With every statement logged, and what fails as well; what is logged is the verifier."""
    with new.postgres.superuser() as session:
        for setting in ("log_statement = 'all'", "log_min_duration_statement = 0"):
            session.execute(f"ALTER ROLE master SET {setting}")
    new.apply()
    other = rotated(new, secrets.token_urlsafe(12))
    other.apply()
    with new.postgres.superuser() as session:
        session.execute("ALTER ROLE master RESET ALL")
    with pytest.raises(OperatorError):
        execute.plan(replace(new.server, password="wrong-one"), new.wanted)  # noqa: S106 - wrong
    log = new.postgres.log
    assert f'ALTER ROLE "{new.wanted.rw}" PASSWORD' in log
    assert "SCRAM-SHA-256$4096:" in log
    held = {*new.wanted.passwords.values(), *other.wanted.passwords.values(), "wrong-one"}
    for password in held | {new.server.password}:
        assert password not in log


def test_a_right_password_holds_without_a_way_in(ready: Database) -> None:
    """Drift that keeps a role out is no reason to replace its password."""
    for statement in (
        "ALTER ROLE {rw} NOLOGIN",
        "ALTER ROLE {rw} CONNECTION LIMIT 0",
        "REVOKE CONNECT ON DATABASE {database} FROM {rw}",
    ):
        ready.run("superuser", statement)
        assert password_holds(as_rw(ready))
        assert not answers(as_rw(ready))
        said = ready.plan()
        assert not any(one.startswith("the password") for one in said), said
        ready.run("superuser", "ALTER ROLE {rw} LOGIN CONNECTION LIMIT -1")


def test_a_password_that_cannot_be_tried_is_not_replaced(ready: Database) -> None:
    """Nobody knows whether it is right while nobody answers."""
    nowhere = replace(as_rw(ready), port=1)
    with pytest.raises(OperatorError, match="nobody listens"):
        password_holds(nowhere)


def test_nobody_else_on_the_server_matters(ready: Database) -> None:
    """The server's own database may be closed to the roles; passwords are tried all the same."""
    with ready.postgres.superuser() as session:
        session.execute("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC")
        session.execute("GRANT CONNECT ON DATABASE postgres TO master")
    try:
        assert ready.plan() == []
        assert ready.apply() == []
    finally:
        with ready.postgres.superuser() as session:
            session.execute("GRANT CONNECT ON DATABASE postgres TO PUBLIC")
            session.execute("REVOKE CONNECT ON DATABASE postgres FROM master")
    with connect(as_rw(ready)):
        pass
