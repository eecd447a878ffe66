"""The release and its database, when something is wrong with either: sentences, and a way back."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from psycopg.sql import SQL

from perpetual.database.connection import connect
from perpetual.errors import OperatorError
from perpetual.release import docker
from perpetual.release.environment import DATABASE, NODES, Environment
from tests.release.conftest import Measured
from tests.release.support import Node, until
from tests.release.variants import LATEST, migrating, migration

BEFORE = "20260103000000"
"""The example's own last migration."""


def refused(environment: Environment, *command: str, **options: str) -> str:
    """Run a command that has to fail with 1, and return its last words."""
    with pytest.raises(OperatorError) as caught:
        environment.one_off(*command, variables=options)
    return caught.value.detail


def tables(environment: Environment) -> set[str]:
    """Return the tables there are."""
    with connect(replace(environment.server("app_migrator"), database=DATABASE)) as held:
        rows = held.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {name for (name,) in rows}


def versions(environment: Environment) -> set[int]:
    """Return the migrations that have run."""
    with connect(replace(environment.server("app_migrator"), database=DATABASE)) as held:
        return {version for (version,) in held.execute("SELECT version FROM schema_migrations")}


@pytest.fixture
def served(environment: Environment) -> Iterator[Environment]:
    """Return the environment, and see in the end that it serves as before."""
    yield environment
    environment.up_database()
    environment.start()
    until("products are served", lambda: environment.client.serves("/products"))


# --- what the release says


def test_a_wrong_authority(environment: Environment) -> None:
    """The bundle of RDS knows nothing of this server."""
    said = refused(environment, "status", PGSSLROOTCERT="/app/rds-global-bundle.pem")
    assert "none of the authorities in PGSSLROOTCERT signed the server's certificate" in said


def test_an_authority_that_is_no_file(environment: Environment) -> None:
    """Nor is it taken for one that signed everything."""
    said = refused(environment, "status", PGSSLROOTCERT="/app/nothing.pem")
    assert "PGSSLROOTCERT is no readable file of certificates" in said


def test_a_wrong_host_name(environment: Environment) -> None:
    """The right server, by an address that its certificate is not for."""
    url = f"postgres://app_rw:any@{environment.project.address('database')}:5432/app"
    said = refused(environment, "status", DATABASE_URL=url)
    assert "the server's certificate is for another host than DATABASE_URL names" in said


def test_a_wrong_password(environment: Environment) -> None:
    """It is not repeated."""
    said = refused(environment, "status", DATABASE_URL="postgres://app_rw:wrong@database/app")
    assert 'password authentication failed for user "app_rw"' in said
    assert "wrong" not in said


def test_a_host_that_is_nobody(environment: Environment) -> None:
    """As the network says it."""
    said = refused(environment, "status", DATABASE_URL="postgres://app_rw:any@nobody/app")
    assert "cannot connect to the database: non-existing domain" in said


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"DATABASE_URL": ""}, "not set in its environment: DATABASE_URL"),
        ({"DATABASE_URL": "", "PGSSLMODE": ""}, "environment: DATABASE_URL, PGSSLMODE"),
        ({"PGSSLMODE": "require"}, 'PGSSLMODE is "require": the release connects with verify-full'),
        ({"POOL_SIZE": "many"}, 'POOL_SIZE is "many", and has to be a whole number, such as 4'),
        ({"RELEASE_COOKIE": "-a"}, "RELEASE_COOKIE begins with - or +, which the VM does not take"),
    ],
)
def test_a_variable_that_is_missing_or_wrong(
    environment: Environment, variables: dict[str, str], says: str
) -> None:
    """It is named; no crash report follows."""
    said = refused(environment, "migrate", **variables)
    assert says in said
    assert len(said.splitlines()) <= 2


def test_a_migration_needs_nothing_that_only_the_web_does(environment: Environment) -> None:
    """As its task has less in its environment."""
    without = dict.fromkeys(("PHX_HOST", "PORT", "RELEASE_COOKIE", "SECRET_KEY_BASE"), "")
    assert environment.one_off("migrate", variables=without) == "nothing to migrate\n"


# --- a database that goes, or changes


def test_a_database_that_goes_and_comes_back(served: Environment) -> None:
    """Nodes stay healthy, for to restart them would cure nothing, and find back by themselves."""
    database = served.project.container("database")
    docker.run("stop", database)
    until("products are an error", lambda: served.client.status("/products") == 500)
    for number in range(len(NODES)):
        assert served.node(number).serves("/health")
        assert served.node(number).serves("/ready")
    docker.run("start", database)
    until("products are served", lambda: served.client.serves("/products"))


def test_a_password_that_somebody_changed(served: Environment) -> None:
    """The node says so and stays; `apply`, as `up` runs it, puts it right."""
    with connect(served.server()) as held:
        held.execute(SQL("ALTER ROLE app_rw PASSWORD 'another'"))
    node = served.project.container(NODES[0])
    docker.run("restart", node)
    until("it says so", lambda: "password authentication failed" in Node(node).log)
    until("it is healthy", lambda: served.node(0).serves("/health"))
    secure = {"x-forwarded-proto": "https"}
    assert served.node(0).ask("/products", headers=secure).status == 500
    served.prepare()
    until(
        "it serves",
        lambda: served.node(0).ask("/products", headers=secure).status == 200,
    )


EXPIRE = """
cd /certificates
openssl x509 -in database.pem -x509toreq -signkey database.key -out /tmp/csr 2>/dev/null
openssl x509 -req -in /tmp/csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile database.ext \
    -not_before 20200101000000Z -not_after 20200102000000Z -out database.pem 2>/dev/null
"""


def test_a_certificate_that_has_expired(served: Environment) -> None:
    """Both sides refuse it by name; `up` makes another, and the server takes it."""
    docker.run(
        *("run", "--rm", "--user", "root", "--network", "none", "--entrypoint", "/bin/sh"),
        *("--volume", f"{served.project.certificates}:/certificates", served.image, "-c", EXPIRE),
    )
    docker.run("restart", served.project.container("database"))
    until("it is refused for that", lambda: "expired" in _refusal(served))
    said = refused(served, "status")
    assert "the server's certificate has expired" in said
    served.up_database()
    assert "up 20260103000000" in served.one_off("status")


def _refusal(environment: Environment) -> str:
    """Return why there is no connection to the database."""
    try:
        with connect(environment.server()):
            return ""
    except OperatorError as error:
        return str(error)


# --- migrations

ONE, TWO = '"CREATE TABLE one (id int)"', '"CREATE TABLE two (id int)"'
BACK = '["DROP TABLE one, two"]'
HALF = migration(f"[{ONE}, {ONE}]")
WHOLE = migration(f"[{ONE}, {TWO}]", BACK)
SLOW = migration(f'[{ONE}, "SELECT pg_sleep(SECONDS)", {TWO}]', BACK)


@pytest.fixture
def migrated(environment: Environment, tmp_path: Path) -> Iterator[Environment]:
    """Return the environment, and undo in the end what a further migration made."""
    yield environment
    if LATEST in versions(environment):
        repaired = migrating(tmp_path, environment.image, WHOLE)
        environment.one_off("rollback", BEFORE, image=repaired)
    assert not tables(environment) & {"one", "two"}


def test_a_migration_that_fails_half_way(migrated: Environment, tmp_path: Path) -> None:
    """It changes nothing, and the release goes on; repaired, it completes."""
    half = migrating(tmp_path, migrated.image, HALF)
    with pytest.raises(OperatorError) as caught:
        migrated.one_off("migrate", image=half)
    assert caught.value.detail == (
        f"migration {LATEST} (Shop.Repo.Migrations.Planted) failed up, and changed nothing: "
        'relation "one" already exists'
    )
    assert "one" not in tables(migrated)
    assert LATEST not in versions(migrated)
    assert migrated.client.serves("/products")
    repaired = migrating(tmp_path, migrated.image, WHOLE)
    assert f"migrated to {LATEST}\n" in migrated.one_off("migrate", image=repaired)
    assert {"one", "two"} <= tables(migrated)


def test_two_migrators_at_once(migrated: Environment, tmp_path: Path) -> None:
    """One works and the other waits, says so, and has nothing left to do."""
    slow = migrating(tmp_path, migrated.image, SLOW.replace("SECONDS", "4"))
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(migrated.one_off, "migrate", image=slow) for _ in range(2)]
        said = sorted((run.result() for run in runs), key=len)
    waiting = "another migration is running: waiting for it to end\nnothing to migrate\n"
    assert waiting in said
    said.remove(waiting)
    assert f"migrated to {LATEST}\n" in said[0]


@pytest.mark.parametrize("signal", ["TERM", "KILL"])
def test_a_migrator_that_is_ended(
    migrated: Environment, tmp_path: Path, signal: str, measured: Measured
) -> None:
    """Nothing of its migration stays, nor its lock: the next completes."""
    slow = migrating(tmp_path, migrated.image, SLOW.replace("SECONDS", "600"))
    with ThreadPoolExecutor() as pool:
        run = pool.submit(migrated.one_off, "migrate", image=slow)
        label = f"label={migrated.project.task_label}"
        until("it is at work", lambda: _asleep(migrated))
        (task,) = docker.run("ps", "--quiet", "--filter", label).split()
        start = time.monotonic()
        docker.run("kill", "--signal", signal, task)
        with pytest.raises(OperatorError):
            run.result()
        measured(f"migrate: ended {time.monotonic() - start:.1f} s after SIG{signal}")
    until("its connection has gone", lambda: not _asleep(migrated))
    assert "one" not in tables(migrated)
    assert LATEST not in versions(migrated)
    whole = migrating(tmp_path, migrated.image, WHOLE)
    assert f"migrated to {LATEST}\n" in migrated.one_off("migrate", image=whole)


def _asleep(environment: Environment) -> bool:
    with connect(environment.server()) as held:
        found = held.execute(
            "SELECT FROM pg_stat_activity WHERE usename = 'app_migrator' AND state = 'active'"
        )
        return found.fetchone() is not None


def test_a_version_that_is_none(environment: Environment) -> None:
    """To roll back to; those that are there are named."""
    with pytest.raises(OperatorError) as caught:
        environment.one_off("rollback", "20250101000000")
    assert "there is no migration 20250101000000 to roll back to; there are:" in caught.value.detail
    assert BEFORE in caught.value.detail
