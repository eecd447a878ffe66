"""Figures that a team may set for itself: the pack's configuration, with its defaults.

Each field is a property of the pack's configuration, of the same name in camelCase; its schema is
made from the field (`rules.configuration`).
"""

from dataclasses import dataclass, field
from typing import Any, Final


def figure(
    default: Any, says: str, *, least: float | None = None, most: float | None = None
) -> Any:
    """Return a field: its default, what it means, and its bounds (those of a list's items)."""
    return field(default=default, metadata={"says": says, "least": least, "most": most})


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """What rules compare with."""

    production: tuple[str, ...] = figure(
        ("prod", "prod-*", "*-prod", "production"),
        "Patterns of the names of stacks that must last. Configuration adds to the defaults.",
    )
    backup_days: int = figure(
        7, "Days for which a database keeps its backups, at least.", least=1, most=35
    )
    log_days: int = figure(1, "Days for which logs are kept, at least.", least=1, most=3653)
    secret_days: int = figure(
        90, "Days after which a secret is changed, at most.", least=1, most=1000
    )
    secret_bits: float = figure(
        4.2, "Bits of entropy per character from which a text looks random.", least=3, most=6
    )
    key_deletion_days: int = figure(
        30, "Days before a deleted key is gone for good, at least.", least=7, most=30
    )
    trust_characters: int = figure(
        2048, "Characters of a role's trust policy, as far as the quota goes.", least=1, most=8192
    )
    attached_policies: int = figure(
        10, "Managed policies of one principal, as far as the quota goes.", least=1, most=20
    )
    public_ports: tuple[int, ...] = figure(
        (80, 443), "Ports that may be open to the whole internet.", least=0, most=65_535
    )
    exception_days: int = figure(
        366, "Days from today in which an exception ends, at most.", least=1, most=1827
    )
    exception_resources: int = figure(
        5, "Resources that one exception covers, at most.", least=1, most=100
    )
    deregistration_seconds: int = figure(
        120, "Seconds for which a balancer keeps a replaced target, at most.", least=1, most=3600
    )
    rollout_seconds: int = figure(
        60, "Seconds that a rolling update of a service takes at best, at most.", least=1, most=3600
    )
    drain_variable: str = figure(
        "DRAIN_SECONDS", "Environment variable that tells a container how long it drains."
    )
    required_tags: tuple[str, ...] = figure(
        (), "Keys of the tags that every resource must have which can have tags."
    )


DEFAULTS: Final = Thresholds()
