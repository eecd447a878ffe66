"""`perpetual logs ...` as people run it: a process of its own, against moto on loopback."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3  # type: ignore[import-untyped]  # boto3 ships no types
import pytest
from moto.server import ThreadedMotoServer

from perpetual import cli
from perpetual.logs.tail import now
from tests.status.given import HERE, contract_text
from tests.support.stacks import ROOT

pytestmark = pytest.mark.usefixtures("few_policies")

GROUP = "/perpetual/prod/release"
PATIENCE = 120.0
"""Seconds after which a process that does not end is taken for one that hangs."""


class Cloud:
    """moto, with a stack's contract and its log group."""

    def __init__(self, endpoint: str) -> None:
        """Publish the contract, and make the group with two tasks' streams."""
        self.endpoint = endpoint
        self.environment = {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": HERE.region,
            "AWS_ENDPOINT_URL": endpoint,
            "PERPETUAL_STACK": "prod",
        }
        self.logs = self._client("logs")
        self._client("ssm").put_parameter(
            Name=HERE.contract_parameter, Value=contract_text(), Type="String"
        )
        self.logs.create_log_group(logGroupName=GROUP)
        for task in ("aaaa", "bbbb"):
            self.logs.create_log_stream(logGroupName=GROUP, logStreamName=f"web/release/{task}")

    def _client(self, service: str) -> Any:
        return boto3.client(service, region_name=HERE.region, endpoint_url=self.endpoint)

    def write(self, task: str, *messages: str) -> None:
        """Let a task write lines."""
        events = [{"timestamp": now(), "message": message} for message in messages]
        self.logs.put_log_events(
            logGroupName=GROUP, logStreamName=f"web/release/{task}", logEvents=events
        )

    def run(self, *options: str) -> subprocess.Popen[str]:
        """Start the command."""
        return subprocess.Popen(
            [sys.executable, "-m", "perpetual", "logs", *options],
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Return moto's address on loopback."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def cloud(endpoint: str) -> Cloud:
    """Return moto as if nobody had been there before."""
    reset = urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")  # noqa: S310 - on loopback
    with urllib.request.urlopen(reset):  # noqa: S310 - as above
        return Cloud(endpoint)


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Wait for a process; return its exit code and what it said."""
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def line(process: "subprocess.Popen[str]") -> str:
    """Return the next line of a task that a process prints as JSON."""
    assert process.stdout is not None
    return str(json.loads(process.stdout.readline())["line"])


def test_lines_of_all_tasks_pretty_or_as_json(cloud: Cloud) -> None:
    """Data on stdout, nothing beside it."""
    text = json.dumps({"level": "info", "message": "node joined", "peer": "app@10.0.0.2"})
    cloud.write("aaaa", text)
    cloud.write("bbbb", "** (Mix) boom")
    code, out, err = ended(cloud.run("app"))
    assert (code, err) == (0, "")
    first, second = out.splitlines()
    assert first.endswith("  aaaa      info     node joined  peer=app@10.0.0.2")
    assert second.endswith("  bbbb      ** (Mix) boom")
    code, out, err = ended(cloud.run("app", "--json", "--task", "aaaa"))
    assert (code, err) == (0, "")
    assert out.endswith(f'Z", "task": "aaaa", "line": {text}}}\n')


def test_following_prints_what_comes_and_ends_with_a_signal(cloud: Cloud) -> None:
    """Also where Live Tail does not last, as moto's; then a line on stderr says so."""
    cloud.write("aaaa", "before")
    process = cloud.run("app", "--follow", "--json")
    assert line(process) == "before"
    for number in range(5):
        cloud.write("ab"[number % 2] * 4, f"{number}")
        assert line(process) == f"{number}"
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process)
    assert (code, out) == (130, "")
    assert "Traceback" not in err
    (said,) = err.splitlines()
    assert said.startswith("perpetual: Live Tail does not work (it ended): ")


def test_a_reader_that_goes_away_ends_it_quietly(cloud: Cloud) -> None:
    """Even while no line comes, as `head` expects."""
    cloud.write("aaaa", "one")
    process = cloud.run("app", "--follow", "--json")
    assert line(process) == "one"
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=PATIENCE) == 0
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()


def test_a_group_that_comes_later_is_waited_for(cloud: Cloud) -> None:
    """Following begins before the first task does."""
    cloud.logs.delete_log_group(logGroupName=GROUP)
    process = cloud.run("app", "--follow", "--json")
    assert process.stderr is not None
    said = process.stderr.readline()
    while "waiting for it" not in said:
        said = process.stderr.readline()
    cloud.logs.create_log_group(logGroupName=GROUP)
    cloud.logs.create_log_stream(logGroupName=GROUP, logStreamName="web/release/aaaa")
    cloud.write("aaaa", "first")
    assert line(process) == "first"
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 143


FAULTS = [
    (["app", "--since", "soon"], {}, "--since 'soon' is neither a duration nor a moment"),
    (["app", "--task", "web"], {}, "--task 'web' is no task's id"),
    (["app", "--stack", "blue"], {}, "has no contract of a stack blue in eu-west-1"),
    (["platform", "--region", "eu-west-3"], {}, "has no contract of a stack prod in eu-west-3"),
    (["app"], {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "AWS cannot be reached from here"),
    (["platform"], {"AWS_ACCESS_KEY_ID": ""}, "there are no AWS credentials here"),
]


@pytest.mark.parametrize(("options", "changes", "says"), FAULTS)
def test_what_cannot_run_is_a_sentence(  # noqa: PLR0913, PLR0917 - fixtures
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    changes: dict[str, str],
    says: str,
) -> None:
    """On stderr, with exit code 2, and nothing on stdout."""
    for name, value in {**cloud.environment, **changes}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["perpetual", "logs", *options])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert cli.main() == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("perpetual: ")
    assert says in said.err


def test_sources_that_moto_does_not_know_are_told(cloud: Cloud) -> None:
    """The others are printed, and the exit code says that something is missing."""
    code, _, err = ended(cloud.run("platform", "--since", "1h"))
    assert code == 1
    assert "could not be read: " in err
    assert "Traceback" not in err
