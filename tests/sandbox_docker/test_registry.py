"""The registry in ECR's place: what is pushed is there, and it can be slow."""

import time

from perpetual.sandbox.runtime import docker_api
from perpetual.sandbox.runtime.docker_api import Client
from perpetual.sandbox.runtime.registry import Registry
from tests.sandbox_docker.support import RUNNER, push


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
