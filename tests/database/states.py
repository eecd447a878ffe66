"""Servers and databases as plain data: in order, and with one thing changed."""

from dataclasses import replace
from typing import Any

from perpetual.database.differences.contents import of_contents
from perpetual.database.differences.database import of_database
from perpetual.database.differences.roles import of_roles
from perpetual.database.model import NUMBERS, ROWS, Difference, Wanted
from perpetual.database.state import (
    DATABASE_OWNER,
    NEW,
    Contents,
    Defaults,
    Membership,
    Reach,
    Role,
    ServerState,
    Setting,
    Shape,
    Sort,
    Thing,
)

USAGE = frozenset({"USAGE"})
CONNECT = frozenset({"CONNECT"})
WANTED = Wanted(database="app", migrator_password="for-migrations", rw_password="for-rows")  # noqa: S106 - of nothing


def stored(role: str, password: str) -> str:
    """Stand in for what Postgres stores of a password."""
    return f"stored {role} {password}"


def in_order(wanted: Wanted = WANTED, version: int = 17) -> ServerState:
    """Return a server on which nothing differs, as `apply` leaves it from 16 on."""
    return ServerState(
        version=version,
        user="master",
        acts=True,
        roles={name: Role(login=name != wanted.owner) for name in wanted.roles},
        superusers=frozenset({"rdsadmin"}),
        memberships=(
            *(
                Membership(
                    group=group,
                    member="master",
                    grantor="rdsadmin",
                    admin=True,
                    inherit=False,
                    set_role=False,
                )
                for group in wanted.roles
            ),
            Membership(group=wanted.owner, member="master", grantor="master"),
            Membership(group=wanted.owner, member=wanted.migrator, grantor="master"),
        ),
        settings=(Setting(database=wanted.database, role=wanted.migrator, begins_as=wanted.owner),),
        database=Shape(
            encoding="UTF8",
            locale=wanted.locale_at(version),
            owner=wanted.owner,
            access={wanted.migrator: CONNECT, wanted.rw: CONNECT},
        ),
        reach={wanted.owner: Reach(acts=True)},
    )


def things(wanted: Wanted = WANTED) -> tuple[Thing, ...]:
    """Return one object of some sorts, each as it should be."""
    return (
        Thing(sort=Sort.SCHEMA, name=("public",), owner=DATABASE_OWNER, access={wanted.rw: USAGE}),
        thing(Sort.TABLE, "notes", {wanted.rw: ROWS}, wanted),
        thing(Sort.TABLE, "schema_migrations", {wanted.rw: frozenset({"SELECT"})}, wanted),
        thing(Sort.SEQUENCE, "notes_id_seq", {wanted.rw: NUMBERS}, wanted),
        thing(Sort.TYPE, "mood", {}, wanted),
        thing(Sort.ROUTINE, "one", {"": frozenset({"EXECUTE"})}, wanted, arguments="integer"),
    )


def thing(
    sort: Sort,
    name: str,
    access: dict[str, frozenset[str]],
    wanted: Wanted = WANTED,
    **fields: Any,
) -> Thing:
    """Return an object of the schema `public`, the owner's unless told otherwise."""
    given = {"owner": wanted.owner, **fields}
    return Thing(sort=sort, name=("public", name), access=access, **given)


def defaults(wanted: Wanted = WANTED) -> tuple[Defaults, ...]:
    """Return what the owner's future objects grant when all is in order."""
    due = {"SCHEMAS": USAGE, "TABLES": ROWS, "SEQUENCES": NUMBERS}
    return tuple(
        Defaults(role=wanted.owner, schema="", sort=sort, access={wanted.rw: rights})
        for sort, rights in due.items()
    )


def holding(*added: Thing, wanted: Wanted = WANTED, **reach: Reach) -> Contents:
    """Return a database in order that holds some objects more."""
    return Contents(
        things=(*things(wanted), *added),
        defaults=defaults(wanted),
        reach={wanted.owner: Reach(acts=True), **reach},
    )


def differences(
    state: ServerState, contents: Contents | None = None, wanted: Wanted = WANTED
) -> list[Difference]:
    """Return all that differs; a database that does not exist has the contents of a new one."""
    held = contents or (holding(wanted=wanted) if state.database else NEW)
    return [
        *of_roles(state, wanted, stored),
        *of_database(state, wanted),
        *of_contents(held, state, wanted),
    ]


def statements(found: list[Difference]) -> list[str]:
    """Return the statements of differences, in their order."""
    return [statement.as_string() for one in found for statement in one.statements]


def with_role(state: ServerState, name: str, role: Role) -> ServerState:
    """Return a server on which one role is another."""
    return replace(state, roles={**state.roles, name: role})
