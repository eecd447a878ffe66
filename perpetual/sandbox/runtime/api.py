"""AWS's API on loopback: what the sandbox answers itself, in front of moto.

A handler takes a call and returns what boto3 would, or None where moto shall answer; a tap is told
of a call that moto has granted.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

from perpetual.sandbox.runtime import wire
from perpetual.sandbox.runtime.moto_app import Application
from perpetual.sandbox.runtime.wire import Call, Environ, Refused, Scope

Handler = Callable[[Call], Mapping[str, Any] | None]
Streamer = Callable[[Call], Iterable[bytes]]
Tap = Callable[[Call], None]
Key = tuple[str, str]
"""Service and operation; the operation `*` is every one of the service."""

HOST: Final = "127.0.0.1"
EVENT_STREAM: Final = "application/vnd.amazon.eventstream"


@dataclass(frozen=True, kw_only=True)
class Api:
    """A WSGI application of handlers, streamers and taps; whatever they do not know is `beyond`'s.

    Only requests in `region` are handled: a stack is in one, and moto keeps the others apart.
    """

    beyond: Application
    region: str
    handlers: dict[Key, Handler] = field(default_factory=dict)
    streamers: dict[Key, Streamer] = field(default_factory=dict)
    taps: dict[Key, Tap] = field(default_factory=dict)

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        to = wire.scope(environ)
        name = wire.operation(environ) if to and to.region == self.region else None
        if to is None or name is None:
            return self.beyond(environ, start_response)
        key = (to.service, name)
        handler = self.handlers.get(key) or self.handlers.get((to.service, "*"))
        try:
            if handler:
                result = handler(wire.read(environ, to, name))
                if result is not None:
                    return wire.answer(to.service, name, result)(environ, start_response)
            if key in self.streamers:
                events = self.streamers[key](wire.read(environ, to, name))
                return Response(events, headers={"Content-Type": EVENT_STREAM})(
                    environ, start_response
                )
        except Refused as error:
            return wire.refusal(to.service, name, error)(environ, start_response)
        tap = self.taps.get(key) or self.taps.get((to.service, "*"))
        if tap:
            return self._tapped(tap, to, name, environ)(environ, start_response)
        return self.beyond(environ, start_response)

    def _tapped(self, tap: Tap, to: Scope, name: str, environ: Environ) -> Response:
        try:
            call = wire.read(environ, to, name)
        except Refused:
            # Whatever moto says of it, nobody here has to know.
            return Response.from_app(self.beyond, environ)
        said = Response.from_app(self.beyond, environ)
        if said.status_code == HTTPStatus.OK:
            tap(call)
        return said


class _Quiet(WSGIRequestHandler):
    """A handler that streams in chunks, as only HTTP/1.1 does, and writes no line for a request."""

    protocol_version = "HTTP/1.1"
    # Headers and body go out apart; waiting for the client's acknowledgement costs 40 ms each time.
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing."""


@contextmanager
def serving(
    application: Application, *, host: str = HOST, port: int = 0, name: str = "api"
) -> Iterator[int]:
    """Serve an application, each request in a thread of its own; yield the port.

    Raises:
        OSError: The port is taken.
    """
    server = make_server(host, port, application, threaded=True, request_handler=_Quiet)
    assert isinstance(server, ThreadedWSGIServer)  # noqa: S101 - what `threaded` means
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name=name, daemon=True)
    thread.start()
    try:
        yield int(server.server_port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
