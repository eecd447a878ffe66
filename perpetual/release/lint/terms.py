"""Values in Elixir sources: which part of the code belongs to a key, a call, an environment.

No grammar: brackets, blocks and the operators at the ends of lines are enough to tell where a value
ends. All of it works on code whose texts and comments are blank (`elixir.code`).
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_STEP: Final = re.compile(r"[([{]|[)\]}]|,|\n|;|(?<![\w.:@])(?:do|fn|end)\b(?![:?!])")
_OPENING: Final = frozenset("([{") | {"do", "fn"}
_CLOSING: Final = frozenset(")]}") | {"end"}

# A line that ends, or begins, with one of these is not the last, or the first, of its expression.
_GOES_ON: Final = re.compile(r"(?:[,=+*|&<>.:^-]|(?<!\w)(?:and|or|in|not|when))\s*\Z")
_WENT_ON: Final = re.compile(r"\s*(?:\|>|\|\||&&|<>|\+\+|--|\||(?:and|or|in|when)\b)")

_ENVIRONMENT: Final = re.compile(
    r"\b(?P<word>if|unless)\s+(?:config_env\(\)|Mix\.env\(\)|Mix\.env)\s*"
    r"(?P<operator>==|!=|not\s+in|in)\s*(?P<names>:\w+|\[[^\]]*\])\s+do\b(?!:)"
)
_BLOCK: Final = re.compile(r"(?<![\w.:@])(?:do|fn|end|else)\b(?![:?!])")


class Span(NamedTuple):
    """A stretch of code."""

    start: int
    end: int


def keywords(code: str, key: str, within: Span) -> Iterator[tuple[int, Span]]:
    """Yield where a key stands, and the span of its value, at any depth."""
    for found in re.finditer(rf"(?<![\w.:@]){re.escape(key)}:(?=\s)", code[: within.end]):
        if found.start() >= within.start:
            yield found.start(), expression(code, found.end(), within.end)


def calls(code: str, name: str) -> Iterator[Span]:
    """Yield the arguments of calls that stand at the beginning of a line, brackets or not."""
    for found in re.finditer(rf"^[ \t]*{re.escape(name)}(?=[ \t(])", code, re.MULTILINE):
        span = expression(code, found.end(), len(code), commas=True)
        bare = code[span.start : span.end]
        if bare.startswith("(") and bare.endswith(")"):
            span = _trimmed(code, span.start + 1, span.end - 1)
        yield span


def arguments(code: str, span: Span) -> Iterator[Span]:
    """Yield the parts of a span that commas separate."""
    at = span.start
    while at < span.end:
        part = expression(code, at, span.end)
        if part.start < part.end:
            yield part
        comma = code.find(",", part.end, span.end)
        at = comma + 1 if comma >= 0 else span.end


def expression(code: str, start: int, limit: int, *, commas: bool = False) -> Span:
    """Return the span of the expression that begins at an offset; `commas` may belong to it."""
    while start < limit and code[start].isspace():
        start += 1
    depth = 0
    for step in _STEP.finditer(code, start, limit):
        what = step[0]
        if what in _OPENING:
            depth += 1
        elif what in _CLOSING:
            if depth == 0:
                return _trimmed(code, start, step.start())
            depth -= 1
        elif depth == 0 and (
            what == ";"
            or (what == "," and not commas)
            or (what == "\n" and _ends(code, start, step, limit))
        ):
            return _trimmed(code, start, step.start())
    return _trimmed(code, start, limit)


def in_production(code: str) -> str:
    """Return code without the branches that another environment than `prod` takes."""
    kept: list[str] = []
    at = 0
    for found in _ENVIRONMENT.finditer(code):
        otherwise, end = _branches(code, found.end())
        taken = (":prod" in found["names"]) is (
            (found["operator"] in {"==", "in"}) is (found["word"] == "if")
        )
        dead = Span(otherwise, end) if taken else Span(found.end(), otherwise)
        if dead.start >= at:  # or it lies in a branch that is left out already
            kept += code[at : dead.start], re.sub(r"[^\n]", " ", code[dead.start : dead.end])
            at = dead.end
    return "".join((*kept, code[at:]))


def _branches(code: str, start: int) -> tuple[int, int]:
    """Return where a block's other branch begins, and where it ends: the same place without one."""
    depth = 0
    otherwise = None
    for step in _BLOCK.finditer(code, start):
        if step[0] in {"do", "fn"}:
            depth += 1
        elif depth == 0 and step[0] == "else":
            otherwise = step.end()
        elif step[0] == "end":
            if depth == 0:
                return (step.start() if otherwise is None else otherwise), step.start()
            depth -= 1
    return len(code), len(code)


def _ends(code: str, start: int, line_break: re.Match[str], limit: int) -> bool:
    before = code[max(start, line_break.start() - 80) : line_break.start()]
    return not (
        not before.strip()
        or _GOES_ON.search(before)
        or _WENT_ON.match(code, line_break.end(), limit)
    )


def _trimmed(code: str, start: int, end: int) -> Span:
    while start < end and code[start].isspace():
        start += 1
    while end > start and code[end - 1].isspace():
        end -= 1
    return Span(start, end)
