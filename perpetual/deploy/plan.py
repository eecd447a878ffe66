"""What a release will do: its phases with the calls each of them makes, before any is made.

The requests are those that the run itself sends, built by the same functions; what only an earlier
call can tell stands in angle brackets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from perpetual.aws import permissions
from perpetual.aws.calls import Call
from perpetual.aws.permissions import Permission
from perpetual.aws.published import Published
from perpetual.deploy import definitions, history, image, journal, lock, pull, push, requests, store
from perpetual.deploy.found import Found
from perpetual.deploy.image import Image
from perpetual.deploy.outcome import Phase

DIGEST: Final = "<digest>"
RUN: Final = "<run>"
TASK: Final = "<task>"
NEWEST: Final = "<newest revision>"
HISTORY: Final = "<record of this release>"
JOURNAL: Final = "<journal of this run>"
OWNER: Final = "<person, host and process>"
NUMBER: Final = "<number>"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is planned: the stack and its state, what is released, and how.

    `digest` is empty while the image is not in the repository. `desired` is the number of tasks
    that the update asks for, `None` where it leaves it alone.
    """

    published: Published
    found: Found
    image: Image | None
    digest: str
    migrate: bool
    early: bool
    desired: int | None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One phase: what it does, the calls that change something, and what else IAM is asked."""

    phase: Phase
    says: str
    calls: Sequence[Call] = ()
    also: Sequence[Permission] = ()

    def permissions(self, published: Published) -> Sequence[Permission]:
        """Return everything that IAM is asked for the step."""
        asked = [one for call in self.calls for one in permissions.needed(call, published.stack)]
        return [*asked, *self.also]


def steps(plan: Plan) -> Sequence[Step]:
    """Return the steps of a release in their order."""
    return [
        _lock(plan),
        *_push(plan),
        *_register(plan),
        _pull(plan),
        *_migrate(plan),
        _update(plan),
        Step(phase=Phase.SERVE, says="follow events, tasks and targets until all new tasks serve"),
        Step(phase=Phase.DRAIN, says="until the old tasks have left")
        if not plan.early
        else Step(phase=Phase.DRAIN, says="not waited for: the old tasks leave afterwards"),
        Step(phase=Phase.CONFIRM, says="until ECS has watched its alarms, or this command has"),
        _record(plan),
    ]


def _named(plan: Plan) -> str:
    return image.reference(plan.published, plan.digest or DIGEST)


def _present(plan: Plan) -> bool:
    """Tell whether the newest revision of the family runs this image already."""
    container = plan.published.service.container
    named = definitions.image_of(plan.found.template, container)
    return bool(plan.digest) and named == _named(plan)


def definition(plan: Plan) -> str:
    """Return the revision that the service will run."""
    if _present(plan):
        return str(plan.found.template["taskDefinitionArn"])
    family = plan.published.service.family
    return plan.published.stack.arn("ecs", f"task-definition/{family}:{NEWEST}")


def _lock(plan: Plan) -> Step:
    stack = plan.published.stack
    return Step(
        phase=Phase.PREFLIGHT,
        says="take the lock, write the journal",
        calls=(
            store.create(stack, f"{lock.path(stack)}/{NUMBER}", OWNER),
            store.overwrite(journal.name(stack), JOURNAL),
        ),
    )


def _push(plan: Plan) -> Sequence[Step]:
    if plan.image is None or plan.digest:
        return ()
    return (
        Step(
            phase=Phase.PUSH,
            says=f"docker push {plan.image.tag} to {plan.published.repository}",
            calls=(push.TOKEN,),
            also=permissions.push(plan.published.stack),
        ),
    )


def _register(plan: Plan) -> Sequence[Step]:
    container, found = plan.published.service.container, plan.found
    calls = []
    if plan.migrate:
        call = definitions.register_migration(
            plan.published.stack, found.template, found.tags, container, _named(plan)
        )
        if not definitions.registered(found.twin, call):
            calls.append(call)
    if not _present(plan):
        calls.append(definitions.register(found.template, found.tags, container, _named(plan)))
    says = "register the revision: the newest one with the new image"
    return (Step(phase=Phase.REGISTER, says=says, calls=calls),) if calls else ()


def _pull(plan: Plan) -> Step:
    hosts = [host.instance for host in plan.found.hosts if host.connected]
    return Step(
        phase=Phase.PULL,
        says=f"pull it onto {len(hosts)} hosts",
        calls=[
            requests.pull(plan.published, batch, plan.digest or DIGEST)
            for batch in pull.batches(hosts)
        ],
    )


def _migrate(plan: Plan) -> Sequence[Step]:
    if not plan.migrate:
        return ()
    stack = plan.published.stack
    twin = stack.arn("ecs", f"task-definition/{stack.migration_family}:{NEWEST}")
    return (
        Step(
            phase=Phase.MIGRATE,
            says="at the same time, run the migrations in a task of their own",
            calls=(requests.run_migration(plan.published, twin, RUN),),
        ),
    )


def _update(plan: Plan) -> Step:
    call = requests.update_service(
        plan.published,
        plan.found.service,
        definition(plan),
        desired=plan.desired,
        early=plan.early,
        force=plan.found.failed and definition(plan) == plan.found.service["taskDefinition"],
    )
    return Step(phase=Phase.UPDATE, says="give the service the revision", calls=(call,))


def _record(plan: Plan) -> Step:
    stack = plan.published.stack
    return Step(
        phase=Phase.RECORD,
        says="write down what is released now, and give the lock back",
        calls=(
            store.overwrite(stack.release_parameter, _named(plan)),
            store.overwrite(history.name(stack), HISTORY),
            store.overwrite(journal.name(stack), JOURNAL),
            store.overwrite(f"{lock.path(stack)}/{NUMBER}", OWNER),
        ),
    )


def desired(published: Published, found: Found) -> int | None:
    """Return the number of tasks that an update asks for; `None` leaves it as it is.

    The first release starts the service; later a number is raised to what the settings say, never
    lowered: somebody may have had a reason.
    """
    wanted = published.service.desired
    return wanted if not published.service.autoscaling and found.desired < wanted else None
