"""Service deployments and service revisions.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
"""

from typing import Any, Final

from perpetual.sandbox.ecs.core import Core
from perpetual.sandbox.ecs.errors import CONFLICT, EcsError, unsupported
from perpetual.sandbox.ecs.operations.lookup import Request, page, refuse_more_than, service
from perpetual.sandbox.ecs.records import Record, Service
from perpetual.sandbox.ecs.shapes import failure
from perpetual.sandbox.ecs.shapes import services as shapes
from perpetual.sandbox.ecs.states import Progress

DESCRIBED_AT_ONCE: Final = 20
MAY_STOP: Final = frozenset({Progress.PENDING, Progress.IN_PROGRESS})
STOPS_ANYWAY: Final = frozenset(
    {Progress.STOP_REQUESTED, Progress.ROLLBACK_REQUESTED, Progress.ROLLBACK_IN_PROGRESS}
)
"""https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stop-service-deployment.html"""


def listed(core: Core, request: Request) -> dict[str, Any]:
    """List a service's deployments, newest first, by status and time where asked."""
    found = service(core, request)
    statuses, times = request.get("status") or (), request.get("createdAt") or {}
    after, before = _seconds(times.get("after")), _seconds(times.get("before"))
    records = {
        one.arn: one
        for one in reversed(found.records)
        if (not statuses or one.status in statuses)
        and (after is None or one.created > after)
        and (before is None or one.created < before)
    }
    part = page(list(records), request, "serviceDeployments")
    part["serviceDeployments"] = [
        shapes.brief(core, found, records[arn]) for arn in part["serviceDeployments"]
    ]
    return part


def _seconds(moment: Any) -> float | None:
    """Return a time of a request as seconds: clients' libraries may have made a datetime of it."""
    if moment is None:
        return None
    return float(moment.timestamp() if hasattr(moment, "timestamp") else moment)


def _owner(core: Core, arn: str) -> Service | None:
    """Return the service in whose ARN's place a deployment's or revision's ARN stands."""
    parts = arn.split("/")
    if len(parts) != 4:  # noqa: PLR2004 - kind, cluster, service, id
        return None
    return core.state.services.get(core.account.arn("service", parts[1], parts[2]))


def _record(core: Core, arn: str) -> tuple[Service, Record] | None:
    owner = _owner(core, arn)
    records = (one for one in owner.records if one.arn == arn) if owner else iter(())
    record = next(records, None)
    return (owner, record) if owner and record else None


def describe(core: Core, request: Request) -> dict[str, Any]:
    """Describe service deployments; what does not exist is a failure."""
    wanted = request["serviceDeploymentArns"]
    refuse_more_than(wanted, DESCRIBED_AT_ONCE, "serviceDeploymentArns")
    found, failures = [], []
    for arn in wanted:
        known = _record(core, arn)
        if known is None:
            failures.append(failure(arn))
        else:
            found.append(shapes.service_deployment(core, *known))
    return {"serviceDeployments": found, "failures": failures}


def revisions(core: Core, request: Request) -> dict[str, Any]:
    """Describe service revisions; what does not exist is a failure."""
    wanted = request["serviceRevisionArns"]
    refuse_more_than(wanted, DESCRIBED_AT_ONCE, "serviceRevisionArns")
    found, failures = [], []
    for arn in wanted:
        owner = _owner(core, arn)
        known = (one for one in owner.revisions if one.arn == arn) if owner else iter(())
        one = next(known, None)
        if owner is None or one is None:
            failures.append(failure(arn))
        else:
            found.append(shapes.service_revision(core, owner, one))
    return {"serviceRevisions": found, "failures": failures}


def stop(core: Core, request: Request) -> dict[str, Any]:
    """Stop a deployment under way: it is rolled back, whatever the service is set to.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stop-service-deployment.html

    Raises:
        EcsError: There is none, or it is over.
    """
    if request.get("stopType", "ROLLBACK") != "ROLLBACK":
        raise unsupported("A deployment can be stopped with ABORT.")
    arn = request["serviceDeploymentArn"]
    known = _record(core, arn)
    if known is None:
        raise EcsError("ServiceDeploymentNotFoundException", "Service deployment not found.")
    owner, record = known
    if record.status in MAY_STOP:
        record.status, record.updated = Progress.ROLLBACK_REQUESTED, core.now
        core.look_at(owner.arn)
    elif record.status not in STOPS_ANYWAY:
        raise EcsError(
            CONFLICT, f"The service deployment is {record.status} and can no longer be stopped."
        )
    return {"serviceDeploymentArn": arn}


OPERATIONS: Final = {
    "ListServiceDeployments": listed,
    "DescribeServiceDeployments": describe,
    "DescribeServiceRevisions": revisions,
    "StopServiceDeployment": stop,
}
