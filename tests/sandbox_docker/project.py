"""A project of the tests' own, its sandbox, and `perpetual` run in it as its users run it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from perpetual import contract
from perpetual.release.web import Client as Web
from perpetual.sandbox import steps
from perpetual.sandbox.runtime.clients import Clients
from perpetual.sandbox.runtime.files import Files, State
from tests.release.support import ROOT

PORTS: Final = ("--port", "0", "--http-port", "0", "--https-port", "0")
STACK: Final = contract.Stack(name="dev", account="444455556666", region="eu-west-1")
PERPETUAL: Final = (sys.executable, "-m", "perpetual")


@dataclass(frozen=True)
class Project:
    """A project and its sandbox."""

    root: Path

    @property
    def files(self) -> Files:
        """Return the sandbox's files."""
        return Files.of(self.root)

    @property
    def state(self) -> State:
        """Return what the sandbox says of itself."""
        found = self.files.read()
        assert found
        return found

    @property
    def web(self) -> Web:
        """Return a client of the balancer."""
        return Web(port=self.state.https, ca_file=Path(self.state.ca_file))

    @property
    def clients(self) -> Clients:
        """Return clients of AWS as the sandbox has it."""
        return Clients(self.state.endpoint, self.state.region)

    @property
    def variables(self) -> dict[str, str]:
        """Return the environment by which programs take the sandbox for AWS."""
        state = self.files.read()
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {**clean, **(steps.variables(state) if state else {})}

    def ran(
        self, *command: str, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in the project to its end, however it ends."""
        return subprocess.run(
            command,
            cwd=self.root,
            env={**self.variables, **(variables or {})},
            capture_output=True,
            text=True,
            check=False,
        )

    def begun(
        self, *command: str, variables: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start a program in the project, which writes all to one pipe."""
        return subprocess.Popen(
            command,
            cwd=self.root,
            env={**self.variables, **(variables or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run `perpetual`, and return what it wrote to stdout."""
        done = self.ran(*PERPETUAL, *arguments)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def other(self, name: str, *arguments: str, code: int = 0) -> str:
        """Run another program of this environment, and return all that it wrote."""
        done = self.ran(program(name), *arguments)
        written = done.stdout + done.stderr
        assert done.returncode == code, written
        return written

    def status(self) -> dict[str, Any]:
        """Return what `sandbox status` tells."""
        found: dict[str, Any] = json.loads(self.run("sandbox", "status", "--json"))
        return found

    def healthy(self) -> Sequence[str]:
        """Return the tasks that take requests."""
        return [one["id"] for one in self.status()["tasks"] if one["health"] == "healthy"]


def program(name: str) -> str:
    """Return where another program of this environment is."""
    return str(Path(sys.executable).with_name(name))


@contextmanager
def sandbox(root: Path, *options: str) -> Iterator[Project]:
    """Make a project in a folder, with a sandbox that ends with the block."""
    for item in ROOT.iterdir():
        if not item.name.startswith("."):
            (root / item.name).symlink_to(item)
    made = Project(root)
    try:
        made.run("sandbox", "up", *options, *PORTS)
        yield made
    finally:
        made.run("sandbox", "down")
