"""Watch mode: one judgement at the start, and one for every save."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.offline.tiny import CLEAN, PACK, alive, project, start, until


@contextmanager
def _watching(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    process = start(folder, "--watch", "--json", *options)
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate()
    assert process.returncode == 128 + signal.SIGINT


def _next(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    result: dict[str, Any] = json.loads(line)
    return result


def _said(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    return process.stderr.readline()


def test_every_save_is_judged_on_what_the_files_say_then(tmp_path: Path) -> None:
    """Program, a module beside it, configuration and policy; a fault does not end the watch."""
    program = CLEAN.replace("length=2", "length=size.SIZE").replace(
        "import pulumi\n", "import pulumi, size\n", 1
    )
    folder = project(tmp_path, program=program)
    (folder / "size.py").write_text("SIZE = 2\n")
    with _watching(folder) as process:
        assert _next(process)["verdict"] == "clean"
        (folder / "size.py").write_text("SIZE = 1\n")
        assert _next(process)["findings"][0]["witness"] == "length is 1"
        (folder / "size.py").write_text("SIZE = oops\n")
        assert _said(process) == "perpetual: size.py:1: NameError: name 'oops' is not defined\n"
        (folder / "size.py").write_text('import pulumi\nSIZE = pulumi.Config().get_int("n") or 2\n')
        assert _next(process)["verdict"] == "clean"
        (folder / "Pulumi.dev.yaml").write_text("config: {n: 1}\n")
        assert _next(process)["verdict"] == "findings"
        policy = folder / "policy" / "__main__.py"
        policy.write_text(policy.read_text().replace('["length"] < 2', '["length"] < 1'))
        assert _next(process)["verdict"] == "clean"
        (folder / "Pulumi.dev.yaml").write_text("config: [\n")
        while "is not valid YAML" not in _said(process):
            pass


def test_a_save_replaces_a_judgement_under_way(tmp_path: Path) -> None:
    """A program that never ends is ended by the next save."""
    folder = project(tmp_path, program="import time\ntime.sleep(3600)\n")
    with _watching(folder) as process:
        (folder / "__main__.py").write_text("import pulumi\npulumi.export('a', 1)\n")
        assert _next(process)["outputs"] == ["a"]


def test_ending_the_watch_ends_what_it_started(tmp_path: Path) -> None:
    """The warm pack above all."""
    write = """
    import os, pathlib
    with pathlib.Path(__file__).with_name("pids").open("a") as pids:
        pids.write(f"{os.getpid()}\\n")
"""
    folder = project(tmp_path, pack=write + PACK)
    with _watching(folder) as process:
        _next(process)
    pids = [int(pid) for pid in (folder / "policy" / "pids").read_text().split()]
    until(lambda: not any(alive(pid) for pid in pids))


def test_a_project_that_is_wrong_from_the_start_is_not_watched(tmp_path: Path) -> None:
    """There may be no folder to watch."""
    process = start(tmp_path, "--watch")
    _, err = process.communicate()
    assert process.returncode == 2
    assert "there is no Pulumi.yaml in" in err
