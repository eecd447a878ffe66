"""What is wanted, what was found, and the differences between them. Plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from psycopg.sql import Composed

BUILTIN_SINCE: Final = 17
"""First major version with a locale provider of Postgres's own, whose order no operating system's
update changes: https://www.postgresql.org/docs/17/locale.html"""

LOCALE: Final = "C.UTF-8"
ENCODING: Final = "UTF8"
MIGRATIONS: Final = "schema_migrations"
"""Table of versions, by Ecto's name; the application reads it at most."""

ROWS: Final = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
NUMBERS: Final = frozenset({"USAGE", "SELECT"})


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
    """A database by name, and the passwords of the two roles that log in."""

    database: str
    migrator_password: str = field(repr=False)
    rw_password: str = field(repr=False)

    @property
    def owner(self) -> str:
        """Return the role that owns the database and all in it."""
        return f"{self.database}_owner"

    @property
    def migrator(self) -> str:
        """Return the role that migrations log in as."""
        return f"{self.database}_migrator"

    @property
    def rw(self) -> str:
        """Return the role that the application logs in as."""
        return f"{self.database}_rw"

    @property
    def passwords(self) -> dict[str, str]:
        """Return the passwords, by role."""
        return {self.migrator: self.migrator_password, self.rw: self.rw_password}


class Scope(StrEnum):
    """Where a statement has to run."""

    SERVER = "server"
    DATABASE = "database"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that is not as it should be, and the statement that makes it so.

    Without a statement nobody can: it is drift, and `hint` says what remains to be done.
    """

    scope: Scope
    says: str
    statement: Composed | None = None
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role as it is: whether it logs in, and the rights beyond that it has, by their names."""

    login: bool
    powers: frozenset[str]
    member_of: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Found:
    """The database as it is, and its access: privileges by grantee, the empty name is everybody."""

    encoding: str
    locale: str
    owner: str
    access: Mapping[str, frozenset[str]]
    settings: Mapping[str, frozenset[str]]


@dataclass(frozen=True, kw_only=True)
class ServerState:
    """What a server holds of what is wanted.

    `refused` are the roles whose password is not the wanted one; `serves` tells whether the current
    user may act as the owner.
    """

    version: int
    user: str
    roles: Mapping[str, Role]
    database: Found | None
    refused: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A table or sequence: its owner, and privileges by grantee."""

    owner: str
    sequence: bool
    access: Mapping[str, frozenset[str]]


@dataclass(frozen=True, kw_only=True)
class DatabaseState:
    """What the schema `public` of a database holds; all access by grantee, empty is everybody.

    `tables` and `sequences` are what the owner's future tables and sequences will grant.
    """

    schema_owner: str
    schema: Mapping[str, frozenset[str]]
    tables: Mapping[str, frozenset[str]]
    sequences: Mapping[str, frozenset[str]]
    relations: Mapping[str, Relation]
