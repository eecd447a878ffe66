"""Containers of the example release, and waiting for what they do."""

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from perpetual.errors import OperatorError
from perpetual.release import build, docker
from perpetual.release.revision import Revision
from perpetual.release.web import Client

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "release" / "example"
BASES = {
    "BUILDER_IMAGE": "perpetual-test/builder:trixie",
    "RUNNER_IMAGE": "perpetual-test/runner:trixie",
}
SERVICES = {
    "POSTGRES_IMAGE": "perpetual-test/postgres:trixie",
    "NGINX_IMAGE": "perpetual-test/nginx:trixie",
}
REGISTRY_IMAGE = "perpetual-test/registry:trixie"
HAPROXY_IMAGE = "perpetual-test/haproxy:trixie"
USED = (*BASES.values(), *SERVICES.values(), REGISTRY_IMAGE, HAPROXY_IMAGE)
NO_REVISION = Revision("0" * 40, ())
BUNDLE = Path("certs") / "rds-global-bundle.pem"
VARIABLES = {
    "DATABASE_URL": "postgres://app_rw:nothing@database.invalid:5432/app",
    "DRAIN_SECONDS": "10",
    "PGSSLMODE": "verify-full",
    "PGSSLROOTCERT": "/app/rds-global-bundle.pem",
    "PHX_HOST": "shop.example",
    "PHX_SERVER": "true",
    "PORT": "5000",
    "RELEASE_COOKIE": "made-for-this-test",
    "SECRET_KEY_BASE": "made-for-this-test",
}
"""What a node needs in order to serve; there is no database behind it."""


def until(what: str, holds: Callable[[], object], seconds: float = 60.0) -> float:
    """Wait until something holds, and return after how many seconds; fail the test otherwise."""
    start = time.monotonic()
    while not holds():
        assert time.monotonic() - start < seconds, f"not after {seconds:g} s: {what}"
        time.sleep(0.02)
    return time.monotonic() - start


@dataclass(frozen=True)
class Node:
    """One container of a release."""

    name: str

    @property
    def running(self) -> bool:
        """Tell whether it runs."""
        found = docker.container(self.name)
        return found is not None and bool(found["State"]["Running"])

    @property
    def exit_code(self) -> int:
        """Return the exit code of a container that has ended."""
        found = docker.container(self.name)
        assert found is not None
        return int(found["State"]["ExitCode"])

    @property
    def log(self) -> str:
        """Return what it has written."""
        return docker.call(["docker", "logs", self.name], both=True)

    def run(self, *command: str, variables: Mapping[str, str] | None = None) -> str:
        """Run a command inside, and return what it wrote to stdout."""
        given = [f"--env={name}={value}" for name, value in (variables or {}).items()]
        return docker.run("exec", *given, self.name, *command)

    def refused(self, *command: str, variables: Mapping[str, str] | None = None) -> str:
        """Run a command inside that has to fail, and return what it wrote, stderr included."""
        given = [f"--env={name}={value}" for name, value in (variables or {}).items()]
        finished = subprocess.run(
            ["docker", "exec", *given, self.name, *command],  # noqa: S607 - Docker, as installed
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode != 0
        return finished.stdout + finished.stderr

    def connected(self) -> list[str]:
        """Return the nodes that it is connected to; none while it still starts."""
        try:
            said = docker.run("exec", self.name, "/app/bin/observe")
        except OperatorError:
            return []
        lines = [line for line in said.splitlines() if line.startswith("connected")]
        return lines[0].split()[1:] if lines else []

    @property
    def client(self) -> Client:
        """Return a client of the node itself, on loopback."""
        return Client(port=int(docker.run("port", self.name, "5000/tcp").rsplit(":", 1)[1]))


def environment_of(variables: Mapping[str, str]) -> list[str]:
    """Return the options of `docker run` that set variables."""
    return [part for name, value in variables.items() for part in ("--env", f"{name}={value}")]


def authority(folder: Path) -> Path:
    """Make a certificate that stands in for the authorities of RDS, and return its file."""
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
        "-subj /CN=stand-in -keyout key.pem -out ca.pem"
    )
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder / "ca.pem"


def example(folder: Path, bundle: Path) -> build.Options:
    """Copy the example's sources to a folder, and return how they are built there."""
    ignored = shutil.ignore_patterns("_build", "deps")
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True, ignore=ignored)
    shutil.copy(bundle, folder / BUNDLE)
    digest = hashlib.sha256(bundle.read_bytes()).hexdigest()
    return build.Options(
        context=folder,
        name="perpetual-test/shop",
        arguments={**BASES, "RDS_BUNDLE_SHA256": digest},
    )


def checkout(folder: Path) -> Path:
    """Copy to a folder as much of this repository as an environment needs, and return it."""
    there = folder / "release"
    there.mkdir(parents=True)
    shutil.copy(ROOT / "release" / "compose.yaml", there)
    shutil.copytree(ROOT / "release" / "local", there / "local")
    return folder


def layers(reference: str) -> list[str]:
    """Return the layers of an image, from the first."""
    found = docker.image(reference)
    assert found is not None, reference
    return list(found["RootFS"]["Layers"])


def prepared() -> None:
    """Make the base images, once for all runs."""
    subprocess.run(
        [str(Path(__file__).with_name("bases.sh"))],
        check=True,
        env={**os.environ, "DOCKER_BUILDKIT": "0"},
    )


def demand_bases() -> None:
    """Go on with Docker and the base images, made first where the run is about them; else skip.

    `make test-release` and its like set `CONTAINERS=demanded`: there a test that did not run would
    be taken for one that passed.
    """
    if os.environ.get("CONTAINERS") == "demanded":
        if not docker.available():
            pytest.fail("there is no Docker, and this run is about containers")
        prepared()
    elif not docker.available():
        pytest.skip("there is no Docker here; `make test-release` says what it needs")
    elif missing := [image for image in USED if docker.image(image) is None]:
        pytest.skip(f"`make test-release` makes the base images; not there: {', '.join(missing)}")
