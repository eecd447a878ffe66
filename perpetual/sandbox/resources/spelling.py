"""Pulumi's spelling of a value, and AWS's: botocore's models say what AWS calls it.

Pulumi writes `enableEcsManagedTags` where AWS writes `enableECSManagedTags`: the same words with
other capitals, which is found out here. Other differences, such as Pulumi's plurals, are told by an
entry as `rename`, from Pulumi's name to AWS's, and hold at every depth that has AWS's name.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

_WORD: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")

_ALWAYS: Final = {"tagsAll": "tags"}
"""Arguments that have another name in every service: default tags are tags like others."""


class UnspeakableError(LookupError):
    """AWS's model has no place for an argument."""


def request(shape: Any, values: Mapping[str, Any], rename: Mapping[str, str]) -> dict[str, Any]:
    """Return arguments as the structure `shape`; what is not set is left out.

    Raises:
        UnspeakableError: The structure has no such member.
    """
    members = {name.lower(): name for name in shape.members}
    found = {}
    for key, value in values.items():
        if value is None:
            continue
        renamed = rename.get(key, _ALWAYS.get(key, key))
        name = members.get(renamed.lower()) or members.get(key.lower())
        if name is None:
            message = f"{shape.name} has no member for {key}"
            raise UnspeakableError(message)
        found[name] = _given(shape.members[name], value, rename)
    return found


def _given(shape: Any, value: Any, rename: Mapping[str, str]) -> Any:
    match shape.type_name:
        case "structure":
            return request(shape, value, rename)
        case "list":
            items = value if isinstance(value, list) else _items(shape.member, value)
            return [_given(shape.member, item, rename) for item in items]
        case "map":
            return {key: _given(shape.value, item, rename) for key, item in value.items()}
        case kind:
            return _plain(kind, value)


def _plain(kind: str, value: Any) -> Any:
    match kind:
        case "boolean":
            return value if isinstance(value, bool) else str(value).lower() == "true"
        case "integer" | "long":
            return int(float(value))
        case "float" | "double":
            return float(value)
        case "string":
            return text(value)
        case _:
            return value


def _items(member: Any, value: Any) -> list[Any]:
    """Return as a list what Pulumi has in another form: tags by name, or a block alone."""
    names = {name.lower().removeprefix("tag"): name for name in getattr(member, "members", {})}
    if isinstance(value, Mapping) and names.keys() == {"key", "value"}:
        return [{names["key"]: key, names["value"]: item} for key, item in value.items()]
    return [value]


def told(shape: Any, answer: Mapping[str, Any], rename: Mapping[str, str]) -> dict[str, Any]:
    """Return a structure that AWS answered with, in Pulumi's spelling."""
    back = {name: key for key, name in rename.items()}
    return {
        back.get(name) or camel(name): _read(shape.members[name], value, rename)
        for name, value in answer.items()
        if value is not None and name in shape.members
    }


def _read(shape: Any, value: Any, rename: Mapping[str, str]) -> Any:
    match shape.type_name:
        case "structure":
            return told(shape, value, rename)
        case "list":
            return [_read(shape.member, item, rename) for item in value]
        case "map":
            return {key: _read(shape.value, item, rename) for key, item in value.items()}
        case _:
            return value.isoformat() if isinstance(value, datetime) else value


def camel(name: str) -> str:
    """Return AWS's name of something as Pulumi writes it: `KMSKeyId` is `kmsKeyId`."""
    words: list[str] = _WORD.findall(name)
    first, *others = words
    return first.lower() + "".join(word.capitalize() for word in others)


def text(value: Any) -> str:
    """Return a plain value as text, as AWS takes it: `true`, `5432`."""
    match value:
        case bool():
            return str(value).lower()
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)
