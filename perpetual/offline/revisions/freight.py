"""A captured program as text, from the process that ran it to the one that compares it.

JSON around the messages of Pulumi's own protocol: unlike a pickle, reading it runs nothing.
"""

import base64
import json
from typing import Any, TypeVar

from google.protobuf import struct_pb2
from google.protobuf.message import Message
from pulumi.runtime.proto import resource_pb2

from perpetual.offline.records import Capture, Registration

M = TypeVar("M", bound=Message)


def dumps(captured: Capture) -> str:
    """Return a capture as text."""
    root = captured.root
    return json.dumps(
        {
            "registrations": [_packed(item) for item in captured.registrations],
            "root": _packed(root) if root else None,
            "outputs": captured.outputs,
            "registered": {
                urn: _text(outputs) for urn, outputs in captured.registered_outputs.items()
            },
            "reads": [_text(item) for item in captured.reads],
        }
    )


def loads(text: str) -> Capture:
    """Return the capture that `dumps` made into text."""
    content = json.loads(text)
    return Capture(
        registrations=[_unpacked(item) for item in content["registrations"]],
        outputs=content["outputs"],
        registered_outputs={
            urn: _message(struct_pb2.Struct, item) for urn, item in content["registered"].items()
        },
        reads=[_message(resource_pb2.ReadResourceRequest, item) for item in content["reads"]],
        root=_unpacked(content["root"]) if content["root"] else None,
    )


def _packed(item: Registration) -> dict[str, Any]:
    return {
        "urn": item.urn,
        "request": _text(item.request),
        "outputs": _text(item.outputs),
        "id": item.id,
    }


def _unpacked(item: dict[str, Any]) -> Registration:
    return Registration(
        urn=item["urn"],
        request=_message(resource_pb2.RegisterResourceRequest, item["request"]),
        outputs=_message(struct_pb2.Struct, item["outputs"]),
        id=item["id"],
    )


def _text(message: Message) -> str:
    return base64.b64encode(message.SerializeToString(deterministic=True)).decode()


def _message(kind: type[M], text: str) -> M:
    message = kind()
    message.ParseFromString(base64.b64decode(text))
    return message
