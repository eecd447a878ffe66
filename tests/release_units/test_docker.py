"""Docker's faults, as sentences; no daemon is needed for them."""

from pathlib import Path

import pytest

from perpetual.errors import OperatorError
from perpetual.release import docker


def program(folder: Path, said: str) -> Path:
    """Return a program that says something on stderr and fails."""
    file = folder / "docker"
    file.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
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
        ("something else", "`.*docker version` failed"),
    ],
)
def test_a_fault_is_a_sentence(tmp_path: Path, said: str, meaning: str) -> None:
    """With Docker's own words beside it."""
    with pytest.raises(OperatorError, match=meaning) as caught:
        docker.call([str(program(tmp_path, said)), "version"])
    assert caught.value.detail == said
