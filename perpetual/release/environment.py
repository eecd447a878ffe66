"""The local environment: the release, its database and a balancer, in containers on loopback.

`release/compose.yaml` describes it. What Compose does not do is here: the secrets, which are made
once and kept in files that only their owner reads; the database's roles, made by the same code as
in production; migrations and seeds before the nodes start.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import quote

from perpetual.database import connection, execute
from perpetual.database.model import Server, Wanted
from perpetual.errors import OperatorError
from perpetual.release import docker, files, web
from perpetual.release.ports import Ports
from perpetual.release.project import Project
from perpetual.shutdown import DEFAULT, Shutdown

DATABASE: Final = "app"
MASTER: Final = "master"
NODES: Final = ("web1", "web2")
HOST: Final = "localhost"
FOLDER: Final = Path(".perpetual")
"""Folder of a checkout in which environments keep their files, each below its name."""

_COMPOSE: Final = Path("release") / "compose.yaml"
_CA: Final = "ca.pem"
_HTTP: Final = 5000
_DISCOVERY: Final = "release.internal"

# What libpq says where waiting is no use.
_HOPELESS: Final = ("password authentication failed", "certificate verify failed")


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One environment: a project of Compose with its image, ports, and time to drain, seconds.

    `root` is the checkout that holds `release/compose.yaml`; `seconds` bounds each wait.
    """

    root: Path
    image: str
    name: str
    ports: Ports = field(default_factory=Ports)
    drain_seconds: int = DEFAULT.drain
    seconds: float = 60.0

    @property
    def folder(self) -> Path:
        """Return where this environment keeps its files."""
        return self.root / FOLDER / self.name

    @property
    def ca_file(self) -> Path:
        """Return the certificate of the environment's own authority."""
        return self.folder / _CA

    @property
    def project(self) -> Project:
        """Return what it consists of, as Docker knows it."""
        return Project(self.name)

    @property
    def stop_seconds(self) -> int:
        """Return how long a node has to end by itself."""
        return Shutdown(drain=self.drain_seconds).stop

    @property
    def client(self) -> web.Client:
        """Return a client of the balancer that trusts the environment's authority."""
        return web.Client(port=self.ports.https, ca_file=self.ca_file)

    def node(self, number: int) -> web.Client:
        """Return a client of one node, around the balancer, at the port it has now."""
        said = docker.run("port", self.project.container(NODES[number]), f"{_HTTP}/tcp")
        return web.Client(port=int(said.split()[0].rpartition(":")[2]))

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
        """Start it: database, roles, migrations, seeds, nodes, balancer; or bring it up to date.

        Raises:
            OperatorError: A part does not come up; its last words are the detail.
        """
        self.up_database()
        for command in ("migrate", "seed"):
            self.one_off(command)
        self.start()

    def up_database(self) -> None:
        """Start the database alone, with its roles."""
        self.prepare_files()
        self.ports.check(self.project.published)
        there = self.project.running("database")
        self.compose("up", "--detach", "certificates")
        if self._took_new_certificates() and there:
            # They are read at the start only.
            docker.run("restart", *there, *self.project.running("balancer"))
        self.compose("up", "--detach", "database")
        self.until("the database answers", self._database_answers, "database")
        self.prepare()

    def prepare(self) -> None:
        """Make database and roles, as `perpetual db apply` does."""
        execute.apply(self.server(), self.wanted())

    def start(self) -> None:
        """Start the nodes and the balancer, and wait until they serve."""
        # Migrations made tables; one of them the application may only read.
        self.prepare()
        balancer = self.project.running("balancer")
        self.compose("up", "--detach", *NODES, "balancer")
        for number, node in enumerate(NODES):
            self.until(f"{node} is ready", partial(self._ready, number), node)
        if balancer and balancer == self.project.running("balancer"):
            # New nodes may have new addresses, and it asked for them at its own start.
            docker.run("kill", "--signal", "HUP", *balancer)
        self.until("the balancer serves", partial(self.client.serves, "/health"), "balancer")

    def start_alone(self, image: str) -> web.Client:
        """Start the first node from another image, and return a client of it once it is ready."""
        self.compose("up", "--detach", "--no-deps", NODES[0], variables={"RELEASE_IMAGE": image})
        self.until("the other release is ready", partial(self._ready, 0), NODES[0])
        return self.node(0)

    def down(self, *, volumes: bool) -> None:
        """Stop and remove it; with `volumes` the database's rows and the keys, too."""
        self.project.remove(volumes=volumes, gracefully=True)
        if volumes:
            for file in (self.ca_file, self._secrets_file, self._release_file, self._database_file):
                file.unlink(missing_ok=True)

    def one_off(
        self,
        command: str,
        *arguments: str,
        image: str | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> str:
        """Run one of the release's commands as the migrator, in a container of its own.

        Return what it wrote to stdout.
        """
        given = {"DATABASE_URL": self._url("migrator"), **(variables or {})}
        return docker.run(
            *("run", "--rm", "--init", "--read-only", "--label", self.project.task_label),
            *("--network", self.project.network),
            *("--volume", f"{self.project.certificates}:/certificates:ro"),
            *("--env-file", str(self._release_file)),
            # By name only: the values are in nobody's list of processes.
            *(part for name in given for part in ("--env", name)),
            *(image or self.image, f"/app/bin/{command}", *arguments),
            environment={**os.environ, **given},
        )

    def compose(self, *arguments: str, variables: Mapping[str, str] | None = None) -> str:
        """Run Compose on this environment and return what it wrote.

        Raises:
            OperatorError: Compose fails, or this is no checkout.
        """
        file = self.root / _COMPOSE
        if not file.is_file():
            raise OperatorError(
                f"there is no {_COMPOSE} in {self.root}",
                hint="Run the command in a checkout of this repository.",
            )
        return docker.call(
            [*docker.compose(), "--project-name", self.name, "--file", str(file), *arguments],
            environment={**os.environ, **self._variables(), **(variables or {})},
        )

    def until(self, what: str, holds: Callable[[], bool], service: str) -> None:
        """Wait until something holds; see `Project.until`."""
        self.project.until(what, holds, service, seconds=self.seconds)

    # --- what it is made of

    def wanted(self) -> Wanted:
        """Return database and roles as production has them, with this environment's passwords."""
        held = self._secrets()
        return Wanted(database=DATABASE, migrator_password=held["migrator"], rw_password=held["rw"])

    def variables(self) -> dict[str, str]:
        """Return what a node has in its environment, as a task definition gives it on ECS."""
        held = self._secrets()
        return {
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
            "PORT": str(_HTTP),
            "RELEASE_COOKIE": held["cookie"],
            "RELEASE_DISTRIBUTION": "name",
            "SECRET_KEY_BASE": held["key_base"],
        }

    def prepare_files(self) -> None:
        """Write what Compose reads: variables, with the secrets among them."""
        password = self._secrets()[MASTER]
        files.variables(self._database_file, {"MASTER_USER": MASTER, "MASTER_PASSWORD": password})
        files.variables(self._release_file, self.variables())

    @property
    def _secrets_file(self) -> Path:
        return self.folder / "secrets.json"

    @property
    def _release_file(self) -> Path:
        return self.folder / "release.env"

    @property
    def _database_file(self) -> Path:
        return self.folder / "database.env"

    def _variables(self) -> dict[str, str]:
        return {
            "RELEASE_IMAGE": self.image,
            "RELEASE_ENV": str(self._release_file),
            "DATABASE_ENV": str(self._database_file),
            "HTTP_PORT": str(self.ports.http),
            "HTTPS_PORT": str(self.ports.https),
            "DATABASE_PORT": str(self.ports.database),
            "STOP_SECONDS": str(self.stop_seconds),
            "PHX_HOST": HOST,
        }

    def _url(self, role: str) -> str:
        user = getattr(self.wanted(), role)
        return f"postgres://{user}:{quote(self._secrets()[role], safe='')}@database:5432/{DATABASE}"

    def _secrets(self) -> dict[str, str]:
        names = (MASTER, "migrator", "rw", "cookie", "key_base")
        held = files.secrets(self._secrets_file, names)
        # By the role's name in the database too, for `server`.
        wanted = Wanted(database=DATABASE, migrator_password="", rw_password="")
        return {**held, wanted.migrator: held["migrator"], wanted.rw: held["rw"]}

    # --- how it is

    def _ready(self, number: int) -> bool:
        try:
            return self.node(number).serves("/ready")
        except OperatorError:
            # A container that is not running has no port; why it is not, `until` finds out.
            return False

    def _took_new_certificates(self) -> bool:
        """Wait for the certificates, fetch the authority's, and tell whether any was made."""
        container = self.project.container("certificates")
        self.until("the certificates are made", partial(_ended, container), "certificates")
        docker.run("cp", f"{container}:/certificates/{_CA}", str(self.ca_file))
        found = docker.container(container) or {}
        since = found["State"]["StartedAt"]
        return "made" in docker.run("logs", "--since", since, container)

    def _database_answers(self) -> bool:
        try:
            with connection.connect(self.server()):
                return True
        except OperatorError as error:
            if any(words in error.detail for words in _HOPELESS):
                raise OperatorError(
                    f"the database of {self.name} is another than {self.folder} knows: "
                    f"{error.message}",
                    detail=error.detail,
                    hint="Remove it with `perpetual release down --volumes`, and begin anew.",
                ) from error
            return False


def _ended(container: str) -> bool:
    found = docker.container(container)
    state = found["State"] if found else {}
    return bool(state.get("Status") == "exited" and state.get("ExitCode") == 0)
