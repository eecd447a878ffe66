"""The one exception an operator sees as a sentence; `cli.main` catches it once."""

from typing import Final

COULD_NOT_RUN: Final = 2
"""Exit code when there is no verdict; 1 means findings, 0 none."""


class OperatorError(Exception):
    """Something the operator can put right.

    `message` says what happened and why, `hint` the way out, `detail` is evidence such as the last
    lines of another process.
    """

    def __init__(
        self, message: str, *, hint: str = "", detail: str = "", exit_code: int = COULD_NOT_RUN
    ) -> None:
        """Keep the parts; they are put together only where they are printed."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.detail = detail
        self.exit_code = exit_code

    def __str__(self) -> str:
        """Return message, detail and hint, each on its own line."""
        return "\n".join(part for part in (self.message, self.detail, self.hint) if part)
