"""The sandbox's process, from outside: started, asked, ended."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from perpetual import processes
from perpetual.errors import OperatorError
from perpetual.sandbox.runtime.control import HEADER, PREFIX
from perpetual.sandbox.runtime.files import Files, State

START_SECONDS: Final = 600.0
"""Longest start: the very first one pulls three images."""

END_SECONDS: Final = 60.0
_ANSWER_SECONDS: Final = 180.0
_PAUSE: Final = 0.05
_LAST_LINES: Final = 15


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Ports on loopback: of AWS's API, and of the balancer's listeners; 0 is any that is free."""

    api: int
    http: int
    https: int


def start(files: Files, *, stack: str, account: str, region: str, ports: Ports) -> State:
    """Start the process in the background, in a session of its own, and wait until it is ready.

    One that somebody else has just started is waited for instead.

    Raises:
        OperatorError: It does not get ready; the last lines of its log are the detail.
    """
    files.folder.mkdir(parents=True, exist_ok=True)
    options = {
        "folder": str(files.folder),
        "stack": stack,
        "account": account,
        "region": region,
        "port": str(ports.api),
        "http": str(ports.http),
        "https": str(ports.https),
    }
    started = None if files.holder() else _started(files, options)
    deadline = time.monotonic() + START_SECONDS
    while (state := files.read()) is None:
        if started and started.poll() is not None and files.holder():
            # Another was faster by a moment, and this one has left it the folder.
            started = None
        over = started.poll() is not None if started else files.holder() is None
        if over or time.monotonic() > deadline:
            if started:
                processes.end(started.pid)
            raise _failed(files)
        time.sleep(_PAUSE)
    # From here on it outlives this command, whatever ends it.
    processes.disown_all()
    return state


def _started(files: Files, options: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "perpetual.sandbox.runtime"]
    given = [part for name, value in options.items() for part in (f"--{name}", value)]
    # Two may write for a moment: each to the end.
    mode = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    with os.fdopen(os.open(files.log, mode, 0o600), "w") as log:
        process = subprocess.Popen(  # noqa: S603 - a list of arguments, and no shell
            [*command, *given],
            env=without_aws(os.environ),
            # Where the program's own relative paths start.
            cwd=files.root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    processes.own(process.pid)
    return process


def without_aws(variables: Mapping[str, str]) -> dict[str, str]:
    """Return variables without those of AWS's tools, which mean another AWS."""
    return {name: value for name, value in variables.items() if not name.startswith("AWS_")}


def ask(state: State, name: str, **arguments: Any) -> Mapping[str, Any]:
    """Ask the process for something, and return its answer.

    Raises:
        OperatorError: It refuses, or does not answer.
    """
    request = urllib.request.Request(  # noqa: S310 - loopback, as the process wrote it
        f"{state.endpoint}{PREFIX}{name}",
        data=json.dumps(arguments).encode(),
        headers={HEADER: "1", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as said:  # noqa: S310 - as above
            found: Mapping[str, Any] = json.load(said)
            return found
    except urllib.error.HTTPError as error:
        told = json.load(error)
        raise OperatorError(
            told["message"], hint=told.get("hint", ""), detail=told.get("detail", "")
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise OperatorError(
            f"the sandbox at {state.endpoint} does not answer",
            hint="`perpetual sandbox down` removes it, and `up` starts it anew.",
            detail=str(error),
        ) from error


def end(files: Files) -> bool:
    """End the process, by force if it has to be; tell whether there was one."""
    pid = files.holder()
    if pid is None:
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        # The lock says that the number is still this process's.
        if files.holder() == pid:
            os.kill(pid, number)
        deadline = time.monotonic() + END_SECONDS
        while time.monotonic() < deadline:
            if files.holder() is None and not _lives(pid):
                return True
            time.sleep(_PAUSE)
    raise OperatorError(f"process {pid} does not end", hint="End it, and run this again.")


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _failed(files: Files) -> OperatorError:
    try:
        lines = files.log.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return OperatorError(
            "the sandbox was removed while it started", hint="`perpetual sandbox up` starts anew."
        )
    said = [line.removeprefix("perpetual: ") for line in lines[-_LAST_LINES:]]
    return OperatorError(
        "the sandbox does not start",
        detail="\n".join(said),
        hint=f"Its whole log is {files.log}.",
    )
