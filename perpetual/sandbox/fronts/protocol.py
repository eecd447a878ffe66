"""Pulumi's provider protocol on the table: what an engine that attaches to the sandbox talks to.

https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto

Each package has a server of its own, as an engine expects. An engine connects anew for every
provider resource, the default ones included, and configures each; so what was configured belongs to
a connection, not to the server.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from perpetual.sandbox.fronts import wire
from perpetual.sandbox.fronts.answers import changes, difference, explained, schema, token_of
from perpetual.sandbox.fronts.provider import Provider, default_tags
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.dropped import Kept
from perpetual.sandbox.resources.functions import FUNCTIONS
from perpetual.sandbox.resources.table import TABLE

PACKAGES: Final = ("aws", "docker", "random")
"""The packages whose resources the program makes."""


@dataclass
class _Configured:
    """The providers that were configured, by connection, and the last of them."""

    last: Provider
    by_peer: dict[str, Provider] = field(default_factory=dict)

    def of(self, context: grpc.ServicerContext) -> Provider:
        """Return the provider of a connection; a new one is taken for the last that there was."""
        return self.by_peer.get(context.peer(), self.last)

    def configure(self, context: grpc.ServicerContext, provider: Provider) -> None:
        """Keep what a connection configured."""
        self.by_peer[context.peer()] = provider
        self.last = provider


def register(server: grpc.Server, package: str, cloud: Cloud) -> None:
    """Have a server speak the protocol for a package."""
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(package, cloud), server)


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """The provider of one package."""

    def __init__(self, package: str, cloud: Cloud) -> None:
        """Start with nothing configured."""
        self._package = package
        self._cloud = cloud
        self._configured = _Configured(Provider(cloud=cloud, kept=Kept()))

    # --- the provider itself

    def Handshake(  # noqa: N802 - the service's spelling
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Say what this provider takes: marks of secrets, no references."""
        del request, context
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def Attach(  # noqa: N802 - the service's spelling
        self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Let an engine attach; it is never called back."""
        del request, context
        return empty_pb2.Empty()

    def Cancel(  # noqa: N802 - the service's spelling
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Go on: what is under way takes a moment, and the next engine will come."""
        del request, context
        return empty_pb2.Empty()

    def GetPluginInfo(  # noqa: N802 - the service's spelling
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        """Return the version that the program's SDK asks for."""
        del request, context
        return plugin_pb2.PluginInfo(version=version(f"pulumi-{self._package}"))

    def GetSchema(  # noqa: N802 - the service's spelling
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        """Return the types that the table knows, with arguments and outputs of any type."""
        del request, context
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema(self._package)))

    def CheckConfig(  # noqa: N802 - the service's spelling
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Take a provider's arguments as they are."""
        del context
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(  # noqa: N802 - the service's spelling
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Compare a provider's arguments: another region is another provider."""
        del context
        before, _ = wire.read(request.old_inputs)
        after, _ = wire.read(request.news)
        changed = sorted(key for key in before | after if before.get(key) != after.get(key))
        return provider_pb2.DiffResponse(
            changes=changes(changed),
            diffs=changed,
            replaces=[key for key in changed if key == "region"],
        )

    @explained
    def Configure(  # noqa: N802 - the service's spelling
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Keep what one provider resource of the program asks for."""
        config, _ = wire.read(request.args)
        if self._package == "aws":
            self._refuse_elsewhere(config)
        tags = default_tags(config)
        self._configured.configure(context, replace(self._configured.last, default_tags=tags))
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def _refuse_elsewhere(self, config: Mapping[str, Any]) -> None:
        region = config.get("region") or self._cloud.region
        if region != self._cloud.region:
            message = f"the sandbox is in {self._cloud.region}, and the stack in {region}"
            raise ValueError(message)
        allowed = config.get("allowedAccountIds") or [self._cloud.account]
        if isinstance(allowed, str):
            allowed = json.loads(allowed)
        if self._cloud.account not in allowed:
            message = (
                f"the sandbox is account {self._cloud.account}, and the stack's is "
                f"{', '.join(allowed)}"
            )
            raise ValueError(message)

    # --- resources

    @explained
    def Check(  # noqa: N802 - the service's spelling
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Return a resource's arguments as they will be, or what is wrong with them."""
        news, secret = wire.read(request.news)
        if "tags" in secret:
            # The provider's own list repeats them.
            secret |= {"tagsAll"}
        olds, _ = wire.read(request.olds)
        name = request.name or request.urn.rpartition("::")[2]
        inputs, problems = self._configured.of(context).check(
            token_of(request.urn), name, news, olds, request.randomSeed
        )
        failures = [
            provider_pb2.CheckFailure(property=item.argument, reason=item.reason)
            for item in problems
        ]
        return provider_pb2.CheckResponse(inputs=wire.write(inputs, secret), failures=failures)

    @explained
    def Diff(  # noqa: N802 - the service's spelling
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Say what differs, and whether the resource has to be replaced for it."""
        before, _ = wire.read(request.old_inputs)
        after, _ = wire.read(request.news)
        found = self._configured.of(context).compare(
            token_of(request.urn), before, after, frozenset(request.ignoreChanges)
        )
        return difference(found)

    @explained
    def Create(  # noqa: N802 - the service's spelling
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        """Make a resource, or foresee it."""
        token, provider = token_of(request.urn), self._configured.of(context)
        inputs, secret = wire.read(request.properties)
        hidden = secret | TABLE[token].secret
        if request.preview:
            state = wire.write(provider.foreseen(token, inputs), hidden)
            return provider_pb2.CreateResponse(properties=state)
        made = provider.create(token, inputs)
        return provider_pb2.CreateResponse(id=made.id, properties=wire.write(made.state, hidden))

    @explained
    def Read(  # noqa: N802 - the service's spelling
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        """Return a resource as it is now; one that is gone has no id."""
        token = token_of(request.urn)
        state, secret = wire.read(request.properties)
        inputs, secret_inputs = wire.read(request.inputs)
        found = self._configured.of(context).read(token, request.id, state, inputs)
        if found is None:
            return provider_pb2.ReadResponse()
        hidden = secret | TABLE[token].secret
        return provider_pb2.ReadResponse(
            id=found.id,
            properties=wire.write(found.state, hidden),
            inputs=wire.write(found.inputs, secret_inputs | TABLE[token].secret),
        )

    @explained
    def Update(  # noqa: N802 - the service's spelling
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        """Change a resource in place, or foresee it."""
        token, provider = token_of(request.urn), self._configured.of(context)
        state, _ = wire.read(request.olds)
        inputs, secret = wire.read(request.news)
        hidden = secret | TABLE[token].secret
        if request.preview:
            foreseen = wire.write(provider.foreseen_update(token, state, inputs), hidden)
            return provider_pb2.UpdateResponse(properties=foreseen)
        made = provider.update(token, request.id, state, inputs)
        return provider_pb2.UpdateResponse(properties=wire.write(made.state, hidden))

    @explained
    def Delete(  # noqa: N802 - the service's spelling
        self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Remove a resource."""
        state, _ = wire.read(request.properties)
        self._configured.of(context).delete(token_of(request.urn), request.id, state)
        return empty_pb2.Empty()

    @explained
    def Invoke(  # noqa: N802 - the service's spelling
        self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.InvokeResponse:
        """Answer a data source."""
        del context
        arguments, _ = wire.read(request.args)
        function = FUNCTIONS.get(request.tok)
        if function is None:
            message = f"the sandbox has no data source {request.tok}"
            raise LookupError(message)
        response = provider_pb2.InvokeResponse()
        result = wire.write(function(self._cloud, arguments))
        getattr(response, "return").CopyFrom(result)  # a keyword of Python
        return response
