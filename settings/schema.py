"""Writes the schema where others read it: `Pulumi.yaml` for the engine, `README.md` for people.

`python -m settings.schema` (or `make schema`) rewrites what stands between two markers in each.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic.fields import FieldInfo

from settings.problems import shown
from settings.translation import Location, dotted, field_at, kind_at, paths

ROOT: Final = Path(__file__).parent.parent


class Markers(NamedTuple):
    """The lines between which a file's generated part stands."""

    begin: str
    end: str


PROJECT: Final = Markers("# settings:begin", "# settings:end")
README: Final = Markers("<!-- settings:begin -->", "<!-- settings:end -->")


class MarkersError(Exception):
    """A file lacks the markers, so that nothing can be written to it."""


def entries() -> Iterator[tuple[Location, FieldInfo]]:
    """Yield location and declaration of every setting of the project's own namespace."""
    for location in paths():
        field = field_at(location)
        assert field is not None  # noqa: S101 - `paths` yields declared settings only
        yield location, field


def plain(value: Any) -> Any:
    """Return a default as `Pulumi.yaml` spells it, where "not set" is the empty string."""
    match value:
        case None:
            return ""
        case Enum():
            return value.value
        case IPv4Network() | IPv6Network():
            return str(value)
        case tuple():
            return [plain(item) for item in value]
        case _:
            return value


def engine_type(location: Location) -> str:
    """Return the engine's name for the type at `location`."""
    kind = kind_at(location)
    names = {bool: "boolean", int: "integer", tuple: "array", dict: "object"}
    return names.get(kind, "string")


def project_section() -> str:
    """Return `Pulumi.yaml`'s `config:` section."""
    lines = ["config:"]
    for location, field in entries():
        kind = engine_type(location)
        lines += [f"  {dotted(location)}:", f"    type: {kind}"]
        if kind == "array":
            lines += ["    items:", "      type: string"]
        lines.append(f"    description: {json.dumps(field.description, ensure_ascii=False)}")
        if not field.is_required():
            lines.append(f"    default: {json.dumps(plain(field.default))}")
    return "\n".join(lines)


def readme_section() -> str:
    """Return the README's table of settings."""
    rows = [
        "| Setting | Type | Default | What it is |",
        "| --- | --- | --- | --- |",
        "| `aws:region` | string | required | AWS region; any other is refused. |",
    ]
    rows += [
        f"| `{dotted(location)}` | {engine_type(location)} | {_default(field)} "
        f"| {field.description} |"
        for location, field in entries()
    ]
    return "\n".join(rows)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = plain(field.default)
    return "" if value in ("", [], {}) else f"`{shown(value)}`"


def replaced(text: str, markers: Markers, section: str) -> str:
    """Return `text` with `section` between the markers.

    Raises:
        MarkersError: A marker is missing, or they stand in the wrong order.
    """
    head, begin, rest = text.partition(f"{markers.begin}\n")
    _, end, tail = rest.partition(markers.end)
    if not begin or not end:
        message = f"it lacks the lines {markers.begin} and {markers.end}"
        raise MarkersError(message)
    return f"{head}{begin}{section}\n{end}{tail}"


def write(root: Path = ROOT) -> Mapping[str, str]:
    """Rewrite both files below `root`; return what became of each, by name."""
    results = {}
    for name, markers, section in (
        ("Pulumi.yaml", PROJECT, project_section()),
        ("README.md", README, readme_section()),
    ):
        path = root / name
        before = path.read_text(encoding="utf-8")
        try:
            after = replaced(before, markers, section)
        except MarkersError as error:
            results[name] = f"not written: {error}"
            continue
        path.write_text(after, encoding="utf-8")
        results[name] = "unchanged" if after == before else "written"
    return results


def main() -> int:
    """Rewrite both files and say so; return 1 where one could not be."""
    results = write()
    for name, result in results.items():
        sys.stderr.write(f"{name}: {result}\n")
    return int(any(result.startswith("not") for result in results.values()))


if __name__ == "__main__":
    sys.exit(main())
