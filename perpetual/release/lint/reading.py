"""From a folder to a project: the only part that touches files, and the shell that checks them."""

import os
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from perpetual.errors import OperatorError
from perpetual.release.lint.files import File, Kind
from perpetual.release.lint.project import HEALTH, Project

LARGEST: Final = 1_048_576
"""Size of the largest file that is read, in bytes; nobody writes larger ones by hand."""

_KINDS: Final = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"mix\.exs", Kind.MIX),
        (r"mix\.lock", Kind.LOCK),
        (r"config/(?:runtime|releases)\.exs", Kind.RUNTIME),
        (r"config/(?:.*/)?(?!(?:dev|test)\b)[^/]+\.exs", Kind.COMPILE),
        (r"lib/.*\.ex", Kind.SOURCE),
        (r"priv/[^/]+/(?:.*/)?migrations/.*\.exs", Kind.MIGRATION),
        (r"priv/[^/]+/(?:.*/)?seeds[^/]*\.exs", Kind.SEEDS),
        (r"rel/env\.sh\.eex", Kind.ENV),
        (r"rel/vm\.args\.eex", Kind.FLAGS),
        (r"rel/remote\.vm\.args\.eex", Kind.REMOTE_FLAGS),
        (r"rel/overlays/.*", Kind.OVERLAY),
        (r"\.dockerignore", Kind.IGNORE),
    )
)
_FOLDERS: Final = ("config", "lib", "priv", "rel")
_SKIPPED: Final = frozenset({"static", "gettext", "node_modules", "deps", "_build", ".git"})
_APPS: Final = re.compile(r"(?<!\w)apps_path:\s+\"([^\"]+)\"")
_IN_UMBRELLA: Final = re.compile(r"(?<!\w)(?:lockfile|build_path):\s+\"\.\./\.\./")
_TAG: Final = re.compile(r"<%.*?%>", re.DOTALL)
_COMPLAINT: Final = re.compile(r"[^:]*:(?: line)? ?(\d+): (.*)")


def read(root: Path, *, dockerfile: str = "Dockerfile", health: str = HEALTH) -> Project:
    """Return the project in a folder.

    Raises:
        OperatorError: It is no Mix project, or only a part of one; or `health` is no path.
    """
    if not health.startswith("/"):
        raise OperatorError(
            f"{health!r} is no path that a balancer can ask", hint="Begin it with a slash."
        )
    if not root.is_dir():
        raise OperatorError(
            f"{root} is no folder, so there is no project to read",
            hint="Name the folder that holds mix.exs.",
        )
    mix = _file(root, PurePosixPath("mix.exs"), Kind.MIX)
    if mix is None or mix.fault:
        why = "holds no mix.exs" if mix is None else f"has a mix.exs that {mix.fault}"
        raise OperatorError(
            f"{root} {why}, so it is no Mix project that can be read",
            hint="Name the folder that holds mix.exs; of an umbrella, the outermost one.",
        )
    if _IN_UMBRELLA.search(mix.text):
        raise OperatorError(
            f"{root} is one application of an umbrella; its settings and its release are not here",
            hint=f"Name the umbrella itself: {root / '..' / '..'}",
        )
    umbrella = _APPS.search(mix.text)
    bases = [PurePosixPath()]
    if umbrella:
        bases += [
            PurePosixPath(umbrella[1]) / name
            for name in _names(root / umbrella[1])
            if (root / umbrella[1] / name / "mix.exs").is_file()
        ]
    files = [file for base in bases for file in _files(root, base)]
    docker = _file(root, PurePosixPath(dockerfile), Kind.DOCKERFILE)
    return Project(files=(*files, *([docker] if docker else ())), health=health)


def kind_of(path: str) -> Kind | None:
    """Return what a file of an application is to the rules, by its path; `None` is nothing."""
    return next((kind for pattern, kind in _KINDS if pattern.fullmatch(path)), None)


def _files(root: Path, base: PurePosixPath) -> Iterator[File]:
    """Yield the files of one application that are anything to the rules."""
    for path in _paths(root, base):
        kind = kind_of(path.relative_to(base).as_posix())
        file = _file(root, path, kind) if kind else None
        if file:
            yield file


def _paths(root: Path, base: PurePosixPath) -> Iterator[PurePosixPath]:
    """Yield the paths of an application in order; links to folders are not followed."""
    yield from (base / name for name in ("mix.exs", "mix.lock", ".dockerignore"))
    for folder in _FOLDERS:
        for where, folders, names in os.walk(root / base / folder, onerror=_refused):
            folders[:] = sorted(set(folders) - _SKIPPED)
            below = PurePosixPath(Path(where).relative_to(root).as_posix())
            yield from (below / name for name in sorted(names))


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise OperatorError(
            f"{folder}, where mix.exs says the umbrella's applications are, cannot be read: "
            f"{error.strerror}",
            hint="Set apps_path in mix.exs to the folder that holds them.",
        ) from None


def _refused(error: OSError) -> None:
    """Say which folder cannot be read; one that is not there holds nothing."""
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise OperatorError(f"the folder {error.filename} cannot be read: {error.strerror}")


def _file(root: Path, path: PurePosixPath, kind: Kind) -> File | None:
    """Return a file, or `None` where there is none; what cannot be read says why."""
    name = path.as_posix()
    try:
        mode, text = _content(root / path)
    except UnicodeDecodeError as error:
        return File(path=name, kind=kind, fault=f"is not UTF-8 text, from byte {error.start} on")
    except FileNotFoundError:
        if not (root / path).is_symlink():
            return None
        return File(path=name, kind=kind, fault="is a link to nothing")
    except OSError as error:
        said = error.strerror or str(error)
        return File(path=name, kind=kind, fault=f"cannot be read: {said}")
    syntax = _syntax(text) if kind is Kind.ENV or _is_shell(kind, text) else None
    executable = bool(mode & stat.S_IXUSR)
    return File(path=name, kind=kind, text=text, executable=executable, syntax=syntax)


def _content(path: Path) -> tuple[int, str]:
    """Return mode and text of a file; of a device or a pipe, nothing is read."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError("it is no regular file")
    if status.st_size > LARGEST:
        raise OSError(f"it is larger than {LARGEST} bytes")
    return status.st_mode, path.read_bytes().decode()


def _is_shell(kind: Kind, text: str) -> bool:
    return kind is Kind.OVERLAY and re.match(r"#!\s*/bin/sh\b", text) is not None


def _syntax(script: str) -> tuple[int, str] | None:
    """Return the line and the words in which the shell refuses a script; nothing of it runs."""
    # A tag stands for something; what, changes no syntax.
    rendered = _TAG.sub(lambda tag: "x" + "\n" * tag[0].count("\n"), script)
    checked = subprocess.run(
        ["sh", "-n"],  # noqa: S607 - the system's shell, as it will read the script
        input=rendered.encode(),
        capture_output=True,
        check=False,
    )
    if checked.returncode == 0:
        return None
    said = checked.stderr.decode(errors="replace").strip()
    found = _COMPLAINT.match(said)
    return (int(found[1]), found[2]) if found else (1, said)
