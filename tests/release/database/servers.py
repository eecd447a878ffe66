"""Postgres servers in containers, without the rest of an environment, and databases on them."""

import base64
import hashlib
import hmac
import os
import secrets
import uuid
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from perpetual.database import execute
from perpetual.database.connection import connect
from perpetual.database.model import Difference, Server, Wanted
from perpetual.release import docker
from tests.release.support import ROOT, until

IMAGES = {17: "perpetual-test/postgres:trixie", 15: "perpetual-test/postgres:bookworm"}

# Debian 12's Postgres on Debian 13's base: seconds, where a base of its own would take a minute.
OLDER = """
FROM perpetual-test/runner:trixie
RUN sed 's/ trixie / bookworm /' /etc/apt/sources.list > /etc/apt/sources.list.d/bookworm.list \
    && apt-get update && apt-get install -y --no-install-recommends postgresql-15 \
    && rm -rf /var/lib/apt/lists/*
"""

# Nobody misses these servers' data.
SETTINGS = ("fsync=off", "autovacuum=off", "unix_socket_directories=/tmp")

# The superuser logs in nowhere, on RDS as here, unless a test plays the part of RDS itself.
LET_IN = """
echo 'local all rdsadmin trust' >>/var/lib/perpetual/data/pg_hba.conf
kill -HUP 1
psql=$(ls /usr/lib/postgresql/*/bin/psql)
until "$psql" -qAt -h /tmp -U rdsadmin -c '' postgres 2>/dev/null; do sleep 0.05; done
exec "$psql" -q -v ON_ERROR_STOP=1 -h /tmp -U rdsadmin postgres
"""
READY = "database system is ready to accept connections"

MASTER = "master"
SUPERUSER = "rdsadmin"
ROLES = {"master": MASTER, "superuser": SUPERUSER}

Session = Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Postgres:
    """A running server."""

    container: str
    folder: Path
    passwords: dict[str, str]
    version: int

    @cached_property
    def port(self) -> int:
        """Return its port on loopback."""
        return int(docker.run("port", self.container, "5432/tcp").rsplit(":", 1)[1])

    @property
    def ca_file(self) -> Path:
        """Return the certificate of the authority that signed its own."""
        return self.folder / "ca.pem"

    @property
    def log(self) -> str:
        """Return what it has logged."""
        return docker.call(["docker", "logs", self.container], both=True)

    def server(self, user: str = MASTER, database: str = "postgres") -> Server:
        """Return how to reach it as the master or the superuser."""
        return Server(
            host="localhost",
            port=self.port,
            user=user,
            password=self.passwords[user],
            ca_file=self.ca_file,
            database=database,
        )

    def let_superuser_in(self) -> None:
        """Give the superuser a password, and make the master's quick to check."""
        statements = [
            f"ALTER ROLE {user} PASSWORD '{quick(password)}';"
            for user, password in self.passwords.items()
        ]
        command = ("exec", "--interactive", self.container, "/bin/sh", "-euc", LET_IN)
        docker.run(*command, given="".join(statements))

    def superuser(self, database: str = "postgres") -> AbstractContextManager[Session]:
        """Connect as the superuser, whom RDS keeps for itself."""
        return connect(self.server(SUPERUSER, database))


@dataclass(frozen=True)
class Database:
    """A database by name, which need not exist, with its roles and their passwords."""

    postgres: Postgres
    wanted: Wanted

    @property
    def server(self) -> Server:
        """Return how `plan` and `apply` reach the server."""
        return self.postgres.server()

    @property
    def name(self) -> str:
        """Return the database's name."""
        return self.wanted.database

    def plan(self) -> list[str]:
        """Return what differs, in words."""
        return [one.says for one in execute.plan(self.server, self.wanted)]

    def apply(self) -> list[Difference]:
        """Put right what differs."""
        return execute.apply(self.server, self.wanted)

    def connect(self, role: str) -> AbstractContextManager[Session]:
        """Connect to the database as `rw`, `migrator`, the master or the superuser."""
        if role in ROLES:
            return connect(self.postgres.server(ROLES[role], self.name))
        user = {"rw": self.wanted.rw, "migrator": self.wanted.migrator}[role]
        password = self.wanted.passwords[user]
        return connect(replace(self.server, user=user, password=password, database=self.name))

    def run(self, role: str, *statements: str) -> None:
        """Run statements, in which `{owner}` and the like are names; see `names`."""
        names = {key: Identifier(name) for key, name in self.names.items()}
        with self.connect(role) as session:
            for statement in statements:
                session.execute(SQL(statement).format(**names))

    def migrate(self, *statements: str) -> None:
        """Do what a migration would."""
        self.run("migrator", *statements)

    @property
    def names(self) -> dict[str, str]:
        """Return the database's names, and that of a role of somebody else's."""
        return {
            "database": self.name,
            "owner": self.wanted.owner,
            "migrator": self.wanted.migrator,
            "rw": self.wanted.rw,
            "other": f"{self.name}_other",
        }

    def spelt(self, text: str) -> str:
        """Return a text with the names in it."""
        return text.format(**self.names)


def quick(password: str) -> str:
    """Return what Postgres stores of a password, with 1 round of hashing in place of 4096.

    Tests connect thousands of times, and that would be most of what they do. The form:
    https://www.postgresql.org/docs/17/catalog-pg-authid.html
    """
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    parts = (salt, stored, hmac.digest(salted, b"Server Key", "sha256"))
    encoded = [base64.b64encode(part).decode() for part in parts]
    return "SCRAM-SHA-256$1:{}${}:{}".format(*encoded)


def database(postgres: Postgres, name: str | None = None, **fields: Any) -> Database:
    """Return a database that nobody else has, or one of a given name."""
    wanted = Wanted(
        database=f"t{uuid.uuid4().hex[:10]}" if name is None else name,
        migrator_password=secrets.token_urlsafe(12),
        rw_password=secrets.token_urlsafe(12),
        **fields,
    )
    return Database(postgres, wanted)


def image(version: int) -> str:
    """Return an image with a version of Postgres, made if there is none yet."""
    if docker.image(IMAGES[version]) is None:
        docker.run(
            "build",
            *("--quiet", "--tag", IMAGES[version], "-"),
            given=OLDER,
            environment={**os.environ, "DOCKER_BUILDKIT": "0"},
        )
    return IMAGES[version]


def certificates(folder: Path) -> Path:
    """Make certificates as the local environment does, and return their folder."""
    mounts = (f"{ROOT / 'release' / 'local'}:/local:ro", f"{folder}:/certificates")
    options = [option for mount in mounts for option in ("--volume", mount)]
    docker.run("run", "--rm", *options, image(17), "/bin/sh", "/local/certificates.sh")
    return folder


@contextmanager
def running(version: int, folder: Path, settings: Sequence[str] = ()) -> Iterator[Postgres]:
    """Run a server with the certificates of a folder; it is removed afterwards."""
    passwords = {user: f"it's {secrets.token_urlsafe(12)}" for user in (MASTER, SUPERUSER)}
    container = f"perpetual-test-postgres-{uuid.uuid4().hex[:8]}"
    mounts = (f"{ROOT / 'release' / 'local'}:/local:ro", f"{folder}:/certificates:ro")
    try:
        docker.run(
            "run",
            *("--detach", "--name", container, "--publish", "127.0.0.1::5432"),
            *(option for mount in mounts for option in ("--volume", mount)),
            *("--tmpfs", "/var/lib/perpetual", "--env", f"MASTER_USER={MASTER}"),
            *("--env", "MASTER_PASSWORD", image(version), "/bin/sh", "/local/postgres.sh"),
            *(option for setting in (*SETTINGS, *settings) for option in ("-c", setting)),
            environment={**os.environ, "MASTER_PASSWORD": passwords[MASTER]},
        )
        made = Postgres(container, folder, passwords, version)
        until("Postgres is ready", lambda: READY in made.log)
        yield made
    finally:
        docker.run("rm", "--force", "--volumes", container)
