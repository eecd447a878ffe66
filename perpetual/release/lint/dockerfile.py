"""Dockerfiles, read as far as a check needs: instructions by stage, each with its line.

https://docs.docker.com/reference/dockerfile/
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_DIRECTIVE: Final = re.compile(r"#\s*(\w+)\s*=\s*(\S+)\s*\Z")
_INSTRUCTION: Final = re.compile(r"\s*([A-Za-z]+)(?:\s+|\Z)")
_FLAG: Final = re.compile(r"--([\w-]+)(?:=(\"[^\"]*\"|\S+))?\s+")
_HEREDOC: Final = re.compile(r"<<-?(?P<quote>[\"']?)(?P<word>[A-Za-z_]\w*)(?P=quote)")
_COMMENT: Final = re.compile(r"\s*#")


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """One instruction, its lines joined; `value` is what follows its flags."""

    keyword: str
    value: str
    line: int
    flags: dict[str, str]

    @property
    def exec_form(self) -> tuple[str, ...] | None:
        """Return the words of the exec form; Docker takes everything else for a shell's line."""
        if not self.value.startswith("["):
            return None
        try:
            words = json.loads(self.value)
        except ValueError:
            return None
        return tuple(words) if all(isinstance(word, str) for word in words) else None

    @property
    def words(self) -> tuple[str, ...]:
        """Return the words of the value, in either form."""
        form = self.exec_form
        return tuple(self.value.split()) if form is None else form


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage: what it starts from, and its instructions, the FROM among them."""

    name: str
    image: str
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True, kw_only=True)
class Dockerfile:
    """The stages of a Dockerfile; `head` is what comes before the first, which is only ARG."""

    head: tuple[Instruction, ...]
    stages: tuple[Stage, ...]

    @property
    def final(self) -> tuple[Instruction, ...]:
        """Return what makes the image: the last stage, after the stages that it starts from."""
        found: list[Instruction] = []
        at = len(self.stages) - 1
        while at >= 0:
            stage = self.stages[at]
            found[:0] = stage.instructions
            at = max((n for n in range(at) if self.stages[n].name == stage.image), default=-1)
        return tuple(found)


def parse(text: str) -> Dockerfile:
    """Return the stages of a Dockerfile; what is no instruction is left out."""
    head: list[Instruction] = []
    stages: list[list[Instruction]] = []
    for instruction in instructions(text):
        if instruction.keyword == "FROM":
            stages.append([])
        (stages[-1] if stages else head).append(instruction)
    return Dockerfile(head=tuple(head), stages=tuple(_stage(stage) for stage in stages))


def instructions(text: str) -> Iterator[Instruction]:
    """Yield the instructions of a Dockerfile, each with the line it begins in."""
    lines = text.split("\n")
    escape = _escape(lines)
    at = 0
    while at < len(lines):
        start = at
        joined, at = _joined(lines, at, escape)
        found = _INSTRUCTION.match(joined)
        if found:
            value = joined[found.end() :].strip()
            at = _after_heredocs(lines, at, found[1].upper(), value)
            flags, value = _flags(value)
            yield Instruction(keyword=found[1].upper(), value=value, line=start + 1, flags=flags)


def _stage(lines: list[Instruction]) -> Stage:
    image, *rest = lines[0].words or ("",)
    name = rest[1] if len(rest) > 1 and rest[0].upper() == "AS" else ""
    return Stage(name=name.lower(), image=image.lower(), instructions=tuple(lines))


def _escape(lines: list[str]) -> str:
    """Return the character that continues a line, which a directive at the top may name."""
    for line in lines:
        found = _DIRECTIVE.match(line.strip())
        if not found:
            return "\\"
        if found[1].lower() == "escape":
            return found[2]
    return "\\"


def _joined(lines: list[str], at: int, escape: str) -> tuple[str, int]:
    """Return an instruction on one line, and the line after it.

    Comments and empty lines within it belong to it, and say nothing.
    """
    if _COMMENT.match(lines[at]) or not lines[at].strip():
        return "", at + 1
    parts: list[str] = []
    while at < len(lines):
        line = lines[at].rstrip()
        at += 1
        if parts and (_COMMENT.match(line) or not line):
            continue
        if not line.endswith(escape):
            parts.append(line)
            break
        parts.append(line.removesuffix(escape))
    return "".join(parts), at


def _after_heredocs(lines: list[str], at: int, keyword: str, value: str) -> int:
    """Return the line after the documents that RUN and COPY may carry."""
    if keyword in {"RUN", "COPY", "ADD"}:
        for found in _HEREDOC.finditer(value):
            ends = (n for n in range(at, len(lines)) if lines[n].strip() == found["word"])
            at = next(ends, len(lines) - 1) + 1
    return at


def _flags(value: str) -> tuple[dict[str, str], str]:
    flags = {}
    while found := _FLAG.match(value):
        flags[found[1]] = (found[2] or "").strip('"')
        value = value[found.end() :]
    return flags, value
