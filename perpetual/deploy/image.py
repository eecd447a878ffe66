"""Which image is released: one that Docker has here, or one that the repository keeps."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from perpetual.aws.calls import Call
from perpetual.aws.published import Published
from perpetual.errors import OperatorError
from perpetual.release import docker
from perpetual.release.build import REVISION_LABEL
from perpetual.release.receipt import Receipt, read

DIRTY: Final = "-dirty"
"""End of the tag of an image that no revision says the contents of."""

ARCHITECTURES: Final = {"arm64": "arm64", "x86_64": "amd64"}
"""Docker's names of the architectures."""

_SHORT: Final = 12


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image to release.

    `id` is Docker's, a hash of its configuration; `digest` the repository's, a hash of its
    manifest, known once it is there. `receipt` is what `release check` found, if it was run.
    """

    reference: str
    id: str
    commit: str
    architecture: str
    digest: str = ""
    receipt: Receipt | None = None

    @property
    def tag(self) -> str:
        """Return its tag in the repository, where each can be pushed once: it names the content."""
        short = self.id.removeprefix("sha256:")[:_SHORT]
        return f"{self.commit[:_SHORT]}-{short}" if self.commit else short

    @property
    def dirty(self) -> bool:
        """Tell whether it was built from what is not committed."""
        return self.reference.endswith(DIRTY)

    @property
    def backward_compatible(self) -> bool | None:
        """Return whether the code of `tried` runs with its schema; `None` where none was tried."""
        return None if self.receipt is None else self.receipt.backward_compatible

    @property
    def tried(self) -> str:
        """Return the id of the image whose code was tried with its schema; empty without one."""
        return "" if self.receipt is None else self.receipt.previous or ""


def local(root: Path, reference: str) -> Image:
    """Return an image that Docker has here, with its receipt.

    Raises:
        OperatorError: There is no such image, or Docker cannot be asked.
    """
    found = docker.image(reference)
    if found is None:
        raise OperatorError(
            f"there is no image {reference} here",
            hint="Build it (`perpetual release build`), or pull it from where it was built.",
        )
    labels: dict[str, Any] = found["Config"].get("Labels") or {}
    return Image(
        reference=reference,
        id=found["Id"],
        commit=labels.get(REVISION_LABEL, ""),
        architecture=found["Architecture"],
        receipt=read(root, found["Id"]),
    )


def by_tag(published: Published, image: Image) -> Call:
    """Return the call that asks the repository for an image by its tag."""
    return _get(published, {"imageTag": image.tag})


def by_digest(published: Published, digest: str) -> Call:
    """Return the call that asks the repository for an image by its digest."""
    return _get(published, {"imageDigest": digest})


def _get(published: Published, wanted: dict[str, str]) -> Call:
    request = {"repositoryName": published.stack.repository, "imageIds": [wanted]}
    return Call(service="ecr", operation="BatchGetImage", request=request)


def found(said: dict[str, Any]) -> str:
    """Return the digest of the image in an answer, or empty text where it holds none."""
    images = said.get("images") or []
    return str(images[0]["imageId"]["imageDigest"]) if images else ""


def reference(published: Published, digest: str) -> str:
    """Return how a task definition names an image."""
    return f"{published.repository}@{digest}"


def digest_of(named: str) -> str:
    """Return the digest in a reference, or empty text where it names none."""
    _, at, digest = named.rpartition("@")
    return digest if at else ""
