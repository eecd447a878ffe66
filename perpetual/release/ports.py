"""The ports of an environment on loopback, and whether they can be had."""

import socket
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass

from perpetual.errors import OperatorError


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Ports of balancer and database; the nodes' are whatever is free when they start."""

    http: int = 8080
    https: int = 8443
    database: int = 5433

    @classmethod
    def free(cls) -> "Ports":
        """Return ports that nobody uses now."""
        held = [socket.socket() for _ in range(3)]
        try:
            for one in held:
                one.bind(("127.0.0.1", 0))
            http, https, database = (one.getsockname()[1] for one in held)
        finally:
            for one in held:
                one.close()
        return cls(http=http, https=https, database=database)

    def check(self, own: Callable[[], Collection[int]]) -> None:
        """See that each port is free, or one of those that `own` returns.

        Raises:
            OperatorError: Somebody else has one.
        """
        for name, port in asdict(self).items():
            if not _free(port) and port not in own():
                raise OperatorError(
                    f"port {port} is taken, so {name} cannot be published there",
                    hint=f"Stop what uses it, or choose another with --{name}-port.",
                )


def _free(port: int) -> bool:
    with socket.socket() as one:
        # As servers do: a connection that ended a moment ago is in nobody's way.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
        except PermissionError:
            # Below 1024, where Docker may listen and this process may not.
            return True
        except OSError:
            return False
        return True
