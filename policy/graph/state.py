"""Resources from an exported Pulumi state (`pulumi stack export`)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from graph.resource import UNKNOWN, Resource, joined

# How the engine marks special values:
# https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a constant of the format


def resources(state: Mapping[str, object]) -> Iterator[Resource]:
    """Yield the resources of an exported state; those marked for deletion are left out.

    Values that the export encrypts or redacts are unknown.
    """
    deployment = state.get("deployment", state)
    listed = deployment.get("resources") if isinstance(deployment, Mapping) else None
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, Mapping) and not item.get("delete"):
            yield _resource(item)


def _resource(item: Mapping[str, object]) -> Resource:
    urn, token = str(item.get("urn", "")), str(item.get("type", ""))
    inputs, outputs = _object(item.get("inputs")), _object(item.get("outputs"))
    if isinstance(item.get("id"), str):
        outputs["id"] = item["id"]
    dependencies = item.get("propertyDependencies")
    parent = item.get("parent")
    return Resource(
        urn=urn,
        type=token,
        name=urn.rsplit("::", 1)[-1],
        properties=joined(token, inputs, outputs),
        dependencies=_strings(item.get("dependencies")),
        property_dependencies={
            key: _strings(value)
            for key, value in (dependencies if isinstance(dependencies, Mapping) else {}).items()
        },
        parent=parent if isinstance(parent, str) else None,
        component=item.get("custom") is False,
        position=str(item["sourcePosition"]) if item.get("sourcePosition") else None,
        protect=item.get("protect") is True,  # the export leaves it out where it is off
    )


def _object(value: object) -> dict[str, object]:
    plain = _plain(value)
    return plain if isinstance(plain, dict) else {}


def _strings(value: object) -> Sequence[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _plain(value: object) -> object:
    match value:
        case {"4dabf18193072939515e22adb298388d": kind, **rest}:
            return _plain(rest["value"]) if kind == _SECRET and "value" in rest else UNKNOWN
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case "[secret]":
            return UNKNOWN
        case _:
            return value
