"""User data, and the disk check it ships, run for real against a stand-in for AWS."""

import configparser
import json
import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import yaml
from botocore.auth import SigV4Auth  # type: ignore[import-untyped]  # botocore has no types
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]  # as above
from botocore.credentials import Credentials  # type: ignore[import-untyped]  # as above

from components.ecs import disk_check
from components.ecs.user_data import CHECK, LIMIT, UNIT, user_data

KEYS = {"AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "not/a+secret", "Token": "session=="}
METADATA = {
    "placement/region": "eu-central-1",
    "services/domain": "amazonaws.com",
    "instance-id": "i-0123456789abcdef0",
    "iam/security-credentials/": "perpetual-prod-host",
    "iam/security-credentials/perpetual-prod-host": json.dumps(KEYS),
}
SESSION = "imds-session"


def files(text: str) -> dict[str, dict[str, str]]:
    """Return the files that user data writes, by path."""
    return {item["path"]: item for item in yaml.safe_load(text)["write_files"]}


def unit(text: str, kind: str) -> configparser.ConfigParser:
    """Return one of the two systemd units."""
    parser = configparser.ConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their case
    parser.read_string(files(text)[f"{UNIT}.{kind}"]["content"])
    return parser


def test_user_data_is_cloud_config_and_the_same_every_time() -> None:
    """A launch template that differs without cause would replace all hosts."""
    text = user_data("perpetual-prod", 85)
    assert text.splitlines()[0] == "#cloud-config"
    assert text == user_data("perpetual-prod", 85)
    assert set(yaml.safe_load(text)) == {"write_files", "runcmd"}


def test_user_data_fits_for_the_longest_cluster_name() -> None:
    """EC2 takes 16 KiB before base64."""
    assert len(user_data("c" * 255, 100).encode()) <= LIMIT


def test_the_agent_is_configured_once_per_key() -> None:
    """The agent's file holds these lines and no others."""
    content = files(user_data("perpetual-prod", 85))["/etc/ecs/ecs.config"]["content"]
    settings = dict(line.split("=", 1) for line in content.splitlines())
    assert len(settings) == len(content.splitlines())
    assert settings == {
        "ECS_CLUSTER": "perpetual-prod",
        "ECS_LOGLEVEL": "info",
        "ECS_ENABLE_TASK_IAM_ROLE": "true",
        "ECS_AWSVPC_BLOCK_IMDS": "true",
        "ECS_DISABLE_PRIVILEGED": "true",
        "ECS_CONTAINER_STOP_TIMEOUT": "30s",
        "ECS_ENABLE_SPOT_INSTANCE_DRAINING": "true",
        "ECS_RESERVED_MEMORY": "256",
        "ECS_IMAGE_PULL_BEHAVIOR": "once",
        "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION": "15m",
        "ECS_IMAGE_CLEANUP_INTERVAL": "15m",
        "ECS_IMAGE_MINIMUM_CLEANUP_AGE": "6h",
        "ECS_NUM_IMAGES_DELETE_PER_CYCLE": "5",
    }


def test_docker_keeps_logs_of_bounded_size() -> None:
    """Three files of 10 MB for a container that names no driver."""
    docker = json.loads(files(user_data("c", 85))["/etc/docker/daemon.json"]["content"])
    assert docker["log-opts"] == {"max-size": "10m", "max-file": "3"}


def test_the_timer_runs_the_shipped_check_with_the_threshold() -> None:
    """Unit, path and argument belong together, and the check is the tested file."""
    text = user_data("perpetual-prod", 73)
    service, timer = unit(text, "service"), unit(text, "timer")
    assert shlex.split(service["Service"]["ExecStart"]) == ["/usr/bin/python3", "-I", CHECK, "73"]
    assert service["Service"]["Type"] == "oneshot"
    assert timer["Timer"]["OnUnitActiveSec"] == "1min"
    assert timer["Install"]["WantedBy"] == "timers.target"
    shipped = files(text)[CHECK]
    assert shipped["content"] == Path(disk_check.__file__).read_text()
    assert shipped["permissions"] == "0755"
    enabled = yaml.safe_load(text)["runcmd"][-1]
    assert enabled == ["systemctl", "enable", "--now", "perpetual-disk-check.timer"]


def test_the_check_is_python_3_9() -> None:
    """The hosts' Python is older than ours."""
    source = Path(disk_check.__file__).read_text()
    compile_to_39 = f"import ast; ast.parse({source!r}, feature_version=(3, 9))"
    subprocess.run([sys.executable, "-c", compile_to_39], check=True)


@pytest.mark.parametrize(
    ("blocks", "inodes", "expected"),
    [
        ((100, 100, 100), (100, 100), 0),
        ((100, 15, 15), (100, 100), 85),
        ((1000, 149, 149), (100, 100), 86),  # 85.1 rounds up, as df does
        ((100, 20, 10), (100, 100), 89),  # 80 used, 10 left to users: 80/90
        ((100, 0, 0), (100, 100), 100),
        ((100, 90, 90), (100, 5), 95),  # inodes run out first
        ((100, 90, 90), (0, 0), 10),  # a file system without inodes
    ],
)
def test_use_is_the_larger_share_of_blocks_and_inodes(
    monkeypatch: pytest.MonkeyPatch,
    blocks: tuple[int, int, int],
    inodes: tuple[int, int],
    expected: int,
) -> None:
    """Use is counted as df counts it."""
    size, free, available = blocks
    files_, files_free = inodes
    answer = os.statvfs_result(
        (4096, 4096, size, free, available, files_, files_free, files_free, 0, 255)
    )
    monkeypatch.setattr(os, "statvfs", lambda _path: answer)
    assert disk_check.used_percent("/") == expected


@dataclass
class Aws:
    """Stands for the metadata service and the Auto Scaling API of one host."""

    url: str = ""
    refuse: set[str] = field(default_factory=set)
    calls: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def answer(self, request: BaseHTTPRequestHandler) -> tuple[int, str]:
        """Return status and text of the answer to one request."""
        path = request.path.removeprefix("/latest/meta-data/")
        if path in self.refuse:
            return 500, "refused"
        if request.command == "PUT" and path == "/latest/api/token":
            return 200, SESSION
        if request.command == "POST" and path == "/":
            body = request.rfile.read(int(request.headers["content-length"]))
            headers = {key.lower(): value for key, value in request.headers.items()}
            self.calls.append((request.command, headers, body))
            return 200, "<SetInstanceHealthResponse/>"
        if request.headers.get("X-aws-ec2-metadata-token") != SESSION:
            return 401, "a token is required"
        return (200, METADATA[path]) if path in METADATA else (404, "no such entry")


@pytest.fixture
def cloud() -> Iterator[Aws]:
    """Serve a host's metadata and its Auto Scaling group on a local port."""
    stand_in = Aws()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            status, text = stand_in.answer(self)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_PUT = do_POST = handle_any  # noqa: N815 - the server's spelling

        def log_message(self, *_args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def check(
    percent: int, cloud: Aws, metadata: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the check as the timer does, but for its addresses."""
    command = [sys.executable, "-I", disk_check.__file__, str(percent), "/"]
    addresses = [metadata or cloud.url, f"{cloud.url}/"]
    return subprocess.run(
        [*command, *addresses],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={"no_proxy": "*"},
    )


def test_a_full_disk_is_reported(cloud: Aws) -> None:
    """The host names itself, unhealthy, once."""
    done = check(0, cloud)
    assert (done.returncode, done.stderr) == (0, "")
    assert "reported unhealthy" in done.stdout
    ((_, _, body),) = cloud.calls
    assert parse_qs(body.decode()) == {
        "Action": ["SetInstanceHealth"],
        "Version": ["2011-01-01"],
        "InstanceId": ["i-0123456789abcdef0"],
        "HealthStatus": ["Unhealthy"],
        "ShouldRespectGracePeriod": ["true"],
    }


def test_the_report_is_signed_as_aws_expects(cloud: Aws) -> None:
    """AWS's own library signs the same request the same way."""
    check(0, cloud)
    ((method, headers, body),) = cloud.calls
    expected = AWSRequest(
        method=method,
        url=f"{cloud.url}/",
        data=body,
        headers={
            "Content-Type": headers["content-type"],
            "X-Amz-Date": headers["x-amz-date"],
            "X-Amz-Security-Token": headers["x-amz-security-token"],
        },
    )
    expected.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(
        Credentials(KEYS["AccessKeyId"], KEYS["SecretAccessKey"], KEYS["Token"]),
        "autoscaling",
        "eu-central-1",
    )
    text = signer.string_to_sign(expected, signer.canonical_request(expected))
    assert headers["x-amz-security-token"] == KEYS["Token"]
    assert headers["authorization"].endswith(f"Signature={signer.signature(text, expected)}")
    assert f"Credential={signer.scope(expected)}," in headers["authorization"]


def test_below_the_threshold_nothing_is_asked(cloud: Aws) -> None:
    """More than 100 % is never reached, so not even the metadata is read."""
    done = check(101, cloud, metadata="http://127.0.0.1:9")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert cloud.calls == []


@pytest.mark.parametrize(("used", "reports"), [(84, 0), (85, 1), (86, 1), (100, 1)])
def test_the_threshold_itself_counts_as_full(
    monkeypatch: pytest.MonkeyPatch, used: int, reports: int
) -> None:
    """Below is silence; at and above is one report."""
    seen: list[tuple[str, str]] = []
    monkeypatch.setattr(disk_check, "used_percent", lambda _path: used)
    monkeypatch.setattr(disk_check, "report", lambda *addresses: seen.append(addresses))
    disk_check.main("85")
    assert len(seen) == reports


@pytest.mark.parametrize(
    "refused", ["/latest/api/token", "instance-id", "iam/security-credentials/", "/"]
)
def test_a_refusal_fails_the_run_in_one_sentence(cloud: Aws, refused: str) -> None:
    """The next run tries again; the journal says why this one failed."""
    cloud.refuse.add(refused)
    done = check(0, cloud)
    assert done.returncode == 1
    assert "could not be reported unhealthy: HTTP Error 500" in done.stderr
    assert "Traceback" not in done.stderr
    assert cloud.calls == []


def test_metadata_out_of_reach_fails_the_run_in_one_sentence(cloud: Aws) -> None:
    """Nobody listens on the discard port."""
    done = check(0, cloud, metadata="http://127.0.0.1:9")
    assert done.returncode == 1
    assert "Connection refused" in done.stderr
    assert "Traceback" not in done.stderr
