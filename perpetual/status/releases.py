"""What is released, what ran last, what is under way: from the parameters that deploys write."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from perpetual.deploy.history import Record, Result, serving
from perpetual.deploy.journal import Journal
from perpetual.status.model import Reason, Release, Run, Section, Weight


def release(parameter: Mapping[str, Any], records: Sequence[Record]) -> Release:
    """Return the released image, with what its record says of it."""
    image = str(parameter["Value"])
    digest = image.partition("@")[2]
    found = serving(records, digest) if digest else None
    changed: datetime = parameter["LastModifiedDate"]
    if found is None:
        return Release(image=image, digest=digest, changed=changed)
    return Release(
        image=image,
        digest=digest,
        changed=changed,
        number=found.number,
        tag=found.tag,
        commit=found.commit,
        by=found.who,
        at=_moment(found.at),
        seconds=found.seconds,
    )


def last(records: Sequence[Record]) -> Run | None:
    """Return the last run that came to its end, however it did."""
    if not records:
        return None
    record = records[-1]
    return Run(
        kind=record.kind.value,
        result=record.result.value,
        tag=record.tag,
        by=record.who,
        at=record.at,
        said=record.said,
    )


def under_way(journal: Journal | None) -> Run | None:
    """Return the run that has begun and not ended."""
    if journal is None:
        return None
    return Run(
        kind=journal.kind.value,
        result=journal.phase.value,
        tag=journal.tag,
        by=journal.who,
        at=journal.began,
    )


def judged_release(found: Release) -> list[Reason]:
    """Return that nothing was released yet, if so."""
    if found.digest:
        return []
    says = f"the release parameter names no digest, but {found.image}: nothing was released"
    return [_note(Section.RELEASE, says, "Run `perpetual deploy`.")]


def judged_last(found: Run | None) -> list[Reason]:
    """Return that the last run did not succeed, if so."""
    if found is None or found.result == Result.RELEASED:
        return []
    says = f"the last {found.kind}, of {found.tag} by {found.by} at {found.at}, ended as "
    says += found.result + (f": {found.said}" if found.said else "")
    weight = Weight.FAULT if found.result == Result.UNCLEAR else Weight.NOTE
    hint = "`perpetual releases` shows the history."
    return [Reason(section=Section.HISTORY, weight=weight, says=says, hint=hint)]


def judged_under_way(found: Run | None) -> list[Reason]:
    """Return that a run has not ended, if so."""
    if found is None:
        return []
    says = f"the {found.kind} of {found.tag} that {found.by} began at {found.at} has not ended; "
    says += f"it got to its phase {found.result}"
    hint = "If it was killed, the next `perpetual deploy` goes on from there."
    return [_note(Section.HISTORY, says, hint)]


def _note(section: Section, says: str, hint: str) -> Reason:
    return Reason(section=section, weight=Weight.NOTE, says=says, hint=hint)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
