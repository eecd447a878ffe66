"""The three roles: owner, migrator and rw."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from psycopg.sql import SQL, Composed, Identifier, Literal

from perpetual.database.differences.statements import CURRENT_USER
from perpetual.database.model import OPTIONS_SINCE, Difference, Kind, Scope, Wanted
from perpetual.database.state import Membership, Role, ServerState

Verifier = Callable[[str, str], str]
"""From role and password to what Postgres stores of it; the password itself goes nowhere."""

_SUPERUSER: Final = "superuser"
_FULLY: Final = SQL(" WITH INHERIT TRUE, SET TRUE")
"""Both options of a membership, which the server's defaults may withhold."""


def of_roles(state: ServerState, wanted: Wanted, verifier: Verifier) -> Iterator[Difference]:
    """Yield what differs in the roles, in the order in which it can be put right."""
    for name in wanted.roles:
        login = name != wanted.owner
        role = state.roles.get(name)
        if role is None:
            yield _fix(Kind.MISSING, name, f"there is no role {name}", _create(name, login=login))
        else:
            yield from _attributes(name, role, state, login=login)
        if login and (role is None or name in state.refused):
            says = f"the password of {name} is not the wanted one"
            stored = verifier(name, wanted.passwords[name])
            yield _fix(Kind.PASSWORD, name, says, _alter(name, " PASSWORD ") + Literal(stored))
    if not state.acts:
        says = f"{state.user} may not act as {wanted.owner}"
        grant = SQL("GRANT {} TO ").format(Identifier(wanted.owner)) + CURRENT_USER
        if state.version >= OPTIONS_SINCE:
            grant += _FULLY
        yield _fix(Kind.MEMBERSHIP, wanted.owner, says, grant)
    yield from _migrator(state, wanted)
    for one in state.memberships:
        if _undue(one, state, wanted):
            says = f"{one.member} is in {one.group}"
            yield _fix(Kind.MEMBERSHIP, one.member, says, _revoke(one, state))


def _create(name: str, *, login: bool) -> Composed:
    return SQL("CREATE ROLE {} " + ("LOGIN" if login else "NOLOGIN")).format(Identifier(name))


def _alter(name: str, change: str) -> Composed:
    return SQL("ALTER ROLE {}" + change).format(Identifier(name))


def _attributes(name: str, role: Role, state: ServerState, *, login: bool) -> Iterator[Difference]:
    fix = partial(_fix, Kind.ATTRIBUTE, name)
    if _SUPERUSER in role.powers and state.user not in state.superusers:
        yield Difference(
            scope=Scope.SERVER,
            kind=Kind.ATTRIBUTE,
            subject=f"role {name}",
            says=f"{name} is a superuser",
            hint="Only another superuser takes that away, with ALTER ROLE .. NOSUPERUSER.",
        )
        return
    if role.login is not login:
        says = f"{name} {'may not' if login else 'may'} log in"
        yield fix(says, _alter(name, " LOGIN" if login else " NOLOGIN"))
    for power in sorted(role.powers):
        yield fix(f"{name} has {power.upper()}", _alter(name, f" NO{power.upper()}"))
    if login and role.expires:
        says = f"the password of {name} ends at {role.expires}"
        yield fix(says, _alter(name, " VALID UNTIL 'infinity'"))


def _migrator(state: ServerState, wanted: Wanted) -> Iterator[Difference]:
    """Compare the one membership that is due; each option holds if any of its grants has it."""
    fix = partial(_fix, Kind.MEMBERSHIP, wanted.migrator)
    member, group = wanted.migrator, wanted.owner
    held = [one for one in state.memberships if (one.member, one.group) == (member, group)]
    grant = SQL("GRANT {} TO {}").format(Identifier(group), Identifier(member))
    if state.version >= OPTIONS_SINCE:
        grant += _FULLY
    if not held:
        yield fix(f"{member} is not in {group}", grant)
    elif not any(one.set_role for one in held):
        yield fix(f"{member} may not work as {group}", grant)
    elif not any(one.inherit for one in held):
        yield fix(f"{member} does not inherit the rights of {group}", grant)
    for one in held:
        if one.admin:
            says = f"{member} may let others into {group}"
            yield fix(says, _revoke(one, state, "ADMIN OPTION FOR "))


def _undue(one: Membership, state: ServerState, wanted: Wanted) -> bool:
    """Tell whether a membership gives somebody rights that it should not have.

    The current user's own are left, and so are those of others who administer the role: whoever
    made one has its ADMIN OPTION from a superuser, and can let itself in at any time.
    """
    if one.member == state.user or (one.member, one.group) == (wanted.migrator, wanted.owner):
        return False
    if one.member in wanted.roles:
        return True
    administers = any(
        (other.group, other.member) == (one.group, one.member)
        and other.admin
        and other.grantor in state.superusers
        for other in state.memberships
    )
    return not administers and one.member not in state.superusers | wanted.leave


def _revoke(one: Membership, state: ServerState, option: str = "") -> Composed:
    """Return the revocation of one grant, with whatever its holder has granted in turn."""
    text = SQL("REVOKE " + option + "{} FROM {}")
    revoke = text.format(Identifier(one.group), Identifier(one.member))
    if state.version >= OPTIONS_SINCE and one.grantor != state.user:
        revoke += SQL(" GRANTED BY {}").format(Identifier(one.grantor))
    return revoke + SQL(" CASCADE")


def _fix(kind: Kind, name: str, says: str, statement: Composed) -> Difference:
    return Difference(
        scope=Scope.SERVER,
        kind=kind,
        subject=f"role {name}",
        says=says,
        statements=(statement,),
    )
