"""Drift: whatever it is, a plan has words for it, and one `apply` puts it right."""

import pytest

from tests.release.database import drifts, drifts_inside
from tests.release.database.drifts import Drift
from tests.release.database.servers import Database

INSIDE = (*drifts_inside.RIGHTS, *drifts_inside.DEFAULTS, *drifts_inside.OWNERS)
ALL = (*drifts.ROLES, *drifts.DATABASE, *INSIDE)


@pytest.mark.parametrize("drift", ALL, ids=lambda drift: drift.id)
def test_drift_is_said_and_put_right(migrated: Database, drift: Drift) -> None:
    """By the one `apply`: the next plan has nothing to say."""
    if migrated.postgres.version < drift.since:
        pytest.skip(f"Postgres {drift.since} brought it")
    migrated.run(drift.role, *drift.statements)
    said = migrated.plan()
    for line in drift.says:
        assert any(one.startswith(migrated.spelt(line)) for one in said), said
    migrated.apply()
    assert migrated.plan() == []
