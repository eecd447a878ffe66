"""What `--base` goes together with, and which kinds of entry fail a run. Pure."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from perpetual.errors import OperatorError
from perpetual.output import Format

if TYPE_CHECKING:
    from perpetual.offline.revisions.comparison import Comparison
    from perpetual.offline.revisions.kinds import Kind

FORMS: Final = (Format.TEXT, Format.JSON, Format.MARKDOWN)
"""Forms in which a comparison can be printed."""


def check(base: str | None, form: Format, fail_on: Iterable["Kind"], *, watch: bool) -> None:
    """Raise `OperatorError` on options that contradict each other."""
    if base is None:
        if list(fail_on):
            message = "--fail-on names differences from a base, and there is no --base"
            raise OperatorError(message, hint="Add --base REVISION, such as --base origin/main.")
        return
    if watch:
        message = "--watch judges every save by itself and compares with nothing"
        raise OperatorError(message, hint="Leave out --watch or --base.")
    if form not in FORMS:
        message = f"--format {form} is about findings in one revision; a comparison has none of it"
        listed = ", ".join(FORMS)
        raise OperatorError(message, hint=f"With --base it is one of {listed}.")


def fails(comparison: "Comparison", fail_on: Iterable["Kind"]) -> bool:
    """Tell whether the comparison has an entry of a kind that shall fail."""
    return bool(comparison.of(*fail_on))
