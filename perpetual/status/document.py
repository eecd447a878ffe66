"""How a stack is, as JSON; `schema.json` beside this file says what it holds."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from perpetual.status.model import Health

VERSION: Final = 1
"""Version of the form; a field may be added without another one."""


def document(health: Health) -> dict[str, Any]:
    """Return the state as plain values; moments are UTC, as ISO 8601."""
    stable = None if health.service is None else health.service.stable
    healthy = health.verdict.value
    found = {"version": VERSION, "verdict": healthy, "stable": stable, **asdict(health)}
    plain: dict[str, Any] = _plain(found)
    return plain


def render(health: Health, indent: int | None = 2) -> str:
    """Return the state as JSON, on one line without `indent`."""
    return json.dumps(document(health), indent=indent)


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value
