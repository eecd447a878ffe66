"""Run a Pulumi program against the SDK's mocks and keep every request it makes.

In preview form ids and computed outputs are unknown, as in `pulumi preview` of a new stack.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import pulumi
from google.protobuf import json_format, struct_pb2
from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto import resource_pb2

UNKNOWN: Final = rpc.UNKNOWN
"""Wire form of an unknown value, as inputs show it."""

Invokes = Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]
"""Answers to data-source calls, by function token."""


@dataclass(frozen=True)
class Registration:
    """One resource as the program registered it."""

    urn: str
    request: resource_pb2.RegisterResourceRequest
    outputs: struct_pb2.Struct = field(default_factory=struct_pb2.Struct)

    @property
    def type(self) -> str:
        """Return the type token, such as `aws:ec2/subnet:Subnet`."""
        return self.request.type

    @property
    def name(self) -> str:
        """Return the logical name."""
        return self.request.name

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """Return the inputs as plain values; unknown ones read `UNKNOWN`, secrets are bare."""
        return {key: _plain(value) for key, value in _fields(self.request.object).items()}

    @cached_property
    def property_dependencies(self) -> dict[str, list[str]]:
        """Return, for each input, the URNs it was computed from."""
        return {key: list(value.urns) for key, value in self.request.propertyDependencies.items()}


@dataclass
class Capture:
    """Everything a program registered, in order, and what it exported."""

    registrations: list[Registration] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

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


def _fields(struct: struct_pb2.Struct) -> dict[str, Any]:
    return json_format.MessageToDict(struct)


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


class _Mocks(mocks.Mocks):
    """Answers data-source calls; resources never get here."""

    def __init__(self, invokes: Invokes) -> None:
        self._invokes = invokes

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:  # type: ignore[override]  # the SDK accepts a bare answer too
        if args.token not in self._invokes:
            message = f"the program calls {args.token}, which the offline preview cannot answer"
            raise LookupError(message)
        return self._invokes[args.token](args.args)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise NotImplementedError(args.typ)


class Monitor(mocks.MockMonitor):
    """A resource monitor that records requests and echoes inputs as outputs."""

    def __init__(self, invokes: Invokes) -> None:
        super().__init__(_Mocks(invokes))
        self.capture = Capture()

    def RegisterResource(
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Record one registration; its id and computed outputs stay unknown."""
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == "pulumi:pulumi:Stack":
            return resource_pb2.RegisterResourceResponse(urn=urn)
        self.capture.registrations.append(Registration(urn, request))
        return resource_pb2.RegisterResourceResponse(urn=urn, id="", object=request.object)


def capture(
    program: Callable[[], None],
    *,
    project: str,
    stack: str,
    config: Mapping[str, str],
    invokes: Invokes,
) -> Capture:
    """Run `program` in preview form and return what it registered.

    `config` maps full keys such as `aws:region` to what the engine would pass: text, or JSON for
    structured values. Exceptions of the program propagate.
    """
    monitor = Monitor(invokes)
    mocks.set_mocks(
        monitor.mocks, project=project, stack=stack, preview=True, monitor=monitor
    )
    pulumi.runtime.set_all_config(dict(config))

    @pulumi.runtime.test
    def run() -> None:
        program()

    run()
    return monitor.capture
