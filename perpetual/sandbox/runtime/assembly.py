"""A sandbox put together, and taken apart again whatever happens in between."""

import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Final

from perpetual.errors import OperatorError
from perpetual.sandbox.ecs.control import ControlPlane
from perpetual.sandbox.ecs.errors import EcsError
from perpetual.sandbox.ecs.names import Account
from perpetual.sandbox.ecs.timing import Timing
from perpetual.sandbox.resources import lessons
from perpetual.sandbox.runtime import (
    api,
    control,
    docker_api,
    metadata,
    moto_app,
    network,
    registry,
    secret_values,
)
from perpetual.sandbox.runtime.alarms import Alarms
from perpetual.sandbox.runtime.answers import filtering, histories, targets
from perpetual.sandbox.runtime.answers.commands import Commands
from perpetual.sandbox.runtime.answers.ecr import Ecr
from perpetual.sandbox.runtime.answers.refresh import Refreshes
from perpetual.sandbox.runtime.answers.tail import LiveTail
from perpetual.sandbox.runtime.api import Api
from perpetual.sandbox.runtime.authority import Authority
from perpetual.sandbox.runtime.balancer import driver, model
from perpetual.sandbox.runtime.balancer.driver import Traffic
from perpetual.sandbox.runtime.clients import Clients
from perpetual.sandbox.runtime.containers import Place
from perpetual.sandbox.runtime.control import Action
from perpetual.sandbox.runtime.discovery import Discovery
from perpetual.sandbox.runtime.engine import Engine
from perpetual.sandbox.runtime.fleet import Fleet
from perpetual.sandbox.runtime.labels import Labels
from perpetual.sandbox.runtime.parts import Site
from perpetual.sandbox.runtime.running import Surroundings
from perpetual.sandbox.runtime.sandbox import Options, Sandbox
from perpetual.sandbox.runtime.shipping import Shipper
from perpetual.sandbox.runtime.tasks import Tasks
from perpetual.sandbox.runtime.wire import Call, Refused
from perpetual.sandbox.runtime.world import Parts, RealWorld

_LOG = logging.getLogger(__name__)

WORKERS: Final = 48
"""Threads that wait for Docker: a task that stops keeps one until it has stopped."""

BAKE_SECONDS: Final = 5.0
"""How long ECS watches the alarms at a deployment's end. AWS computes it, and tells only that it is
below 5 minutes; alarms here ring when they are rung by hand, so that waiting longer shows nothing.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
"""

Actions = Callable[[Sandbox], Mapping[str, Action]]
"""What a sandbox's own commands may ask of it, by name."""


@contextmanager
def running(options: Options, actions: Actions = lambda _: {}) -> Iterator[Sandbox]:
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
        pool = stack.enter_context(_pool())
        front = Api(beyond=moto_app.application(options.account), region=options.region)
        own: dict[str, Action] = {}
        port = _served(stack, control.application(own, front), options.port)
        sandbox = _founded(options, site, pool, f"http://{api.HOST}:{port}", stack)
        _connect(stack, sandbox, pool, found.gateway)
        _answer(stack, sandbox, front)
        _start(stack, sandbox)
        own.update(actions(sandbox))
        yield sandbox


def _served(stack: ExitStack, application: Any, port: int) -> int:
    try:
        return stack.enter_context(api.serving(application, port=port))
    except OSError as error:
        raise OperatorError(
            f"port {port} of this machine is taken", hint="Choose another with --port."
        ) from error


def _founded(
    options: Options, site: Site, pool: ThreadPoolExecutor, endpoint: str, stack: ExitStack
) -> Sandbox:
    """Start the parts that are containers, and make those that are not, yet without a world."""
    authority = Authority(options.folder)
    began = pool.submit(registry.start, site)
    ports = (options.http, options.https)
    try:
        proxy = driver.start(site, options.folder / "balancer", authority, ports)
    finally:
        # Where this fails everything is removed, and nothing may be made meanwhile.
        wait([began])
    world = RealWorld()
    account = Account(number=options.account, region=options.region)
    plane = ControlPlane(world, account=account, timing=Timing(bake=BAKE_SECONDS))
    return Sandbox(
        options=options,
        endpoint=endpoint,
        site=site,
        clients=Clients(endpoint, options.region),
        authority=authority,
        registry=began.result(),
        proxy=proxy,
        plane=plane,
        engine=Engine(plane),
        world=world,
        ends=stack,
    )


def _connect(stack: ExitStack, sandbox: Sandbox, pool: ThreadPoolExecutor, gateway: str) -> None:
    """Give the control plane its world: tasks, targets, names and hosts."""
    clients, engine, site = sandbox.clients, sandbox.engine, sandbox.site
    place = Place(
        labels=site.labels,
        network=site.network,
        registry=sandbox.registry.address,
        metadata=_metadata(stack, sandbox, gateway),
        authority=sandbox.authority.file,
    )
    around = Surroundings(
        place=place,
        secrets=partial(secret_values.fetch, clients, sandbox.options.region),
        names=sandbox.world.names,
        shipping=Shipper(site.client, clients),
    )
    tasks = Tasks(site.client, around, engine.report, pool)
    read = partial(_described, clients)
    sandbox.world.connect(
        Parts(
            tasks=tasks,
            traffic=Traffic(sandbox.proxy, sandbox.authority, read, engine.report),
            discovery=Discovery(clients, engine, tasks.address),
            fleet=Fleet(sandbox.options.place, clients, engine, sandbox.waits, tasks.lose),
            pool=pool,
        )
    )


def _metadata(stack: ExitStack, sandbox: Sandbox, gateway: str) -> str:
    """Serve the tasks' metadata, and return the address at which containers reach it.

    Where the engine runs in a machine of its own, as Docker Desktop's does, its gateway is no
    address of this machine, and containers reach this one's loopback by a name.
    """
    reads: Any = metadata.application(sandbox.world.running, sandbox.world.zone)
    try:
        port = stack.enter_context(api.serving(reads, host=gateway, name="metadata"))
    except OSError:
        port = stack.enter_context(api.serving(reads, name="metadata"))
        return f"http://host.docker.internal:{port}"
    return f"http://{gateway}:{port}"


def _answer(stack: ExitStack, sandbox: Sandbox, front: Api) -> None:
    """Put the sandbox's own answers in front of moto's."""
    parts, clients, account = sandbox.parts, sandbox.clients, sandbox.options.account
    commands = Commands(clients=clients, hosts=parts.fleet, pull=parts.tasks.pull, pool=parts.pool)
    refreshes = Refreshes(hosts=parts.fleet)
    tail = LiveTail(account)
    watched = moto_app.backend("cloudwatch", *sandbox.options.place)
    front.handlers.update(
        {
            ("ecs", "*"): partial(_ecs, sandbox.engine),
            **Ecr(sandbox.registry, clients, account).handlers,
            **commands.handlers,
            **refreshes.handlers,
            **parts.fleet.activities.handlers,
            **targets.handlers(clients, parts.traffic.targets),
            **filtering.handlers(clients),
            **histories.handlers(lambda: dict(watched.alarms)),
        }
    )
    front.streamers.update(tail.streamers)
    front.taps.update({**tail.taps, ("elbv2", "*"): partial(_changed, parts.traffic)})
    stack.callback(refreshes.close)
    stack.callback(tail.close)


def _start(stack: ExitStack, sandbox: Sandbox) -> None:
    """Start the parts' threads; the engine ends last, for the others report to it."""
    alarms = Alarms(sandbox.options.place, sandbox.engine.report)
    sandbox.engine.start()
    stack.callback(sandbox.engine.close)
    sandbox.parts.tasks.watch()
    stack.callback(sandbox.parts.tasks.close)
    for part in (sandbox.parts.traffic, sandbox.parts.fleet, alarms):
        part.start()
        stack.callback(part.close)


def _described(clients: Clients) -> model.Balancer:
    return model.read(clients("elbv2"), clients("acm"))


def _ecs(engine: Engine, call: Call) -> Mapping[str, Any]:
    try:
        return engine.call(call.operation, call.parameters)
    except EcsError as error:
        raise Refused(error.code, error.message) from error


def _changed(traffic: Traffic, call: Call) -> None:
    if not call.operation.startswith("Describe"):
        traffic.refresh()


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="work")
    try:
        yield pool
    finally:
        # What waits for Docker may do so for a minute; nobody needs its result any more.
        pool.shutdown(wait=False, cancel_futures=True)
