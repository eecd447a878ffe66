"""Requests to the environment, by HTTP and HTTPS on loopback; redirects are answers here."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Final, Self

HOST: Final = "localhost"
_AT_ONCE: Final = 512


@dataclass(frozen=True)
class Answer:
    """Status, headers with names in lower case, body."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def node(self) -> str:
        """Return the address of the node that answered, as the local balancer tells it."""
        return _parts(self.headers.get("x-balancer-asked", ""))[-1]

    @property
    def repeated(self) -> bool:
        """Tell whether a node was sent the request, or a part of it, and another answered.

        The local balancer asks again where AWS's answers 502: such a request was lost, but for the
        one who sent it. A node that could not be connected to was sent nothing.
        """
        *before, _ = _parts(self.headers.get("x-balancer-sent", ""))
        return any(sent not in {"", "-", "0"} for sent in before)


@dataclass(frozen=True, kw_only=True)
class Client:
    """A client of one port: HTTPS where it has a file of authorities, plain HTTP where not.

    `seconds` bound each wait for the other side.
    """

    port: int
    ca_file: Path | None = None
    seconds: float = 10.0

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
    ) -> Answer:
        """Send one request on a connection of its own.

        Raises:
            OSError: There is no answer, or only a part of one.
        """
        connection = self._connection()
        try:
            connection.request(method, path, headers=dict(headers or {}), body=body)
            found = connection.getresponse()
            given = {name.lower(): value for name, value in found.getheaders()}
            return Answer(found.status, given, found.read().decode(errors="replace"))
        except http.client.HTTPException as error:
            raise OSError(f"{type(error).__name__} {error}".strip()) from error
        finally:
            connection.close()

    def status(self, path: str) -> int | None:
        """Return an answer's status, or `None` where there is no answer."""
        try:
            return self.ask(path).status
        except OSError:
            return None

    def serves(self, path: str) -> bool:
        """Tell whether the answer is 200."""
        return self.status(path) == HTTPStatus.OK

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file)

    def _connection(self) -> http.client.HTTPConnection:
        if self.ca_file is None:
            return http.client.HTTPConnection(HOST, self.port, timeout=self.seconds)
        return http.client.HTTPSConnection(
            HOST, self.port, timeout=self.seconds, context=self._trust
        )


class Unfinished:
    """A request that is under way at a node for as long as one likes: its body is still to come.

    It is sent to the node itself; the balancer would keep it until it is whole.
    """

    _BODY: Final = b"a=b"
    _HEAD: Final = (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\n"
    )

    def __init__(self, node: Client) -> None:
        """Send the head."""
        self._socket = socket.create_connection((HOST, node.port), timeout=node.seconds)
        self._socket.sendall(self._HEAD)

    def finished(self) -> str:
        """Send the body, and return the first line of the answer; empty where there is none."""
        try:
            with self._socket, self._socket.makefile("rb") as answer:
                self._socket.sendall(self._BODY)
                return answer.readline().decode(errors="replace").strip()
        except OSError:
            return ""


class Load:
    """Requests at a steady rate, from entry to exit; each has a connection of its own.

    Every request that is sent is accounted for in the end: in `answered`, by the address of the
    node, or in `lost`, with the reason. A request is lost without an answer, with a server's error
    for an answer, and where the balancer had to send it again.
    """

    def __init__(self, client: Client, path: str, rate: float) -> None:
        """Prepare `rate` requests a second for `path`."""
        self._client, self._path, self._pause = client, path, 1 / rate
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=_AT_ONCE)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.sent = 0
        self.late = 0.0
        """Seconds that the latest request was sent behind its time."""
        self.answered: list[str] = []
        self.lost: list[str] = []

    def __enter__(self) -> Self:
        """Start."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and wait for what is under way."""
        self._over.set()
        self._thread.join()
        self._pool.shutdown(wait=True)

    @property
    def under_way(self) -> int:
        """Return the number of requests without an answer so far."""
        return self.sent - len(self.answered) - len(self.lost)

    def _run(self) -> None:
        due = time.monotonic()
        while not self._over.is_set():
            self.sent += 1
            try:
                self._pool.submit(self._one, due)
            except RuntimeError as error:
                self.lost.append(f"not sent: {error}")
            due += self._pause
            time.sleep(max(0.0, due - time.monotonic()))

    def _one(self, due: float) -> None:
        self.late = max(self.late, time.monotonic() - due)
        try:
            answer = self._client.ask(self._path)
        except Exception as error:  # noqa: BLE001 - whatever it was, there is no answer
            self.lost.append(f"{type(error).__name__}: {error}")
            return
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self.lost.append(f"status {answer.status}")
        elif answer.repeated:
            self.lost.append(f"{answer.headers['x-balancer-asked']}: not answered by the first")
        else:
            self.answered.append(answer.node)


def _parts(text: str) -> list[str]:
    """Return what the balancer tells of each node that it asked, one after the other."""
    return [part.strip() for part in text.replace(" : ", ", ").split(",")]
