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


def judged(released: Release | None, last_run: Run | None, now_running: Run | None) -> list[Reason]:
    """Return what there is to say about them."""
    found = []
    if released is not None and not released.digest:
        says = f"the release parameter names no digest, but {released.image}: nothing was released"
        hint = "Run `perpetual deploy`."
        found.append(_note(Section.RELEASE, says, hint))
    if last_run is not None and last_run.result != Result.RELEASED:
        says = f"the last {last_run.kind}, of {last_run.tag} by {last_run.by} at {last_run.at}, "
        says += f"ended as {last_run.result}" + (f": {last_run.said}" if last_run.said else "")
        weight = Weight.FAULT if last_run.result == Result.UNCLEAR else Weight.NOTE
        hint = "`perpetual releases` shows the history."
        found.append(Reason(section=Section.HISTORY, weight=weight, says=says, hint=hint))
    if now_running is not None:
        says = f"the {now_running.kind} of {now_running.tag} that {now_running.by} began at "
        says += f"{now_running.at} has not ended; it got to its phase {now_running.result}"
        hint = "If it was killed, the next `perpetual deploy` goes on from there."
        found.append(_note(Section.HISTORY, says, hint))
    return found


def _note(section: Section, says: str, hint: str) -> Reason:
    return Reason(section=section, weight=Weight.NOTE, says=says, hint=hint)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
