"""Drift: whatever it is, a plan has words for it, and one `apply` puts it right."""

from collections.abc import Sequence

import pytest

from tests.release.database import drifts, drifts_inside
from tests.release.database.catalogs import snapshot
from tests.release.database.drifts import Drift
from tests.release.database.migrated import MIGRATIONS
from tests.release.database.servers import Database


def check(database: Database, kinds: Sequence[Drift]) -> None:
    """Let each kind happen, and see it said, and put right by the one `apply`."""
    for number, drift in enumerate(kinds):
        database.run(drift.role, *(text.replace("@", f"t{number}") for text in drift.statements))
    said = database.plan()
    for number, drift in enumerate(kinds):
        for line in drift.says:
            expected = database.spelt(line).replace("@", f"t{number}")
            assert any(one.startswith(expected) for one in said), (expected, said)
    database.apply()
    assert database.plan() == []


def since(kinds: Sequence[Drift], version: int) -> list[Drift]:
    """Return the kinds that a version knows."""
    return [drift for drift in kinds if drift.since <= version]


@pytest.mark.parametrize("drift", drifts.ALONE, ids=lambda drift: drift.id)
def test_drift_is_said_and_put_right(migrated: Database, drift: Drift) -> None:
    """One kind at a time."""
    if not since([drift], migrated.postgres.version):
        pytest.skip(f"Postgres {drift.since} brought it")
    check(migrated, [drift])


@pytest.mark.parametrize("kinds", [drifts.ROLES, drifts.DATABASE], ids=["roles", "database"])
def test_drift_outside_is_said_and_put_right(migrated: Database, kinds: Sequence[Drift]) -> None:
    """All kinds at once that do not get in each other's way."""
    check(migrated, since(kinds, migrated.postgres.version))


INSIDE = {
    "rights": drifts_inside.RIGHTS,
    "defaults": drifts_inside.DEFAULTS,
    "owners": drifts_inside.OWNERS,
}


@pytest.mark.parametrize("kinds", INSIDE.values(), ids=INSIDE)
def test_drift_inside_is_said_and_put_right(ready: Database, kinds: Sequence[Drift]) -> None:
    """All kinds at once, each with a table of its own; nobody keeps the rights that it took."""
    tables = [f"CREATE TABLE t{number} (id serial, body text)" for number in range(len(kinds))]
    ready.migrate(*MIGRATIONS, *tables)
    ready.apply()
    ready.run("master", "CREATE ROLE {other}")
    before = snapshot(ready)["pg_auth_members"]
    check(ready, since(kinds, ready.postgres.version))
    assert snapshot(ready)["pg_auth_members"] == before
