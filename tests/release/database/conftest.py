"""Servers that the tests of this folder share: Postgres 17 and 15, each in one container."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.release.database import servers
from tests.release.database.migrated import MIGRATIONS
from tests.release.database.servers import Database, Postgres


@pytest.fixture(scope="session")
def certificates(bases: None, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: ARG001 - images first
    """Return a folder with an authority and a server's certificate."""
    return servers.certificates(tmp_path_factory.mktemp("certificates"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test a server of every version, or of those that its module names.

    What differs between them are roles, memberships, owners and locales; the rest needs one.
    """
    if "postgres" in metafunc.fixturenames:
        versions = getattr(metafunc.module, "VERSIONS", tuple(servers.IMAGES))
        ids = [f"postgres-{version}" for version in versions]
        metafunc.parametrize("postgres", versions, indirect=True, scope="session", ids=ids)


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest, certificates: Path) -> Iterator[Postgres]:
    """Return a server of one version."""
    with servers.running(request.param, certificates) as made:
        made.let_superuser_in()
        yield made


@pytest.fixture
def new(postgres: Postgres) -> Database:
    """Return a database that does not exist yet, nor do its roles."""
    return servers.database(postgres)


@pytest.fixture
def ready(new: Database) -> Database:
    """Return a database as `apply` leaves it."""
    new.apply()
    return new


@pytest.fixture(scope="session")
def kept(postgres: Postgres) -> list[Database]:  # noqa: ARG001 - one list for each server
    """Return where the migrated database of a server is kept between tests, if it is in order."""
    return []


@pytest.fixture
def migrated(
    request: pytest.FixtureRequest, new: Database, kept: list[Database]
) -> Iterator[Database]:
    """Return a database in order with one of each sort of object, and a role of somebody else's.

    It is the same from test to test, for each puts right what it did; one that fails ends it.
    """
    if not kept:
        new.apply()
        new.migrate(*MIGRATIONS)
        new.apply()
        new.run("master", "CREATE ROLE {other}")
        kept.append(new)
    failed = request.session.testsfailed
    yield kept[0]
    if request.session.testsfailed > failed:
        kept.clear()
