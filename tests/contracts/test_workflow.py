"""The pull request workflow: whoever copies it must not hand out more than it says."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[2]
WORKFLOW: Final[dict[str, Any]] = yaml.safe_load(
    (ROOT / ".github/workflows/pull-request.yml").read_text()
)
JOBS: Final[dict[str, Any]] = WORKFLOW["jobs"]
STEPS: Final = [step for job in JOBS.values() for step in job["steps"]]


def test_nothing_is_permitted_that_a_job_does_not_ask_for() -> None:
    """And only the preview against AWS may ask for an identity token."""
    assert WORKFLOW["permissions"] == {}
    assert {name: job["permissions"] for name, job in JOBS.items()} == {
        "check": {"contents": "read"},
        "comment": {"pull-requests": "write"},
        "preview": {"contents": "read", "id-token": "write"},
    }


def test_the_first_job_needs_no_secret() -> None:
    """So that it runs for forks, and in a repository that has configured nothing."""
    assert "secrets." not in str(JOBS["check"])
    assert "environment" not in JOBS["check"]


def test_the_summary_of_the_first_job_shows_every_stack(tmp_path: Path) -> None:
    """Run by the shell as it stands, on this checkout; it never changes the job's verdict."""
    (script,) = (step["run"] for step in STEPS if "GITHUB_STEP_SUMMARY" in step.get("run", ""))
    summary = tmp_path / "summary.md"
    environment = {
        **os.environ,
        "GITHUB_STEP_SUMMARY": str(summary),
        "RUNNER_TEMP": str(tmp_path),
        "TARGET": "origin/nowhere",  # so that every stack is shown by itself
    }
    subprocess.run(["/bin/bash", "-e", "-c", script], cwd=ROOT, env=environment, check=True)
    heads = re.findall(r"^### \S+ perpetual / (\w+)", summary.read_text(), re.MULTILINE)
    assert heads == sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))


def test_the_first_job_compares_with_where_the_branch_would_be_merged() -> None:
    """For which the whole history has to be there."""
    (checkout,) = (step for step in JOBS["check"]["steps"] if "checkout@" in step.get("uses", ""))
    assert checkout["with"]["fetch-depth"] == 0
    (script,) = (step["run"] for step in STEPS if "GITHUB_STEP_SUMMARY" in step.get("run", ""))
    assert 'git merge-base HEAD "$TARGET"' in script
    assert '--base "$base"' in script


def test_the_job_that_may_write_comments_runs_no_code_of_the_pull_request() -> None:
    """It checks nothing out, and what it downloads is text to post."""
    job = JOBS["comment"]
    assert [step["uses"].split("@")[0] for step in job["steps"] if "uses" in step] == [
        "actions/download-artifact"
    ]
    (script,) = (step["run"] for step in job["steps"] if "run" in step)
    assert not re.search(r"\b(make|python|perpetual preview --|bash|sh|eval|source)\b", script)
    assert "head.repo.full_name == github.repository" in job["if"]


GH: Final = """#!/bin/sh
echo "$@" >> "$LOG"
case "$*" in *--paginate*) case "$MARK" in *prod*) printf '7\\n8\\n' ;; esac ;; esac
case "$*" in *--field*) cat body.md >> "$LOG" ;; esac
"""
"""Stands for GitHub's command: the stack prod has a comment already, by the number 7."""


def test_a_stack_has_one_comment_which_is_updated(tmp_path: Path) -> None:
    """A stack without a comment gets one, but only once there is a change to tell."""
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    (tmp_path / "comparison").mkdir()
    for stack, text in {"prod": "no change\n", "dev": "no change\n", "test": "1 loss\n"}.items():
        (tmp_path / f"comparison/{stack}.md").write_text(f"### {stack}\n\n{text}")
    (script,) = (step["run"] for step in JOBS["comment"]["steps"] if "run" in step)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "LOG": str(tmp_path / "log"),
        "COMMENTS": "comments",
        "COMMENT": "comment",
    }
    subprocess.run(["/bin/bash", "-e", "-c", script], cwd=tmp_path, env=environment, check=True)
    log = (tmp_path / "log").read_text()
    assert re.findall(r"--method (\w+ \S+)", log) == ["PATCH comment/7", "POST comments"]
    assert "<!-- perpetual preview of prod -->\n### prod\n" in log
    assert "<!-- perpetual preview of test -->\n### test\n" in log


def test_credentials_are_out_of_a_forks_reach() -> None:
    """Whoever opens a pull request from elsewhere gets the offline preview only."""
    assert "head.repo.full_name == github.repository" in JOBS["preview"]["if"]
    # YAML 1.1 reads the key `on` as true.
    assert set(WORKFLOW[True]) == {"pull_request"}  # type: ignore[index]  # not a string, see above


def test_every_stack_is_previewed_in_an_environment_of_its_own() -> None:
    """A stack file without a preview would be judged offline only."""
    stacks = {path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml")}
    assert set(JOBS["preview"]["strategy"]["matrix"]["stack"]) == stacks
    assert JOBS["preview"]["environment"] == "${{ matrix.stack }}"


@pytest.mark.parametrize(
    "step", [step for step in STEPS if "uses" in step], ids=lambda s: s["uses"]
)
def test_actions_are_pinned_and_leave_no_token_behind(step: dict[str, Any]) -> None:
    """By major version or commit, never by branch."""
    assert re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|[0-9a-f]{40})", step["uses"])
    if step["uses"].startswith("actions/checkout@"):
        assert step["with"]["persist-credentials"] is False


def test_no_script_interpolates_what_a_pull_request_may_say() -> None:
    """Expressions reach scripts through the environment, as text that no shell reads."""
    for step in STEPS:
        assert "${{" not in step.get("run", "")
