"""What the release costs: built, built again after a change, pushed, and until it is healthy.

It needs Docker and the base images that `make test-release` makes.
"""

import json
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bench.process import median_ratio
from perpetual.release import build, docker
from perpetual.release.web import Client
from perpetual.sandbox.runtime.registry import COMMAND, CONFIGURATION, PORT
from tests.release import support

ROUNDS = 5
CLEAN_ROUNDS = 3
CHANGE_SECONDS = 6.0
"""What build and push of a change of code may take together."""
BOOT_SECONDS = 2.0
"""What a release may take from `docker run` to a healthy answer."""
LIMIT_SECONDS = 60.0


def report() -> None:
    """Print the seconds of each step, and how they compare."""
    if not docker.available():
        print("the release was not measured: there is no Docker here")
        return
    support.prepared()
    with tempfile.TemporaryDirectory() as folder, _registry() as address:
        options = support.example(Path(folder, "shop"), support.authority(Path(folder)))
        reference = f"{address}/shop"
        clean = [_clean(options, reference) for _ in range(CLEAN_ROUNDS)]
        first = _seconds(lambda: docker.run("push", "--quiet", f"{reference}:bench"))
        changes = [_change(options, reference, number) for number in range(ROUNDS)]
        boots = [_boot(f"{reference}:bench") for _ in range(ROUNDS)]
    builds, pushes = [one for one, _ in changes], [other for _, other in changes]
    print("the release, median seconds:")
    print(f"  {_line('built from its base images', clean)}, of packages and all")
    print(f"  {'pushed whole':28} {first:6.2f} s, once")
    print(f"  {_line('built after a change', builds)}")
    print(f"  {_line('pushed after a change', pushes)}")
    print(f"  {_line('healthy after docker run', boots)}; aim: {BOOT_SECONDS:g} s")
    both = median(one + other for one, other in changes)
    print(f"  a change, built and pushed: {both:.2f} s; aim: {CHANGE_SECONDS:g} s")
    ratio = median_ratio(builds[:CLEAN_ROUNDS], clean)
    print(f"  a change takes {ratio:.2f} times the clean build")


def _line(label: str, seconds: list[float]) -> str:
    return f"{label:28} {median(seconds):6.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


def _clean(options: build.Options, reference: str) -> float:
    return _seconds(lambda: _build(options, reference, "--no-cache"))


def _change(options: build.Options, reference: str, number: int) -> tuple[float, float]:
    """Change one line, and return the seconds that build and push of it take."""
    router = options.context / "lib" / "shop_web" / "router.ex"
    router.write_text(f"{router.read_text()}\n# change {number}\n")
    built = _seconds(lambda: _build(options, reference))
    return built, _seconds(lambda: docker.run("push", "--quiet", f"{reference}:bench"))


def _build(options: build.Options, reference: str, *more: str) -> None:
    command, *rest = build.command(options, support.NO_REVISION, f"{reference}:bench")
    docker.run(command, *more, *rest)


def _boot(image: str) -> float:
    """Return the seconds from `docker run` to the first healthy answer."""
    name = f"perpetual-bench-{uuid.uuid4().hex[:8]}"
    variables = support.environment_of(support.VARIABLES)
    start = time.perf_counter()
    docker.run(
        *("run", "--detach", "--init", "--read-only", "--name", name),
        *("--publish", f"127.0.0.1::{support.VARIABLES['PORT']}", *variables, image),
    )
    try:
        client = Client(port=_published(name, int(support.VARIABLES["PORT"])))
        while not client.serves("/health"):
            if time.perf_counter() - start > LIMIT_SECONDS:
                raise RuntimeError(f"not healthy after {LIMIT_SECONDS:g} s: {image}")
            time.sleep(0.01)
        return time.perf_counter() - start
    finally:
        docker.run("rm", "--force", name)


@contextmanager
def _registry() -> Iterator[str]:
    """Run a registry on loopback, and give its address."""
    name = f"perpetual-bench-{uuid.uuid4().hex[:8]}"
    docker.run(
        *("run", "--detach", "--name", name, "--publish", f"127.0.0.1::{PORT}"),
        *("--env", f"CONFIGURATION={json.dumps(CONFIGURATION)}", "--entrypoint", "/bin/sh"),
        *(support.REGISTRY_IMAGE, "-c", COMMAND),
    )
    try:
        port = _published(name, PORT)
        start = time.perf_counter()
        while not Client(port=port).serves("/v2/"):
            if time.perf_counter() - start > LIMIT_SECONDS:
                raise RuntimeError(f"no registry after {LIMIT_SECONDS:g} s")
            time.sleep(0.05)
        yield f"127.0.0.1:{port}"
    finally:
        docker.run("rm", "--force", "--volumes", name)


def _published(name: str, port: int) -> int:
    return int(docker.run("port", name, f"{port}/tcp").rsplit(":", 1)[1])


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
