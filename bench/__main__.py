"""`make bench`: every figure the project states about its own speed, compared within one run."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median

from bench import deploy, floor, policy, process, projects, release, scheduler
from bench.projects import ROOT

PERPETUAL = (sys.executable, "-m", "perpetual")
PROD = (*PERPETUAL, "preview", "--stack", "prod")
CLEAN_OR_FINDINGS = frozenset({0, 1})
ROUNDS = 5
SAVES = 5
COPIES = (1, 10, 50)


def main() -> None:
    """Run every benchmark and print its figures."""
    preview_against_floor()
    watch()
    growth()
    policy.report()
    release.report()
    scheduler.report()
    deploy.report()


def preview_against_floor() -> None:
    """Compare the preview of prod, policy included, with importing the SDK packages it uses."""
    bare = (sys.executable, "-m", "bench.floor")
    previews, floors = process.alternating(PROD, bare, ROUNDS)
    eager, _ = process.alternating((sys.executable, "-m", "bench.eager", *PROD[3:]), bare, ROUNDS)
    print(f"preview of prod against the floor ({', '.join(floor.service_packages())}),")
    print(f"median of {ROUNDS} alternating runs, memory over all processes:")
    for label, usages in (("floor", floors), ("preview", previews), ("without laziness", eager)):
        print(
            f"  {label:16} {median(u.wall for u in usages):6.2f} s wall"
            f" {median(u.cpu for u in usages):6.2f} s CPU"
            f" {median(u.memory for u in usages):7.0f} MiB"
        )
    for label, usages in (("preview", previews), ("without laziness", eager)):
        wall = process.median_ratio([u.wall for u in usages], [u.wall for u in floors])
        memory = process.median_ratio([u.memory for u in usages], [u.memory for u in floors])
        print(f"  {label} / floor: {wall:.2f} times the time, {memory:.2f} times the memory")


def watch() -> None:
    """Measure from a saved file to the verdict, with a process that has the SDK loaded."""
    with tempfile.TemporaryDirectory() as folder:
        project = projects.make(Path(folder), "prod", program=(ROOT / "__main__.py").read_text())
        command = (*PERPETUAL, "preview", "--stack", "prod", "--watch", "--json")
        session = subprocess.Popen(  # noqa: S603 - commands of this project
            command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert session.stdout is not None  # noqa: S101 - asked for above
            session.stdout.readline()
            seconds = []
            for number in range(SAVES):
                time.sleep(1)  # a person saves, reads, and saves again
                saved = time.perf_counter()
                with (project / "__main__.py").open("a") as source:
                    source.write(f"# save {number}\n")
                session.stdout.readline()
                seconds.append(time.perf_counter() - saved)
        finally:
            session.terminate()
            session.wait()
    print(f"watch mode, save to verdict: median {median(seconds):.2f} s", end=" ")
    print(f"of {', '.join(f'{second:.2f}' for second in seconds)}")


def growth() -> None:
    """Measure the preview, policy included, over more and more copies of service and data."""
    print("growth over copies of the service and data layers, policy included:")
    points = []
    for copies in COPIES:
        with tempfile.TemporaryDirectory() as folder:
            project = projects.make(Path(folder), "prod", program=projects.copies(copies))
            runs = [_timed((*PROD, "--json"), project) for _ in range(3)]
        seconds, resources = median(run[0] for run in runs), runs[0][1]
        points.append((resources, seconds))
        print(f"  {copies:3} copies: {resources:5} resources {seconds:6.2f} s")
    for (few, before), (many, after) in pairwise(points):
        each = 1000 * (after - before) / (many - few)
        print(f"  from {few} to {many} resources: {each:.2f} ms a resource")


def _timed(command: Sequence[str], folder: Path) -> tuple[float, int]:
    before = time.perf_counter()
    finished = subprocess.run(  # noqa: S603 - commands of this project
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - before
    if finished.returncode not in CLEAN_OR_FINDINGS:
        raise RuntimeError(finished.stderr)
    return seconds, len(json.loads(finished.stdout)["resources"])


if __name__ == "__main__":
    main()
