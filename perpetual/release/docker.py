"""The Docker command as plain calls, its faults as sentences."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from perpetual import processes
from perpetual.errors import OperatorError

_LAST: Final = 15
"""Lines of Docker's own words that go with an error."""

_NO_DAEMON: Final = (
    "the Docker daemon does not answer",
    "Start it, and see that you may use it: `docker info` says so.",
)
_NOT_ALLOWED: Final = (
    "you may not use the Docker daemon",
    "Join the group `docker`, or use a daemon of your own.",
)
_PORT_TAKEN: Final = (
    "a port of the environment is taken",
    "Stop what uses it, or choose others with --http-port, --https-port and --database-port.",
)
_NO_IMAGE: Final = (
    "an image cannot be fetched",
    "Name another, for the services by POSTGRES_IMAGE and NGINX_IMAGE; or log in to its registry.",
)

# What Docker or Compose says, in lower case, what that means, and the way out.
_FAULTS: Final = (
    ("permission denied while trying to connect", *_NOT_ALLOWED),
    ("permissionerror(13", *_NOT_ALLOWED),
    ("cannot connect to the docker daemon", *_NO_DAEMON),
    ("couldn't connect to docker daemon", *_NO_DAEMON),
    ("error while fetching server api version", *_NO_DAEMON),
    ("error during connect", *_NO_DAEMON),
    (
        "no space left on device",
        "the disk is full",
        "Make room, for instance with `docker system prune`, and run the command again.",
    ),
    ("port is already allocated", *_PORT_TAKEN),
    ("address already in use", *_PORT_TAKEN),
    ("pull access denied", *_NO_IMAGE),
    ("manifest unknown", *_NO_IMAGE),
    ("toomanyrequests", *_NO_IMAGE),
    ("dial tcp", *_NO_IMAGE),
)


def run(
    *arguments: str,
    given: str | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> str:
    """Run `docker` and return what it wrote to stdout.

    Raises:
        OperatorError: Docker is missing or refuses; its last words are the detail.
    """
    return call(["docker", *arguments], given=given, environment=environment, folder=folder)


def call(
    command: Sequence[str],
    *,
    given: str | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    both: bool = False,
) -> str:
    """Run any of Docker's commands; see `run`. With `both`, what it wrote to stderr comes along.

    It gets a process group of its own, so that Ctrl-C on a terminal is for this process to answer;
    and it does not outlive this process.
    """
    try:
        finished = subprocess.run(  # noqa: S603 - a list of arguments, and no shell
            processes.tied(command),
            input=given,
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            process_group=0,
        )
    except FileNotFoundError as error:
        message = f"there is no command `{command[0]}`"
        raise OperatorError(message, hint="Install Docker, with its command line.") from error
    if finished.returncode:
        raise fault(command, finished.stdout + finished.stderr)
    return finished.stdout + (finished.stderr if both else "")


def succeeds(*arguments: str) -> bool:
    """Tell whether `docker` with these arguments ends well."""
    try:
        run(*arguments)
    except OperatorError:
        return False
    return True


def available() -> bool:
    """Tell whether there is a Docker daemon to be used."""
    return shutil.which("docker") is not None and succeeds("version")


def image(reference: str) -> dict[str, Any] | None:
    """Return what Docker knows of an image, or `None` where there is no such image."""
    return _inspected("image", reference)


def container(name: str) -> dict[str, Any] | None:
    """Return what Docker knows of a container, or `None` where there is no such container."""
    return _inspected("container", name)


def ids(kind: str, *labels: str, options: Sequence[str] = ()) -> list[str]:
    """Return the containers, networks or volumes that bear every label, `name=value`, by id."""
    wanted = [part for label in labels for part in ("--filter", f"label={label}")]
    return run(kind, "ls", "--quiet", *options, *wanted).split()


@cache
def compose() -> tuple[str, ...]:
    """Return Compose's command: the plugin of today, or the older program.

    Raises:
        OperatorError: Neither is installed.
    """
    if succeeds("compose", "version"):
        return ("docker", "compose")
    if shutil.which("docker-compose"):
        return ("docker-compose",)
    raise OperatorError(
        "there is no Docker Compose",
        hint="Install the plugin (`docker compose`) or the program `docker-compose`.",
    )


def fault(command: Sequence[str], said: str) -> OperatorError:
    """Return what the words of a failed command mean."""
    lower = said.lower()
    detail = "\n".join(said.strip().splitlines()[-_LAST:])
    for words, meaning, hint in _FAULTS:
        if words in lower:
            return OperatorError(meaning, hint=hint, detail=detail)
    return OperatorError(f"`{' '.join(command[:2])}` failed", detail=detail)


def _inspected(kind: str, name: str) -> dict[str, Any] | None:
    try:
        found = json.loads(run(kind, "inspect", name))
    except OperatorError as error:
        if "no such" in error.detail.lower():
            return None
        raise
    return dict(found[0])
