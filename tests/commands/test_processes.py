"""Commands that die with the process that starts them, where the system can do that."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from perpetual import processes

COMMAND = [sys.executable, "-c", "pass"]


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    """Let the system be looked at anew, here and afterwards."""
    processes._setpriv.cache_clear()  # noqa: SLF001 - another test's system is not this one's
    yield
    processes._setpriv.cache_clear()  # noqa: SLF001 - as above


def program(folder: Path, name: str, body: str) -> None:
    """Put a program into a folder."""
    (folder / name).write_text(f"#!/bin/sh\n{body}\n")
    (folder / name).chmod(0o755)


def test_a_command_is_tied_by_a_program_that_can_do_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """util-linux's."""
    program(tmp_path, "setpriv", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    setpriv = str(tmp_path / "setpriv")
    assert processes.tied(COMMAND) == [setpriv, "--pdeathsig", "KILL", "--", *COMMAND]


@pytest.mark.parametrize("body", ["exit 1", None])
def test_a_system_that_cannot_runs_the_command_itself(
    body: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BusyBox's program has no such option; elsewhere there is none."""
    if body is not None:
        program(tmp_path, "setpriv", body)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert processes.tied(COMMAND) == COMMAND


def test_a_command_that_is_missing_is_started_as_it_is() -> None:
    """So that it is the system who says that it is not there."""
    assert processes.tied(["no-such-command"]) == ["no-such-command"]
