"""One sandbox, put together and taken apart again."""

import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from perpetual.sandbox.ecs.control import ControlPlane
from perpetual.sandbox.ecs.errors import EcsError
from perpetual.sandbox.ecs.names import Account
from perpetual.sandbox.resources import lessons
from perpetual.sandbox.runtime import (
    api,
    database,
    docker_api,
    metadata,
    moto_app,
    network,
    registry,
    secret_values,
)
from perpetual.sandbox.runtime.alarms import Alarms
from perpetual.sandbox.runtime.answers import targets
from perpetual.sandbox.runtime.answers.commands import Commands
from perpetual.sandbox.runtime.answers.ecr import Ecr
from perpetual.sandbox.runtime.answers.refresh import Refreshes
from perpetual.sandbox.runtime.answers.tail import LiveTail
from perpetual.sandbox.runtime.authority import Authority
from perpetual.sandbox.runtime.balancer import driver, model
from perpetual.sandbox.runtime.balancer.driver import Proxy, Traffic
from perpetual.sandbox.runtime.clients import Clients
from perpetual.sandbox.runtime.containers import Place
from perpetual.sandbox.runtime.database import Database
from perpetual.sandbox.runtime.discovery import Discovery
from perpetual.sandbox.runtime.engine import Engine
from perpetual.sandbox.runtime.fleet import Fleet
from perpetual.sandbox.runtime.labels import Labels
from perpetual.sandbox.runtime.network import Network
from perpetual.sandbox.runtime.parts import Site
from perpetual.sandbox.runtime.registry import Registry
from perpetual.sandbox.runtime.running import Surroundings
from perpetual.sandbox.runtime.shipping import Shipper
from perpetual.sandbox.runtime.tasks import Tasks
from perpetual.sandbox.runtime.wire import Call, Refused
from perpetual.sandbox.runtime.world import Parts, RealWorld

_LOG = logging.getLogger(__name__)

WORKERS: Final = 48
"""Threads that wait for Docker: a task that stops keeps one until it has stopped."""


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


@dataclass(kw_only=True)
class Sandbox:
    """A running sandbox."""

    options: Options
    endpoint: str
    site: Site
    clients: Clients
    authority: Authority
    registry: Registry
    proxy: Proxy
    engine: Engine
    parts: Parts
    database: Database | None = field(default=None)

    def start_database(self) -> Database:
        """Start the database of the emulated RDS, unless it runs.

        Raises:
            OperatorError: RDS has none, or it does not start.
        """
        if self.database is None:
            wanted = database.instances(self.clients)
            folder = self.options.folder / "database"
            self.database = database.start(self.site, folder, self.authority, wanted)
        return self.database


@contextmanager
def running(options: Options) -> Iterator[Sandbox]:
    """Run a sandbox; what a killed one left is removed first, and everything afterwards.

    Raises:
        OperatorError: Docker is missing, an image is, or a port is taken.
    """
    client = docker_api.connect()
    labels = Labels.at(options.folder)
    lessons.teach()
    with ExitStack() as stack:
        left = docker_api.sweep(client, labels)
        if left:
            _LOG.warning("removed what an earlier sandbox left: %s", ", ".join(left))
        stack.callback(docker_api.sweep, client, labels)
        options.folder.mkdir(parents=True, exist_ok=True)
        found = network.create(client, labels)
        site = Site(client=client, labels=labels, network=found.name)
        yield _assemble(stack, options, site, found)


def _assemble(stack: ExitStack, options: Options, site: Site, found: Network) -> Sandbox:
    """Start every part; `stack` ends them in reverse order."""
    authority = Authority(options.folder)
    pool = stack.enter_context(_pool())
    began = pool.submit(registry.start, site)
    ports = (options.http, options.https)
    proxy = driver.start(site, options.folder / "balancer", authority, ports)
    images = began.result()
    world = RealWorld()
    plane = ControlPlane(world, account=Account(number=options.account, region=options.region))
    engine = Engine(plane)
    front = api.Api(beyond=moto_app.application(options.account), region=options.region)
    endpoint = f"http://{api.HOST}:{stack.enter_context(api.serving(front, port=options.port))}"
    clients = Clients(endpoint, options.region)
    reads: Any = metadata.application(world.running, world.zone)
    at = stack.enter_context(api.serving(reads, host=found.gateway, name="metadata"))
    place = Place(
        labels=site.labels,
        network=site.network,
        registry=images.address,
        metadata=f"http://{found.gateway}:{at}",
        authority=authority.file,
    )
    around = Surroundings(
        place=place,
        secrets=partial(secret_values.fetch, clients, options.region),
        names=world.names,
        shipping=Shipper(site.client, clients),
    )
    tasks = Tasks(site.client, around, engine.report, pool)
    where = (options.account, options.region)
    parts = Parts(
        tasks=tasks,
        traffic=Traffic(
            proxy,
            authority,
            lambda: model.read(clients("elbv2"), clients("acm")),
            engine.report,
        ),
        discovery=Discovery(clients, engine, tasks.address),
        fleet=Fleet(where, clients, engine, partial(_waits, engine, plane), tasks.lose),
        pool=pool,
    )
    world.connect(parts)
    sandbox = Sandbox(
        options=options,
        endpoint=endpoint,
        site=site,
        clients=clients,
        authority=authority,
        registry=images,
        proxy=proxy,
        engine=engine,
        parts=parts,
    )
    _answer(stack, front, sandbox)
    _start(stack, sandbox, Alarms(where, engine.report))
    return sandbox


def _answer(stack: ExitStack, front: api.Api, sandbox: Sandbox) -> None:
    """Put the sandbox's own answers in front of moto's."""
    parts, clients, account = sandbox.parts, sandbox.clients, sandbox.options.account
    commands = Commands(clients=clients, hosts=parts.fleet, pull=parts.tasks.pull, pool=parts.pool)
    refreshes = Refreshes(hosts=parts.fleet)
    tail = LiveTail(account)
    front.handlers.update(
        {
            ("ecs", "*"): partial(_ecs, sandbox.engine),
            **Ecr(sandbox.registry, clients, account).handlers,
            **commands.handlers,
            **refreshes.handlers,
            **targets.handlers(clients, parts.traffic.targets),
        }
    )
    front.streamers.update(tail.streamers)
    front.taps.update({**tail.taps, ("elbv2", "*"): partial(_changed, parts.traffic)})
    stack.callback(refreshes.close)
    stack.callback(tail.close)


def _start(stack: ExitStack, sandbox: Sandbox, alarms: Alarms) -> None:
    """Start the parts' threads; the engine ends last, for the others report to it."""
    parts = sandbox.parts
    sandbox.engine.start()
    stack.callback(sandbox.engine.close)
    parts.tasks.watch()
    stack.callback(parts.tasks.close)
    parts.traffic.start()
    stack.callback(parts.traffic.close)
    parts.fleet.start()
    stack.callback(parts.fleet.close)
    alarms.start()
    stack.callback(alarms.close)


def _ecs(engine: Engine, call: Call) -> Mapping[str, Any]:
    try:
        return engine.call(call.operation, call.parameters)
    except EcsError as error:
        raise Refused(error.code, error.message) from error


def _changed(traffic: Traffic, call: Call) -> None:
    if not call.operation.startswith("Describe"):
        traffic.refresh()


def _waits(engine: Engine, plane: ControlPlane) -> bool:
    """Tell whether tasks wait for a host."""
    return engine.run(lambda: any(one.waiting for one in plane.state.clusters.values()))


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="work")
    try:
        yield pool
    finally:
        # What waits for Docker may do so for a minute; nobody needs its result any more.
        pool.shutdown(wait=False, cancel_futures=True)
