"""An exported state (`pulumi stack export`), read as if a program had just registered it.

What the pack is asked is what `pulumi policy analyze --file` asks it: each resource's inputs, then
all resources with their outputs; none that only waits for its deletion; `[secret]` for whatever
the export encrypts.
https://github.com/pulumi/pulumi/blob/master/pkg/resource/deploy/analyze_snapshot.go
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import resource_pb2

from graph.state import REDACTED, SECRET, SIGNATURE, name_of, position, revealed
from perpetual.errors import OperatorError
from perpetual.offline.records import Capture, Registration

VERSIONS: Final = (3, 4)
"""Versions of the export: 4 adds marks that no rule reads to 3; 1 and 2 end with Pulumi 1."""
# https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/core.go
_EXPORT: Final = "Export it with `pulumi stack export --file state.json`."
_REPAIR: Final = "The state is damaged: try `pulumi state repair`, then export it again."
_STACK: Final = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class State:
    """An exported state: its resources as registered, and what was under way when it was saved.

    `pending` are operation and URN of each, such as `creating`.
    """

    project: str
    stack: str
    capture: Capture
    sources: Mapping[str, tuple[str, int]]
    pending: tuple[tuple[str, str], ...]


def load(path: str) -> Mapping[str, Any]:
    """Return the export in a file, or on stdin for `-`; raise `OperatorError` if it is none."""
    try:
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise OperatorError(f"cannot read {path}: {error.strerror}", hint=_EXPORT) from error
    where = "stdin" if path == "-" else path
    if not content.strip():
        raise OperatorError(f"{where} is empty, not an exported state", hint=_EXPORT)
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise OperatorError(f"{where} is not JSON: {error}", hint=_EXPORT) from error
    return _checked(found, where)


def _checked(found: object, where: str) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        kind = type(found).__name__
        raise OperatorError(f"{where} holds a {kind}, not an exported state", hint=_EXPORT)
    if "checkpoint" in found:
        raise OperatorError(f"{where} is a backend's own file, not an exported state", hint=_EXPORT)
    version = found.get("version")
    if version not in VERSIONS or isinstance(version, bool):
        accepted = " and ".join(map(str, VERSIONS))
        message = f"{where} is an export of version {version!r}; only {accepted} can be read"
        raise OperatorError(message, hint="Export it with a current Pulumi.")
    deployment = found.get("deployment")
    if not isinstance(deployment, dict):
        raise OperatorError(f"{where} has no deployment, as an export has", hint=_EXPORT)
    listed = deployment.get("resources")
    if listed is not None and not isinstance(listed, list):
        raise OperatorError(f"{where} has a deployment without a list of resources", hint=_EXPORT)
    if not listed:
        message = f"{where} holds no resources: there is nothing to judge"
        raise OperatorError(message, hint="Deploy the stack first, or preview it.")
    return found


def read(found: Mapping[str, Any]) -> State:
    """Return what an export says; raise `OperatorError` where it contradicts itself."""
    deployment = found["deployment"]
    items = list(_items(deployment["resources"]))
    urns: set[str] = set()
    for item in items:
        if item["urn"] in urns:
            raise OperatorError(f"the state lists {item['urn']} twice", hint=_REPAIR)
        urns.add(item["urn"])
    capture = Capture()
    sources = {}
    for item in items:
        _add(capture, item)
        place = position(item.get("sourcePosition"))
        if place:
            sources[item["urn"]] = place
    stacks = {tuple(urn.split("::", 2)[:2]) for urn in urns}
    parts = stacks.pop() if len(stacks) == 1 else ("urn:pulumi:multiple", "multiple")
    return State(
        project=parts[1],
        stack=parts[0].removeprefix("urn:pulumi:"),
        capture=capture,
        sources=sources,
        pending=tuple(_pending(deployment)),
    )


def _items(listed: list[Any]) -> Iterator[dict[str, Any]]:
    for number, item in enumerate(listed):
        if not isinstance(item, dict):
            raise OperatorError(f"resource {number} of the state is no object", hint=_REPAIR)
        urn, token = item.get("urn"), item.get("type")
        if not isinstance(urn, str) or not urn.startswith("urn:pulumi:") or urn.count("::") < 3:  # noqa: PLR2004 - stack, project, type, name
            raise OperatorError(f"resource {number} of the state has the URN {urn!r}", hint=_REPAIR)
        if not isinstance(token, str) or not token:
            raise OperatorError(f"{urn} has no type in the state", hint=_REPAIR)
        if not item.get("delete"):
            yield item


def _pending(deployment: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    listed = deployment.get("pending_operations")
    for item in listed if isinstance(listed, list) else []:
        held = item if isinstance(item, dict) else {}
        resource = held.get("resource")
        urn = resource.get("urn") if isinstance(resource, dict) else None
        yield str(held.get("type", "operation")), str(urn or "")


def _add(capture: Capture, item: Mapping[str, Any]) -> None:
    found = _registration(item)
    if found.type == _STACK and not found.parent:
        capture.root = found
        capture.outputs = dict.fromkeys(_object(item.get("outputs")))
    else:
        capture.registrations.append(found)
    if not found.request.custom:
        capture.registered_outputs[found.urn] = found.outputs


def _registration(item: Mapping[str, Any]) -> Registration:
    custom = item.get("custom") is True
    timeouts = {
        key: f"{value}s"
        for key, value in _object(item.get("customTimeouts")).items()
        if key in ("create", "update", "delete") and isinstance(value, (int, float))
    }
    request = resource_pb2.RegisterResourceRequest(
        type=item["type"],
        name=name_of(item["urn"]),
        parent=_text(item.get("parent")),
        custom=custom,
        object=_struct(item.get("inputs")),
        protect=item.get("protect") is True,
        provider=_text(item.get("provider")),
        dependencies=_strings(item.get("dependencies")),
        ignoreChanges=_strings(item.get("ignoreChanges")),
        additionalSecretOutputs=_strings(item.get("additionalSecretOutputs")),
        aliasURNs=_strings(item.get("aliases")),
        customTimeouts=resource_pb2.RegisterResourceRequest.CustomTimeouts(**timeouts),
    )
    for key, urns in _object(item.get("propertyDependencies")).items():
        request.propertyDependencies[key].urns.extend(_strings(urns))
    return Registration(
        urn=item["urn"],
        request=request,
        outputs=_struct(item.get("outputs")),
        id=_text(item.get("id")) if custom else "",
    )


def _struct(value: object) -> struct_pb2.Struct:
    wire = {key: _wire(held) for key, held in _object(value).items()}
    return json_format.ParseDict(wire, struct_pb2.Struct())


def _wire(value: Any) -> Any:
    """Return a value of a state as the engine sends it: secrets hold their value, or a stand-in."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            plain, known = revealed(value)
            held = _wire(plain) if known else REDACTED
            return {rpc._special_sig_key: rpc._special_secret_sig, "value": held}  # noqa: SLF001 - wire constants
        return {key: _wire(held) for key, held in value.items()}
    if isinstance(value, list):
        return [_wire(held) for held in value]
    return value


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
