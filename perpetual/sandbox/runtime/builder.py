"""Images that a program asks for: built here, pushed to the registry in ECR's place."""

from collections.abc import Callable, Mapping
from typing import Any

from perpetual.errors import OperatorError
from perpetual.release import docker
from perpetual.sandbox.runtime import containers
from perpetual.sandbox.runtime.registry import Registry


def builder(registry: Registry) -> Callable[[Mapping[str, Any]], str]:
    """Return what builds and pushes the image of a `docker.Image`, and returns its digest."""

    def build(inputs: Mapping[str, Any]) -> str:
        target = containers.reference(str(inputs["imageName"]), registry.address)
        docker.run(*command(inputs.get("build") or {}, target))
        try:
            docker.run("push", "--quiet", target)
        finally:
            # Its layers stay, for the next build.
            docker.run("rmi", "--no-prune", target)
        name, _, tag = target.removeprefix(f"{registry.address}/").rpartition(":")
        found = registry.manifest(name, tag)
        if found is None:
            raise OperatorError(f"{target} was pushed, and is not there")
        return found.digest

    return build


def command(wanted: Mapping[str, Any], reference: str) -> list[str]:
    """Return the arguments of `docker` that build an image; the context comes last."""
    options = {"--file": "dockerfile", "--platform": "platform", "--target": "target"}
    given = [
        part
        for option, name in options.items()
        if wanted.get(name)
        for part in (option, str(wanted[name]))
    ]
    arguments = sorted((wanted.get("args") or {}).items())
    built = [part for name, value in arguments for part in ("--build-arg", f"{name}={value}")]
    return ["build", "--quiet", *given, *built, "--tag", reference, str(wanted.get("context", "."))]
