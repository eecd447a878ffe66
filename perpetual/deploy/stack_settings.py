"""A stack's settings, read from the project's files: no account, no engine."""

from dataclasses import dataclass
from pathlib import Path

from perpetual.errors import OperatorError
from perpetual.offline import config, project
from settings import reader
from settings.models import Settings
from settings.problems import SettingsError
from settings.rules.base import Program


@dataclass(frozen=True, kw_only=True)
class Local:
    """A stack's settings, and the folder that paths in them start from."""

    root: Path
    stack: str
    settings: Settings


def read(folder: Path, stack: str) -> Local:
    """Return the settings of a stack of the project around `folder`.

    Raises:
        OperatorError: There is no project or no such stack, or its settings have errors.
    """
    root = project.find_root(folder.resolve())
    found = project.read_project(root)
    name = project.choose_stack(found, stack)
    values = config.load(found, name)
    program = Program(project=found.name, stack=name, root=root)
    try:
        settings = reader.check(values.values, program=program, secret=values.secrets)
    except SettingsError as error:
        raise OperatorError(str(error)) from error
    return Local(root=root, stack=name, settings=settings)
