"""The emulated AWS that the table acts on, and whoever builds images for it."""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from urllib.parse import urlparse

from perpetual.errors import OperatorError
from perpetual.offline.answers import partition
from perpetual.sandbox.resources import spelling

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})

_ABSENT: Final = re.compile(
    # The last is Systems Manager's for a document.
    r"NotFound|NoSuch|NotExist|NonExistent|NotAssociated|^InvalidDocument$"
)
_CONNECT_SECONDS: Final = 5
_READ_SECONDS: Final = 120
_CONNECTIONS: Final = 32
_KEY: Final = "sandbox"
"""Stands where boto3 wants credentials: nothing real is ever sent to the sandbox."""

Builder = Callable[[Mapping[str, Any]], str]
"""Builds and pushes the image that the arguments of a `docker.Image` describe; returns its digest,
`sha256:...`."""


_MAKING: Final = threading.Lock()
"""Held while a client is made: a session makes one at a time."""


@cache
def _session() -> Any:
    """Return the one session: it keeps AWS's models, which take long to read."""
    import boto3  # type: ignore[import-untyped]  # noqa: PLC0415 - only the sandbox needs it

    return boto3.session.Session()


def unbuilt(inputs: Mapping[str, Any]) -> str:
    """Refuse to build an image, where the sandbox was given nobody to do it."""
    message = f"nobody builds {inputs.get('imageName')} here"
    raise OperatorError(message, hint="Set image.source to deployed, or start the whole sandbox.")


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """One account and region of the emulated AWS, reached by boto3 on this machine.

    Raises:
        OperatorError: The endpoint is not on this machine. The table deletes without asking, so it
            is kept from any other AWS.
    """

    endpoint: str
    region: str
    account: str
    build: Builder = unbuilt
    _clients: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    _lock: Any = field(default_factory=threading.RLock, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse an AWS that is not the sandbox's."""
        if urlparse(self.endpoint).hostname not in LOOPBACK:
            message = (
                f"{self.endpoint} is not on this machine, and the sandbox touches no other AWS"
            )
            raise OperatorError(
                message, hint="Give the address that `perpetual sandbox up` printed."
            )

    @property
    def partition(self) -> str:
        """Return the partition of the region."""
        return partition(self.region)

    def client(self, service: str) -> Any:
        """Return the service's client; it may be used by several threads."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._made(service)
            return self._clients[service]

    def _made(self, service: str) -> Any:
        from botocore.config import Config  # type: ignore[import-untyped]  # noqa: PLC0415 - only the sandbox needs it

        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            max_pool_connections=_CONNECTIONS,
            # A call that failed on loopback was refused; sent again, it might create twice.
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
        )
        with _MAKING:
            return _session().client(
                service,
                region_name=self.region,
                aws_access_key_id=_KEY,
                aws_secret_access_key=_KEY,
                endpoint_url=self.endpoint,
                config=config,
            )

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
        """Make a call with the `wanted` ones of the inputs, as AWS spells them, and `more`."""
        request = {}
        if wanted:
            given = {key: (inputs or {}).get(key) for key in wanted.split()}
            request = spelling.request(self.takes(service, method), given, rename or {})
        answer: dict[str, Any] = getattr(self.client(service), method)(**request, **more)
        return answer

    def takes(self, service: str, method: str) -> Any:
        """Return botocore's model of what a call is given."""
        meta = self.client(service).meta
        return meta.service_model.operation_model(meta.method_to_api_mapping[method]).input_shape

    def shape(self, service: str, name: str) -> Any:
        """Return botocore's model of a structure."""
        return self.client(service).meta.service_model.shape_for(name)

    def find(self, service: str, method: str, key: str, **request: Any) -> dict[str, Any] | None:
        """Return the first of what a call lists under `key`, or None where there is none."""
        answer = self.ask(service, method, **request)
        found = (answer or {}).get(key)
        if isinstance(found, list):
            return found[0] if found else None
        return found or None

    def ask(self, service: str, method: str, **request: Any) -> dict[str, Any] | None:
        """Return what AWS answers, or None where it says that there is no such thing."""
        from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # noqa: PLC0415 - as above

        try:
            return self.call(service, method, **request)
        except ClientError as error:
            if absent(error):
                return None
            raise

    def told(
        self,
        service: str,
        shape: str,
        answer: Mapping[str, Any],
        rename: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Return a structure of an answer in Pulumi's spelling."""
        return spelling.told(self.shape(service, shape), answer, rename or {})

    def arn(self, service: str, resource: str, *, regional: bool = True) -> str:
        """Return the ARN of a resource of this account, where AWS's answers lack it."""
        region = self.region if regional else ""
        return f"arn:{self.partition}:{service}:{region}:{self.account}:{resource}"


def absent(error: Any) -> bool:
    """Tell whether an error of botocore's says that something does not exist."""
    return bool(_ABSENT.search(error.response.get("Error", {}).get("Code", "")))
