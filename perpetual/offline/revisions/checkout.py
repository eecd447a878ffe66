"""Another revision of the project's repository, as files in a folder of its own.

Nothing of the user's checkout is touched: an index of its own is filled from the commit, and its
files are written elsewhere. `git archive` would do the same but for files with `export-ignore`.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from perpetual.errors import OperatorError
from perpetual.offline.project import FILE

_FETCH: Final = (
    "Name a branch, tag or commit that this clone has; `git fetch` brings the remote's. "
    "In a workflow, actions/checkout needs `fetch-depth: 0`."
)


@dataclass(frozen=True)
class Revision:
    """A revision: as it was asked for, its commit, and where its project's files are now."""

    name: str
    commit: str
    root: Path

    @property
    def label(self) -> str:
        """Return what reports call it."""
        short = self.commit[:9]
        return self.name if self.commit.startswith(self.name) else f"{self.name} ({short})"


def check_out(project: Path, name: str, folder: Path) -> Revision:
    """Write the whole repository of `project` as it is at `name` below `folder`.

    Raise `OperatorError` where there is no git, no repository, no such revision, or no project in
    it.
    """
    top = Path(_git(project, "rev-parse", "--show-toplevel", fault=_no_repository(project)))
    commit = _git(
        top,
        *("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"),
        fault=OperatorError(f"there is no revision {name!r} in {top}", hint=_FETCH),
    )
    inside = project.resolve().relative_to(top.resolve())
    where = f"{inside}/" if inside.parts else ""
    _git(
        top,
        *("cat-file", "-e", f"{commit}:{where}{FILE}"),
        fault=OperatorError(
            f"revision {name!r} has no project to compare with: there is no {where}{FILE} in it",
            hint="Name a later revision with --base.",
        ),
    )
    files = folder / "files"
    files.mkdir()
    broken = OperatorError(f"git could not write the files of revision {name!r}")
    own_index = {"GIT_INDEX_FILE": str(folder / "index")}
    _git(top, "read-tree", commit, fault=broken, environment=own_index)
    _git(
        top,
        *("checkout-index", "--all", "--quiet", f"--prefix={files}/"),
        fault=broken,
        environment=own_index,
    )
    return Revision(name, commit, (files / inside).resolve())


def _no_repository(project: Path) -> OperatorError:
    message = f"--base compares with another revision, and {project} is in no git repository"
    return OperatorError(message, hint="Run it inside a clone, or leave --base out.")


def _git(
    folder: Path, *arguments: str, fault: OperatorError, environment: dict[str, str] | None = None
) -> str:
    """Return what git prints; raise `fault`, with git's own words, if it fails."""
    try:
        done = subprocess.run(  # noqa: S603 - arguments are a list, and revisions end the options
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - whichever git the user has
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        message = "--base needs git, and there is none on the path"
        raise OperatorError(message, hint="Install git, or leave --base out.") from None
    if done.returncode:
        said = done.stderr.strip().splitlines()
        fault.detail = "\n".join(f"  | {line}" for line in said[-3:])
        raise fault
    return done.stdout.strip()
