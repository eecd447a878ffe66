"""The database from outside: its making by version, its shape, owner, access and settings."""

from dataclasses import replace
from typing import Any

import pytest

from perpetual.database.model import Kind, Scope
from perpetual.database.state import EVERYBODY, OPTION, Reach, ServerState, Setting
from tests.database.states import CONNECT, WANTED, differences, in_order, statements

FOR_OWNER = 'ALTER DEFAULT PRIVILEGES FOR ROLE "app_owner"'


def shaped(state: ServerState, **fields: Any) -> ServerState:
    """Return a server whose database is another in some respect."""
    assert state.database
    return replace(state, database=replace(state.database, **fields))


CREATIONS = {
    (17, None): "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'",
    (16, None): "LOCALE_PROVIDER libc LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'",
    (15, None): "LOCALE_PROVIDER libc LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'",
    (
        17,
        "libc en_US.UTF-8",
    ): "LOCALE_PROVIDER libc LC_COLLATE 'en_US.UTF-8' LC_CTYPE 'en_US.UTF-8'",
    (17, "libc C/en_US.UTF-8"): "LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'en_US.UTF-8'",
    (15, "icu de-DE"): "LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' LOCALE 'C'",
}


@pytest.mark.parametrize(("given", "how"), CREATIONS.items(), ids=map(str, CREATIONS))
def test_it_is_made_with_its_locale(given: tuple[int, str | None], how: str) -> None:
    """Which the server's own template would not allow."""
    version, locale = given
    wanted = replace(WANTED, locale=locale)
    found = differences(replace(in_order(version=version), database=None), wanted=wanted)
    start = 'CREATE DATABASE "app" OWNER "app_owner" ENCODING \'UTF8\' TEMPLATE template0 '
    assert statements(found)[0] == start + how


def test_a_new_one_is_closed_to_everybody() -> None:
    """And its schema is as well."""
    found = statements(differences(replace(in_order(), database=None, settings=())))
    assert found[1:] == [
        'REVOKE CONNECT, TEMPORARY ON DATABASE "app" FROM PUBLIC CASCADE',
        'GRANT CONNECT ON DATABASE "app" TO "app_migrator"',
        'GRANT CONNECT ON DATABASE "app" TO "app_rw"',
        'ALTER ROLE "app_migrator" IN DATABASE "app" SET role = \'app_owner\'',
        'REVOKE USAGE ON SCHEMA "public" FROM PUBLIC CASCADE',
        'GRANT USAGE ON SCHEMA "public" TO "app_rw"',
        f'{FOR_OWNER} GRANT USAGE ON SCHEMAS TO "app_rw"',
        f'{FOR_OWNER} GRANT DELETE, INSERT, SELECT, UPDATE ON TABLES TO "app_rw"',
        f'{FOR_OWNER} GRANT SELECT, USAGE ON SEQUENCES TO "app_rw"',
    ]


def test_a_locale_of_later_versions_is_refused() -> None:
    """Before Postgres would refuse it half-way."""
    wanted = replace(WANTED, locale="builtin C.UTF-8")
    found = differences(replace(in_order(version=16), database=None), wanted=wanted)[0]
    assert (found.kind, found.statements) == (Kind.MISSING, ())
    assert "came with 17" in found.hint


@pytest.mark.parametrize("version", [15, 16, 17])
def test_another_shape_is_only_said(version: int) -> None:
    """Encoding and locale each; one that may be kept comes with how to say so."""
    state = shaped(in_order(version=version), locale="libc en_US.UTF-8")
    (found,) = differences(state)
    due = WANTED.locale_at(version)
    assert found.says == f"database app has the locale libc en_US.UTF-8, not {due}"
    assert (found.kind, found.scope, found.statements) == (Kind.SHAPE, Scope.SERVER, ())
    assert "--locale 'libc en_US.UTF-8'" in found.hint
    assert differences(state, wanted=replace(WANTED, locale="libc en_US.UTF-8")) == []
    latin = differences(shaped(state, encoding="LATIN1"))
    assert [one.kind for one in latin] == [Kind.SHAPE, Kind.SHAPE]
    assert not any("--locale" in one.hint for one in latin)


REACHES = {
    "rights": (17, Reach(acts=True), [], []),
    "none": (
        17,
        Reach(acts=False),
        ['GRANT "clerk" TO CURRENT_USER WITH INHERIT TRUE, SET FALSE'],
        ['REVOKE "clerk" FROM CURRENT_USER'],
    ),
    "a grant without rights": (
        16,
        Reach(acts=False, granted=True),
        ['GRANT "clerk" TO CURRENT_USER WITH INHERIT TRUE'],
        ['REVOKE INHERIT OPTION FOR "clerk" FROM CURRENT_USER'],
    ),
    "none in 15": (
        15,
        Reach(acts=False),
        ['GRANT "clerk" TO CURRENT_USER'],
        ['REVOKE "clerk" FROM CURRENT_USER'],
    ),
}


@pytest.mark.parametrize(("version", "reach", "before", "after"), REACHES.values(), ids=REACHES)
def test_rights_are_borrowed_to_take_over(
    version: int, reach: Reach, before: list[str], after: list[str]
) -> None:
    """And given back in the same breath."""
    state = shaped(in_order(version=version), owner="clerk")
    (found,) = differences(replace(state, reach={"clerk": reach}))
    assert (found.kind, found.says) == (Kind.OWNER, "database app belongs to clerk")
    assert statements([found]) == [
        *before,
        'ALTER DATABASE "app" OWNER TO "app_owner"',
        *after,
    ]


def test_a_superusers_database_is_only_said() -> None:
    """With the reason."""
    state = shaped(in_order(), owner="rdsadmin")
    (found,) = differences(replace(state, reach={"rdsadmin": Reach(acts=False, superuser=True)}))
    assert found.statements == ()
    assert "superuser" in found.hint


ACCESS = {
    "everybody": (
        {EVERYBODY: CONNECT},
        "everybody has CONNECT on database app",
        'REVOKE CONNECT ON DATABASE "app" FROM PUBLIC CASCADE',
    ),
    "a stranger": (
        {"intern": frozenset({"CREATE", "CONNECT"})},
        "intern has CONNECT, CREATE on database app",
        'REVOKE CONNECT, CREATE ON DATABASE "app" FROM "intern" CASCADE',
    ),
    "handed on": (
        {"app_rw": CONNECT | {f"{OPTION}CONNECT"}},
        "app_rw may hand on CONNECT on database app",
        'REVOKE GRANT OPTION FOR CONNECT ON DATABASE "app" FROM "app_rw" CASCADE',
    ),
    "too little": (
        {"app_rw": frozenset()},
        "app_rw lacks CONNECT on database app",
        'GRANT CONNECT ON DATABASE "app" TO "app_rw"',
    ),
}


@pytest.mark.parametrize(("access", "says", "statement"), ACCESS.values(), ids=ACCESS)
def test_access_is_set_right(access: dict[str, Any], says: str, statement: str) -> None:
    """By one statement."""
    state = in_order()
    assert state.database
    (found,) = differences(shaped(state, access={**state.database.access, **access}))
    assert (found.kind, found.subject, found.says) == (Kind.GRANT, "database app", says)
    assert statements([found]) == [statement]


@pytest.mark.parametrize("grantee", ["app_owner", "master", "rdsadmin", "pg_database_owner"])
def test_who_has_rights_anyway_is_no_drift(grantee: str) -> None:
    """To take them away would change nothing, or lock out whoever administers."""
    state = in_order()
    assert state.database
    assert differences(shaped(state, access={**state.database.access, grantee: CONNECT})) == []


def test_an_owner_gets_back_what_it_lost() -> None:
    """Or no migration could make a schema."""
    found = differences(shaped(in_order(), lacks=frozenset({"CREATE"})))
    assert [one.says for one in found] == ["app_owner lacks CREATE on database app"]


def test_a_master_that_is_kept_out_gets_in() -> None:
    """And the plan says that it has not seen all."""
    (found,) = differences(shaped(in_order(), enters=False))
    assert "has not been looked at" in found.says
    assert statements([found]) == ['GRANT CONNECT ON DATABASE "app" TO CURRENT_USER']


SETTINGS = {
    "rw, here": (
        Setting(database="app", role="app_rw", begins_as="app_owner"),
        "app_rw begins as app_owner in app",
        'ALTER ROLE "app_rw" IN DATABASE "app" RESET role',
    ),
    "rw, anywhere": (
        Setting(database="", role="app_rw", begins_as="x"),
        "app_rw begins as x in every database",
        'ALTER ROLE "app_rw" RESET role',
    ),
    "everybody": (
        Setting(database="app", role="", begins_as="x"),
        "everybody begins as x in app",
        'ALTER DATABASE "app" RESET role',
    ),
}


@pytest.mark.parametrize(("setting", "says", "statement"), SETTINGS.values(), ids=SETTINGS)
def test_nobody_else_begins_as_somebody_else(setting: Setting, says: str, statement: str) -> None:
    """Neither here nor in other databases of the server."""
    state = in_order()
    (found,) = differences(replace(state, settings=(*state.settings, setting)))
    assert (found.kind, found.says) == (Kind.SETTING, says)
    assert statements([found]) == [statement]


def test_the_migrator_begins_as_the_owner() -> None:
    """Instead of as anybody else, with a single statement."""
    other = Setting(database="app", role="app_migrator", begins_as="x")
    for settings in ((), (other,)):
        found = differences(replace(in_order(), settings=settings))
        assert statements(found) == [
            'ALTER ROLE "app_migrator" IN DATABASE "app" SET role = \'app_owner\''
        ]
