"""Which files of a build context Docker leaves out: the rules of `.dockerignore`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from posixpath import normpath
from typing import Final

TOKEN: Final = re.compile(r"\*\*/?|\*|\?|\[[^\]]*\]|\\.|.", re.DOTALL)
"""The pieces a pattern is read in."""

WILDCARDS: Final = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
"""What each wildcard is as a regular expression; only `**` reaches into folders."""


@dataclass(frozen=True)
class Rule:
    """One line: paths it names, and whether it excludes them or takes them back."""

    pattern: re.Pattern[str]
    excludes: bool

    def names(self, path: str) -> bool:
        """Return whether `path`, or a folder it is in, is named."""
        parts = path.split("/")
        return any(
            self.pattern.fullmatch("/".join(parts[:depth])) for depth in range(1, len(parts) + 1)
        )


def rules(lines: Iterable[str]) -> tuple[Rule, ...]:
    """Return the rules of an ignore file's lines, in their order.

    https://docs.docker.com/build/concepts/context/#dockerignore-files

    Raises:
        ValueError: a line is no pattern.
    """
    texts = (line.strip() for line in lines if not line.startswith("#"))
    return tuple(
        Rule(_expression(cleaned), excludes=not text.startswith("!"))
        for text in texts
        if (cleaned := _cleaned(text))
    )


def ignored(path: str, given: Iterable[Rule]) -> bool:
    """Return whether `path`, relative to the context and with `/`, is left out: the last rule wins.

    A folder's own fate does not decide that of its files: a later `!` may take one back.
    """
    out = False
    for rule in given:
        if rule.excludes is not out and rule.names(path):
            out = rule.excludes
    return out


def _cleaned(text: str) -> str:
    bare = text.removeprefix("!").strip()
    if not bare:
        return ""
    cleaned = normpath(bare).lstrip("/")
    return "" if cleaned == "." else cleaned


def _expression(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile("".join(_piece(token) for token in TOKEN.findall(pattern)))
    except re.error as error:
        raise ValueError(f"{pattern!r} is no pattern that Docker reads: {error}") from error


def _piece(token: str) -> str:
    if token in WILDCARDS:
        return WILDCARDS[token]
    if token.startswith("[") and len(token) > 1:
        return "[" + token[1:-1].replace("\\", "\\\\").replace("[", "\\[") + "]"
    if token.startswith("\\") and len(token) > 1:
        return re.escape(token[1:])
    return re.escape(token)
