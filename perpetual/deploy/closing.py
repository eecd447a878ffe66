"""How a run ends: written down, and told."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime

from perpetual.deploy import definitions, history, image
from perpetual.deploy.clock import stamp
from perpetual.deploy.follow import Goal
from perpetual.deploy.history import Record, Records, Result
from perpetual.deploy.outcome import INTERRUPTED, Exit, FailedError, Interrupted, Phase
from perpetual.deploy.report import Report
from perpetual.deploy.rollout import Rollout
from perpetual.deploy.run import Run, failing
from perpetual.errors import OperatorError


def rollout(run: Run, desired: int | None) -> Rollout:
    """Return the rollout that the run's update began."""
    written = run.journal
    goal = Goal(
        definition=written.definition,
        previous=written.previous_definition,
        desired=run.found.desired if desired is None else desired,
        began=datetime.fromisoformat(written.updated),
        early=run.options.early,
    )
    return Rollout(run=run, goal=goal, start=run.desk.clock.seconds())


def record(run: Run, followed: Rollout) -> int:
    """Write down what is released now, and return its number.

    Raises:
        FailedError: AWS refuses or cannot be reached; the next run writes it down.
    """
    with run.phase(Phase.RECORD):
        named = image.reference(run.published, run.journal.digest)
        run.store.write(run.published.stack.release_parameter, named)
        return history.append(
            run.store, _record(run, Result.RELEASED, seconds=_seconds(run, followed))
        )


def unchanged(run: Run, records: Records, digest: str) -> Report:
    """Return the report of a run that found everything done."""
    stack = run.published.stack
    named = image.reference(run.published, digest)
    entry = run.store.read(stack.release_parameter)
    if entry is None or entry.value != named:
        run.store.write(stack.release_parameter, named)
    run.book.write(done=True)
    known = history.serving(records, digest)
    return Report(
        kind=run.journal.kind,
        stack=stack.name,
        url=run.published.balancer.url,
        tag=run.journal.tag,
        digest=digest,
        commit=run.journal.commit,
        number=known.number if known else 0,
        seconds=round(run.watch.elapsed, 1),
        phases=run.watch.rounded,
        fresh=False,
    )


def report(run: Run, followed: Rollout, number: int, *, pushed: float, resumed: bool) -> Report:
    """Return the report of a release that serves; the push had ended after `pushed` seconds."""
    written = run.journal
    offset = followed.start - run.watch.start
    seen = followed.state.first
    first = None if seen is None else offset + seen
    return Report(
        kind=written.kind,
        stack=run.published.stack.name,
        url=run.published.balancer.url,
        tag=written.tag,
        digest=written.digest,
        commit=written.commit,
        number=number,
        seconds=_seconds(run, followed),
        phases=run.watch.rounded,
        first=None if first is None else round(first, 1),
        after_push=None if first is None else round(first - pushed, 1),
        schema=written.schema,
        early=run.options.early,
        budget=run.options.budget,
        resumed=resumed,
    )


def failed(run: Run, error: FailedError) -> None:
    """Write down a run that came to no good end.

    Raises:
        OperatorError: AWS refuses or cannot be reached.
    """
    result = Result.UNCLEAR if error.exit_code == Exit.NEEDS_HUMAN else Result.FAILED
    if run.journal.phase is not Phase.RECORD:
        history.append(run.store, _record(run, result, said=error.message))
    run.book.write(done=True)


def taken_back(run: Run, error: FailedError) -> None:
    """Write down what became of taking back a release that had been called one."""
    if not error.final:
        return
    written = run.journal
    with suppress(OperatorError, Interrupted):
        at = stamp(run.desk.clock)
        record = history.back(history.read(run.store), written, at=at)
        if error.exit_code == Exit.KEPT:
            call = definitions.describe_definition(written.previous_definition)
            found = run.perform(call)["taskDefinition"]
            named = definitions.image_of(found, run.published.service.container)
            run.store.write(run.published.stack.release_parameter, named)
        elif written.regret:
            said = error.message[: history.SAID]
            record = replace(record, result=Result.UNCLEAR, said=said)
        else:
            return
        history.append(run.store, record)


@contextmanager
def watching(run: Run) -> Iterator[None]:
    """Let a release be watched, and write down whether it was taken back, if it was to be.

    Raises:
        FailedError: It was taken back, or that or the watching failed.
    """
    try:
        with failing(Phase.CONFIRM):
            yield
    except FailedError as error:
        taken_back(run, error)
        raise


def interrupted(run: Run, signal: Interrupted) -> FailedError:
    """Return what a signal leaves, and what the next run makes of it."""
    phase = run.journal.phase
    order = list(Phase)
    if order.index(phase) < order.index(Phase.REGISTER):
        stands = "Nothing was changed."
    elif order.index(phase) < order.index(Phase.UPDATE):
        stands = "The service was not touched."
        if phase is Phase.MIGRATE:
            stands += " The migration goes on in its task."
    elif phase is Phase.UPDATE and not run.journal.updated:
        stands = "The service may have been told to change already: the next run looks."
    elif run.journal.regret:
        stands = "What served before is being brought back, with or without this command."
    elif phase is Phase.RECORD:
        stands = "It serves, and is not written down yet."
        if run.options.early:
            stands = "It serves; its alarms are not watched any more by this command."
    else:
        stands = "The rollout goes on without this command; `perpetual rollback` takes it back."
    return FailedError(
        f"interrupted in phase {phase}",
        phase=phase,
        detail=stands,
        hint="Run the command again: it goes on from here.",
        exit_code=INTERRUPTED + signal.number,
        final=False,
    )


def _seconds(run: Run, followed: Rollout) -> float:
    """Return the seconds from the beginning until the release was there."""
    offset, released = followed.start - run.watch.start, followed.state.released
    return round(offset + (followed.at if released is None else released), 1)


def _record(run: Run, result: Result, *, seconds: float = 0.0, said: str = "") -> Record:
    written = run.journal
    return Record(
        kind=written.kind,
        result=result,
        digest=written.digest,
        tag=written.tag,
        image=written.image,
        commit=written.commit,
        who=written.who,
        at=written.began,
        previous=written.previous,
        schema=written.schema,
        tried=written.tried,
        backward_compatible=written.backward_compatible,
        definition=written.definition,
        run=written.run,
        seconds=seconds or round(run.watch.elapsed, 1),
        phases=run.watch.rounded,
        said=said[: history.SAID],
    )
