"""`perpetual release build`: one image of one revision."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from perpetual.errors import OperatorError
from perpetual.release import docker, revision
from perpetual.release.revision import Revision

REVISION_LABEL: Final = "org.opencontainers.image.revision"
ARGUMENTS_LABEL: Final = "perpetual.arguments"
"""Label that tells builds of one revision with different arguments apart."""

BUILDER: Final = "builder"
"""Stage of the Dockerfile that compiles."""

_NAMED: Final = 5
"""Changed files that a message names at most."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What to build.

    `context` holds the Dockerfile's sources, `name` is the image's, without tag. `platform` is
    Docker's, such as `linux/arm64`; the daemon's own without one. `dirty` allows what is not
    committed, `again` builds what is there already.
    """

    context: Path
    dockerfile: str = "Dockerfile"
    name: str = "release"
    arguments: Mapping[str, str]
    platform: str | None = None
    target: str | None = None
    dirty: bool = False
    again: bool = False


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer: the instruction that made it, and its size in bytes."""

    made_by: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Built:
    """An image: its reference and id, its layers from the first, and the seconds each phase took.

    `fresh` is false where the image was there before.
    """

    reference: str
    id: str
    commit: str
    size: int
    layers: tuple[Layer, ...]
    seconds: Mapping[str, float]
    fresh: bool


def build(options: Options) -> Built:
    """Build the image of the context's revision, unless it is there.

    Raises:
        OperatorError: There is no such context, it differs from its revision, or Docker fails.
    """
    _check(options)
    clock: dict[str, float] = {}
    found = _timed(clock, "revision", lambda: revision.of(options.context))
    if found.dirty and not options.dirty:
        raise _unclean(options.context, found)
    reference = f"{options.name}:{found.tag}"
    before = docker.image(reference)
    if before and not found.dirty and not options.again and _same(before, found, options):
        return _built(reference, before, found, clock, fresh=False)
    compiling = command(replace(options, target=BUILDER), found)
    _timed(clock, "compile", lambda: docker.run(*compiling))
    _timed(clock, "image", lambda: docker.run(*command(options, found, reference)))
    after = docker.image(reference)
    if after is None:
        raise OperatorError(f"Docker built {reference}, and does not know it now")
    fresh = before is None or before["Id"] != after["Id"]
    return _built(reference, after, found, clock, fresh=fresh)


def command(options: Options, found: Revision, reference: str | None = None) -> list[str]:
    """Return the arguments of `docker` that build an image; the context comes last.

    A stage on the way there gets no reference: nobody must take it for the release.
    """
    built = {**options.arguments, "REVISION": found.label}
    return [
        "build",
        # A step that fails leaves no container either; BuildKit has none.
        "--force-rm",
        *(["--platform", options.platform] if options.platform else []),
        *(["--target", options.target] if options.target else []),
        *(part for name, value in built.items() for part in ("--build-arg", f"{name}={value}")),
        "--label",
        f"{ARGUMENTS_LABEL}={fingerprint(options)}",
        "--file",
        str(options.context / options.dockerfile),
        *(["--tag", reference] if reference else []),
        "--quiet",
        str(options.context),
    ]


def fingerprint(options: Options) -> str:
    """Return what tells two builds of one revision apart: a hash of arguments and platform."""
    given = json.dumps(
        [sorted(options.arguments.items()), options.platform, options.target, options.dockerfile]
    )
    return hashlib.sha256(given.encode()).hexdigest()[:16]


def _check(options: Options) -> None:
    if not (options.context / options.dockerfile).is_file():
        raise OperatorError(
            f"{options.context} holds no {options.dockerfile}",
            hint="Name the folder of the application with --context.",
        )


def _unclean(context: Path, found: Revision) -> OperatorError:
    shown = ", ".join(found.dirty[:_NAMED])
    more = f" and {len(found.dirty) - _NAMED} more" if len(found.dirty) > _NAMED else ""
    return OperatorError(
        f"{context} differs from its last commit, so no revision says what would be built: "
        f"{shown}{more}",
        hint="Commit or discard the changes, or add --dirty for an image that nobody deploys.",
    )


def _same(image: Mapping[str, Any], found: Revision, options: Options) -> bool:
    labels = image["Config"]["Labels"] or {}
    return labels.get(REVISION_LABEL) == found.commit and labels.get(
        ARGUMENTS_LABEL
    ) == fingerprint(options)


def _built(
    reference: str,
    image: Mapping[str, Any],
    found: Revision,
    clock: dict[str, float],
    *,
    fresh: bool,
) -> Built:
    history = docker.run(
        "history", "--no-trunc", "--format", "{{json .}}", "--human=false", reference
    )
    steps = [json.loads(line) for line in reversed(history.splitlines())]
    return Built(
        reference=reference,
        id=image["Id"],
        commit=found.commit,
        size=image["Size"],
        layers=tuple(
            Layer(made_by=_instruction(step["CreatedBy"]), size=int(step["Size"]))
            for step in steps
            if int(step["Size"])
        ),
        seconds=clock,
        fresh=fresh,
    )


def _instruction(made_by: str) -> str:
    text = made_by.removeprefix("/bin/sh -c ").removeprefix("#(nop) ").strip()
    return " ".join(text.split())


def _timed(clock: dict[str, float], phase: str, work: Callable[[], T]) -> T:
    start = time.monotonic()
    try:
        return work()
    finally:
        clock[phase] = time.monotonic() - start
