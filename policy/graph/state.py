"""Resources from an exported Pulumi state (`pulumi stack export`)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import unquote, urlparse

from graph.resource import UNKNOWN, Resource, joined

# How the engine marks special values:
# https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go
SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a constant of the format
REDACTED: Final = "[secret]"
"""What the engine shows of a secret that it cannot decrypt."""


def resources(state: Mapping[str, object]) -> Iterator[Resource]:
    """Yield the resources of an exported state; those marked for deletion are left out.

    Values that the export encrypts or redacts are unknown.
    """
    deployment = state.get("deployment", state)
    listed = deployment.get("resources") if isinstance(deployment, Mapping) else None
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, Mapping) and not item.get("delete"):
            yield _resource(item)


def name_of(urn: str) -> str:
    """Return the logical name at the end of a URN, which may hold colons itself."""
    return urn.split("::", 3)[-1]


def position(spelled: object) -> tuple[str, int] | None:
    """Return file and line of a source position such as `project:///__main__.py#12,3`."""
    if not isinstance(spelled, str):
        return None
    try:
        found = urlparse(spelled)
    except ValueError:
        return None
    line = found.fragment.split(",")[0]
    path = unquote(found.path).lstrip("/")
    return (path, int(line)) if path and line.isascii() and line.isdigit() else None


def revealed(secret: Mapping[str, object]) -> tuple[object, bool]:
    """Return a secret's value and whether it is known: `--show-secrets` writes it as JSON text."""
    if "value" in secret:
        return secret["value"], True
    try:
        return json.loads(str(secret["plaintext"])), True
    except (KeyError, ValueError, RecursionError):
        return None, False


def _resource(item: Mapping[str, object]) -> Resource:
    urn, token = str(item.get("urn", "")), str(item.get("type", ""))
    inputs, outputs = _object(item.get("inputs")), _object(item.get("outputs"))
    if isinstance(item.get("id"), str):
        outputs["id"] = item["id"]
    dependencies = item.get("propertyDependencies")
    parent = item.get("parent")
    place = position(item.get("sourcePosition"))
    return Resource(
        urn=urn,
        type=token,
        name=name_of(urn),
        properties=joined(token, inputs, outputs),
        dependencies=_strings(item.get("dependencies")),
        property_dependencies={
            key: _strings(value)
            for key, value in (dependencies if isinstance(dependencies, Mapping) else {}).items()
        },
        parent=parent if isinstance(parent, str) else None,
        component=item.get("custom") is False,
        protect=item.get("protect") is True,
        position=f"{place[0]}:{place[1]}" if place else None,
    )


def _object(value: object) -> dict[str, object]:
    plain = _plain(value)
    return plain if isinstance(plain, dict) else {}


def _strings(value: object) -> Sequence[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        kind = value.get(SIGNATURE)
        if kind is None:
            return {str(key): _plain(item) for key, item in value.items()}
        held, known = revealed(value) if kind == SECRET else (None, False)
        return _plain(held) if known else UNKNOWN
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return UNKNOWN if value == REDACTED else value
