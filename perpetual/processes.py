"""Process groups that this process starts, and their end: nothing is left running.

Each child gets a group of its own, so that ending it ends whatever it started in turn. On Linux a
child also dies with this process, however that ends.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache

_PR_SET_PDEATHSIG = 1  # linux/prctl.h

_groups: set[int] = set()


def tied(command: Sequence[str]) -> list[str]:
    """Return a command that dies with the thread that starts it, where util-linux has setpriv.

    Not by `preexec_fn`, whose fork runs the handlers of all libraries: those of gRPC, once it has
    had a channel, now and then abort the child or lock up this process.
    """
    setpriv = _setpriv()
    # What is not there is said by whoever starts it.
    if setpriv is None or shutil.which(command[0]) is None:
        return [*command]
    return [setpriv, "--pdeathsig", "KILL", "--", *command]


@cache
def _setpriv() -> str | None:
    """Return util-linux's program; BusyBox has one of this name that cannot do it."""
    found = shutil.which("setpriv") if sys.platform == "linux" else None
    if found is None:
        return None
    tried = [found, "--pdeathsig", "KILL", "--", "true"]
    works = subprocess.run(tried, capture_output=True, check=False).returncode == 0  # noqa: S603 - a constant
    return found if works else None


def follow() -> None:
    """Let this process, which was forked a moment ago, die with its parent; nothing off Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def own(group: int) -> None:
    """Remember a process group as one to end."""
    _groups.add(group)


def disown_all() -> None:
    """Forget all groups: after a fork they are the parent's to end."""
    _groups.clear()


def end(group: int) -> None:
    """Kill a process group; doing so twice is harmless."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    _groups.discard(group)


def end_all() -> None:
    """Kill every process group that is left."""
    for group in tuple(_groups):
        end(group)
