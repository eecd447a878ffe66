"""Run a Pulumi program without an engine and keep every request it makes.

In preview form ids and computed outputs are unknown, as in `pulumi preview` of a new stack. In
update form they are invented, so that the same program yields a graph in which all is known.
"""

import asyncio
import contextvars
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlparse

import pulumi
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import mocks, rpc
from pulumi.runtime import settings as _settings
from pulumi.runtime import stack as pulumi_stack
from pulumi.runtime.proto import resource_pb2

from perpetual.offline import known
from perpetual.offline.answers import Answer, UnansweredError, question

UNKNOWN: Final = rpc.UNKNOWN
"""Wire form of an unknown value, as inputs show it."""

Invokes = Mapping[str, Answer]
"""Answers to data-source calls, by function token."""

_STACK: Final = "pulumi:pulumi:Stack"
_REFERENCE: Final = "pulumi:pulumi:StackReference"
_FOREIGN: Final = ("/site-packages/", "/dist-packages/", "/lib/python3", "/perpetual/offline/")


T = TypeVar("T")


@dataclass(frozen=True)
class Registration:
    """One resource as the program registered it.

    `outputs` are its state as far as it is known: in preview form the inputs, in update form the
    invented outputs too. `id` is empty while unknown, and for components.
    """

    urn: str
    request: resource_pb2.RegisterResourceRequest
    outputs: struct_pb2.Struct = field(default_factory=struct_pb2.Struct)
    id: str = ""

    @property
    def type(self) -> str:
        """Return the type token, such as `aws:ec2/subnet:Subnet`."""
        return self.request.type

    @property
    def name(self) -> str:
        """Return the logical name."""
        return self.request.name

    @property
    def parent(self) -> str:
        """Return the parent's URN."""
        return self.request.parent

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """Return the inputs as plain values; unknown ones read `UNKNOWN`, secrets are bare."""
        return plain(self.request.object)

    @cached_property
    def state(self) -> dict[str, Any]:
        """Return the outputs as plain values, like `inputs`."""
        return plain(self.outputs)

    @cached_property
    def property_dependencies(self) -> dict[str, list[str]]:
        """Return, for each input, the URNs it was computed from."""
        return {key: list(value.urns) for key, value in self.request.propertyDependencies.items()}

    @cached_property
    def source(self) -> tuple[str, int] | None:
        """Return file and line of the user's code that made the resource.

        The request's own position points into the SDK for providers, so its stack is walked.
        """
        for frame in self.request.stackTrace.frames:
            path = unquote(urlparse(frame.pc.uri).path)
            if path and not any(part in path for part in _FOREIGN):
                return path, frame.pc.line
        return None


@dataclass
class Capture:
    """Everything a program registered, in order, and what it exported.

    `registered_outputs` holds what each component and the stack passed to `register_outputs`, by
    URN: a component that is not in it never called it.
    """

    registrations: list[Registration] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    registered_outputs: dict[str, struct_pb2.Struct] = field(default_factory=dict)
    reads: list[resource_pb2.ReadResourceRequest] = field(default_factory=list)
    root: Registration | None = None

    def of_type(self, token: str) -> list[Registration]:
        """Return the resources of one type, in the order of registration."""
        return [item for item in self.registrations if item.type == token]

    def named(self, name: str) -> Registration:
        """Return the one resource with this logical name; raise `LookupError` otherwise."""
        found = [item for item in self.registrations if item.name == name]
        if len(found) != 1:
            message = f"{len(found)} resources are named {name!r}"
            raise LookupError(message)
        return found[0]


def plain(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Return a message from the wire as plain values; unknown ones read `UNKNOWN`."""
    return {key: _plain(value) for key, value in json_format.MessageToDict(struct).items()}


def _plain(value: Any) -> Any:
    match value:
        case {rpc._special_sig_key: rpc._special_secret_sig}:  # noqa: SLF001 - wire constants
            return _plain(value["value"])
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


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

    def RegisterResource(  # noqa: N802 - the service's spelling
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Record one registration."""
        urn = self.make_urn(request.parent, request.type, request.name)
        _put_in_order(request)
        identifier, outputs = "", request.object
        if self._place and request.custom:
            identifier, outputs = known.invent(urn, request, self._place)
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
        return resource_pb2.ResourceInvokeResponse(**{"return": result})

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


class _Inline(ThreadPoolExecutor):
    """Runs what it is given at once, in the event loop's own thread.

    The SDK sends each request from a pool of threads; with them the order of registration would
    differ from run to run.
    """

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - handed on by the future, as by a thread
            future.set_exception(error)
        return future


def capture(  # noqa: PLR0913 - what an engine passes to a program
    program: Callable[[], object],
    *,
    project: str,
    stack: str,
    config: Mapping[str, str],
    invokes: Invokes,
    secrets: Iterable[str] = (),
    stacks: Mapping[str, Mapping[str, Any]] | None = None,
    known: bool = False,
) -> Capture:
    """Run `program` and return what it registered, in preview form, or update form if `known`.

    `config` maps full keys such as `aws:region` to what the engine would pass: text, or JSON for
    structured values; `secrets` are those of its keys that are encrypted. Exceptions of the
    program propagate.
    """
    monitor = Monitor(invokes, stacks=stacks, place=_place(project, config) if known else None)

    def run() -> None:
        pulumi.runtime.set_all_config(dict(config), list(secrets))
        _settings.configure(
            _settings.Settings(
                project=project,
                stack=stack,
                monitor=monitor,
                dry_run=not known,
                organization="organization",
            )
        )
        _settings.ROOT.set(None)
        _until_done(program)

    contextvars.copy_context().run(run)
    return monitor.capture


def _place(project: str, config: Mapping[str, str]) -> known.Place:
    given = {"account": config.get(f"{project}:account"), "region": config.get("aws:region")}
    return known.Place(**{key: value for key, value in given.items() if value})


def _until_done(program: Callable[[], object]) -> None:
    """Run `program` inside a stack resource until nothing it started is left, as the engine does.

    The loop is its own, so that nothing of one program outlives it; what is still pending after an
    error is dropped without asyncio's complaints, which would hide the error itself.
    """
    loop = asyncio.new_event_loop()
    loop.set_default_executor(_Inline())
    loop.set_exception_handler(lambda _loop, _context: None)
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(pulumi_stack.run_in_stack(lambda: _discard(program())))
    finally:
        pending = asyncio.all_tasks(loop)
        for task in pending:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        asyncio.set_event_loop(None)
        loop.close()


def _discard(_result: object) -> None:
    """Forget what the program returned: the SDK would await it, the engine has nothing to await."""
