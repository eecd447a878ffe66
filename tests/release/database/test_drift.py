"""Drift: whatever it is, a plan has words for it, and one `apply` puts it right."""

from collections.abc import Sequence

import pytest

from tests.release.database import drifts, drifts_inside
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


@pytest.mark.parametrize("drift", drifts.ROLES + drifts.DATABASE, ids=lambda drift: drift.id)
def test_drift_outside_is_said_and_put_right(migrated: Database, drift: Drift) -> None:
    """One kind at a time, for they get in each other's way."""
    if migrated.postgres.version < drift.since:
        pytest.skip(f"Postgres {drift.since} brought it")
    check(migrated, [drift])


INSIDE = {
    "rights": drifts_inside.RIGHTS,
    "defaults": drifts_inside.DEFAULTS,
    "owners": drifts_inside.OWNERS,
}


@pytest.mark.parametrize("kinds", INSIDE.values(), ids=INSIDE)
def test_drift_inside_is_said_and_put_right(ready: Database, kinds: Sequence[Drift]) -> None:
    """All kinds at once, each with a table of its own."""
    tables = [f"CREATE TABLE t{number} (id serial, body text)" for number in range(len(kinds))]
    ready.migrate(*MIGRATIONS, *tables)
    ready.apply()
    ready.run("master", "CREATE ROLE {other}")
    version = ready.postgres.version
    check(ready, [drift for drift in kinds if drift.since <= version])
