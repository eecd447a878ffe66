"""Elixir sources, read as far as a check needs: what is code, what is text, what is a comment."""

import re
from collections.abc import Collection, Generator, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

# What ends a stretch of code: https://hexdocs.pm/elixir/syntax-reference.html
_STOP: Final = re.compile(
    r"(?P<comment>#[^\n]*)"
    r"|(?P<character>(?<![\w?])\?(?:\\.|[^\s\\]))"
    r"|~(?P<sigil>[a-z]|[A-Z][A-Z0-9]*)(?P<delimiter>\"\"\"|'''|[/|\"'(\[{<])"
    r"|(?P<quote>\"\"\"|'''|\"|')"
    r"|(?P<brace>[{}])",
    re.DOTALL,
)
_CLOSING: Final = {"(": ")", "[": "]", "{": "}", "<": ">"}
_SHOWN: Final = re.compile(r"[^\n]")
_MODULE: Final = re.compile(r"(?<![\w.:@])[A-Z]\w*(?:\.[A-Z]\w*)*")
_DEFINED: Final = re.compile(r"\bdefmodule\s+([A-Z]\w*)")

# What migrations are made of; everything else of the application's own namespace is its code.
_ALLOWED: Final = re.compile(r"[A-Z]\w*\.(?:Repo|Migration)(?:\.Migrations\b.*)?")


class Kind(StrEnum):
    """What a piece of a source is that is no code."""

    COMMENT = "comment"
    TEXT = "text"
    MARK = "mark"
    """A character such as `?#`, a sigil's name, a sigil's modifiers."""


@dataclass(frozen=True)
class Piece:
    """A stretch of a source that is no code, without the marks around it.

    A text that interpolates is several pieces, and none of them is `whole`.
    """

    kind: Kind
    start: int
    end: int
    whole: bool = True


@dataclass
class _Text:
    """A text that was opened; while it interpolates, `braces` counts those that are open."""

    until: re.Pattern[str]
    whole: bool = True
    braces: int | None = None


def pieces(source: str) -> Iterator[Piece]:
    """Yield what is no code, from first to last; the end of the source ends whatever is open."""
    opened: list[_Text] = []
    at = 0
    while at < len(source):
        inside = opened and opened[-1].braces is None
        at = yield from (_text if inside else _code)(source, at, opened)


def code(source: str, found: Iterable[Piece] | None = None) -> str:
    """Return a source with texts and comments blank, every line and column where it was.

    Quotation marks stay, and so does what a text interpolates, for that is code. `found` are the
    source's pieces, where they are known already.
    """
    kept: list[str] = []
    at = 0
    for piece in pieces(source) if found is None else found:
        kept += source[at : piece.start], _SHOWN.sub(" ", source[piece.start : piece.end])
        at = piece.end
    return "".join((*kept, source[at:]))


def texts(source: str, found: Iterable[Piece] | None = None) -> Iterator[tuple[int, str]]:
    """Yield each text that interpolates nothing, by its offset; `found` as above."""
    for piece in pieces(source) if found is None else found:
        if piece.kind is Kind.TEXT and piece.whole:
            yield piece.start, source[piece.start : piece.end]


def modules(source: str) -> Iterator[tuple[int, str]]:
    """Yield each module that the code names, with its line."""
    text = code(source)
    for found in _MODULE.finditer(text):
        yield text.count("\n", 0, found.start()) + 1, found[0]


def application_calls(
    migration: str, namespaces: Collection[str] = ()
) -> Iterator[tuple[int, str]]:
    """Yield the application's own modules that a migration names, with their lines.

    The application's namespace is the first part of the migration's own name: `Shop` of
    `Shop.Repo.Migrations.CreateProducts`; `namespaces` are others that count as its own. Its
    repository and what migrations `use` are not counted.
    """
    defined = _DEFINED.search(code(migration))
    if not defined:
        return
    own = {defined[1], *namespaces}
    for line, module in modules(migration):
        first, _, rest = module.partition(".")
        if first.removesuffix("Web") in own and (
            first not in own or (rest and not _ALLOWED.fullmatch(module))
        ):
            yield line, module


def _code(source: str, at: int, opened: list[_Text]) -> Generator[Piece, None, int]:
    """Go through code up to what is none; return where to go on."""
    found = _STOP.search(source, at)
    if not found:
        return len(source)
    if found["brace"]:
        if opened:
            _count(opened[-1], found["brace"])
    elif found["comment"] or found["character"]:
        yield Piece(Kind.COMMENT if found["comment"] else Kind.MARK, *found.span())
    else:
        if found["sigil"]:
            yield Piece(Kind.MARK, found.start(), found.start("delimiter"))
        opened.append(_Text(_until(found["delimiter"] or found["quote"], found["sigil"] or "")))
    return found.end()


def _text(source: str, at: int, opened: list[_Text]) -> Generator[Piece, None, int]:
    """Go through a text up to its end, or to the code that it interpolates."""
    text = opened[-1]
    found = text.until.search(source, at)
    while found and found["escape"]:
        found = text.until.search(source, found.end())
    if not found:
        yield Piece(Kind.TEXT, at, len(source), whole=False)
        return len(source)
    if found["interpolation"]:
        text.whole, text.braces = False, 0
        yield Piece(Kind.TEXT, at, found.start(), whole=False)
        return found.end()
    opened.pop()
    yield Piece(Kind.TEXT, at, found.start(), whole=text.whole)
    if found["modifiers"]:
        yield Piece(Kind.MARK, *found.span("modifiers"))
    return found.end()


def _count(text: _Text, brace: str) -> None:
    """Count a brace in what a text interpolates; the last one leads back into the text."""
    if brace == "{":
        text.braces = (text.braces or 0) + 1
    else:
        text.braces = text.braces - 1 if text.braces else None


@cache
def _until(delimiter: str, sigil: str) -> re.Pattern[str]:
    """Return what may come next in a text: an escape, an interpolation, its end.

    Texts of three quotation marks end where these begin a line. Sigils of capital letters know no
    escape but that of their delimiter, and do not interpolate.
    """
    closing = re.escape(_CLOSING.get(delimiter, delimiter))
    indent = "^[ \\t]*" if len(delimiter) > 1 else ""
    modifiers = "[a-zA-Z0-9]*" if sigil else ""
    escaped, opening = (closing, "(?!)") if sigil.isupper() else (".", "#{")
    return re.compile(
        rf"(?P<escape>\\{escaped})|(?P<interpolation>{opening})"
        rf"|{indent}{closing}(?P<modifiers>{modifiers})",
        re.DOTALL | re.MULTILINE,
    )
