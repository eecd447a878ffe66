"""Where a sandbox keeps its files, and whether its process lives."""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final

from perpetual.errors import OperatorError
from perpetual.sandbox.runtime.authority import keep

FOLDER: Final = Path(".perpetual") / "sandbox"

_PAUSE: Final = 0.01


@dataclass(frozen=True, kw_only=True)
class State:
    """What a running sandbox tells about itself: the stack it is for, and where it is reached."""

    stack: str
    endpoint: str
    account: str
    region: str
    http: int
    https: int
    registry: str
    ca_file: str


@dataclass(frozen=True)
class Files:
    """The files of one sandbox."""

    folder: Path

    @classmethod
    def of(cls, root: Path) -> "Files":
        """Return the files of a checkout's sandbox."""
        return cls(root / FOLDER)

    @property
    def root(self) -> Path:
        """Return the checkout."""
        return self.folder.parents[len(FOLDER.parts) - 1]

    @property
    def state(self) -> Path:
        """Return the file in which the process says that it is ready, and where."""
        return self.folder / "sandbox.json"

    @property
    def log(self) -> Path:
        """Return the process's log."""
        return self.folder / "sandbox.log"

    @property
    def deployed(self) -> Path:
        """Return the file of what the program's resources are."""
        return self.folder / "deployed.json"

    @property
    def _lock(self) -> Path:
        return self.folder / "lock"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder, as the process does for its life.

        A lock, and not the number of a process: it ends with the process however that ends, and
        numbers are given again.

        Raises:
            OperatorError: Another process holds it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock.open("a") as lock:
            while not _locked(lock, fcntl.LOCK_EX):
                # Whoever only looks shares the lock, and for a moment; a process that holds it does
                # not.
                if not _locked(lock, fcntl.LOCK_SH):
                    raise OperatorError(
                        f"a sandbox runs in {self.folder} already",
                        hint="`perpetual sandbox status` tells of it, `sandbox down` ends it.",
                    )
                fcntl.flock(lock, fcntl.LOCK_UN)
                time.sleep(_PAUSE)
            # What a killed process said of itself is not so any more, and its AWS went with it.
            self.state.unlink(missing_ok=True)
            self.deployed.unlink(missing_ok=True)
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n{self.folder.resolve()}\n")
            lock.flush()
            try:
                yield
            finally:
                self.state.unlink(missing_ok=True)

    def holder(self) -> int | None:
        """Return the process that holds the folder, None where nobody does."""
        if not self._lock.is_file():
            return None
        with self._lock.open("a+") as lock:
            # Shared, so that two who look do not take each other for the holder.
            if _locked(lock, fcntl.LOCK_SH):
                return None
            lock.seek(0)
            return int(lock.readline() or 0) or None

    def moved_from(self) -> Path | None:
        """Return where this folder was when a sandbox last ran in it, if it is there no more.

        What Docker has of that one is known by the old place. A copy of a folder has not moved: its
        original is there, and may have a sandbox that runs.
        """
        try:
            _, *rest = self._lock.read_text().splitlines()
        except (FileNotFoundError, ValueError):
            return None
        before = Path(rest[0]) if rest else self.folder.resolve()
        return None if before.exists() else before

    def write(self, state: State) -> None:
        """Say that the sandbox is ready."""
        keep(self.state, json.dumps(asdict(state), indent=2))

    def read(self) -> State | None:
        """Return what the running sandbox says of itself, None while there is none.

        Raises:
            OperatorError: Another version of this program runs it, and says other things.
        """
        if self.holder() is None:
            return None
        try:
            return State(**json.loads(self.state.read_text()))
        except FileNotFoundError:
            return None
        except (TypeError, ValueError) as error:
            raise OperatorError(
                "the sandbox that runs is another version's",
                hint="`perpetual sandbox down` ends it, and `up` starts one of this version.",
                detail=str(error),
            ) from error

    def remove(self) -> None:
        """Remove everything, and the folders that are empty then."""
        shutil.rmtree(self.folder, ignore_errors=True)
        parent = self.folder.parent
        if parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()


def _locked(file: IO[str], how: int) -> bool:
    """Lock an open file if it can be had at once, and tell whether it could."""
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
