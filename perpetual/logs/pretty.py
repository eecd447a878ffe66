"""A line of the release as people read it: when, which task, how bad, what, and the rest."""

import json
import zlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from perpetual.logs.ledger import Event
from perpetual.logs.since import moment
from perpetual.offline.reports.entries import visible

if TYPE_CHECKING:
    from perpetual.offline.reports.text import Line

_TASK: Final = 8
_LEVELS: Final = ("level", "severity", "log.level")
_MESSAGES: Final = ("message", "msg", "@message")
_TIMES: Final = frozenset({"time", "timestamp", "@timestamp", "ts"})
_NESTED: Final = ("metadata",)
"""Objects whose fields stand beside the others; logger_json nests what an application adds."""

_STYLES: Final = {
    "emergency": "bold red",
    "alert": "bold red",
    "critical": "bold red",
    "fatal": "bold red",
    "error": "red",
    "warning": "yellow",
    "warn": "yellow",
    "notice": "cyan",
    "debug": "dim",
    "trace": "dim",
}
_COLOURS: Final = ("cyan", "magenta", "green", "blue", "yellow", "bright_cyan", "bright_magenta")


def to_lines(event: Event) -> "Iterator[Line]":
    """Yield one event as lines: the first with all of it, further ones of its text below."""
    fields = _fields(event.message)
    level, text, rest = _parts(fields) if fields else ("", event.text, {})
    first, *others = visible(text).split("\n")
    pairs = "".join(f"  {_shown(key)}={_shown(value)}" for key, value in rest.items())
    yield (
        ("dim", f"{moment(event.timestamp):%Y-%m-%dT%H:%M:%S.%f}"[:-3]),
        (_colour(event.stream), f"  {visible(event.task[:_TASK]).ljust(_TASK)}"),
        (_STYLES.get(level, ""), f"  {visible(level):7}" if fields else ""),
        (_STYLES.get(level, ""), f"  {first}"),
        ("dim", pairs),
    )
    for line in others:
        yield (("", f"    {line}"),)


def _fields(message: str) -> Mapping[str, Any] | None:
    """Return a line's fields where it is a JSON object that can be read and written again."""
    if not message.startswith("{"):
        return None
    try:
        found = json.loads(message)
        # What users send is in some lines, and may be nested deeper than Python bears.
        json.dumps([found])
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _parts(fields: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """Return level, message and the other fields; without a message, all fields are others."""
    flat = {key: value for key, value in fields.items() if key not in _NESTED}
    for key in _NESTED:
        nested = fields.get(key)
        if isinstance(nested, dict):
            flat = {**nested, **flat}
        elif nested is not None:
            flat[key] = nested
    level = next((str(flat.pop(key)) for key in _LEVELS if key in flat), "").lower()
    text = next((_text(flat.pop(key)) for key in _MESSAGES if key in flat), "")
    # A line feed within would begin what looks like a line of its own.
    return (
        " ".join(level.split()),
        text,
        {key: value for key, value in flat.items() if key not in _TIMES},
    )


def _text(value: Any) -> str:
    return value.rstrip("\n") if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shown(value: Any) -> str:
    """Return a field's value: as it is where that is one word, as JSON elsewhere."""
    if isinstance(value, str) and value and not set(value) & set(' \t\n"='):
        return visible(value)
    return visible(json.dumps(value, ensure_ascii=False))


def _colour(stream: str) -> str:
    return _COLOURS[zlib.crc32(stream.encode()) % len(_COLOURS)]
