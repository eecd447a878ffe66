"""What a server and a database hold, read from Postgres's catalogs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from psycopg import Connection

from perpetual.database.connection import answers
from perpetual.database.model import (
    BUILTIN_SINCE,
    DatabaseState,
    Found,
    Relation,
    Role,
    Server,
    ServerState,
    Wanted,
)

Reader = Connection[tuple[Any, ...]]
Access = Mapping[str, frozenset[str]]

_POWERS: Final = ("superuser", "createdb", "createrole", "replication", "bypassrls")

_ROLES: Final = """
SELECT rolname, rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls,
       ARRAY(SELECT granted.rolname::text FROM pg_auth_members m
             JOIN pg_roles granted ON granted.oid = m.roleid WHERE m.member = r.oid)
FROM pg_roles r WHERE rolname = ANY(%s)
"""

_DATABASE: Final = """
SELECT pg_encoding_to_char(encoding), datlocprovider, datcollate, datctype,
       pg_get_userbyid(datdba), oid
FROM pg_database WHERE datname = %s
"""

_SETTINGS: Final = """
SELECT pg_get_userbyid(setrole), setconfig FROM pg_db_role_setting
WHERE setdatabase = %s AND setrole <> 0
"""

# Grantee 0 is everybody, whose name here is empty.
_GRANTEE: Final = "CASE grantee WHEN 0 THEN '' ELSE pg_get_userbyid(grantee) END"

_DATABASE_ACCESS: Final = f"""
SELECT {_GRANTEE}, privilege_type
FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE datname = %s
"""  # noqa: S608 - a constant in a constant, as below

_SCHEMA_ACCESS: Final = f"""
SELECT {_GRANTEE}, privilege_type
FROM pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner)))
WHERE nspname = 'public'
"""  # noqa: S608 - as above

_DEFAULT_ACCESS: Final = f"""
SELECT {_GRANTEE}, privilege_type
FROM pg_default_acl JOIN pg_namespace n ON n.oid = defaclnamespace, aclexplode(defaclacl)
WHERE nspname = 'public' AND pg_get_userbyid(defaclrole) = %s AND defaclobjtype = %s::"char"
"""  # noqa: S608 - as above

_RELATIONS: Final = f"""
SELECT relname, pg_get_userbyid(relowner), relkind = 'S', {_GRANTEE}, privilege_type
FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace,
     aclexplode(coalesce(relacl, acldefault('r', relowner)))
WHERE nspname = 'public' AND relkind IN ('r', 'p', 'v', 'm', 'S')
"""  # noqa: S608 - as above


def server(connection: Reader, at: Server, wanted: Wanted) -> ServerState:
    """Return what a server holds of what is wanted; `at` says how to reach it."""
    roles = _roles(connection, wanted)
    # Nobody but a superuser reads passwords; whether one is right shows in its use.
    refused = frozenset(
        name
        for name, password in wanted.passwords.items()
        if name in roles and not answers(_as(at, name, password))
    )
    return ServerState(
        version=connection.info.server_version // 10_000,
        user=connection.info.user,
        roles=roles,
        database=_database(connection, wanted.database),
        refused=refused,
    )


def database(connection: Reader, wanted: Wanted) -> DatabaseState:
    """Return what the schema `public` of the connected database holds."""
    owner = connection.execute(
        "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'public'"
    ).fetchone()
    return DatabaseState(
        schema_owner=owner[0] if owner else "",
        schema=_access(connection.execute(_SCHEMA_ACCESS)),
        tables=_access(connection.execute(_DEFAULT_ACCESS, (wanted.owner, "r"))),
        sequences=_access(connection.execute(_DEFAULT_ACCESS, (wanted.owner, "S"))),
        relations=_relations(connection),
    )


def _roles(connection: Reader, wanted: Wanted) -> dict[str, Role]:
    names = [wanted.owner, wanted.migrator, wanted.rw, connection.info.user]
    return {
        name: Role(
            login=login,
            powers=frozenset(power for power, has in zip(_POWERS, powers, strict=True) if has),
            member_of=frozenset(groups),
        )
        for name, login, *powers, groups in connection.execute(_ROLES, (names,))
    }


def _database(connection: Reader, name: str) -> Found | None:
    row = connection.execute(_DATABASE, (name,)).fetchone()
    if row is None:
        return None
    encoding, provider, collate, ctype, owner, oid = row
    return Found(
        encoding=encoding,
        locale=_locale(connection, provider, collate, ctype, name),
        owner=owner,
        access=_access(connection.execute(_DATABASE_ACCESS, (name,))),
        settings={role: frozenset(given) for role, given in connection.execute(_SETTINGS, (oid,))},
    )


def _locale(connection: Reader, provider: str, collate: str, ctype: str, name: str) -> str:
    """Return the locale as `provider name`, such as `builtin C.UTF-8`."""
    if provider == "c":
        return f"libc {collate}" if collate == ctype else f"libc {collate}/{ctype}"
    builtin = connection.info.server_version // 10_000 >= BUILTIN_SINCE
    column = "datlocale" if builtin else "daticulocale"
    row = connection.execute(
        f"SELECT {column} FROM pg_database WHERE datname = %s",  # noqa: S608 - one of two constants
        (name,),
    ).fetchone()
    return f"{'builtin' if provider == 'b' else 'icu'} {row[0] if row else ''}"


def _relations(connection: Reader) -> dict[str, Relation]:
    found: dict[str, tuple[str, bool, list[tuple[str, str]]]] = {}
    for name, owner, sequence, grantee, privilege in connection.execute(_RELATIONS):
        found.setdefault(name, (owner, sequence, []))[2].append((grantee, privilege))
    return {
        name: Relation(owner=owner, sequence=sequence, access=_access(grants))
        for name, (owner, sequence, grants) in found.items()
    }


def _access(grants: Iterable[tuple[Any, ...]]) -> Access:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for grantee, privilege in grants:
        found[grantee].add(privilege)
    return {grantee: frozenset(privileges) for grantee, privileges in found.items()}


def _as(at: Server, user: str, password: str) -> Server:
    return Server(host=at.host, port=at.port, user=user, password=password, ca_file=at.ca_file)
