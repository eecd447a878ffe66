"""What a server holds, read from Postgres's catalogs; `contents` reads the database from inside."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from perpetual.database.connection import Session
from perpetual.database.model import BUILTIN, BUILTIN_SINCE, ICU, LIBC, OPTIONS_SINCE, Wanted
from perpetual.database.state import (
    OPTION,
    Access,
    Membership,
    Reach,
    Role,
    ServerState,
    Setting,
    Shape,
)

_POWERS: Final = ("superuser", "createdb", "createrole", "replication", "bypassrls")

# `infinity` is no time that Python knows, and a password that lasts as long has no end.
_ROLES: Final = """
SELECT rolname, rolcanlogin,
       CASE WHEN rolvaliduntil < 'infinity' THEN rolvaliduntil::text ELSE '' END,
       rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls
FROM pg_roles WHERE rolname = ANY(%s)
"""

_MEMBERSHIPS: Final = """
SELECT pg_get_userbyid(roleid), pg_get_userbyid(member), pg_get_userbyid(grantor), admin_option, {}
FROM pg_auth_members
WHERE pg_get_userbyid(roleid) = ANY(%s) OR pg_get_userbyid(member) = ANY(%s)
ORDER BY 1, 2, 3
"""

_SETTINGS: Final = """
SELECT coalesce(datname, ''), coalesce(rolname, ''), setting
FROM pg_db_role_setting LEFT JOIN pg_database d ON d.oid = setdatabase
     LEFT JOIN pg_roles r ON r.oid = setrole, unnest(setconfig) setting
WHERE setting LIKE 'role=%%' AND (setdatabase = 0 OR datname = %s)
  AND (setrole = 0 OR rolname = ANY(%s))
ORDER BY 1, 2
"""

ACCESS: Final = """
coalesce((SELECT json_agg(json_build_array(
    CASE grantee WHEN 0 THEN '' ELSE pg_get_userbyid(grantee) END, privilege_type, is_grantable))
FROM {grants} WHERE grantee <> {owner}), '[]')
"""
"""Subquery of grants, as `aclexplode` has them, but for what the owner has."""

LACKS: Final = """
ARRAY(SELECT privilege_type FROM aclexplode(acldefault({sort}, {owner})) WHERE grantee = {owner}
      EXCEPT SELECT privilege_type FROM aclexplode({acl}) WHERE grantee = {owner})
"""
"""Subquery of what an owner has lost of its own."""

_DATABASE: Final = """
SELECT pg_encoding_to_char(encoding), datlocprovider::text, datcollate, datctype, {icu},
       pg_get_userbyid(datdba), {access}, {lacks}, has_database_privilege(oid, 'CONNECT')
FROM pg_database WHERE datname = %s
"""

_REACH: Final = """
SELECT rolname, rolsuper, pg_has_role(current_user, oid, 'USAGE'),
       EXISTS (SELECT FROM pg_auth_members WHERE roleid = r.oid AND member = grantor
               AND pg_get_userbyid(member) = current_user)
FROM pg_roles r WHERE rolname = ANY(%s)
"""


def server(connection: Session, wanted: Wanted, refused: frozenset[str]) -> ServerState:
    """Return what a server holds of what is wanted; `refused` is known from elsewhere."""
    found = version(connection)
    database = _database(connection, wanted.database)
    row = connection.execute("SELECT current_user::text").fetchone()
    return ServerState(
        version=found,
        user=row[0] if row else "",
        acts=_acts(connection, wanted.owner, found),
        roles=_roles(connection, wanted),
        superusers=_names(connection.execute("SELECT rolname FROM pg_roles WHERE rolsuper")),
        memberships=_memberships(connection, wanted, found),
        settings=_settings(connection, wanted),
        database=database,
        refused=refused,
        reach=reach(connection, [database.owner] if database else []),
    )


def version(connection: Session) -> int:
    """Return the server's major version."""
    return connection.info.server_version // 10_000


def present(connection: Session, names: Iterable[str]) -> frozenset[str]:
    """Return the roles among `names` that there are."""
    query = "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)"
    return _names(connection.execute(query, (list(names),)))


def reach(connection: Session, owners: Iterable[str]) -> Mapping[str, Reach]:
    """Return what the current user can do about what belongs to each of these roles."""
    return {
        name: Reach(acts=acts, superuser=superuser, granted=granted)
        for name, superuser, acts, granted in connection.execute(_REACH, (sorted(owners),))
    }


def access_lists(sort: str, column: str, owner: str) -> dict[str, str]:
    """Return both subqueries for a catalog; without a list, what Postgres gives a sort holds."""
    given = f"coalesce({column}, acldefault({sort}, {owner}))"
    return {
        "access": ACCESS.format(grants=f"aclexplode({given})", owner=owner),
        "lacks": LACKS.format(sort=sort, acl=given, owner=owner),
    }


def access(grants: Iterable[tuple[str, str, bool]]) -> Access:
    """Return access from grants of `ACCESS`."""
    found: dict[str, set[str]] = {}
    for grantee, privilege, grantable in grants:
        options = {OPTION + privilege} if grantable else set()
        found.setdefault(grantee, set()).update({privilege} | options)
    return {grantee: frozenset(privileges) for grantee, privileges in found.items()}


def _acts(connection: Session, owner: str, found: int) -> bool:
    """Tell whether the current user has the owner's rights and may begin to work as it."""
    ways = "pg_has_role(current_user, oid, 'USAGE')"
    if found >= OPTIONS_SINCE:
        ways += " AND pg_has_role(current_user, oid, 'SET')"
    row = connection.execute(
        f"SELECT {ways} FROM pg_roles WHERE rolname = %s",  # noqa: S608 - one of two constants
        (owner,),
    ).fetchone()
    return bool(row and row[0])


def _roles(connection: Session, wanted: Wanted) -> dict[str, Role]:
    return {
        name: Role(
            login=login,
            powers=frozenset(power for power, has in zip(_POWERS, powers, strict=True) if has),
            expires=expires,
        )
        for name, login, expires, *powers in connection.execute(_ROLES, (list(wanted.roles),))
    }


def _memberships(connection: Session, wanted: Wanted, found: int) -> tuple[Membership, ...]:
    options = "inherit_option, set_option" if found >= OPTIONS_SINCE else "true, true"
    names = list(wanted.roles)
    return tuple(
        Membership(
            group=group,
            member=member,
            grantor=grantor,
            admin=admin,
            inherit=inherit,
            set_role=set_role,
        )
        for group, member, grantor, admin, inherit, set_role in connection.execute(
            _MEMBERSHIPS.format(options), (names, names)
        )
    )


def _settings(connection: Session, wanted: Wanted) -> tuple[Setting, ...]:
    rows = connection.execute(_SETTINGS, (wanted.database, list(wanted.roles)))
    return tuple(
        Setting(database=database, role=role, begins_as=text.removeprefix("role="))
        for database, role, text in rows
    )


def _database(connection: Session, name: str) -> Shape | None:
    icu = "datlocale" if version(connection) >= BUILTIN_SINCE else "daticulocale"
    lists = access_lists("'d'", "datacl", "datdba")
    row = connection.execute(_DATABASE.format(icu=icu, **lists), (name,)).fetchone()
    if row is None:
        return None
    encoding, provider, collate, ctype, other, owner, grants, lacks, enters = row
    return Shape(
        encoding=encoding,
        locale=_locale(provider, collate, ctype, other),
        owner=owner,
        access=access(grants),
        lacks=frozenset(lacks),
        enters=enters,
    )


def _locale(provider: str, collate: str, ctype: str, other: str) -> str:
    """Return the locale as `provider name`, such as `builtin C.UTF-8`."""
    if provider == "c":
        return f"{LIBC} {collate}" if collate == ctype else f"{LIBC} {collate}/{ctype}"
    return f"{BUILTIN if provider == 'b' else ICU} {other}"


def _names(rows: Iterable[tuple[Any, ...]]) -> frozenset[str]:
    return frozenset(row[0] for row in rows)
