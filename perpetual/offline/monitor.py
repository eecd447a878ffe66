"""The resource monitor: what stands where the engine would, for one program."""

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi import get_project, get_stack
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2

from perpetual.offline import known
from perpetual.offline.answers import Answer, UnansweredError, question
from perpetual.offline.records import UNKNOWN, Capture, Registration, plain

Invokes = Mapping[str, Answer]
"""Answers to data-source calls, by function token."""

_STACK: Final = "pulumi:pulumi:Stack"
_REFERENCE: Final = "pulumi:pulumi:StackReference"


class _NoMocks(mocks.Mocks):
    """Stands where the SDK's monitor wants its mocks; nothing reaches it."""

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise NotImplementedError(args.token)

    def new_resource(self, args: mocks.MockResourceArgs) -> Any:
        raise NotImplementedError(args.typ)


class Monitor(mocks.MockMonitor):
    """A resource monitor that records requests and answers like an engine would.

    `stacks` are other stacks' outputs by name, for stack references; a `place` asks for the update
    form, with resources that live there.
    """

    def __init__(
        self,
        invokes: Invokes,
        *,
        stacks: Mapping[str, Mapping[str, Any]] | None = None,
        place: known.Place | None = None,
    ) -> None:
        """Start with nothing recorded."""
        super().__init__(_NoMocks())
        self.capture = Capture()
        self._invokes = invokes
        self._stacks = stacks or {}
        self._place = place

    @property
    def previews(self) -> bool:
        """Tell whether ids and outputs are unknown, as in a preview."""
        return self._place is None

    def answer(
        self, urn: str, request: resource_pb2.RegisterResourceRequest
    ) -> tuple[str, struct_pb2.Struct]:
        """Return id and outputs of a custom resource; the id is empty while it is unknown."""
        if self._place is None:
            return "", request.object
        return known.invent(urn, request, self._place)

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """Return a URN as the engine makes it: with the types of all ancestors but the stack.

        The SDK's mocks keep the nearest one only, so that two resources could share a URN.
        """
        above = parent.split("::")[2] if parent else _STACK
        qualified = type_ if above == _STACK else f"{above}${type_}"
        return f"urn:pulumi:{get_stack()}::{get_project()}::{qualified}::{name}"

    def RegisterResource(  # noqa: N802 - the service's spelling
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Record one registration."""
        urn = self.make_urn(request.parent, request.type, request.name)
        _put_in_order(request)
        identifier, outputs = self.answer(urn, request) if request.custom else ("", request.object)
        registration = Registration(urn, request, outputs, identifier)
        if request.type == _STACK:
            self.capture.root = registration
        else:
            self.capture.registrations.append(registration)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identifier, object=outputs)

    def RegisterResourceOutputs(  # noqa: N802 - the service's spelling
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        """Record what a component, or the stack itself, gives out."""
        self.capture.registered_outputs[request.urn] = request.outputs
        if self.capture.root and request.urn == self.capture.root.urn:
            self.capture.outputs = plain(request.outputs)
        return empty_pb2.Empty()

    def ReadResource(  # noqa: N802 - the service's spelling
        self, request: resource_pb2.ReadResourceRequest
    ) -> resource_pb2.ReadResourceResponse:
        """Record a read; another stack's outputs are what was answered, or unknown."""
        self.capture.reads.append(request)
        state = dict(json_format.MessageToDict(request.properties))
        if request.type == _REFERENCE:
            state["outputs"] = self._stack_outputs(request.id)
            state["secretOutputNames"] = []
        return resource_pb2.ReadResourceResponse(
            urn=self.make_urn(request.parent, request.type, request.name),
            properties=json_format.ParseDict(state, struct_pb2.Struct()),
        )

    def Invoke(  # noqa: N802 - the service's spelling
        self, request: resource_pb2.ResourceInvokeRequest
    ) -> resource_pb2.ResourceInvokeResponse:
        """Answer a data-source call; raise `UnansweredError` where there is no answer."""
        arguments = plain(request.args)
        answer = self._invokes.get(request.tok)
        if answer is None:
            raise UnansweredError(question(request.tok, arguments), arguments)
        result = json_format.ParseDict(answer(arguments), struct_pb2.Struct())
        response = resource_pb2.ResourceInvokeResponse()
        getattr(response, "return").CopyFrom(result)  # a keyword of Python
        return response

    def _stack_outputs(self, reference: str) -> Any:
        for name in (reference, reference.rsplit("/", 1)[-1]):
            if name in self._stacks:
                return dict(self._stacks[name])
        if self._place:
            asked = f"the outputs of stack {reference!r}"
            raise UnansweredError(asked, {"stack": reference})
        return UNKNOWN


def _put_in_order(request: resource_pb2.RegisterResourceRequest) -> None:
    """Sort what the SDK keeps in sets, so that two runs of a program make equal requests."""
    request.dependencies.sort()
    for dependencies in request.propertyDependencies.values():
        dependencies.urns.sort()
