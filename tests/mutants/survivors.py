"""Mutants that no rule finds, each with the reason: the gaps of the pack that are known.

An entry names an operator and a pattern (`fnmatch`) of its targets. One that explains nothing any
more fails the tests, in each stack and form that it speaks about.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final


@dataclass(frozen=True)
class Survivor:
    """Mutants that are not found, where, and why that is accepted."""

    operator: str
    target: str
    reason: str
    stacks: tuple[str, ...] = ("prod", "dev")
    forms: tuple[str, ...] = ("preview", "update")

    def explains(self, operator: str, target: str) -> bool:
        """Tell whether this is about a change."""
        return operator == self.operator and fnmatchcase(target, self.target)

    def about(self, stack: str, form: str) -> bool:
        """Tell whether this is about a stack in a form."""
        return stack in self.stacks and form in self.forms


SURVIVORS: Final[tuple[Survivor, ...]] = ()
