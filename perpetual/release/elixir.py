"""Elixir sources, read as far as a check needs: the modules that code names."""

import re
from collections.abc import Iterator
from typing import Final

_QUOTED: Final = re.compile(
    r'"""(?:\\.|.)*?"""|\'\'\'(?:\\.|.)*?\'\'\'|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|#[^\n]*',
    re.DOTALL,
)
_MODULE: Final = re.compile(r"(?<![\w.:@])[A-Z]\w*(?:\.[A-Z]\w*)*")
_DEFINED: Final = re.compile(r"\bdefmodule\s+([A-Z]\w*)")

# What migrations are made of; everything else of the application's own namespace is its code.
_ALLOWED: Final = re.compile(r"[A-Z]\w*\.(?:Repo|Migration)(?:\.Migrations\b.*)?")


def code(source: str) -> str:
    """Return a source with strings and comments blank, every line and column where it was."""
    return _QUOTED.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), source)


def modules(source: str) -> Iterator[tuple[int, str]]:
    """Yield each module that the code names, with its line."""
    text = code(source)
    for found in _MODULE.finditer(text):
        yield text.count("\n", 0, found.start()) + 1, found[0]


def application_calls(migration: str) -> Iterator[tuple[int, str]]:
    """Yield the application's own modules that a migration names, with their lines.

    The application's namespace is the first part of the migration's own name: `Shop` of
    `Shop.Repo.Migrations.CreateProducts`. Its repository and what migrations `use` are not counted.
    """
    defined = _DEFINED.search(code(migration))
    if not defined:
        return
    namespace = defined[1]
    for line, module in modules(migration):
        first, _, rest = module.partition(".")
        own = first == namespace and rest and not _ALLOWED.fullmatch(module)
        if own or first == f"{namespace}Web":
            yield line, module
