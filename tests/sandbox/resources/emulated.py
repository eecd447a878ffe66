"""An emulated AWS for tests: moto, and ECS's own control plane in front of it, without a world."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from perpetual.sandbox.ecs.control import ControlPlane
from perpetual.sandbox.ecs.errors import EcsError
from perpetual.sandbox.ecs.names import Account
from perpetual.sandbox.ecs.world import Registration, Target, TaskStart
from perpetual.sandbox.resources import lessons
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.runtime import api, moto_app
from perpetual.sandbox.runtime.wire import Call, Refused

REGION: Final = "eu-west-1"
ZONES: Final = {
    "prod": ("Z0123456789ABCDEFGHIJ", "app.example.com"),
    "dev": ("Z9876543210JIHGFEDCBA", "dev.example.com"),
}
"""The hosted zones of the two stacks' domains, which exist before them."""
ACCOUNTS: Final = {"prod": "111122223333", "dev": "444455556666"}


class _Nowhere:
    """A world in which no task ever starts."""

    def start(self, task: TaskStart) -> None:
        """Do nothing."""

    def stop(self, task: str, seconds: Mapping[str, float]) -> None:
        """Do nothing."""

    def register(self, target: Target) -> None:
        """Do nothing."""

    def deregister(self, target: Target) -> None:
        """Do nothing."""

    def announce(self, registration: Registration) -> None:
        """Do nothing."""

    def withdraw(self, registration: Registration) -> None:
        """Do nothing."""


@dataclass
class Images:
    """Builds nothing, and says so with another digest each time."""

    built: list[Mapping[str, Any]]

    def __call__(self, inputs: Mapping[str, Any]) -> str:
        """Return a digest."""
        self.built.append(dict(inputs))
        return f"sha256:{len(self.built):064x}"


@dataclass(frozen=True)
class Emulated:
    """The account's clients, the images that were built, and the refreshes of hosts asked for."""

    cloud: Cloud
    images: Images
    refreshes: list[str]


@dataclass(frozen=True, kw_only=True)
class Faulty(Cloud):
    """An AWS that refuses one kind of call, once."""

    refuses: str
    refused: list[str]

    def call(
        self,
        service: str,
        method: str,
        inputs: Mapping[str, Any] | None = None,
        wanted: str = "",
        rename: Mapping[str, str] | None = None,
        /,
        **more: Any,
    ) -> dict[str, Any]:
        """Refuse the call, or pass it on."""
        if method == self.refuses and not self.refused:
            self.refused.append(method)
            message = "Rate exceeded"
            raise RuntimeError(message)
        return super().call(service, method, inputs, wanted, rename, **more)


@contextmanager
def account(number: str) -> Iterator[Emulated]:
    """Yield a fresh account; whatever an earlier one of this number held is gone."""
    lessons.teach()
    moto = moto_app.application(number)
    plane = ControlPlane(_Nowhere(), account=Account(number=number, region=REGION))
    lock = threading.Lock()
    refreshes: list[str] = []

    def ecs(call: Call) -> Mapping[str, Any]:
        try:
            with lock:
                return plane.call(call.operation, call.parameters, time.time())
        except EcsError as error:
            raise Refused(error.code, error.message) from error

    def refresh(call: Call) -> Mapping[str, Any]:
        refreshes.append(str(call.parameters["AutoScalingGroupName"]))
        return {"InstanceRefreshId": f"refresh-{len(refreshes)}"}

    handlers: dict[api.Key, api.Handler] = {
        ("ecs", "*"): ecs,
        ("autoscaling", "StartInstanceRefresh"): refresh,
    }
    application = api.Api(beyond=moto, region=REGION, handlers=handlers)
    with api.serving(application) as port:
        images = Images([])
        endpoint = f"http://127.0.0.1:{port}"
        cloud = Cloud(endpoint=endpoint, region=REGION, account=number, build=images)
        yield Emulated(cloud, images, refreshes)


def give_zone(cloud: Cloud, identifier: str, domain: str) -> None:
    """Make the public zone of a domain, with the id that a stack's settings name."""
    made = cloud.call("route53", "create_hosted_zone", Name=domain, CallerReference=identifier)
    short = str(made["HostedZone"]["Id"]).rpartition("/")[2]
    zones = moto_app.backend("route53", cloud.account, "aws").zones
    zone = zones.pop(short)
    zone.resource_id = identifier
    zones[identifier] = zone
