"""A client of the provider protocol, for tests of single calls."""

from collections.abc import Mapping
from typing import Any, Final

from pulumi.runtime.proto import provider_pb2

from perpetual.sandbox.fronts import wire
from tests.sandbox.resources.engine_session import Connection

GROUP: Final = "aws:cloudwatch/logGroup:LogGroup"


class Client:
    """One provider of one program: plain values in, plain values out."""

    def __init__(self, port: int, config: Mapping[str, Any] | None = None) -> None:
        """Connect and configure."""
        self.connection = Connection(port, wire.write(config or {}))
        self.stub = self.connection.stub

    def check(self, token: str, news: Mapping[str, Any], **more: Any) -> Any:
        """Ask for the arguments as they will be."""
        given = {"olds": wire.write(more.pop("olds", {})), **more}
        return self.stub.Check(
            provider_pb2.CheckRequest(urn=urn(token), news=wire.write(news), **given)
        )

    def checked(self, token: str, news: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments as they will be."""
        return wire.read(self.check(token, news).inputs)[0]

    def create(self, token: str, inputs: Mapping[str, Any], **more: Any) -> Any:
        """Create a resource."""
        secret = more.pop("secret", ())
        return self.stub.Create(
            provider_pb2.CreateRequest(
                urn=urn(token), properties=wire.write(inputs, secret), **more
            )
        )

    def diff(self, token: str, old: Mapping[str, Any], new: Mapping[str, Any], **more: Any) -> Any:
        """Compare arguments."""
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                id="x",
                urn=urn(token),
                olds=wire.write(old),
                old_inputs=wire.write(old),
                news=wire.write(new),
                **more,
            )
        )

    def read(
        self, token: str, identifier: str, state: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> Any:
        """Read a resource."""
        return self.stub.Read(
            provider_pb2.ReadRequest(
                id=identifier,
                urn=urn(token),
                properties=wire.write(state),
                inputs=wire.write(inputs),
            )
        )


def urn(token: str) -> str:
    """Return the URN of a resource of a type."""
    return f"urn:pulumi:dev::shop::perpetual:some:Component${token}::thing"
