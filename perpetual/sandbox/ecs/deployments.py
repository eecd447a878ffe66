"""How a deployment of a service begins, ends, fails, and is undone.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
"""

from dataclasses import dataclass

from perpetual.sandbox.ecs import events
from perpetual.sandbox.ecs.breaker import breaker
from perpetual.sandbox.ecs.core import Core
from perpetual.sandbox.ecs.records import Deployment, Record, Revision, Service
from perpetual.sandbox.ecs.states import PENDING, Monitor, Progress, Rollout, TaskStatus

NO_CANDIDATE = "No rollback candidate was found to run the rollback."


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What failed a deployment, in the words of its event, its rollout and its record.

    AWS's own words are those of the circuit breaker; for alarms and for users the event is known,
    and the rest follows its form.
    """

    event: str
    rollout: str
    prefix: str
    record: str
    rollback: bool


TASKS = "tasks failed to start"
BREAKER = "ECS deployment circuit breaker"


def by_breaker(*, rollback: bool) -> Failure:
    """Return the failure that the circuit breaker finds.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
    """
    return Failure(
        event=TASKS,
        rollout=f"{BREAKER}: {TASKS}.",
        prefix=BREAKER,
        record="the circuit breaker threshold was exceeded.",
        rollback=rollback,
    )


def by_alarms(names: list[str], *, rollback: bool) -> Failure:
    """Return the failure that CloudWatch alarms tell of.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
    """
    return Failure(
        event="alarm detected",
        rollout="ECS deployment alarm: alarm detected.",
        prefix="ECS deployment alarm",
        record=f"of alarms in ALARM state: {', '.join(names)}.",
        rollback=rollback,
    )


def by_user() -> Failure:
    """Return the end that StopServiceDeployment makes."""
    return Failure(
        event="stopped by StopServiceDeployment",
        rollout="ECS deployment stopped: StopServiceDeployment was called.",
        prefix="ECS deployment stopped",
        record="StopServiceDeployment was called.",
        rollback=True,
    )


def record_of(service: Service, deployment: Deployment) -> Record:
    """Return the service deployment that a deployment belongs to."""
    return next(one for one in service.records if one.arn == deployment.record)


# --- begin


def begin(core: Core, service: Service, revision: Revision) -> Deployment:
    """Make a revision the service's primary deployment; what runs becomes its source.

    A deployment that is still under way is stopped by the next:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
    """
    sources = tuple(dict.fromkeys(one.revision.arn for one in service.deployments if one.tasks))
    for previous in service.deployments[:1]:
        _supersede(core, service, previous)
    record = _record(core, service, revision, sources)
    deployment = Deployment(
        id=record.deployment,
        revision=revision,
        record=record.arn,
        created=core.now,
        updated=core.now,
        goal=service.desired,
        reason=f"ECS deployment {record.deployment} in progress.",
    )
    service.records.append(record)
    service.revisions.append(revision)
    service.deployments.insert(0, deployment)
    service.steady = False
    service.said.clear()
    core.look_at(service.arn)
    return deployment


def _supersede(core: Core, service: Service, previous: Deployment) -> None:
    previous.status, previous.updated, previous.zone = "ACTIVE", core.now, None
    if previous.rollout is Rollout.COMPLETED:
        service.candidate = previous
    record = record_of(service, previous)
    if record.finished is None and record.stopped is None:
        record.status = Progress.STOP_REQUESTED
        record.reason = "Service deployment stopped because a new one was started."
        _close(core, service, previous, record)


def _record(core: Core, service: Service, revision: Revision, sources: tuple[str, ...]) -> Record:
    """Return the record of a new service deployment, with the monitors that will watch it.

    An alarm that is red at the start makes ECS ignore all of them:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
    """
    ids, configuration = core.state.ids, service.settings["deploymentConfiguration"]
    alarms = configuration.get("alarms") or {}
    names = alarms.get("alarmNames", ()) if alarms.get("enable") else ()
    red = any(core.state.alarms.get(name) == "ALARM" for name in names)
    arn = core.account.arn(
        "service-deployment", service.cluster, service.name, ids.service_deployment()
    )
    return Record(
        arn=arn,
        deployment=f"ecs-svc/{ids.number()}",
        target=revision.arn,
        sources=sources,
        created=core.now,
        updated=core.now,
        configuration=dict(configuration),
        breaker=Monitor.MONITORING if breaker(configuration).enabled else Monitor.DISABLED,
        alarms=Monitor.MONITORING if names and not red else Monitor.DISABLED,
    )


def progress(core: Core, service: Service) -> None:
    """Take the steps of a service deployment that need nothing but the next look at it."""
    record = record_of(service, service.primary)
    if record.status is Progress.PENDING:
        record.status, record.started, record.updated = Progress.IN_PROGRESS, core.now, core.now
    for one in service.records:
        if one.status is Progress.STOP_REQUESTED:
            one.status, one.updated = Progress.STOPPED, core.now
    if record.status is Progress.ROLLBACK_REQUESTED:
        fail(core, service, service.primary, by_user())


# --- end


def complete(core: Core, service: Service) -> None:
    """End the primary deployment well; from now on nothing of it is watched."""
    deployment = service.primary
    deployment.rollout, deployment.completed = Rollout.COMPLETED, True
    deployment.reason = f"ECS deployment {deployment.id} completed."
    deployment.updated = core.now
    service.candidate = None
    record = record_of(service, deployment)
    if record.finished is None and record.stopped is None:
        back = record.status is Progress.ROLLBACK_IN_PROGRESS
        record.status = Progress.ROLLBACK_SUCCESSFUL if back else Progress.SUCCESSFUL
        record.finished = core.now
        _close(core, service, deployment, record)
    events.completed(core, service, deployment)


def _close(core: Core, service: Service, deployment: Deployment, record: Record) -> None:
    """Freeze what a service deployment tells: counts, and monitors that no longer watch.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/early-success-criteria.html
    """
    record.updated = core.now
    if record.status is Progress.STOP_REQUESTED:
        record.stopped = core.now
    record.counts = {one.revision.arn: task_counts(core, one) for one in service.deployments}
    record.threshold = breaker(record.configuration).threshold(service.desired)
    record.failures = max(record.failures, deployment.failures)
    for name in ("breaker", "alarms"):
        if getattr(record, name) is Monitor.MONITORING:
            setattr(record, name, Monitor.COMPLETE)


def task_counts(core: Core, deployment: Deployment) -> tuple[int, int, int]:
    """Return how many tasks are requested, running and pending."""
    states = [one.status for one in core.tasks(deployment)]
    running = sum(status is TaskStatus.RUNNING for status in states)
    return deployment.goal, running, sum(status in PENDING for status in states)


def fail(core: Core, service: Service, deployment: Deployment, why: Failure) -> None:
    """End the primary deployment badly: it starts no more tasks, and is rolled back if wanted.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-failure-detection.html
    """
    record = record_of(service, deployment)
    deployment.rollout = Rollout.FAILED
    deployment.reason = why.rollout
    deployment.updated = record.updated = core.now
    record.failures = max(record.failures, deployment.failures)
    events.failed(core, service, deployment, why.event)
    core.look_at(service.arn)
    if not why.rollback:
        record.status = Progress.STOP_REQUESTED
        record.reason = f"Service deployment stopped because {why.record}"
        _close(core, service, deployment, record)
    elif service.candidate is None:
        record.status = Progress.ROLLBACK_FAILED
        record.reason = NO_CANDIDATE
        record.finished = core.now
        _close(core, service, deployment, record)
    else:
        _roll_back(core, service, deployment, why)


def _roll_back(core: Core, service: Service, failed: Deployment, why: Failure) -> None:
    """Return to the deployment that completed last: it becomes the primary one again.

    Until it has completed anew, there is nothing to return to from a further failure:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
    """
    back = service.candidate
    assert back is not None  # noqa: S101 - the caller has looked
    service.candidate = None
    record = record_of(service, failed)
    record.status = Progress.ROLLBACK_IN_PROGRESS
    record.reason = f"Service deployment rolled back because {why.record}"
    record.rollback = {
        "reason": record.reason,
        "startedAt": core.now,
        "serviceRevisionArn": back.revision.arn,
    }
    failed.status, failed.updated = "ACTIVE", core.now
    back.status, back.rollout, back.updated = "PRIMARY", Rollout.IN_PROGRESS, core.now
    back.reason = f"{why.prefix}: rolling back to deploymentId {back.id}."
    back.record, back.goal = record.arn, service.desired
    back.failures = back.unstarted = 0
    back.next_start, back.baking_since = 0.0, None
    service.deployments = [back, *(one for one in service.deployments if one is not back)]
    service.steady = False
    events.rolling_back(core, service, back)
