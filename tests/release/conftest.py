"""Images and environments that the tests of this folder share; they need Docker.

All of them run in one process: the machine would not start more than one environment faster.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from perpetual.release import build, docker
from perpetual.release.environment import Environment
from perpetual.release.ports import Ports
from perpetual.release.temporary import temporary, unique
from perpetual.release.web import Client
from perpetual.sandbox.runtime.registry import COMMAND, CONFIGURATION, PORT
from tests.release import command, support
from tests.release.support import (
    REGISTRY_IMAGE,
    ROOT,
    SERVICES,
    VARIABLES,
    Node,
    demand_bases,
    environment_of,
    until,
)

Start = Callable[..., Node]
Measured = Callable[[str], None]

_figures: list[str] = []


@pytest.fixture
def measured() -> Measured:
    """Return a function that keeps a sentence with a figure in it, for the end of the run."""
    return _figures.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured."""
    if _figures:
        terminalreporter.section("measured")
        for line in _figures:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session", autouse=True)
def bases() -> None:
    """Make the base images and name those of the services."""
    demand_bases()
    os.environ.update(SERVICES)


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """Leave no command running that a test has begun."""
    yield
    command.end_all()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file that stands in for the authorities of RDS."""
    return support.authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def options(tmp_path_factory: pytest.TempPathFactory, authority: Path) -> Iterator[build.Options]:
    """Return how the example is built here, in a repository of its own, as its users have it.

    What is built of it is removed in the end: the authority is another each time, so that nothing
    could be used again.
    """
    made = support.example(tmp_path_factory.mktemp("shop"), authority)
    commit(made.context, "first")
    yield made
    for one in (made, replace(made, target=build.BUILDER)):
        label = f"label={build.ARGUMENTS_LABEL}={build.fingerprint(one)}"
        if images := docker.run("image", "ls", "--quiet", "--filter", label).split():
            docker.run("image", "rm", "--force", *images)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with as much of this repository as an environment needs."""
    return support.checkout(tmp_path / "checkout")


def commit(folder: Path, message: str) -> None:
    """Commit everything in a folder, in a repository that is made if there is none."""
    git = ["git", "-C", str(folder), "-c", "user.name=test", "-c", "user.email=test@example.com"]
    if not (folder / ".git").exists():
        subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "--all"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message", message], check=True)


@pytest.fixture(scope="session")
def built(options: build.Options) -> build.Built:
    """Return the example's image."""
    return build.build(options)


@pytest.fixture
def network() -> Iterator[str]:
    """Return a network of this test's own."""
    name = unique("perpetual-test")
    docker.run("network", "create", name)
    yield name
    docker.run("network", "rm", name)


@pytest.fixture
def start(built: build.Built, network: str) -> Iterator[Start]:
    """Return a function that starts nodes, on the test's network or `elsewhere`.

    They are removed afterwards.
    """
    started: list[Node] = []

    def run(
        *options: str,
        image: str = built.id,
        variables: Mapping[str, str] | None = None,
        elsewhere: str | None = None,
    ) -> Node:
        node = Node(f"{network}-{len(started)}")
        given = environment_of({**VARIABLES, **(variables or {})})
        alias = () if elsewhere else ("--network-alias", "release.internal")
        started.append(node)
        docker.run(
            "run",
            *("--detach", "--init", "--read-only", "--name", node.name),
            *("--network", elsewhere or network, *alias, "--publish", "127.0.0.1::5000"),
            *(*given, *options, image),
        )
        return node

    yield run
    if started:
        docker.run("rm", "--force", *(node.name for node in started))


@pytest.fixture(scope="session")
def registry() -> Iterator[str]:
    """Return the address of a registry on loopback."""
    name = unique("perpetual-test")
    docker.run(
        *("run", "--detach", "--name", name, "--publish", f"127.0.0.1::{PORT}"),
        *("--env", f"CONFIGURATION={json.dumps(CONFIGURATION)}", "--entrypoint", "/bin/sh"),
        *(REGISTRY_IMAGE, "-c", COMMAND),
    )
    try:
        port = int(docker.run("port", name, f"{PORT}/tcp").rpartition(":")[2])
        until("the registry serves", lambda: Client(port=port).serves("/v2/"))
        yield f"127.0.0.1:{port}"
    finally:
        docker.run("rm", "--force", "--volumes", name)


@pytest.fixture(scope="session")
def environment(built: build.Built) -> Iterator[Environment]:
    """Return a running environment: database, two nodes, balancer."""
    made = Environment(
        root=ROOT,
        image=built.id,
        name=unique("perpetual-test"),
        ports=Ports.free(),
        drain_seconds=10,
    )
    with temporary(made):
        made.up()
        yield made
