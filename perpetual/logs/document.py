"""Logs as JSON, for programs, an object on each line; `schema.json` beside this file says of what.

What would steer a terminal is escaped: whoever writes to a log must not draw on somebody's screen.
"""

import json
from datetime import UTC, datetime
from typing import NoReturn

from perpetual.logs.entries import Entry
from perpetual.logs.ledger import Event
from perpetual.logs.since import moment


def entry(found: Entry) -> str:
    """Return something that happened to the platform."""
    held = {
        "at": _at(found.at),
        "source": found.source,
        "level": found.level,
        "subject": found.subject,
        "text": found.text,
        "id": found.ident,
    }
    return _escaped(json.dumps(held, ensure_ascii=False))


def line(event: Event) -> str:
    """Return what a task wrote, and when, and which.

    An object that it wrote is in there as it is: large numbers stay exact.
    """
    head = {"at": _at(moment(event.timestamp)), "task": event.task}
    held = event.text if _is_object(event.text) else json.dumps(event.text, ensure_ascii=False)
    return _escaped(f'{json.dumps(head, ensure_ascii=False)[:-1]}, "line": {held}}}')


def _at(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _is_object(text: str) -> bool:
    """Tell whether a text is an object on one line, such as every reader of JSON takes."""
    if not text.startswith("{") or set(text) & set("\t\r\n"):
        return False
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _escaped(text: str) -> str:
    """Return JSON with everything but printable characters as its own escapes: the same to read."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in text)


def _refuse(constant: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python takes and RFC 8259 does not have."""
    raise ValueError(constant)
