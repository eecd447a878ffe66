"""The registry in ECR's place: what is pushed is there, and it can be slow."""

import time
from pathlib import Path

from perpetual.release import docker
from perpetual.sandbox.runtime import docker_api
from perpetual.sandbox.runtime.builder import builder
from perpetual.sandbox.runtime.docker_api import Client
from perpetual.sandbox.runtime.registry import Registry
from tests.sandbox_docker.support import ECR, RUNNER, push


def test_what_is_pushed_can_be_read_and_pulled(client: Client, images: Registry) -> None:
    """By tag and digest, with its size; what is not there is None."""
    digest = push(client, images, RUNNER, "perpetual/dev", "one")
    manifest = images.manifest("perpetual/dev", digest)
    assert manifest
    assert manifest == images.manifest("perpetual/dev", "one")
    assert manifest.size > 10_000_000
    assert "one" in images.tags("perpetual/dev")
    assert images.manifest("perpetual/dev", "two") is None
    assert images.manifest("perpetual/other", "one") is None
    assert images.tags("perpetual/other") == []
    reference = f"{images.address}/perpetual/dev@{digest}"
    docker_api.pull(client, reference)
    assert docker_api.digest(client, reference) == digest
    client.remove_image(reference)


def test_what_a_program_asks_for_is_built_and_pushed(images: Registry, folder: Path) -> None:
    """The digest that the program is told is the registry's, and nothing keeps the name here."""
    (folder / "Dockerfile").write_text(f"FROM {RUNNER}\nARG WHAT\nRUN echo $WHAT >/what\n")
    wanted = {
        "imageName": f"{ECR}/perpetual/built:tag",
        "build": {
            "context": str(folder),
            "dockerfile": str(folder / "Dockerfile"),
            "args": {"WHAT": "this"},
        },
    }
    digest = builder(images)(wanted)
    manifest = images.manifest("perpetual/built", "tag")
    assert manifest
    assert manifest.digest == digest
    assert docker.image(f"{images.address}/perpetual/built:tag") is None


def test_it_can_be_slow_and_fast_again(client: Client, images: Registry) -> None:
    """Left with a fiftieth of a processor, it takes many times as long over the same answer."""
    push(client, images, RUNNER, "perpetual/dev", "one")

    def seconds() -> float:
        start = time.monotonic()
        for _ in range(30):
            assert images.manifest("perpetual/dev", "one")
        return time.monotonic() - start

    before = seconds()
    images.slow(slow=True)
    slow = seconds()
    images.slow(slow=False)
    after = seconds()
    assert slow > 3 * max(before, after)
