"""Which revision of the sources a build is of."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from perpetual.errors import OperatorError

SHORT: Final = 12
"""Digits of a revision that a tag shows."""

DIRTY: Final = "-dirty"
"""End of the name of what is no revision: a tree that differs from the commit before it."""


@dataclass(frozen=True)
class Revision:
    """A commit, and whether the folder in question differs from it."""

    commit: str
    dirty: tuple[str, ...]

    @property
    def tag(self) -> str:
        """Return the tag of an image built from it."""
        return self.commit[:SHORT] + (DIRTY if self.dirty else "")

    @property
    def label(self) -> str:
        """Return what an image built from it says that it is."""
        return self.commit + (DIRTY if self.dirty else "")


def of(folder: Path) -> Revision:
    """Return the revision of a folder, with the files in it that no commit holds.

    Raises:
        OperatorError: The folder is in no repository, or the repository has no commit yet.
    """
    commit = _git(folder, "rev-parse", "HEAD").strip()
    changed = _git(folder, "status", "--porcelain", "--untracked-files=all", "--", ".")
    return Revision(commit, tuple(line[3:] for line in changed.splitlines()))


def _git(folder: Path, *arguments: str) -> str:
    try:
        finished = subprocess.run(  # noqa: S603 - git, and no shell
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - git is where the user has it
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise OperatorError("there is no command `git`", hint="Install git.") from error
    if finished.returncode:
        raise OperatorError(
            f"{folder} has no revision to name an image after",
            detail=finished.stderr.strip(),
            hint="Commit it to a git repository first.",
        )
    return finished.stdout
