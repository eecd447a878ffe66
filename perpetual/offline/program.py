"""Run a `__main__.py` as the engine would, and say in the user's own terms what failed."""

import json
import linecache
import os
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import pulumi

from perpetual.errors import OperatorError
from perpetual.offline.answers import Answers, UnansweredError, invokes
from perpetual.offline.capture import Capture, StalledError, capture, causes
from perpetual.offline.config import Config
from perpetual.offline.monitor import Monitor
from perpetual.offline.project import Project

_HARNESS: Final = Path(__file__).resolve().parent
_CALLERS: Final = 3
"""How many of the user's own lines that led to a failure are worth showing."""


class _ExitError(Exception):
    """The program ended its own process."""


def run(  # noqa: PLR0913 - what an engine passes to a program, and who stands for it
    project: Project,
    stack: str,
    config: Config,
    answers: Answers,
    *,
    known: bool = False,
    monitor: Monitor | None = None,
) -> Capture:
    """Run the program and return what it registered; see `capture` for `known` and `monitor`.

    Raise `OperatorError` for whatever the program raises, with the user's line and not the SDK's.
    """
    if not (project.program / "__main__.py").is_file():
        message = f"there is no program: {project.program} has no __main__.py"
        raise OperatorError(message, hint="`main` in Pulumi.yaml says where it is.")
    failed: list[tuple[BaseException, TracebackType | None]] = []
    _like_the_engine(project, config)
    try:
        return capture(
            lambda: _program(project.program, failed),
            project=project.name,
            stack=stack,
            config=config.values,
            secrets=config.secrets,
            invokes=invokes(answers),
            stacks=answers.stacks,
            known=known,
            monitor=monitor,
        )
    except Exception as error:  # noqa: BLE001 - a program may raise anything
        # What the program itself raised tells more than what the SDK made of it afterwards.
        raised, where = failed[0] if failed else (error, error.__traceback__)
        raise _explained(raised, where, project.root, config) from raised


def _like_the_engine(project: Project, config: Config) -> None:
    os.chdir(project.program)
    sys.argv = [str(project.program)]
    os.environ["PULUMI_CONFIG"] = json.dumps(dict(config.values))
    os.environ["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(sorted(config.secrets))


def _program(folder: Path, failed: list[tuple[BaseException, TracebackType | None]]) -> None:
    """Run the program's main module; keep what it raises before the SDK replaces the traceback."""
    try:
        try:
            runpy.run_path(str(folder), run_name="__main__")
        except SystemExit as end:
            if end.code not in {None, 0}:
                message = f"the program ended itself by sys.exit({end.code!r})"
                raise _ExitError(message) from end
    except Exception as error:
        failed.append((error, error.__traceback__))
        raise


def _explained(
    error: BaseException, where: TracebackType | None, root: Path, config: Config
) -> OperatorError:
    frames = list(_own_frames(where, root))
    match error:
        case OperatorError():
            return error
        case pulumi.RunError() | _ExitError() | StalledError():
            return OperatorError(str(error))
        case UnansweredError():
            return _unanswered(error, config)
        case SyntaxError(filename=str(file), lineno=int(line)) if _is_own(file, root):
            frames = [*frames, (file, line)]
    for cause in () if frames else causes(error):
        if frames := list(_own_frames(cause.__traceback__, root)):
            error = cause
            break
    text = traceback.format_exception_only(type(error), error)[-1].strip()
    if not frames:
        hint = "It happened outside the project's own files; --trace shows where."
        return OperatorError(f"the program failed: {text}", hint=hint)
    *callers, (file, line) = frames
    detail = [f"    {linecache.getline(file, line).strip()}"]
    detail += [
        f"  called from {_relative(file, root)}:{line}"
        for file, line in callers[: -_CALLERS - 1 : -1]
    ]
    return OperatorError(f"{_relative(file, root)}:{line}: {text}", detail="\n".join(detail))


def _own_frames(where: TracebackType | None, root: Path) -> Iterator[tuple[str, int]]:
    """Yield file and line of the frames in the project's own files, outermost first."""
    for frame, line in traceback.walk_tb(where):
        if _is_own(frame.f_code.co_filename, root):
            yield frame.f_code.co_filename, line


def _is_own(file: str, root: Path) -> bool:
    path = Path(file)
    hidden = any(part.startswith(".") or part == "site-packages" for part in path.parts)
    ours = path.is_relative_to(_HARNESS) or path.is_relative_to(_HARNESS.parent / "cli.py")
    return path.is_relative_to(root) and not hidden and not ours


def _relative(file: str, root: Path) -> str:
    return str(Path(file).relative_to(root))


def _unanswered(error: UnansweredError, config: Config) -> OperatorError:
    asked = [
        key
        for value in error.arguments.values()
        for key in _settings_with(value, config.values)
        if isinstance(value, str)
    ]
    reason = f" for the setting {' or '.join(asked)}" if asked else ""
    message = f"the program asks AWS for {error.question}{reason}, and a preview has nobody to ask"
    hint = "Record the answer in a file and pass it with --answers FILE."
    return OperatorError(message, hint=hint)


def _settings_with(value: str, config: Mapping[str, str]) -> Iterator[str]:
    """Yield the paths at which the configuration holds `value`."""
    for key, text in config.items():
        name = key.split(":", 1)[1]
        try:
            content = json.loads(text)
        except json.JSONDecodeError:
            content = text
        yield from _paths(name, content, lambda leaf: leaf == value)


def _paths(path: str, content: Any, wanted: Callable[[Any], bool]) -> Iterator[str]:
    match content:
        case dict():
            for key, item in content.items():
                yield from _paths(f"{path}.{key}", item, wanted)
        case list():
            for index, item in enumerate(content):
                yield from _paths(f"{path}[{index}]", item, wanted)
        case _ if wanted(content):
            yield path
