"""Cloud Map: names that running tasks have in DNS, and the instances that its API knows.

In DNS a name is an alias in Docker's network, and a container's from its start to its end. Cloud
Map takes a task out before SIGTERM; here its name goes with the container.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from perpetual.sandbox.ecs.world import Registration, TaskStart
from perpetual.sandbox.runtime.engine import Engine
from perpetual.sandbox.runtime.secret_values import Clients

_LOG = logging.getLogger(__name__)


class Discovery:
    """Names of tasks, by the Cloud Map services of their ECS services."""

    def __init__(
        self, clients: Clients, engine: Engine, address: Callable[[str], str | None]
    ) -> None:
        """Prepare; `address` returns the address of a task that runs."""
        self._clients = clients
        self._engine = engine
        self._address = address
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}

    def names(self, start: TaskStart) -> tuple[str, ...]:
        """Return the names that a task has in DNS."""
        if start.service is None:
            return ()
        said = self._engine.call(
            "DescribeServices", {"cluster": start.cluster, "services": [start.service]}
        )
        registries = [
            one["registryArn"]
            for service in said["services"]
            for one in service.get("serviceRegistries", ())
        ]
        return tuple(self._name(arn) for arn in registries)

    def announce(self, registration: Registration) -> None:
        """Add a task to its Cloud Map service."""
        address = self._address(registration.task)
        if address is None:
            return
        attributes: Mapping[str, Any] = {
            "AWS_INSTANCE_IPV4": address,
            **({"AWS_INSTANCE_PORT": str(registration.port)} if registration.port else {}),
        }
        self._quietly(
            "register_instance",
            ServiceId=_id(registration.registry),
            InstanceId=_id(registration.task),
            Attributes=attributes,
        )

    def withdraw(self, registration: Registration) -> None:
        """Take a task out of its Cloud Map service."""
        self._quietly(
            "deregister_instance",
            ServiceId=_id(registration.registry),
            InstanceId=_id(registration.task),
        )

    def _name(self, registry: str) -> str:
        with self._lock:
            if registry not in self._names:
                client = self._clients("servicediscovery")
                service = client.get_service(Id=_id(registry))["Service"]
                namespace = service.get("NamespaceId") or service["DnsConfig"]["NamespaceId"]
                domain = client.get_namespace(Id=namespace)["Namespace"]["Name"]
                self._names[registry] = f"{service['Name']}.{domain}"
            return self._names[registry]

    def _quietly(self, method: str, **request: Any) -> None:
        try:
            getattr(self._clients("servicediscovery"), method)(**request)
        except ClientError as error:
            # The Cloud Map service may be gone before the last task of the ECS service is.
            _LOG.warning("Cloud Map: %s", error)


def _id(arn: str) -> str:
    return arn.rpartition("/")[2]
