"""A deploy and a rollback from beginning to end."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from perpetual.aws import published as contracts
from perpetual.aws.calls import perform
from perpetual.aws.published import Published
from perpetual.deploy import closing, history, image, journal, opening, phases, plan, resume
from perpetual.deploy.clock import Stopwatch, stamp
from perpetual.deploy.history import Record, Records
from perpetual.deploy.image import Image
from perpetual.deploy.journal import Book, Journal, Kind
from perpetual.deploy.opening import Opening
from perpetual.deploy.outcome import Check, FailedError, Interrupted, Phase
from perpetual.deploy.preflight import Case
from perpetual.deploy.report import Report
from perpetual.deploy.resume import Way
from perpetual.deploy.run import Desk, Options, Run, failing
from perpetual.errors import OperatorError


def deploy(desk: Desk, options: Options) -> Report:
    """Release an image.

    Raises:
        OperatorError: It was refused; nothing was changed.
        FailedError: It did not come to a good end.
    """
    published = contracts.read(desk.clients, options.stack)
    desk.agree(published)
    watch = Stopwatch(desk.clock)
    given = chosen(desk, options, watch)
    with opening.locked(desk, published, f"the deploy of {given.tag}") as held:
        there = opening.read(desk, published, migrating=options.migrate)
        way = resume.decide(
            there.before, there.found.service, there.running, kind=Kind.DEPLOY, wanted=given.id
        )
        begun = there.before if way.way is Way.GO_ON else None
        if begun is not None and begun.regret:
            # The alarm is why it was being taken back.
            options = replace(options, without=options.without | {Check.ALARMS})
        opening.judge(desk, case(there, given, begun, migrating=options.migrate), options)
        opening.settle(desk, there, way)
        run = Run(
            desk=desk,
            options=options,
            published=published,
            found=there.found,
            lock=held,
            book=Book(there.store, begun or _journal(desk, there, given)),
            watch=watch,
            image=given,
        )
        return _guarded(run, lambda: _release(run, there, fresh=begun is None))


def rollback(desk: Desk, options: Options) -> Report:
    """Bring an earlier release back.

    Raises:
        OperatorError: It was refused; nothing was changed.
        FailedError: It did not come to a good end.
    """
    published = contracts.read(desk.clients, options.stack)
    desk.agree(published)
    watch = Stopwatch(desk.clock)
    # Whoever goes back does so because something rings, and does not wait for it to stop.
    options = replace(options, migrate=False, without=options.without | {Check.ALARMS})
    with opening.locked(desk, published, "a rollback") as held:
        there = opening.read(desk, published, migrating=False)
        target = _target(there, options.to)
        way = resume.decide(
            there.before,
            there.found.service,
            there.running,
            kind=Kind.ROLLBACK,
            wanted=target.digest,
        )
        # A rollout under way is what a rollback is for.
        judged = Case(published=published, found=there.found, image=None, migrating=False, own=True)
        opening.judge(desk, judged, options)
        records = opening.settle(desk, there, way)
        _may_run(records, target, anyway=options.anyway)
        _is_kept(desk, published, target)
        begun = there.before if way.way is Way.GO_ON else None
        run = Run(
            desk=desk,
            options=options,
            published=published,
            found=there.found,
            lock=held,
            book=Book(there.store, begun or _journal(desk, there, target)),
            watch=watch,
        )
        run.say(f"back to {target.says}")
        return _guarded(run, lambda: _release(run, there, fresh=begun is None))


def chosen(desk: Desk, options: Options, watch: Stopwatch) -> Image:
    """Return the image to release, built if none is named.

    Raises:
        OperatorError: There is no such image, or it cannot be built.
    """
    reference = options.image
    if reference is None:
        desk.show.phase(Phase.BUILD)
        with watch.phase(Phase.BUILD):
            reference = desk.build(options.stack)
    return image.local(desk.root, reference)


def case(there: Opening, given: Image, begun: Journal | None, *, migrating: bool) -> Case:
    """Return what is judged before a deploy.

    A rollout under way may be this run's own, resumed; so may one back to what served before, which
    this run asked for or ECS began.
    """
    own = begun is not None and there.found.primary.get("taskDefinition") in (
        begun.definition,
        begun.previous_definition if begun.updated else "",
    )
    return Case(
        published=there.published, found=there.found, image=given, migrating=migrating, own=own
    )


def _journal(desk: Desk, there: Opening, source: Image | Record) -> Journal:
    """Return the journal that a new run begins with."""
    fresh = isinstance(source, Image)
    return Journal(
        run=journal.number(),
        kind=Kind.DEPLOY if fresh else Kind.ROLLBACK,
        image=source.id if isinstance(source, Image) else source.image,
        tag=source.tag,
        commit=source.commit,
        who=desk.clients.identity.who,
        began=stamp(desk.clock),
        digest=source.digest,
        tried=source.tried if fresh else "",
        backward_compatible=source.backward_compatible if fresh else None,
        previous=there.found.digest,
        previous_definition=there.found.service["taskDefinition"],
    )


# --- from the push to the record


def _release(run: Run, there: Opening, *, fresh: bool) -> Report:
    watch = run.watch
    watch.took(Phase.PREFLIGHT, watch.elapsed - watch.phases.get(Phase.BUILD, 0.0))
    digest = phases.push_image(run)
    pushed = watch.elapsed
    desired = plan.desired(run.published, run.found)
    if fresh and desired is None and _serves(run, digest):
        return closing.unchanged(run, there.records, digest)
    if not run.journal.updated:
        definition, migrating = phases.register(run, digest)
        phases.prepare(run, digest, migrating)
        phases.update(run, definition, desired)
    rollout = closing.rollout(run, desired)
    if run.journal.regret:
        with closing.watching(run):
            rollout.regret(run.journal.regret)
    rollout.follow()
    number = closing.record(run, rollout)
    if run.options.early:
        with closing.watching(run):
            rollout.guard()
    with failing(Phase.RECORD):
        run.book.write(done=True)
    return closing.report(run, rollout, number, pushed=pushed, resumed=not fresh)


def _serves(run: Run, digest: str) -> bool:
    """Tell whether the newest revision runs already, and is this image's."""
    found = run.found
    newest = found.template["taskDefinitionArn"] == found.service["taskDefinition"]
    return found.digest == digest and newest and found.settled


def _guarded(run: Run, work: Callable[[], Report]) -> Report:
    """Do the work, and leave what the next run has to know, however it ends."""
    try:
        return work()
    except Interrupted as signal:
        raise closing.interrupted(run, signal) from None
    except FailedError as error:
        if error.final:
            # A signal now only ends what is at its end: the failure is told all the same.
            with suppress(OperatorError, Interrupted):
                closing.failed(run, error)
        raise


# --- where a rollback leads


def _target(there: Opening, wanted: int | None) -> Record:
    records, before = there.records, there.before
    if wanted is not None:
        found = next((item for item in records if item.number == wanted), None)
        if found is None or not found.good:
            good = ", ".join(str(item.number) for item in records if item.good)
            raise OperatorError(
                f"there is no release {wanted} to return to"
                if found is None
                else f"release {wanted} was not released: {found.result}",
                hint=f"`perpetual releases` lists them; good ones are {good or 'not there yet'}.",
            )
        target = found
    elif before is not None and before.kind is Kind.ROLLBACK:
        target = _again(there, before.digest)
    else:
        target = _again(there, "")
    serving = there.found.digest == target.digest and there.found.settled
    if serving and before is None:
        raise OperatorError(
            f"{target.says} serves already", hint="`perpetual releases` lists the others."
        )
    return target


def _again(there: Opening, digest: str) -> Record:
    if digest:
        found = history.serving(there.records, digest)
    else:
        found = history.previous(there.records, _current(there))
    if found is None:
        raise OperatorError(
            "there is no earlier release to return to",
            hint="Deploy the one you want: `perpetual deploy --image`.",
        )
    return found


def _current(there: Opening) -> str:
    """Return the digest to leave: of the rollout under way, or of what serves."""
    before = there.before
    if before is not None and before.touched and there.found.moving:
        return before.digest
    return there.found.digest


def _may_run(records: Records, target: Record, *, anyway: bool) -> None:
    why = history.obstacle(records, target)
    if why and not anyway:
        raise OperatorError(
            f"the code of release {target.number} may not run with today's schema: {why}",
            hint="Bring the schema back first (`bin/shop eval ...rollback`), deploy a correction, "
            "or add --anyway if you know better.",
        )


def _is_kept(desk: Desk, published: Published, target: Record) -> None:
    said = perform(desk.clients, image.by_digest(published, target.digest))
    if not image.found(said):
        raise OperatorError(
            f"the image of release {target.number} is not in the repository any more",
            hint="image.keep says how many stay. Build that revision, "
            f"{target.commit or target.tag}, and deploy it.",
        )
