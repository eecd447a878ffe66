"""Containers' output as log events, as the awslogs driver sends it.

https://docs.docker.com/engine/logging/drivers/awslogs/: one event a line, its time the moment at
which Docker read it, sent in batches; what is left is sent when the container ends.
"""

import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from docker.errors import DockerException  # type: ignore[import-untyped]

from perpetual.sandbox.ecs.world import TaskStart
from perpetual.sandbox.runtime.docker_api import Client, Failed
from perpetual.sandbox.runtime.secret_values import Clients

_LOG = logging.getLogger(__name__)

PERIOD: Final = 0.25
"""Seconds between batches; the driver waits 5 s, which on one machine only makes one wait."""

LARGEST_LINE: Final = 262_118
"""Longest event, bytes: 256 KiB less 26 of overhead; the driver splits longer lines there."""

LARGEST_BATCH: Final = 1_048_576
"""Longest batch, bytes, each event counted with 26 more.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

MOST_EVENTS: Final = 10_000
OVERHEAD: Final = 26

# A byte that continues a character of UTF-8, RFC 3629: a line is not split there.
_TOP_BITS: Final = 0b1100_0000
_CONTINUES: Final = 0b1000_0000

_FINISH_SECONDS: Final = 10.0


@dataclass(frozen=True, order=True)
class Line:
    """One line: the nanosecond at which Docker read it, and its text."""

    at: int
    text: str


def stream_name(options: Mapping[str, str], task: str, container: str, runtime_id: str) -> str:
    """Return a log stream's name: `prefix/container/task id`, or the container's id without one."""
    prefix = options.get("awslogs-stream-prefix")
    return f"{prefix}/{container}/{task.rpartition('/')[2]}" if prefix else runtime_id


def lines(chunks: Iterator[bytes]) -> Iterator[Line]:
    """Yield the lines of Docker's output with timestamps; a last one without an end counts too."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from map(_line, whole)
    if rest:
        yield _line(rest)


def batches(found: Sequence[Line]) -> Iterator[list[dict[str, Any]]]:
    """Yield lines as log events, in batches that CloudWatch takes; empty lines are left out."""
    batch: list[dict[str, Any]] = []
    size = 0
    for line in found:
        for text in _split(line.text):
            length = len(text.encode()) + OVERHEAD
            if batch and (size + length > LARGEST_BATCH or len(batch) == MOST_EVENTS):
                yield batch
                batch, size = [], 0
            batch.append({"timestamp": line.at // 1_000_000, "message": text})
            size += length
    if batch:
        yield batch


class Shipper:
    """Ships the output of every container that a task definition gives the awslogs driver."""

    def __init__(self, client: Client, clients: Clients) -> None:
        """Prepare."""
        self._client = client
        self._clients = clients
        self._threads: dict[str, threading.Thread] = {}

    def open(self, start: TaskStart, definition: Mapping[str, Any]) -> None:
        """Make a container's log stream.

        Raises:
            Failed: There is no such log group; Docker does not start the container then either.
        """
        options = _options(definition)
        if not options or "awslogs-stream-prefix" not in options:
            return
        try:
            self._create(options, stream_name(options, start.task, definition["name"], ""))
        except ClientError as error:
            raise Failed(
                "CannotStartContainerError: Error response from daemon: failed to initialize "
                "logging driver: failed to create Cloudwatch log stream: "
                f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
            ) from error

    def follow(self, start: TaskStart, definition: Mapping[str, Any], container: str) -> None:
        """Ship what a container writes, in a thread of its own, until it ends."""
        options = _options(definition)
        if not options:
            return
        name = stream_name(options, start.task, definition["name"], container)
        if "awslogs-stream-prefix" not in options:
            with suppress(ClientError):
                self._create(options, name)
        stream = _Stream(self._client, self._clients, container, options["awslogs-group"], name)
        thread = threading.Thread(target=stream.run, name=f"logs {container[:8]}", daemon=True)
        self._threads[container] = thread
        thread.start()

    def finish(self, container: str) -> None:
        """Wait until everything a container wrote is shipped."""
        thread = self._threads.pop(container, None)
        if thread:
            thread.join(_FINISH_SECONDS)

    def _create(self, options: Mapping[str, str], name: str) -> None:
        logs = self._clients("logs")
        if options.get("awslogs-create-group") == "true":
            with suppress(logs.exceptions.ResourceAlreadyExistsException):
                logs.create_log_group(logGroupName=options["awslogs-group"])
        with suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_stream(logGroupName=options["awslogs-group"], logStreamName=name)


class _Stream:
    """One container's output on its way: one thread reads, another sends what has been read."""

    def __init__(
        self, client: Client, clients: Clients, container: str, group: str, name: str
    ) -> None:
        self._client = client
        self._clients = clients
        self._container = container
        self._group = group
        self._name = name
        self._lock = threading.Lock()
        self._read: list[Line] = []
        self._over = threading.Event()

    def run(self) -> None:
        """Read and send until the container has ended."""
        sender = threading.Thread(target=self._send_again_and_again, daemon=True)
        sender.start()
        last = Line(0, "")
        while True:
            try:
                for line in self._output(last):
                    last = line
                    with self._lock:
                        self._read.append(line)
                if not self._lives():
                    break
            # Whatever it is: urllib3's faults, for one, are neither Docker's nor the system's.
            except Exception:  # noqa: BLE001 - the container writes on, and somebody must read
                if not self._lives():
                    break
                _LOG.warning("a container's output broke off: asked for again", exc_info=True)
                time.sleep(PERIOD)
        self._over.set()
        sender.join()

    def _output(self, last: Line) -> Iterator[Line]:
        """Yield what comes after the last line: Docker's `since` counts whole seconds."""
        chunks = self._client.logs(
            self._container,
            stream=True,
            follow=True,
            timestamps=True,
            since=last.at // 1_000_000_000 or None,
        )
        return (line for line in lines(chunks) if line.at > last.at)

    def _lives(self) -> bool:
        try:
            return bool(self._client.inspect_container(self._container)["State"]["Running"])
        except (DockerException, OSError):
            return False

    def _send_again_and_again(self) -> None:
        while not self._over.wait(PERIOD):
            self._send()
        self._send()

    def _send(self) -> None:
        with self._lock:
            found, self._read = self._read, []
        for batch in batches(found):
            try:
                self._clients("logs").put_log_events(
                    logGroupName=self._group, logStreamName=self._name, logEvents=batch
                )
            except (BotoCoreError, ClientError) as error:
                # As with the driver: the container runs on, its lines are lost.
                _LOG.warning("%s did not take log events: %s", self._group, error)


def _options(definition: Mapping[str, Any]) -> Mapping[str, str]:
    configuration = definition.get("logConfiguration", {})
    if configuration.get("logDriver") != "awslogs":
        return {}
    options: Mapping[str, str] = configuration["options"]
    return options


def _line(raw: bytes) -> Line:
    """Return one line of Docker's output: `2026-11-29T05:00:00.123456789Z text`."""
    stamp, _, text = raw.decode(errors="replace").rstrip("\r").partition(" ")
    whole, _, fraction = stamp.rstrip("Z").partition(".")
    seconds = int(datetime.fromisoformat(f"{whole}+00:00").timestamp())
    return Line(seconds * 1_000_000_000 + int(fraction.ljust(9, "0") or 0), text)


def _split(text: str) -> Iterator[str]:
    """Yield a line in pieces that are events; an empty one yields none."""
    raw = text.encode()
    while raw:
        end = min(len(raw), LARGEST_LINE)
        while end < len(raw) and raw[end] & _TOP_BITS == _CONTINUES:
            end -= 1
        yield raw[:end].decode()
        raw = raw[end:]
