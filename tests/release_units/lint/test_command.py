"""`perpetual release lint`: its exit codes, its text, its JSON."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from perpetual.release.commands import app
from tests.release_units.lint.good import ROOT, write


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return the folder of the good project."""
    return write(tmp_path / "shop")


def lint(*arguments: str) -> tuple[int, str]:
    """Return exit code and stdout of the command."""
    result = CliRunner().invoke(app, ["lint", *arguments], standalone_mode=False)
    assert result.exception is None, result.exception
    return result.return_value, result.stdout


def test_a_clean_project_ends_with_0(project: Path) -> None:
    """And one line."""
    code, said = lint(str(project))
    assert (code, said.count("\n")) == (0, 1)
    assert said.startswith("clean: ")


def test_findings_end_with_1_and_say_what_to_do(project: Path) -> None:
    """Where, what, why, and the way out."""
    (project / "mix.lock").unlink()
    code, said = lint(str(project))
    assert code == 1
    assert said.split("\n")[:2] == ["mix.exs:6  error  docker-lock", "  there is no mix.lock"]
    assert "\n  why  " in said
    assert "\n  fix  " in said
    assert "\n1 error: " in said


def test_advice_ends_with_0(project: Path) -> None:
    """It costs something, and fails nothing."""
    flags = project / "rel" / "vm.args.eex"
    flags.write_text(flags.read_text().replace("+Q 65536", ""))
    code, said = lint(str(project))
    assert code == 0
    assert "rel/vm.args.eex:4  advice  port-table" in said
    assert "\n1 advice: " in said


def test_programs_get_json(project: Path) -> None:
    """Findings and allowances, each with its place."""
    (project / "mix.lock").unlink()
    flags = project / "rel" / "vm.args.eex"
    flags.write_text("# perpetual: allow port-table - hosts are small\n-start_epmd false\n")
    code, said = lint(str(project), "--json")
    document = json.loads(said)
    assert (code, document["clean"]) == (1, False)
    (finding,) = document["findings"]
    assert finding.keys() == {"rule", "severity", "file", "line", "what", "why", "fix"}
    assert (finding["file"], finding["line"], finding["severity"]) == ("mix.exs", 6, "error")
    (allowed,) = document["allowed"]
    assert (allowed["rule"], allowed["reason"]) == ("port-table", "hosts are small")


def test_a_project_cannot_write_to_the_terminal(project: Path) -> None:
    """What it holds is shown, not obeyed."""
    runtime = project / "config" / "runtime.exs"
    runtime.write_text(runtime.read_text().replace('host: env.("PHX_HOST")', 'host: "\x1b[2Jshop"'))
    code, said = lint(str(project))
    assert code == 1
    assert "\x1b" not in said
    assert "\\x1b[2Jshop" in said


def test_what_cannot_run_ends_with_2(tmp_path: Path) -> None:
    """One sentence on stderr, and nothing on stdout."""
    finished = subprocess.run(
        [sys.executable, "-m", "perpetual", "release", "lint", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.returncode, finished.stdout) == (2, "")
    assert "holds no mix.exs" in finished.stderr
