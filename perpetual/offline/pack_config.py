"""A policy pack's configuration, as `--policy-pack-config` of the engine takes it.

The file is a JSON object from policies, or `all`, to a level or to an object of properties, one of
which may be `enforcementLevel`. What is not there comes from the pack's own initial configuration,
and what is not there either, from the schemas' defaults:
https://www.pulumi.com/docs/insights/policy/policy-packs/configuration/
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from perpetual.errors import OperatorError

ALL: Final = "all"
_LEVEL: Final = "enforcementLevel"
_LEVELS: Final = ("advisory", "mandatory", "remediate", "disabled")


@dataclass(frozen=True, kw_only=True)
class PackConfig:
    """What a file configures: levels and properties, by policy; `source` names it in messages."""

    source: str = "the configuration"
    levels: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def read(path: Path) -> PackConfig:
    """Return what a file configures; raise `OperatorError` for one that is wrong."""
    try:
        content = json.loads(path.read_bytes() or b"{}")
    except OSError as error:
        message = f"{path} could not be read: {error.strerror}"
        raise OperatorError(message, hint="Name a JSON file with --policy-config.") from error
    except (ValueError, RecursionError) as error:
        message = f"{path} is not valid JSON: {error}"
        raise OperatorError(message, hint="Correct it.") from error
    if not isinstance(content, dict):
        message = f"{path} holds a {type(content).__name__}, not an object of policies"
        raise OperatorError(message, hint='Write {"stack": {"rules": {}}}.')
    levels: dict[str, str] = {}
    properties: dict[str, Mapping[str, Any]] = {}
    for name, value in content.items():
        held = value if isinstance(value, dict) else {_LEVEL: value}
        level = held.get(_LEVEL)
        if _LEVEL in held and (not isinstance(level, str) or level not in _LEVELS):
            message = f"{path} sets {name} to {level!r}, which is no level"
            raise OperatorError(message, hint=f"Levels are {', '.join(_LEVELS)}.")
        if level:
            levels[name] = level
        properties[name] = {key: item for key, item in held.items() if key != _LEVEL}
    if properties.get(ALL):
        message = f"{path} sets {', '.join(properties[ALL])} for all policies, not only a level"
        raise OperatorError(message, hint="Set properties policy by policy.")
    return PackConfig(source=str(path), levels=levels, properties=properties)
