"""The migration as a task of its own: how far it is, and what its words say about the schema."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from perpetual.deploy.follow import exit_code, short, why
from perpetual.deploy.journal import Schema
from perpetual.deploy.requests import task_id
from perpetual.errors import OperatorError

LINES: Final = 15
"""Last lines of a task's log that go with its failure."""

_SAME: Final = re.compile(r"nothing to migrate|migrations already up", re.IGNORECASE)
_MOVED: Final = re.compile(r"\bmigrated (to )?\d|== migrated|== running \d", re.IGNORECASE)
"""What the example's migrator says, and what Ecto's does."""


class Stage(StrEnum):
    """How far a one-off task is."""

    WAITING = "waiting for a host"
    STARTING = "starting"
    RUNNING = "running"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True)
class Migration:
    """A migration's task, as it is now; `code` is its exit code, if it came to have one."""

    task: str
    stage: Stage
    code: int | None = None
    reason: str = ""

    @property
    def over(self) -> bool:
        """Tell whether it ended, in whatever way."""
        return self.stage is Stage.STOPPED

    @property
    def passed(self) -> bool:
        """Tell whether it ended well: a task without an exit code did not run."""
        return self.over and self.code == 0

    @property
    def says(self) -> str:
        """Return it in words."""
        name = f"migration {short(task_id(self.task))}"
        if not self.over:
            return f"{name} {self.stage}"
        if self.code is None:
            return f"{name} did not run: {self.reason}"
        return f"{name} ended with exit code {self.code}" + (
            f": {self.reason}" if self.code else ""
        )


def started(said: Mapping[str, Any]) -> str:
    """Return the ARN of the task that RunTask started.

    Raises:
        OperatorError: It started none, for want of room or of a host.
    """
    if said["tasks"]:
        return str(said["tasks"][0]["taskArn"])
    reasons = sorted({str(item.get("reason", "")) for item in said.get("failures", ())})
    raise OperatorError(
        f"no host takes the migration: {', '.join(reasons) or 'ECS does not say why'}",
        hint="`perpetual status` shows the hosts; RESOURCE:MEMORY and RESOURCE:CPU mean that they "
        "are full.",
    )


def read(task: Mapping[str, Any]) -> Migration:
    """Return a migration as DescribeTasks shows it.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
    """
    status = task["lastStatus"]
    if status == "STOPPED":
        return Migration(
            task=task["taskArn"], stage=Stage.STOPPED, code=exit_code(task), reason=why(task)
        )
    stage = {
        "PROVISIONING": Stage.STARTING if task.get("containerInstanceArn") else Stage.WAITING,
        "PENDING": Stage.STARTING,
        "ACTIVATING": Stage.STARTING,
    }.get(status, Stage.RUNNING)
    return Migration(task=task["taskArn"], stage=stage)


def schema(migration: Migration, lines: Sequence[str]) -> Schema:
    """Return what a migration that is over did to the schema, as far as its words tell."""
    if migration.code is None:
        return Schema.SAME
    said = "\n".join(lines)
    if not migration.passed:
        return Schema.UNFINISHED
    if _MOVED.search(said):
        return Schema.MOVED
    return Schema.SAME if _SAME.search(said) else Schema.UNKNOWN
