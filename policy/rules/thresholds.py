"""Figures that a team may set for itself: the pack's configuration, with its defaults.

Each field is a property of the pack's configuration, of the same name in camelCase.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """What rules compare with.

    `production` are patterns (`fnmatch`) of the names of stacks that must last. `public_ports` are
    the ports that may be open to the whole internet.
    """

    production: tuple[str, ...] = ("prod", "prod-*", "*-prod", "production")
    backup_days: int = 7
    log_days: int = 1
    secret_days: int = 90
    public_ports: tuple[int, ...] = (80, 443)


DEFAULTS: Final = Thresholds()
