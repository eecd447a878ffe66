"""What a program registered: the records that a capture keeps."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final
from urllib.parse import unquote, urlparse

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import resource_pb2

UNKNOWN: Final = rpc.UNKNOWN
"""Wire form of an unknown value, as inputs show it."""

_FOREIGN: Final = ("/site-packages/", "/dist-packages/", "/lib/python3", "/perpetual/offline/")


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
