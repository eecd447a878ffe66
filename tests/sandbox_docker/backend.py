"""A tiny HTTP server that stands in for a task behind the balancer."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Backend:
    """A server on a port of its own that answers with its name, and for its health as it is told.

    `pause` is how long it takes over each answer, `busy` how many it is busy with.
    """

    def __init__(self, host: str, name: str) -> None:
        """Serve at once."""
        self.name = name
        self.health = 200
        self.pause = 0.0
        self.busy = 0
        self.requests: list[dict[str, str]] = []
        backend = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                backend.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self._server.daemon_threads = True
        # A balancer that hangs up is none of anybody's business here.
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        checked = request.path == "/health"
        if not checked:
            self.requests.append({name.lower(): value for name, value in request.headers.items()})
            self.busy += 1
        time.sleep(self.pause)
        body = self.name.encode()
        request.send_response(self.health if checked else 200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
        if not checked:
            self.busy -= 1

    def close(self) -> None:
        """Stop listening; doing so twice is harmless."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
