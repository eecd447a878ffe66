"""What is wanted, and one difference between that and what is. Plain data."""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from psycopg.sql import Composed

from perpetual.errors import OperatorError

OLDEST: Final = 15
"""Oldest major version served: the first in which not everybody may fill the schema `public`."""

OPTIONS_SINCE: Final = 16
"""First major version in which a membership has options, and the one who granted it counts:
https://www.postgresql.org/docs/16/sql-grant.html"""

BUILTIN_SINCE: Final = 17
"""First major version with a locale provider of Postgres's own, whose order no operating system's
update changes: https://www.postgresql.org/docs/17/locale.html"""

BUILTIN: Final = "builtin"
LIBC: Final = "libc"
ICU: Final = "icu"
LOCALE: Final = "C.UTF-8"
ENCODING: Final = "UTF8"

MIGRATIONS: Final = "schema_migrations"
"""Table of versions, by Ecto's name; the application reads it at most."""

ROWS: Final = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
NUMBERS: Final = frozenset({"USAGE", "SELECT"})

LONGEST: Final = 63
"""Bytes of an identifier; Postgres cuts longer ones, and tells by a notice that nobody reads:
https://www.postgresql.org/docs/17/sql-syntax-lexical.html"""

_SERVERS_OWN: Final = frozenset({"postgres", "rdsadmin", "template0", "template1"})
"""Databases that are not an application's; whoever administers the server has to get in there."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server and who to be there; the connection is always TLS with host name and CA verified.

    `ca_file` holds the authorities that may have signed the server's certificate.
    """

    host: str
    user: str
    password: str = field(repr=False)
    ca_file: Path
    port: int = 5432
    database: str = "postgres"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A database by name, and the passwords of the two roles that log in.

    `locale` is `provider name`, and Postgres's own by default; `leave` are roles whose rights and
    objects are somebody else's business.
    """

    database: str
    migrator_password: str = field(repr=False)
    rw_password: str = field(repr=False)
    locale: str | None = None
    leave: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse names under which there can be no database, or no role beside it."""
        _check_name(self.database)
        _check_locale(self.locale)
        ours = sorted(self.leave & {self.owner, *self.passwords})
        if ours:
            message = f"{ours[0]} cannot be left as it is: it is a role of {self.database} itself"
            raise OperatorError(message, hint="Leave out that --leave.")

    @property
    def owner(self) -> str:
        """Return the role that owns the database and all in it."""
        return _role(self.database, "owner")

    @property
    def migrator(self) -> str:
        """Return the role that migrations log in as."""
        return _role(self.database, "migrator")

    @property
    def rw(self) -> str:
        """Return the role that the application logs in as."""
        return _role(self.database, "rw")

    @property
    def roles(self) -> tuple[str, str, str]:
        """Return all three, in the order in which they are made."""
        return self.owner, self.migrator, self.rw

    @property
    def passwords(self) -> dict[str, str]:
        """Return the passwords, by role."""
        return {self.migrator: self.migrator_password, self.rw: self.rw_password}

    def locale_at(self, version: int) -> str:
        """Return the locale that the database should have on a major version."""
        return self.locale or f"{BUILTIN if version >= BUILTIN_SINCE else LIBC} {LOCALE}"


class Scope(StrEnum):
    """Where a difference is: among what all databases share, or inside the one."""

    SERVER = "server"
    DATABASE = "database"


class Kind(StrEnum):
    """What a difference is about."""

    MISSING = "missing"
    ATTRIBUTE = "attribute"
    PASSWORD = "password"  # noqa: S105 - a kind of difference
    MEMBERSHIP = "membership"
    SETTING = "setting"
    SHAPE = "shape"
    OWNER = "owner"
    GRANT = "grant"
    DEFAULT = "default"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that is not as it should be, and the statements that make it so.

    Without a statement nobody can: it is drift, and `hint` says what remains to be done.
    """

    scope: Scope
    kind: Kind
    subject: str
    says: str
    # Not for display: those about passwords hold what Postgres stores of them.
    statements: tuple[Composed, ...] = field(default=(), repr=False)
    hint: str = ""


def _role(database: str, suffix: str) -> str:
    """Return a role's name; a database's that leaves no room for the suffix gives way to a hash."""
    plain = f"{database}_{suffix}"
    if len(plain.encode()) <= LONGEST:
        return plain
    digest = hashlib.sha256(database.encode()).hexdigest()[:7]
    room = LONGEST - len(f"-{digest}_{suffix}")
    head = database.encode()[:room].decode(errors="ignore")
    return f"{head}-{digest}_{suffix}"


def _check_name(database: str) -> None:
    shown = repr(database)
    hint = f"Give a name of 1 to {LONGEST} bytes in UTF-8, such as `app`."
    try:
        size = len(database.encode())
    except UnicodeEncodeError:
        raise OperatorError(f"{shown} is no database's name: it is not UTF-8", hint=hint) from None
    if not 0 < size <= LONGEST or "\0" in database:
        raise OperatorError(f"{shown} is no database's name: it has {size} bytes", hint=hint)
    if database in _SERVERS_OWN:
        message = f"{database} is the server's own database, and no application's"
        raise OperatorError(message, hint="Give the application's with --database.")
    if database.startswith("pg_"):
        message = f"the roles of {shown} would begin with pg_, and Postgres keeps such for itself"
        raise OperatorError(message, hint="Give the database another name.")


def _check_locale(locale: str | None) -> None:
    if locale is None:
        return
    provider, _, name = locale.partition(" ")
    if provider not in {BUILTIN, LIBC, ICU} or not name.strip():
        raise OperatorError(
            f"{locale!r} is no locale",
            hint=f"Give provider and name, such as '{BUILTIN} {LOCALE}' or '{LIBC} en_US.UTF-8'; "
            f"the providers are {BUILTIN}, {ICU} and {LIBC}.",
        )
