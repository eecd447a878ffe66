"""The project's own stacks, captured once per process."""

import functools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perpetual.offline import preview, program
from perpetual.offline.capture import Capture

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def restored() -> Iterator[None]:
    """Undo what running a program does to the process: folder, arguments, environment."""
    folder, arguments, environment = Path.cwd(), sys.argv, dict(os.environ)
    try:
        yield
    finally:
        os.chdir(folder)
        sys.argv = arguments
        os.environ.clear()
        os.environ.update(environment)


@functools.cache
def captured(
    stack: str, *overrides: str, called: str | None = None, known: bool = False
) -> Capture:
    """Return what the program registers for `stack`, with `key=value` overrides on top.

    `called` gives the stack another name, with the same settings; `known` asks for the update
    form. Treat the result as read-only: it is kept.
    """
    options = preview.Options(root=ROOT, stack=stack, overrides=overrides)
    planned = preview.plan(options)
    with restored():
        return program.run(
            planned.project, called or stack, planned.config, planned.answers, known=known
        )
