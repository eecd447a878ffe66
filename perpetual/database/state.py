"""What was found on a server and in a database. Plain data.

Access is privileges by grantee: the empty name is everybody, `GRANT OPTION FOR x` beside `x` says
that the grantee may hand it on, and what an object's owner has of it by owning it is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

Access = Mapping[str, frozenset[str]]

EVERYBODY: Final = ""
OPTION: Final = "GRANT OPTION FOR "
DATABASE_OWNER: Final = "pg_database_owner"
"""Whoever owns the database, by Postgres's name for them: the first owner of each schema `public`.

https://www.postgresql.org/docs/17/predefined-roles.html"""


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role: whether it logs in, its rights beyond that, and when its password ends if it does."""

    login: bool
    powers: frozenset[str] = frozenset()
    expires: str = ""


@dataclass(frozen=True, kw_only=True)
class Membership:
    """One grant of a group to a member; before version 16 `inherit` and `set_role` always hold."""

    group: str
    member: str
    grantor: str
    admin: bool = False
    inherit: bool = True
    set_role: bool = True


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Whom sessions begin as: `role` for a role's sessions, in a database; empty means any."""

    database: str
    role: str
    begins_as: str


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A database from outside. `locale` is `provider name`, such as `builtin C.UTF-8`.

    `lacks` is what its owner has lost of its own, and `enters` says that the current user may
    connect to it.
    """

    encoding: str
    locale: str
    owner: str
    access: Access
    lacks: frozenset[str] = frozenset()
    enters: bool = True


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What the current user can do about what belongs to a role.

    `acts` says it has the role's rights; `granted` that it was it who granted the role to itself.
    """

    acts: bool
    superuser: bool = False
    granted: bool = False


@dataclass(frozen=True, kw_only=True)
class ServerState:
    """What a server holds of what is wanted, as its user `user` sees it.

    `acts` says that this user may act as the owner; `refused` are roles whose password is not the
    wanted one; `reach` is by the names of roles that own something.
    """

    version: int
    user: str
    acts: bool = False
    roles: Mapping[str, Role] = field(default_factory=dict)
    superusers: frozenset[str] = frozenset()
    memberships: tuple[Membership, ...] = ()
    settings: tuple[Setting, ...] = ()
    database: Shape | None = None
    refused: frozenset[str] = frozenset()
    reach: Mapping[str, Reach] = field(default_factory=dict)


class Sort(StrEnum):
    """What an object is, in words."""

    SCHEMA = "schema"
    TABLE = "table"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized view"
    FOREIGN_TABLE = "foreign table"
    SEQUENCE = "sequence"
    TYPE = "type"
    ROUTINE = "routine"


@dataclass(frozen=True, kw_only=True)
class Thing:
    """An object of the database.

    `name` is its schema and itself, `arguments` those of a routine as Postgres spells them.
    `lacks` is what its owner has lost of its own, `columns` access to single columns, `linked` a
    sequence that follows its table, `definer` a routine that runs with its owner's rights.
    """

    sort: Sort
    name: tuple[str, ...]
    owner: str
    access: Access = field(default_factory=dict)
    lacks: frozenset[str] = frozenset()
    columns: Access = field(default_factory=dict)
    arguments: str = ""
    linked: bool = False
    definer: bool = False

    @property
    def subject(self) -> str:
        """Return it in words, such as `table public.notes`."""
        arguments = f"({self.arguments})" if self.sort is Sort.ROUTINE else ""
        return f"{self.sort} {'.'.join(self.name)}{arguments}"


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What a role's future objects of one sort grant; an empty schema means any.

    `sort` is SQL's plural, such as `TABLES`.
    """

    role: str
    schema: str
    sort: str
    access: Access


@dataclass(frozen=True, kw_only=True)
class Contents:
    """A database from inside, but for what is Postgres's own or an extension's."""

    things: tuple[Thing, ...] = ()
    defaults: tuple[Defaults, ...] = ()
    reach: Mapping[str, Reach] = field(default_factory=dict)


NEW: Final = Contents(
    things=(
        Thing(
            sort=Sort.SCHEMA,
            name=("public",),
            owner=DATABASE_OWNER,
            access={EVERYBODY: frozenset({"USAGE"})},
        ),
    )
)
"""What a new database holds."""
