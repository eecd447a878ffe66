"""Rules that join settings: everything that can be known to fail without asking AWS.

Each is a pure function whose parameters name the groups it reads, and yields `Problem`s. Bounds of
one setting stand at its declaration in `settings/models`.
"""

from collections.abc import Mapping
from typing import Any, Final

from settings.rules import (
    access,
    alarms,
    balancer,
    base,
    database,
    hosts,
    image,
    network,
    service,
    stack,
)
from settings.rules.base import Partial, Problems, Program, Rule, UnreadError

__all__ = ["ALL", "Partial", "Problems", "Program", "Rule", "UnreadError", "judge"]

ALL: Final[tuple[Rule, ...]] = (
    *stack.RULES,
    *network.RULES,
    *database.RULES,
    *hosts.RULES,
    *service.RULES,
    *balancer.RULES,
    *image.RULES,
    *access.RULES,
    *alarms.RULES,
)


def judge(settings: Mapping[str, Any], program: Program) -> Problems:
    """Yield what every rule finds in `settings`, which maps field names to parsed groups."""
    yield from base.judge(ALL, settings, program)
