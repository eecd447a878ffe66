"""The Postgres parameter group as data: its family, and one value per parameter."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import pulumi_aws as aws

BASE: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Refuses every connection without TLS. It is the default from 15 on, but not before, and
        # a default is not a decision that a reviewer or a policy can see.
        "rds.force_ssl": "1",
        "ssl_min_protocol_version": "TLSv1.2",
        "log_connections": "1",
        "log_disconnections": "1",
        "log_lock_waits": "1",
        "log_min_duration_statement": "1000",  # ms
        "log_statement": "ddl",
    }
)
"""What every database of a stack starts from."""

APPLY_METHOD: Final = "pending-reboot"
"""When a changed parameter takes effect, for all of them.

RDS reports parameters that equal their default as `pending-reboot` whatever was asked for, so
anything else is a difference in every preview; and a reboot is a moment that somebody chooses.
"""


def family(engine_version: str) -> str:
    """Return the parameter group family of a version such as `17` or `17.5`."""
    major, _, _ = engine_version.partition(".")
    return f"postgres{major}"


def merged(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the base parameters overridden by `extra`, by name, in order of name.

    RDS reads names without regard to case, so one name has one value here too. `extra` may turn
    `rds.force_ssl` off: to refuse that is the policy pack's task, and it sees what is deployed.
    """
    overridden = {name.lower(): value for name, value in extra.items()}
    return dict(sorted({**BASE, **overridden}.items()))


def arguments(extra: Mapping[str, str]) -> list[aws.rds.ParameterGroupParameterArgs]:
    """Return the group's parameters as its resource takes them."""
    return [
        aws.rds.ParameterGroupParameterArgs(name=name, value=value, apply_method=APPLY_METHOD)
        for name, value in merged(extra).items()
    ]
