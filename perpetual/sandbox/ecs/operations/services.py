"""Services.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
"""

import re
from typing import Any, Final

from perpetual.sandbox.ecs import deployments
from perpetual.sandbox.ecs.core import Core
from perpetual.sandbox.ecs.errors import EcsError, invalid
from perpetual.sandbox.ecs.operations import service_checks as checks
from perpetual.sandbox.ecs.operations.lookup import (
    Request,
    cluster,
    page,
    refuse_more_than,
    service,
    service_arn,
)
from perpetual.sandbox.ecs.operations.service_settings import (
    changes_revision,
    defaults,
    merged,
    revision,
)
from perpetual.sandbox.ecs.records import Deployment, Service
from perpetual.sandbox.ecs.rollout import limits
from perpetual.sandbox.ecs.shapes import failure, tag_map
from perpetual.sandbox.ecs.shapes import services as shapes

DESCRIBED_AT_ONCE: Final = 10
PAGE: Final = 10
NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")


def create(core: Core, request: Request) -> dict[str, Any]:
    """Create a service; the same request again returns it.

    Raises:
        EcsError: The name is taken by another service, or the request does not fit.
    """
    owner = cluster(core, request.get("cluster"))
    name = request["serviceName"]
    if not NAME.fullmatch(name):
        raise invalid(f"Invalid service name: {name!r}. Use letters, digits, - and _, 255 at most.")
    found = core.state.services.get(service_arn(core, owner, name))
    if found is not None and found.status == "DRAINING":
        raise invalid("Unable to Start a service that is still Draining.")
    if found is not None and found.status == "ACTIVE":
        if found.request != dict(request):
            raise invalid("Creation of service was not idempotent.")
        return {"service": shapes.service(core, found, tags=True)}
    if request.get("desiredCount") is None:
        raise invalid("desiredCount must be specified for services of the REPLICA strategy.")
    settings = defaults(request)
    chosen = revision(core, owner, name, request)
    checks.check(core, chosen, settings)
    created = Service(
        arn=service_arn(core, owner, name),
        name=name,
        cluster=owner.name,
        created=core.now,
        desired=request["desiredCount"],
        request=dict(request),
        settings=settings,
        tags=tag_map(request.get("tags")),
    )
    core.state.services[created.arn] = created
    deployments.begin(core, created, chosen)
    return {"service": shapes.service(core, created, tags=True)}


def update(core: Core, request: Request) -> dict[str, Any]:
    """Change a service; only some changes, and `forceNewDeployment`, make a new deployment.

    Raises:
        EcsError: The service is not active, or the request does not fit.
    """
    found = service(core, request)
    if found.status != "ACTIVE":
        raise EcsError("ServiceNotActiveException", "Service was not ACTIVE.")
    settings = merged(found.settings, request)
    current = found.primary.revision
    owner = cluster(core, request.get("cluster"))
    chosen = revision(core, owner, found.name, request, current)
    checks.check(core, chosen, settings)
    found.settings = settings
    for one in found.deployments:
        one.full_since = -1
    desired = request.get("desiredCount")
    if request.get("forceNewDeployment") or changes_revision(current, chosen):
        # All that are wanted are the new deployment's; what it replaces starts no task for it.
        found.desired = found.desired if desired is None else desired
        deployments.begin(core, found, chosen)
    elif desired is not None:
        _resize(core, found, desired)
    core.look_at(found.arn)
    return {"service": shapes.service(core, found)}


def _resize(core: Core, found: Service, desired: int) -> None:
    """Change the number of tasks; during a deployment what still serves grows with it.

    https://docs.aws.amazon.com/about-aws/whats-new/2025/11/amazon-ecs-service-availability-rolling-deployments
    """
    configuration = found.settings["deploymentConfiguration"]
    growth = limits(desired, configuration).minimum - limits(found.desired, configuration).minimum
    found.desired = desired
    found.primary.goal = desired
    source = _completed_source(found)
    if source is not None and growth > 0:
        source.goal += growth
    core.look_at(found.arn)


def _completed_source(found: Service) -> Deployment | None:
    sources = (one for one in found.deployments[1:] if one.completed and one.tasks and one.goal)
    return next(sources, None)


def delete(core: Core, request: Request) -> dict[str, Any]:
    """Delete a service that is scaled to zero; with `force`, whatever runs.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html

    Raises:
        EcsError: It is not there, or not at zero.
    """
    found = service(core, request)
    if found.status != "ACTIVE":
        raise EcsError("ServiceNotActiveException", "Service was not ACTIVE.")
    if found.desired > 0 and not request.get("force"):
        raise invalid("The service cannot be stopped while it is scaled above 0.")
    found.status = "DRAINING"
    found.desired = 0
    core.look_at(found.arn)
    return {"service": shapes.service(core, found)}


def describe(core: Core, request: Request) -> dict[str, Any]:
    """Describe services of one cluster; what does not exist is a failure."""
    owner = cluster(core, request.get("cluster"))
    wanted = request["services"]
    refuse_more_than(wanted, DESCRIBED_AT_ONCE, "services")
    tags = "TAGS" in request.get("include", ())
    found, failures = [], []
    for reference in wanted:
        arn = service_arn(core, owner, reference)
        one = core.state.services.get(arn)
        if one is None:
            failures.append(failure(arn))
        else:
            found.append(shapes.service(core, one, tags=tags))
    return {"services": found, "failures": failures}


def listed(core: Core, request: Request) -> dict[str, Any]:
    """List the active services of a cluster."""
    owner = cluster(core, request.get("cluster"))
    arns = [
        one.arn
        for one in core.state.services.values()
        if one.cluster == owner.name
        and one.status == "ACTIVE"
        and request.get("launchType") in (None, one.primary.revision.launch_type)
    ]
    return page(arns, request, "serviceArns", PAGE)


OPERATIONS: Final = {
    "CreateService": create,
    "UpdateService": update,
    "DeleteService": delete,
    "DescribeServices": describe,
    "ListServices": listed,
}
