"""One sandbox: what it consists of, and its database, which comes once RDS has one."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from perpetual.sandbox.ecs.control import ControlPlane
from perpetual.sandbox.fronts import attached
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.runtime import database
from perpetual.sandbox.runtime.authority import Authority
from perpetual.sandbox.runtime.balancer.driver import Proxy
from perpetual.sandbox.runtime.builder import builder
from perpetual.sandbox.runtime.clients import Clients
from perpetual.sandbox.runtime.database import Database
from perpetual.sandbox.runtime.engine import Engine
from perpetual.sandbox.runtime.parts import Site
from perpetual.sandbox.runtime.registry import Registry
from perpetual.sandbox.runtime.world import Parts, RealWorld


@dataclass(frozen=True, kw_only=True)
class Options:
    """Where a sandbox keeps its files, whose account it plays, and its ports on loopback.

    A port of 0 is any that is free.
    """

    folder: Path
    account: str
    region: str
    port: int = 0
    http: int = 0
    https: int = 0

    @property
    def place(self) -> tuple[str, str]:
        """Return account and region."""
        return self.account, self.region


@dataclass(kw_only=True)
class Sandbox:
    """A running sandbox; `ends` holds whatever ends with it."""

    options: Options
    endpoint: str
    site: Site
    clients: Clients
    authority: Authority
    registry: Registry
    proxy: Proxy
    plane: ControlPlane
    engine: Engine
    world: RealWorld
    ends: ExitStack
    database: Database | None = None
    _providers: dict[str, int] | None = None
    _lock: Lock = field(default_factory=Lock)

    @property
    def parts(self) -> Parts:
        """Return the parts that the control plane acts through."""
        return self.world.parts

    def start_database(self) -> Database:
        """Start the database of the emulated RDS, unless it runs.

        Raises:
            OperatorError: RDS has none, or it does not start.
        """
        with self._lock:
            if self.database is None:
                wanted = database.instances(self.clients, self.options.place)
                folder = self.options.folder / "database"
                self.database = database.start(self.site, folder, self.authority, wanted)
            return self.database

    def start_providers(self) -> dict[str, int]:
        """Serve the providers that an engine of Pulumi's attaches to; return their ports."""
        with self._lock:
            if self._providers is None:
                cloud = Cloud(
                    endpoint=self.endpoint,
                    region=self.options.region,
                    account=self.options.account,
                    build=builder(self.registry),
                )
                self._providers = self.ends.enter_context(attached.serving(cloud))
            return self._providers

    def waits(self) -> bool:
        """Tell whether tasks wait for a host."""
        return self.engine.run(
            lambda: any(one.waiting for one in self.plane.state.clusters.values())
        )
