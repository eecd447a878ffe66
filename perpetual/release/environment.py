"""The local environment: the release, its database and a balancer, in containers on loopback.

`release/compose.yaml` describes it. What Compose does not do is here: the secrets, which are made
once and kept in files that only their owner reads; the database's roles, made by the same code as
in production; migrations and seeds before the nodes start.
"""

import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import quote

from perpetual.database import connection, execute
from perpetual.database.model import Server, Wanted
from perpetual.errors import OperatorError
from perpetual.release import docker, web

DATABASE: Final = "app"
MASTER: Final = "master"
NODES: Final = ("web1", "web2")
HOST: Final = "localhost"

_FOLDER: Final = Path(".perpetual")
_COMPOSE: Final = Path("release") / "compose.yaml"
_CA: Final = "ca.pem"
_PAUSE: Final = 0.1
_DISCOVERY: Final = "release.internal"


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Ports on loopback; 0 is any that is free."""

    http: int = 8080
    https: int = 8443
    database: int = 5433
    nodes: tuple[int, int] = (5001, 5002)

    @classmethod
    def free(cls) -> "Ports":
        """Return ports that nobody uses now."""
        http, https, postgres, first, second = _free(5)
        return cls(http=http, https=https, database=postgres, nodes=(first, second))


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One environment: a project of Compose with its image, ports, and time to stop, seconds.

    `root` is the checkout that holds `release/compose.yaml`; `seconds` bounds each wait.
    """

    root: Path
    image: str
    name: str = "perpetual-local"
    ports: Ports = Ports()
    drain_seconds: int = 45
    stop_seconds: int = 60
    seconds: float = 60.0

    @property
    def folder(self) -> Path:
        """Return where this environment keeps its files."""
        return self.root / _FOLDER / self.name

    @property
    def ca_file(self) -> Path:
        """Return the certificate of the environment's own authority."""
        return self.folder / _CA

    @property
    def client(self) -> "web.Client":
        """Return a client of the balancer that trusts the environment's authority."""
        return web.Client(port=self.ports.https, ca_file=self.ca_file)

    def node(self, number: int) -> "web.Client":
        """Return a client of one node, around the balancer."""
        return web.Client(port=self.ports.nodes[number], ca_file=None)

    def server(self, user: str = MASTER) -> Server:
        """Return how this machine reaches the database as `user`."""
        return Server(
            host=HOST,
            port=self.ports.database,
            user=user,
            password=self._secrets()[user],
            ca_file=self.ca_file,
        )

    # --- life

    def up(self) -> None:
        """Start it: database, roles, migrations, seeds, nodes, balancer.

        Raises:
            OperatorError: A part does not come up; its last words are the detail.
        """
        self.up_database()
        for command in ("migrate", "seed"):
            self.one_off(command)
        # Migrations made tables; one of them the application may only read.
        self.prepare()
        self.start()

    def up_database(self) -> None:
        """Start the database alone, with its roles."""
        self._write()
        self.compose("up", "--detach", "certificates", "database")
        self._take_authority()
        self.until("the database answers", self._database_answers, "database")
        self.prepare()

    def prepare(self) -> None:
        """Make database and roles, as `perpetual db apply` does."""
        execute.apply(self.server(), self.wanted())

    def start(self) -> None:
        """Start the nodes and the balancer, and wait until they serve."""
        self.compose("up", "--detach", *NODES, "balancer")
        for number, node in enumerate(NODES):
            self.until(f"{node} is ready", partial(self.node(number).serves, "/ready"), node)
        self.until("the balancer serves", partial(self.client.serves, "/health"), "balancer")

    def down(self, *, volumes: bool) -> None:
        """Stop and remove it; with `volumes` the database's rows and the keys, too."""
        self.compose("down", "--remove-orphans", *(["--volumes"] if volumes else []))

    def one_off(self, command: str, *arguments: str, image: str | None = None) -> str:
        """Run one of the release's commands as the migrator, in a container of its own."""
        other = self if image is None else replace(self, image=image)
        return other.compose(
            "run",
            *("--rm", "-T", "--no-deps", "-e", "DATABASE_URL", NODES[0], f"/app/bin/{command}"),
            *arguments,
            variables={"DATABASE_URL": self._url("migrator")},
        )

    def compose(self, *arguments: str, variables: Mapping[str, str] | None = None) -> str:
        """Run Compose on this environment and return what it wrote."""
        file = self.root / _COMPOSE
        return docker.call(
            [*docker.compose(), "--project-name", self.name, "--file", str(file), *arguments],
            environment={**os.environ, **self._variables(), **(variables or {})},
        )

    def container(self, service: str) -> str:
        """Return the id of a service's container.

        Raises:
            OperatorError: The service has none.
        """
        found = self.compose("ps", "--quiet", "--all", service).split()
        if not found:
            message = f"the environment {self.name} has no container of {service}"
            raise OperatorError(message, hint="Start it with `perpetual release up`.")
        return found[0]

    def until(self, what: str, holds: Callable[[], bool], service: str) -> None:
        """Wait until something holds.

        Raises:
            OperatorError: It does not within `seconds`, or the service's container has ended.
        """
        deadline = time.monotonic() + self.seconds
        while not holds():
            found = docker.container(self.container(service))
            ended = found is not None and found["State"]["Status"] == "exited"
            if ended or time.monotonic() > deadline:
                said = docker.call(
                    ["docker", "logs", "--tail", "15", self.container(service)], both=True
                )
                raise OperatorError(
                    f"{service} ended before {what}"
                    if ended
                    else f"not after {self.seconds:g} s: {what}",
                    detail=said.strip(),
                )
            time.sleep(_PAUSE)

    # --- what it is made of

    def wanted(self) -> Wanted:
        """Return database and roles as production has them, with this environment's passwords."""
        held = self._secrets()
        return Wanted(database=DATABASE, migrator_password=held["migrator"], rw_password=held["rw"])

    def _variables(self) -> dict[str, str]:
        first, second = self.ports.nodes
        return {
            "RELEASE_IMAGE": self.image,
            "RELEASE_ENV": str(self.folder / "release.env"),
            "DATABASE_ENV": str(self.folder / "database.env"),
            "HTTP_PORT": str(self.ports.http),
            "HTTPS_PORT": str(self.ports.https),
            "DATABASE_PORT": str(self.ports.database),
            "WEB1_PORT": str(first),
            "WEB2_PORT": str(second),
            "STOP_SECONDS": str(self.stop_seconds),
            "PHX_HOST": HOST,
        }

    def _write(self) -> None:
        held = self._secrets()
        _keep(
            self.folder / "database.env",
            {"MASTER_USER": MASTER, "MASTER_PASSWORD": held[MASTER]},
        )
        _keep(
            self.folder / "release.env",
            {
                "AWS_REGION": "local",
                "DATABASE_URL": self._url("rw"),
                "DNS_CLUSTER_QUERY": _DISCOVERY,
                "DRAIN_SECONDS": str(self.drain_seconds),
                "ERL_DIST_PORT": "9100",
                "PERPETUAL_STACK": "local",
                "PGSSLMODE": "verify-full",
                "PGSSLROOTCERT": f"/certificates/{_CA}",
                "PHX_HOST": HOST,
                "PHX_SERVER": "true",
                "PORT": "5000",
                "RELEASE_COOKIE": held["cookie"],
                "RELEASE_DISTRIBUTION": "name",
                "SECRET_KEY_BASE": held["key_base"],
            },
        )

    def _url(self, role: str) -> str:
        user = getattr(self.wanted(), role)
        return f"postgres://{user}:{quote(self._secrets()[role], safe='')}@database:5432/{DATABASE}"

    def _secrets(self) -> dict[str, str]:
        file = self.folder / "secrets.json"
        if not file.is_file():
            names = (MASTER, "migrator", "rw", "cookie")
            made = {name: secrets.token_urlsafe(24) for name in names}
            _private(file, json.dumps({**made, "key_base": secrets.token_urlsafe(48)}))
        held = json.loads(file.read_text())
        # By the role's name in the database too, for `server`.
        wanted = Wanted(database=DATABASE, migrator_password="", rw_password="")
        return {**held, wanted.migrator: held["migrator"], wanted.rw: held["rw"]}

    def _take_authority(self) -> None:
        container = self.container("certificates")
        self.until("the certificates are made", lambda: _ended(container), "certificates")
        docker.run("cp", f"{container}:/certificates/{_CA}", str(self.ca_file))

    def _database_answers(self) -> bool:
        return connection.answers(self.server())


@contextmanager
def temporary(environment: Environment) -> Iterator[Environment]:
    """Run an environment that leaves nothing behind, whatever happens in between."""
    environment._write()  # noqa: SLF001 - Compose asks for the files even to remove
    environment.down(volumes=True)
    try:
        yield environment
    finally:
        environment.down(volumes=True)
        for file in environment.folder.iterdir():
            file.unlink()
        environment.folder.rmdir()


def _ended(container: str) -> bool:
    found = docker.container(container)
    state = found["State"] if found else {}
    return bool(state.get("Status") == "exited" and state.get("ExitCode") == 0)


def _keep(file: Path, variables: Mapping[str, str]) -> None:
    _private(file, "".join(f"{name}={value}\n" for name, value in variables.items()))


def _private(file: Path, text: str) -> None:
    """Write a file that only its owner reads; it never exists otherwise."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        output.write(text)
    fresh.replace(file)


def _free(count: int) -> list[int]:
    """Return ports that were free a moment ago."""
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()
