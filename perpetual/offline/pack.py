"""The policy pack as a process, asked over the protocol that the engine speaks with it.

A pack prints the port of its gRPC server as its first line and then serves until it is killed. It
gets a process group of its own, so that ending it ends whatever it started, and nothing else.
"""

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from perpetual import processes
from perpetual.errors import OperatorError
from perpetual.offline.config import Config
from perpetual.offline.documents import read_mapping
from perpetual.offline.pack_config import PackConfig

FILE: Final = "PulumiPolicy.yaml"
_POLL_SECONDS: Final = 0.005
_EVIDENCE_LINES: Final = 6


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What the engine tells a pack about the stack that it judges, and the pack's configuration."""

    project: str
    stack: str
    config: Config
    preview: bool = True
    pack_config: PackConfig = field(default_factory=PackConfig)


class Pack:
    """A running policy pack. Use it as a context manager: leaving it kills the process group."""

    def __init__(self, folder: Path, identity: Identity) -> None:
        """Start the pack in `folder`; `port` waits for it."""
        if not (folder / FILE).is_file():
            message = f"there is no policy pack in {folder}: it has no {FILE}"
            raise OperatorError(message, hint="Name its folder with --policy.")
        self.folder = folder
        self.identity = identity
        self._out: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the pack
        self._err: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the pack
        # The pack alone holds the other end: this one reads as ended once the pack is gone, in
        # whichever process asks. A forked watcher's child cannot wait for its parent's children.
        self._life, theirs = os.pipe()
        self._process = subprocess.Popen(  # noqa: S603 - the project's own policy pack
            processes.tied([_python(folder), str(folder)]),
            cwd=folder,
            env=_environment(identity),
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._err,
            pass_fds=(theirs,),
            process_group=0,
        )
        processes.own(self._process.pid)
        os.close(theirs)

    def __enter__(self) -> Self:
        """Return the pack itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        """End the pack."""
        self.close()

    @property
    def pid(self) -> int:
        """Return the process id, which is the process group's too."""
        return self._process.pid

    def kill(self) -> None:
        """End the pack and whatever it started, at once; doing so twice is harmless.

        What it wrote stays readable, for `fault`.
        """
        processes.end(self._process.pid)
        self._process.wait()

    def close(self) -> None:
        """End the pack and let go of what it wrote."""
        self.kill()
        self._out.close()
        self._err.close()
        if self._life >= 0:
            os.close(self._life)
            self._life = -1

    def port(self, seconds: float) -> int:
        """Return the port of the server; raise `OperatorError` if none comes in `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            ended = bool(select.select([self._life], [], [], _POLL_SECONDS)[0])
            first, complete, _ = _text(self._out).partition("\n")
            if complete:
                break
            if ended:
                raise self.fault("the policy pack ended before it served")
            if time.monotonic() > deadline:
                message = f"the policy pack did not start within {seconds:g} s"
                raise self.fault(message, hint="Give it longer with --timeout.")
        if not first.strip().isdigit():
            message = f"the policy pack printed {first.strip()!r} where its port belongs"
            hint = "A pack must not print to stdout before it serves."
            raise self.fault(message, hint=hint)
        return int(first)

    def fault(self, message: str, *, hint: str = "") -> OperatorError:
        """Return an error that shows the last lines the pack wrote to stderr."""
        lines = [line for line in _text(self._err).splitlines() if line.strip()]
        detail = "\n".join(f"  | {line}" for line in lines[-_EVIDENCE_LINES:])
        return OperatorError(message, detail=detail, hint=hint)


def _text(file: IO[bytes]) -> str:
    """Return what a process has written to a file so far, whatever its own position there."""
    size = os.fstat(file.fileno()).st_size
    return os.pread(file.fileno(), size, 0).decode(errors="replace")


def _python(folder: Path) -> str:
    """Return the interpreter that the pack names by its virtual environment, or this one."""
    runtime = read_mapping(folder / FILE).get("runtime")
    options: dict[str, Any] = (runtime.get("options") if isinstance(runtime, dict) else {}) or {}
    named = folder / str(options.get("virtualenv", "")) / "bin" / "python"
    return str(named) if options.get("virtualenv") and named.is_file() else sys.executable


def _environment(identity: Identity) -> dict[str, str]:
    return {
        **os.environ,
        "PULUMI_PROJECT": identity.project,
        "PULUMI_STACK": identity.stack,
        "PULUMI_ORGANIZATION": "organization",
        "PULUMI_DRY_RUN": "true" if identity.preview else "false",
        "PULUMI_CONFIG": json.dumps(dict(identity.config.values)),
        "PYTHONUNBUFFERED": "1",
    }
