"""The command `perpetual release`, run as its users run it: a process of its own, in a checkout."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.release.support import ROOT

_begun: list[subprocess.Popen[str]] = []
_COMMAND = (sys.executable, "-m", "perpetual", "release")


@dataclass(frozen=True)
class Ran:
    """What a command wrote, and its exit code."""

    code: int
    out: str
    err: str


def begun(
    folder: Path, *arguments: str, variables: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start a command, as a shell does in its own process group."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "policy")])
    process = subprocess.Popen(
        [*_COMMAND, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, **(variables or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    _begun.append(process)
    return process


def end_all() -> None:
    """Kill whatever a test has begun and not waited for, because it failed before."""
    for process in _begun:
        if process.returncode is None:
            process.kill()
            process.communicate()
    _begun.clear()


def ended(process: subprocess.Popen[str]) -> Ran:
    """Wait for a command's end."""
    out, err = process.communicate()
    return Ran(process.returncode, out, err)


def run(folder: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> Ran:
    """Run a command to its end."""
    return ended(begun(folder, *arguments, variables=variables))
