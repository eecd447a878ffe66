"""Process groups that this process starts, and their end: nothing is left running.

Each child gets a group of its own, so that ending it ends whatever it started in turn. On Linux a
child also dies with this process, however that ends.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

_PR_SET_PDEATHSIG = 1  # linux/prctl.h

_groups: set[int] = set()


def follow() -> Callable[[], None] | None:
    """Return what a new child must call so that it dies with its parent; None where unsupported.

    The C library is looked up here, in the parent: a child between fork and exec should do little.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


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
