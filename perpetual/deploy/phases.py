"""The phases up to the update: push, register, pull beside migrate, update."""

from collections.abc import Sequence
from typing import Any, Final

from perpetual.aws.calls import attempt, every, perform
from perpetual.deploy import definitions, image, migration, pull, push, requests
from perpetual.deploy.follow import primary, stranded
from perpetual.deploy.found import describe
from perpetual.deploy.journal import Schema
from perpetual.deploy.migration import Migration
from perpetual.deploy.outcome import Exit, FailedError, Phase
from perpetual.deploy.pull import Pulls
from perpetual.deploy.run import Run, failing
from perpetual.deploy.truth import last_lines, schema
from perpetual.errors import OperatorError

_PULL_REFUSED: Final = ("InvalidInstanceId", "InvalidDocument", "UnsupportedPlatformType")
_STOPPING: Final = 150.0
"""Seconds that a stopped task may take to end: its stop timeout, and then its clearing away.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
"""
_NO_ANSWER_YET: Final = "InvalidCommandId"


def push_image(run: Run) -> str:
    """Push the image, unless the repository has it, and return its digest.

    Raises:
        FailedError: Docker or the registry refuses.
    """
    given = run.image
    if given is None or run.journal.digest:
        return run.journal.digest
    with run.phase(Phase.PUSH):
        digest = image.found(run.perform(image.by_tag(run.published, given)))
        if digest:
            run.say(f"{given.tag} is in the repository already")
        else:
            token = run.perform(push.TOKEN)
            repository = run.published.stack.repository
            digest = run.desk.push(token, given, repository, run.lock.beat)
            run.say(f"pushed {given.tag}")
    return digest


def register(run: Run, digest: str) -> tuple[str, str]:
    """Return the ARNs of the release's revision and of its migration's, registered if need be.

    The newest revision of a family is taken where it is this release's already: a second run of one
    release makes no second revision.

    Raises:
        FailedError: AWS refuses.
    """
    container, found = run.published.service.container, run.found
    wanted = image.reference(run.published, digest)
    with run.phase(Phase.REGISTER, digest=digest):
        migrating = ""
        if _migrates(run) and not run.journal.migration:
            call = definitions.register_migration(
                run.published.stack, found.template, found.tags, container, wanted
            )
            migrating = found.twin.get("taskDefinitionArn", "")
            if not definitions.registered(found.twin, call):
                migrating = run.perform(call)["taskDefinition"]["taskDefinitionArn"]
        if definitions.image_of(found.template, container) == wanted:
            definition = found.template["taskDefinitionArn"]
        else:
            call = definitions.register(found.template, found.tags, container, wanted)
            definition = run.perform(call)["taskDefinition"]["taskDefinitionArn"]
        run.book.write(definition=definition)
    return definition, migrating


def prepare(run: Run, digest: str, migrating: str) -> None:
    """Pull the image onto every host, and migrate beside it.

    Raises:
        FailedError: The migration fails, hangs, or finds no host.
    """
    began = run.desk.clock.seconds()
    with failing(Phase.PULL):
        # A pull leaves nothing that the next run would have to know.
        run.desk.show.phase(Phase.PULL)
        pulls = _send(run, digest)
    if not _migrates(run):
        with failing(Phase.PULL):
            while not (pulls := _follow_pulls(run, pulls, began)).over:
                run.tick()
        return
    with failing(Phase.MIGRATE):
        run.enter(Phase.MIGRATE, schema=Schema.UNFINISHED)
        task, migrated = _start(run, migrating), False
        while not (migrated and pulls.over):
            pulls = _follow_pulls(run, pulls, began)
            migrated = migrated or _follow_migration(run, task, began)
            if not (migrated and pulls.over):
                run.tick()


def _migrates(run: Run) -> bool:
    """Tell whether there is a migration to run, or one that was begun to see to its end."""
    begun = bool(run.journal.migration)
    return (run.options.migrate or begun) and not run.journal.touched


def update(run: Run, definition: str, desired: int | None) -> None:
    """Give the service its new revision, and write down ECS's time of that.

    A run that was interrupted right after this finds it done.

    Raises:
        FailedError: AWS refuses, or somebody else has changed the service meanwhile.
    """
    with run.watch.phase(Phase.UPDATE):
        with failing(Phase.UPDATE, told=False):
            run.enter(Phase.UPDATE)
            service = describe(run.desk.clients, run.published)
            deployment = primary(service)
            same = service["taskDefinition"] == definition
            # ECS begins no deployment of what it is told to run already, even if that failed.
            again = same and stranded(deployment)
            done = same and desired is None and not again
            if not done:
                _unchanged(run, service["taskDefinition"], definition)
                run.lock.check()
        if not done:
            call = requests.update_service(
                run.published,
                service,
                definition,
                desired=desired,
                early=run.options.early,
                force=again,
            )
            with failing(Phase.UPDATE):
                deployment = primary(perform(run.desk.clients, call)["service"])
            run.say(f"service updated to {_revision(definition)}")
        with failing(Phase.UPDATE, told=True):
            run.book.write(update=deployment["id"], updated=deployment["createdAt"].isoformat())


def _unchanged(run: Run, now: str, definition: str) -> None:
    if now in (run.found.service["taskDefinition"], definition):
        return
    raise FailedError(
        f"somebody else changed the service meanwhile: it is told to run {_revision(now)}, and ran "
        f"{_revision(run.found.service['taskDefinition'])} when this release began",
        phase=Phase.UPDATE,
        detail="The service was not touched.",
        hint="See what they are doing (`perpetual status`), and run the command again.",
        exit_code=Exit.KEPT,
    )


def _revision(arn: str) -> str:
    return arn.rpartition("/")[2]


# --- pulling


def _send(run: Run, digest: str) -> Pulls:
    hosts = [host.instance for host in run.found.hosts if host.connected]
    commands = []
    reached: list[str] = []
    for batch in pull.batches(hosts):
        call = requests.pull(run.published, batch, digest)
        said = attempt(run.desk.clients, call, *_PULL_REFUSED)
        if said is None:
            run.say(f"{len(batch)} hosts cannot be asked to pull; their tasks start later")
        else:
            commands.append(said["Command"]["CommandId"])
            reached += batch
    return Pulls(hosts=reached, commands=commands)


def _follow_pulls(run: Run, pulls: Pulls, began: float) -> Pulls:
    if pulls.over:
        return pulls
    found: list[Any] = []
    for command in pulls.commands:
        try:
            found += every(run.desk.clients, requests.pulls(command), "CommandInvocations")
        except OperatorError as error:
            # SSM knows a command a moment after it took it.
            if _NO_ANSWER_YET not in error.detail:
                raise
    pulls = pull.read(pulls, found)
    seconds = run.desk.clock.seconds() - began
    if pulls.over or seconds > pull.SECONDS:
        run.watch.took(Phase.PULL, seconds)
        run.say(pulls.says)
        return Pulls(hosts=())
    return pulls


# --- migrating


def _start(run: Run, migrating: str) -> str:
    task = run.journal.migration
    if not task:
        call = requests.run_migration(run.published, migrating, run.journal.run)
        said = run.perform(call)
        try:
            task = migration.started(said)
        except OperatorError:
            run.book.write(schema=Schema.SAME)
            raise
        run.book.write(migration=task)
    return task


def _follow_migration(run: Run, task: str, began: float) -> bool:
    """Look at the migration, and tell whether it ended well."""
    found = run.perform(requests.describe_tasks(run.published, [task]))["tasks"]
    if not found:
        return False  # ECS shows a task a moment after it took it
    now = migration.read(found[0])
    seconds = run.desk.clock.seconds() - began
    run.say(now.says)
    if now.over:
        run.watch.took(Phase.MIGRATE, seconds)
        _ended(run, now)
        return True
    if seconds > run.options.patience:
        stopped = "was stopped" if _stop(run, task) else "was told to stop, and has not yet"
        says = f"the migration did not end within {run.options.patience:g} s, and {stopped}"
        raise _failure(run, says, task)
    return False


def _stop(run: Run, task: str) -> bool:
    """Stop the migration, and tell whether it ended: the next run's is not to run beside it."""
    run.perform(requests.stop_task(run.published, task, "the migration took too long"))
    until = run.desk.clock.seconds() + _STOPPING
    while run.desk.clock.seconds() < until:
        found = run.perform(requests.describe_tasks(run.published, [task]))["tasks"]
        if not found or migration.read(found[0]).over:
            return True
        run.tick()
    return False


def _ended(run: Run, now: Migration) -> None:
    lines = last_lines(run, now.task, wait=now.passed)
    run.book.write(schema=migration.schema(now, lines))
    if not now.passed:
        raise _failure(run, now.says, now.task, lines)
    if lines:
        run.say(f"migration says: {lines[-1]}")


def _failure(run: Run, says: str, task: str, lines: Sequence[str] | None = None) -> FailedError:
    if lines is None:
        lines = last_lines(run, task, wait=False)
    return FailedError(
        says,
        phase=Phase.MIGRATE,
        detail="\n".join(
            [*(f"  | {line}" for line in lines), "The service was not touched.", schema(run)]
        ),
        hint="Correct the migration, build and check the release, and deploy it.",
        exit_code=Exit.KEPT,
    )
