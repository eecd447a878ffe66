"""Something that is looked at again and again, in a thread of its own."""

import logging
import threading
from abc import ABC, abstractmethod

_LOG = logging.getLogger(__name__)


class Rounds(ABC):
    """Looks again and again; whatever one look comes to, the next may fare better."""

    def __init__(self, name: str, period: float) -> None:
        """Prepare; `name` is the thread's, `period` the seconds between two looks."""
        self._period = period
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._over.set()
        self._thread.join()

    @abstractmethod
    def _look(self) -> None:
        """Look once."""

    def _run(self) -> None:
        while not self._over.wait(self._period):
            try:
                self._look()
            except Exception:  # noqa: BLE001 - as the class says
                _LOG.exception("%s: a look failed", self._thread.name)
