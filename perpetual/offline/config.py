"""A stack's configuration, put together from project and stack files as the engine does it.

A project key such as `network.zones` is a property path: its default joins the stack's structured
value `network`, leaf by leaf. What comes out is what the engine hands the program: full keys with
text, structured values as JSON.

Encrypted values cannot be read without the stack's key. Each becomes `UNREADABLE`, and its key is
marked secret; as that text is what an unknown value looks like on the wire, a resource that
receives it whole has an unknown secret there, and a program that looks inside sees no real value.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from perpetual.errors import OperatorError
from perpetual.offline import property_path
from perpetual.offline.project import Declaration, Project, read_stack

UNREADABLE: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands for an encrypted value; the SDK's own mark for an unknown one."""


@dataclass(frozen=True)
class Config:
    """What the engine would pass to the program: text by full key, and which keys are secret."""

    values: Mapping[str, str]
    secrets: frozenset[str] = frozenset()


class _Secret:
    """An encrypted leaf."""


_SECRET: Final = _Secret()
_INTEGER: Final = re.compile(r"[-+]?[0-9]+")


def load(project: Project, stack: str, overrides: Iterable[str] = ()) -> Config:
    """Return the configuration of `stack`; `overrides` read `key=value` and win over the file."""
    content = read_stack(project, stack)
    values = _stack_values(project.name, content.get("config") or {})
    for override in overrides:
        _override(project.name, values, override)
    missing = _apply_defaults(project, values)
    if missing:
        raise _missing(stack, missing, content.get("environment"))
    for declared in project.declarations:
        _check(project.name, stack, declared, values)
    return Config(
        values={key: _text(value) for key, value in sorted(values.items())},
        secrets=frozenset(key for key, value in values.items() if _holds_secret(value)),
    )


def full_key(project: str, key: str) -> str:
    """Return `key` with its namespace; without one it belongs to the project."""
    match key.split(":"):
        case [name]:
            return f"{project}:{name}"
        case [namespace, name] | [namespace, "config", name] if namespace and name:
            return f"{namespace}:{name}"
    message = f"{key!r} is no configuration key: it should read `name` or `namespace:name`"
    raise OperatorError(message)


def _stack_values(project: str, config: Mapping[str, Any]) -> dict[str, Any]:
    return {full_key(project, key): _scalar(_marked(value)) for key, value in config.items()}


def _marked(value: Any) -> Any:
    match value:
        case {"secure": str()} if len(value) == 1:
            return _SECRET
        case dict():
            return {key: _marked(item) for key, item in value.items()}
        case list():
            return [_marked(item) for item in value]
        case _:
            return value


def _scalar(value: Any) -> Any:
    """Return a top-level value as the engine keeps it: plain ones are text."""
    return _json(value) if isinstance(value, bool | int | float) else value


def _override(project: str, values: dict[str, Any], text: str) -> None:
    key, equals, value = text.partition("=")
    if not equals:
        message = f"--config {text!r} has no value"
        raise OperatorError(message, hint="It should read key=value, such as network.nat=none.")
    _put(project, values, key, value)


def _apply_defaults(project: Project, values: dict[str, Any]) -> list[str]:
    """Add to `values` what the project declares and the stack lacks; return what nobody gives."""
    missing = []
    for declared in project.declarations:
        if _get(project.name, values, declared.key)[1]:
            continue
        given = declared.default if declared.value is None else declared.value
        if given is not None:
            plain = _json(given) if isinstance(given, bool | int) else given
            _put(project.name, values, declared.key, plain)
        elif full_key(project.name, declared.key).startswith(f"{project.name}:"):
            missing.append(declared.key)
    return missing


def _split(project: str, key: str) -> tuple[str, property_path.Path]:
    namespace, name = full_key(project, key).split(":", 1)
    path = property_path.parse(name)
    return f"{namespace}:{path[0]}", path[1:]


def _get(project: str, values: Mapping[str, Any], key: str) -> tuple[Any, bool]:
    try:
        root, path = _split(project, key)
    except property_path.PathError as error:
        raise OperatorError(str(error)) from error
    return property_path.get(values[root], path) if root in values else (None, False)


def _put(project: str, values: dict[str, Any], key: str, value: Any) -> None:
    try:
        root, path = _split(project, key)
        if path and isinstance(value, str):
            value = property_path.coerced(value)
        values[root] = property_path.put(values.get(root), path, value)
    except property_path.PathError as error:
        message = f"the configuration key {key!r} cannot be set: {error}"
        raise OperatorError(message) from error


def _missing(stack: str, keys: list[str], environment: Any) -> OperatorError:
    quoted = [f"'{key}'" for key in sorted(keys)]
    listed = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
    noun = "value" if len(quoted) == 1 else "values"
    hint = f"Set it with --config {min(keys)}=..., or in Pulumi.{stack}.yaml."
    if environment:
        hint += " The stack's `environment` cannot be read offline."
    return OperatorError(f"Stack '{stack}' is missing configuration {noun} {listed}", hint=hint)


def _check(project: str, stack: str, declared: Declaration, values: Mapping[str, Any]) -> None:
    if declared.type is None:
        return
    value, _ = _get(project, values, declared.key)
    subject = f"Stack '{stack}' with configuration key '{declared.key}'"
    if declared.secret and not _holds_secret(value):
        message = f"{subject} must be encrypted as it's secret"
        hint = f"Set it with `pulumi config set --secret --path {declared.key}`."
        raise OperatorError(message, hint=hint)
    content = _json(value) if isinstance(value, bool | int | float) else value
    if not _fits(declared.type, declared.items, content):
        message = f"{subject} must be of type '{_type_name(declared.type, declared.items)}'"
        raise OperatorError(message, hint=f"It is {_text(value)}.")


def _fits(kind: str, items: Mapping[str, Any] | None, value: Any) -> bool:
    """Return whether the engine takes `value` for a `kind`; whatever is encrypted fits."""
    if isinstance(value, _Secret):
        return True
    match kind:
        case "string":
            return isinstance(value, str)
        case "integer":
            return _is_integer(value)
        case "boolean":
            return isinstance(value, bool) or value in ("true", "false")
        case "object":
            return isinstance(value, dict)
    item = items or {}
    return isinstance(value, list) and all(
        _fits(item["type"], item.get("items"), each) for each in value
    )


def _is_integer(value: Any) -> bool:
    if isinstance(value, str):
        return _INTEGER.fullmatch(value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)


def _type_name(kind: str, items: Mapping[str, Any] | None) -> str:
    return f"array<{_type_name(items['type'], items.get('items'))}>" if items else kind


def _holds_secret(value: Any) -> bool:
    match value:
        case _Secret():
            return True
        case dict():
            return any(_holds_secret(item) for item in value.values())
        case list():
            return any(_holds_secret(item) for item in value)
        case _:
            return False


def _text(value: Any) -> str:
    if isinstance(value, _Secret):
        return UNREADABLE
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return json.dumps(
        value,
        default=lambda _secret: UNREADABLE,
        ensure_ascii=False,
        separators=(",", ":"),
        sort_keys=True,
    )
