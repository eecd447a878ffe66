"""What differences are made of: grants compared, and rights borrowed for a statement."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from psycopg.sql import SQL, Composable, Composed, Identifier

from perpetual.database.model import OPTIONS_SINCE, Difference, Kind, Scope, Wanted
from perpetual.database.state import (
    DATABASE_OWNER,
    EVERYBODY,
    OPTION,
    Access,
    Reach,
    ServerState,
)

NONE: Final[frozenset[str]] = frozenset()
CURRENT_USER: Final = SQL("CURRENT_USER")


@dataclass(frozen=True, kw_only=True)
class Target:
    """Something that rights are held on: in SQL, in words, and the words for holding it.

    `begin` stands before GRANT and REVOKE; `around` are statements before and after.
    """

    subject: str
    on: Composable
    scope: Scope = Scope.DATABASE
    kind: Kind = Kind.GRANT
    has: str = "has {} on"
    lacks: str = "lacks {} on"
    named: str = ""
    begin: Composed = field(default_factory=lambda: Composed([]))
    around: tuple[tuple[Composed, ...], tuple[Composed, ...]] = ((), ())

    def words(self, grantee: str, verb: str, rights: frozenset[str]) -> str:
        """Return a sentence on what a grantee has or lacks."""
        who = "everybody" if grantee == EVERYBODY else grantee
        return f"{who} {verb.format(_listed(rights))} {self.named or self.subject}"


def compare(
    target: Target, has: Access, due: Access, ignored: frozenset[str]
) -> Iterator[Difference]:
    """Yield what each grantee has too much, then what it has too little, but for the ignored."""
    for grantee in sorted((has.keys() | due.keys()) - ignored):
        given, should = has.get(grantee, NONE), due.get(grantee, NONE)
        excess = given - should
        plain = frozenset(right for right in excess if not right.startswith(OPTION))
        options = (
            frozenset(right.removeprefix(OPTION) for right in excess - plain) - plain
        )  # gone with the right itself
        if plain:
            yield revoked(target, grantee, plain)
        if options:
            yield _handed_on(target, grantee, options)
        if should - given:
            yield granted(target, grantee, should - given)


def granted(target: Target, grantee: str, rights: frozenset[str]) -> Difference:
    """Return the difference that a grantee has rights too few."""
    grant = SQL(f"GRANT {_listed(rights)} ON ") + target.on + SQL(" TO ") + _who(grantee)
    return _difference(target, target.words(grantee, target.lacks, rights), grant)


def revoked(target: Target, grantee: str, rights: frozenset[str]) -> Difference:
    """Return the difference that a grantee has rights too many."""
    return _difference(
        target, target.words(grantee, target.has, rights), _revoke(target, grantee, rights)
    )


def bystanders(state: ServerState, wanted: Wanted) -> frozenset[str]:
    """Return the grantees whose rights are no drift.

    The owner has them anyway, whoever administers the server as well, and the rest is by wish.
    """
    return frozenset({wanted.owner, DATABASE_OWNER, state.user}) | state.superusers | wanted.leave


def borrowed(
    version: int, role: str, reach: Reach
) -> tuple[tuple[Composed, ...], tuple[Composed, ...]]:
    """Return what lends a role's rights to the current user, and what gives them back.

    To change what belongs to a role takes its rights, and a master user has those of a role that
    it made only once it grants them to itself.
    """
    if reach.acts:
        return (), ()
    lend = SQL("GRANT {} TO ").format(Identifier(role)) + CURRENT_USER
    back = SQL("REVOKE {} FROM ").format(Identifier(role)) + CURRENT_USER
    if version >= OPTIONS_SINCE:
        lend += SQL(" WITH INHERIT TRUE")
        if reach.granted:
            # A grant without rights was there before, and stays.
            back = SQL("REVOKE INHERIT OPTION FOR {} FROM ").format(Identifier(role)) + CURRENT_USER
        else:
            lend += SQL(", SET FALSE")
    return (lend,), (back,)


def _handed_on(target: Target, grantee: str, rights: frozenset[str]) -> Difference:
    says = target.words(grantee, "may hand on {} on", rights)
    return _difference(target, says, _revoke(target, grantee, rights, OPTION))


def _revoke(target: Target, grantee: str, rights: frozenset[str], option: str = "") -> Composed:
    """Return the revocation, along with what the grantee handed on, which has no other ground."""
    revoke = SQL(f"REVOKE {option}{_listed(rights)} ON ") + target.on
    return revoke + SQL(" FROM ") + _who(grantee) + SQL(" CASCADE")


def _difference(target: Target, says: str, statement: Composed) -> Difference:
    before, after = target.around
    return Difference(
        scope=target.scope,
        kind=target.kind,
        subject=target.subject,
        says=says,
        statements=(*before, target.begin + statement, *after),
    )


def _who(grantee: str) -> Composable:
    return SQL("PUBLIC") if grantee == EVERYBODY else Identifier(grantee)


def _listed(rights: frozenset[str]) -> str:
    return ", ".join(sorted(rights))
