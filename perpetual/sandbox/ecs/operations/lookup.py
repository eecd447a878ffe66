"""What requests refer to, by name or ARN, and answers that come in pages."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Final

from perpetual.sandbox.ecs.core import Core
from perpetual.sandbox.ecs.errors import EcsError, invalid
from perpetual.sandbox.ecs.model import Cluster, Instance, Task
from perpetual.sandbox.ecs.names import last
from perpetual.sandbox.ecs.records import Service

DEFAULT_CLUSTER: Final = "default"
PAGE: Final = 100

Request = Mapping[str, Any]


def cluster(core: Core, reference: str | None) -> Cluster:
    """Return a cluster.

    Raises:
        EcsError: There is none of that name.
    """
    found = core.state.clusters.get(last(reference or DEFAULT_CLUSTER))
    if found is None or found.status == "INACTIVE":
        raise EcsError("ClusterNotFoundException", "Cluster not found.")
    return found


def service_arn(core: Core, owner: Cluster, reference: str) -> str:
    """Return the ARN that a service's name or ARN stands for."""
    return core.account.arn("service", owner.name, last(reference))


def service(core: Core, request: Request, key: str = "service") -> Service:
    """Return the service that a request names.

    Raises:
        EcsError: There is none of that name in the cluster.
    """
    owner = cluster(core, request.get("cluster"))
    found = core.state.services.get(service_arn(core, owner, request[key]))
    if found is None:
        raise EcsError("ServiceNotFoundException", "Service not found.")
    return found


def task(core: Core, owner: Cluster, reference: str) -> Task | None:
    """Return a task by its id or ARN."""
    return core.state.tasks.get(core.account.arn("task", owner.name, last(reference)))


def instance(core: Core, owner: Cluster, reference: str) -> Instance | None:
    """Return a container instance by its id or ARN."""
    return owner.instances.get(core.account.arn("container-instance", owner.name, last(reference)))


def page(items: Sequence[str], request: Request, key: str, default: int = PAGE) -> dict[str, Any]:
    """Return one page of a list, and the token of the next if there is one.

    Raises:
        EcsError: The token is none of those that were given.
    """
    start = _offset(request.get("nextToken"))
    size = min(request.get("maxResults") or default, PAGE)
    answer: dict[str, Any] = {key: list(items[start : start + size])}
    if start + size < len(items):
        answer["nextToken"] = base64.urlsafe_b64encode(str(start + size).encode()).decode()
    return answer


def _offset(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token.encode()).decode())
    except (binascii.Error, ValueError) as error:
        raise invalid("Invalid token.") from error


def refuse_more_than(items: Sequence[Any], most: int, what: str) -> None:
    """Refuse a request that asks for more at once than AWS allows.

    Raises:
        EcsError: It does.
    """
    if len(items) > most:
        raise invalid(f"{what} can have at most {most} items.")
