"""What is not as it should be, and the statements that make it so. Pure: no connection here.

Identifiers and literals are quoted by psycopg's `sql`, never by hand.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from psycopg.sql import SQL, Composed, Identifier, Literal

from perpetual.database.model import (
    BUILTIN_SINCE,
    ENCODING,
    LOCALE,
    MIGRATIONS,
    NUMBERS,
    ROWS,
    DatabaseState,
    Difference,
    Found,
    Relation,
    Role,
    Scope,
    ServerState,
    Wanted,
)

Verifier = Callable[[str, str], str]
"""From role and password to what Postgres stores of it; the password itself goes nowhere."""

_EVERYBODY: Final = ""
_NONE: Final[frozenset[str]] = frozenset()


def of_server(state: ServerState, wanted: Wanted, verifier: Verifier) -> Iterator[Difference]:
    """Yield what differs in roles and database, in the order in which it can be put right."""
    yield from _roles(state, wanted, verifier)
    if state.database is None:
        yield _fix(f"there is no database {wanted.database}", _create(state.version, wanted))
    else:
        yield from _shape(state, state.database, wanted)
    yield from _database_access(state.database, wanted)
    yield from _role_setting(state.database, wanted)


def of_database(state: DatabaseState, wanted: Wanted) -> Iterator[Difference]:
    """Yield what differs inside the database, in the order in which it can be put right."""
    yield from _schema(state, wanted)
    yield from _defaults(state, wanted)
    for name, relation in sorted(state.relations.items()):
        yield from _relation(name, relation, wanted)


# --- roles


def _roles(state: ServerState, wanted: Wanted, verifier: Verifier) -> Iterator[Difference]:
    for name in (wanted.owner, wanted.migrator, wanted.rw):
        login = name != wanted.owner
        role = state.roles.get(name)
        if role is None:
            yield _fix(
                f"there is no role {name}",
                SQL("CREATE ROLE {} " + ("LOGIN" if login else "NOLOGIN")).format(Identifier(name)),
            )
        else:
            yield from _attributes(name, role, login=login)
        if login and (role is None or name in state.refused):
            says = f"the password of {name} is not the wanted one"
            yield _fix(says, _password(name, verifier(name, wanted.passwords[name])))
    me = state.roles.get(state.user)
    if me is None or ("superuser" not in me.powers and wanted.owner not in me.member_of):
        yield _fix(
            f"{state.user} may not act as {wanted.owner}",
            SQL("GRANT {} TO CURRENT_USER").format(Identifier(wanted.owner)),
        )
    yield from _memberships(state, wanted)


def _attributes(name: str, role: Role, *, login: bool) -> Iterator[Difference]:
    if role.login is not login:
        yield _fix(
            f"{name} {'may not' if login else 'may'} log in",
            SQL("ALTER ROLE {} " + ("LOGIN" if login else "NOLOGIN")).format(Identifier(name)),
        )
    for power in sorted(role.powers):
        statement = SQL("ALTER ROLE {} " + f"NO{power.upper()}").format(Identifier(name))
        yield _fix(f"{name} has {power.upper()}", statement)


def _memberships(state: ServerState, wanted: Wanted) -> Iterator[Difference]:
    groups = {wanted.migrator: frozenset({wanted.owner}), wanted.rw: _NONE, wanted.owner: _NONE}
    for name, due in groups.items():
        role = state.roles.get(name)
        has = role.member_of if role else _NONE
        for group in sorted(due - has):
            yield _fix(
                f"{name} is not in {group}",
                SQL("GRANT {} TO {}").format(Identifier(group), Identifier(name)),
            )
        for group in sorted(has - due):
            yield _fix(
                f"{name} is in {group}",
                SQL("REVOKE {} FROM {}").format(Identifier(group), Identifier(name)),
            )


def _password(name: str, stored: str) -> Composed:
    return SQL("ALTER ROLE {} PASSWORD {}").format(Identifier(name), Literal(stored))


# --- the database


def locale(version: int) -> str:
    """Return the locale that a database should have, as `provider name`."""
    return f"{'builtin' if version >= BUILTIN_SINCE else 'libc'} {LOCALE}"


def _create(version: int, wanted: Wanted) -> Composed:
    """Return the statement; another locale than the server's needs the empty template."""
    text = "CREATE DATABASE {} OWNER {} ENCODING {} TEMPLATE template0 "
    if version >= BUILTIN_SINCE:
        text += "LOCALE_PROVIDER builtin BUILTIN_LOCALE {} LOCALE 'C'"
    else:
        text += "LOCALE {}"
    return SQL(text).format(
        Identifier(wanted.database), Identifier(wanted.owner), Literal(ENCODING), Literal(LOCALE)
    )


def _shape(state: ServerState, found: Found, wanted: Wanted) -> Iterator[Difference]:
    due = locale(state.version)
    for what, is_, should in (
        ("encoding", found.encoding, ENCODING),
        ("locale", found.locale, due),
    ):
        if is_ != should:
            yield Difference(
                scope=Scope.SERVER,
                says=f"database {wanted.database} has the {what} {is_}, not {should}",
                hint=(
                    "No statement changes that. Make a database under another name, and move the "
                    "rows with pg_dump and pg_restore; or go on with this one knowingly."
                ),
            )
    if found.owner != wanted.owner:
        yield _fix(
            f"database {wanted.database} belongs to {found.owner}",
            SQL("ALTER DATABASE {} OWNER TO {}").format(
                Identifier(wanted.database), Identifier(wanted.owner)
            ),
        )


def _database_access(found: Found | None, wanted: Wanted) -> Iterator[Difference]:
    # What a new database grants to everybody.
    has = found.access if found else {_EVERYBODY: frozenset({"CONNECT", "TEMPORARY"})}
    due = {
        wanted.migrator: frozenset({"CONNECT"}),
        wanted.rw: frozenset({"CONNECT"}),
    }
    target = SQL("DATABASE {}").format(Identifier(wanted.database))
    yield from _grants(f"database {wanted.database}", target, has, due, wanted, scope=Scope.SERVER)


def _role_setting(found: Found | None, wanted: Wanted) -> Iterator[Difference]:
    # Without it, what a migration makes belongs to the migrator, out of the application's reach.
    due = f"role={wanted.owner}"
    if found is None or due not in found.settings.get(wanted.migrator, _NONE):
        yield _fix(
            f"{wanted.migrator} does not work as {wanted.owner}",
            SQL("ALTER ROLE {} IN DATABASE {} SET role = {}").format(
                Identifier(wanted.migrator), Identifier(wanted.database), Literal(wanted.owner)
            ),
        )


# --- inside the database


def _schema(state: DatabaseState, wanted: Wanted) -> Iterator[Difference]:
    due = {wanted.rw: frozenset({"USAGE"})}
    yield from _grants("schema public", SQL("SCHEMA public"), state.schema, due, wanted)


def _defaults(state: DatabaseState, wanted: Wanted) -> Iterator[Difference]:
    for kind, has, due in (
        ("TABLES", state.tables, ROWS),
        ("SEQUENCES", state.sequences, NUMBERS),
    ):
        given = has.get(wanted.rw, _NONE)
        start = SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA public ").format(
            Identifier(wanted.owner)
        )
        if due - given:
            yield _fix(
                f"{wanted.rw} will lack {_listed(due - given)} on new {kind.lower()}",
                start + SQL(f"GRANT {_listed(due - given)} ON {kind} TO ") + Identifier(wanted.rw),
                Scope.DATABASE,
            )
        if given - due:
            yield _fix(
                f"{wanted.rw} will have {_listed(given - due)} on new {kind.lower()}",
                start
                + SQL(f"REVOKE {_listed(given - due)} ON {kind} FROM ")
                + Identifier(wanted.rw),
                Scope.DATABASE,
            )


def _relation(name: str, relation: Relation, wanted: Wanted) -> Iterator[Difference]:
    kind = "sequence" if relation.sequence else "table"
    if relation.owner != wanted.owner:
        yield _fix(
            f"{kind} {name} belongs to {relation.owner}",
            SQL("ALTER TABLE public.{} OWNER TO {}").format(
                Identifier(name), Identifier(wanted.owner)
            ),
            Scope.DATABASE,
        )
    rights = NUMBERS if relation.sequence else ROWS
    if name == MIGRATIONS:
        rights = frozenset({"SELECT"})
    target = SQL(kind.upper() + " public.{}").format(Identifier(name))
    yield from _grants(f"{kind} {name}", target, relation.access, {wanted.rw: rights}, wanted)


def _grants(  # noqa: PLR0913 - what is granted, on what, and how it is said
    what: str,
    target: Composed | SQL,
    has: Mapping[str, frozenset[str]],
    due: Mapping[str, frozenset[str]],
    wanted: Wanted,
    *,
    scope: Scope = Scope.DATABASE,
) -> Iterator[Difference]:
    """Yield what everybody and the application's roles have too much or too little of."""
    for grantee in (_EVERYBODY, wanted.migrator, wanted.rw):
        given, should = has.get(grantee, _NONE), due.get(grantee, _NONE)
        who = Identifier(grantee) if grantee else SQL("PUBLIC")
        name = grantee or "everybody"
        if given - should:
            listed = _listed(given - should)
            yield _fix(
                f"{name} has {listed} on {what}",
                SQL(f"REVOKE {listed} ON ") + target + SQL(" FROM ") + who,
                scope,
            )
        if should - given:
            listed = _listed(should - given)
            yield _fix(
                f"{name} lacks {listed} on {what}",
                SQL(f"GRANT {listed} ON ") + target + SQL(" TO ") + who,
                scope,
            )


def _listed(privileges: frozenset[str]) -> str:
    return ", ".join(sorted(privileges))


def _fix(says: str, statement: Composed, scope: Scope = Scope.SERVER) -> Difference:
    return Difference(scope=scope, says=says, statement=statement)
