"""ECR's images, from the registry that really holds them; repositories are moto's.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/
"""

import base64
import secrets
import threading
import time
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from perpetual.sandbox.runtime.api import Handler, Key
from perpetual.sandbox.runtime.registry import Manifest, Registry, described
from perpetual.sandbox.runtime.secret_values import Clients
from perpetual.sandbox.runtime.wire import Call, Refused

TOKEN_SECONDS: Final = 12 * 3600
"""Life of a token: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html"""


class Ecr:
    """Answers for images.

    A registry does not tell when an image came: here that is when it was first asked for.
    """

    def __init__(self, registry: Registry, clients: Clients, account: str) -> None:
        """Prepare."""
        self._registry = registry
        self._clients = clients
        self._account = account
        self._lock = threading.Lock()
        self._seen: dict[str, float] = {}

    @property
    def handlers(self) -> dict[Key, Handler]:
        """Return the handlers, by operation."""
        return {
            ("ecr", "GetAuthorizationToken"): self._token,
            ("ecr", "DescribeImages"): self._describe,
            ("ecr", "BatchGetImage"): self._get,
            ("ecr", "ListImages"): self._list,
        }

    def _token(self, _call: Call) -> Mapping[str, Any]:
        """Return a token. The registry takes any, since nobody but this machine reaches it."""
        token = base64.b64encode(f"AWS:{secrets.token_urlsafe(24)}".encode()).decode()
        data = {
            "authorizationToken": token,
            "expiresAt": time.time() + TOKEN_SECONDS,
            "proxyEndpoint": f"http://{self._registry.address}",
        }
        return {"authorizationData": [data]}

    def _describe(self, call: Call) -> Mapping[str, Any]:
        repository = self._repository(call)
        wanted = call.parameters.get("imageIds")
        found = [self._found(repository, one) for one in wanted] if wanted else None
        if found is None:
            found = self._tagged(repository)
        details = [
            {
                "registryId": self._account,
                "repositoryName": repository,
                "imagePushedAt": self._first_seen(manifest.digest),
                **described(manifest, tags),
            }
            for manifest, tags in found
        ]
        return {"imageDetails": details}

    def _get(self, call: Call) -> Mapping[str, Any]:
        repository = self._repository(call)
        images, failures = [], []
        for wanted in call.parameters["imageIds"]:
            manifest = self._registry.manifest(repository, _reference(wanted))
            if manifest is None:
                failures.append(
                    {
                        "imageId": wanted,
                        "failureCode": "ImageNotFound",
                        "failureReason": "Requested image not found",
                    }
                )
                continue
            images.append(
                {
                    "registryId": self._account,
                    "repositoryName": repository,
                    "imageId": {**wanted, "imageDigest": manifest.digest},
                    "imageManifest": manifest.text,
                    "imageManifestMediaType": manifest.media_type,
                }
            )
        return {"images": images, "failures": failures}

    def _list(self, call: Call) -> Mapping[str, Any]:
        repository = self._repository(call)
        ids = [
            {"imageDigest": manifest.digest, "imageTag": tag}
            for manifest, tags in self._tagged(repository)
            for tag in tags
        ]
        return {"imageIds": ids}

    def _repository(self, call: Call) -> str:
        """Return the repository that a call names; moto knows whether there is one."""
        name = str(call.parameters["repositoryName"])
        try:
            self._clients("ecr").describe_repositories(repositoryNames=[name])
        except ClientError as error:
            told = error.response["Error"]
            raise Refused(told["Code"], told["Message"]) from error
        return name

    def _found(self, repository: str, wanted: Mapping[str, str]) -> tuple[Manifest, list[str]]:
        manifest = self._registry.manifest(repository, _reference(wanted))
        if manifest is None:
            digest, tag = wanted.get("imageDigest", "null"), wanted.get("imageTag", "null")
            raise Refused(
                "ImageNotFoundException",
                f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not "
                f"exist within the repository with name '{repository}' in the registry with id "
                f"'{self._account}'",
            )
        return manifest, [
            tag
            for tag in self._registry.tags(repository)
            if self._digest(repository, tag) == manifest.digest
        ]

    def _tagged(self, repository: str) -> list[tuple[Manifest, list[str]]]:
        """Return the images that have a tag: a registry knows no way to list the others."""
        found: dict[str, tuple[Manifest, list[str]]] = {}
        for tag in self._registry.tags(repository):
            manifest = self._registry.manifest(repository, tag)
            if manifest:
                found.setdefault(manifest.digest, (manifest, []))[1].append(tag)
        return list(found.values())

    def _digest(self, repository: str, tag: str) -> str | None:
        manifest = self._registry.manifest(repository, tag)
        return manifest.digest if manifest else None

    def _first_seen(self, digest: str) -> float:
        with self._lock:
            return self._seen.setdefault(digest, time.time())


def _reference(wanted: Mapping[str, str]) -> str:
    return wanted.get("imageDigest") or wanted.get("imageTag") or "latest"
