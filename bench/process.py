"""Run a command as a whole process, and measure time and memory of all it starts."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

SAMPLE_SECONDS = 0.02
"""Pause between two looks at a process tree's memory."""


@dataclass(frozen=True)
class Usage:
    """What one run took: wall and CPU seconds, and peak memory of the whole tree, MiB."""

    wall: float
    cpu: float
    memory: float


def run(command: Sequence[str], expected: frozenset[int] = frozenset({0})) -> Usage:
    """Run `command` with its output thrown away; raise if its exit code is not expected."""
    before = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - commands of this project
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    peak = _Peak(process.pid)
    peak.start()
    assert process.stderr is not None  # noqa: S101 - asked for above
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - before
    process.returncode = os.waitstatus_to_exitcode(status)
    peak.stop()
    if process.returncode not in expected:
        raise RuntimeError(f"{command} exited {process.returncode}: {errors.decode()}")
    return Usage(wall=wall, cpu=usage.ru_utime + usage.ru_stime, memory=peak.mebibytes)


def alternating(
    first: Sequence[str], second: Sequence[str], rounds: int
) -> tuple[list[Usage], list[Usage]]:
    """Run both commands in turn after one warm-up each, so that a noisy machine hits both."""
    run(first)
    run(second)
    pairs = [(run(first), run(second)) for _ in range(rounds)]
    return [one for one, _ in pairs], [other for _, other in pairs]


def median_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    """Return the median of the pairwise ratios."""
    return median(a / b for a, b in zip(numerators, denominators, strict=True))


class _Peak(threading.Thread):
    """Samples the summed proportional memory of a process and its descendants."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._done = threading.Event()
        self.mebibytes = 0.0

    def run(self) -> None:
        while not self._done.wait(SAMPLE_SECONDS):
            total = sum(_resident_kib(pid) for pid in _tree(self._pid))
            self.mebibytes = max(self.mebibytes, total / 1024)

    def stop(self) -> None:
        self._done.set()
        self.join()


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = path.read_text().split()
        except OSError:
            continue  # the thread ended meanwhile
        for child in children:
            yield from _tree(int(child))


def _resident_kib(pid: int) -> int:
    """Return a process's proportional set size: memory it shares counts once over all sharers."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0  # the process ended meanwhile
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)
