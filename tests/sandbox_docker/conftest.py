"""What the tests of this folder share: Docker, base images, and a sandbox's worth of names.

All of them run in one process, and each removes whatever carries its labels.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perpetual.sandbox.runtime import docker_api, network, registry
from perpetual.sandbox.runtime.docker_api import Client
from perpetual.sandbox.runtime.labels import Labels
from perpetual.sandbox.runtime.network import Network
from perpetual.sandbox.runtime.parts import Site
from perpetual.sandbox.runtime.registry import Registry
from tests.release.support import demand_bases
from tests.sandbox_docker.example import Example
from tests.sandbox_docker.project import sandbox
from tests.sandbox_docker.stage import ROOM, SETTINGS, Stage
from tests.sandbox_docker.support import IMAGES

_figures: list[str] = []


@pytest.fixture
def measured() -> Callable[[str], None]:
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
    """Make the base images and name those of the sandbox's parts."""
    demand_bases()
    os.environ.update(IMAGES)


@pytest.fixture(scope="session")
def client(bases: None) -> Client:  # noqa: ARG001 - images first
    """Return a client of the Docker daemon."""
    return docker_api.connect()


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    """Return the example's sources, of which images are built."""
    made = Example(tmp_path_factory.mktemp("shop"))
    yield made
    made.remove()


@pytest.fixture(scope="session")
def first(example: Example) -> str:
    """Return the image that a stack begins with."""
    return example.build("a shop")


@pytest.fixture(scope="session")
def running(first: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Return a stack that all stories share."""
    root = tmp_path_factory.mktemp("stage")
    with sandbox(root, "--image", first, *SETTINGS, *ROOM) as project:
        yield Stage(project)


@pytest.fixture
def stage(running: Stage) -> Stage:
    """Return the stack, at rest."""
    running.settle()
    return running


@pytest.fixture(scope="module")
def labels(client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Labels]:
    """Return labels of this module's own; whatever carries them is removed afterwards."""
    made = Labels.at(tmp_path_factory.mktemp("sandbox"))
    yield made
    docker_api.sweep(client, made)


@pytest.fixture(scope="module")
def net(client: Client, labels: Labels) -> Network:
    """Return a network of this module's own."""
    return network.create(client, labels)


@pytest.fixture(scope="module")
def site(client: Client, labels: Labels, net: Network) -> Site:
    """Return where this module's parts are."""
    return Site(client=client, labels=labels, network=net.name)


@pytest.fixture(scope="module")
def images(site: Site) -> Registry:
    """Return a registry of this module's own."""
    return registry.start(site)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder for a sandbox's files."""
    return tmp_path
