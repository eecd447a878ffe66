"""A small valid configuration, and ways to change it for a test."""

import copy
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from settings import Settings, SettingsError
from settings.problems import Problem
from settings.reader import check
from settings.rules import Program

PROGRAM = Program(project="shop", stack="prod", root=Path(__file__).parent)

VALID: dict[str, Any] = {
    "account": "111122223333",
    "balancer": {"domain": "app.example.com", "zoneId": "Z0123456789ABCDEFGHIJ"},
    "image": {"source": "deployed"},
}

PIN = f"v1:{'0' * 64}:cidr={'0' * 8}"


def flat(changes: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Return the valid configuration as the engine passes it, with values changed by path.

    A path is written with slashes, because dots may be part of a key; None removes a key.
    """
    tree = copy.deepcopy(VALID)
    region = "eu-west-1"
    for path, value in (changes or {}).items():
        if path == "aws:region":
            region = value
            continue
        *above, last = path.split("/")
        place = tree
        for part in above:
            place = place.setdefault(part, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    texts = {
        f"shop:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in tree.items()
    }
    return texts | ({"aws:region": region} if region else {})


def loaded(changes: Mapping[str, Any] | None = None, program: Program = PROGRAM) -> Settings:
    """Return the settings of the valid configuration, changed."""
    return check(flat(changes), program=program)


def problems(
    changes: Mapping[str, Any] | None = None,
    *,
    program: Program = PROGRAM,
    secret: Collection[str] = (),
    more: Mapping[str, str] | None = None,
) -> tuple[Problem, ...]:
    """Return what is wrong with the changed configuration; `more` adds full keys."""
    try:
        check(flat(changes) | dict(more or {}), program=program, secret=secret)
    except SettingsError as error:
        return error.problems
    return ()
