"""An exported state, as `pulumi stack export` writes it, made of a capture in update form."""

from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

from perpetual.offline.capture import Capture, Registration
from perpetual.offline.graphs import SHOWN

SECRET = rpc._special_secret_sig  # noqa: SLF001 - wire constants
SIGNATURE = rpc._special_sig_key  # noqa: SLF001 - wire constants
EMPTY = struct_pb2.Struct()
WHEN = "2026-01-05T08:30:00Z"


def exported(capture: Capture, *, stack: str, project: str = "perpetual") -> dict[str, Any]:
    """Return the export of a stack that was deployed as captured; secrets are encrypted.

    The capture has to be in update form: a state holds ids.
    """
    root = {
        "urn": f"urn:pulumi:{stack}::{project}::pulumi:pulumi:Stack::{project}-{stack}",
        "custom": False,
        "type": "pulumi:pulumi:Stack",
        "inputs": {},
        "outputs": dict.fromkeys(capture.outputs, ""),
        "created": WHEN,
        "modified": WHEN,
    }
    return {
        "version": 3,
        "deployment": {
            "manifest": {"time": WHEN, "magic": "0" * 64, "version": "v3.272.0"},
            "secrets_providers": {"type": "passphrase", "state": {"salt": "v1:AAAA=:v1:BBBB="}},
            "resources": [root, *(_resource(item, capture) for item in capture.registrations)],
            "metadata": {},
        },
    }


def _resource(item: Registration, capture: Capture) -> dict[str, Any]:
    request = item.request
    outputs = json_format.MessageToDict(item.outputs)
    if request.custom:  # of what was invented only what is surely true of AWS too
        outputs = {key: outputs[key] for key in outputs if key in (*request.object, *SHOWN)}
    else:
        outputs = json_format.MessageToDict(capture.registered_outputs.get(item.urn, EMPTY))
    held = {
        "urn": item.urn,
        "custom": request.custom,
        "id": item.id,
        "type": item.type,
        "inputs": _state(json_format.MessageToDict(request.object)),
        "outputs": _state(outputs),
        "parent": request.parent,
        "protect": request.protect,
        "dependencies": list(request.dependencies),
        "provider": request.provider,
        "propertyDependencies": {
            key: list(value.urns) or None for key, value in request.propertyDependencies.items()
        },
        "additionalSecretOutputs": list(request.additionalSecretOutputs),
        "ignoreChanges": list(request.ignoreChanges),
        "created": WHEN,
        "modified": WHEN,
        "sourcePosition": _position(item),
    }
    if item.id:
        held["outputs"]["id"] = item.id  # as bridged providers do
    return {
        key: value
        for key, value in held.items()
        if value not in ("", [], {}, False) or key == "custom"
    }


def _position(item: Registration) -> str:
    return f"project:///{item.source[0].rpartition('/')[2]}#{item.source[1]}" if item.source else ""


def _state(value: Any) -> Any:
    """Return a value of the wire as a state keeps it: ciphertext for each secret."""
    match value:
        case {"4dabf18193072939515e22adb298388d": kind} if kind == SECRET:
            return {SIGNATURE: SECRET, "ciphertext": "v1:c2VjcmV0:Y2lwaGVydGV4dA=="}
        case dict():
            return {key: _state(item) for key, item in value.items()}
        case list():
            return [_state(item) for item in value]
        case _:
            return value
