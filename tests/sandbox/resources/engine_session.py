"""The connections of an engine to its providers, and the resources of its state."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import grpc
from google.protobuf import struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from perpetual.sandbox.fronts import wire

SECONDS: Final = 120
"""The longest that a call may take."""


class UpdateError(Exception):
    """An update stopped half-way; the state says how far it came."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource of the state; inputs and outputs as they travel, with marks of secrets."""

    urn: str
    id: str
    provider: str
    inputs: struct_pb2.Struct
    outputs: struct_pb2.Struct
    protect: bool = False
    retain: bool = False
    broken: tuple[str, ...] = ()
    """Why it was not made completely: it is updated even if nothing differs."""

    @property
    def token(self) -> str:
        """Return the type."""
        return self.urn.split("::")[2].rpartition("$")[2]

    @property
    def state(self) -> dict[str, Any]:
        """Return the outputs as plain values."""
        return wire.read(self.outputs)[0]

    @property
    def arguments(self) -> dict[str, Any]:
        """Return the inputs as plain values."""
        return wire.read(self.inputs)[0]


def name_of(urn: str) -> str:
    """Return the logical name."""
    return urn.rpartition("::")[2]


def secrets(item: Resource) -> Iterator[str]:
    """Yield the names of a resource's outputs that are marked as secret."""
    yield from wire.read(item.outputs)[1]


class Connection:
    """One configured provider: a connection of its own, as the engine has it."""

    def __init__(self, port: int, inputs: struct_pb2.Struct, urn: str = "") -> None:
        """Connect, attach, and configure."""
        options = [("grpc.use_local_subchannel_pool", 1)]
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}", options)
        self.stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
        shaken = self.stub.Handshake(
            provider_pb2.ProviderHandshakeRequest(engine_address="127.0.0.1:1"), timeout=SECONDS
        )
        assert shaken.accept_secrets
        self.stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1"), timeout=SECONDS)
        self.stub.Configure(
            provider_pb2.ConfigureRequest(args=inputs, acceptSecrets=True, urn=urn),
            timeout=SECONDS,
        )

    def close(self) -> None:
        """Disconnect."""
        self._channel.close()


class explained:  # noqa: N801 - reads as a statement
    """Turns a failed call into an `UpdateError`."""

    def __init__(self, urn: str) -> None:
        """Keep whom it concerns."""
        self._urn = urn

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _where: object) -> None:
        """Say what failed."""
        if isinstance(error, grpc.RpcError):
            message = f"{name_of(self._urn)}: {error.details()}"
            raise UpdateError(message) from error


class Session:
    """The connections of one operation on a state."""

    def __init__(self, ports: Mapping[str, int], region: str, state: dict[str, Resource]) -> None:
        """Start with none."""
        self._ports, self._region, self._state = ports, region, state
        self._connections: dict[str, Connection] = {}

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect."""
        for connection in self._connections.values():
            connection.close()

    def configure(self, reference: str, package: str, inputs: struct_pb2.Struct) -> None:
        """Connect for a provider resource, and keep its arguments for when no program runs."""
        self._connections[reference] = Connection(self._ports[package], inputs, reference)
        _CONFIGURED[reference] = (package, inputs)

    def of(self, reference: str, token: str) -> provider_pb2_grpc.ResourceProviderStub:
        """Return a resource's provider, the package's default one if it names none."""
        if reference not in self._connections:
            if reference in _CONFIGURED:
                self.configure(reference, *_CONFIGURED[reference])
            else:
                package = token.partition(":")[0]
                config = {"region": self._region} if package == "aws" else {}
                reference = f"default {package}"
                if reference not in self._connections:
                    self.configure(reference, package, wire.write(config))
        return self._connections[reference].stub

    def read(self, item: Resource) -> Resource | None:
        """Return a resource as it is now."""
        found = self.of(item.provider, item.token).Read(
            provider_pb2.ReadRequest(
                id=item.id, urn=item.urn, properties=item.outputs, inputs=item.inputs
            ),
            timeout=SECONDS,
        )
        if not found.id:
            return None
        return replace(item, id=found.id, inputs=found.inputs, outputs=found.properties)

    def delete_all(self, items: list[Resource]) -> None:
        """Delete resources, last first; what is protected stops it before it begins."""
        guarded = [name_of(item.urn) for item in items if item.protect]
        if guarded:
            message = f"{', '.join(guarded)}: protected"
            raise UpdateError(message)
        for item in reversed(items):
            if not item.retain:
                self.delete(item)
            if self._state.get(item.urn) is item:
                del self._state[item.urn]

    def delete(self, item: Resource) -> None:
        """Delete one resource."""
        with explained(item.urn):
            self.of(item.provider, item.token).Delete(
                provider_pb2.DeleteRequest(
                    id=item.id, urn=item.urn, properties=item.outputs, old_inputs=item.inputs
                ),
                timeout=SECONDS,
            )


_CONFIGURED: Final[dict[str, tuple[str, struct_pb2.Struct]]] = {}
"""Arguments of the providers that programs registered, as the engine's state would keep them."""
