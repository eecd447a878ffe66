"""What a deploy takes in the sandbox, under load: its phases, and whether a request is lost.

It needs Docker and the base images that `make test-sandbox` makes.
"""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from perpetual.release import docker
from tests.release import support
from tests.sandbox_docker.example import Example
from tests.sandbox_docker.project import sandbox
from tests.sandbox_docker.stage import RATE, SETTINGS, Stage
from tests.sandbox_docker.support import IMAGES

ROUNDS = 5
TOTAL_SECONDS = 30.0
"""What a deploy of a one-line change may take, median, with two tasks and 50 % to 150 % of them."""
FIRST_SECONDS = 15.0
"""When new code has to serve first, seconds after the push."""


@dataclass(frozen=True)
class Round:
    """One deploy: what it tells of itself, and the requests meanwhile."""

    said: dict[str, Any]
    sent: int
    lost: Sequence[str]


def report() -> None:
    """Print the seconds of each phase, and how the whole compares with the aim."""
    if not docker.available():
        print("deploys were not measured: there is no Docker here")
        return
    support.prepared()
    os.environ.update(IMAGES)
    with tempfile.TemporaryDirectory() as folder:
        example = Example(Path(folder, "shop"))
        root = Path(folder, "project")
        root.mkdir()
        try:
            with sandbox(root, "--image", example.build("a shop"), *SETTINGS) as project:
                stage = Stage(project)
                rounds = [_round(stage, example, number) for number in range(ROUNDS)]
        finally:
            example.remove()
    _print(rounds)


def _round(stage: Stage, example: Example, number: int) -> Round:
    """Deploy a change of one line, built before, while requests come in."""
    image = example.build(f"shop number {number}")
    stage.settle()
    with stage.load() as load:
        done = stage.deploy(image, "--early", "--guard", "0")
    if done.code:
        raise RuntimeError(done.told)
    return Round(done.said, load.sent, load.lost)


def _print(rounds: Sequence[Round]) -> None:
    print(f"{len(rounds)} deploys of a one-line change in the sandbox, --early,")
    print(f"under {RATE:g} requests a second, seconds:")
    for phase in rounds[0].said["phases"]:
        print(f"  {_line(phase, [one.said['phases'].get(phase, 0.0) for one in rounds])}")
    total = [one.said["seconds"] for one in rounds]
    first = [one.said["firstServingAfterPush"] for one in rounds]
    print(f"  {_line('released', total)}; aim: {TOTAL_SECONDS:g} s")
    print(f"  {_line('new code after the push', first)}; aim: {FIRST_SECONDS:g} s")
    lost = [why for one in rounds for why in one.lost]
    print(f"  {len(lost)} of {sum(one.sent for one in rounds)} requests failed {lost[:3] or ''}")


def _line(label: str, seconds: Sequence[float]) -> str:
    return f"{label:24} {median(seconds):6.1f} s ({min(seconds):.1f} to {max(seconds):.1f})"


if __name__ == "__main__":
    report()
