"""Names that SQL would not take unquoted, for real."""

import pytest

from perpetual.errors import OperatorError
from tests.release.database import servers
from tests.release.database.catalogs import snapshot
from tests.release.database.servers import Postgres

VERSIONS = (17,)

NAMES = (
    "shop-front",
    'it\'s "one"; DROP ROLE master; --',
    "back\\slash %s {} {0} $1 :x",
    "ünï→✓",
    "l" * 55,
    "ü" * 31,
)
"""The last two leave no room for the roles' suffixes."""


@pytest.mark.parametrize("name", NAMES)
def test_any_name_serves(postgres: Postgres, name: str) -> None:
    """The database's, and those of the roles that follow from it."""
    database = servers.database(postgres, name)
    database.apply()
    database.migrate(
        'CREATE SCHEMA "a ""b"""',
        'CREATE TABLE "a ""b"""."c\'d" (id serial, "e\\f" text)',
        'CREATE FUNCTION "g {h}"("i j" text, "a ""b"""."c\'d") RETURNS int'
        " LANGUAGE sql AS 'SELECT 1'".replace("{h}", "{{h}}"),
    )
    database.run("rw", 'INSERT INTO "a ""b"""."c\'d" ("e\\f") VALUES (\'new\')')
    assert database.plan() == []
    database.run(
        "superuser",
        'ALTER SCHEMA "a ""b""" OWNER TO master',
        'ALTER TABLE "a ""b"""."c\'d" OWNER TO {migrator}',
        'ALTER FUNCTION "g {{h}}" OWNER TO master',
    )
    assert len(database.apply()) == 3
    assert database.plan() == []


def test_long_names_stay_apart(postgres: Postgres) -> None:
    """Two that begin alike have roles of their own."""
    first = servers.database(postgres, "m" * 62 + "1")
    second = servers.database(postgres, "m" * 62 + "2")
    first.apply()
    second.apply()
    assert first.plan() == second.plan() == []


@pytest.mark.parametrize("name", ["postgres", "template1", "rdsadmin", "pg_shop", "n" * 64, ""])
def test_some_names_are_refused(postgres: Postgres, name: str) -> None:
    """Before the server hears of it."""
    before = snapshot(servers.database(postgres))
    with pytest.raises(OperatorError, match=r"name|database"):
        servers.database(postgres, name)
    assert snapshot(servers.database(postgres)) == before
