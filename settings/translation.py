"""Pydantic's errors in the words of this project.

Every error becomes a `Problem`; what is accepted is read off the declaration of the field, so that
bounds are written once.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUndefined

from settings import forms
from settings.models import Group, Settings
from settings.problems import UNSET, Problem, UnknownKey, listed, nearest, shown

NEWER: Final = "or, if the file was written for a newer version of this project, update the project"

REGION: Final = "aws:region"
"""The one key that is not in the project's namespace, because the provider has it already."""

Location = tuple[int | str, ...]


def dotted(location: Location) -> str:
    """Return a location as the key that `pulumi config set --path` takes."""
    if location == ("region",):
        return REGION
    text = ""
    for part in location:
        if part == "[key]":
            continue
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def problems(error: ValidationError, location: Location) -> Iterator[Problem]:
    """Yield one problem for each of pydantic's errors below `location`."""
    for details in error.errors(include_url=False):
        yield _problem(details, location + details["loc"])


def _problem(details: ErrorDetails, location: Location) -> Problem:
    key = dotted(location)
    match details["type"]:
        case "extra_forbidden":
            return unknown(location)
        case forms.REFUSED:
            context = details["ctx"]
            value = location[-2] if location[-1] == "[key]" else details["input"]
            remedy = context["remedy"] or way_out(location)
            return Problem(key, value, context["accepted"], remedy)
        case "missing":
            return missing(location)
        case _:
            value = UNSET if details["input"] is None else details["input"]
            return Problem(key, value, accepted(location), way_out(location, value))


def missing(location: Location) -> Problem:
    """Return the problem of a key that every stack must set."""
    key = dotted(location)
    option = "--path " if "." in key else ""
    return Problem(key, UNSET, accepted(location), f"run `pulumi config set {option}{key} VALUE`")


def unknown(location: Location) -> UnknownKey:
    """Return the problem of a key that is no setting, with the nearest one."""
    key = dotted(location)
    known = siblings(location)
    guess = nearest(str(location[-1]), known) if location else None
    elsewhere = _elsewhere(str(location[-1]))
    if guess:
        path = dotted((*location[:-1], guess))
        return UnknownKey(key, None, f"{path}, the nearest", f"rename the key, {NEWER}")
    if elsewhere:
        return UnknownKey(key, None, f"{elsewhere}, the nearest", f"move the line there, {NEWER}")
    return UnknownKey(key, None, listed(known), f"remove the line, {NEWER}")


def siblings(location: Location) -> list[str]:
    """Return the names that a key at `location` may have."""
    group = _group(location[:-1])
    return [] if group is None else _names(group)


def _names(group: type[Group]) -> list[str]:
    return [field.alias or name for name, field in group.model_fields.items() if not field.exclude]


def _elsewhere(name: str) -> str | None:
    """Return the key of the group in which `name` is a field, where there is exactly one."""
    found = [path for path in paths() if path[-1] == name and len(path) > 1]
    return dotted(found[0]) if len(found) == 1 else None


def paths(group: type[Group] = Settings, above: Location = ()) -> Iterator[Location]:
    """Yield the location of every setting, in the order of declaration."""
    for name, field in group.model_fields.items():
        below = subgroup(field)
        here = (*above, field.alias or name)
        if below is None:
            if not field.exclude:
                yield here
        else:
            yield from paths(below, here)


def subgroup(field: FieldInfo) -> type[Group] | None:
    """Return the group that a field holds, or None for a plain setting."""
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Group) else None


def field_at(location: Location) -> FieldInfo | None:
    """Return the declaration of the setting at `location`, or that of the list or mapping in it."""
    group: type[Group] | None = Settings
    found: FieldInfo | None = None
    for part in location:
        if group is None:
            return found
        named = {field.alias or name: field for name, field in group.model_fields.items()}
        found = named.get(str(part))
        group = subgroup(found) if found else None
    return found


def _group(location: Location) -> type[Group] | None:
    if not location:
        return Settings
    field = field_at(location)
    return subgroup(field) if field else None


def _inner(kind: Any) -> Any:
    """Return an annotation without `Annotated` and without the None of `Maybe`."""
    while hasattr(kind, "__metadata__"):
        kind = kind.__origin__
    if get_origin(kind) in (Union, UnionType):
        kinds = [item for item in get_args(kind) if item is not type(None)]
        return _inner(kinds[0]) if len(kinds) == 1 else kind
    return kind


def _plain(location: Location) -> Any:
    """Return the type at `location`, which may be an item of a list or a value of a mapping."""
    field = field_at(location)
    kind = _inner(field.annotation) if field else None
    if isinstance(location[-1], int):
        return _inner(get_args(kind)[0])
    if get_origin(kind) is dict and dotted(location) not in _known():
        return str
    return kind


def kind_at(location: Location) -> Any:
    """Return the class of the value at `location`: bool, int, str, tuple, dict, or an enum."""
    kind = _plain(location)
    origin = get_origin(kind)
    return type(get_args(kind)[0]) if origin is Literal else origin or kind


def _known() -> frozenset[str]:
    return frozenset(dotted(path) for path in paths())


def accepted(location: Location) -> str:
    """Return what the setting at `location` accepts, in words."""
    kind = _plain(location)
    field = field_at(location)
    origin = get_origin(kind)
    if origin is Literal:
        return f"one of {listed(get_args(kind))}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return f"one of {listed(kind)}"
    if isinstance(kind, type) and issubclass(kind, Group):
        return f"a mapping with keys such as {listed(_names(kind)[:3], 'and')}"
    words = {bool: "true or false", tuple: "a list", dict: "a mapping of names to text"}
    if kind is int and field is not None:
        return _bounds(field)
    return words.get(origin or kind, "text")


def _bounds(field: FieldInfo) -> str:
    low = next((item.ge for item in field.metadata if isinstance(item, Ge)), None)
    high = next((item.le for item in field.metadata if isinstance(item, Le)), None)
    if low is None:
        return "a whole number"
    return (
        f"a whole number from {low} to {high}"
        if high is not None
        else f"a whole number, {low} or more"
    )


def way_out(location: Location, value: object = UNSET) -> str:
    """Return the way out of a wrong value: the likeliest one, or the default."""
    kind = _plain(location)
    if isinstance(kind, type) and issubclass(kind, Enum) and isinstance(value, str):
        guess = nearest(value, [item.value for item in kind])
        if guess:
            return f"set {guess}, the nearest"
    if kind is str and isinstance(value, bool | int | float):
        return forms.QUOTE
    if isinstance(location[-1], int) or _plain(location[:1]) is None:
        return "correct it, or remove it from the list"
    return f"correct it{_default(location)}"


def _default(location: Location) -> str:
    field = field_at(location)
    if field is None or field.is_required() or field.default is PydanticUndefined:
        return ""
    if isinstance(field.default, Group | Mapping) or field.default in (None, ()):
        return ", or remove the line"
    return f", or remove the line for the default, {shown(field.default)}"
