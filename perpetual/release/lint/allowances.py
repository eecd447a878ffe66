"""What a project allows itself: `# perpetual: allow <rule> - <reason>`, where the finding is.

The comment stands at the end of the line, or above it. One that allows nothing, names no rule or
gives no reason is a finding of its own, which nothing silences.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from perpetual.release.elixir import Kind as Piece
from perpetual.release.lint.files import ELIXIR, File

_ALLOWANCE: Final = re.compile(r"#+\s*perpetual:\s*allow\b[ \t]*(?P<rule>[\w-]*)(?P<rest>[^\n]*)")
_REASON: Final = re.compile(r"\s*(?:-+|:|\u2013|\u2014)?\s*(?P<reason>.*?)\s*\Z")


@dataclass(frozen=True)
class Allowance:
    """One comment: where it stands, the line it speaks of, the rule it silences, and why."""

    file: str
    line: int
    target: int
    rule: str
    reason: str


def allowances(file: File) -> Iterator[Allowance]:
    """Yield the allowances of a file."""
    lines = file.text.split("\n")
    for number, comment, alone in _comments(file, lines):
        found = _ALLOWANCE.match(comment)
        if found:
            said = _REASON.match(found["rest"])
            yield Allowance(
                file=file.path,
                line=number,
                target=_below(lines, number) if alone else number,
                rule=found["rule"],
                reason=said["reason"] if said else "",
            )


def _comments(file: File, lines: list[str]) -> Iterator[tuple[int, str, bool]]:
    """Yield each comment with its line, and whether it has that line for itself."""
    if file.kind in ELIXIR:
        for piece in file.pieces:
            if piece.kind is Piece.COMMENT:
                number = file.line(piece.start)
                text = file.text[piece.start : piece.end]
                yield number, text, lines[number - 1].strip() == text.strip()
        return
    for number, line in enumerate(lines, start=1):
        mark = re.search(r"(?<!\S)#", line)
        if mark:
            yield number, line[mark.start() :], not line[: mark.start()].strip()


def _below(lines: list[str], number: int) -> int:
    """Return the first line below that is no comment."""
    for at, line in enumerate(lines[number:], start=number + 1):
        if line.strip() and not line.lstrip().startswith("#"):
            return at
    return number
