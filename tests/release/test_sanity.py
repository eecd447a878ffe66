"""The sanity check of migrations: it passes on the example, and names faults that were planted."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from psycopg.sql import SQL

from perpetual.database.connection import connect
from perpetual.release import build, sanity
from perpetual.release.claims import CheckError
from perpetual.release.environment import Environment
from perpetual.release.ports import Ports
from perpetual.release.temporary import temporary, unique
from tests.release import command
from tests.release.support import ROOT
from tests.release.variants import edited, migrating, migration


@pytest.fixture(scope="module")
def database(built: build.Built) -> Iterator[Environment]:
    """Return an environment of which only the database runs."""
    made = Environment(root=ROOT, image=built.id, name=unique("perpetual-test"), ports=Ports.free())
    with temporary(made):
        made.up_database()
        yield made


@pytest.fixture
def empty(database: Environment) -> Environment:
    """Return it with nothing in it."""
    with connect(database.server()) as held:
        held.execute(SQL("SET ROLE app_owner"))
        held.execute(SQL("DROP DATABASE app WITH (FORCE)"))
    database.prepare()
    return database


# --- as a command


def test_the_example_is_sane(checkout: Path, built: build.Built) -> None:
    """Forth, back and forth again; without a previous image there is nothing to say of old code."""
    ran = command.run(checkout, "sanity", built.reference)
    assert (ran.code, ran.err) == (0, "")
    assert "ok  migrations stand alone: 3 migrations" in ran.out
    assert "ok  migrations: 3 tables; forth, back and forth again; seeds may run again" in ran.out
    assert "--  old code, new schema: no --previous image was given" in ran.out
    assert not (checkout / ".perpetual" / "receipts").exists()


def test_old_code_that_does_not_bear_the_new_schema(
    checkout: Path, built: build.Built, tmp_path: Path
) -> None:
    """Reading it does, and writing does not: whether it bears the schema is a field of its own."""
    up = '["ALTER TABLE orders ADD COLUMN note text NOT NULL"]'
    image = migrating(tmp_path, built.id, migration(up, '["ALTER TABLE orders DROP COLUMN note"]'))
    asked = ("--path", "/orders", "--path", "POST /orders?product=Mug")
    ran = command.run(checkout, "sanity", image, "--previous", built.reference, *asked, "--json")
    found = json.loads(ran.out)
    assert (ran.code, ran.err) == (1, "")
    assert found["backward_compatible"] is False
    assert found["previous"] == built.id
    assert found["migrations"][-1].endswith("_planted_0.exs")
    failed = {one["name"]: one["said"] for one in found["results"] if one["passed"] is not True}
    assert list(failed) == ["old code, new schema"]
    says = failed["old code, new schema"]
    assert f"the code of {built.reference} does not run with the schema of {image}" in says
    assert "POST /orders?product=Mug was answered 500" in says
    assert "add first, remove with a later release" in says


def test_an_image_that_is_not_there_is_a_sentence(checkout: Path, built: build.Built) -> None:
    """Be it the one to try, or the one before; nothing is started."""
    for arguments in (["nobody/knows:1"], [built.reference, "--previous", "nobody/knows:1"]):
        ran = command.run(checkout, "sanity", *arguments)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("perpetual: there is no image nobody/knows:1 here\n")
    assert not (checkout / ".perpetual").exists()


# --- planted faults

IRREVERSIBLE = {
    "leaving a table": (
        migration('["CREATE TABLE left_over (id int)"]'),
        "a migration is irreversible: rolled back, it leaves column left_over.id integer",
    ),
    "refusing": (
        migration('["SELECT 1"]', 'raise "there is no way back"'),
        "a migration is irreversible: there is no way back",
    ),
}


@pytest.mark.parametrize(("source", "says"), IRREVERSIBLE.values(), ids=IRREVERSIBLE)
def test_an_irreversible_migration(
    empty: Environment, tmp_path: Path, source: str, says: str
) -> None:
    """Whether it says so, or only leaves something behind."""
    image = migrating(tmp_path, empty.image, source)
    with pytest.raises(CheckError, match=says):
        sanity.migrations(replace(empty, image=image))


def test_a_migration_that_calls_application_code(tmp_path: Path, built: build.Built) -> None:
    """It is found in the source: today it may well run."""
    source = migration('(Shop.Catalog.products(); ["SELECT 1"])', '["SELECT 1"]')
    image = migrating(tmp_path, built.id, source)
    with pytest.raises(
        CheckError,
        match=r"_planted_0\.exs calls application code, Shop\.Catalog, in line 5: write what it",
    ):
        sanity.standing_alone(image)


ORDER = "INSERT INTO orders (product_id, quantity) SELECT id, 1 FROM products"
SEEDS = {
    "failing": ("ON CONFLICT (name) DO NOTHING", "", "they fail the second time: duplicate key"),
    "adding": (
        "    :ok\n",
        f'    Shop.Repo.query!("{ORDER}")\n    :ok\n',
        "table orders held 3 rows after the first run, and 6 after the second",
    ),
}


@pytest.mark.parametrize("case", SEEDS)
def test_a_seed_that_is_not_idempotent(
    empty: Environment, options: build.Options, tmp_path: Path, case: str
) -> None:
    """Whether the second run fails, or adds what is there already."""
    old, new, says = SEEDS[case]
    image = edited(options, tmp_path, {"lib/shop/seeds.ex": (old, new)})
    with pytest.raises(CheckError, match=f"the seeds are not idempotent: {says}"):
        sanity.migrations(replace(empty, image=image))


def test_a_migration_that_only_an_empty_database_bears(
    empty: Environment, built: build.Built, tmp_path: Path
) -> None:
    """On a fresh one there are no rows yet that it could fail on."""
    adding = "ALTER TABLE products ADD COLUMN stock integer NOT NULL"
    after = "ALTER TABLE products ALTER COLUMN stock SET DEFAULT 0"
    source = migration(f'["{adding}", "{after}"]', '["ALTER TABLE products DROP COLUMN stock"]')
    fresh = replace(empty, image=migrating(tmp_path, built.id, source))
    assert sanity.migrations(fresh).startswith("3 tables")
    with pytest.raises(CheckError, match=r"migrate fails on the rows of .*contains null values"):
        sanity.upgrade(fresh, built.id)
