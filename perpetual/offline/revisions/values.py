"""A resource's inputs as values to compare, and as text that may be shown: never a secret."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import json_format
from pulumi.runtime import rpc

from perpetual.offline.records import UNKNOWN, Registration
from rules.secrets import why

_SIGNATURE: Final = rpc._special_sig_key  # noqa: SLF001 - a constant of the wire format
_SECRET: Final = rpc._special_secret_sig  # noqa: SLF001 - as above
_LONGEST: Final = 60
_NAME: Final = "name"
_VALUE: Final = "value"


@dataclass(frozen=True)
class Secret:
    """A secret value: it can be compared, and nothing else; `known` is false while unknown."""

    digest: str
    known: bool = True


@dataclass(frozen=True)
class Difference:
    """A value that differs, at a path such as `tags.Name`; None is an argument that is not set."""

    path: str
    before: Any
    after: Any

    @property
    def top(self) -> str:
        """Return the argument that the path begins with."""
        return self.path.partition(".")[0].partition("[")[0]


def inputs(item: Registration, renamed: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the inputs with secrets as `Secret`, and JSON documents as what they say.

    `renamed` maps text, such as a folder's path or a URN, to what stands for it on the other side.
    """
    raw = json_format.MessageToDict(item.request.object)
    secret = set(item.request.additionalSecretOutputs)
    found = {key: _read(value, renamed or {}) for key, value in raw.items()}
    return {key: _hidden(value) if key in secret else value for key, value in found.items()}


def _read(value: Any, renamed: Mapping[str, str]) -> Any:
    match value:
        case dict() if value.get(_SIGNATURE) == _SECRET:
            return _hidden(value.get("value"))
        case dict():
            return {key: _read(item, renamed) for key, item in value.items()}
        case list():
            return [_read(item, renamed) for item in value]
        case float() if value.is_integer():
            return int(value)
        case str():
            return _document(_replaced(value, renamed))
        case _:
            return value


def _hidden(value: Any) -> Secret:
    digest = hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
    return Secret(digest, known=value != UNKNOWN)


def _replaced(text: str, renamed: Mapping[str, str]) -> str:
    for before, after in renamed.items():
        text = text.replace(before, after)
    return text


def _document(text: str) -> Any:
    """Return a JSON document as what it says, so that a difference in it has a path."""
    if not text.startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def unknown(value: Any) -> bool:
    """Tell whether a value, or anything in it, is not known yet."""
    match value:
        case Secret():
            return not value.known
        case dict():
            return any(map(unknown, value.values()))
        case list():
            return any(map(unknown, value))
        case str():
            return UNKNOWN in value
        case _:
            return False


def differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """Yield what differs, as deep as both sides have the same shape."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            where = f"{path}.{key}" if path else key
            yield from differences(before.get(key), after.get(key), where)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, f"{path}[{number}]")
    elif isinstance(before, list) and isinstance(after, list) and _same_set(before, after):
        return
    elif before != after:
        yield Difference(path, before, after)


def _same_set(one: list[Any], other: list[Any]) -> bool:
    return sorted(map(_text, one)) == sorted(map(_text, other))


def shown(value: Any, path: str = "") -> str:
    """Return a value as a few words; anything that may be a secret is not shown."""
    match value:
        case None | Secret():
            return "unset" if value is None else "[secret]"
        case int() | float():
            return json.dumps(value)
        case str():
            return _shown_text(value, path.rpartition(".")[2])
        case list():
            return _shown_list(value, path)
        case _:
            return f"{len(value)} keys" if len(value) != 1 else "1 key"


def _shown_text(value: str, name: str) -> str:
    if UNKNOWN in value:
        return "[unknown]"
    if why(name, value):
        return "[hidden: it may be a secret]"
    if len(value) > _LONGEST:
        return f"text of {len(value):,} characters"
    return json.dumps(value, ensure_ascii=False)


def _shown_list(value: list[Any], path: str) -> str:
    plain = not any(isinstance(item, (dict, list)) for item in value)
    text = f"[{', '.join(shown(item, path) for item in value)}]" if plain else ""
    return text if text and len(text) <= _LONGEST else f"list of {len(value)}"


def masked(root: Any, path: str, value: Any) -> str:
    """Return `shown`, with the name that a pair `{name, value}` around the value goes by.

    The environment of a container is such a list, and a variable's name says what it holds.
    """
    holder, _, last = path.rpartition(".")
    if last == _VALUE and isinstance(value, str):
        around = _at(root, holder)
        if isinstance(around, dict) and why(str(around.get(_NAME, "")), value):
            return "[hidden: it may be a secret]"
    return shown(value, path)


def _at(root: Any, path: str) -> Any:
    for part in path.replace("[", ".[").split("."):
        if part.startswith("["):
            number = int(part[1:-1])
            root = root[number] if isinstance(root, list) and number < len(root) else None
        elif part:
            root = root.get(part) if isinstance(root, dict) else None
    return root


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
