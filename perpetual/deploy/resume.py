"""A run that was killed, and what the next one makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from perpetual.deploy.follow import primary
from perpetual.deploy.history import Record, Result
from perpetual.deploy.journal import Journal, Kind, Schema
from perpetual.deploy.migration import Migration
from perpetual.errors import OperatorError


class Way(StrEnum):
    """What to do about the run before."""

    FRESH = "fresh"
    """There is nothing to do about."""
    GO_ON = "go on"
    """It is this very release: go on where that run stopped."""
    SETTLE = "settle"
    """It is another release, and over: write down how it ended, and begin."""


@dataclass(frozen=True, kw_only=True)
class Resumption:
    """What to do, the words about it, and the record of the run before where it is settled."""

    way: Way
    says: str = ""
    record: Record | None = None
    back: bool = False
    """It had been released, and was taken back."""


def decide(
    before: Journal | None,
    service: Mapping[str, Any],
    migration: Migration | None,
    *,
    kind: Kind,
    wanted: str,
) -> Resumption:
    """Return what a new run of `kind` makes of the run before.

    `migration` is that of the run before, if it came to start one. `wanted` is the id of the image
    that is deployed; a rollback names the digest.

    Raises:
        OperatorError: The run before left something alone that is still under way.
    """
    if before is None:
        return Resumption(way=Way.FRESH)
    if before.kind is kind and wanted in (before.image, before.digest):
        return Resumption(
            way=Way.GO_ON,
            says=f"going on with {before.says}, which was interrupted in phase {before.phase}",
        )
    newest = primary(service)
    ours = bool(before.definition) and newest.get("taskDefinition") == before.definition
    moving = newest.get("rolloutState") == "IN_PROGRESS"
    if before.touched and ours and moving and kind is Kind.DEPLOY:
        raise OperatorError(
            f"{before.says} was interrupted, and its rollout is still under way",
            hint="Run that deploy again to follow it to its end, or `perpetual rollback` to take "
            "it back; then this one.",
        )
    if migration is not None and not migration.over:
        raise OperatorError(
            f"{before.says} was interrupted, and its migration goes on: {migration.says}",
            hint="Run that deploy again to go on with it, or wait until the task has ended.",
        )
    if before.regret and newest.get("taskDefinition") == before.previous_definition:
        says = f"{before.says} was being taken back when it was interrupted: {before.regret}"
        return Resumption(way=Way.SETTLE, says=says, back=True)
    result = _result(before, ours=ours, newest=newest)
    return Resumption(way=Way.SETTLE, says=_settled(before, result), record=_record(before, result))


def _result(before: Journal, *, ours: bool, newest: Mapping[str, Any]) -> Result:
    if before.touched and ours:
        done = newest.get("rolloutState") == "COMPLETED"
        return Result.RELEASED if done else Result.UNCLEAR
    return Result.FAILED if before.updated else Result.INTERRUPTED


def _settled(before: Journal, result: Result) -> str:
    head = f"{before.says} was interrupted in phase {before.phase}"
    return {
        Result.RELEASED: f"{head}; its rollout came to a good end by itself",
        Result.FAILED: f"{head}; its revision does not serve any more",
        Result.UNCLEAR: f"{head}; its rollout is not over",
        Result.INTERRUPTED: f"{head}, before it served; {_schema(before.schema)}",
    }[result]


def _schema(schema: Schema) -> str:
    return {
        Schema.SAME: "the schema is as it was",
        Schema.MOVED: "it had moved the schema",
        Schema.UNKNOWN: "whether it moved the schema is not known",
        Schema.UNFINISHED: "its migration did not come to a good end",
    }[schema]


def _record(before: Journal, result: Result) -> Record:
    return Record(
        kind=before.kind,
        result=result,
        digest=before.digest,
        tag=before.tag,
        image=before.image,
        commit=before.commit,
        who=before.who,
        at=before.began,
        previous=before.previous,
        schema=before.schema,
        tried=before.tried,
        backward_compatible=before.backward_compatible,
        definition=before.definition,
        run=before.run,
        said=f"interrupted in phase {before.phase}",
    )
