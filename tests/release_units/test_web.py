"""The load of a drain: every request is accounted for, and a lost one never counts as answered."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from perpetual.release.web import Answer, Client, Load

RATE = 200.0
ENOUGH = 20


def answer(asked: str, sent: str) -> Answer:
    """Return an answer that came by way of the local balancer."""
    return Answer(200, {"x-balancer-asked": asked, "x-balancer-sent": sent}, "")


@pytest.mark.parametrize(
    ("asked", "sent", "repeated"),
    [
        ("10.0.0.1:5000", "0", False),
        ("10.0.0.1:5000", "412", False),
        ("10.0.0.1:5000, 10.0.0.2:5000", "0, 412", False),
        ("10.0.0.1:5000, 10.0.0.2:5000", "-, 412", False),
        ("10.0.0.1:5000, 10.0.0.2:5000", "412, 412", True),
        ("10.0.0.1:5000, 10.0.0.2:5000", "412, 0", True),
        ("10.0.0.1:5000, 10.0.0.2:5000, release", "0, 412, 0", True),
    ],
)
def test_a_request_that_was_sent_twice_was_lost_once(
    asked: str, sent: str, *, repeated: bool
) -> None:
    """One that a node was not sent, because it could not be connected to, was not."""
    assert answer(asked, sent).repeated is repeated


def test_the_node_is_the_one_that_answered() -> None:
    """And nobody, where no balancer tells."""
    assert answer("10.0.0.1:5000, 10.0.0.2:5000", "0, 1").node == "10.0.0.2:5000"
    assert Answer(200, {}, "").node == ""
    assert not Answer(200, {}, "").repeated


@contextmanager
def server(handle: type[BaseHTTPRequestHandler]) -> Iterator[Client]:
    """Serve on loopback, and give a client, which waits long unless it is to wait in vain."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handle) as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.01,))
        thread.start()
        yield Client(port=served.server_port, seconds=0.5 if handle is Slow else 60)
        served.shutdown()
        thread.join()


class Quiet(BaseHTTPRequestHandler):
    """Answers 200, and logs nothing."""

    status = 200
    headers_more: tuple[tuple[str, str], ...] = ()

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(self.status)
        for name, value in (*self.headers_more, ("Content-Length", "0")):
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Failing(Quiet):
    """Answers 502."""

    status = 502


class Repeated(Quiet):
    """Answers what another was asked before."""

    headers_more = (("X-Balancer-Asked", "a:1, b:1"), ("X-Balancer-Sent", "9, 0"))


class Silent(Quiet):
    """Takes the request, and says nothing."""

    def do_GET(self) -> None:
        """End the connection."""


class Slow(Quiet):
    """Takes longer than the client waits."""

    def do_GET(self) -> None:
        """Answer too late."""
        time.sleep(1)


class Half(Quiet):
    """Promises more than it sends."""

    def do_GET(self) -> None:
        """Send a part."""
        self.send_response(200)
        self.send_header("Content-Length", "10")
        self.end_headers()
        self.wfile.write(b"half")


def loaded(client: Client) -> Load:
    """Return a load that is over, after enough requests."""
    with Load(client, "/", RATE) as load:
        while load.sent < ENOUGH:
            time.sleep(0.01)
    assert len(load.answered) + len(load.lost) == load.sent
    assert load.under_way == 0
    return load


def test_answered_requests_are_not_lost() -> None:
    """As many as were sent."""
    with server(Quiet) as client:
        load = loaded(client)
    assert load.lost == []


@pytest.mark.parametrize(
    ("handle", "says"),
    [
        (Failing, "status 502"),
        (Repeated, "a:1, b:1: not answered by the first"),
        (Silent, "RemoteDisconnected"),
        (Slow, "timed out"),
        (Half, "IncompleteRead"),
    ],
)
def test_a_request_is_lost(handle: type[BaseHTTPRequestHandler], says: str) -> None:
    """With an error for an answer, a part of one, none, or another node's."""
    with server(handle) as client:
        load = loaded(client)
    assert load.answered == []
    assert {says in one for one in load.lost} == {True}, load.lost[0]


def test_nobody_to_ask_is_a_loss() -> None:
    """Nothing listens any more."""
    with server(Quiet) as client:
        pass
    assert {"refused" in one for one in loaded(client).lost} == {True}


def test_a_mistake_of_the_load_itself_is_a_loss() -> None:
    """It must not vanish in a thread."""

    class Broken(Client):
        def ask(self, *_: object, **__: object) -> Answer:
            raise ValueError("a mistake")

    assert set(loaded(Broken(port=1)).lost) == {"ValueError: a mistake"}


def test_its_rate_does_not_follow_the_answers() -> None:
    """Requests go on being sent while none is answered."""
    with server(Slow) as client, Load(client, "/", RATE) as load:
        while load.under_way < ENOUGH:
            time.sleep(0.01)
        assert load.answered == []
