"""What the policy pack costs: alone, over more and more resources, and as a part of a preview."""

import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

from bench import projects
from perpetual.offline import analysis, preview
from perpetual.offline.pack import Pack

COPIES = (1, 6, 25)
"""Copies of the service and data layers: some 150, 550 and 2,000 resources."""
ROUNDS = 3
SECONDS = 600
TARGET_SECONDS = 3.0
"""What the pack may take over 2,000 resources."""
TARGET_SHARE = 0.4
"""What the preview of prod may spend on policy, in seconds."""
PREVIEW = (sys.executable, "-m", "perpetual", "preview", "--stack", "prod", "--json")


def report() -> None:
    """Print the pack's time by resources, and its share of the preview of prod."""
    print("the pack alone, in its own process, from the first request to the last finding,")
    print(f"median of {ROUNDS} processes:")
    points = []
    for number in COPIES:
        runs = [_in_a_process(number) for _ in range(ROUNDS)]
        resources, seconds = runs[0][0], median(run[1] for run in runs)
        points.append((resources, seconds))
        each = 1000 * seconds / resources
        print(f"  {resources:5} resources {seconds:6.2f} s {each:6.2f} ms a resource")
    for (few, before), (many, after) in pairwise(points):
        ratio = (after / before) / (many / few)
        print(f"  {many / few:.1f} times the resources: {ratio:.2f} times the time of each")
    print(f"  aim: {TARGET_SECONDS:g} s for 2,000 resources")
    shares = [_share() for _ in range(ROUNDS)]
    policy, total = (median(values) for values in zip(*shares, strict=True))
    print(f"the preview of prod spends {policy:.2f} of {total:.2f} s on policy", end=" ")
    print(f"({policy / total:.0%}); aim: {TARGET_SHARE:g} s")


def measure(number: int) -> tuple[int, float]:
    """Return the resources in `number` copies, and the seconds that a fresh pack takes for them."""
    with tempfile.TemporaryDirectory() as folder:
        root = projects.make(Path(folder), "prod", program=projects.copies(number))
        planned = preview.plan(preview.Options(root=root, stack="prod"))
        captured = preview.run_program(planned)
        os.chdir(projects.ROOT)
        with Pack(planned.policy, planned.identity) as pack:
            pack.port(SECONDS)  # it has loaded by then
            before = time.perf_counter()
            analysis.judge(pack, captured, SECONDS)
            return len(captured.registrations), time.perf_counter() - before


def _in_a_process(number: int) -> tuple[int, float]:
    """Measure in a process of its own: what one program leaves behind is no other's cost."""
    command = (sys.executable, "-m", "bench.policy", str(number))
    finished = subprocess.run(  # noqa: S603 - this module
        command, cwd=projects.ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    resources, seconds = json.loads(finished.stdout.splitlines()[-1])
    return resources, seconds


def _share() -> tuple[float, float]:
    """Return the seconds that the preview of prod spends on policy, and in all."""
    finished = subprocess.run(  # noqa: S603 - the command of this project
        PREVIEW, cwd=projects.ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    seconds = json.loads(finished.stdout)["seconds"]
    return seconds["policy"], seconds["total"]


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
