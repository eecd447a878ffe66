"""What happens to a sandbox's containers, as Docker tells it: none of it is missed."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from perpetual.sandbox.runtime import docker_api
from perpetual.sandbox.runtime.docker_api import Client
from perpetual.sandbox.runtime.labels import Labels

_LOG = logging.getLogger(__name__)

_PAUSE: Final = 0.1
_NANOSECOND: Final = 1e-9


class Events:
    """Follows Docker's events in a thread of its own; where they break off, from there on."""

    def __init__(
        self, client: Client, labels: Labels, happened: Callable[[Mapping[str, Any]], None]
    ) -> None:
        """Prepare; `happened` is told of each event."""
        self._client = client
        self._labels = labels
        self._happened = happened
        self._over = threading.Event()
        self._stream: Any = None

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._run, name="events", daemon=True).start()

    def close(self) -> None:
        """End."""
        self._over.set()
        if self._stream:
            self._stream.close()

    def _run(self) -> None:
        since = time.time()
        while not self._over.is_set():
            try:
                self._stream = docker_api.events(self._client, self._labels, since)
                for event in self._stream:
                    since = event["timeNano"] * _NANOSECOND + _NANOSECOND
                    self._tell(event)
            # Whatever it is: urllib3's faults, for one, are neither Docker's nor the system's.
            except Exception:  # noqa: BLE001 - without its events a sandbox stands still
                if not self._over.wait(_PAUSE):
                    _LOG.exception("Docker's events broke off: asked for again")

    def _tell(self, event: Mapping[str, Any]) -> None:
        try:
            self._happened(event)
        except Exception:  # noqa: BLE001 - the next event is told nevertheless
            _LOG.exception("an event of Docker's was not taken")
