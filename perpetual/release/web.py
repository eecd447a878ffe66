"""Requests to the environment, by HTTP and HTTPS on loopback; redirects are answers here."""

import http.client
import ssl
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Self

HOST = "localhost"
_TIMEOUT = 10.0


@dataclass(frozen=True)
class Answer:
    """Status, headers with names in lower case, body."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, kw_only=True)
class Client:
    """A client of one port: HTTPS where it has a file of authorities, plain HTTP where not."""

    port: int
    ca_file: Path | None = None

    def ask(
        self, path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request on a connection of its own.

        Raises:
            OSError: There is no answer.
        """
        connection = self._connection()
        try:
            connection.request(method, path, headers=dict(headers or {}))
            found = connection.getresponse()
            given = {name.lower(): value for name, value in found.getheaders()}
            return Answer(found.status, given, found.read().decode(errors="replace"))
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
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

    def _connection(self) -> http.client.HTTPConnection:
        if self.ca_file is None:
            return http.client.HTTPConnection(HOST, self.port, timeout=_TIMEOUT)
        trust = ssl.create_default_context(cafile=self.ca_file)
        return http.client.HTTPSConnection(HOST, self.port, timeout=_TIMEOUT, context=trust)


class Load:
    """Requests at a steady rate, from `start` to `stop`; each has a connection of its own."""

    def __init__(self, client: Client, path: str, rate: float) -> None:
        """Prepare `rate` requests a second for `path`."""
        self._client, self._path, self._pause = client, path, 1 / rate
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=64)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.sent = 0
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

    def _run(self) -> None:
        due = time.monotonic()
        while not self._over.is_set():
            self._pool.submit(self._one)
            self.sent += 1
            due += self._pause
            time.sleep(max(0.0, due - time.monotonic()))

    def _one(self) -> None:
        try:
            status = self._client.ask(self._path).status
        except OSError as error:
            self.lost.append(str(error) or type(error).__name__)
            return
        if status >= HTTPStatus.BAD_REQUEST:
            self.lost.append(f"status {status}")
