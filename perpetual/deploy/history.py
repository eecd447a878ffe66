"""What was released when, by whom, and how it went: the versions of one parameter.

Each record is a version of `deploy/history`; AWS numbers them, keeps the last hundred, and lets
nobody change one afterwards.
https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

from perpetual import contract
from perpetual.deploy.journal import Journal, Kind, Schema
from perpetual.deploy.store import Store
from perpetual.errors import OperatorError

VERSION: Final = 1

SAID: Final = 500
"""Characters of a failure that a record keeps."""

_MOST: Final = 4096
"""Bytes that a standard parameter holds:
https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
"""


class Result(StrEnum):
    """How a run ended."""

    RELEASED = "released"
    FAILED = "failed"
    """What served before serves."""
    UNCLEAR = "unclear"
    """Somebody had to look."""
    INTERRUPTED = "interrupted"
    """It was killed before it served."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """One run; `number` is AWS's, 0 before it is written.

    `backward_compatible` says whether the code of the image `tried`, by its id, runs with this
    release's schema, as `release check` found out; `None` where it was not tried. `seconds` are
    those until it served alone, `phases` the same by phase.
    """

    number: int = 0
    kind: Kind
    result: Result
    digest: str
    tag: str
    image: str
    commit: str
    who: str
    at: str
    previous: str
    schema: Schema
    tried: str
    backward_compatible: bool | None
    definition: str = ""
    run: str = ""
    seconds: float = 0.0
    phases: Mapping[str, float] = field(default_factory=dict)
    said: str = ""

    @property
    def good(self) -> bool:
        """Tell whether it was released."""
        return self.result is Result.RELEASED

    @property
    def says(self) -> str:
        """Return the release in words."""
        return f"release {self.number} ({self.tag}, {self.at} by {self.who})"


Records = Sequence[Record]
"""Runs in the order in which they ended."""


def name(stack: contract.Stack) -> str:
    """Return the parameter that holds a stack's history."""
    return stack.parameter("deploy", "history")


def text(record: Record) -> str:
    """Return a record as the parameter holds it."""
    content = {"version": VERSION, **asdict(record)}
    content.pop("number")
    while len(held := json.dumps(content)) > _MOST and content["said"]:
        content["said"] = content["said"][: len(content["said"]) * 3 // 4]
    return held


def parse(number: int, held: str) -> Record:
    """Return the record in a version of the parameter; raise `ValueError` where it is none."""
    content: Any = json.loads(held)
    if not isinstance(content, dict) or content.pop("version", None) != VERSION:
        message = "it has another version"
        raise ValueError(message)
    given = {
        **content,
        "kind": Kind(content["kind"]),
        "result": Result(content["result"]),
        "schema": Schema(content["schema"]),
    }
    return Record(number=number, **given)


def read(store: Store) -> Records:
    """Return the records there are, the oldest first.

    Raises:
        OperatorError: One is none, so that what it says about the schema is not known either.
    """
    found = []
    for number, held in store.versions(name(store.stack)):
        try:
            found.append(parse(number, held))
        except (ValueError, KeyError, TypeError) as error:
            raise OperatorError(
                f"release {number} of the history cannot be read",
                hint="Was it written by a newer command? Use that one.",
                detail=f"{name(store.stack)}:{number}: {error}",
            ) from error
    return found


def append(store: Store, record: Record) -> int:
    """Write a record down, unless its run has one already, and return its number."""
    entry = store.read(name(store.stack))
    if entry is not None and record.run and parse(entry.version, entry.value).run == record.run:
        return entry.version
    return store.write(name(store.stack), text(record))


def back(records: Records, left: Journal, *, at: str) -> Record:
    """Return the record of what serves again, once a run that was released was taken back."""
    known = serving(records, left.previous)
    return Record(
        kind=Kind.ROLLBACK,
        result=Result.RELEASED,
        digest=left.previous,
        tag=known.tag if known else left.previous[:19],
        image=known.image if known else "",
        commit=known.commit if known else "",
        who=left.who,
        at=at,
        previous=left.digest,
        schema=Schema.SAME,
        tried="",
        backward_compatible=None,
        definition=left.previous_definition,
        run=f"{left.run}-back",
        said=left.regret[:SAID],
    )


# --- which release is which


def serving(records: Records, digest: str) -> Record | None:
    """Return the last release of a digest, if it was one."""
    return next((item for item in reversed(records) if item.good and item.digest == digest), None)


def previous(records: Records, digest: str) -> Record | None:
    """Return the release that a rollback from `digest` leads to: the last good other one.

    What was rolled back itself is not good, unless it was deployed again.
    """
    left: set[str] = set()
    current = ""
    for item in records:
        if item.good:
            if item.kind is Kind.ROLLBACK:
                left.add(current)
            left.discard(item.digest)
            current = item.digest
    good = (item for item in reversed(records) if item.good and item.digest not in left)
    # Without a digest it is an image of elsewhere, which Pulumi started.
    return next((item for item in good if item.digest not in ("", digest)), None)


def obstacle(records: Records, target: Record) -> str:
    """Return why the code of `target` may not run with today's schema; empty where it may.

    Today's schema is that of the last run that touched it, failed ones included. Either there was
    none since the target, or its check tried the target's very code with it.
    """
    since = [item for item in records if item.number > target.number]
    movers = [item for item in since if item.schema is not Schema.SAME]
    if not movers:
        return ""
    last = movers[-1]
    moved = "moved" if last.schema is Schema.MOVED else "may have moved"
    head = f"release {last.number} {moved} the schema"
    if last.schema is Schema.UNFINISHED:
        return f"the migration of release {last.number} did not come to a good end"
    if not target.image or last.tried != target.image:
        return f"{head}, and the code of release {target.number} was not tried with it"
    if not last.backward_compatible:
        return f"{head}, and the code of release {target.number} does not run with it"
    return ""
