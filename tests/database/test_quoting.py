"""Names and passwords, whatever they are: data in every statement, and never part of it."""

import re
from dataclasses import replace
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from perpetual.database.model import ROWS, Wanted
from perpetual.database.state import Defaults, Reach, Role, Sort, Thing
from tests.database.states import differences, holding, in_order, statements

# A statement's parts as Postgres reads them; an `E` before a text makes backslashes special.
# https://www.postgresql.org/docs/17/sql-syntax-lexical.html
_PARTS: Final = re.compile(
    r"""\s*(?:"(?P<name>(?:[^"]|"")*)"|(?P<escape>E)?'(?P<text>(?:[^'\\]|''|\\.)*)'"""
    r"""|(?P<word>[A-Za-z_0-9]+|[(),.;=-]))""",
    re.DOTALL,
)

names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20
)
nasty = st.sampled_from(['"', '""', "'", "\\'", "--", ";", "{}", "{0}", "%s", "$1", "é'✓", " "])
databases = st.one_of(names, nasty).filter(
    lambda name: (
        len(name.encode()) <= 63
        and not name.startswith("pg_")
        and name not in {"postgres", "rdsadmin", "template0", "template1"}
    )
)
passwords = st.one_of(names, nasty)


def parts(statement: str) -> tuple[list[str], list[str]]:
    """Return a statement's words, with a sign in place of each name and text, and those."""
    words, data, position = [], [], 0
    while position < len(statement):
        part = _PARTS.match(statement, position)
        assert part, f"no SQL: {statement[position:]}"
        position = part.end()
        if part["name"] is not None:
            words.append("name")
            data.append(part["name"].replace('""', '"'))
        elif part["text"] is not None:
            assert part["escape"] or "\\" not in part["text"]
            words.append("text")
            text = part["text"].replace("''", "'")
            data.append(re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL))
        else:
            words.append(part["word"])
    return words, data


def everything(wanted: Wanted, other: str) -> list[str]:
    """Return the statements for a server without roles and database, and for one all in drift."""
    none = replace(in_order(wanted), roles={}, acts=False, database=None, memberships=())
    owned = {
        "owner": other,
        "access": {other: ROWS},
        "columns": {other: frozenset({"REFERENCES"})},
    }
    added = (
        Thing(sort=Sort.SCHEMA, name=(other,), owner=other),
        Thing(sort=Sort.TABLE, name=(other, other), **owned),  # type: ignore[arg-type]  # fields of several types
        Thing(sort=Sort.ROUTINE, name=(other, other), arguments="integer", owner=other),
    )
    drift = replace(
        in_order(wanted),
        roles={name: Role(login=False, expires="2027-01-01") for name in wanted.roles},
        settings=(),
        refused=frozenset(wanted.passwords),
    )
    held = holding(*added, wanted=wanted)
    future = Defaults(role=other, schema=other, sort="TABLES", access={wanted.rw: ROWS})
    held = replace(
        held,
        defaults=(*held.defaults, future),
        reach={**held.reach, other: Reach(acts=False)},
    )
    return [
        *statements(differences(none, wanted=wanted)),
        *statements(differences(drift, held, wanted)),
    ]


@given(databases, names.map("other {}".format), passwords, passwords)
def test_names_and_passwords_are_data(
    database: str, other: str, migrator_password: str, rw_password: str
) -> None:
    """Each statement has the words that it has for plain ones, and the data comes back whole."""
    plain = Wanted(database="app", migrator_password="m", rw_password="r")  # noqa: S106 - of nothing
    wanted = Wanted(database=database, migrator_password=migrator_password, rw_password=rw_password)
    found = [parts(statement) for statement in everything(wanted, other)]
    expected = [parts(statement) for statement in everything(plain, "other")]
    assert sorted(words for words, _ in found) == sorted(words for words, _ in expected)
    places = {
        "app": database,
        "other": other,
        "app_owner": wanted.owner,
        "app_migrator": wanted.migrator,
        "app_rw": wanted.rw,
        "stored app_migrator m": f"stored {wanted.migrator} {migrator_password}",
        "stored app_rw r": f"stored {wanted.rw} {rw_password}",
    }
    assert sorted([places.get(item, item) for item in data] for _, data in expected) == sorted(
        data for _, data in found
    )
