"""`perpetual sandbox up`, step by step: process, resources, database, image, release.

Each step leaves what is done done, so that another run goes on where one stopped.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from perpetual import contract
from perpetual.errors import OperatorError
from perpetual.offline import preview
from perpetual.offline.preview import Plan
from perpetual.release import build as building
from perpetual.release import docker
from perpetual.sandbox import process
from perpetual.sandbox.fronts import mocks
from perpetual.sandbox.fronts.journal import Journal
from perpetual.sandbox.process import Ports
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.runtime import docker_api
from perpetual.sandbox.runtime.clients import KEY, Clients
from perpetual.sandbox.runtime.files import Files, State
from perpetual.sandbox.runtime.labels import Labels
from settings import reader
from settings.models import Settings
from settings.rules.base import Program

ARCHITECTURES: Final = {"amd64": "x86_64", "arm64": "arm64"}
"""AWS's names of the architectures, by Docker's."""

_ARM: Final = re.compile(r"([a-z]+\d+)g(d?)\.")
_LAST_LINES: Final = 15

JOIN_SECONDS: Final = 60.0
_PAUSE: Final = 0.5

Say = Callable[[str, float], None]
"""Told of each step once it is done, with its seconds."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What to bring up: a stack of the project around `folder`, with these settings changed.

    Without `image` the project's own is built, with `arguments` for its Dockerfile. With `engine`
    the resources are those that an engine of Pulumi's makes.
    """

    folder: Path
    stack: str | None
    overrides: tuple[str, ...]
    image: str | None
    arguments: Mapping[str, str]
    ports: Ports
    engine: bool = False


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A sandbox; `whole` is false where its resources are still to be made, by an engine."""

    state: State
    whole: bool


def up(options: Options, say: Say) -> Ready:
    """Bring a stack up, or what of it is missing, and return where it is.

    Raises:
        OperatorError: A step failed. What stands stays; `up` goes on from there.
    """
    architecture = ARCHITECTURES[docker_api.connect().version()["Arch"]]
    planned, settings = _settings(options, architecture)
    if options.image and docker.image(options.image) is None:
        raise OperatorError(
            f"there is no image {options.image} here",
            hint="Build it (`perpetual release build`), or leave --image out.",
        )
    files = Files.of(planned.project.root)
    with _timed(say, "sandbox"):
        state = _process(files, planned, settings, options.ports)
    _zone(state, settings)
    if options.engine and not _published(state, planned.stack):
        return Ready(state=state, whole=False)
    if not options.engine:
        refuse_engines(files, state, planned.stack)
    with ThreadPoolExecutor(max_workers=1) as pool:
        image = pool.submit(_image, options, planned, settings)
        if not options.engine:
            with _timed(say, "resources"):
                _resources(files, state, planned)
        with _timed(say, "database, roles and secrets"):
            process.ask(
                state, "prepare", stack=planned.stack, secrets=list(settings.service.secrets)
            )
        _release(options, state, planned.stack, image, say)
    return Ready(state=state, whole=True)


def changes(architecture: str, types: tuple[str, ...]) -> tuple[str, ...]:
    """Return what a stack's settings have to be on this machine: pure, and nothing else changes.

    The machine's architecture decides; instance types follow it, each to its counterpart.
    """
    hosts = [counterpart(one, architecture) for one in types]
    return (
        f"architecture={architecture}",
        "image.source=deployed",
        *(f"hosts.instanceTypes[{index}]={one}" for index, one in enumerate(hosts)),
    )


def counterpart(kind: str, architecture: str) -> str:
    """Return the instance type of an architecture that is most like another."""
    arm = _ARM.match(kind)
    if architecture == "arm64":
        if arm:
            return kind
        family, _, size = kind.partition(".")
        generation = re.match(r"([a-z]+)(\d+)", family)
        if generation is None or generation[1] == "t":
            return f"t4g.{size}"
        return f"{generation[1]}{max(6, int(generation[2]))}g.{size}"
    if not arm:
        return kind
    size = kind.partition(".")[2]
    return f"t3.{size}" if kind.startswith("t") else f"{arm[1]}i.{size}"


def variables(state: State) -> dict[str, str]:
    """Return the variables by which every tool of AWS's takes the sandbox for AWS."""
    return {
        "AWS_ENDPOINT_URL": state.endpoint,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": KEY,
        "AWS_REGION": state.region,
        "AWS_DEFAULT_REGION": state.region,
    }


# --- the steps


def _settings(options: Options, architecture: str) -> tuple[Plan, Settings]:
    """Return the program's configuration and settings, as they have to be here."""
    types = _checked(_planned(options, ())).hosts.instance_types
    planned = _planned(options, changes(architecture, types))
    return planned, _checked(planned)


def _planned(options: Options, changed: tuple[str, ...]) -> Plan:
    return preview.plan(
        preview.Options(
            root=options.folder,
            stack=options.stack,
            overrides=(*changed, *options.overrides),
        )
    )


def _checked(planned: Plan) -> Settings:
    program = Program(project=planned.project.name, stack=planned.stack, root=planned.project.root)
    values = planned.config
    try:
        return reader.check(values.values, program=program, secret=values.secrets)
    except ValueError as error:
        raise OperatorError(str(error)) from error


def _process(files: Files, planned: Plan, settings: Settings, ports: Ports) -> State:
    """Return the running process, started where there is none."""
    state = files.read()
    region = str(planned.config.values["aws:region"])
    if state is None:
        if moved := files.moved_from():
            docker_api.sweep(docker_api.connect(), Labels.at(moved))
        # Somebody else may be starting one meanwhile, and for another stack.
        state = process.start(
            files, stack=planned.stack, account=settings.account, region=region, ports=ports
        )
    if (state.stack, state.account, state.region) != (planned.stack, settings.account, region):
        raise OperatorError(
            f"the sandbox that runs is for the stack {state.stack}",
            hint="A sandbox holds one stack: `perpetual sandbox down` first.",
        )
    return state


def _zone(state: State, settings: Settings) -> None:
    """Have the hosted zone that the stack's settings name: it is there before any stack."""
    balancer = settings.balancer
    if balancer.zone_id:
        process.ask(state, "zone", id=balancer.zone_id, domain=balancer.domain)


def _published(state: State, stack: str) -> bool:
    """Tell whether a stack stands in the sandbox: it publishes its contract last of all."""
    names = contract.Stack(name=stack, account=state.account, region=state.region)
    ssm = Clients(state.endpoint, state.region)("ssm")
    return not ssm.get_parameters(Names=[names.contract_parameter])["InvalidParameters"]


def refuse_engines(files: Files, state: State, stack: str) -> None:
    """Refuse to make resources beside those that an engine of Pulumi's has made."""
    if not files.deployed.exists() and _published(state, stack):
        raise OperatorError(
            f"the resources of {stack} in this sandbox are those of Pulumi's engine",
            hint="`perpetual sandbox up --engine` goes on with them; `down` removes them.",
        )


def _resources(files: Files, state: State, planned: Plan) -> None:
    """Create the program's resources, or change those that are there."""
    cloud = Cloud(endpoint=state.endpoint, region=state.region, account=state.account)
    mocks.apply(planned, cloud, Journal(files.deployed, state.endpoint))


def _image(options: Options, planned: Plan, settings: Settings) -> str:
    """Return the image to release, built where none is named."""
    if options.image:
        return options.image
    wanted = settings.image
    return building.build(
        building.Options(
            context=planned.project.root / wanted.context,
            dockerfile=wanted.dockerfile,
            arguments={**wanted.arguments, **options.arguments},
            target=wanted.target,
            dirty=True,
        )
    ).reference


def _release(options: Options, state: State, stack: str, image: "Future[str]", say: Say) -> None:
    """Release an image, unless one runs and no other was named."""
    if options.image is None and process.ask(state, "status")["tasks"]:
        return
    with _timed(say, "image"):
        reference = image.result()
    with _timed(say, "hosts"):
        _joined(state)
    with _timed(say, "release"):
        _deploy(state, stack, reference)


def _joined(state: State) -> None:
    """Wait until the hosts take tasks; where they never do, `perpetual deploy` says why."""
    deadline = time.monotonic() + JOIN_SECONDS
    while time.monotonic() < deadline:
        hosts = process.ask(state, "status")["hosts"]
        if hosts and all(one["state"] == "ready" for one in hosts):
            return
        time.sleep(_PAUSE)


def _deploy(state: State, stack: str, image: str) -> None:
    """Release as everybody does, by `perpetual deploy`; receipts are for real stacks."""
    command = [sys.executable, "-m", "perpetual", "deploy", "--stack", stack, "--image", image]
    # Nobody waits here for the alarms to be watched: there is nothing to go back to.
    options = ["--without", "receipt", "--without", "tree", "--yes", "--early", "--guard", "0"]
    done = subprocess.run(  # noqa: S603 - a list of arguments, and no shell
        [*command, *options],
        env={**process.without_aws(os.environ), **variables(state)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()
        raise OperatorError(
            "the stack stands, and its first release failed",
            detail="\n".join(lines[-_LAST_LINES:]),
            hint="`perpetual sandbox up` tries again; `perpetual sandbox down` removes it all.",
        )


@contextmanager
def _timed(say: Say, step: str) -> Iterator[None]:
    """Tell of a step once it is done."""
    begun = time.monotonic()
    yield
    say(step, time.monotonic() - begun)
