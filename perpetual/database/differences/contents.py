"""The database from inside: who owns its objects, who may use them, and what future ones grant.

Every schema is the application's, so that one which a later migration makes serves at once.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from psycopg.sql import SQL, Composable, Identifier

from perpetual.database.differences.statements import (
    NONE,
    Target,
    borrowed,
    bystanders,
    compare,
    granted,
    revoked,
)
from perpetual.database.model import MIGRATIONS, NUMBERS, ROWS, Difference, Kind, Scope, Wanted
from perpetual.database.state import (
    DATABASE_OWNER,
    EVERYBODY,
    Access,
    Contents,
    Defaults,
    Reach,
    ServerState,
    Sort,
    Thing,
)

_USAGE: Final = frozenset({"USAGE"})
_EXECUTE: Final = frozenset({"EXECUTE"})
_FUTURE: Final = {"SCHEMAS": _USAGE, "TABLES": ROWS, "SEQUENCES": NUMBERS}
"""What the owner's future objects have to grant the application, by SQL's word for them."""

_BUILT_IN: Final = {"FUNCTIONS": _EXECUTE, "TYPES": _USAGE}
"""What Postgres grants everybody on what is new; neither gives anybody a right to rows."""

_RIGHTS: Final = {
    Sort.SCHEMA: ("SCHEMA", _USAGE),
    Sort.SEQUENCE: ("SEQUENCE", NUMBERS),
    Sort.ROUTINE: ("ROUTINE", NONE),
}
"""SQL's words for what is granted on, and what the application is due; all else is a table."""

_OTHERS: Final = {Sort.SCHEMA: "SCHEMA", Sort.TYPE: "TYPE", Sort.ROUTINE: "ROUTINE"}
"""What is no kind of table to ALTER."""


def of_contents(contents: Contents, state: ServerState, wanted: Wanted) -> Iterator[Difference]:
    """Yield what differs inside the database, in the order in which it can be put right."""
    things = [thing for thing in contents.things if thing.owner not in wanted.leave]
    schemas = {thing.name[0] for thing in things if thing.sort is Sort.SCHEMA}
    for thing in things:
        if thing.name[0] in schemas:
            yield from _owner(thing, contents, state, wanted)
            yield from _rights(thing, state, wanted)
    yield from _defaults(contents, state, wanted)


# --- objects


def _owner(
    thing: Thing, contents: Contents, state: ServerState, wanted: Wanted
) -> Iterator[Difference]:
    if thing.linked or thing.owner in {wanted.owner, DATABASE_OWNER}:
        return
    found = Difference(
        scope=Scope.DATABASE,
        kind=Kind.OWNER,
        subject=thing.subject,
        says=f"{thing.subject} belongs to {thing.owner}",
    )
    reach = contents.reach.get(thing.owner, Reach(acts=False))
    if reach.superuser and not reach.acts:
        hint = (
            f"{thing.owner} is a superuser, and only one of those takes from it; or leave what it "
            f"owns as it is: --leave {thing.owner}."
        )
        yield replace(found, hint=hint)
        return
    change = SQL("ALTER " + _OTHERS.get(thing.sort, "TABLE") + " ") + _spelt(thing)
    before, after = borrowed(state.version, thing.owner, reach)
    move = change + SQL(" OWNER TO {}").format(Identifier(wanted.owner))
    yield replace(found, statements=(*before, move, *after))


def _rights(thing: Thing, state: ServerState, wanted: Wanted) -> Iterator[Difference]:
    if thing.sort is Sort.TYPE:
        return
    word, rights = _RIGHTS.get(thing.sort, ("TABLE", ROWS))
    if rights == ROWS and thing.name[-1] == MIGRATIONS:
        rights = frozenset({"SELECT"})
    target = Target(subject=thing.subject, on=SQL(word + " ") + _spelt(thing))
    if thing.lacks:
        # In the name of who will own it: a new owner takes its predecessor's rights over.
        owner = thing.owner if thing.owner == DATABASE_OWNER else wanted.owner
        yield granted(target, owner, thing.lacks)
    if thing.sort is Sort.ROUTINE:
        yield from _lent(thing, target)
        return
    ignored, due = bystanders(state, wanted), {wanted.rw: rights}
    yield from compare(target, thing.access, due, ignored)
    # What is revoked from a table is revoked from its columns, too.
    columns = {
        grantee: rights - due.get(grantee, NONE) - thing.access.get(grantee, NONE)
        for grantee, rights in thing.columns.items()
    }
    yield from compare(replace(target, has="has {} on columns of"), columns, {}, ignored)


def _lent(thing: Thing, target: Target) -> Iterator[Difference]:
    """Compare a routine that lends its owner's rights: a migration says who may have them."""
    if thing.definer and EVERYBODY in thing.access:
        found = revoked(target, EVERYBODY, _EXECUTE)
        says = f"everybody may run {thing.subject} with its owner's rights"
        yield replace(found, says=says, hint="Grant it in the migration that makes it.")


def _spelt(thing: Thing) -> Composable:
    name = Identifier(*thing.name)
    # Postgres itself has quoted the arguments, types with their schemas.
    return name + SQL(f"({thing.arguments})") if thing.sort is Sort.ROUTINE else name


# --- future objects


def _defaults(contents: Contents, state: ServerState, wanted: Wanted) -> Iterator[Difference]:
    ignored = bystanders(state, wanted)
    found = {(one.role, one.schema, one.sort): one for one in contents.defaults}
    for sort in _FUTURE:
        empty = Defaults(role=wanted.owner, schema="", sort=sort, access={})
        found.setdefault((wanted.owner, "", sort), empty)
    for one in found.values():
        if one.role in state.superusers | wanted.leave:
            continue
        rights = _FUTURE.get(one.sort, NONE) if one.role == wanted.owner else NONE
        due: Access = {wanted.rw: rights} if rights else {}
        if one.schema:
            # A schema's own may repeat what holds everywhere, but not exceed it.
            due = {who: rights & one.access.get(who, NONE) for who in due}
        has = {who: given - _built_in(who, one.sort) for who, given in one.access.items()}
        yield from compare(_target(one, contents, state), has, due, ignored)


def _built_in(grantee: str, sort: str) -> frozenset[str]:
    return _BUILT_IN.get(sort, NONE) if grantee == EVERYBODY else NONE


def _target(one: Defaults, contents: Contents, state: ServerState) -> Target:
    where = f" in {one.schema}" if one.schema else ""
    begin = SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} ").format(Identifier(one.role))
    if one.schema:
        begin += SQL("IN SCHEMA {} ").format(Identifier(one.schema))
    reach = contents.reach.get(one.role, Reach(acts=True))
    return Target(
        subject=f"defaults of {one.role}",
        named=f"new {one.sort.lower()} of {one.role}{where}",
        on=SQL(one.sort),
        kind=Kind.DEFAULT,
        has="will have {} on",
        lacks="will lack {} on",
        begin=begin,
        around=borrowed(state.version, one.role, reach),
    )
