"""What is wrong with a stack's settings, in one form of sentence."""

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

import pulumi

LONGEST: Final = 100
"""Characters of a value that a message shows."""


class Hidden:
    """Stands for a value that may be a secret, and so is never shown."""

    def __str__(self) -> str:
        """Return a placeholder."""
        return "a value that is not shown"


HIDDEN: Final = Hidden()
UNSET: Final = None
"""Value of a key that is not set."""


def shown(value: object) -> str:
    """Return `value` as a stack file would spell it, on one line and cut where it is long."""
    match value:
        case bool():
            text = "true" if value else "false"
        case Enum():
            text = str(value.value)
        case str():
            text = value if value and value == " ".join(value.split()) else json.dumps(value)
        case Mapping():
            text = "{" + ", ".join(f"{key}: {shown(item)}" for key, item in value.items()) + "}"
        case Sequence():
            text = "[" + ", ".join(shown(item) for item in value) + "]"
        case _:
            text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


@dataclass(frozen=True)
class Problem:
    """One thing to correct: the key, its value, what is accepted there, and the way out."""

    key: str
    value: object
    accepted: str
    remedy: str

    def __str__(self) -> str:
        """Return the sentence for people."""
        return f"{self.key}: {self._verdict()}; accepted: {self.accepted}; {self.remedy}."

    def _verdict(self) -> str:
        return "it is not set" if self.value is UNSET else f"{shown(self.value)} is refused"


class UnknownKey(Problem):
    """A key that is no setting; its value is of no interest."""

    def _verdict(self) -> str:
        return "there is no such setting"


class SettingsError(pulumi.RunError):
    """All problems of a stack's settings at once; the engine prints the text without a trace."""

    def __init__(self, stack: str, problems: Iterable[Problem]) -> None:
        """Keep `problems`, each once, in the order given."""
        self.problems = tuple({str(problem): problem for problem in problems}.values())
        count = len(self.problems)
        head = f"The settings of stack {stack} have {count} error{'s' if count > 1 else ''}:"
        super().__init__("\n".join((head, *(f"  - {problem}" for problem in self.problems))))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like `word`, or None where none is like it."""
    by_lower = {item.lower(): item for item in known}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def listed(words: Iterable[object], last: str = "or") -> str:
    """Return words as a list in prose: `a, b or c`."""
    texts = [shown(word) for word in words]
    return f" {last} ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))
