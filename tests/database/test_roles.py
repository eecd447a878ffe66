"""Roles: what differs, in words and statements, by the server's version."""

from dataclasses import replace
from typing import Any

import pytest

from perpetual.database.model import Difference, Kind, Scope
from perpetual.database.state import Membership, Role
from tests.database.states import WANTED, differences, in_order, statements, with_role

VERSIONS = (15, 16, 17)


def only(found: list[Difference]) -> Difference:
    """Return the one difference that there is."""
    assert len(found) == 1, [one.says for one in found]
    return found[0]


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_differs_where_all_is_in_order(version: int) -> None:
    """On any version."""
    assert differences(in_order(version=version)) == []


def test_roles_are_made_before_what_names_them() -> None:
    """And passwords are set as what Postgres would store of them."""
    state = replace(in_order(), roles={}, acts=False, memberships=())
    assert statements(differences(state)) == [
        'CREATE ROLE "app_owner" NOLOGIN',
        'CREATE ROLE "app_migrator" LOGIN',
        "ALTER ROLE \"app_migrator\" PASSWORD 'stored app_migrator for-migrations'",
        'CREATE ROLE "app_rw" LOGIN',
        "ALTER ROLE \"app_rw\" PASSWORD 'stored app_rw for-rows'",
        'GRANT "app_owner" TO CURRENT_USER WITH INHERIT TRUE, SET TRUE',
        'GRANT "app_owner" TO "app_migrator" WITH INHERIT TRUE, SET TRUE',
    ]


def test_memberships_have_no_options_before_16() -> None:
    """The same, spelt as 15 takes it."""
    state = replace(in_order(version=15), acts=False, memberships=())
    assert statements(differences(state)) == [
        'GRANT "app_owner" TO CURRENT_USER',
        'GRANT "app_owner" TO "app_migrator"',
    ]


ATTRIBUTES = {
    "login of the owner": (
        "app_owner",
        Role(login=True),
        "app_owner may log in",
        'ALTER ROLE "app_owner" NOLOGIN',
    ),
    "no login": (
        "app_rw",
        Role(login=False),
        "app_rw may not log in",
        'ALTER ROLE "app_rw" LOGIN',
    ),
    "a power": (
        "app_rw",
        Role(login=True, powers=frozenset({"bypassrls"})),
        "app_rw has BYPASSRLS",
        'ALTER ROLE "app_rw" NOBYPASSRLS',
    ),
    "an end": (
        "app_migrator",
        Role(login=True, expires="2027-01-01 00:00:00+00"),
        "the password of app_migrator ends at 2027-01-01 00:00:00+00",
        "ALTER ROLE \"app_migrator\" VALID UNTIL 'infinity'",
    ),
}


@pytest.mark.parametrize(("name", "role", "says", "statement"), ATTRIBUTES.values(), ids=ATTRIBUTES)
def test_an_attribute_is_set_right(name: str, role: Role, says: str, statement: str) -> None:
    """By one statement."""
    found = only(differences(with_role(in_order(), name, role)))
    assert (found.scope, found.kind, found.subject) == (
        Scope.SERVER,
        Kind.ATTRIBUTE,
        f"role {name}",
    )
    assert found.says == says
    assert statements([found]) == [statement]


def test_a_refused_password_is_replaced() -> None:
    """And only that one."""
    found = only(differences(replace(in_order(), refused=frozenset({"app_rw"}))))
    assert found.kind is Kind.PASSWORD
    assert statements([found]) == ["ALTER ROLE \"app_rw\" PASSWORD 'stored app_rw for-rows'"]


def test_a_superuser_is_only_for_superusers_to_change() -> None:
    """The master is told so; one who is a superuser changes it."""
    role = Role(login=True, powers=frozenset({"superuser", "createdb"}))
    state = with_role(in_order(), "app_rw", role)
    found = only(differences(state))
    assert (found.says, found.statements) == ("app_rw is a superuser", ())
    able = replace(state, user="rdsadmin", memberships=state.memberships[-1:])
    assert statements(differences(able)) == [
        'ALTER ROLE "app_rw" NOCREATEDB',
        'ALTER ROLE "app_rw" NOSUPERUSER',
    ]


def grant(group: str, member: str, grantor: str = "master", **options: Any) -> Membership:
    """Return a membership."""
    return Membership(group=group, member=member, grantor=grantor, **options)


UNDUE = {
    "rw in owner": (grant("app_owner", "app_rw"), "app_rw is in app_owner"),
    "migrator in rw": (grant("app_rw", "app_migrator"), "app_migrator is in app_rw"),
    "ours in a strange one": (grant("staff", "app_rw", admin=True), "app_rw is in staff"),
    "a stranger in ours": (grant("app_owner", "intern"), "intern is in app_owner"),
    "a stranger that lets others in": (
        grant("app_owner", "intern", admin=True, inherit=False, set_role=False),
        "intern is in app_owner",
    ),
    "a stranger that may set": (
        grant("app_owner", "intern", inherit=False),
        "intern is in app_owner",
    ),
    "the master's own given away": (grant("master", "app_rw"), "app_rw is in master"),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("membership", "says"), UNDUE.values(), ids=UNDUE)
def test_an_undue_membership_goes(membership: Membership, says: str, version: int) -> None:
    """With whatever its holder granted in turn."""
    state = in_order(version=version)
    found = only(differences(replace(state, memberships=(*state.memberships, membership))))
    assert (found.kind, found.says) == (Kind.MEMBERSHIP, says)
    group, member = membership.group, membership.member
    assert statements([found]) == [f'REVOKE "{group}" FROM "{member}" CASCADE']


@pytest.mark.parametrize(
    ("version", "by"), [(15, ""), (16, ' GRANTED BY "chief"'), (17, ' GRANTED BY "chief"')]
)
def test_who_granted_it_counts_since_16(version: int, by: str) -> None:
    """Somebody else's grant is not one's own to revoke without a word."""
    state = in_order(version=version)
    membership = grant("app_owner", "app_rw", grantor="chief")
    found = differences(replace(state, memberships=(*state.memberships, membership)))
    assert statements(found) == [f'REVOKE "app_owner" FROM "app_rw"{by} CASCADE']


LEFT = {
    "the master's": grant("app_rw", "master"),
    "an administrator's": grant(
        "app_owner", "chief", "rdsadmin", admin=True, inherit=False, set_role=False
    ),
    "a superuser's": grant("app_owner", "rdsadmin"),
    "one by wish": grant("app_owner", "reports"),
}


@pytest.mark.parametrize("membership", LEFT.values(), ids=LEFT)
def test_some_memberships_are_nobodys_drift(membership: Membership) -> None:
    """Whoever administers a role is among its members from 16 on."""
    state, wanted = in_order(), replace(WANTED, leave=frozenset({"reports"}))
    state = replace(state, memberships=(*state.memberships, membership))
    assert differences(state, wanted=wanted) == []


def test_two_masters_leave_each_other_alone() -> None:
    """Who made the roles is no stranger to who looks after them next."""
    state = replace(in_order(), user="chief")
    assert differences(state) == []


OPTIONS = {
    "cannot set": (
        {"set_role": False},
        "app_migrator may not work as app_owner",
        'GRANT "app_owner" TO "app_migrator" WITH INHERIT TRUE, SET TRUE',
    ),
    "does not inherit": (
        {"inherit": False},
        "app_migrator does not inherit the rights of app_owner",
        'GRANT "app_owner" TO "app_migrator" WITH INHERIT TRUE, SET TRUE',
    ),
    "administers": (
        {"admin": True},
        "app_migrator may let others into app_owner",
        'REVOKE ADMIN OPTION FOR "app_owner" FROM "app_migrator" CASCADE',
    ),
}


@pytest.mark.parametrize(("options", "says", "statement"), OPTIONS.values(), ids=OPTIONS)
def test_the_migrators_membership_has_its_options(
    options: dict[str, Any], says: str, statement: str
) -> None:
    """To work as the owner, and to make nobody else able to."""
    state = in_order()
    *others, _ = state.memberships
    changed = grant("app_owner", "app_migrator", **options)
    found = only(differences(replace(state, memberships=(*others, changed))))
    assert found.says == says
    assert statements([found]) == [statement]


def test_options_of_two_grants_add_up() -> None:
    """Each of them by somebody else, and neither enough by itself."""
    state = in_order()
    *others, _ = state.memberships
    halves = (
        grant("app_owner", "app_migrator", inherit=False),
        grant("app_owner", "app_migrator", grantor="chief", set_role=False),
    )
    assert differences(replace(state, memberships=(*others, *halves))) == []
