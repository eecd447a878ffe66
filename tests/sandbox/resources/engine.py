"""A client of the provider protocol that acts like Pulumi's engine, for this program.

It keeps a state, reads it first (`refresh: always`), runs the program against its own resource
monitor, and calls Check, Diff, then Create, Update, or both Create and Delete, in the order in
which the program registers. What it leaves out: aliases, targets, hooks, and the cascade of
replacements that follows where something must be deleted before it is replaced.

https://www.pulumi.com/docs/iac/concepts/how-pulumi-works/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, Self

import grpc
from google.protobuf import struct_pb2
from pulumi.runtime.proto import (
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    resource_pb2,
    status_pb2,
)

from perpetual.offline import program
from perpetual.offline.capture import Capture
from perpetual.offline.monitor import Monitor
from perpetual.offline.preview import Plan
from perpetual.sandbox.fronts import wire
from tests.support.stacks import restored

_PROVIDERS: Final = "pulumi:providers:"
_DETAILS: Final = "grpc-status-details-bin"
_SECONDS: Final = 120
_SOME: Final = provider_pb2.DiffResponse.DIFF_SOME


class Step(StrEnum):
    """What the engine does about a resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    SAME = "same"


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


@dataclass(frozen=True)
class Outcome:
    """What a run did or would do.

    `drift` is what reading the resources first brought to light, by logical name; `steps` and the
    `differences` behind them are by URN.
    """

    drift: dict[str, set[str]]
    steps: dict[str, Step]
    differences: dict[str, dict[str, str]]
    capture: Capture

    @property
    def changed(self) -> dict[str, Step]:
        """Return the steps that do something, by logical name."""
        return {_name(urn): step for urn, step in self.steps.items() if step is not Step.SAME}


class Connection:
    """One configured provider: a connection of its own, as the engine has it."""

    def __init__(self, port: int, inputs: struct_pb2.Struct, urn: str = "") -> None:
        """Connect, attach, and configure."""
        options = [("grpc.use_local_subchannel_pool", 1)]
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}", options)
        self.stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
        shaken = self.stub.Handshake(
            provider_pb2.ProviderHandshakeRequest(engine_address="127.0.0.1:1"), timeout=_SECONDS
        )
        assert shaken.accept_secrets
        self.stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1"), timeout=_SECONDS)
        self.stub.Configure(
            provider_pb2.ConfigureRequest(args=inputs, acceptSecrets=True, urn=urn),
            timeout=_SECONDS,
        )

    def close(self) -> None:
        """Disconnect."""
        self._channel.close()


@dataclass
class Engine:
    """A state, and the means to bring it to what a program wants; one at a time."""

    ports: Mapping[str, int]
    region: str
    state: dict[str, Resource] = field(default_factory=dict)
    """By URN, in an order in which each comes after what it depends on."""

    def preview(self, planned: Plan) -> Outcome:
        """Say what `up` would do, with unknown values where nobody can know yet."""
        return self._run(planned, previews=True)

    def up(self, planned: Plan) -> Outcome:
        """Bring the stack to what the program wants.

        Raises:
            UpdateError: A step failed; those before it are done.
        """
        return self._run(planned, previews=False)

    def refresh(self) -> dict[str, set[str]]:
        """Read every resource; return what of it was not as the state had it, by logical name.

        An output is written `output name`, for a difference of an output alone is no harm.
        """
        drift: dict[str, set[str]] = {}
        with _Session(self) as session:
            for urn, item in list(self.state.items()):
                found = session.read(item)
                if found is None:
                    del self.state[urn]
                    drift[_name(urn)] = {"gone"}
                    continue
                inputs = _different(item.arguments, found.arguments)
                outputs = _different(item.state, found.state) - inputs
                self.state[urn] = found
                if inputs or outputs:
                    drift[_name(urn)] = inputs | {f"output {key}" for key in outputs}
        return drift

    def destroy(self) -> None:
        """Delete everything, last first.

        Raises:
            UpdateError: Something is protected, or could not be deleted.
        """
        with _Session(self) as session:
            session.delete_all(list(self.state.values()))

    def _run(self, planned: Plan, *, previews: bool) -> Outcome:
        drift = self.refresh()
        with _Session(self) as session:
            running = _Running(self, session, dry=previews)
            try:
                with restored():
                    capture = program.run(
                        planned.project,
                        planned.stack,
                        planned.config,
                        planned.answers,
                        monitor=running,
                    )
            finally:
                # What a failed program did not come to stands behind what it did.
                rest = [urn for urn in self.state if urn not in running.registered]
                for urn in rest:
                    self.state[urn] = self.state.pop(urn)
            running.finish()
        return Outcome(drift, running.steps, running.differences, capture)


def _name(urn: str) -> str:
    """Return the logical name."""
    return urn.rpartition("::")[2]


def _different(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    return {key for key in {*before, *after} if before.get(key) != after.get(key)}


class _Session:
    """The connections of one operation."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connections: dict[str, Connection] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._connections.values():
            connection.close()

    def configure(self, reference: str, package: str, inputs: struct_pb2.Struct) -> None:
        """Connect for a provider resource, and keep its arguments for when no program runs."""
        self._connections[reference] = Connection(self._engine.ports[package], inputs, reference)
        _CONFIGURED[reference] = (package, inputs)

    def of(self, reference: str, token: str) -> provider_pb2_grpc.ResourceProviderStub:
        """Return a resource's provider, the package's default one if it names none."""
        if reference not in self._connections:
            if reference in _CONFIGURED:
                self.configure(reference, *_CONFIGURED[reference])
            else:
                package = token.partition(":")[0]
                config = {"region": self._engine.region} if package == "aws" else {}
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
            timeout=_SECONDS,
        )
        if not found.id:
            return None
        return replace(item, id=found.id, inputs=found.inputs, outputs=found.properties)

    def delete_all(self, items: list[Resource]) -> None:
        """Delete resources, last first; what is protected stops it before it begins."""
        guarded = [_name(item.urn) for item in items if item.protect]
        if guarded:
            message = f"{', '.join(guarded)}: protected"
            raise UpdateError(message)
        for item in reversed(items):
            if not item.retain:
                self.delete(item)
            if self._engine.state.get(item.urn) is item:
                del self._engine.state[item.urn]

    def delete(self, item: Resource) -> None:
        """Delete one resource."""
        with _explained(item.urn):
            self.of(item.provider, item.token).Delete(
                provider_pb2.DeleteRequest(
                    id=item.id, urn=item.urn, properties=item.outputs, old_inputs=item.inputs
                ),
                timeout=_SECONDS,
            )


_CONFIGURED: Final[dict[str, tuple[str, struct_pb2.Struct]]] = {}
"""Arguments of the providers that programs registered, as the engine's state would keep them."""


class _explained:  # noqa: N801 - reads as a statement
    """Turns a failed call into an `UpdateError`."""

    def __init__(self, urn: str) -> None:
        self._urn = urn

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _where: object) -> None:
        if isinstance(error, grpc.RpcError):
            message = f"{_name(self._urn)}: {error.details()}"
            raise UpdateError(message) from error


class _Running(Monitor):
    """A resource monitor that takes a step for each registration."""

    def __init__(self, engine: Engine, session: _Session, *, dry: bool) -> None:
        super().__init__({})
        self.registered: set[str] = set()
        self.steps: dict[str, Step] = {}
        self.differences: dict[str, dict[str, str]] = {}
        self._engine = engine
        self._session = session
        self._dry = dry
        self._replaced: list[Resource] = []

    @property
    def previews(self) -> bool:
        """Tell whether nothing is to be done."""
        return self._dry

    def Invoke(  # noqa: N802 - the service's spelling
        self, request: resource_pb2.ResourceInvokeRequest
    ) -> resource_pb2.ResourceInvokeResponse:
        """Pass a data source on to its provider."""
        stub = self._session.of(request.provider, request.tok)
        asked = provider_pb2.InvokeRequest(tok=request.tok, args=request.args)
        answered = stub.Invoke(asked, timeout=_SECONDS)
        response = resource_pb2.ResourceInvokeResponse()
        getattr(response, "return").CopyFrom(getattr(answered, "return"))
        return response

    def answer(
        self, urn: str, request: resource_pb2.RegisterResourceRequest
    ) -> tuple[str, struct_pb2.Struct]:
        """Take a step, and return the resource's id and outputs."""
        if request.type.startswith(_PROVIDERS):
            return self._configure(urn, request)
        old = self._engine.state.get(urn)
        stub = self._session.of(request.provider, request.type)
        wanted = _ignoring(request, old)
        checked = self._check(stub, urn, wanted, old.inputs if old else None)
        made = self._step(stub, urn, request, checked, old)
        if not self._dry:
            self._engine.state.pop(urn, None)
            self._engine.state[urn] = made
            self.registered.add(urn)
        return made.id, made.outputs

    def _configure(
        self, urn: str, request: resource_pb2.RegisterResourceRequest
    ) -> tuple[str, struct_pb2.Struct]:
        package = request.type.removeprefix(_PROVIDERS)
        identifier = f"id-of-{request.name}"
        self._session.configure(f"{urn}::{identifier}", package, request.object)
        return identifier, request.object

    def _check(
        self,
        stub: provider_pb2_grpc.ResourceProviderStub,
        urn: str,
        news: struct_pb2.Struct,
        olds: struct_pb2.Struct | None,
    ) -> struct_pb2.Struct:
        found = stub.Check(
            provider_pb2.CheckRequest(urn=urn, olds=olds, news=news, randomSeed=urn.encode()),
            timeout=_SECONDS,
        )
        if found.failures:
            raise UpdateError(f"{_name(urn)}: {found.failures[0].reason}")
        inputs: struct_pb2.Struct = found.inputs
        return inputs

    def _step(
        self,
        stub: provider_pb2_grpc.ResourceProviderStub,
        urn: str,
        request: resource_pb2.RegisterResourceRequest,
        checked: struct_pb2.Struct,
        old: Resource | None,
    ) -> Resource:
        blank = Resource(
            urn=urn,
            id="",
            provider=request.provider,
            inputs=checked,
            outputs=struct_pb2.Struct(),
            protect=request.protect,
            retain=request.retainOnDelete,
        )
        if old is None:
            self.steps[urn] = Step.CREATE
            return self._create(stub, blank)
        found = stub.Diff(
            provider_pb2.DiffRequest(
                id=old.id,
                urn=urn,
                olds=old.outputs,
                old_inputs=old.inputs,
                news=checked,
                ignoreChanges=request.ignoreChanges,
            ),
            timeout=_SECONDS,
        )
        if found.changes != _SOME and not old.broken:
            self.steps[urn] = Step.SAME
            return replace(blank, id=old.id, outputs=old.outputs)
        kind = provider_pb2.PropertyDiff.Kind
        self.differences[urn] = {
            path: kind.Name(item.kind) for path, item in found.detailedDiff.items()
        }
        if found.replaces:
            first = (
                request.deleteBeforeReplace
                if request.deleteBeforeReplaceDefined
                else found.deleteBeforeReplace
            )
            return self._replace(stub, blank, old, request, first=first)
        self.steps[urn] = Step.UPDATE
        return self._update(stub, blank, old)

    def _create(self, stub: provider_pb2_grpc.ResourceProviderStub, blank: Resource) -> Resource:
        asked = provider_pb2.CreateRequest(
            urn=blank.urn, properties=blank.inputs, preview=self._dry
        )
        try:
            made = stub.Create(asked, timeout=_SECONDS)
        except grpc.RpcError as error:
            self._keep_half_made(error, blank)
            message = f"{_name(blank.urn)}: {error.details()}"
            raise UpdateError(message) from error
        assert bool(made.id) is not self._dry
        return replace(blank, id=made.id, outputs=made.properties)

    def _keep_half_made(self, error: Any, blank: Resource) -> None:
        for key, value in error.trailing_metadata() or ():
            if key != _DETAILS:
                continue
            status = status_pb2.Status.FromString(value)
            half = provider_pb2.ErrorResourceInitFailed()
            assert status.details[0].Unpack(half)
            self.registered.add(blank.urn)
            self._engine.state[blank.urn] = replace(
                blank, id=half.id, outputs=half.properties, broken=tuple(half.reasons)
            )

    def _update(
        self, stub: provider_pb2_grpc.ResourceProviderStub, blank: Resource, old: Resource
    ) -> Resource:
        with _explained(blank.urn):
            made = stub.Update(
                provider_pb2.UpdateRequest(
                    id=old.id,
                    urn=blank.urn,
                    olds=old.outputs,
                    old_inputs=old.inputs,
                    news=blank.inputs,
                    preview=self._dry,
                ),
                timeout=_SECONDS,
            )
        return replace(blank, id=old.id, outputs=made.properties)

    def _replace(
        self,
        stub: provider_pb2_grpc.ResourceProviderStub,
        blank: Resource,
        old: Resource,
        request: resource_pb2.RegisterResourceRequest,
        *,
        first: bool,
    ) -> Resource:
        self.steps[blank.urn] = Step.REPLACE
        if old.protect:
            raise UpdateError(f"{_name(blank.urn)}: protected")
        anew = replace(blank, inputs=self._check(stub, blank.urn, request.object, None))
        if not self._dry:
            if first:
                self._session.delete(old)
            else:
                self._replaced.append(old)
        return self._create(stub, anew)

    def finish(self) -> None:
        """Delete what was replaced, and what the program no longer registers."""
        kept = {item.urn for item in self.capture.registrations}
        gone = [item for urn, item in self._engine.state.items() if urn not in kept]
        self.steps.update({item.urn: Step.DELETE for item in gone})
        if not self._dry:
            self._session.delete_all(gone)
            for item in reversed(self._replaced):
                self._session.delete(item)


def _ignoring(
    request: resource_pb2.RegisterResourceRequest, old: Resource | None
) -> struct_pb2.Struct:
    """Return the arguments with those whose changes are ignored as the state has them."""
    wanted = struct_pb2.Struct()
    wanted.CopyFrom(request.object)
    for path in request.ignoreChanges if old else ():
        assert "." not in path
        if old and path in old.inputs.fields:
            wanted.fields[path].CopyFrom(old.inputs.fields[path])
        elif path in wanted.fields:
            del wanted.fields[path]
    return wanted


def secrets(item: Resource) -> Iterator[str]:
    """Yield the names of a resource's outputs that are marked as secret."""
    yield from wire.read(item.outputs)[1]
