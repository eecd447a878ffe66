"""Clients of AWS for one command: made when first used, alike in retries, timeouts and name.

Credentials, region and endpoint come from where every AWS tool takes them: options, variables such
as `AWS_PROFILE` and `AWS_ENDPOINT_URL`, `~/.aws`. The last is how a command is pointed at the
sandbox.
"""

import os
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any, Final

from perpetual.aws import faults
from perpetual.errors import OperatorError

_ATTEMPTS: Final = 5
"""Calls of which one has to succeed; between them botocore waits longer each time, 20 s at most.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""
_CONNECT_SECONDS: Final = 5
_READ_SECONDS: Final = 30
_NAME: Final = "perpetual"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who the credentials belong to, as STS says it."""

    account: str
    arn: str

    @property
    def partition(self) -> str:
        """Return the partition: `aws`, `aws-cn` or `aws-us-gov`."""
        return self.arn.split(":")[1]

    @property
    def role(self) -> str | None:
        """Return the name of the assumed role, or `None` for a user."""
        kind, _, rest = self.arn.rpartition(":")[2].partition("/")
        return rest.split("/")[0] if kind == "assumed-role" else None

    @property
    def who(self) -> str:
        """Return a short name of the person or pipeline: the session's, or the user's."""
        return self.arn.rpartition(":")[2].rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class Clients:
    """Clients by service, each made once; they may be used by several threads.

    Without `region` or `profile` the environment decides, without `endpoint` AWS's own.
    """

    region: str | None = None
    profile: str | None = None
    endpoint: str | None = None
    _made: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    _lock: Any = field(default_factory=Lock, repr=False, compare=False)

    def client(self, service: str) -> Any:
        """Return the client of a service, such as `ecs` or `elbv2`.

        Raises:
            OperatorError: There is no such profile, or no region.
        """
        with self._lock:
            if service not in self._made:
                with faults.explained():
                    self._made[service] = self._make(service)
            return self._made[service]

    def streaming(self, service: str, seconds: float) -> Any:
        """Return a client for an answer that goes on: silence of so many seconds is a fault.

        AWS streams from a host of its own, whose name has a prefix; any other endpoint has only
        the host that it names.

        Raises:
            OperatorError: There is no such profile, or no region.
        """
        from botocore.config import Config  # type: ignore[import-untyped]  # noqa: PLC0415 - most commands need no AWS

        used = self.client(service).meta.endpoint_url
        with self._lock, faults.explained():
            plain = Config(ignore_configured_endpoint_urls=True)
            own = self._session.client(service, config=plain).meta.endpoint_url
            changes = {"read_timeout": seconds, "retries": {"total_max_attempts": 1}}
            return self._make(service, inject_host_prefix=used == own, **changes)

    def _make(self, service: str, **changes: Any) -> Any:
        from botocore.config import Config  # noqa: PLC0415 - as above

        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            user_agent_extra=_NAME,
        ).merge(Config(**changes))
        return self._session.client(service, config=config, endpoint_url=self.endpoint)

    @cached_property
    def _session(self) -> Any:
        import boto3  # type: ignore[import-untyped]  # noqa: PLC0415 - as above

        # Every SDK but boto3 knows AWS_REGION; pipelines set it.
        region = self.region or os.environ.get("AWS_REGION")
        session = boto3.session.Session(region_name=region, profile_name=self.profile)
        if session.region_name is None:
            raise OperatorError(
                "no AWS region is set",
                hint="Name the stack's with --region or AWS_REGION, or in the profile.",
            )
        return session

    @property
    def region_name(self) -> str:
        """Return the region that the calls go to.

        Raises:
            OperatorError: There is none, or no such profile.
        """
        with self._lock, faults.explained():
            return str(self._session.region_name)

    @cached_property
    def identity(self) -> Identity:
        """Return who is calling; asked once.

        Raises:
            OperatorError: There are no credentials, or AWS does not take them.
        """
        client = self.client("sts")
        with faults.explained():
            said = client.get_caller_identity()
        return Identity(account=said["Account"], arn=said["Arn"])
