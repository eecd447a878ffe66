"""Files of a project, each read once, and the values in them."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

from perpetual.release import elixir
from perpetual.release.lint import terms
from perpetual.release.lint.terms import Span

_ENVIRONMENT_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]*")
_SHELL: Final = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|(?<!\S)#[^\n]*", re.DOTALL)
_LINE: Final = re.compile(r"(?<!\S)#[^\n]*")


class Kind(StrEnum):
    """What a file is to the rules."""

    MIX = "mix"
    LOCK = "lock"
    COMPILE = "compile"
    """Settings that are read when the release is compiled, such as `config/prod.exs`."""
    RUNTIME = "runtime"
    """Settings that are read when the release starts: `config/runtime.exs`."""
    SOURCE = "source"
    MIGRATION = "migration"
    SEEDS = "seeds"
    ENV = "env"
    FLAGS = "flags"
    REMOTE_FLAGS = "remote flags"
    OVERLAY = "overlay"
    DOCKERFILE = "dockerfile"
    IGNORE = "ignore"


ELIXIR: Final = frozenset(
    {Kind.MIX, Kind.COMPILE, Kind.RUNTIME, Kind.SOURCE, Kind.MIGRATION, Kind.SEEDS}
)


@dataclass(frozen=True, kw_only=True)
class File:
    """A file, by its path below the project.

    `fault` says why it could not be read; its text is then empty. `syntax` is what the shell has
    against a script: a line and a sentence.
    """

    path: str
    kind: Kind
    text: str = ""
    fault: str = ""
    executable: bool = False
    syntax: tuple[int, str] | None = None

    @cached_property
    def pieces(self) -> tuple[elixir.Piece, ...]:
        """Return what of an Elixir source is no code."""
        return tuple(elixir.pieces(self.text))

    @cached_property
    def code(self) -> str:
        """Return the text with comments blank, in Elixir also texts and other environments."""
        if self.kind in ELIXIR:
            return terms.in_production(elixir.code(self.text, self.pieces))
        if self.kind in {Kind.ENV, Kind.OVERLAY}:
            return _SHELL.sub(lambda found: _blank(found[0], "#"), self.text)
        return _LINE.sub(lambda found: _blank(found[0], "#"), self.text)

    @cached_property
    def _breaks(self) -> list[int]:
        return [found.start() for found in re.finditer("\n", self.text)]

    def line(self, offset: int) -> int:
        """Return the line of an offset, from 1."""
        return bisect_right(self._breaks, offset - 1) + 1

    @property
    def top(self) -> int:
        """Return the first line that is no comment, for what is said of the whole file."""
        return self.line(len(self.code) - len(self.code.lstrip())) if self.code.strip() else 1

    @cached_property
    def texts(self) -> tuple[tuple[int, str], ...]:
        """Return the texts that interpolate nothing, by their offsets."""
        return tuple(
            (at, text)
            for at, text in elixir.texts(self.text, self.pieces)
            if self.code[at - 1 : at].strip()  # not in a branch of another environment
        )

    @property
    def whole(self) -> "Term":
        """Return everything as one term."""
        return Term(self, 0, Span(0, len(self.code)))

    def calls(self, name: str) -> Iterator["Term"]:
        """Yield the arguments of each call that begins a line."""
        for span in terms.calls(self.code, name):
            yield Term(self, span.start, span)

    def after(self, pattern: str, *, commas: bool = False) -> Iterator["Term"]:
        """Yield the expression that follows each match in the code; `commas` may belong to it."""
        for found in re.finditer(pattern, self.code):
            span = terms.expression(self.code, found.end(), len(self.code), commas=commas)
            yield Term(self, found.start(), span)

    def find(self, pattern: str | re.Pattern[str]) -> Iterator["Term"]:
        """Yield each match in the code."""
        for found in re.finditer(pattern, self.code):
            yield Term(self, found.start(), Span(*found.span()))


@dataclass(frozen=True)
class Term:
    """A value in a file; `at` is where what it belongs to begins, such as its key."""

    file: File
    at: int
    span: Span

    @property
    def line(self) -> int:
        """Return its line."""
        return self.file.line(self.at)

    @property
    def code(self) -> str:
        """Return it with texts and comments blank."""
        return self.file.code[slice(*self.span)]

    @property
    def text(self) -> str:
        """Return it as it stands in the file."""
        return self.file.text[slice(*self.span)]

    @property
    def texts(self) -> tuple[str, ...]:
        """Return the texts in it that interpolate nothing."""
        start, end = self.span
        return tuple(text for at, text in self.file.texts if start < at and at + len(text) < end)

    @property
    def literal(self) -> str | None:
        """Return its text, if it is a text and nothing else."""
        return self.texts[0] if len(self.texts) == 1 and self.text == f'"{self.texts[0]}"' else None

    @property
    def variables(self) -> tuple[str, ...]:
        """Return its texts that could be names of environment variables."""
        return tuple(text for text in self.texts if _ENVIRONMENT_NAME.fullmatch(text))

    def keywords(self, *keys: str) -> Iterator["Term"]:
        """Yield the values of keys in it, at any depth."""
        for key in keys:
            for at, span in terms.keywords(self.file.code, key, self.span):
                yield Term(self.file, at, span)

    @cached_property
    def arguments(self) -> tuple["Term", ...]:
        """Return its parts, of a call or of a list."""
        start, end = self.span
        if self.code.startswith("[") and self.code.endswith("]"):
            start, end = start + 1, end - 1
        return tuple(
            Term(self.file, span.start, span)
            for span in terms.arguments(self.file.code, Span(start, end))
        )


def _blank(text: str, mark: str) -> str:
    return re.sub(r"[^\n]", " ", text) if text.startswith(mark) else text
