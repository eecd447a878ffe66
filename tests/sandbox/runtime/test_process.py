"""Files, locks, requests of the sandbox's own, metadata, certificates: what needs no Docker."""

import json
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from perpetual.errors import OperatorError
from perpetual.sandbox import process, steps
from perpetual.sandbox.ecs.world import TaskStart
from perpetual.sandbox.runtime import api, control, metadata
from perpetual.sandbox.runtime.authority import Authority, keep
from perpetual.sandbox.runtime.files import Files, State
from perpetual.sandbox.runtime.labels import Labels
from perpetual.sandbox.runtime.running import Running

STATE = State(
    stack="dev",
    endpoint="http://127.0.0.1:1",
    account="444455556666",
    region="eu-west-1",
    http=80,
    https=443,
    registry="127.0.0.1:2",
    ca_file="/ca.pem",
)


def test_a_folder_belongs_to_one_process(tmp_path: Path) -> None:
    """Another is refused; once the first has ended, however it did, the folder is free."""
    files = Files(tmp_path / "sandbox")
    program = (
        "import sys, pathlib; from perpetual.sandbox.runtime.files import Files\n"
        "with Files(pathlib.Path(sys.argv[1])).held():\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program, str(files.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout
    assert other.stdout.readline() == "held\n"
    assert files.holder() == other.pid
    with pytest.raises(OperatorError, match="already"), files.held():
        pass
    files.write(STATE)
    assert files.read() == STATE
    other.kill()
    other.communicate()
    assert files.holder() is None
    assert files.read() is None, "what a killed process wrote is not believed"
    with files.held():
        assert files.read() is None


def test_files_are_for_their_owner_and_go_altogether(tmp_path: Path) -> None:
    """Keys and passwords are among them; an empty folder around them goes too."""
    files = Files(tmp_path / ".perpetual" / "sandbox")
    keep(files.folder / "secret", "text")
    assert (files.folder / "secret").stat().st_mode & 0o777 == 0o600
    files.remove()
    assert not (tmp_path / ".perpetual").exists()
    keep(tmp_path / ".perpetual" / "other", "text")
    files.remove()
    assert (tmp_path / ".perpetual" / "other").exists()


def test_two_folders_have_two_sandboxes(tmp_path: Path) -> None:
    """Names and labels follow from the folder: the same one finds its own again."""
    one, other = Labels.at(tmp_path / "a"), Labels.at(tmp_path / "b")
    assert one.named("balancer") != other.named("balancer")
    assert Labels.at(tmp_path / "b" / ".." / "a") == one


class TestRequests:
    """What the commands ask of the process."""

    @staticmethod
    def serve(**actions: Any) -> Any:
        """Serve actions beside something that answers everything else with 404."""

        def beyond(_environ: Any, start_response: Any) -> list[bytes]:
            start_response("404 Not Found", [])
            return [b""]

        return api.serving(control.application(actions, beyond))

    def ask(self, port: int, name: str, **arguments: Any) -> Any:
        """Ask."""
        state = State(**{**STATE.__dict__, "endpoint": f"http://127.0.0.1:{port}"})
        return process.ask(state, name, **arguments)

    def test_an_action_is_done_and_answered(self) -> None:
        """With the arguments that were given."""
        with self.serve(double=lambda asked: {"result": asked["number"] * 2}) as port:
            assert self.ask(port, "double", number=21) == {"result": 42}

    def test_a_refusal_keeps_its_words(self) -> None:
        """Message, hint and detail arrive as they were raised."""

        def refuse(_asked: Any) -> Any:
            raise OperatorError("no", hint="try this", detail="because")

        with self.serve(refuse=refuse) as port, pytest.raises(OperatorError) as raised:
            self.ask(port, "refuse")
        assert str(raised.value) == "no\nbecause\ntry this"

    def test_a_fault_is_told_and_the_process_goes_on(self) -> None:
        """Whatever it was."""
        with self.serve(bad=lambda asked: asked["absent"], good=lambda _: {}) as port:
            with pytest.raises(OperatorError, match="KeyError"):
                self.ask(port, "bad")
            assert self.ask(port, "good") == {}

    def test_a_web_page_cannot_ask(self) -> None:
        """A browser sends no header of ours without asking first, and is not answered then."""
        import http.client  # noqa: PLC0415 - for this test alone

        with self.serve(good=lambda _: {}) as port:
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("POST", "/_sandbox/good", body="{}")
            assert connection.getresponse().status == 404
            connection.close()

    def test_nobody_there_is_said_with_the_way_out(self) -> None:
        """A process that was killed leaves its address behind."""
        with pytest.raises(OperatorError, match="does not answer"):
            process.ask(STATE, "status")


def test_the_metadata_of_a_task() -> None:
    """Where a release finds its own address: `Networks[0].IPv4Addresses[0]`."""
    start = TaskStart(
        task="arn:aws:ecs:eu-west-1:4:task/c/0123",
        cluster="c",
        host="i-1",
        definition={"family": "web", "revision": 3, "networkMode": "awsvpc"},
        containers=({"name": "release", "image": "i", "memory": 512},),
        group="service:web",
        service="arn:aws:ecs:eu-west-1:4:service/c/web",
    )
    running = Running(start=start, ids={"release": "docker-id"}, address="172.20.0.5", told=True)
    running.tokens["0123-release"] = "release"

    def respond(path: str) -> Any:
        return metadata.respond(path, [running], lambda _: "eu-west-1a")

    container = respond("/v4/0123-release")
    assert container["Networks"] == [{"NetworkMode": "awsvpc", "IPv4Addresses": ["172.20.0.5"]}]
    assert (container["DockerId"], container["Limits"]["Memory"]) == ("docker-id", 512)
    task = respond("/v4/0123-release/task")
    assert (task["Family"], task["Revision"], task["ServiceName"]) == ("web", "3", "web")
    assert (task["AvailabilityZone"], task["KnownStatus"]) == ("eu-west-1a", "RUNNING")
    assert task["Containers"] == [container]
    assert respond("/v4/9999-release") is None
    assert respond("/v4/0123-release/stats") is None
    assert respond("/") is None


def test_certificates_are_for_their_names(tmp_path: Path) -> None:
    """Names and addresses; the authority's own key is nowhere on disk."""
    authority = Authority(tmp_path)
    issued = authority.issue(["db.example", "localhost", "127.0.0.1"])
    found = x509.load_pem_x509_certificate(issued.certificate.encode())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["db.example", "localhost"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert ssl.create_default_context(cafile=authority.file).get_ca_certs()
    assert [file.name for file in tmp_path.iterdir()] == ["ca.pem"]


@pytest.mark.parametrize(
    ("kind", "architecture", "expected"),
    [
        ("t4g.medium", "x86_64", "t3.medium"),
        ("m7g.large", "x86_64", "m7i.large"),
        ("m6gd.xlarge", "x86_64", "m6i.xlarge"),
        ("t3.large", "x86_64", "t3.large"),
        ("m7i.large", "arm64", "m7g.large"),
        ("m5.large", "arm64", "m6g.large"),
        ("t3.medium", "arm64", "t4g.medium"),
        ("t4g.medium", "arm64", "t4g.medium"),
    ],
)
def test_hosts_are_of_this_machines_kind(kind: str, architecture: str, expected: str) -> None:
    """An image runs on the architecture that it was built for."""
    assert steps.counterpart(kind, architecture) == expected


def test_what_a_sandbox_changes_about_a_stack() -> None:
    """Architecture, hosts of it, and who decides which image runs; nothing else."""
    assert steps.changes("x86_64", ("m7g.large", "t4g.medium")) == (
        "architecture=x86_64",
        "image.source=deployed",
        "hosts.instanceTypes[0]=m7i.large",
        "hosts.instanceTypes[1]=t3.medium",
    )


def test_variables_point_every_tool_at_the_sandbox() -> None:
    """Endpoint, region, and keys that are none."""
    found = steps.variables(STATE)
    assert found["AWS_ENDPOINT_URL"] == STATE.endpoint
    assert found["AWS_REGION"] == found["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert json.dumps(found)
