"""The base revision's run, from the outside: started early, asked for its capture in the end."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from perpetual import processes
from perpetual.errors import OperatorError
from perpetual.offline.revisions.checkout import Revision, check_out

if TYPE_CHECKING:
    from perpetual.offline.records import Capture

_EVIDENCE_LINES: Final = 6


class Base:
    """The program at another revision, running. Leaving it ends the process and its files."""

    def __init__(self, project: Path, name: str, stack: str, answers: Path | None) -> None:
        """Write the revision's files and start its program."""
        self._folder = tempfile.TemporaryDirectory(prefix="perpetual-base-")
        folder = Path(self._folder.name).resolve()
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self.revision: Revision = check_out(project, name, folder)
            _check_stack(self.revision, stack)
            self._result = folder / "result.json"
            self._errors = folder / "errors.txt"
            self._start(folder, project, stack, answers)
        except BaseException:
            self.close()
            raise

    def _start(self, folder: Path, project: Path, stack: str, answers: Path | None) -> None:
        asked = folder / "asked.json"
        asked.write_text(
            json.dumps(
                {
                    "root": str(self.revision.root),
                    "head": str(project.resolve()),
                    "stack": stack,
                    "answers": str(answers.resolve()) if answers else None,
                }
            )
        )
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - the project's own program
                # -P: the base's folder must not provide the harness.
                processes.tied(
                    [
                        *(sys.executable, "-P", "-m", "perpetual.offline.revisions.child"),
                        *(str(asked), str(self._result)),
                    ]
                ),
                cwd=self.revision.root,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # what the program prints is the head's to show
                stderr=errors,
                process_group=0,
            )
        processes.own(self._process.pid)

    def __enter__(self) -> Self:
        """Return the run itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        """End the run."""
        self.close()

    def capture(self) -> "Capture":
        """Wait for the program's end and return what it registered.

        Raise `OperatorError` with the program's own fault: without the base there is no
        comparison, and half of one is not shown.
        """
        from perpetual.offline.revisions import freight  # noqa: PLC0415 - loads the SDK

        if self._process is not None:
            self._process.wait()
        label = self.revision.label
        if not self._result.is_file():
            lines = self._errors.read_text(errors="replace").strip().splitlines()
            detail = "\n".join(f"  | {line}" for line in lines[-_EVIDENCE_LINES:])
            message = f"the program at {label} ended without a result"
            raise OperatorError(message, detail=detail)
        result = json.loads(self._result.read_text())
        if "capture" not in result:
            message = f"the program at {label} fails: {result['message']}"
            hint = result["hint"] or "The base runs with its own files and today's dependencies."
            raise OperatorError(message, detail=result["detail"], hint=hint)
        return freight.loads(result["capture"])

    def close(self) -> None:
        """End the process and remove the files."""
        if self._process is not None:
            processes.end(self._process.pid)
            self._process.wait()
        self._folder.cleanup()


def _check_stack(revision: Revision, stack: str) -> None:
    from perpetual.offline.project import read_project  # noqa: PLC0415 - beside its only use

    stacks = read_project(revision.root).stacks()
    if stack not in stacks:
        message = f"the base {revision.label} has no stack {stack!r} to compare with"
        listed = ", ".join(stacks) or "none"
        raise OperatorError(message, hint=f"It has {listed}. A new stack needs no --base.")
