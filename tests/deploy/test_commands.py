"""The commands as they are typed: options, exit codes, JSON, consent, signals."""

import io
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from perpetual import cli
from perpetual.aws import session
from perpetual.deploy import building, clock, commands, push
from perpetual.deploy.journal import Kind
from perpetual.deploy.outcome import Exit, Interrupted
from perpetual.errors import OperatorError
from perpetual.release import docker, revision
from perpetual.release.build import Options as BuildOptions
from perpetual.sandbox.ecs.simulated import Behaviour
from tests.deploy.desk import Bench
from tests.deploy.world import NEW, OLD, Aws
from tests.support.stacks import ROOT

Run = Callable[..., int]


@pytest.fixture
def run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return the command, at the simulated AWS."""
    aws = bench.aws
    monkeypatch.setattr(session, "Clients", lambda **_: aws)
    monkeypatch.setattr(clock, "RealClock", lambda: aws.clock)
    monkeypatch.setattr(push, "push", bench.desk.push)
    monkeypatch.chdir(ROOT)

    def typed(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["perpetual", *arguments])
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            return cli.main()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    return typed


DEPLOY = ("deploy", "--stack", "prod", "--image", "release:new")


def test_a_deploy_prints_lines_and_a_verdict(
    run: Run, aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    """What happened as it happened, then seconds by phase."""
    assert run(*DEPLOY, "--yes") == Exit.RELEASED
    said = capsys.readouterr()
    assert "register" not in said.err
    assert "update    service updated to perpetual-prod-web:2" in said.out
    assert "released 111111111111-release:new as release 1 in " in said.out
    assert aws.digest() == NEW


def test_json_is_alone_on_stdout(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines go to stderr."""
    assert run(*DEPLOY, "--yes", "--json", "--budget", "5") == Exit.OVER_BUDGET
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert (document["result"], document["exit"], document["kind"]) == ("released", 1, Kind.DEPLOY)
    assert "service updated" in said.err


def test_a_failure_is_one_sentence_and_its_exit_code(
    run: Run, aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole truth on stderr, or as JSON on stdout."""
    aws.world.behaviours[aws.reference(NEW)] = Behaviour(crash=1.0)
    assert run(*DEPLOY, "--yes", "--json") == Exit.KEPT
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert (document["result"], document["exit"], document["phase"]) == ("failed", 3, "serve")
    assert "perpetual: 111111111111-release:new is rolled back" in said.err
    assert "serves, with 3 of 3 tasks" in document["detail"]


def test_a_protected_stack_asks_for_consent(
    run: Run, aws: Aws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And takes nobody's silence for it."""
    assert run(*DEPLOY) == Exit.REFUSED
    assert "stack prod is protected, and nobody is there to be asked" in capsys.readouterr().err
    for answer, code in (("n\n", Exit.REFUSED), ("\n", Exit.REFUSED), ("y\n", Exit.RELEASED)):
        terminal = io.StringIO(answer)
        terminal.isatty = lambda: True  # type: ignore[method-assign]  # a terminal for the test
        monkeypatch.setattr(sys, "stdin", terminal)
        assert run(*DEPLOY) == code
    assert "prod is protected (https://app.example.com)" in capsys.readouterr().err
    assert aws.digest() == NEW


def test_a_dry_run_asks_nobody_and_changes_nothing(
    run: Run, aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its exit code says whether it would be refused."""
    assert run(*DEPLOY, "--dry-run") == Exit.RELEASED
    assert "ecs UpdateService" in capsys.readouterr().out
    aws.ring()
    assert run(*DEPLOY, "--dry-run", "--json") == Exit.REFUSED
    assert json.loads(capsys.readouterr().out)["objections"]
    assert aws.digest() == OLD


def test_rollback_and_releases(run: Run, aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    """One step back, and the list of all steps."""
    assert run("rollback", "--stack", "prod", "--yes") == Exit.REFUSED
    assert run(*DEPLOY, "--yes") == Exit.RELEASED
    assert run("deploy", "--stack", "prod", "--image", "release:newer", "--yes") == Exit.RELEASED
    assert run("rollback", "--stack", "prod", "--yes") == Exit.RELEASED
    assert aws.digest() == NEW
    capsys.readouterr()
    assert run("releases", "--stack", "prod", "--json") == 0
    listed = json.loads(capsys.readouterr().out)["releases"]
    assert [item["number"] for item in listed] == [3, 2, 1]
    assert run("releases", "--stack", "prod") == 0
    assert "rollback to 111111111111" in capsys.readouterr().out


def test_explain_needs_no_aws(run: Run, aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    """Settings alone; over the budget is an exit code."""
    assert run("deploy", "--stack", "prod", "--explain") == Exit.RELEASED
    assert run("deploy", "--stack", "prod", "--explain", "--budget", "20") == Exit.OVER_BUDGET
    assert run("deploy", "--stack", "dev", "--explain", "--json") == Exit.RELEASED
    assert "waves" in capsys.readouterr().out
    assert aws.made == []


def test_a_stack_without_a_name_is_asked_for(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Or taken from the environment."""
    assert run("releases") == Exit.REFUSED
    assert "--stack" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_with_what_stands(
    number: signal.Signals, run: Run, aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is a shell's; the next run goes on."""

    def interrupt(_request: object) -> None:
        aws.before.clear()
        os.kill(os.getpid(), number)

    aws.before["DescribeTargetHealth"] = interrupt
    assert run(*DEPLOY, "--yes") == 128 + number
    said = capsys.readouterr().err
    assert "interrupted in phase serve" in said
    assert "it goes on from here" in said
    assert run(*DEPLOY, "--yes") == Exit.RELEASED
    assert aws.digest() == NEW
    assert len(aws.said("UpdateService")) == 1


def test_a_signal_before_there_is_a_run_changes_nothing() -> None:
    """And a second one ends the process as every command's does."""
    before = signal.getsignal(signal.SIGINT)

    def killed() -> None:
        with commands.interruptible():
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(OperatorError, match="interrupted") as raised:
        killed()
    assert raised.value.exit_code == 130
    assert "Nothing was changed." in raised.value.detail
    assert signal.getsignal(signal.SIGINT) is before
    assert issubclass(Interrupted, KeyboardInterrupt)


# --- the image that settings describe


def test_without_an_image_the_stacks_own_is_built(
    run: Run, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the settings' context, for the hosts' architecture."""
    built = []

    class Built:
        """What `release build` returns."""

        reference = "release:new"

    def build(options: object) -> type[Built]:
        built.append(options)
        return Built

    monkeypatch.setattr("perpetual.release.build.build", build)
    assert run("deploy", "--stack", "prod", "--yes") == Exit.RELEASED
    (options,) = built
    assert isinstance(options, BuildOptions)
    assert options.platform == "linux/arm64"
    assert options.context == ROOT / "release" / "example"
    assert bench.shown is not None


def test_a_dry_run_builds_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It takes what is there, or says what to do."""
    monkeypatch.setattr(revision, "of", lambda _: revision.Revision("a" * 40, ()))
    monkeypatch.setattr(docker, "image", lambda _: None)
    with pytest.raises(OperatorError, match="a dry run builds none"):
        building.build(ROOT, "prod", make=False)
    monkeypatch.setattr(docker, "image", lambda _: {"Id": "sha256:1"})
    assert building.build(ROOT, "prod", make=False) == f"release:{'a' * 12}"
    with pytest.raises(OperatorError):
        building.build(tmp_path, "prod", make=False)
