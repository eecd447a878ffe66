"""Whose an environment is: one that is made to be removed again, or one that stays.

The first kind leaves nothing behind, even where the process that made it was killed.
"""

import fcntl
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from perpetual.errors import OperatorError
from perpetual.release.environment import FOLDER, Environment
from perpetual.release.interruption import uninterrupted
from perpetual.release.project import Project

_OWNER: Final = "temporary.lock"
"""File that is locked for as long as an environment's maker lives; the kernel sees to its end."""

_WORKER: Final = "work.lock"
"""File that is locked while an environment that stays is changed."""


def unique(prefix: str) -> str:
    """Return a name that no other environment has."""
    return f"{prefix}-{secrets.token_hex(4)}"


@contextmanager
def temporary(environment: Environment) -> Iterator[Environment]:
    """Run an environment and remove it, whatever happens in between.

    Before, what earlier ones left is removed, whose makers are no more.
    """
    root = environment.root / FOLDER
    with _one_by_one(root):
        for folder in _left(root):
            Project(folder.name).remove(volumes=True, gracefully=False)
            _forget(folder)
        owner = _locked(environment.folder / _OWNER)
    if owner is None:
        raise OperatorError(f"there is an environment {environment.name} already")
    with owner:
        try:
            environment.prepare_files()
            yield environment
        finally:
            with uninterrupted():
                environment.project.remove(volumes=True, gracefully=False)
                with _one_by_one(root):
                    _forget(environment.folder)


@contextmanager
def alone(environment: Environment) -> Iterator[None]:
    """Work on an environment that stays, and let nobody else do so meanwhile.

    Raises:
        OperatorError: Somebody else does.
    """
    worker = _locked(environment.folder / _WORKER)
    if worker is None:
        raise OperatorError(
            f"another run is at work on the environment {environment.name}",
            hint="Wait for its end, then run this again.",
        )
    with worker:
        yield


def _left(root: Path) -> Iterator[Path]:
    """Yield folders of environments whose makers are no more."""
    for file in root.glob(f"*/{_OWNER}"):
        owner = _locked(file)
        if owner is not None:
            owner.close()
            yield file.parent


def _forget(folder: Path) -> None:
    """Remove an environment's folder, which is what tells of it; so its containers go first."""
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


@contextmanager
def _one_by_one(root: Path) -> Iterator[None]:
    """Let nobody else look for what was left, or begin, meanwhile."""
    root.mkdir(exist_ok=True)
    with (root / "temporary.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _locked(file: Path) -> IO[str] | None:
    """Return a file locked until it is closed, or `None` where another process has it locked."""
    file.parent.mkdir(parents=True, exist_ok=True)
    opened = file.open("w")
    with suppress(BlockingIOError):
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return opened
    opened.close()
    return None
