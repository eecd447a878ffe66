"""Docker's faults, as sentences; no daemon is needed for them."""

import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from perpetual.errors import OperatorError
from perpetual.release import docker

ROOT = Path(__file__).parents[2]


def program(folder: Path, said: str) -> Path:
    """Return a program that says something on stderr and fails."""
    file = folder / "docker"
    file.write_text(f"#!/bin/sh\necho {shlex.quote(said)} >&2\nexit 1\n")
    file.chmod(0o755)
    return file


def test_without_docker_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And nothing is available."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OperatorError, match="there is no command `docker`"):
        docker.run("version")
    assert not docker.available()


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("Cannot connect to the Docker daemon at unix:///x", "daemon does not answer"),
        ("permission denied while trying to connect to the socket", "may not use"),
        ("write /x: no space left on device", "the disk is full"),
        ("Bind for 127.0.0.1:1 failed: port is already allocated", "a port of the environment"),
        ("listen tcp4 127.0.0.1:1: bind: address already in use", "a port of the environment"),
        ("bind: Permission denied while trying to connect to x", "may not use"),
        ("Couldn't connect to Docker daemon at http+docker://x", "daemon does not answer"),
        ("Error while fetching server API version: (FileNotFoundError(2", "does not answer"),
        ("Error while fetching server API version: (PermissionError(13", "may not use"),
        ("error during connect: Get http://x", "daemon does not answer"),
        ("pull access denied for x, repository does not exist", "image cannot be fetched"),
        ("manifest unknown: manifest unknown", "image cannot be fetched"),
        ("dial tcp: lookup registry-1.docker.io: no such host", "image cannot be fetched"),
        ("something else", "`.*docker version` failed"),
    ],
)
def test_a_fault_is_a_sentence(tmp_path: Path, said: str, meaning: str) -> None:
    """With Docker's own words beside it."""
    with pytest.raises(OperatorError, match=meaning) as caught:
        docker.call([str(program(tmp_path, said)), "version"])
    assert caught.value.detail == said


def test_without_compose_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the plugin nor the older program is there."""
    program(tmp_path, "docker: unknown command: docker compose")
    monkeypatch.setenv("PATH", str(tmp_path))
    docker.compose.cache_clear()
    with pytest.raises(OperatorError, match="there is no Docker Compose"):
        docker.compose()


@pytest.mark.parametrize("plugin", [True, False])
def test_the_plugin_comes_before_the_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, plugin: bool
) -> None:
    """Compose of today before that of 2021; and it is looked for once."""
    program(tmp_path, "docker: unknown command: docker compose")
    program(tmp_path, "").rename(tmp_path / "docker-compose")
    (tmp_path / "docker").write_text(f"#!/bin/sh\nexit {0 if plugin else 1}\n")
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    docker.compose.cache_clear()
    wanted = ("docker", "compose") if plugin else ("docker-compose",)
    assert docker.compose() == wanted
    (tmp_path / "docker").unlink()
    assert docker.compose() == wanted
    docker.compose.cache_clear()


def test_what_is_no_text_is_shown_as_far_as_it_is() -> None:
    """Logs hold whatever a release wrote."""
    assert docker.call(["printf", "a\\377b"]) == "a\N{REPLACEMENT CHARACTER}b"


def test_a_command_does_not_outlive_the_process_that_ran_it(tmp_path: Path) -> None:
    """However that ends: it would go on making what nobody knows of."""
    note = tmp_path / "pid"
    script = f"docker.call(['sh', '-c', 'echo $$ >{note}.new; mv {note}.new {note}; sleep 600'])"
    process = subprocess.Popen(
        [sys.executable, "-c", f"from perpetual.release import docker; {script}"], cwd=ROOT
    )
    while not note.is_file():
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 60
    while Path("/proc", note.read_text().strip(), "exe").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
