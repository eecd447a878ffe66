"""boto3's clients of the sandbox's own API, for those parts of it that ask other parts."""

import threading
from typing import Any, Final

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]

KEY: Final = "sandbox"
"""Stands where boto3 wants credentials: the sandbox takes any."""

_CONNECTIONS: Final = 64


class Clients:
    """Clients by service, each made once; they may be used by several threads."""

    def __init__(self, endpoint: str, region: str) -> None:
        """Prepare."""
        self._endpoint = endpoint
        self._session = boto3.session.Session(
            region_name=region, aws_access_key_id=KEY, aws_secret_access_key=KEY
        )
        self._lock = threading.Lock()
        self._made: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        """Return a service's client."""
        with self._lock:
            if service not in self._made:
                self._made[service] = self._session.client(
                    service,
                    endpoint_url=self._endpoint,
                    config=Config(
                        max_pool_connections=_CONNECTIONS, retries={"total_max_attempts": 2}
                    ),
                )
            return self._made[service]
