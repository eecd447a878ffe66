"""The database from inside: owners, rights, and what future objects grant."""

from dataclasses import replace

import pytest

from perpetual.database.model import NUMBERS, ROWS, Kind, Scope
from perpetual.database.state import EVERYBODY, OPTION, Contents, Defaults, Reach, Sort, Thing
from tests.database.states import (
    USAGE,
    WANTED,
    differences,
    holding,
    in_order,
    statements,
    thing,
    things,
)

SELECT = frozenset({"SELECT"})
CLERK = Reach(acts=True)
FOR_OWNER = 'ALTER DEFAULT PRIVILEGES FOR ROLE "app_owner"'


def test_nothing_differs_where_all_is_in_order() -> None:
    """One object of some sorts, each as it should be."""
    assert differences(in_order(), holding()) == []


OWNED = {
    Sort.TABLE: 'ALTER TABLE "public"."x" OWNER TO "app_owner"',
    Sort.VIEW: 'ALTER TABLE "public"."x" OWNER TO "app_owner"',
    Sort.MATERIALIZED_VIEW: 'ALTER TABLE "public"."x" OWNER TO "app_owner"',
    Sort.FOREIGN_TABLE: 'ALTER TABLE "public"."x" OWNER TO "app_owner"',
    Sort.SEQUENCE: 'ALTER TABLE "public"."x" OWNER TO "app_owner"',
    Sort.TYPE: 'ALTER TYPE "public"."x" OWNER TO "app_owner"',
    Sort.ROUTINE: 'ALTER ROUTINE "public"."x"() OWNER TO "app_owner"',
}
DUE = {Sort.SEQUENCE: NUMBERS, Sort.TYPE: frozenset[str](), Sort.ROUTINE: frozenset[str]()}


@pytest.mark.parametrize(("sort", "statement"), OWNED.items())
def test_an_object_of_somebody_else_is_taken_over(sort: Sort, statement: str) -> None:
    """Each sort by SQL's word for it."""
    added = thing(sort, "x", {"app_rw": DUE.get(sort, ROWS)}, owner="clerk")
    (found,) = differences(in_order(), holding(added, clerk=CLERK))
    assert (found.scope, found.kind) == (Scope.DATABASE, Kind.OWNER)
    assert found.says == f"{found.subject} belongs to clerk"
    assert statements([found]) == [statement]


def test_a_schema_is_taken_over_before_what_it_holds() -> None:
    """Its new owner has to be able to make things there."""
    schema = Thing(sort=Sort.SCHEMA, name=("audit",), owner="clerk", access={"app_rw": USAGE})
    table = Thing(sort=Sort.TABLE, name=("audit", "x"), owner="clerk", access={"app_rw": ROWS})
    held = Contents(things=(schema, table), defaults=holding().defaults, reach={"clerk": CLERK})
    assert statements(differences(in_order(), held)) == [
        'ALTER SCHEMA "audit" OWNER TO "app_owner"',
        'ALTER TABLE "audit"."x" OWNER TO "app_owner"',
    ]


def test_what_was_made_by_the_application_is_its_to_use() -> None:
    """What it had by owning it, it has no more."""
    added = thing(Sort.TABLE, "x", {}, owner="app_rw")
    assert statements(differences(in_order(), holding(added, app_rw=CLERK))) == [
        'ALTER TABLE "public"."x" OWNER TO "app_owner"',
        'GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."x" TO "app_rw"',
    ]


def test_a_sequence_of_a_column_goes_with_its_table() -> None:
    """Postgres refuses to take it over by itself."""
    added = thing(Sort.SEQUENCE, "x", {"app_rw": NUMBERS}, owner="clerk", linked=True)
    assert differences(in_order(), holding(added)) == []


def test_what_a_superuser_owns_is_only_said() -> None:
    """And left where it is told to be."""
    added = thing(Sort.TABLE, "x", {"app_rw": ROWS}, owner="rdsadmin")
    held = holding(added, rdsadmin=Reach(acts=False, superuser=True))
    (found,) = differences(in_order(), held)
    assert found.statements == ()
    assert "--leave rdsadmin" in found.hint
    assert differences(in_order(), held, replace(WANTED, leave=frozenset({"rdsadmin"}))) == []


def test_a_schema_that_is_left_is_left_with_all_in_it() -> None:
    """Whoever owns that."""
    schema = Thing(sort=Sort.SCHEMA, name=("theirs",), owner="clerk")
    table = Thing(sort=Sort.TABLE, name=("theirs", "x"), owner="app_owner")
    held = replace(holding(), things=(schema, *things(), table), reach={"clerk": CLERK})
    assert differences(in_order(), held, replace(WANTED, leave=frozenset({"clerk"}))) == []


RIGHTS = {
    "too much": (
        thing(Sort.TABLE, "x", {"app_rw": ROWS | {"TRUNCATE", "TRIGGER"}}),
        ["app_rw has TRIGGER, TRUNCATE on table public.x"],
        ['REVOKE TRIGGER, TRUNCATE ON TABLE "public"."x" FROM "app_rw" CASCADE'],
    ),
    "too little": (
        thing(Sort.VIEW, "x", {"app_rw": SELECT}),
        ["app_rw lacks DELETE, INSERT, UPDATE on view public.x"],
        ['GRANT DELETE, INSERT, UPDATE ON TABLE "public"."x" TO "app_rw"'],
    ),
    "a sequence's": (
        thing(Sort.SEQUENCE, "x", {"app_rw": NUMBERS | {"UPDATE"}}),
        ["app_rw has UPDATE on sequence public.x"],
        ['REVOKE UPDATE ON SEQUENCE "public"."x" FROM "app_rw" CASCADE'],
    ),
    "the migrator's own": (
        thing(Sort.TABLE, "x", {"app_rw": ROWS, "app_migrator": SELECT}),
        ["app_migrator has SELECT on table public.x"],
        ['REVOKE SELECT ON TABLE "public"."x" FROM "app_migrator" CASCADE'],
    ),
    "versions": (
        thing(Sort.TABLE, "schema_migrations", {"app_rw": frozenset({"SELECT", "INSERT"})}),
        ["app_rw has INSERT on table public.schema_migrations"],
        ['REVOKE INSERT ON TABLE "public"."schema_migrations" FROM "app_rw" CASCADE'],
    ),
    "handed on with the right": (
        thing(Sort.TABLE, "x", {"app_rw": ROWS | {"TRIGGER", f"{OPTION}TRIGGER"}}),
        ["app_rw has TRIGGER on table public.x"],
        ['REVOKE TRIGGER ON TABLE "public"."x" FROM "app_rw" CASCADE'],
    ),
    "columns": (
        thing(Sort.TABLE, "x", {"app_rw": ROWS}, columns={"": SELECT, "app_rw": SELECT}),
        ["everybody has SELECT on columns of table public.x"],
        ['REVOKE SELECT ON TABLE "public"."x" FROM PUBLIC CASCADE'],
    ),
    "columns and table": (
        thing(Sort.TABLE, "x", {"app_rw": ROWS, "": SELECT}, columns={"": SELECT}),
        ["everybody has SELECT on table public.x"],
        ['REVOKE SELECT ON TABLE "public"."x" FROM PUBLIC CASCADE'],
    ),
    "the owner's own": (
        thing(Sort.TABLE, "x", {"app_rw": ROWS}, lacks=SELECT),
        ["app_owner lacks SELECT on table public.x"],
        ['GRANT SELECT ON TABLE "public"."x" TO "app_owner"'],
    ),
    "a routine that lends rights": (
        thing(Sort.ROUTINE, "f", {"": frozenset({"EXECUTE"})}, arguments="a int", definer=True),
        ["everybody may run routine public.f(a int) with its owner's rights"],
        ['REVOKE EXECUTE ON ROUTINE "public"."f"(a int) FROM PUBLIC CASCADE'],
    ),
}


@pytest.mark.parametrize(("added", "says", "due"), RIGHTS.values(), ids=RIGHTS)
def test_rights_are_set_right(added: Thing, says: list[str], due: list[str]) -> None:
    """By as few statements as there are grantees."""
    kept = [one for one in things() if one.name != added.name]
    found = differences(in_order(), replace(holding(), things=(*kept, added)))
    assert [one.says for one in found] == says
    assert {one.kind for one in found} == {Kind.GRANT}
    assert statements(found) == due


NO_DRIFT = {
    "granted by a migration": thing(
        Sort.ROUTINE, "f", {"app_rw": frozenset({"EXECUTE"})}, definer=True
    ),
    "runs with its caller's rights": thing(Sort.ROUTINE, "f", {"": frozenset({"EXECUTE"})}),
    "everybody may use a type": thing(Sort.TYPE, "t", {"": USAGE}),
    "the master's": thing(Sort.TABLE, "x", {"app_rw": ROWS, "master": ROWS}),
}


@pytest.mark.parametrize("added", NO_DRIFT.values(), ids=NO_DRIFT)
def test_some_rights_are_no_drift(added: Thing) -> None:
    """They lend nobody a row that it could not reach."""
    assert differences(in_order(), holding(added)) == []


FUTURE = {
    "too much": (
        Defaults(
            role="app_owner", schema="", sort="TABLES", access={"app_rw": ROWS | {"TRUNCATE"}}
        ),
        "app_rw will have TRUNCATE on new tables of app_owner",
        f'{FOR_OWNER} REVOKE TRUNCATE ON TABLES FROM "app_rw" CASCADE',
    ),
    "too little": (
        Defaults(role="app_owner", schema="", sort="SEQUENCES", access={"app_rw": SELECT}),
        "app_rw will lack USAGE on new sequences of app_owner",
        f'{FOR_OWNER} GRANT USAGE ON SEQUENCES TO "app_rw"',
    ),
    "in a schema": (
        Defaults(role="app_owner", schema="audit", sort="TABLES", access={EVERYBODY: SELECT}),
        "everybody will have SELECT on new tables of app_owner in audit",
        f'{FOR_OWNER} IN SCHEMA "audit" REVOKE SELECT ON TABLES FROM PUBLIC CASCADE',  # noqa: S608 - a text to compare with
    ),
    "somebody else's": (
        Defaults(role="clerk", schema="", sort="TABLES", access={"app_rw": SELECT}),
        "app_rw will have SELECT on new tables of clerk",
        'ALTER DEFAULT PRIVILEGES FOR ROLE "clerk" REVOKE SELECT ON TABLES FROM "app_rw" CASCADE',
    ),
}


@pytest.mark.parametrize(("default", "says", "statement"), FUTURE.values(), ids=FUTURE)
def test_what_future_objects_grant_is_set_right(
    default: Defaults, says: str, statement: str
) -> None:
    """By one statement."""
    held = holding(clerk=CLERK)
    kept = [one for one in held.defaults if (one.sort, default.schema) != (default.sort, "")]
    if default.role != "app_owner":
        kept = list(held.defaults)
    (found,) = differences(in_order(), replace(held, defaults=(*kept, default)))
    assert (found.kind, found.says) == (Kind.DEFAULT, says)
    assert statements([found]) == [statement]


NO_FUTURE_DRIFT = {
    "the same again in a schema": Defaults(
        role="app_owner", schema="audit", sort="TABLES", access={"app_rw": SELECT}
    ),
    "Postgres's own": Defaults(
        role="app_owner", schema="", sort="FUNCTIONS", access={"": frozenset({"EXECUTE"})}
    ),
    "a superuser's": Defaults(role="rdsadmin", schema="", sort="TABLES", access={"": SELECT}),
    "one by wish": Defaults(role="reports", schema="", sort="TABLES", access={"": SELECT}),
}


@pytest.mark.parametrize("default", NO_FUTURE_DRIFT.values(), ids=NO_FUTURE_DRIFT)
def test_some_of_it_is_no_drift(default: Defaults) -> None:
    """It gives nobody more than it would have."""
    held = holding()
    wanted = replace(WANTED, leave=frozenset({"reports"}))
    found = differences(in_order(), replace(held, defaults=(*held.defaults, default)), wanted)
    assert found == []
