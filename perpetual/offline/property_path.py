"""Property paths such as `network.zones[0]`, by which configuration reaches into structured values.

The rules are those of `pulumi config set --path`.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

Path = tuple[str | int, ...]

_SEGMENT: Final = re.compile(
    r"""(?:\A|(?!\A)\.)(?P<name>[^.\[\]"]+)      # a name, after a dot unless it is the first
      |\[(?P<index>\d+)\]                 # [0]
      |\.?\["(?P<quoted>(?:[^"\\]|\\.)*)"\]  # ["a.b"]
    """,
    re.VERBOSE,
)
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,20}")


class PathError(ValueError):
    """A path that is malformed, or does not fit the value it is applied to."""


def parse(text: str) -> Path:
    """Return the segments of `text`; the first one is a name."""
    segments: list[str | int] = []
    position = 0
    while position < len(text):
        match = _SEGMENT.match(text, position)
        if match is None:
            message = f'{text!r} is no property path: it should read like a.b, a[0] or a["b.c"]'
            raise PathError(message)
        if match["index"] is not None:
            segments.append(int(match["index"]))
        elif match["name"] is not None:
            segments.append(match["name"])
        else:
            segments.append(re.sub(r"\\(.)", r"\1", match["quoted"]))
        position = match.end()
    if not segments or not isinstance(segments[0], str):
        message = f"{text!r} is no configuration key: it must begin with a name"
        raise PathError(message)
    return tuple(segments)


def get(value: Any, path: Sequence[str | int]) -> tuple[Any, bool]:
    """Return what stands at `path` below `value`, and whether anything does."""
    for segment in path:
        match value, segment:
            case dict(), str() if segment in value:
                value = value[segment]
            case list(), int() if 0 <= segment < len(value):
                value = value[segment]
            case _:
                return None, False
    return value, True


def put(value: Any, path: Sequence[str | int], new: Any, *, depth: int = 0) -> Any:
    """Return `value` with `new` at `path`, making containers on the way.

    A plain value at the root gives way to a container, as in the engine; one further down is an
    error. `value` itself stays as it was.
    """
    if not path:
        return new
    segment, rest = path[0], path[1:]
    if value is None or (depth == 0 and not isinstance(value, dict | list)):
        value = {} if isinstance(segment, str) else []
    match value, segment:
        case dict(), str():
            return {**value, segment: put(value.get(segment), rest, new, depth=depth + 1)}
        case list(), int() if segment <= len(value):
            below = value[segment] if segment < len(value) else None
            head, tail = value[:segment], value[segment + 1 :]
            return [*head, put(below, rest, new, depth=depth + 1), *tail]
        case list(), int():
            message = f"index {segment} is out of range: the list has {len(value)} items"
        case _:
            expected = "keys with values" if isinstance(segment, str) else "a list"
            message = f"{segment!r} needs {expected}, but there is {value!r}"
    raise PathError(message)


def coerced(text: str) -> str | int | bool:
    """Return what the engine stores for `text` inside a structured value.

    `true` and `false` become booleans, and digits a number, unless they begin with a zero.
    """
    if text in {"true", "false"}:
        return text == "true"
    if len(text) > 1 and text.startswith("0"):
        return text
    if _INTEGER.fullmatch(text) and -(2**63) <= int(text) < 2**64:
        return int(text)
    return text
