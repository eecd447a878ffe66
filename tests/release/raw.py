"""Requests byte by byte, as no well-behaved client would send them."""

import re
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

SECONDS = 60.0
"""Bound of each wait for the other side; nothing here comes near it."""


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    """Connect to a port on loopback."""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as held:
        yield held


def exchange(port: int, parts: Sequence[bytes], *, pause: float = 0.0) -> list[int]:
    """Send bytes, with a pause after each part, and return the statuses of all answers.

    Nothing is no answer and the connection's end, which is one of the things a server may do. That
    it neither answers nor ends is a failure of the test, as a timeout.
    """
    with connected(port) as held:
        try:
            for part in parts:
                held.sendall(part)
                time.sleep(pause)
            held.shutdown(socket.SHUT_WR)
        except OSError:
            # It has heard enough, and ended the connection.
            pass
        return statuses(rest(held))


def rest(held: socket.socket) -> bytes:
    """Return what comes until the other side ends the connection."""
    came = b""
    try:
        while part := held.recv(65_536):
            came += part
    except ConnectionResetError:
        pass
    return came


def answer(held: socket.socket) -> str:
    """Return one answer, head and body, of a connection that goes on; names are in lower case."""
    came = b""
    while not (found := re.match(rb"(?s)(.*?)\r\n\r\n", came)):
        part = held.recv(65_536)
        assert part, f"the connection ended after {came!r}"
        came += part
    head = found[1].decode().lower()
    size = re.search(r"^content-length: (\d+)", head, re.MULTILINE)
    assert size, head
    while len(came) < found.end() + int(size[1]):
        came += held.recv(65_536)
    return head


def statuses(came: bytes) -> list[int]:
    """Return the status of each answer."""
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", came)]
