"""When two values mean the same: as the program gives them, and as AWS tells them."""

import json
from collections.abc import Mapping
from typing import Any

from perpetual.offline.records import UNKNOWN
from perpetual.sandbox.resources.spelling import text


def unknown(value: Any) -> bool:
    """Tell whether a value, or anything in it, is not known yet."""
    match value:
        case Mapping():
            return any(map(unknown, value.values()))
        case list():
            return any(map(unknown, value))
        case _:
            return bool(value == UNKNOWN)


def equal(one: Any, other: Any, *, ordered: bool = False) -> bool:
    """Tell whether two values mean the same, a document as text or not, a number as text or not."""
    return bool(_canonical(one, ordered=ordered) == _canonical(other, ordered=ordered))


def _canonical(value: Any, *, ordered: bool) -> Any:
    match document(value):
        case Mapping() as found:
            return {
                key: _canonical(item, ordered=ordered)
                for key, item in found.items()
                if item is not None
            }
        case list() as found:
            items = [_canonical(item, ordered=ordered) for item in found]
            return items if ordered else sorted(items, key=_text)
        case None:
            return None
        case plain:
            return text(plain)


def document(value: Any) -> Any:
    """Return what a text says, where it is a JSON document."""
    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def covers(found: Any, given: Any, *, ordered: bool = False) -> bool:
    """Tell whether what AWS tells says everything that was given; defaults may come on top."""
    found, given = document(found), document(given)
    if not given and not found:
        return True
    match given:
        case Mapping():
            return isinstance(found, Mapping) and all(
                covers(found.get(key), value, ordered=ordered) for key, value in given.items()
            )
        case list():
            return (
                isinstance(found, list)
                and len(found) == len(given)
                and _each_covered(list(found), given, ordered=ordered)
            )
        case _:
            return equal(found, given)


def _each_covered(found: list[Any], given: list[Any], *, ordered: bool) -> bool:
    if ordered:
        pairs = zip(found, given, strict=True)
        return all(covers(one, other, ordered=True) for one, other in pairs)
    for item in given:
        match = next((one for one in found if covers(one, item)), None)
        if match is None:
            return False
        found.remove(match)
    return True


def refreshed(found: Any, given: Any, *, ordered: bool = False) -> Any:
    """Return what was given, brought up to what AWS tells; what nobody gave is left out.

    A document as text stays one.
    """
    if covers(found, given, ordered=ordered):
        return given
    told, asked = document(found), document(given)
    match asked:
        case Mapping() if isinstance(told, Mapping):
            result: Any = {
                key: refreshed(told[key], value, ordered=ordered)
                for key, value in asked.items()
                if told.get(key) is not None
            }
        case list() if isinstance(told, list) and len(told) == len(asked):
            pairs = zip(told, asked, strict=True)
            result = [refreshed(one, other, ordered=ordered) for one, other in pairs]
        case _:
            return found
    return json.dumps(result) if isinstance(given, str) else result


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
