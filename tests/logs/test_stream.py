"""Live Tail over a connection: a server on loopback that speaks AWS's event stream."""

import binascii
import json
import struct
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from perpetual.aws.session import Clients
from perpetual.logs import release, requests
from perpetual.logs.reading import Reader
from perpetual.logs.tail import Closed, Tail
from tests.status.given import HERE, stack

SOURCE = requests.source(stack(), task="0af3", pattern="ERROR")
PATIENCE = 120.0


def frame(payload: dict[str, Any], **headers: str) -> bytes:
    """Return a message of an event stream.

    https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html
    """
    encoded = b""
    for name, value in headers.items():
        key = f":{name.replace('_', '-')}".encode()
        text = value.encode()
        # The name, the type of a string, the value.
        encoded += struct.pack("!B", len(key)) + key + b"\x07" + struct.pack("!H", len(text)) + text
    body = json.dumps(payload).encode()
    prelude = struct.pack("!II", 16 + len(encoded) + len(body), len(encoded))
    message = prelude + struct.pack("!I", binascii.crc32(prelude)) + encoded + body
    return message + struct.pack("!I", binascii.crc32(message))


def event(kind: str, payload: dict[str, Any]) -> bytes:
    """Return an event."""
    return frame(payload, message_type="event", event_type=kind, content_type="application/json")


def update(*messages: str) -> bytes:
    """Return an update with these lines."""
    results = [
        {"logStreamName": "web/release/0af3", "timestamp": 1, "message": message}
        for message in messages
    ]
    return event(
        "sessionUpdate", {"sessionMetadata": {"sampled": False}, "sessionResults": results}
    )


def failure(kind: str) -> bytes:
    """Return a fault that is sent within the stream."""
    return frame({"message": "why"}, message_type="exception", exception_type=kind)


START = event("initial-response", {}) + event("sessionStart", {"sessionId": "s"})

Send = Callable[[bytes], None]


class Server:
    """Answers each request as a test says."""

    def __init__(self, answer: Callable[[Send], None]) -> None:
        """Listen on loopback."""
        self.asked: list[dict[str, Any]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                server.asked.append(json.loads(self.rfile.read(length)))
                self.send_response(200)
                self.send_header("content-type", "application/vnd.amazon.eventstream")
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                answer(self._send)
                self.close_connection = True

            def _send(self, some: bytes) -> None:
                self.wfile.write(f"{len(some):x}\r\n".encode() + some + b"\r\n")
                self.wfile.flush()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Listen no longer."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[Send], None]], Server]]:
    """Return what starts a server."""
    started: list[Server] = []

    def start(answer: Callable[[Send], None]) -> Server:
        started.append(Server(answer))
        return started[-1]

    yield start
    for server in started:
        server.close()


def tail(server: Server) -> Tail:
    """Return a tail that has a session with the server."""
    clients = Clients(region=HERE.region, endpoint=server.endpoint)
    return Tail(
        reader=Reader(clients, SOURCE),
        session=lambda: release.session(clients, SOURCE),
        since=0,
        show=lambda _: True,
        reads=lambda: True,
        say=lambda _: None,
    )


def test_lines_come_one_update_after_another(
    serve: Callable[[Callable[[Send], None]], Server],
) -> None:
    """Each as soon as it is sent: the next one waits for the one before to have arrived."""
    arrived = threading.Event()

    def answer(send: Send) -> None:
        send(START)
        send(update("one"))
        assert arrived.wait(PATIENCE)
        send(update("two", "three"))
        send(b"")

    server = serve(answer)
    clients = Clients(region=HERE.region, endpoint=server.endpoint)
    found = []
    for sent in release.session(clients, SOURCE):
        found += [raw["message"] for raw in sent.get("sessionUpdate", {}).get("sessionResults", ())]
        if found:
            arrived.set()
    assert found == ["one", "two", "three"]
    assert server.asked == [requests.tail(SOURCE).request]


@pytest.mark.parametrize(
    ("end", "why"),
    [
        (b"", "it ended"),
        (b"cut", "the connection broke"),
        (failure("SessionTimeoutException"), "it ended"),
        (failure("SessionStreamingException"), "AWS refused StartLiveTail"),
    ],
    ids=["ended", "cut", "timed out", "failed"],
)
def test_a_session_s_end_is_understood(
    serve: Callable[[Callable[[Send], None]], Server], end: bytes, why: str
) -> None:
    """Its own, the connection's, after three hours, and a fault of AWS's: another may be tried."""

    def answer(send: Send) -> None:
        send(START)
        if end != b"cut":
            send(end)
            send(b"")

    found, lasting = tail(serve(answer))._one_session()  # noqa: SLF001 - the rest needs a minute of real time
    assert found.startswith(why)
    assert lasting


@pytest.mark.parametrize("sent", [[], [START, b"<html>" * 10]], ids=["nothing", "something else"])
def test_what_is_no_event_stream_ends_the_session_only(
    serve: Callable[[Callable[[Send], None]], Server], sent: list[bytes]
) -> None:
    """A proxy between may answer what it likes: the lines are read then, and it is tried again."""

    def answer(send: Send) -> None:
        for some in sent:
            send(some)
        send(b"")

    found, lasting = tail(serve(answer))._one_session()  # noqa: SLF001 - as above
    assert found.startswith("the answer is no event stream")
    assert lasting


def test_silence_is_a_broken_connection(
    monkeypatch: pytest.MonkeyPatch, serve: Callable[[Callable[[Send], None]], Server]
) -> None:
    """AWS sends an update every second, empty or not."""
    monkeypatch.setattr(release, "SILENCE", 0.2)
    over = threading.Event()

    def answer(send: Send) -> None:
        send(START)
        over.wait(PATIENCE)

    try:
        found, lasting = tail(serve(answer))._one_session()  # noqa: SLF001 - as above
    finally:
        over.set()
    assert found == "the connection broke: ReadTimeoutError"
    assert lasting
    assert Closed(found, 1.0).why == found
