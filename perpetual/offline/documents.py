"""Read YAML as the Pulumi engine reads it.

The engine's parser follows YAML 1.2, PyYAML 1.1: to the latter `03:30` is the number 12,600 and
`no` is false. A preview that read another configuration than the engine would judge another stack.
"""

import re
from collections.abc import Hashable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Final

import yaml

from perpetual.errors import OperatorError

_BASE: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_BASE):  # type: ignore[misc]  # libyaml's loader is optional, so chosen at run time
    """A safe loader with the engine's idea of scalars, which refuses a key given twice."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        """Return the mapping; keys become text, as configuration keys are."""
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = str(key_node.value)
            if key in seen:
                line = key_node.start_mark.line + 1
                message = f"line {line}: the key {key!r} is given twice"
                raise yaml.YAMLError(message)
            seen.add(key)
        self.flatten_mapping(node)
        return {
            str(key_node.value): self.construct_object(value_node, deep=deep)
            for key_node, value_node in node.value
        }


def _integer(_loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = str(node.value).replace("_", "")
    octal = re.fullmatch(r"([-+]?)0([0-7]+)", text)
    return int(octal[1] + octal[2], 8) if octal else int(text, 0)


def _float(_loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    return float(str(node.value).replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))


def _timestamp(_loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    """Return a moment as the engine spells it in configuration, or the text if it is none."""
    text = str(node.value)
    try:
        moment = datetime.fromisoformat(text.replace("t", "T"))
    except ValueError:
        return text
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    offset = moment.strftime("%z")
    fraction = f".{moment.microsecond:06}".rstrip("0") if moment.microsecond else ""
    zone = "UTC" if offset == "+0000" else offset
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} {offset} {zone}"


def _resolve(tag: str, pattern: str, first: str) -> None:
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{tag}", re.compile(f"(?:{pattern})$"), list(first)
    )


_resolve("null", r"~|null|Null|NULL|", "~nN")
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"$"), [""])
_resolve("bool", r"true|True|TRUE|false|False|FALSE", "tTfF")
_resolve(
    "int",
    r"[-+]?(?:0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+)",
    "-+0123456789",
)
_resolve(
    "float",
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan",
    "-+.0123456789",
)
_resolve("timestamp", r"\d{4}-\d{1,2}-\d{1,2}(?:[Tt ].*)?", "0123456789")
_resolve("merge", r"<<", "<")
_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _timestamp)
_Loader.add_constructor("tag:yaml.org,2002:float", _float)


def read_mapping(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file; an empty file is an empty mapping.

    Raise `OperatorError` for a file that cannot be read, is no YAML, or holds anything else.
    """
    try:
        content = yaml.load(path.read_text("utf-8-sig"), Loader=_Loader)  # noqa: S506 - a safe loader
    except OSError as error:
        message = f"{path.name} could not be read: {error.strerror}"
        raise OperatorError(message, hint=f"Look at {path}.") from error
    except UnicodeDecodeError as error:
        message = f"{path.name} is not UTF-8 text: byte {error.start} cannot be decoded"
        raise OperatorError(message, hint=f"Look at {path}.") from error
    except yaml.YAMLError as error:
        message = f"{path.name} is not valid YAML: {_reason(error)}"
        raise OperatorError(message, hint=f"Look at {path}.") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        message = f"{path.name} holds a {type(content).__name__}, not keys with values"
        raise OperatorError(message, hint=f"Look at {path}.")
    return content


def _reason(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return str(error)
    return f"line {mark.line + 1}, column {mark.column + 1}: {getattr(error, 'problem', '')}"
