"""Values as they travel: between plain ones with a list of secrets, and protobuf's structures."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

from perpetual.offline.records import UNKNOWN

# An unknown value is a text that says which kind of value it will be.
# https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/rpc.go
_UNKNOWN: Final = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
_SIGNATURE: Final = rpc._special_sig_key  # noqa: SLF001 - a constant of the wire format
_SECRET: Final = rpc._special_secret_sig  # noqa: SLF001 - as above
_OUTPUT: Final = rpc._special_output_value_sig  # noqa: SLF001 - as above


def read(struct: struct_pb2.Struct) -> tuple[dict[str, Any], frozenset[str]]:
    """Return plain values, unknown ones as `UNKNOWN`, and the names of those that hold a secret."""
    raw = json_format.MessageToDict(struct)
    secret = frozenset(key for key, value in raw.items() if _holds_secret(value))
    return {key: _plain(value) for key, value in raw.items() if value is not None}, secret


def _holds_secret(value: Any) -> bool:
    match value:
        case dict():
            signature = value.get(_SIGNATURE)
            hidden = signature == _SECRET or (signature == _OUTPUT and value.get("secret"))
            return bool(hidden) or any(map(_holds_secret, value.values()))
        case list():
            return any(map(_holds_secret, value))
        case _:
            return False


def _plain(value: Any) -> Any:
    match value:
        case dict() if value.get(_SIGNATURE) in {_SECRET, _OUTPUT}:
            return _plain(value.get("value", UNKNOWN))
        case dict():
            return {key: _plain(item) for key, item in value.items() if item is not None}
        case list():
            return [_plain(item) for item in value]
        case float() if value.is_integer():
            return int(value)
        case str() if value in _UNKNOWN:
            return UNKNOWN
        case _:
            return value


def write(values: Mapping[str, Any], secret: Iterable[str] = ()) -> struct_pb2.Struct:
    """Return values as a structure, with marks on those that are secret."""
    hidden = set(secret)
    marked = {
        key: {_SIGNATURE: _SECRET, "value": value} if key in hidden else value
        for key, value in values.items()
        if value is not None
    }
    return json_format.ParseDict(marked, struct_pb2.Struct())
