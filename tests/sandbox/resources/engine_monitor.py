"""What an engine does with each resource that a program registers."""

from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

import grpc
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, resource_pb2, status_pb2

from perpetual.offline.monitor import Monitor
from tests.sandbox.resources.engine_session import (
    SECONDS,
    Resource,
    Session,
    UpdateError,
    explained,
    name_of,
)

_PROVIDERS: Final = "pulumi:providers:"
_DETAILS: Final = "grpc-status-details-bin"
_SOME: Final = provider_pb2.DiffResponse.DIFF_SOME


class Step(StrEnum):
    """What the engine does about a resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    SAME = "same"


class Running(Monitor):
    """A resource monitor that takes a step for each registration."""

    def __init__(self, state: dict[str, Resource], session: Session, *, dry: bool) -> None:
        """Start with nothing registered."""
        super().__init__({})
        self.registered: set[str] = set()
        self.steps: dict[str, Step] = {}
        self.differences: dict[str, dict[str, str]] = {}
        self._state = state
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
        answered = stub.Invoke(asked, timeout=SECONDS)
        response = resource_pb2.ResourceInvokeResponse()
        getattr(response, "return").CopyFrom(getattr(answered, "return"))
        return response

    def answer(
        self, urn: str, request: resource_pb2.RegisterResourceRequest
    ) -> tuple[str, struct_pb2.Struct]:
        """Take a step, and return the resource's id and outputs."""
        if request.type.startswith(_PROVIDERS):
            return self._configure(urn, request)
        old = self._state.get(urn)
        stub = self._session.of(request.provider, request.type)
        wanted = _ignoring(request, old)
        checked = self._check(stub, urn, wanted, old.inputs if old else None)
        made = self._step(stub, urn, request, checked, old)
        if not self._dry:
            self._state.pop(urn, None)
            self._state[urn] = made
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
            timeout=SECONDS,
        )
        if found.failures:
            raise UpdateError(f"{name_of(urn)}: {found.failures[0].reason}")
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
            timeout=SECONDS,
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
            made = stub.Create(asked, timeout=SECONDS)
        except grpc.RpcError as error:
            self._keep_half_made(error, blank)
            message = f"{name_of(blank.urn)}: {error.details()}"
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
            self._state[blank.urn] = replace(
                blank, id=half.id, outputs=half.properties, broken=tuple(half.reasons)
            )

    def _update(
        self, stub: provider_pb2_grpc.ResourceProviderStub, blank: Resource, old: Resource
    ) -> Resource:
        with explained(blank.urn):
            made = stub.Update(
                provider_pb2.UpdateRequest(
                    id=old.id,
                    urn=blank.urn,
                    olds=old.outputs,
                    old_inputs=old.inputs,
                    news=blank.inputs,
                    preview=self._dry,
                ),
                timeout=SECONDS,
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
            raise UpdateError(f"{name_of(blank.urn)}: protected")
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
        gone = [item for urn, item in self._state.items() if urn not in kept]
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
