"""A tag that changes exactly when a build's inputs do, for a repository whose tags never move."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pulumi

from components.image.ignore import Rule, ignored, rules

LENGTH: Final = 16
"""Hex digits of a tag: 64 bits, enough for any number of builds."""


def build_tag(
    context: Path,
    dockerfile: Path,
    *,
    platform: str,
    target: str | None,
    arguments: Mapping[str, str],
) -> str:
    """Return the tag of the image that these inputs build.

    It covers what Docker is given: Dockerfile, platform, stage, arguments, and name, mode and
    content of each file that the ignore file leaves in the context. `dockerfile` is a path of its
    own, not relative to the context.

    Raises:
        pulumi.RunError: there is no such context or Dockerfile, or Docker's ignore file is broken.
    """
    _check(context, dockerfile)
    digest = hashlib.sha256()
    _add(digest, "platform", platform)
    _add(digest, "target", target or "")
    for name, value in sorted(arguments.items()):
        _add(digest, f"argument {name}", value)
    _add(digest, "dockerfile", _content(dockerfile))
    for path in sent(context, _ignore_rules(context, dockerfile)):
        whole = context / path
        _add(digest, f"{_kind(whole)} {path}", _content(whole))
    return digest.hexdigest()[:LENGTH]


def sent(context: Path, given: tuple[Rule, ...]) -> list[str]:
    """Return the files and links of `context` that are part of a build, as sorted paths."""
    return sorted(_walk(context, given))


def _walk(context: Path, given: tuple[Rule, ...]) -> Iterator[str]:
    # An excluded folder is left unread, `_build` and `deps` above all, unless a rule takes back.
    prune = all(rule.excludes for rule in given)
    for folder, folders, files in os.walk(context):
        base = Path(folder).relative_to(context)
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in [*files, *links]:
            path = (base / name).as_posix()
            if not ignored(path, given):
                yield path
        if prune:
            folders[:] = [n for n in folders if not ignored((base / n).as_posix(), given)]


def _ignore_rules(context: Path, dockerfile: Path) -> tuple[Rule, ...]:
    # Where Docker's Pulumi provider looks, too; it compares the same files to decide on a build.
    name = "" if dockerfile.name == "Dockerfile" else dockerfile.name
    file = context / f"{name}.dockerignore"
    try:
        return rules(file.read_text().splitlines()) if file.is_file() else ()
    except ValueError as error:
        raise pulumi.RunError(f"{file}: {error}") from error


def _kind(path: Path) -> str:
    # The mode goes into the image. That of a link means nothing, and differs between systems.
    return "link" if path.is_symlink() else f"file {path.stat().st_mode:o}"


def _content(path: Path) -> bytes:
    if path.is_symlink():
        return str(path.readlink()).encode()
    return path.read_bytes() if path.is_file() else b""


def _add(digest: "hashlib._Hash", label: str, value: str | bytes) -> None:
    data = value.encode() if isinstance(value, str) else value
    # Lengths keep neighbours apart: no two lists of inputs have one spelling.
    digest.update(f"{len(label.encode())} {label} {len(data)} ".encode())
    digest.update(data)


def _check(context: Path, dockerfile: Path) -> None:
    if not context.is_dir():
        message = (
            f"image.context is {str(context)!r}, and no such folder is there. Give the folder that "
            "holds your Dockerfile, or set image.source to `deployed`, which builds nothing."
        )
        raise pulumi.RunError(message)
    if not dockerfile.is_file():
        message = (
            f"image.dockerfile names {str(dockerfile)!r}, and no such file is there. Give its path "
            "relative to image.context."
        )
        raise pulumi.RunError(message)
