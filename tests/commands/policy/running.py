"""Run `perpetual policy ...` in this process, as `main` does."""

import json
from typing import Any

import pytest

from perpetual.cli import app


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Return exit code and stdout; faults of the operator are raised."""
    code = app(["policy", *arguments], standalone_mode=False)
    return int(code or 0), capsys.readouterr().out


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Return what a command answers as JSON."""
    code, out = run(capsys, *arguments, "--json")
    assert code == 0
    found = json.loads(out)
    assert isinstance(found, dict)
    return found
