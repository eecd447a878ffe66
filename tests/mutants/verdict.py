"""What the outcomes of all changes to one stack in one form amount to."""

from collections.abc import Iterable
from dataclasses import dataclass

from tests.mutants.every import SAME, WORSE
from tests.mutants.score import ALL, Outcome, Sample, outcomes
from tests.mutants.survivors import SURVIVORS, Survivor


@dataclass(frozen=True)
class Verdict:
    """The outcomes of what is worse, and of what is the same, in one stack and form."""

    stack: str
    form: str
    worse: tuple[Outcome, ...]
    same: tuple[Outcome, ...]

    @property
    def found(self) -> list[Outcome]:
        """Return the mutants that some rule finds."""
        return [item for item in self.worse if item.rule]

    @property
    def survivors(self) -> list[tuple[Outcome, Survivor | None]]:
        """Return the mutants that no rule finds, each with its explanation if there is one."""
        left = [item for item in self.worse if not item.rule]
        return [(item, _explanation(item, self.stack, self.form)) for item in left]

    @property
    def unexplained(self) -> list[str]:
        """Return the mutants that no rule finds and nothing explains."""
        return [item.label for item, reason in self.survivors if reason is None]

    @property
    def reported(self) -> list[str]:
        """Return the changes that matter to nobody and are reported all the same."""
        return [f"{item.label} ({item.rule}: {item.message})" for item in self.same if item.rule]

    @property
    def unused(self) -> list[Survivor]:
        """Return the explanations of what is found by now, or is not judged."""
        used = [reason for _, reason in self.survivors]
        return [
            item for item in SURVIVORS if item.about(self.stack, self.form) and item not in used
        ]


def verdict(stack: str, form: str, sample: Sample = ALL) -> Verdict:
    """Return the verdict on one stack in one form."""
    worse, same = (tuple(outcomes(stack, form, it, sample)) for it in (WORSE, SAME))
    return Verdict(stack, form, worse, same)


def _explanation(item: Outcome, stack: str, form: str) -> Survivor | None:
    held = (entry for entry in SURVIVORS if entry.about(stack, form))
    return next((entry for entry in held if entry.explains(item.operator, item.target)), None)


def share(found: Iterable[object], every: Iterable[object]) -> str:
    """Return how many of how many, and the percentage."""
    part, whole = len(list(found)), len(list(every))
    return f"{part}/{whole} ({100 * part / whole:.1f} %)" if whole else "none"
