"""The run under way, written down before each step that cannot be taken back.

One parameter, `deploy/journal`. Whoever finds one that is not `done` has found a run that was
killed, and reads in it how far that run got and what it had started.
"""

import json
import uuid
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Final

from perpetual import contract
from perpetual.deploy.outcome import Phase
from perpetual.deploy.store import Store
from perpetual.errors import OperatorError

VERSION: Final = 1


class Kind(StrEnum):
    """What a run does."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"


class Schema(StrEnum):
    """What a run did to the database's schema, as far as it knows."""

    SAME = "same"
    MOVED = "moved"
    UNKNOWN = "unknown"
    """A migration ended well, and its words do not tell whether it had anything to do."""
    UNFINISHED = "unfinished"
    """A migration was begun, and failed or was left alone."""


@dataclass(frozen=True, kw_only=True)
class Journal:
    """One run, as far as it got; empty text where there is nothing yet.

    `image` is the image's id, `digest` its digest in the repository, `tried` the id of the image
    whose code was tried with its schema, and `backward_compatible` whether that ran. `previous` is
    the digest that served before, `previous_definition` the revision. `update` is the id of ECS's
    deployment, and `updated` its time. `regret` says why what was released is being
    taken back.
    """

    run: str
    kind: Kind
    image: str
    tag: str
    commit: str
    who: str
    began: str
    phase: Phase = Phase.PREFLIGHT
    digest: str = ""
    definition: str = ""
    migration: str = ""
    schema: Schema = Schema.SAME
    tried: str = ""
    backward_compatible: bool | None = None
    previous: str = ""
    previous_definition: str = ""
    update: str = ""
    updated: str = ""
    regret: str = ""
    early: bool = False
    done: bool = False

    @property
    def touched(self) -> bool:
        """Tell whether the service may have been told to change."""
        return list(Phase).index(self.phase) >= list(Phase).index(Phase.UPDATE)

    @property
    def says(self) -> str:
        """Return the run in words."""
        return f"the {self.kind} of {self.tag} that {self.who} began at {self.began}"


def number() -> str:
    """Return a name for a new run, which ECS also takes as a token against doing things twice."""
    return uuid.uuid4().hex


def name(stack: contract.Stack) -> str:
    """Return the parameter that holds a stack's journal."""
    return stack.parameter("deploy", "journal")


def text(journal: Journal) -> str:
    """Return a journal as the parameter holds it."""
    return json.dumps({"version": VERSION, **asdict(journal)})


def read(store: Store) -> Journal | None:
    """Return the run that did not come to its end, or `None` where the last one did.

    Raises:
        OperatorError: What is written there is none.
    """
    entry = store.read(name(store.stack))
    if entry is None:
        return None
    try:
        content: dict[str, Any] = json.loads(entry.value)
        version = content.pop("version")
        journal = Journal(
            **{
                **content,
                "kind": Kind(content["kind"]),
                "phase": Phase(content["phase"]),
                "schema": Schema(content["schema"]),
            }
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(store.stack, f"{type(error).__name__}: {error}") from error
    if version != VERSION:
        raise _unreadable(store.stack, f"its version is {version!r}, not {VERSION}")
    return None if journal.done else journal


def _unreadable(stack: contract.Stack, why: str) -> OperatorError:
    return OperatorError(
        "the journal of the last release cannot be read",
        hint="Was it written by a newer command? Use that one; or, once nobody is releasing, "
        "remove the parameter.",
        detail=f"{name(stack)}: {why}",
    )


@dataclass
class Book:
    """The journal of one run, and where it is written."""

    store: Store
    journal: Journal

    def write(self, **changes: Any) -> Journal:
        """Change the journal, and write it down."""
        self.journal = replace(self.journal, **changes)
        self.store.write(name(self.store.stack), text(self.journal))
        return self.journal
