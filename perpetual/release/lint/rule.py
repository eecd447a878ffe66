"""What a rule is, and what it finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from perpetual.release.lint.files import File, Term
from perpetual.release.lint.project import Project


class Severity(StrEnum):
    """What a finding means: it fails or harms on ECS, or it could be better."""

    ERROR = "error"
    ADVICE = "advice"


@dataclass(frozen=True)
class Fault:
    """One breach of a rule: where, and what is there."""

    file: File
    line: int
    what: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule: a pure function over a project, what happens otherwise, and the way out."""

    name: str
    why: str
    fix: str
    check: Callable[[Project], Iterator[Fault]]
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A breach as it is reported; `reason` is why the project allows it, if it does."""

    rule: str
    severity: Severity
    file: str
    line: int
    what: str
    why: str
    fix: str
    reason: str = ""


def at(term: Term, what: str) -> Fault:
    """Return a fault where a term stands."""
    return Fault(term.file, term.line, what)


def overall(file: File, what: str) -> Fault:
    """Return a fault of a whole file, where its code begins and a comment can stand above it."""
    return Fault(file, file.top, what)
