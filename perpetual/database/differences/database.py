"""The database from outside: whether it is there, its shape, its owner, and who gets in."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from psycopg.sql import SQL, Composed, Identifier, Literal

from perpetual.database.differences.statements import (
    Target,
    borrowed,
    bystanders,
    compare,
    granted,
)
from perpetual.database.model import (
    BUILTIN,
    BUILTIN_SINCE,
    ENCODING,
    LIBC,
    Difference,
    Kind,
    Scope,
    Wanted,
)
from perpetual.database.state import EVERYBODY, Access, Reach, ServerState, Setting, Shape

_NEW: Final[Access] = {EVERYBODY: frozenset({"CONNECT", "TEMPORARY"})}
"""What a new database grants."""


def of_database(state: ServerState, wanted: Wanted) -> Iterator[Difference]:
    """Yield what differs in the database, in the order in which it can be put right."""
    found = state.database
    if found is None:
        yield _missing(state.version, wanted)
    else:
        yield from _shape(found, wanted, state.version)
        if found.owner != wanted.owner:
            yield _foreign(found, state, wanted)
    connect = frozenset({"CONNECT"})
    target = Target(
        subject=f"database {wanted.database}",
        on=SQL("DATABASE {}").format(Identifier(wanted.database)),
        scope=Scope.SERVER,
    )
    due = {wanted.migrator: connect, wanted.rw: connect}
    has = found.access if found else _NEW
    if found and found.lacks:
        yield granted(target, wanted.owner, found.lacks)
    yield from compare(target, has, due, bystanders(state, wanted))
    if found and not found.enters:
        yield _barred(state.user, wanted)
    yield from _settings(state.settings, wanted)


def _missing(version: int, wanted: Wanted) -> Difference:
    found = partial(
        Difference,
        scope=Scope.SERVER,
        kind=Kind.MISSING,
        subject=f"database {wanted.database}",
        says=f"there is no database {wanted.database}",
    )
    locale = wanted.locale_at(version)
    if locale.startswith(f"{BUILTIN} ") and version < BUILTIN_SINCE:
        return found(
            hint=f"Postgres {version} cannot make it with the locale {locale}: the provider "
            f"{BUILTIN} came with {BUILTIN_SINCE}. Give another --locale, or none."
        )
    return found(statements=(_create(locale, wanted),))


def _create(locale: str, wanted: Wanted) -> Composed:
    """Return the statement; another locale than the server's needs the empty template."""
    provider, _, name = locale.partition(" ")
    if provider == LIBC:
        collate, _, ctype = name.partition("/")
        how = SQL("LOCALE_PROVIDER libc LC_COLLATE {} LC_CTYPE {}").format(
            Literal(collate), Literal(ctype or collate)
        )
    else:
        option = SQL("BUILTIN_LOCALE" if provider == BUILTIN else "ICU_LOCALE")
        how = SQL("LOCALE_PROVIDER {} {} {} LOCALE 'C'").format(
            SQL(provider), option, Literal(name)
        )
    start = SQL("CREATE DATABASE {} OWNER {} ENCODING {} TEMPLATE template0 ").format(
        Identifier(wanted.database), Identifier(wanted.owner), Literal(ENCODING)
    )
    return start + how


def _shape(found: Shape, wanted: Wanted, version: int) -> Iterator[Difference]:
    kept = (
        ""
        if found.encoding != ENCODING
        else f" To keep this one as it is, say so: --locale '{found.locale}'."
    )
    for what, is_, should in (
        ("encoding", found.encoding, ENCODING),
        ("locale", found.locale, wanted.locale_at(version)),
    ):
        if is_ != should:
            yield Difference(
                scope=Scope.SERVER,
                kind=Kind.SHAPE,
                subject=f"database {wanted.database}",
                says=f"database {wanted.database} has the {what} {is_}, not {should}",
                hint=(
                    "No statement changes that. One that is still empty can be dropped, and this "
                    "command makes it anew; rows move to one of another name by pg_dump and "
                    f"pg_restore.{kept}"
                ),
            )


def _foreign(found: Shape, state: ServerState, wanted: Wanted) -> Difference:
    reach = state.reach.get(found.owner, Reach(acts=False))
    before, after = borrowed(state.version, found.owner, reach)
    move = SQL("ALTER DATABASE {} OWNER TO {}")
    change = move.format(Identifier(wanted.database), Identifier(wanted.owner))
    barred = reach.superuser and not reach.acts
    return Difference(
        scope=Scope.SERVER,
        kind=Kind.OWNER,
        subject=f"database {wanted.database}",
        says=f"database {wanted.database} belongs to {found.owner}",
        statements=() if barred else (*before, change, *after),
        hint=f"{found.owner} is a superuser, and only one of those takes from it."
        if barred
        else "",
    )


def _barred(user: str, wanted: Wanted) -> Difference:
    grant = SQL("GRANT CONNECT ON DATABASE {} TO CURRENT_USER")
    return Difference(
        scope=Scope.SERVER,
        kind=Kind.GRANT,
        subject=f"database {wanted.database}",
        says=f"{user} may not connect to {wanted.database}: what it holds has not been looked at",
        statements=(grant.format(Identifier(wanted.database)),),
    )


def _settings(found: tuple[Setting, ...], wanted: Wanted) -> Iterator[Difference]:
    """Compare whom sessions begin as: the migrator's as the owner, and no others as anybody else.

    Without it, what a migration makes belongs to the migrator, out of the application's reach.
    """
    database = Identifier(wanted.database)
    due = Setting(database=wanted.database, role=wanted.migrator, begins_as=wanted.owner)
    if due not in found:
        text = SQL("ALTER ROLE {} IN DATABASE {} SET role = {}")
        yield _setting(
            f"role {due.role}",
            f"{due.role} does not work as {due.begins_as}",
            text.format(Identifier(due.role), database, Literal(due.begins_as)),
        )
    for one in found:
        if (one.database, one.role) == (due.database, due.role):
            continue
        role = Identifier(one.role)
        if not one.role:
            statement = SQL("ALTER DATABASE {} RESET role").format(database)
        elif one.database:
            statement = SQL("ALTER ROLE {} IN DATABASE {} RESET role").format(role, database)
        else:
            statement = SQL("ALTER ROLE {} RESET role").format(role)
        yield _setting(
            f"role {one.role}" if one.role else f"database {one.database}",
            f"{one.role or 'everybody'} begins as {one.begins_as}"
            + (f" in {one.database}" if one.database else " in every database"),
            statement,
        )


def _setting(subject: str, says: str, statement: Composed) -> Difference:
    return Difference(
        scope=Scope.SERVER,
        kind=Kind.SETTING,
        subject=subject,
        says=says,
        statements=(statement,),
    )
