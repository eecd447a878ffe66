"""Names and labels of what a sandbox makes in Docker, so that it can be found, and removed."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

PREFIX: Final = "perpetual-sandbox"


@dataclass(frozen=True)
class Labels:
    """Labels and names of one sandbox; two sandboxes share neither."""

    SANDBOX: ClassVar = "perpetual.sandbox"
    ROLE: ClassVar = "perpetual.sandbox.role"
    TASK: ClassVar = "perpetual.sandbox.task"
    CONTAINER: ClassVar = "perpetual.sandbox.container"

    sandbox: str

    @classmethod
    def at(cls, folder: Path) -> "Labels":
        """Return the labels of the sandbox that keeps its files in a folder.

        The same folder has the same labels, so that a sandbox finds what a killed one left.
        """
        return cls(hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:10])

    @property
    def filter(self) -> str:
        """Return the label by which Docker finds everything of this sandbox."""
        return f"{self.SANDBOX}={self.sandbox}"

    def of(self, role: str) -> dict[str, str]:
        """Return the labels of one thing, by what it is for."""
        return {self.SANDBOX: self.sandbox, self.ROLE: role}

    def named(self, *parts: str) -> str:
        """Return the name of one thing."""
        return "-".join((PREFIX, self.sandbox, *parts))
