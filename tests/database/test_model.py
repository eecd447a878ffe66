"""What is wanted: names that follow from the database's, refusals, and secrets that do not show."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from psycopg.sql import SQL

from perpetual.database.model import Difference, Kind, Scope, Server, Wanted
from perpetual.errors import OperatorError
from tests.database.states import WANTED

HIDDEN = "hidden-one"


def wanted(database: str) -> Wanted:
    """Return a database with passwords that nobody reads."""
    return Wanted(database=database, migrator_password=HIDDEN, rw_password=HIDDEN)


def test_roles_are_named_after_the_database() -> None:
    """In the order in which they are made."""
    assert WANTED.roles == ("app_owner", "app_migrator", "app_rw")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_every_name_fits_and_none_is_cut(database: str) -> None:
    """Postgres would cut a longer one, and two roles would be one."""
    refused = {"postgres", "rdsadmin", "template0", "template1"}
    assume(len(database.encode()) <= 63)
    assume(database not in refused and not database.startswith("pg_"))
    made = wanted(database)
    assert len(set(made.roles)) == 3
    assert all(len(role.encode()) <= 63 for role in made.roles)
    assert all(role.endswith(("_owner", "_migrator", "_rw")) for role in made.roles)


def test_long_names_that_begin_alike_have_roles_of_their_own() -> None:
    """By a hash of the whole."""
    first, second = wanted("m" * 62 + "1"), wanted("m" * 62 + "2")
    assert not set(first.roles) & set(second.roles)
    assert first.owner == f"{'m' * 49}-{first.owner[50:57]}_owner"


REFUSED = {
    "": "has 0 bytes",
    "n" * 64: "has 64 bytes",
    "ü" * 32: "has 64 bytes",
    "a\0b": "is no database's name",
    "\ud800": "is not UTF-8",
    "postgres": "the server's own database",
    "rdsadmin": "the server's own database",
    "template1": "the server's own database",
    "pg_shop": "would begin with pg_",
}


@pytest.mark.parametrize(("name", "why"), REFUSED.items(), ids=map(ascii, REFUSED))
def test_a_name_that_cannot_be_is_refused(name: str, why: str) -> None:
    """With the way out."""
    with pytest.raises(OperatorError, match=why) as caught:
        wanted(name)
    assert caught.value.hint


@pytest.mark.parametrize("locale", ["", "C.UTF-8", "builtin", "builtin ", "glibc C"])
def test_a_locale_needs_provider_and_name(locale: str) -> None:
    """And there are three providers."""
    with pytest.raises(OperatorError, match="is no locale") as caught:
        replace(WANTED, locale=locale)
    assert "builtin, icu and libc" in caught.value.hint


def test_a_role_of_its_own_cannot_be_left_alone() -> None:
    """It would not be set right at all."""
    with pytest.raises(OperatorError, match="app_rw cannot be left as it is"):
        replace(WANTED, leave=frozenset({"app_rw", "reports"}))


def test_secrets_do_not_show() -> None:
    """Neither passwords nor what Postgres stores of them."""
    server = Server(host="h", user="u", password=HIDDEN, ca_file=Path("ca.pem"))
    difference = Difference(
        scope=Scope.SERVER,
        kind=Kind.PASSWORD,
        subject="role app_rw",
        says="the password of app_rw is not the wanted one",
        statements=(SQL("ALTER ROLE x PASSWORD 'hidden-one'").format(),),
    )
    for shown in (server, wanted("app"), difference):
        assert HIDDEN not in repr(shown) + str(shown)
