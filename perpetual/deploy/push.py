"""The push: Docker does it, with a token of the repository that is nowhere kept.

The token goes into a configuration of its own, in a folder that only this user reads and that is
gone afterwards; Docker's own configuration, and whoever is logged in there, stay as they are.
"""

import base64
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from perpetual import processes
from perpetual.aws.calls import Call
from perpetual.deploy.image import Image
from perpetual.errors import OperatorError
from perpetual.release import docker

TOKEN: Final = Call(service="ecr", operation="GetAuthorizationToken", request={})

_DIGEST: Final = re.compile(r"digest: (sha256:[0-9a-f]{64})")
_PAUSE: Final = 0.1

# What a registry or Docker says, in lower case, what that means, and the way out.
_FAULTS: Final = (
    (
        ("no basic auth credentials", "denied", "unauthorized", "forbidden"),
        "the registry does not take this push",
        "See that the role may push to the repository, and that no proxy takes the token away.",
    ),
    (
        ("tag invalid", "immutable", "cannot be overwritten"),
        "the repository holds another image under this tag, and a tag is pushed once",
        "Build the image again: its tag follows from its content.",
    ),
    (
        ("toomanyrequests", "too many requests", "rate exceeded"),
        "the registry refused: too many requests at once",
        "Wait a minute, and run the command again.",
    ),
    (
        ("connection refused", "no such host", "timeout", "tls handshake", "eof", "unreachable"),
        "the registry cannot be reached from Docker",
        "See to network, VPN and proxy of the Docker daemon, for it pushes; then run this again.",
    ),
    (
        ("name unknown", "does not exist"),
        "the registry has no such repository",
        "`pulumi up` makes it.",
    ),
)


def push(token: Mapping[str, Any], image: Image, repository: str, pulse: Callable[[], None]) -> str:
    """Push an image to a repository, and return its digest there.

    `token` is ECR's answer to `TOKEN`; `pulse` is called while Docker works.

    Raises:
        OperatorError: Docker or the registry refuses; their last words are the detail.
    """
    (data,) = token["authorizationData"]
    host = urlsplit(data["proxyEndpoint"]).netloc
    target = f"{host}/{repository}:{image.tag}"
    docker.run("tag", image.id, target)
    try:
        with _environment(host, data["authorizationToken"]) as variables:
            said = _run(["docker", "push", target], variables, pulse)
    finally:
        _untag(image, target)
    found = _DIGEST.search(said)
    if found is None:
        raise OperatorError(
            "Docker pushed the image, and does not tell its digest", detail=said.strip()[-500:]
        )
    return found[1]


def fault(said: str) -> OperatorError:
    """Return what the words of a failed push mean."""
    lower, detail = said.lower(), "\n".join(said.strip().splitlines()[-8:])
    for words, meaning, hint in _FAULTS:
        if any(word in lower for word in words):
            return OperatorError(meaning, hint=hint, detail=detail)
    return docker.fault(["docker", "push"], said)


@contextmanager
def _environment(host: str, token: str) -> Iterator[Mapping[str, str]]:
    """Yield the variables of a Docker that holds the token for this one registry."""
    # A context, such as Docker Desktop's, is kept in the folder that this one takes the place of.
    daemon = docker.run("context", "inspect", "--format", "{{.Endpoints.docker.Host}}").strip()
    with tempfile.TemporaryDirectory(prefix="perpetual-") as folder:
        # ECR hands the token over as Docker keeps it: `AWS:<password>` in base64.
        content = {"auths": {host: {"auth": _checked(token)}}}
        file = Path(folder) / "config.json"
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
            json.dump(content, output)
        yield {"DOCKER_HOST": daemon, **os.environ, "DOCKER_CONFIG": folder}


def _checked(token: str) -> str:
    if b":" not in base64.b64decode(token):
        raise OperatorError("ECR's token is none that Docker can use")
    return token


def _run(command: list[str], variables: Mapping[str, str], pulse: Callable[[], None]) -> str:
    """Run Docker in a group of its own, and return what it said; `pulse` while it works."""
    with tempfile.TemporaryFile("w+") as output:
        try:
            process = subprocess.Popen(  # noqa: S603 - a list of arguments, and no shell
                command,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise OperatorError(
                "there is no command `docker`", hint="Install Docker, with its command line."
            ) from error
        processes.own(process.pid)
        try:
            while process.poll() is None:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_PAUSE)
                pulse()
        finally:
            processes.end(process.pid)
            process.wait()
        output.seek(0)
        said = output.read()
    if process.returncode:
        raise fault(said)
    return said


def _untag(image: Image, target: str) -> None:
    """Take the repository's name away again, unless it is the only one that the image has."""
    with suppress(OperatorError):
        names = (docker.image(image.id) or {}).get("RepoTags") or []
        if names != [target]:
            docker.run("image", "rm", "--no-prune", target)
