"""`perpetual status` as people run it: exit codes, watching, faults, and how fast it starts."""

import io
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from perpetual import cli
from perpetual.aws import session
from perpetual.status import read
from perpetual.status import watch as watching
from perpetual.status.health import health
from perpetual.status.model import Health
from perpetual.status.watch import Screen, watch
from tests.status.given import (
    HERE,
    NOW,
    Answers,
    Recorded,
    healthy,
    refusal,
    service,
    stack,
)
from tests.support.stacks import ROOT


def run(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answers: Answers,
    *options: str,
) -> tuple[int, str, str]:
    """Run the command with these answers; return its exit code and what it said."""
    answers["sts", "GetCallerIdentity"] = {
        "Account": HERE.account,
        "Arn": f"arn:aws:sts::{HERE.account}:assumed-role/perpetual-prod-deployment/ada",
    }
    monkeypatch.setattr(session, "Clients", lambda **_: Recorded(answers))
    monkeypatch.setattr(sys, "argv", ["perpetual", "status", "--stack", "prod", *options])
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        code = cli.main()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_healthy_stack_is_0(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the screen on stdout, and nothing beside it."""
    code, out, err = run(monkeypatch, capsys, healthy())
    assert (code, err) == (0, "")
    assert out.startswith("prod  is healthy")


def test_an_unhealthy_or_unknown_stack_is_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As scripts want it."""
    answers = healthy()
    answers["ecs", "DescribeServices"] = {"services": [service(desiredCount=0)]}
    code, out, _ = run(monkeypatch, capsys, answers, "--json")
    assert (code, json.loads(out)["verdict"]) == (1, "unhealthy")
    answers = healthy()
    answers["rds", "DescribeDBInstances"] = refusal("DescribeDBInstances")
    code, out, _ = run(monkeypatch, capsys, answers, "--json")
    assert (code, json.loads(out)["verdict"]) == (1, "unknown")


def test_a_stack_that_is_not_there_is_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With one sentence, and the way out."""
    answers = healthy()
    answers["ssm", "GetParameter"] = refusal("GetParameter", "ParameterNotFound")
    code, out, err = run(monkeypatch, capsys, answers)
    assert (code, out) == (2, "")
    assert "has no contract of a stack prod in eu-west-1" in err
    assert "--profile" in err


def test_without_a_region_it_could_not_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says so before it asks anybody."""
    monkeypatch.setattr(sys, "argv", ["perpetual", "status", "--stack", "prod"])
    assert cli.main() == 2
    assert "no AWS region is set" in capsys.readouterr().err


def test_help_loads_no_sdk() -> None:
    """`--help` is for people who wait."""
    program = (
        "import sys; sys.argv = ['perpetual', 'status', '--help']\n"
        "from perpetual import cli\n"
        "cli.main()\n"
        "print([name for name in ('boto3', 'botocore', 'moto') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


# --- watching


def looks(*answers: Answers) -> Iterator[Health]:
    """Yield how the stack is, each time with other answers; then a signal comes."""
    for number, one in enumerate(answers):
        found = health(read.snapshot(Recorded(one), stack(), NOW))
        yield replace(found, at=datetime(2026, 11, 29, 10, 0, number, tzinfo=UTC))
    os.kill(os.getpid(), signal.SIGINT)
    yield health(read.snapshot(Recorded(healthy()), stack(), NOW))


def less() -> Answers:
    """Return answers about a stack that lost a task."""
    answers = healthy()
    answers["ecs", "DescribeServices"] = {"services": [service(runningCount=2)]}
    return answers


def test_without_a_terminal_a_line_is_written_when_something_changed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And the signal's number is in the exit code, without a word."""
    seen = looks(healthy(), healthy(), less(), healthy())
    assert watch(lambda: next(seen), Screen.LINES, seconds=0) == 130
    said = capsys.readouterr()
    shown = said.out.splitlines()
    assert [line[:23] for line in shown] == [
        "10:00:00  prod is healt",
        "10:00:02  prod is unhea",
        "10:00:03  prod is healt",
    ]
    assert said.err == ""


def test_json_is_a_line_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    """Whether something changed or not."""
    seen = looks(healthy(), healthy())
    assert watch(lambda: next(seen), Screen.JSON, seconds=0) == 130
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [item["verdict"] for item in found] == ["healthy"] * 2


def test_a_reader_that_has_gone_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a complaint, as `head` expects."""

    class Closed(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

        def fileno(self) -> int:
            return os.open(os.devnull, os.O_WRONLY)

    monkeypatch.setattr(sys, "stdout", Closed())
    seen = looks(healthy(), less())
    assert watch(lambda: next(seen), Screen.LINES, seconds=0) == 0


def test_on_a_terminal_the_screen_is_drawn_and_given_back() -> None:
    """The other screen is left again, and the last picture stays."""
    ours, theirs = pty.openpty()
    program = (
        "import itertools, os, signal\n"
        "from tests.status.test_command import looks, healthy, less, watch, Screen\n"
        "seen = looks(healthy(), less())\n"
        "raise SystemExit(watch(lambda: next(seen), Screen.chosen(as_json=False), seconds=0))\n"
    )
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    environment = {**os.environ, **keys, "TERM": "xterm", "PYTHONPATH": f"{ROOT}:{ROOT}/policy"}
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=theirs, env=environment
    )
    os.close(theirs)
    drawn = b""
    while True:
        try:
            some = os.read(ours, 65_536)
        except OSError:  # the other end has gone
            break
        if not some:
            break
        drawn += some
    os.close(ours)
    assert process.wait() == 130
    assert drawn.count(b"\x1b[?1049h") == drawn.count(b"\x1b[?1049l") == 1
    assert drawn.count(b"\x1b[?25l") <= drawn.count(b"\x1b[?25h")
    left = drawn.partition(b"\x1b[?1049l")[2]
    assert b"2 wanted" not in left
    assert b"unhealthy" in left


def test_a_second_signal_ends_as_it_always_does() -> None:
    """The handlers from before are back as soon as the first one came, and in the end anyway."""
    before = signal.getsignal(signal.SIGINT)
    seen = looks(healthy())
    watch(lambda: next(seen), Screen.JSON, seconds=0)
    assert signal.getsignal(signal.SIGINT) is before
    assert watching.SECONDS > 0
