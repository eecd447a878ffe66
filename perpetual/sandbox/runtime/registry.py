"""A registry of images on loopback, in ECR's place: whatever is pushed to it really is there."""

import hashlib
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from perpetual.sandbox.runtime import parts
from perpetual.sandbox.runtime.containers import LOOPBACK
from perpetual.sandbox.runtime.docker_api import Client
from perpetual.sandbox.runtime.parts import Part, Site, Spec

PORT: Final = 5000
_SECONDS: Final = 30.0

CONFIGURATION: Final = {
    "version": "0.1",
    "log": {"level": "warn", "accesslog": {"disabled": True}},
    "storage": {
        "cache": {"blobdescriptor": "inmemory"},
        "filesystem": {"rootdirectory": "/tmp/registry"},  # noqa: S108 - inside its container
        "delete": {"enabled": True},
    },
    "http": {"addr": f":{PORT}"},
}
"""JSON is YAML. https://distribution.github.io/distribution/about/configuration/"""

COMMAND: Final = (
    'printf %s "$CONFIGURATION" >/tmp/registry.yml && '
    'exec "$(command -v registry || command -v docker-registry)" serve /tmp/registry.yml'
)
"""The official image and Debian's package name the program differently."""

MANIFESTS: Final = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
)

SLOW: Final = 0.02
"""Share of one processor that a slow registry has left."""

_PERIOD: Final = 100_000  # microseconds, Docker's own default


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a registry holds under a tag or digest."""

    digest: str
    media_type: str
    text: str

    @property
    def size(self) -> int:
        """Return the image's size, compressed, in bytes; 0 where it is an index of images."""
        document = json.loads(self.text)
        parts = [*document.get("layers", ()), *filter(None, [document.get("config")])]
        return sum(one["size"] for one in parts)


@dataclass(frozen=True, kw_only=True)
class Registry:
    """A running registry, by its address on this machine."""

    client: Client
    container: str
    port: int

    @property
    def address(self) -> str:
        """Return the address as image references spell it."""
        return f"{LOOPBACK}:{self.port}"

    def answers(self) -> bool:
        """Tell whether it answers."""
        return self._get("/v2/") is not None

    def manifest(self, repository: str, reference: str) -> Manifest | None:
        """Return the manifest under a tag or digest, or None."""
        found = self._get(
            f"/v2/{repository}/manifests/{reference}", {"Accept": ", ".join(MANIFESTS)}
        )
        if found is None:
            return None
        headers, body = found
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        return Manifest(digest=digest, media_type=headers["Content-Type"], text=body.decode())

    def tags(self, repository: str) -> list[str]:
        """Return a repository's tags."""
        found = self._get(f"/v2/{repository}/tags/list")
        return sorted(json.loads(found[1])["tags"] or ()) if found else []

    def slow(self, *, slow: bool) -> None:
        """Leave it hardly any processor, or as much as it likes."""
        quota = int(SLOW * _PERIOD) if slow else -1
        self.client.update_container(self.container, cpu_period=_PERIOD, cpu_quota=quota)

    def _get(
        self, path: str, headers: Mapping[str, str] | None = None
    ) -> tuple[Mapping[str, str], bytes] | None:
        request = urllib.request.Request(
            f"http://{self.address}{path}", headers=dict(headers or {})
        )
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as said:  # noqa: S310 - as above
                return said.headers, said.read()
        except urllib.error.HTTPError as error:
            if error.code == HTTPStatus.NOT_FOUND:
                return None
            raise
        except OSError:
            return None


def start(site: Site) -> Registry:
    """Start a registry and wait until it answers.

    Raises:
        OperatorError: It does not start.
    """
    spec = Spec(
        part=Part.REGISTRY,
        command=COMMAND,
        ports={PORT: 0},
        variables={"CONFIGURATION": json.dumps(CONFIGURATION)},
    )
    client = site.client
    container = parts.start(site, spec)
    running = Registry(client=client, container=container, port=parts.port(client, container, PORT))
    parts.until(client, container, "an answer of the registry", running.answers)
    return running


def described(found: Manifest, tags: list[str]) -> dict[str, Any]:
    """Return what ECR tells of an image, but for where and when it was pushed."""
    return {
        "imageDigest": found.digest,
        **({"imageTags": tags} if tags else {}),
        "imageSizeInBytes": found.size,
        "imageManifestMediaType": found.media_type,
    }
