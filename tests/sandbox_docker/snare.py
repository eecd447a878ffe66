"""A way to AWS on which one request is waited for: taken to AWS, and never answered.

Whoever made it can then be killed at a moment that is the same on every machine.
"""

import http.client
import json
import subprocess
import threading
import urllib.parse
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self

from tests.sandbox_docker.support import until

_SECONDS: Final = 120.0

Match = Callable[[str, dict[str, Any]], bool]
"""Told an operation and its request, tells whether to answer it no more."""


class Snare:
    """A proxy on loopback, from entry to exit."""

    def __init__(self, endpoint: str, match: Match) -> None:
        """Lead to `endpoint`, up to the first request that `match` knows."""
        self._there = urllib.parse.urlsplit(endpoint).netloc
        self._match = match
        self._caught, self._over = threading.Event(), threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def endpoint(self) -> str:
        """Return the address that stands for AWS."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def wait(self) -> None:
        """Wait until AWS has done what is not heard of."""
        assert self._caught.wait(_SECONDS)

    def kill(self, process: subprocess.Popen[str]) -> str:
        """Kill a process once AWS has done what it is not to hear of; return what it wrote."""
        until("it has come so far", lambda: self._caught.is_set() or process.poll() is not None)
        process.kill()
        written, _ = process.communicate()
        assert self._caught.is_set(), written
        return written

    def __enter__(self) -> Self:
        """Begin to lead on."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of whoever still waits."""
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        snare = self

        class Handler(BaseHTTPRequestHandler):
            """Leads one request on."""

            def do_POST(self) -> None:
                """Take it to AWS, and its answer back if it is not the one."""
                body = self.rfile.read(int(self.headers["Content-Length"]))
                there = http.client.HTTPConnection(snare._there, timeout=_SECONDS)
                try:
                    there.request("POST", self.path, body, dict(self.headers))
                    said = there.getresponse()
                    answer = said.read()
                finally:
                    there.close()
                if snare._is_it(self.headers.get("X-Amz-Target", ""), body):
                    self.close_connection = True
                    return
                # Not `send_response`: it adds a date of its own, and a client has to see one.
                self.send_response_only(said.status)
                for name in ("Content-Type", "Date", "x-amzn-RequestId"):
                    if said.headers[name]:
                        self.send_header(name, said.headers[name])
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - http.server's name
                """Keep the tests' output clean."""

        return Handler

    def _is_it(self, target: str, body: bytes) -> bool:
        """Tell whether a request is the one; if so, once it need not be waited for any more."""
        operation = target.rpartition(".")[2]
        if self._caught.is_set() or not operation:
            return self._caught.is_set()
        if not self._match(operation, json.loads(body)):
            return False
        self._caught.set()
        self._over.wait(_SECONDS)
        return True
