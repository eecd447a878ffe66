"""Provider servers on loopback, for engines to attach to."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from perpetual.sandbox.resources.cloud import Cloud

VARIABLE: Final = "PULUMI_DEBUG_PROVIDERS"
"""Variable by which an engine attaches to providers that run already, instead of starting its own.

https://www.pulumi.com/docs/iac/cli/environment-variables/
"""
_HOST: Final = "127.0.0.1"
_WORKERS: Final = 16
"""Calls at once in each server: an engine makes as many as it has processors, four times over."""


@contextmanager
def serving(cloud: Cloud, ports: Mapping[str, int] | None = None) -> Iterator[dict[str, int]]:
    """Serve the provider of each package; yield their ports, chosen here unless `ports` says.

    Raises:
        RuntimeError: A port is taken.
    """
    import grpc  # noqa: PLC0415 - loads slowly, and only the sandbox needs it

    from perpetual.sandbox.fronts import protocol  # noqa: PLC0415 - as above

    found = {}
    with ExitStack() as running:
        for package in protocol.PACKAGES:
            pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix=package)
            # Otherwise two servers share a port, and each answers some of the other's engine.
            server = grpc.server(pool, options=[("grpc.so_reuseport", 0)])
            protocol.register(server, package, cloud)
            wanted = (ports or {}).get(package, 0)
            found[package] = server.add_insecure_port(f"{_HOST}:{wanted}")
            server.start()
            running.callback(_stop, server)
        yield found


def _stop(server: Any) -> None:
    server.stop(None).wait()


def line(ports: Mapping[str, int]) -> str:
    """Return the one line that makes a shell's `pulumi` attach to these providers."""
    listed = ",".join(f"{package}:{port}" for package, port in ports.items())
    return f"export {VARIABLE}={listed}"
